"""Where a programme is aimed: villages designated for a year, and the order to look at them in.

The order is that of Lampung Barat's regent in 2022: villages with most people in decile 1, and
those first that are also locations of the stunting programme. It is a rule in words with a
version, so that a list printed last year can be understood next year.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final


class Programme(StrEnum):
    """What villages are designated for."""

    EXTREME_POVERTY = "kemiskinan_ekstrem"
    STUNTING = "stunting"


@dataclass(frozen=True, slots=True)
class Decree:
    """On what a designation stands: programme, year, the decree's name and its day."""

    programme: Programme
    year: int
    decree: str
    decreed_on: date
    until: date | None = None
    """The last day, where the decree names one; else the year's end."""


@dataclass(frozen=True, slots=True)
class Designation:
    """One village designated by one decree; closed when it was revoked or replaced."""

    desa: str
    id: str
    decree: Decree
    created_at: datetime
    account_id: str | None = None
    """Who wrote it down; None is the server's command line."""
    closed_at: datetime | None = None
    closed_by: str | None = None
    reason: str | None = None

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def is_in_force(self, today: date) -> bool:
        """Does it hold in its year? In the running one until its last day, see `day_in_year`."""
        until = self.decree.until
        day = day_in_year(self.decree.year, today)
        return self.is_open and (until is None or day <= until)


def day_in_year(year: int, today: date) -> date:
    """The day on which a year is looked at: today, or the end of it that is nearest to today."""
    return min(max(today, date(year, 1, 1)), date(year, 12, 31))


class DesignatedAs(StrEnum):
    """What designating a village changed."""

    NEW = "new"
    SAME = "same"
    """It stood already, by the same decree."""
    REPLACED = "replaced"
    """Another decree had designated it; that one is closed and kept."""


def outcome_of(present: Designation | None, decree: Decree) -> DesignatedAs:
    """What a decree means for a village with this open designation of its programme and year."""
    if present is None:
        return DesignatedAs.NEW
    return DesignatedAs.SAME if present.decree == decree else DesignatedAs.REPLACED


# The ranking --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RankingRule:
    """A rule by which villages are ordered, in words."""

    id: str
    version: int
    text_id: str
    text_en: str


RULE: Final = RankingRule(
    id="desil1-stunting",
    version=1,
    text_id=(
        "Desa yang juga lokus stunting pada tahun itu didahulukan. Di dalam setiap kelompok, desa "
        "dengan jiwa desil 1 terbanyak lebih dulu; bila sama, menurut kode desa. Dihitung: anggota "
        "dari keluarga yang masih ada di desa. Tidak dihitung: keluarga dan anggota yang pindah, "
        "meninggal, tidak ditemukan, atau tercatat dua kali."
    ),
    text_en=(
        "Villages that are also stunting locations in that year come first. Within each group, the "
        "village with most people in decile 1 comes first; equals follow by code. Counted are "
        "members of families that are still in the village. Not counted are families and members "
        "that moved away, died, were not found, or are recorded twice."
    ),
)


class DecileField(StrEnum):
    """Whose deciles are counted."""

    NATIONAL = "desil_nasional"
    PROVINCE = "desil_provinsi"
    DISTRICT = "desil_kabupaten_kota"


DECILE_DEFAULT: Final = DecileField.NATIONAL
"""Programmes' gates are drawn on the national deciles, and only these compare across districts."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One village's counts. A number that may not be told is None, see `disclosed`."""

    desa: str
    families: int | None = 0
    """Still in the village."""
    families_poor: int | None = 0
    """Of these in decile 1."""
    people_poor: int | None = 0
    """Their members."""
    families_unranked: int | None = 0
    """Without a decile of the field that was asked for."""
    families_left_out: int | None = 0
    """Moved away, not found, recorded twice: not counted above."""
    children: int | None = 0
    """Up to 60 months old, in families of the village."""
    children_judged: int | None = 0
    """Whose latest height gives a class."""
    children_at_risk: int | None = 0
    """Of these shorter than -2 standard deviations."""
    programmes: frozenset[Programme] = frozenset()


def ranked(villages: Iterable[Standing]) -> list[Standing]:
    """The villages in the order of `RULE`; a number that is not told counts as none."""
    return sorted(
        villages,
        key=lambda one: (
            Programme.STUNTING not in one.programmes,
            -(one.people_poor or 0),
            one.desa,
        ),
    )


@dataclass(frozen=True, slots=True)
class CellRule:
    """Counts of fewer than `least` families or children could let somebody be recognised."""

    least: int
    families: bool
    """Withhold small counts of families and people."""
    children: bool
    """Withhold small counts of children by their growth."""


def disclosed(one: Standing, rule: CellRule) -> Standing:
    """The counts that may be told.

    A count is withheld when it is small, and when what it leaves of its total is: who knows of 50
    families and of 47 in decile 1 knows 3. Members of few families are few families.
    """
    standing = _families_told(one, rule.least) if rule.families else one
    return _children_told(standing, rule.least) if rule.families or rule.children else standing


def _families_told(one: Standing, least: int) -> Standing:
    assert one.families is not None, "nothing was withheld yet"
    poor = _told(one.families_poor, least, one.families)
    unranked = _told(one.families_unranked, least, one.families)
    if poor is not None and unranked is not None and 0 < one.families - poor - unranked < least:
        unranked = None
    return Standing(
        desa=one.desa,
        families=_told(one.families, least),
        families_poor=poor,
        people_poor=_told(one.people_poor, least) if poor is not None else None,
        families_unranked=unranked,
        families_left_out=_told(one.families_left_out, least),
        children=one.children,
        children_judged=one.children_judged,
        children_at_risk=one.children_at_risk,
        programmes=one.programmes,
    )


def _children_told(one: Standing, least: int) -> Standing:
    judged = _told(one.children_judged, least, one.children)
    return Standing(
        desa=one.desa,
        families=one.families,
        families_poor=one.families_poor,
        people_poor=one.people_poor,
        families_unranked=one.families_unranked,
        families_left_out=one.families_left_out,
        children=_told(one.children, least),
        children_judged=judged,
        children_at_risk=_told(one.children_at_risk, least, one.children_judged),
        programmes=one.programmes,
    )


def _told(count: int | None, least: int, whole: int | None = None) -> int | None:
    """The count, unless it or the rest of its whole is a small cell."""
    if count is None or count < least:
        return None
    return None if whole is not None and 0 < whole - count < least else count


def totals(villages: Sequence[Standing]) -> Standing:
    """The area as a whole: sums of what is known of its villages."""
    return Standing(
        desa="",
        families=_sum(one.families for one in villages),
        families_poor=_sum(one.families_poor for one in villages),
        people_poor=_sum(one.people_poor for one in villages),
        families_unranked=_sum(one.families_unranked for one in villages),
        families_left_out=_sum(one.families_left_out for one in villages),
        children=_sum(one.children for one in villages),
        children_judged=_sum(one.children_judged for one in villages),
        children_at_risk=_sum(one.children_at_risk for one in villages),
    )


def _sum(counts: Iterable[int | None]) -> int:
    return sum(one or 0 for one in counts)
