"""Accounts, devices, enrolment and sessions on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from sync.permission import Role

ACCOUNTS_PER_REQUEST_MAX = 200
DEVICES_PER_REQUEST_MAX = 200

# Text that people typed about themselves or their phones: no control characters, no line breaks.
PlainText = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$"
    ),
]
Name = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$"
    ),
]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}$")]
"""Only what can be an id reaches the database; PostgreSQL, for one, knows no NUL."""
AfterId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{0,36}$")]
AfterName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9._-]{0,64}$")]
Password = Annotated[str, StringConstraints(min_length=1, max_length=200)]
AreaCode = Annotated[str, StringConstraints(min_length=2, max_length=13)]
RtText = Annotated[str, StringConstraints(min_length=1, max_length=7)]


class Wire(BaseModel):
    """A model of something sent: an unknown key is an error, not a guess."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EnrolDevice(Wire):
    """`POST /v1/devices`."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    name: PlainText
    platform: PlainText
    key: Annotated[str, StringConstraints(min_length=16, max_length=128)] | None = None
    """128 random bits as text: who sends them may repeat the request."""


class LaneView(BaseModel):
    """One lane of a device; `rt` of null: the whole village."""

    lane: str
    desa: str
    rt: list[str] | None
    last: int = 0


class EnrolledDevice(BaseModel):
    """The answer to an enrolment; the token is told here and nowhere else."""

    device: str
    token: str
    lanes: list[LaneView]
    limits: dict[str, JsonValue]
    """The manifest's limits, so that a phone may begin before it has one."""


class IssueCode(Wire):
    """`POST /v1/enrolments`."""

    account: Id


class IssuedCodeView(BaseModel):
    """A one-time code; told here and nowhere else."""

    code: str
    link: str
    expires_at: datetime


class DeviceView(BaseModel):
    """A device as its managers see it."""

    id: str
    account: str
    account_name: str
    role: Role
    name: str
    platform: str
    created_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None
    heartbeat: dict[str, JsonValue] | None


class DeviceList(BaseModel):
    """A page of devices; `next` is the `after` of the following page, or null."""

    devices: list[DeviceView]
    next: str | None


class SignInRequest(Wire):
    """`POST /v1/sessions`."""

    name: Name
    password: Password


class AreaView(BaseModel):
    """An area of an account; `rt` of null: all of it."""

    area: str
    name: str | None
    rt: list[str] | None


class OwnAccount(BaseModel):
    """Who is signed in. `csrf` is the header `X-CSRF-Token` of this session, null for devices."""

    id: str
    name: str
    role: Role
    areas: list[AreaView]
    actions: list[str]
    csrf: str | None
    expires_at: datetime | None


class AreaRequest(Wire):
    """An area to be held: Kemendagri's code, and RTs (`003/001`) unless it is all of it."""

    area: AreaCode
    rt: Annotated[list[RtText], Field(min_length=1, max_length=200)] | None = None


class AddAccount(Wire):
    """`POST /v1/accounts`."""

    name: Name
    role: Role
    areas: Annotated[list[AreaRequest], Field(min_length=1, max_length=50)]
    display_name: PlainText | None = None
    password: Password | None = None


class ChangeAreas(Wire):
    """`PUT /v1/accounts/{account}/areas`."""

    areas: Annotated[list[AreaRequest], Field(min_length=1, max_length=50)]


class ChangePassword(Wire):
    """`PUT /v1/accounts/{account}/password`."""

    password: Password


class AccountView(BaseModel):
    """An account as its managers see it."""

    id: str
    name: str
    display_name: str
    role: Role
    areas: list[AreaView]
    scope_version: int
    has_password: bool
    created_at: datetime
    disabled_at: datetime | None


class AccountList(BaseModel):
    """A page of accounts by name; `next` is the `after` of the following page, or null."""

    accounts: list[AccountView]
    next: str | None


class HealthView(BaseModel):
    """Whether the server can serve; `checks` names what was looked at."""

    status: str
    checks: dict[str, str] = Field(default_factory=dict)
