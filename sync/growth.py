"""Growth of children under five: classes of Permenkes 2/2020 as data, ages, and what follows.

Z-scores come from outside (WHO's tables are large and belong to an edge); everything that is
decided about them is decided here. What comes out is **screening**: it says whose measuring to
repeat and whom a midwife should look at, and never that a child is ill.

Three rules are easy to get wrong, so they stand here once:

* Length and height are two measures. Under 24 months (up to WHO's day 730) the tables are of
  children lying, from then on of children standing; who was measured the other way is corrected
  by 0.7 cm, upwards when a small child stood, downwards when an older one lay.
* The class limits differ by index, and -3, -2, +1, +2 and +3 belong to the milder side.
* A z-score beyond WHO's flags is a mistake of measuring until shown otherwise. It gives no class,
  least of all "sangat pendek", but the order to measure again.
"""

import calendar
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from sync.types import Json

HEIGHT_FROM_DAYS: Final = 731
"""WHO's tables by day: length up to day 730, height from day 731 (24 months of 30.4375 days)."""
AGE_DAYS_MAX: Final = 1856
"""The last day of the 60th completed month, where WHO's tables by day end."""
POSITION_CM: Final = 0.7
"""What lying measures more than standing (WHO Child Growth Standards 2006, Permenkes 2/2020)."""
STUNTED_BELOW_Z: Final = -2.0
MONTHS_PER_YEAR: Final = 12

NOTE_ID: Final = "Hasil skrining, bukan diagnosis. Ukur ulang bila ragu; bidan yang menilai anak."
NOTE_EN: Final = "Screening, not a diagnosis. Measure again in doubt; a midwife judges the child."


class Index(StrEnum):
    """Weight for age, length or height for age, weight for length or height."""

    BBU = "bbu"
    TBU = "tbu"
    BBTB = "bbtb"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an index may say. `eppgbm` is the word that e-PPGBM's lists use, empty where none."""

    slug: str
    label_id: str
    label_en: str
    eppgbm: str = ""


@dataclass(frozen=True, slots=True)
class GrowthClass(Verdict):
    """A verdict with its upper limit: z `below` it, or z `up_to` it; the last has neither."""

    below: float | None = None
    up_to: float | None = None

    def holds(self, z: float) -> bool:
        return (self.below is None or z < self.below) and (self.up_to is None or z <= self.up_to)


# Limits and words: Permenkes 2/2020, 0 to 60 months. The words of e-PPGBM are those that programs
# reading its export expect; a specification of it was never published.
CLASSES: Final[Mapping[Index, tuple[GrowthClass, ...]]] = MappingProxyType(
    {
        Index.BBU: (
            GrowthClass(
                "bb_sangat_kurang", "Berat badan sangat kurang", "Severely underweight",
                "Sangat Kurang", below=-3,
            ),
            GrowthClass("bb_kurang", "Berat badan kurang", "Underweight", "Kurang", below=-2),
            GrowthClass(
                "bb_normal", "Berat badan normal", "Normal weight", "Berat Badan Normal", up_to=1
            ),
            GrowthClass(
                "risiko_bb_lebih", "Risiko berat badan lebih", "Risk of overweight", "Risiko Lebih"
            ),
        ),
        Index.TBU: (
            GrowthClass(
                "sangat_pendek", "Sangat pendek", "Severely stunted", "Sangat Pendek", below=-3
            ),
            GrowthClass("pendek", "Pendek", "Stunted", "Pendek", below=-2),
            GrowthClass("normal", "Normal", "Normal", "Normal", up_to=3),
            GrowthClass("tinggi", "Tinggi", "Tall", "Tinggi"),
        ),
        Index.BBTB: (
            GrowthClass("gizi_buruk", "Gizi buruk", "Severely wasted", "Gizi Buruk", below=-3),
            GrowthClass("gizi_kurang", "Gizi kurang", "Wasted", "Gizi Kurang", below=-2),
            GrowthClass("gizi_baik", "Gizi baik", "Normal", "Gizi Baik", up_to=1),
            GrowthClass(
                "risiko_gizi_lebih", "Berisiko gizi lebih", "Possible risk of overweight",
                "Risiko Gizi Lebih", up_to=2,
            ),
            GrowthClass("gizi_lebih", "Gizi lebih", "Overweight", "Gizi Lebih", up_to=3),
            GrowthClass("obesitas", "Obesitas", "Obese", "Obesitas"),
        ),
    }
)  # fmt: skip

