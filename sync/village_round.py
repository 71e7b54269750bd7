"""A village's records as one round sees them: families with their people, visits, measurements.

The list of a round is not the whole register. Aliases and rows that were entered by mistake are
no rows at all. Whoever was closed in an earlier round is no longer asked for, unless a newer list
of the government names the record again: then the village has to report once more that it moved,
died or was listed twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from sync.outcomes import (
    HASIL,
    KEBERADAAN,
    FamilyFound,
    FamilyOutcome,
    PersonFound,
    family_found,
    person_found,
    stated_since,
)
from sync.policy import FIELDS, FieldClass
from sync.types import ANGGOTA, END, KELUARGA, KUNJUNGAN, PENGUKURAN, Json, Record

SALAH: Final = "salah"
ALIAS_CHAIN_MAX: Final = 8

_NO_IDENTITY = {"bangunan", "asal", "hasil", "hasil_alasan", "hasil_kembaran", "kemampuan"}
_NO_IDENTITY |= {"alasan_tidak_layak", "no_kk_alasan", "nik_alasan"}
LIST_FIELDS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        entity: frozenset(
            name
            for name, row in FIELDS[entity].items()
            if row.field_class is FieldClass.IDENTITY and name not in _NO_IDENTITY
        )
        for entity in (KELUARGA, ANGGOTA)
    }
)
"""Entity → fields by which a list says who somebody is and where."""
_LISTING = frozenset({"sumber_daftar", "id_dtks", "id_artbdt"})


@dataclass(frozen=True, slots=True)
class ListStatement:
    """What one operation of an import said about a record; `at`: the village's head after it."""

    record: str
    at: int
    creates: bool
    fields: Mapping[str, Json]

    @property
    def names_the_record(self) -> bool:
        """Does it put the record on a list? A proposal does not, nor does a match's answer."""
        if self.creates:
            return self.fields.get("hasil") != "usulan_baru"
        known = LIST_FIELDS[KELUARGA] | LIST_FIELDS[ANGGOTA] | _LISTING
        return not known.isdisjoint(self.fields)


@dataclass(frozen=True, slots=True)
class RoundPerson:
    """One person of the list."""

    record: Record
    listed: bool
    was: Mapping[str, Json]
    measurements: tuple[Record, ...] = ()

    @property
    def found(self) -> PersonFound:
        return person_found(self.record.fields, self.record.end)

    def has_outcome(self, opened_head: int) -> bool:
        """Was it said in this round? Whoever was added in it, by no list, was seen."""
        record = self.record
        if record.end is not None or (not self.listed and record.created.seq > opened_head):
            return True
        return self.found.outcome is not None and stated_since(record, KEBERADAAN, opened_head)


@dataclass(frozen=True, slots=True)
class RoundFamily:
    """One row of the list with everything beneath it."""

    record: Record
    listed: bool
    was: Mapping[str, Json]
    people: tuple[RoundPerson, ...] = ()
    visits: tuple[Record, ...] = ()
    """Of this round: an older one tells nothing of what was found now."""

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def found(self) -> FamilyFound:
        visits = [visit.fields for visit in self.visits]
        return family_found(self.record.fields, self.record.end, visits, listed=self.listed)

    def has_outcome(self, opened_head: int) -> bool:
        """Was it said in this round what became of it? A closed record has said so for good."""
        record = self.record
        if record.end is not None:
            return True
        match self.found.outcome:
            case None:
                return False
            case FamilyOutcome.MENOLAK:
                return True
            case FamilyOutcome.USULAN_BARU if record.created.seq > opened_head:
                return True
            case _:
                return stated_since(record, HASIL, opened_head)


@dataclass(frozen=True, slots=True)
class VillageRound:
    """Everything that a round is decided on, as one moment saw it."""

    desa: str
    head: int
    opened_head: int
    families: tuple[RoundFamily, ...]
    canonical: Mapping[str, str] = field(default_factory=dict)
    """Any record of the village → the record that it is now, itself or what it was merged into."""
    family_of: Mapping[str, str] = field(default_factory=dict)
    """Any record of the list → the family that it hangs under."""


