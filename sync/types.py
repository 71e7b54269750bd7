"""The protocol's nouns.

A **record** is a document whose merge groups carry stamps. A **claim** is one lane's statement
about one group. The claims on a group that no later statement knew are its *live claims*: the
current one, those that say the same (supporters), and those that say otherwise (the candidates of
an open conflict). Everything the merge decides, it decides on that set, which is why the order of
arrival cannot change what people are asked.

What comes by the thousand is a named tuple: a frozen dataclass of as many fields takes six times as
long to make.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
GroupValue: TypeAlias = dict[str, Json]
"""Field → value of one merge group; fields without a value are absent."""

KELUARGA: Final = "keluarga"
ANGGOTA: Final = "anggota"
PENGUKURAN: Final = "pengukuran"
KUNJUNGAN: Final = "kunjungan"
ENTITIES: Final = (KELUARGA, ANGGOTA, PENGUKURAN, KUNJUNGAN)

PARENT_ENTITY: Final[Mapping[str, str]] = MappingProxyType(
    {ANGGOTA: KELUARGA, KUNJUNGAN: KELUARGA, PENGUKURAN: ANGGOTA}
)

END: Final = "end"
"""Pseudo group: the statement that closes a record."""
PARENT: Final = "parent"
"""Pseudo group: the family that an anggota belongs to."""

NO_FIELDS: Final[Mapping[str, Json]] = MappingProxyType({})
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Outcome(StrEnum):
    """What became of an operation; every operation ends in exactly one."""

    APPLIED = "applied"
    NO_OP = "no-op"
    DUPLICATE = "duplicate"
    POLICY_LOST = "policy-lost"
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"
    ALREADY_JUDGED = "already-judged"


OUTCOME_PRECEDENCE: Final = (
    Outcome.QUARANTINED,
    Outcome.CONFLICT,
    Outcome.POLICY_LOST,
    Outcome.ALREADY_JUDGED,
    Outcome.APPLIED,
    Outcome.NO_OP,
)
"""An operation on several groups reports the first of these that occurs."""


Dot: TypeAlias = tuple[str, int]
"""One operation for ever: its lane and its place there."""


class Stamp(NamedTuple):
    """Who stated a group, and at which point of the village's history.

    ``observed`` is the local day the statement is about (``YYYY-MM-DD``), or ``None`` where no
    clock vouches for it.
    """

    seq: int
    lane: str
    lane_seq: int
    observed: str | None

    @property
    def dot(self) -> Dot:
        """The operation that made the statement."""
        return (self.lane, self.lane_seq)


class Claim(NamedTuple):
    """One lane's statement about a group.

    ``group`` differs from the conflict's own group only for edits of a record that has ended.
    """

    group: str
    value: GroupValue
    stamp: Stamp


class Record(NamedTuple):
    """One record of one village as the server knows it.

    ``stamps`` holds, per group, the current stamp followed by those of its supporters; a group
    that is missing still carries ``created``. ``elements`` holds the same per element of a set.
    ``rt_since`` is when the record came to its present place, and ``left`` maps every RT that it
    has left to the village's sequence of that moment.
    """

    desa: str
    id: str
    entity: str
    parent: str | None
    keluarga: str
    """The family at the root: its own id for a keluarga."""
    rt: str
    seq: int
    created: Stamp
    fields: Mapping[str, Json]
    stamps: Mapping[str, tuple[Stamp, ...]] = _NOTHING
    elements: Mapping[str, Mapping[str, tuple[Stamp, ...]]] = _NOTHING
    rt_since: int = 0
    left: Mapping[str, int] = _NOTHING
    end: GroupValue | None = None
    alias: str | None = None
    review: tuple[str, ...] = ()
    disputed: bool = False
    """Has it ever been part of a conflict? Spares a query for all records that never were."""
    merged: Mapping[str, Json] | None = None
    """What an alias changed in its target, kept so that the merge can be undone."""


class ConflictKind(StrEnum):
    """What is in question: a group's value, a record's end, or whether two records are one."""

    VALUE = "value"
    EDIT_AFTER_END = "edit-after-end"
    IDENTITY_DUPLICATE = "identity-duplicate"


class ConflictState(StrEnum):
    """A question that was decided or withdrawn stays so; asking again is a new conflict."""

    OPEN = "open"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Decision:
    """A reviewer's answer: which value, by which operation, and which claims were judged."""

    lane: str
    lane_seq: int
    choice: str
    judged: tuple[Claim, ...]
    reason: str = ""
    replaced: tuple[Claim, ...] = ()
    """The claims that were current before, so that the decision can be undone."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A question for a person. Its current value is the record's own and is not repeated here."""

    id: str
    record: str
    group: str
    kind: ConflictKind
    state: ConflictState
    version: int
    candidates: tuple[Claim, ...]
    twin: str | None = None
    """The other record of an ``identity-duplicate``."""
    reopens: str | None = None
    decision: Decision | None = None

    @property
    def is_open(self) -> bool:
        return self.state is ConflictState.OPEN


class Lane(NamedTuple):
    """One incarnation of one device in one village, and what it is known to have seen.

    ``known`` maps each ancestor lane to the point of the fork; ``extra`` holds dots of operations
    that came again under this incarnation.
    """

    name: str
    desa: str
    last: int
    known: Mapping[str, int] = _NOTHING
    extra: frozenset[tuple[str, int]] = frozenset()
    synced_at: datetime | None = None


class Problem(StrEnum):
    """Why an operation was set aside. Stable codes; clients translate them."""

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown-key"
    UNKNOWN_FIELD = "unknown-field"
    UNKNOWN_KIND = "unknown-kind"
    BAD_VALUE = "bad-value"
    UNKNOWN_CODE = "unknown-code"
    SERVER_OWNED = "server-owned"
    NOT_PERMITTED = "not-permitted"
    RECORD_UNKNOWN = "record-unknown"
    PARENT_UNKNOWN = "parent-unknown"
    ID_TAKEN = "id-taken"
    KIND_MISMATCH = "kind-mismatch"
    DEPENDS_ON_QUARANTINED = "depends-on-quarantined"
    SCOPE_STALE = "scope-stale"
    DEVICE_REVOKED = "device-revoked"
    CONFLICT_CHANGED = "conflict-changed"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An operation that is kept in quarantine. ``detail`` never repeats a person's value."""

    problem: Problem
    detail: str = ""
    cause: str | None = None
    """``lane:seq`` of the quarantined operation that this one depends on."""