MEASURE_AGAIN: Final = Verdict("periksa_ukuran", "Periksa ukuran", "Check the measurement")
INCOMPLETE: Final = Verdict("belum_lengkap", "Belum lengkap", "Incomplete")
OUT_OF_AGE: Final = Verdict("di_luar_umur", "Di luar umur 0–60 bulan", "Not 0 to 60 months old")
OUT_OF_TABLE: Final = Verdict("di_luar_tabel", "Di luar tabel WHO", "Length outside of WHO's table")

PLAUSIBLE: Final[Mapping[Index, tuple[float, float]]] = MappingProxyType(
    {Index.BBU: (-6, 5), Index.TBU: (-6, 6), Index.BBTB: (-5, 5)}
)
"""WHO's flags of 2006: a z-score beyond them is biologically implausible."""

NEEDS: Final[Mapping[Index, tuple[str, ...]]] = MappingProxyType(
    {
        Index.BBU: ("jenis_kelamin", "tanggal_lahir", "tanggal", "berat_kg"),
        Index.TBU: ("jenis_kelamin", "tanggal_lahir", "tanggal", "tinggi_cm", "cara_ukur"),
        Index.BBTB: (
            "jenis_kelamin", "tanggal_lahir", "tanggal", "berat_kg", "tinggi_cm", "cara_ukur",
        ),
    }
)  # fmt: skip
"""Without which fields of the person and of the measurement an index cannot be judged."""


def classify(index: Index, z: float) -> Verdict:
    """The class of a z-score, or `MEASURE_AGAIN` beyond WHO's flags."""
    low, high = PLAUSIBLE[index]
    if not low <= z <= high:
        return MEASURE_AGAIN
    return next(one for one in CLASSES[index] if one.holds(z))


@dataclass(frozen=True, slots=True)
class Measured:
    """A child on the day of a measurement, as far as it is known and readable."""

    sex: str | None = None
    """`laki_laki` or `perempuan`."""
    born: date | None = None
    on: date | None = None
    weight_kg: float | None = None
    height_cm: float | None = None
    """As it was read off, lying or standing."""
    position: str | None = None
    """`terlentang` or `berdiri`."""

    def missing(self) -> tuple[str, ...]:
        """Fields that an index needs and nobody filled in, by their names in the register."""
        known = {
            "jenis_kelamin": self.sex,
            "tanggal_lahir": self.born,
            "tanggal": self.on,
            "berat_kg": self.weight_kg,
            "tinggi_cm": self.height_cm,
            "cara_ukur": self.position,
        }
        return tuple(name for name, value in known.items() if value is None)

    @property
    def age_days(self) -> int | None:
        """Negative for a measurement from before the birth."""
        return None if self.born is None or self.on is None else (self.on - self.born).days

    @property
    def stature_cm(self) -> float | None:
        """Length under 24 months and height from then on, corrected by how it was measured."""
        age, cm = self.age_days, self.height_cm
        if age is None or cm is None or self.position is None:
            return None
        lying = self.position == "terlentang"
        if age < HEIGHT_FROM_DAYS:
            return cm if lying else round(cm + POSITION_CM, 2)
        return round(cm - POSITION_CM, 2) if lying else cm


def measured(child: Mapping[str, Json], measurement: Mapping[str, Json]) -> Measured:
    """Read a person's and a measurement's documents; what cannot be used counts as missing."""
    return Measured(
        sex=_one_of(child.get("jenis_kelamin"), ("laki_laki", "perempuan")),
        born=day_of(child.get("tanggal_lahir")),
        on=day_of(measurement.get("tanggal")),
        weight_kg=_positive(measurement.get("berat_kg")),
        height_cm=_positive(measurement.get("tinggi_cm")),
        position=_one_of(measurement.get("cara_ukur"), ("terlentang", "berdiri")),
    )


