"""Who counts in a file: the living, the eligible, and whoever answers for a household.

The rules are those of the usulan upload (R1, 2022) and of the prelist's routing (2019): found or
new and without means goes on, everything else is closed. They are here once, because every
profile asks the same questions.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from api.formats.exports.profile import Pengurus
from sync.frozen import FrozenFamily, FrozenMember
from sync.permission import is_under_five
from sync.types import Json

GONE: Final = frozenset({"meninggal", "pindah_wilayah", "pindah_luar_negeri", "tidak_ditemukan"})
"""Answers about somebody's presence with which they are no longer of the household."""
FOUND: Final = frozenset({"ditemukan", "usulan_baru"})
NOT_ELIGIBLE: Final = frozenset({"tidak_layak", "ditunda"})
"""Decisions of the musyawarah that take a family out of the proposals of this period."""
ADULT_YEARS: Final = 17


def is_present(member: FrozenMember) -> bool:
    """Does the person live in the household, as far as was stated?"""
    return member.end is None and member.doc.get("keberadaan") not in GONE


def present(family: FrozenFamily) -> Iterator[FrozenMember]:
    """The persons who live in the household."""
    return (member for member in family.members if is_present(member))


def stands(family: FrozenFamily) -> bool:
    """Is the family there: not closed, not a double, not looked for in vain?"""
    return family.end is None and family.doc.get("hasil") not in ("tidak_ditemukan", "data_ganda")


def is_eligible(family: FrozenFamily, desil_max: int | None = None) -> bool:
    """May the family be proposed: there, without means, and not decided against?

    A family whose means nobody judged is eligible if it was found; a decision of the musyawarah
    stands above both. A desil beyond the limit takes it out, a desil that is not known does not.
    """
    if not stands(family):
        return False
    decision = None if family.decision is None else family.decision.get("decision")
    if decision in NOT_ELIGIBLE:
        return False
    if family.doc.get("alasan_tidak_layak") and decision != "layak":
        return False
    if family.doc.get("hasil") not in FOUND and decision != "layak":
        return False
    if family.doc.get("kemampuan") == "mampu" and decision != "layak":
        return False
    desil = family.doc.get("desil_nasional")
    return desil_max is None or not isinstance(desil, int) or desil <= desil_max


def elements(doc: Mapping[str, Json], field: str) -> tuple[str, ...]:
    """The elements of a set field."""
    found = doc.get(field)
    return tuple(str(one) for one in found) if isinstance(found, list) else ()


def pengurus_of(
    members: Iterable[FrozenMember], order: tuple[Pengurus, ...], day: str
) -> FrozenMember | None:
    """Who answers for the household, by the first rule of `order` that somebody fits."""
    living = list(members)
    for rule in order:
        for member in living:
            if _fits(member, rule, day):
                return member
    return None


def _fits(member: FrozenMember, rule: Pengurus, day: str) -> bool:
    relation, is_woman = (
        member.doc.get("hubungan_keluarga"),
        member.doc.get("jenis_kelamin") == "perempuan",
    )
    if rule == "kepala_keluarga":
        return relation == "kepala_keluarga"
    if rule == "istri":
        return is_woman and relation == "istri_suami"
    return is_woman and (years_of(member.doc, day) or 0) >= ADULT_YEARS


def years_of(doc: Mapping[str, Json], day: str) -> int | None:
    """Completed years on a day (`YYYY-MM-DD`); None where the birth date is not known."""
    born, then = _date(doc.get("tanggal_lahir")), _date(day)
    if born is None or then is None or born > then:
        return None
    return then.year - born.year - ((then.month, then.day) < (born.month, born.day))


def is_balita(doc: Mapping[str, Json], day: str) -> bool:
    """Is this a child under five on that day?"""
    born = doc.get("tanggal_lahir")
    return is_under_five(born if isinstance(born, str) else None, date.fromisoformat(day[:10]))


def _date(value: Json) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
