"""Z-scores and classes against what WHO published: tables, and the sample of its own program."""

import csv
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from importlib.resources import files

import pytest

from api.services.growth import assess, stunting_risk
from sync.growth import CLASSES, Growth, Index
from sync.types import Json

BORN = date(2024, 1, 1)
DAYS_PER_MONTH = 30.4375
ROUNDED = 0.06
"""The published tables have one decimal, and a month in days is rounded by half a day of growth."""
Z_ROUNDED = 0.0051
NOTHING = ("", "NA")

# WHO Child Growth Standards 2006, z-score tables by month: age in months → median, -2 SD, -3 SD.
LENGTHS = {
    "laki_laki": {
        0: (49.9, 46.1, 44.2),
        6: (67.6, 63.3, 61.2),
        12: (75.7, 71.0, 68.6),
        24: (87.1, 81.0, 78.0),
        36: (96.1, 88.7, 85.0),
        60: (110.0, 100.7, 96.1),
    },
    "perempuan": {
        0: (49.1, 45.4, 43.6),
        6: (65.7, 61.2, 58.9),
        12: (74.0, 68.9, 66.3),
        24: (85.7, 79.3, 76.0),
        36: (95.1, 87.4, 83.6),
        60: (109.4, 99.9, 95.2),
    },
}
WEIGHTS = {
    "laki_laki": {
        0: (3.3, 2.5, 2.1),
        6: (7.9, 6.4, 5.7),
        12: (9.6, 7.7, 6.9),
        24: (12.2, 9.7, 8.6),
        36: (14.3, 11.3, 10.0),
        60: (18.3, 14.1, 12.4),
    },
    "perempuan": {
        0: (3.2, 2.4, 2.0),
        6: (7.3, 5.7, 5.1),
        12: (8.9, 7.0, 6.3),
        24: (11.5, 9.0, 8.1),
        36: (13.9, 10.8, 9.6),
        60: (18.2, 13.7, 12.1),
    },
}
LINES = (0, -2, -3)


def a_child(sex: str = "laki_laki", **fields: Json) -> dict[str, Json]:
    return {"jenis_kelamin": sex, "tanggal_lahir": BORN.isoformat()} | fields


def at(days: int, **fields: Json) -> dict[str, Json]:
    """A measurement so many days after the birth, in the position that the age asks for."""
    position = "terlentang" if days <= 730 else "berdiri"
    on = (BORN + timedelta(days=days)).isoformat()
    return {"tanggal": on, "cara_ukur": position} | fields


def z_of(growth: Growth, index: Index) -> float:
    z = next(one.z for one in growth.indices if one.index is index)
    assert z is not None
    return z


def published(table: Mapping[str, Mapping[int, tuple[float, ...]]]) -> list[object]:
    return [
        pytest.param(sex, months, values, id=f"{sex}-{months}")
        for sex, rows in table.items()
        for months, values in rows.items()
    ]


@pytest.mark.parametrize(("sex", "months", "values"), published(LENGTHS))
def test_length_and_height_for_age_are_who_s(
    sex: str, months: int, values: tuple[float, float, float]
) -> None:
    # A day later than 24 months is where WHO's table of heights begins.
    days = 731 if months == 24 else round(months * DAYS_PER_MONTH)
    deviation_cm = values[1] - values[2]
    for line, cm in zip(LINES, values, strict=True):
        z = z_of(assess(a_child(sex), at(days, tinggi_cm=cm)), Index.TBU)
        assert (abs(z - line) - Z_ROUNDED) * deviation_cm <= ROUNDED, (line, z)


@pytest.mark.parametrize(("sex", "months", "values"), published(WEIGHTS))
def test_weight_for_age_is_who_s(sex: str, months: int, values: tuple[float, float, float]) -> None:
    days = round(months * DAYS_PER_MONTH)
    deviation_kg = values[1] - values[2]  # the smallest: weights are skewed
    for line, kg in zip(LINES, values, strict=True):
        z = z_of(assess(a_child(sex), at(days, berat_kg=kg)), Index.BBU)
        assert (abs(z - line) - Z_ROUNDED) * deviation_kg <= ROUNDED, (line, z)


