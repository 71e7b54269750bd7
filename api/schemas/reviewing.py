"""Conflicts, quarantine, records and their history on the wire."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from api.schemas.accounts import Wire
from sync.growth import NOTE_EN, NOTE_ID
from sync.types import ConflictKind, ConflictState

REASON_CHARACTERS_MAX = 500
LANE_CHARACTERS_MAX = 40
FIELDS_PER_VALUE_MAX = 20

Reason = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=REASON_CHARACTERS_MAX,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]+$",
    ),
]
RecordId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Desa = Annotated[str, StringConstraints(pattern=r"^\d{10}$")]
Values = dict[str, JsonValue]


class Shown(BaseModel):
    """A model of something told, read from the service's own value."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


# What reviewers send ------------------------------------------------------------------------


class CandidateDot(Wire):
    """Which candidate: the place in the log of the operation that proposed it."""

    lane: Annotated[str, StringConstraints(min_length=1, max_length=LANE_CHARACTERS_MAX)]
    lane_seq: Annotated[int, Field(ge=1, le=2**53 - 1)]


class Resolve(Wire):
    """`POST /v1/conflicts/{conflict}/resolution`, with the conflict's version in If-Match.

    `candidate` may be left out where there is only one; `value` has the fields of the group.
    """

    choice: Literal["current", "candidate", "value"]
    candidate: CandidateDot | None = None
    value: Annotated[Values, Field(max_length=FIELDS_PER_VALUE_MAX)] | None = None
    reason: Reason


class WithReason(Wire):
    """A decision that needs nothing but its reason."""

    reason: Reason


class MergeRecords(Wire):
    """`POST /v1/records/{record}/merge`: `into` stays, the other becomes an alias of it."""

    into: RecordId
    reason: Reason


class ReleaseDevice(Wire):
    """`POST /v1/quarantine/release`: all that a revoked device had still to hand over."""

    device: RecordId


# What reviewers are shown -------------------------------------------------------------------


class VoiceView(Shown):
    """Who made an operation, when, and whether the clock and the device can be believed."""

    lane: str
    seq: int
    source: str
    device_forked: bool
    account: str | None
    account_name: str | None
    captured_at: datetime
    received_at: datetime
    observed: str
    clock_suspect: bool
    base: int | None
    visit: str | None


class ClaimView(Shown):
    """One statement about a group."""

    group: str
    value: Values
    lane: str
    lane_seq: int
    voice: VoiceView | None


class DecisionView(Shown):
    """A reviewer's decision and the claims it judged."""

    choice: str
    reason: str
    lane: str
    lane_seq: int
    voice: VoiceView | None
    judged: list[ClaimView]


class OriginView(Shown):
    """What the claims started from: the value when the village's feed stood at `at`."""

    value: Values
    at: int


class EarlierView(Shown):
    """The conflict that this one asks again."""

    id: str
    decision: DecisionView | None


class ConflictLine(Shown):
    """One line of the list; `version` is the ETag of the conflict."""

    id: str
    desa: str
    rt: str
    entity: str
    record: str
    twin: str | None
    group: str
    kind: ConflictKind
    state: ConflictState
    version: int
    candidates: int
    reopens: str | None
    opened_at: datetime
    changed_at: datetime


class ConflictList(Shown):
    """A page of conflicts, the oldest first; `total` counts all pages."""

    conflicts: list[ConflictLine]
    total: int


class ConflictView(Shown):
    """One conflict in full; values that the role may not see are masked."""

    summary: ConflictLine
    name: JsonValue
    twin_name: JsonValue
    current: list[ClaimView]
    origin: OriginView | None
    candidates: list[ClaimView]
    decision: DecisionView | None
    reopens: EarlierView | None


class DecidedView(Shown):
    """The conflict after a decision, and the position at which the decision landed.

    After an undo it is the new, open conflict.
    """

    conflict: str | None
    state: ConflictState | None
    version: int | None
    at: int


class RecordsDecided(Shown):
    """Two records were merged or parted; `at` is where that landed."""

    record: str
    alias: str | None
    at: int


class QuarantineLineView(Shown):
    """One line of the list."""

    id: str
    desa: str
    lane: str
    lane_seq: int
    record: str | None
    creates: bool
    problem: str
    detail: str
    cause: str | None
    state: Literal["waiting", "released", "rejected"]
    account: str | None
    account_name: str | None
    received_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None


class QuarantineList(Shown):
    """A page of entries, the oldest first; `total` counts all pages."""

    entries: list[QuarantineLineView]
    total: int


class QuarantineView(Shown):
    """One entry and the operation as it was sent; numbers show their last four digits."""

    entry: QuarantineLineView
    kind: str | None
    sent: Values
    voice: VoiceView
    dependents: list[str]


class ReleasedEntry(Shown):
    """What became of one entry; one that still cannot be merged goes on waiting."""

    id: str
    lane: str
    lane_seq: int
    state: Literal["waiting", "released", "rejected"]
    answer: Values


class QuarantineDecided(Shown):
    """What a release or a rejection did; `more` entries of the device are left."""

    results: list[ReleasedEntry]
    more: bool = False


class RecordLineView(Shown):
    """One line of a list. The number shows its last four digits."""

    id: str
    entity: str
    desa: str
    rt: str
    keluarga: str
    name: JsonValue
    number: JsonValue
    end: str | None
    review: list[str]


class RecordList(Shown):
    """A page of records by RT and family; `total` counts all pages."""

    records: list[RecordLineView]
    total: int


class FindingView(Shown):
    """One doubt about one field, in both languages; errors block the sign-off."""

    code: str
    severity: str
    record_id: str
    field: str
    message_id: str
    message_en: str


class FamilyGrowthView(Shown):
    """The children up to 60 months old of a family by their latest heights: screening.

    `berisiko_stunting` is null while no child is known to be at risk and some child's height is
    missing or implausible; it says nothing about the health of a child.
    """

    berisiko_stunting: bool | None
    children: int
    judged: int
    at_risk: int
    note_id: str = NOTE_ID
    note_en: str = NOTE_EN


class RecordView(Shown):
    """One record in full; values that the role may not see are masked."""

    id: str
    entity: str
    desa: str
    rt: str
    parent: str | None
    keluarga: str
    seq: int
    fields: Values
    end: Values | None
    alias: str | None
    review: list[str]
    beneath: list[RecordLineView]
    findings: list[FindingView]
    conflicts: list[ConflictLine]
    growth: FamilyGrowthView | None
    """Null for a person, and for a role that is not told of health."""


class HistoryEntryView(Shown):
    """One operation as it was sent, and what became of it."""

    record: str
    kind: str | None
    sent: Values
    answer: Values
    outcome: str
    at: int
    voice: VoiceView


class HistoryView(Shown):
    """A page of a record's history, the oldest first; `total` counts all pages."""

    aliases: list[str]
    entries: list[HistoryEntryView]
    total: int


class SimilarView(Shown):
    """A record that may be the same; `alike` names what resembles, `score` is 0 to 1."""

    line: RecordLineView
    traits: Values
    score: float
    alike: list[str]


class SimilarList(Shown):
    """Suggestions, best first. Nothing follows from them by itself."""

    similar: list[SimilarView]


class SharedNikView(Shown):
    """One NIK in several villages, by its last four digits."""

    nik: str
    bearers: list[RecordLineView]


class SharedNikList(Shown):
    """A page; ask for the next `offset` while there is `more`."""

    shared: list[SharedNikView]
    more: bool
