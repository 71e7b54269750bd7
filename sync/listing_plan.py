"""The nouns of bringing a list in: its edition, what it is decided upon, what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from sync.listed import ListSource, RefusedRow
from sync.listing_words import Speaker, Word, issue_of
from sync.types import Conflict, Json, Record


class Verdict(StrEnum):
    """What a row does to the register."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    PROPOSED = "proposed"
    REFUSED = "refused"


class Remark(StrEnum):
    """Something about a row that somebody should know and that did not keep it out."""

    KK_TWICE = "kk-twice-in-file"
    NIK_TWICE = "nik-twice-in-file"
    NIK_IN_OTHER_FAMILY = "nik-in-other-family"
    NIK_IN_OTHER_VILLAGE = "nik-in-other-village"
    MOVED = "moved-between-families"
    CLOSED = "closed-in-register"
    DEAD = "dead-in-register"
    ENDED_IN_LIST = "ended-in-list"
    NAME_DIFFERS = "name-differs"


class Judged(NamedTuple):
    """A row with its verdict. ``record`` is what it means, where there is such a record."""

    file: str
    row: int
    entity: str
    verdict: Verdict
    record: str | None = None


class Remarked(NamedTuple):
    """A row worth a look."""

    file: str
    row: int
    remark: Remark


@dataclass(frozen=True, slots=True)
class Issue:
    """One import of one list. ``import_id`` makes its operations different from any other's."""

    source: ListSource
    import_id: str
    observed: str
    """The day the list is of. It is told, and no clock vouches for it."""
    proposals: bool = False

    def source_of(self, row: int, codes: Mapping[str, str]) -> dict[str, Json]:
        """What an operation keeps about where it came from."""
        told: dict[str, Json] = {
            "list": self.source.name,
            "instrument": self.source.instrument,
            "version": self.source.version,
            "import": self.import_id,
            "row": row,
        }
        if codes:
            told["codes"] = dict(codes)
        return told

    def speaker(self, lanes: frozenset[str]) -> Speaker:
        return Speaker(lanes, issue_of(self.source_of(0, {})))


@dataclass(frozen=True, slots=True)
class ListingView:
    """A village as a chunk of a list has to see it."""

    lanes: frozenset[str]
    """Its lanes of lists."""
    records: Sequence[Record] = ()
    """Families and persons that may be meant, with everybody in those families."""
    conflicts: Sequence[Conflict] = ()
    said: Mapping[str, Mapping[str, Word]] = field(default_factory=dict)
    """Record → group → what lists last said, of records that others have spoken about."""
    elsewhere: frozenset[str] = frozenset()
    """NIKs that are borne in another village."""
    list_ids: Mapping[str, str] = field(default_factory=dict)
    homes: Mapping[tuple[str, str], str] = field(default_factory=dict)


class Seen(NamedTuple):
    """Where a number stood first: in which family, and who was beside it."""

    family: str
    name: str
    traits: tuple[Json, Json]
    """Birth date and sex."""


@dataclass(slots=True)
class Memory:
    """What earlier rows of the same village have said.

    A row is decided alike whether those before it are in the register already or, in a preview,
    only on their way.
    """

    niks: dict[str, Seen] = field(default_factory=dict)
    begun: dict[str, str] = field(default_factory=dict)
    """No KK → the family that the first row under it meant, or began."""
    created: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    """Records that a row was matched with."""

    def keep(self, other: "Memory") -> None:
        """Remember a chunk once it is in: one that had to be repeated was never there."""
        self.niks |= other.niks
        self.begun |= other.begun
        self.created |= other.created
        self.answered |= other.answered


@dataclass(slots=True)
class ListingPlan:
    """What follows from a chunk of a list. Operations have no places in the lane yet."""

    operations: list[dict[str, Json]] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    remarks: list[Remarked] = field(default_factory=list)
    families: set[str] = field(default_factory=set)
    """Open families of the register that the chunk names."""
    memory: Memory = field(default_factory=Memory)
