"""Periods, rounds, musyawarah and signatures on the wire."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from api.schemas.accounts import AreaCode, PlainText, Wire
from api.schemas.reviewing import Reason, RecordId, Shown
from api.schemas.signoff import FrozenView, Hash
from sync.permission import Role
from sync.readiness import Check
from sync.signoff import Event, State

PeriodName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,16}$")]
RtCode = Annotated[str, StringConstraints(pattern=r"^([0-9]{3}/[0-9]{3})?$")]
"""`003/001`; empty for families of whom nobody knows the RT."""
Moment = Annotated[str, StringConstraints(min_length=10, max_length=40)]
"""A day, or an RFC 3339 time. A day begins at midnight of the kabupaten."""
FindingCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]


# What is sent -------------------------------------------------------------------------------


class WindowRequest(Wire):
    """From when to when a role may do its steps."""

    opens: Moment
    closes: Moment


class AddPeriod(Wire):
    """`POST /v1/periods`."""

    period: PeriodName
    area: AreaCode
    opens: Moment
    closes: Moment
    roles: Annotated[dict[Role, WindowRequest], Field(max_length=len(Role))] = Field(
        default_factory=dict
    )
    profile: Annotated[str, StringConstraints(max_length=32)] | None = None


class ExtendPeriod(Wire):
    """`POST /v1/periods/{area}/{period}/extension`; without a role the whole period."""

    closes: Moment
    role: Role | None = None


class TakeStep(Wire):
    """`POST /v1/rounds/{desa}/{period}/steps`, with the round's version in If-Match.

    `nomor`, `tanggal` and `scan` (SHA-256) belong to the bupati's letter.
    """

    step: Event
    reason: Reason | None = None
    nomor: PlainText | None = None
    tanggal: date | None = None
    scan: Hash | None = None


class StateRt(Wire):
    """`POST /v1/rounds/{desa}/{period}/rt`; `done: false` withdraws the statement."""

    rt: RtCode
    done: bool = True
    reason: Reason | None = None


class ExplainFinding(Wire):
    """`POST /v1/rounds/{desa}/{period}/reasons`."""

    record: RecordId
    code: FindingCode
    reason: Reason


class Unlock(Wire):
    """`POST /v1/rounds/{desa}/{period}/unlock`."""

    until: Moment
    reason: Reason


# What is told -------------------------------------------------------------------------------


class WindowView(Shown):
    """From `opens` up to, and no longer at, `closes`."""

    opens: datetime
    closes: datetime


class PeriodView(Shown):
    """A period of an area."""

    id: str
    area: str
    window: WindowView
    roles: dict[Role, WindowView]
    profile: str
    version: int


class PeriodList(Shown):
    """Periods, the latest first."""

    periods: list[PeriodView]


class StandingView(Shown):
    """Where a round stands after a step."""

    desa: str
    period: str
    state: State
    version: int
    changed_at: datetime
    signed_hash: str | None
    unlocked_until: datetime | None


class RtView(Shown):
    """One RT, and whether its head says that it is done."""

    rt: str
    families: int
    lacking: int
    done: bool
    stated_at: datetime | None
    stated_by: str | None
    on_behalf: bool
    lacking_then: int | None
    withdrawn_at: datetime | None


class StatedView(Shown):
    """A statement about an RT as it is kept."""

    rt: str
    stated_at: datetime
    on_behalf: bool
    families: int
    lacking: int
    withdrawn_at: datetime | None


class EventView(Shown):
    """One line of a round's log."""

    n: int
    event: Event
    state: State
    at: datetime
    by: str | None
    role: str
    reason: str
    detail: Mapping[str, JsonValue]


class RoundView(Shown):
    """A village in a period; windows and steps are those of the reader's role."""

    desa: str
    period: str
    state: State
    version: int
    opens_at: datetime
    closes_at: datetime
    is_open: bool
    unlocked_until: datetime | None
    profile: str
    opened_head: int
    steps: list[Event]
    rts: list[RtView]
    frozen: list[FrozenView]
    events: list[EventView]


class CulpritView(Shown):
    """One place where a check is not met; `what` is a code, never a value."""

    family: str | None
    rt: str
    name: JsonValue
    record: str | None
    what: str


class CheckView(Shown):
    """One check that is not met; `culprits` are the first of `families`."""

    code: Check
    blocks: Literal["musyawarah", "pengesahan"]
    families: int
    text_id: str
    text_en: str
    culprits: list[CulpritView]


class CheckList(Shown):
    """Everything that stands between a village and its sign-off, of the RTs in sight."""

    desa: str
    period: str
    state: State
    version: int
    head: int
    families: int
    is_ready: bool
    checks: list[CheckView]


class LateOperationView(Shown):
    """What an operation that came too late was about."""

    at: int
    family: str
    rt: str
    record: str
    entity: str
    kind: str
    fields: list[str]
    captured_at: datetime
    received_at: datetime
    outcome: str


class LateView(Shown):
    """One of them, by name."""

    operation: LateOperationView
    name: JsonValue
    by: str | None


class LateList(Shown):
    """What came after the village was frozen: for the next round."""

    desa: str
    period: str
    hash: str
    head: int
    total: int
    operations: list[LateView]


class VillageStandingView(Shown):
    """One village of an overview; `null` is a number that is withheld."""

    desa: str
    nama: str | None
    state: State
    families: int | None
    done: int | None
    rts: int
    rts_done: int


class KecamatanStandingView(Shown):
    """The villages of one kecamatan on this page together."""

    kode: str
    nama: str | None
    villages: int
    states: Mapping[str, int]
    families: int | None
    done: int | None


class RoundList(Shown):
    """A page of villages in a period, by code."""

    at: datetime
    villages: list[VillageStandingView]
    kecamatan: list[KecamatanStandingView]
    next: str | None
