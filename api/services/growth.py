"""Z-scores by WHO's tables: one measurement of one child, judged.

`assess` is the one door to them: pages, exports and the ranking ask it, so that a child has the
same class everywhere. The correction for lying and standing is made in `sync.growth`, because the
library would make it a day too early; it is told explicitly how the child was measured and to
leave the centimetres alone.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from pygrowup import Observation, exceptions  # type: ignore[import-untyped]  # has no types

from sync.growth import (
    AGE_DAYS_MAX,
    HEIGHT_FROM_DAYS,
    INCOMPLETE,
    MEASURE_AGAIN,
    NEEDS,
    OUT_OF_AGE,
    OUT_OF_TABLE,
    Growth,
    Index,
    Judged,
    Measured,
    at_risk,
    classify,
    measured,
)
from sync.types import Json

_SEX: Final[Mapping[str, str]] = {
    "laki_laki": Observation.MALE,
    "perempuan": Observation.FEMALE,
}
_LENGTH_CM: Final = (45, 110)
"""Where WHO's table of weight for length begins and ends."""
_HEIGHT_CM: Final = (65, 120)


def assess(child: Mapping[str, Json], measurement: Mapping[str, Json]) -> Growth:
    """What a measurement says about a child, from their documents (an anggota, a pengukuran).

    Never raises: what is missing, implausible or outside of the tables is a verdict of its own.
    """
    found = measured(child, measurement)
    return Growth(found, *(_judged(found, index) for index in (Index.BBU, Index.TBU, Index.BBTB)))


def stunting_risk(child: Mapping[str, Json], measurement: Mapping[str, Json]) -> bool | None:
    """`Growth.is_at_risk` alone, for counting many children."""
    return at_risk(_judged(measured(child, measurement), Index.TBU))


def _judged(found: Measured, index: Index) -> Judged:
    absent = set(found.missing())
    if missing := tuple(name for name in NEEDS[index] if name in absent):
        return Judged(index, INCOMPLETE, missing=missing)
    age = found.age_days
    assert age is not None, "both days are there"
    if not 0 <= age <= AGE_DAYS_MAX:
        return Judged(index, OUT_OF_AGE)
    if index is Index.BBTB and not _is_in_table(found, age):
        return Judged(index, OUT_OF_TABLE)
    try:
        z = _z_score(found, index, age)
    except exceptions.MeasurementOutOfRangeError:
        return Judged(index, MEASURE_AGAIN)
    return Judged(index, classify(index, z), z)


def _is_in_table(found: Measured, age: int) -> bool:
    low, high = _LENGTH_CM if age < HEIGHT_FROM_DAYS else _HEIGHT_CM
    return found.stature_cm is not None and low <= round(found.stature_cm, 1) <= high


def _z_score(found: Measured, index: Index, age: int) -> float:
    # As text, because the library takes the number 0 for an age that nobody gave.
    observation = Observation(_SEX[found.sex or ""], age_in_days=str(age))
    weight, stature = _exact(found.weight_kg), _exact(found.stature_cm)
    if index is Index.BBU:
        z = observation.wfa(weight)
    elif index is Index.TBU:
        recumbent = found.position == "terlentang"
        z = observation.lhfa(stature, recumbent=recumbent, auto_adjust=False)
    elif age < HEIGHT_FROM_DAYS:
        z = observation.wfl(weight, stature)
    else:
        z = observation.wfh(weight, stature)
    return float(z)


def _exact(value: float | None) -> Decimal | None:
    """65.7 as 65.7 and not as the nearest binary fraction."""
    return None if value is None else Decimal(str(value))
