"""What a run's history consists of, as it is laid before the model."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Statement:
    """A value for one group of one record that nobody else ever states.

    ``knew``: values of the group that this phone had been sent or its owner had stated before.
    """

    hash: str
    record: str
    group: str
    value: str
    knew: frozenset[str]


@dataclass(frozen=True, slots=True)
class Element:
    """An element that was put into a set, or taken out by somebody who was shown it there."""

    hash: str
    record: str
    group: str
    element: str
    added: bool
    knew: frozenset[str]
    """For one taken out: hashes of the additions that were known, or may have been."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of the server's log. ``body_hash`` is computed anew from the body it keeps."""

    desa: str
    lane: str
    seq: int
    lineage: str
    hash: str
    body_hash: str
    record: str | None
    outcome: str
    groups: Mapping[str, str] = field(default_factory=dict)
    """Group → its own outcome, where an operation states several."""
    conflict: str | None = None

    def of(self, group: str) -> str:
        return self.groups.get(group, self.outcome)


@dataclass(frozen=True, slots=True)
class Captures:
    """What left people's hands, by hash, and what a phone's owner could reasonably lose.

    ``lost``: no phone that still exists held it any more when its store was lost. ``undone``: a
    restore took it out of the log after it had been acknowledged.
    """

    life: Mapping[str, tuple[int, int]]
    """Hash → (whose life on a phone, the how-manieth of that life)."""
    acked: Collection[str]
    lost: Collection[str]
    undone: Collection[str]

    def expected(self) -> Iterator[str]:
        for one in self.life:
            if one not in self.lost or (one in self.acked and one not in self.undone):
                yield one