def village_round(
    desa: str,
    records: Sequence[Record],
    lists: Sequence[ListStatement],
    *,
    head: int,
    opened_head: int,
) -> VillageRound:
    """Group a village's records into the list of a round. `lists` is in the order of the log."""
    canonical = _canonical(records)
    said, relisted = _said(lists, canonical, opened_head)
    kept = [r for r in records if _is_on_list(r, opened_head, relisted)]
    beneath: dict[str, list[Record]] = defaultdict(list)
    for record in kept:
        if record.parent is not None:
            beneath[canonical.get(record.parent, record.parent)].append(record)
    grouping = _Grouping(said, beneath, opened_head)
    families = tuple(
        sorted(
            (grouping.family(record) for record in kept if record.entity == KELUARGA),
            key=lambda family: (family.record.rt, family.id),
        )
    )
    return VillageRound(desa, head, opened_head, families, canonical, _families(families))


@dataclass(frozen=True, slots=True)
class _Grouping:
    said: Mapping[str, Mapping[str, Json]]
    beneath: Mapping[str, Sequence[Record]]
    opened_head: int

    def family(self, record: Record) -> RoundFamily:
        below = self._below(record)
        return RoundFamily(
            record,
            record.id in self.said,
            self._was(record),
            tuple(self._person(one) for one in below if one.entity == ANGGOTA),
            tuple(one for one in below if self._is_visit(one)),
        )

    def _person(self, record: Record) -> RoundPerson:
        below = tuple(one for one in self._below(record) if one.entity == PENGUKURAN)
        return RoundPerson(record, record.id in self.said, self._was(record), below)

    def _is_visit(self, record: Record) -> bool:
        return record.entity == KUNJUNGAN and record.created.seq > self.opened_head

    def _below(self, record: Record) -> list[Record]:
        return sorted(self.beneath.get(record.id, ()), key=lambda one: one.id)

    def _was(self, record: Record) -> Mapping[str, Json]:
        """Identity fields in which the list differs from what the village knows now."""
        said = self.said.get(record.id, {})
        return {name: value for name, value in said.items() if record.fields.get(name) != value}


def _canonical(records: Iterable[Record]) -> dict[str, str]:
    alias = {record.id: record.alias for record in records}
    reached: dict[str, str] = {}
    for record_id in alias:
        now = record_id
        for _ in range(ALIAS_CHAIN_MAX):
            further = alias.get(now)
            if further is None:
                break
            now = further
        reached[record_id] = now
    return reached


def _said(
    lists: Iterable[ListStatement], canonical: Mapping[str, str], opened_head: int
) -> tuple[dict[str, dict[str, Json]], set[str]]:
    """Record → what the lists said last of it; and those named since the round opened."""
    said: dict[str, dict[str, Json]] = {}
    relisted: set[str] = set()
    known = LIST_FIELDS[KELUARGA] | LIST_FIELDS[ANGGOTA]
    for one in lists:
        if not one.names_the_record:
            continue
        record = canonical.get(one.record, one.record)
        told = said.setdefault(record, {})
        told |= {n: v for n, v in one.fields.items() if n in known and v is not None}
        if one.at > opened_head:
            relisted.add(record)
    return said, relisted


def _is_on_list(record: Record, opened_head: int, relisted: set[str]) -> bool:
    if record.alias is not None:
        return False
    if record.end is None:
        return True
    if record.end.get(END) == SALAH:
        return False
    return record.id in relisted or stated_since(record, END, opened_head)


def _families(families: Iterable[RoundFamily]) -> dict[str, str]:
    found: dict[str, str] = {}
    for family in families:
        found[family.id] = family.id
        found |= {visit.id: family.id for visit in family.visits}
        for person in family.people:
            found[person.record.id] = family.id
            found |= {one.id: family.id for one in person.measurements}
    return found
