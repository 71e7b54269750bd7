"""Where a programme is aimed: villages designated for a year, and the order to look at them in.

The order is that of Lampung Barat's regent in 2022: villages with most people in decile 1, and
those first that are also locations of the stunting programme. It is a rule in words with a
version, so that a list printed last year can be understood next year.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import combinations
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
    """On the list, as the progress counts them: also those that are not counted below."""
    families_poor: int | None = 0
    """Of these still in the village and in decile 1."""
    people_poor: int | None = 0
    """Their members."""
    families_unranked: int | None = 0
    """Still in the village, without a decile of the field that was asked for."""
    families_left_out: int | None = 0
    """Moved away, not found, recorded twice."""
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
    told = _parts_told(one, least)
    poor = "families_poor" in told
    return replace(
        one,
        families=None if _is_small(one.families, least) else one.families,
        families_poor=one.families_poor if poor else None,
        people_poor=one.people_poor if poor and not _is_small(one.people_poor, least) else None,
        families_unranked=one.families_unranked if "families_unranked" in told else None,
        families_left_out=one.families_left_out if "families_left_out" in told else None,
    )


_PARTS: Final = ("families_poor", "families_unranked", "families_left_out")
"""Counts that share no family, the one that is needed most first."""


def _parts_told(one: Standing, least: int) -> list[str]:
    """Those parts of the families of which no choice leaves a small rest; the last go first."""
    counts: dict[str, int] = {name: getattr(one, name) or 0 for name in _PARTS}
    whole = one.families or 0
    told = [name for name in _PARTS if counts[name] >= least]
    while any(
        0 < whole - sum(counts[name] for name in chosen) < least
        for size in range(1, len(told) + 1)
        for chosen in combinations(told, size)
    ):
        told.pop()
    return told


def _children_told(one: Standing, least: int) -> Standing:
    children, judged, short = one.children, one.children_judged, one.children_at_risk
    hides_judged = _is_small(judged, least) or _leaves_few(children, judged, least)
    hides_short = (
        _is_small(short, least)
        or _leaves_few(judged, short, least)
        or _leaves_few(children, short, least)
    )
    return replace(
        one,
        children=None if _is_small(children, least) else children,
        children_judged=None if hides_judged else judged,
        children_at_risk=None if hides_short else short,
    )


def _is_small(count: int | None, least: int) -> bool:
    return count is None or count < least


def _leaves_few(whole: int | None, part: int | None, least: int) -> bool:
    return 0 < (whole or 0) - (part or 0) < least


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
