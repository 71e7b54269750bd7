"""Turn the list of a round into the plain values that are signed.

What may not change a signature is left out: stamps, numbers of the feed, who said what. Two
villages with the same families, people and decisions freeze to the same lines, whichever way they
came to be so; only the header tells when.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sync.frozen import FrozenChild, FrozenFamily, FrozenMember, FrozenVillage
from sync.types import NO_FIELDS, Json, Record
from sync.village_round import RoundFamily, RoundPerson, VillageRound


@dataclass(frozen=True, slots=True)
class Judgements:
    """What people decided about the list beside the register itself."""

    decisions: Mapping[str, Mapping[str, Json]]
    """Family → what the musyawarah decided: `{"decision": …, "reason": …}`."""
    doubtful: frozenset[str]
    """Records that share a number with another one and nobody has decided."""


def frozen(
    village: VillageRound, period: str, judgements: Judgements, moment: datetime
) -> FrozenVillage:
    """The village as it would be signed at that moment."""
    return FrozenVillage(
        village.desa,
        period,
        village.head,
        moment.isoformat(timespec="seconds"),
        tuple(_family(family, judgements) for family in village.families),
    )


def _family(family: RoundFamily, judgements: Judgements) -> FrozenFamily:
    return FrozenFamily(
        family.id,
        family.record.rt,
        family.record.fields,
        family.record.end,
        family.listed,
        family.was,
        judgements.decisions.get(family.id),
        tuple(_member(person, judgements.doubtful) for person in family.people),
        tuple(map(_child, family.visits)),
    )


def _member(person: RoundPerson, doubtful: frozenset[str]) -> FrozenMember:
    return FrozenMember(
        person.record.id,
        person.record.fields,
        person.record.end,
        person.listed,
        person.was,
        person.record.id in doubtful,
        tuple(map(_child, person.measurements)),
    )


def _child(record: Record) -> FrozenChild:
    return FrozenChild(record.id, record.fields or NO_FIELDS)


@dataclass(frozen=True, slots=True)
class Moved:
    """What distinguishes the village now from a frozen one, by family."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def moved(before: FrozenVillage, now: FrozenVillage) -> Moved:
    """Families that were added, removed or changed; when each was frozen makes no difference."""
    then, today = ({one.id: one for one in village.families} for village in (before, now))
    return Moved(
        tuple(sorted(today.keys() - then.keys())),
        tuple(sorted(then.keys() - today.keys())),
        tuple(sorted(one for one in then.keys() & today.keys() if then[one] != today[one])),
    )
