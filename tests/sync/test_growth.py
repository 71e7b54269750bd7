from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.growth import (
    CLASSES,
    MEASURE_AGAIN,
    PLAUSIBLE,
    FamilyGrowth,
    Growth,
    Index,
    Judged,
    MeasuringRule,
    Trend,
    age_text,
    at_risk,
    classify,
    completed_months,
    day_of,
    family_growth,
    is_followed,
    measured,
    months_later,
    trend,
)
from sync.types import Json

TODAY = date(2026, 11, 3)


@pytest.mark.parametrize(
    ("index", "z", "slug"),
    [
        (Index.BBU, -3.01, "bb_sangat_kurang"),
        (Index.BBU, -3.0, "bb_kurang"),
        (Index.BBU, -2.01, "bb_kurang"),
        (Index.BBU, -2.0, "bb_normal"),
        (Index.BBU, 1.0, "bb_normal"),
        (Index.BBU, 1.01, "risiko_bb_lebih"),
        (Index.TBU, -3.01, "sangat_pendek"),
        (Index.TBU, -3.0, "pendek"),
        (Index.TBU, -2.01, "pendek"),
        (Index.TBU, -2.0, "normal"),
        (Index.TBU, 3.0, "normal"),
        (Index.TBU, 3.01, "tinggi"),
        (Index.BBTB, -3.01, "gizi_buruk"),
        (Index.BBTB, -3.0, "gizi_kurang"),
        (Index.BBTB, -2.0, "gizi_baik"),
        (Index.BBTB, 1.0, "gizi_baik"),
        (Index.BBTB, 1.01, "risiko_gizi_lebih"),
        (Index.BBTB, 2.0, "risiko_gizi_lebih"),
        (Index.BBTB, 2.01, "gizi_lebih"),
        (Index.BBTB, 3.0, "gizi_lebih"),
        (Index.BBTB, 3.01, "obesitas"),
    ],
)
def test_limits_belong_to_the_milder_class(index: Index, z: float, slug: str) -> None:
    assert classify(index, z).slug == slug


@pytest.mark.parametrize(
    ("index", "z"),
    [
        (Index.BBU, -6.01), (Index.BBU, 5.01), (Index.TBU, -6.01), (Index.TBU, 6.01),
        (Index.BBTB, -5.01), (Index.BBTB, 5.01),
    ],
)  # fmt: skip
def test_beyond_who_s_flags_there_is_no_class(index: Index, z: float) -> None:
    assert classify(index, z) is MEASURE_AGAIN
    assert at_risk(Judged(index, MEASURE_AGAIN, z)) is None


@pytest.mark.parametrize("index", list(Index))
def test_the_flags_themselves_are_still_plausible(index: Index) -> None:
    low, high = PLAUSIBLE[index]
    assert classify(index, low) is CLASSES[index][0]
    assert classify(index, high) is CLASSES[index][-1]


def test_every_class_has_its_words_in_both_languages_and_for_e_ppgbm() -> None:
    listed = [one for classes in CLASSES.values() for one in classes]
    assert all(one.label_id and one.label_en and one.eppgbm for one in listed)
    assert len({one.slug for one in listed}) == len(listed)


# Ages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("born", "day", "text"),
    [
        ("2024-07-30", "2026-11-03", "2 Tahun - 3 Bulan - 4 Hari"),
        ("2026-11-03", "2026-11-03", "0 Tahun - 0 Bulan - 0 Hari"),
        # Born on a 31st: a shorter month ends on its last day.
        ("2026-01-31", "2026-02-28", "0 Tahun - 1 Bulan - 0 Hari"),
        ("2026-01-31", "2026-03-01", "0 Tahun - 1 Bulan - 1 Hari"),
        ("2024-02-29", "2025-02-28", "1 Tahun - 0 Bulan - 0 Hari"),
        ("2021-12-31", "2026-12-30", "4 Tahun - 11 Bulan - 30 Hari"),
    ],
)
def test_an_age_is_told_in_years_months_and_days(born: str, day: str, text: str) -> None:
    assert age_text(date.fromisoformat(born), date.fromisoformat(day)) == text


days = st.dates(date(1990, 1, 1), date(2080, 1, 1))


@given(born=days, day=days)
def test_completed_months_are_the_last_that_have_passed(born: date, day: date) -> None:
    born, day = sorted((born, day))
    months = completed_months(born, day)
    assert months_later(born, months) <= day < months_later(born, months + 1)


def test_only_readable_days_are_days() -> None:
    assert day_of("2026-02-28") == date(2026, 2, 28)
    assert [day_of(one) for one in ("2026-02-30", "", None, 5)] == [None] * 4


