"""The musyawarah and the signature on the wire."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

from pydantic import Field, JsonValue, StringConstraints

from api.schemas.accounts import PlainText, Wire
from api.schemas.reviewing import Reason, RecordId, Shown
from api.services.musyawarah import DECISIONS_PER_REQUEST_MAX, Verdict
from models.queries.musyawarahs import ATTENDANCE_MAX
from sync.signoff import State

NOTES_CHARACTERS_MAX = 4000

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Pin = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Notes = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=NOTES_CHARACTERS_MAX,
        pattern=r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$",
    ),
]


# What is sent -------------------------------------------------------------------------------


class AttendantRequest(Wire):
    """Somebody who came to the meeting."""

    nama: PlainText
    peran: PlainText
    tanda_tangan: bool = False


class WriteMeeting(Wire):
    """`PUT /v1/rounds/{desa}/{period}/musyawarah`, with the meeting's version in If-Match."""

    place: PlainText
    held_on: date
    attendance: Annotated[list[AttendantRequest], Field(max_length=ATTENDANCE_MAX)]
    notes: Notes = ""


class DecisionRequest(Wire):
    """What the meeting decided about a family."""

    family: RecordId
    decision: Verdict
    reason: Reason | None = None


class WriteDecisions(Wire):
    """`POST /v1/rounds/{desa}/{period}/decisions`: all of them are kept, or none."""

    decisions: Annotated[
        list[DecisionRequest], Field(min_length=1, max_length=DECISIONS_PER_REQUEST_MAX)
    ]


class NamedHash(Wire):
    """Which frozen village is meant."""

    hash: Hash


class SignWithPin(Wire):
    """`POST /v1/rounds/{desa}/{period}/signature`."""

    hash: Hash
    pin: Pin


class SignOnPaper(Wire):
    """`POST /v1/rounds/{desa}/{period}/paper-signature`; `scan`: SHA-256 of the stored scan.

    `accept_later`: the sheet was signed before what the register says has changed since.
    """

    hash: Hash
    scan: Hash
    accept_later: bool = False


class SetPin(Wire):
    """`PUT /v1/me/pin`: the account's password proves who sets it."""

    password: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    pin: Pin


# What is told -------------------------------------------------------------------------------


class AttendantView(Shown):
    """Somebody who came."""

    nama: str
    peran: str
    tanda_tangan: bool


class AgendaView(Shown):
    """One family that the meeting speaks of."""

    family: str
    rt: str
    name: JsonValue
    why: list[str]
    must_be_decided: bool
    decision: Verdict | None
    reason: str | None


class MeetingView(Shown):
    """The meeting as it is written down now."""

    desa: str
    period: str
    state: State
    version: int
    place: str
    held_on: date | None
    attendance: list[AttendantView]
    notes: str
    agenda: list[AgendaView]


class MeetingVersion(Shown):
    """The meeting's version after it was changed."""

    version: int


class FrozenView(Shown):
    """What is known of a frozen village, signed or a draft."""

    desa: str
    period: str
    hash: str
    code: str
    head: int
    frozen_at: datetime
    families: int
    members: int
    unmet: Mapping[str, int]
    signed_at: datetime | None
    method: str | None
    is_current: bool
