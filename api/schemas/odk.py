"""What goes over the wire about phones with ODK Collect and about forms that are held."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.accounts import Id
from api.schemas.reviewing import Desa


class IssueOdkKey(BaseModel):
    """Whose phone it is, and what to call it."""

    model_config = ConfigDict(extra="forbid")

    account: Id
    name: Annotated[str, Field(min_length=1, max_length=200)] = "ODK Collect"


class OdkKeyView(BaseModel):
    """How a phone gets in: scan `code`, or type the other three."""

    device: str
    server_url: str
    """For the settings of a phone that reads codes: no name, no password."""
    code: str
    """The text of the QR code: base64 of zlib of the settings."""
    typed_url: str
    username: str
    password: str


class HeldView(BaseModel):
    """One form that waits, or waited. No answers of it are shown."""

    id: str
    desa: str
    reason: str
    awaits: str
    state: Literal["waiting", "released", "rejected"]
    since: datetime
    form: str
    version: str
    instance: str
    record: str | None
    rt: str | None
    account: str | None
    account_name: str | None
    decided_at: datetime | None
    decided_by: str | None
    words: str | None


class ReleaseHeld(BaseModel):
    """The village of a form that says none; otherwise nothing has to be said."""

    model_config = ConfigDict(extra="forbid")

    desa: Desa | None = None


class HeldList(BaseModel):
    """A page of what waits."""

    held: list[HeldView]
    total: int


class HeldFileView(BaseModel):
    """A file that came with a form."""

    name: str
    sha256: str
    size: int
    named: bool


class HeldDetail(BaseModel):
    """One form with its bytes as they came."""

    held: HeldView
    xml: str
    files: list[HeldFileView]


class HeldDecided(BaseModel):
    """What a decision led to."""

    id: str
    state: Literal["waiting", "released", "rejected"]
    to_be_judged: int
    followed: int