def sample() -> Iterator[Mapping[str, str]]:
    """The survey that WHO gives out with igrowup, with the scores that igrowup computed."""
    text = files("pygrowup").joinpath("test_datasets/MySurvey_z_st.csv").read_text()
    yield from csv.DictReader(text.splitlines())


def sampled(row: Mapping[str, str]) -> Growth:
    sex = {"1": "laki_laki", "2": "perempuan"}[row["GENDER"]]
    told: dict[str, Json] = {"tanggal": (BORN + timedelta(int(row["age.days"]))).isoformat()}
    told |= {"cara_ukur": {"l": "terlentang", "h": "berdiri"}.get(row["measure"])}
    # Stored by igrowup in single precision: 84.8 stands there as 84.8000030517578.
    for field, column in (("berat_kg", "WEIGHT"), ("tinggi_cm", "HEIGHT")):
        told[field] = None if row[column] in NOTHING else round(float(row[column]), 4)
    return assess(a_child(sex), told)


@pytest.mark.parametrize(
    ("column", "index", "rows_min"),
    [("zlen", Index.TBU, 475), ("zwei", Index.BBU, 489), ("zwfl", Index.BBTB, 467)],
)
def test_every_score_of_who_s_own_program_is_met_to_the_second_decimal(
    column: str, index: Index, rows_min: int
) -> None:
    compared = 0
    for row in sample():
        if row[column] not in NOTHING and row["age.days"] not in NOTHING:
            z = next(one.z for one in sampled(row).indices if one.index is index)
            assert z == pytest.approx(float(row[column]), abs=0.005), row["id"]
            compared += 1
    assert compared == rows_min


# Lying and standing ---------------------------------------------------------------------------


def height_z(days: int, cm: float, position: str) -> float:
    return z_of(assess(a_child(), at(days, tinggi_cm=cm, cara_ukur=position)), Index.TBU)


@pytest.mark.parametrize("days", [300, 729, 730])
def test_a_small_child_that_stood_is_taken_for_seven_millimetres_longer(days: int) -> None:
    assert height_z(days, 80.0, "berdiri") == height_z(days, 80.7, "terlentang")


@pytest.mark.parametrize("days", [731, 732, 1500])
def test_an_older_child_that_lay_is_taken_for_seven_millimetres_smaller(days: int) -> None:
    assert height_z(days, 90.7, "terlentang") == height_z(days, 90.0, "berdiri")


def test_nobody_is_corrected_who_was_measured_as_the_age_asks_for() -> None:
    # WHO's medians: 87.8 cm lying on the last day under 24 months, 87.1 cm standing on the next.
    assert abs(height_z(730, 87.8, "terlentang")) <= 0.02
    assert abs(height_z(731, 87.1, "berdiri")) <= 0.02


# What no class is given for -------------------------------------------------------------------


def test_a_newborn_of_this_day_is_judged() -> None:
    growth = assess(a_child(), at(0, berat_kg=3.3, tinggi_cm=49.9))
    assert [one.verdict.slug for one in growth.indices] == ["bb_normal", "normal", "gizi_baik"]
    assert growth.age_text == "0 Tahun - 0 Bulan - 0 Hari"


def test_the_sixtieth_month_is_judged_to_its_end_and_no_day_longer() -> None:
    assert assess(a_child(), at(1856, tinggi_cm=110)).tbu.verdict.slug == "normal"
    late = assess(a_child(), at(1857, tinggi_cm=110))
    assert (late.tbu.verdict.slug, late.is_at_risk) == ("di_luar_umur", None)


def test_a_measurement_from_before_the_birth_is_not_judged() -> None:
    growth = assess(a_child(), at(-1, tinggi_cm=50, berat_kg=3))
    assert {one.verdict.slug for one in growth.indices} == {"di_luar_umur"}
    assert growth.age_text == ""


