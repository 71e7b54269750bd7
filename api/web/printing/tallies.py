"""Where each family of a village belongs on the berita acara, and how many there are of each kind.

Every family stands in exactly one annex, so the annexes add up to the list. What the musyawarah
decided stands above what the collector said about means; who moved, died, refused, was not found
or is listed twice is not judged at all.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sync.codes import CODELISTS
from sync.frozen import FrozenFamily, FrozenMember, FrozenVillage
from sync.outcomes import FamilyOutcome, PersonFound, PersonOutcome, family_found, person_found
from sync.types import Json


class Annex(StrEnum):
    """The lists behind a berita acara, in their order."""

    LAYAK = "layak"
    USULAN_BARU = "usulan_baru"
    TIDAK_LAYAK = "tidak_layak"
    DITUNDA = "ditunda"
    MENINGGAL = "meninggal"
    PINDAH = "pindah"
    GANDA = "ganda"
    TIDAK_DITEMUKAN = "tidak_ditemukan"
    MENOLAK = "menolak"
    BELUM = "belum"


TITLES: Final[Mapping[Annex, str]] = {
    Annex.LAYAK: "Layak",
    Annex.USULAN_BARU: "Usulan baru",
    Annex.TIDAK_LAYAK: "Tidak layak",
    Annex.DITUNDA: "Ditunda",
    Annex.MENINGGAL: "Meninggal",
    Annex.PINDAH: "Pindah",
    Annex.GANDA: "Data ganda",
    Annex.TIDAK_DITEMUKAN: "Tidak ditemukan",
    Annex.MENOLAK: "Menolak didata",
    Annex.BELUM: "Belum ada hasil",
}
PROGRAMMES: Final = CODELISTS["usulan_program"].codes

_GONE: Final[Mapping[FamilyOutcome, Annex]] = {
    FamilyOutcome.MENINGGAL: Annex.MENINGGAL,
    FamilyOutcome.PINDAH: Annex.PINDAH,
    FamilyOutcome.DATA_GANDA: Annex.GANDA,
    FamilyOutcome.TIDAK_DITEMUKAN: Annex.TIDAK_DITEMUKAN,
    FamilyOutcome.MENOLAK: Annex.MENOLAK,
}
_DECIDED: Final[Mapping[str, Annex]] = {
    "tidak_layak": Annex.TIDAK_LAYAK,
    "ditunda": Annex.DITUNDA,
}
_STANDING: Final = frozenset(
    {Annex.LAYAK, Annex.USULAN_BARU, Annex.TIDAK_LAYAK, Annex.DITUNDA, Annex.BELUM}
)
_CHANGED: Final = frozenset(PersonOutcome) - {PersonOutcome.TINGGAL}


def annex_of(family: FrozenFamily) -> Annex:
    """The one list that a family stands on."""
    visits = [visit.doc for visit in family.visits]
    found = family_found(family.doc, family.end, visits, listed=family.listed)
    gone = _GONE.get(found.outcome) if found.outcome is not None else None
    if gone is not None:
        return gone
    decision = str((family.decision or {}).get("decision"))
    if decision in _DECIDED:
        return _DECIDED[decision]
    if found.outcome is None:
        return Annex.BELUM
    if decision != "layak" and (found.able or found.ineligible):
        return Annex.TIDAK_LAYAK
    is_new = found.outcome is FamilyOutcome.USULAN_BARU
    return Annex.USULAN_BARU if is_new else Annex.LAYAK


@dataclass(frozen=True, slots=True)
class ChangedPerson:
    """Somebody who died, moved, or was not found, of a family that goes on."""

    member: FrozenMember
    family: FrozenFamily
    found: PersonFound


@dataclass(frozen=True, slots=True)
class ProgrammeCount:
    """How many receive a programme, and how many families are proposed for it."""

    name: str
    families: int
    people: int
    proposed: int


@dataclass(frozen=True, slots=True)
class Tallies:
    """A village counted."""

    annexes: Mapping[Annex, tuple[FrozenFamily, ...]]
    by_rt: Mapping[str, Counter[Annex]]
    people: int
    changed: tuple[ChangedPerson, ...]
    programmes: tuple[ProgrammeCount, ...]

    @property
    def families(self) -> int:
        return sum(map(len, self.annexes.values()))

    def count(self, annex: Annex) -> int:
        return len(self.annexes[annex])


def tallied(village: FrozenVillage) -> Tallies:
    """Count a village; families by RT, then by name."""
    listed: dict[Annex, list[FrozenFamily]] = {annex: [] for annex in Annex}
    by_rt: dict[str, Counter[Annex]] = {}
    for family in sorted(village.families, key=_by_name):
        annex = annex_of(family)
        listed[annex].append(family)
        by_rt.setdefault(family.rt, Counter())[annex] += 1
    standing = [family for annex in _STANDING for family in listed[annex]]
    return Tallies(
        {annex: tuple(families) for annex, families in listed.items()},
        dict(sorted(by_rt.items())),
        sum(len(family.members) for family in village.families),
        tuple(sorted(_changed(standing), key=lambda one: _by_name(one.family))),
        tuple(_programme(code.slug, code.source_code or code.label_id, standing)
              for code in PROGRAMMES),
    )  # fmt: skip


def _changed(families: list[FrozenFamily]) -> Iterator[ChangedPerson]:
    for family in families:
        for member in family.members:
            found = person_found(member.doc, member.end)
            if found.outcome in _CHANGED:
                yield ChangedPerson(member, family, found)


def _programme(slug: str, name: str, families: list[FrozenFamily]) -> ProgrammeCount:
    return ProgrammeCount(
        name,
        sum(_has(family.doc.get("program"), slug) for family in families),
        sum(_has(m.doc.get("program"), slug) for family in families for m in family.members),
        sum(_has(family.doc.get("program_diusulkan"), slug) for family in families),
    )


def _has(held: Json, slug: str) -> bool:
    return isinstance(held, list) and slug in held


def _by_name(family: FrozenFamily) -> tuple[str, str, str]:
    return family.rt, str(family.doc.get("nama_kepala_keluarga") or "").casefold(), family.id