def day_of(value: Json) -> date | None:
    """A day of a document, or nothing."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _one_of(value: Json, known: tuple[str, ...]) -> str | None:
    return value if isinstance(value, str) and value in known else None


def _positive(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value > 0 else None


@dataclass(frozen=True, slots=True)
class Judged:
    """One index of one measurement; `z` has two decimals."""

    index: Index
    verdict: Verdict
    z: float | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Growth:
    """What one measurement of one child says."""

    of: Measured
    bbu: Judged
    tbu: Judged
    bbtb: Judged

    @property
    def indices(self) -> tuple[Judged, Judged, Judged]:
        return (self.bbu, self.tbu, self.bbtb)

    @property
    def age_text(self) -> str:
        """`2 Tahun - 3 Bulan - 4 Hari`, as e-PPGBM writes it; empty where it is not known."""
        born, on = self.of.born, self.of.on
        return "" if born is None or on is None or on < born else age_text(born, on)

    @property
    def is_at_risk(self) -> bool | None:
        """Stunted by this measurement? None: it does not say."""
        return at_risk(self.tbu)


def at_risk(tbu: Judged) -> bool | None:
    """Is the child shorter than -2 standard deviations? None where there is no class."""
    if tbu.z is None or tbu.verdict not in CLASSES[Index.TBU]:
        return None
    return tbu.z < STUNTED_BELOW_Z


# Ages ---------------------------------------------------------------------------------------


def months_later(day: date, months: int) -> date:
    """The same day of a later (or earlier) month, or that month's last day."""
    ahead = day.year * MONTHS_PER_YEAR + day.month - 1 + months
    year, month = divmod(ahead, MONTHS_PER_YEAR)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def completed_months(born: date, day: date) -> int:
    """How many months somebody has lived through on a day that is not before the birth."""
    months = (day.year - born.year) * MONTHS_PER_YEAR + day.month - born.month
    return months - (months_later(born, months) > day)


def age_text(born: date, day: date) -> str:
    """`2 Tahun - 3 Bulan - 4 Hari`."""
    months = completed_months(born, day)
    years, rest = divmod(months, MONTHS_PER_YEAR)
    days = (day - months_later(born, months)).days
    return f"{years} Tahun - {rest} Bulan - {days} Hari"


# From one measurement to the next -----------------------------------------------------------


class Trend(StrEnum):
    """Weight against the measurement before.

    A comparison of two weights, not the minimum gain of the growth card (KBM): that one is for
    the midwife, who has the card.
    """

    UP = "naik"
    NOT_UP = "tidak_naik"
    FIRST = "pertama"
    """There is no earlier weight to compare with."""
    UNKNOWN = "tidak_diketahui"
    """The latest measurement has no weight."""


def trend(latest_kg: float | None, previous_kg: float | None) -> Trend:
    """What became of the weight."""
    if latest_kg is None:
        return Trend.UNKNOWN
    if previous_kg is None:
        return Trend.FIRST
    return Trend.UP if latest_kg > previous_kg else Trend.NOT_UP


@dataclass(frozen=True, slots=True)
class MeasuringRule:
    """After how many months a child is to be measured again; an installation may choose."""

    months_under_two: int = 1
    months_older: int = 3

    def due_on(self, born: date, last: date | None) -> date:
        """The day from which the next measurement is due; the birth for who never was measured."""
        if last is None:
            return born
        is_small = completed_months(born, last) < 2 * MONTHS_PER_YEAR if last >= born else True
        return months_later(last, self.months_under_two if is_small else self.months_older)


@dataclass(frozen=True, slots=True)
class FamilyGrowth:
    """The children under five of a family by their latest measurements of height."""

    children: int
    judged: int
    """Those whose latest height gives a class."""
    at_risk: int
    """Those shorter than -2 standard deviations."""

    @property
    def berisiko_stunting(self) -> bool | None:
        """True as soon as one child is; None while some child's height says nothing."""
        if self.at_risk:
            return True
        return False if self.children and self.judged == self.children else None


def family_growth(risks: Iterable[bool | None]) -> FamilyGrowth:
    """What `at_risk` said of each child of a family; None for one never measured."""
    told = list(risks)
    return FamilyGrowth(len(told), sum(one is not None for one in told), told.count(True))


_HERE: Final = (None, "tinggal_bersama_keluarga", "belum_ditentukan")


def is_followed(child: Mapping[str, Json], today: date) -> bool:
    """Is this person a child of up to 60 months whose growth is followed?

    Who has died or lives elsewhere is no longer measured here.
    """
    born = day_of(child.get("tanggal_lahir"))
    if born is None or not 0 <= (today - born).days <= AGE_DAYS_MAX:
        return False
    return child.get("keberadaan") in _HERE