@pytest.mark.parametrize(
    ("fields", "index"),
    [
        ({"tinggi_cm": 8.57}, Index.TBU),  # metres and centimetres mixed up
        ({"tinggi_cm": 857}, Index.TBU),
        ({"tinggi_cm": 60.0}, Index.TBU),
        ({"berat_kg": 1.02}, Index.BBU),
        ({"berat_kg": 0.9}, Index.BBU),
        ({"berat_kg": 10200}, Index.BBU),  # grams
        ({"berat_kg": 25, "tinggi_cm": 80}, Index.BBTB),
    ],
)
def test_what_cannot_be_is_to_be_measured_again_and_is_no_risk(
    fields: dict[str, Json], index: Index
) -> None:
    growth = assess(a_child(), at(400, **fields))
    judged = next(one for one in growth.indices if one.index is index)
    assert judged.verdict.slug == "periksa_ukuran"
    assert growth.is_at_risk in {None, False}


def test_a_length_beyond_the_table_gives_no_weight_for_length() -> None:
    growth = assess(a_child(), at(10, tinggi_cm=44.9, berat_kg=2.5))
    assert growth.bbtb.verdict.slug == "di_luar_tabel"
    assert growth.tbu.z is not None


@pytest.mark.parametrize(
    ("child", "fields", "missing"),
    [
        ({"jenis_kelamin": None}, {}, ("jenis_kelamin",)),
        ({"jenis_kelamin": "x"}, {}, ("jenis_kelamin",)),
        ({"tanggal_lahir": None}, {}, ("tanggal_lahir",)),
        ({"tanggal_lahir": "2024-02-31"}, {}, ("tanggal_lahir",)),
        ({}, {"cara_ukur": None}, ("cara_ukur",)),
        ({}, {"tinggi_cm": None, "cara_ukur": None}, ("tinggi_cm", "cara_ukur")),
        ({}, {"tinggi_cm": True}, ("tinggi_cm",)),
        ({}, {"tinggi_cm": 0}, ("tinggi_cm",)),
    ],
)
def test_what_is_missing_is_named(
    child: dict[str, Json], fields: dict[str, Json], missing: tuple[str, ...]
) -> None:
    growth = assess(a_child() | child, at(400, tinggi_cm=75, berat_kg=9) | fields)
    assert growth.of.missing() == missing
    assert (growth.tbu.verdict.slug, growth.tbu.missing) == ("belum_lengkap", missing)
    assert growth.is_at_risk is None


def test_a_weight_is_judged_although_nobody_measured_the_height() -> None:
    growth = assess(a_child(), at(365, berat_kg=9.6, cara_ukur=None))
    assert growth.bbu.verdict.slug == "bb_normal"
    assert abs(z_of(growth, Index.BBU)) <= 0.1  # the median of WHO is 9.6 kg
    assert growth.tbu.missing == growth.bbtb.missing == ("tinggi_cm", "cara_ukur")


def test_risk_begins_below_minus_two_and_not_at_it() -> None:
    z = [height_z(365, 71.0 + step / 100, "terlentang") for step in range(-20, 20)]
    cms = [71.0 + step / 100 for step in range(-20, 20)]
    at_the_line = cms[z.index(-2.0)]
    assert stunting_risk(a_child(), at(365, tinggi_cm=at_the_line)) is False
    below = max(cm for cm, one in zip(cms, z, strict=True) if one < -2)
    assert stunting_risk(a_child(), at(365, tinggi_cm=below)) is True


def test_every_class_is_met_by_some_child() -> None:
    """Tables and limits together: each word can come out."""
    seen: set[str] = set()
    for tenths in range(550, 1000, 5):
        growth = assess(a_child(), at(400, tinggi_cm=tenths / 10))
        seen.add(growth.tbu.verdict.slug)
    for tenths in range(40, 200):
        growth = assess(a_child(), at(400, tinggi_cm=76, berat_kg=tenths / 10))
        seen |= {growth.bbu.verdict.slug, growth.bbtb.verdict.slug}
    assert {one.slug for classes in CLASSES.values() for one in classes} <= seen