def test_what_is_not_known_stays_unknown() -> None:
    nothing = measured({}, {})
    assert (nothing.age_days, nothing.stature_cm) == (None, None)
    assert len(nothing.missing()) == 6
    assert measured({}, {"berat_kg": float("inf")}).weight_kg is None


@pytest.mark.parametrize(
    ("day", "position", "stature"),
    [
        ("2026-10-31", "terlentang", 85.0),
        ("2026-10-31", "berdiri", 85.7),  # 730 days old: still a length
        ("2026-11-01", "berdiri", 85.0),
        ("2026-11-01", "terlentang", 84.3),
    ],
)
def test_length_is_measured_lying_and_height_standing_from_the_731st_day_on(
    day: str, position: str, stature: float
) -> None:
    child: dict[str, Json] = {"tanggal_lahir": "2024-10-31"}
    told: dict[str, Json] = {"tanggal": day, "tinggi_cm": 85, "cara_ukur": position}
    assert measured(child, told).stature_cm == stature


def test_a_measurement_tells_age_and_risk_as_far_as_they_are_known() -> None:
    short = Judged(Index.TBU, CLASSES[Index.TBU][1], -2.01)
    line = Judged(Index.TBU, CLASSES[Index.TBU][2], -2.0)
    unknown = Judged(Index.BBU, MEASURE_AGAIN)
    found = measured({"tanggal_lahir": "2024-07-30"}, {"tanggal": "2026-11-03"})
    growth = Growth(found, unknown, short, unknown)
    assert growth.indices == (unknown, short, unknown)
    assert (growth.age_text, growth.is_at_risk) == ("2 Tahun - 3 Bulan - 4 Hari", True)
    assert Growth(measured({}, {}), unknown, line, unknown).age_text == ""
    assert at_risk(line) is False


# Following a child ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latest", "previous", "said"),
    [
        (9.1, 9.0, Trend.UP),
        (9.0, 9.0, Trend.NOT_UP),
        (8.9, 9.0, Trend.NOT_UP),
        (9.0, None, Trend.FIRST),
        (None, 9.0, Trend.UNKNOWN),
    ],
)
def test_a_weight_is_compared_with_the_one_before(
    latest: float | None, previous: float | None, said: Trend
) -> None:
    assert trend(latest, previous) is said


def test_small_children_are_due_after_a_month_and_older_ones_after_three() -> None:
    rule = MeasuringRule()
    last = date(2026, 10, 3)
    assert rule.due_on(date(2025, 10, 4), last) == date(2026, 11, 3)
    assert rule.due_on(date(2024, 10, 3), last) == date(2027, 1, 3)
    assert rule.due_on(date(2024, 10, 4), last) == date(2026, 11, 3)
    assert rule.due_on(date(2026, 10, 1), None) == date(2026, 10, 1)
    # A measurement dated before the birth is a mistake; the child is measured soon.
    assert rule.due_on(date(2026, 10, 4), last) == date(2026, 11, 3)


def test_an_installation_chooses_how_often() -> None:
    assert MeasuringRule(2, 6).due_on(date(2026, 1, 1), date(2026, 2, 1)) == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("born", "keberadaan", "followed"),
    [
        ("2024-01-01", None, True),
        ("2024-01-01", "tinggal_bersama_keluarga", True),
        ("2024-01-01", "belum_ditentukan", True),
        ("2024-01-01", "meninggal", False),
        ("2024-01-01", "pindah_wilayah", False),
        ("2021-10-04", None, True),
        ("2021-10-03", None, False),
        ("2026-11-03", None, True),
        ("2026-11-04", None, False),
        (None, None, False),
    ],
)
def test_children_of_up_to_sixty_months_who_live_here_are_followed(
    born: str | None, keberadaan: str | None, followed: bool
) -> None:
    child = {"tanggal_lahir": born, "keberadaan": keberadaan}
    assert is_followed(child, TODAY) is followed


@pytest.mark.parametrize(
    ("risks", "said"),
    [
        ([], None),
        ([False], False),
        ([False, False], False),
        ([False, None], None),
        ([None], None),
        ([True, None, False], True),
    ],
)
def test_one_child_is_enough_and_an_unmeasured_one_leaves_it_open(
    risks: list[bool | None], said: bool | None
) -> None:
    assert family_growth(risks).berisiko_stunting is said


def test_a_family_s_children_are_counted() -> None:
    assert family_growth([True, None, False]) == FamilyGrowth(children=3, judged=2, at_risk=1)
