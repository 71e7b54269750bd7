from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.values import (
    PROVINCES,
    Districts,
    KodeWilayah,
    Level,
    Nik,
    NomorKk,
    Rt,
    Severity,
    districts_of,
    is_absent,
    kk_findings,
    masked,
    nik_findings,
    rt_text,
)

TODAY = date(2026, 11, 3)
MAN = "1802211505859001"
WOMAN = "1802215505859002"
BORN = date(1985, 5, 15)
CARD = "1802210304129007"


def codes(text: str) -> list[str]:
    return [finding.code for finding in nik_findings(text)]


def kk_codes(text: str) -> list[str]:
    return [finding.code for finding in kk_findings(text)]


def test_a_well_formed_nik_tells_district_sex_and_birthday() -> None:
    nik = Nik.parse(f"  {WOMAN}\n")

    assert nik is not None
    assert nik.digits == WOMAN
    assert nik.district == "180221"
    assert nik.is_woman
    assert nik.birth(TODAY).day == BORN
    assert nik_findings(WOMAN, birth_date=BORN, is_woman=True) == ()


def test_there_are_38_provinces() -> None:
    assert len(PROVINCES) == 38
    assert {"11", "18", "21", "31", "34", "65", "76", "82", "96"} <= PROVINCES
    assert PROVINCES.isdisjoint({"00", "10", "20", "22", "30", "37", "54", "97"})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("180221150585900", "nik-length"),
        ("18022115058590012", "nik-length"),
        ("180221150585900A", "nik-digits"),
        ("1802 2115 0585 9001", "nik-digits"),
        ("", "nik-digits"),
        ("١٨٠٢٢١١٥٠٥٨٥٩٠٠١", "nik-digits"),
        ("1.80221150585900E+15", "nik-scientific"),
        ("1,8E15", "nik-scientific"),
        ("1111111111111111", "nik-repeated"),
        ("0000000000000000", "nik-repeated"),
        ("9702211505859001", "nik-province"),
        ("1802210005859001", "nik-date"),
        ("1802213205859001", "nik-date"),
        ("1802214005859001", "nik-date"),
        ("1802217205859001", "nik-date"),
        ("1802211500859001", "nik-date"),
        ("1802211513859001", "nik-date"),
        ("1802213002859001", "nik-date"),
        ("1802212902859001", "nik-date"),
        ("1802211505850000", "nik-serial"),
    ],
)
def test_an_impossible_nik_is_an_error(text: str, code: str) -> None:
    (finding,) = nik_findings(text, birth_date=BORN, is_woman=True)

    assert finding.code == code
    assert finding.severity is Severity.ERROR
    assert Nik.parse(text) is None


def test_all_that_is_wrong_with_a_nik_is_said_at_once() -> None:
    assert codes("9702213213850000") == ["nik-province", "nik-date", "nik-serial"]


@pytest.mark.parametrize("day", ["01", "31", "41", "71"])
def test_days_of_men_and_women_reach_from_first_to_last(day: str) -> None:
    assert codes(f"180221{day}05859001") == []


def test_the_29th_of_february_needs_one_century_with_a_leap_year() -> None:
    nik = Nik.parse("1802212902009001")

    assert nik is not None
    assert nik.birth(TODAY).day == date(2000, 2, 29)


@pytest.mark.parametrize(
    ("birth_date", "is_woman", "expected"),
    [
        (BORN, False, []),
        (date(1985, 5, 16), False, ["nik-birth-date"]),
        (BORN, True, ["nik-sex"]),
        (date(1986, 5, 15), True, ["nik-birth-date", "nik-sex"]),
        (None, None, []),
    ],
)
def test_a_nik_that_differs_from_the_record_asks_to_check_the_card(
    birth_date: date | None, is_woman: bool | None, expected: list[str]
) -> None:
    found = nik_findings(MAN, birth_date=birth_date, is_woman=is_woman)

    assert [finding.code for finding in found] == expected
    assert all(finding.severity is Severity.WARNING for finding in found)
    assert all("periksa KTP" in finding.message_id for finding in found)


def test_a_nik_that_a_spreadsheet_may_have_rounded_is_a_warning() -> None:
    assert codes("1802211505851000") == ["nik-rounded"]


def test_a_district_is_doubted_only_where_the_table_is_complete() -> None:
    lampung_tengah = districts_of(["18", "1802", "180221", "180227", "1802212001"])

    assert lampung_tengah.codes == {"180221", "180227"}
    assert not lampung_tengah.doubts("180221")
    assert lampung_tengah.doubts("180299")
    assert not lampung_tengah.doubts("187101")
    assert not lampung_tengah.doubts("330512")


def test_a_national_table_doubts_every_code_it_does_not_hold() -> None:
    national = Districts(frozenset(f"{province}0101" for province in PROVINCES))

    assert not national.doubts("180101")
    assert national.doubts("189901")


def test_an_unknown_district_is_a_warning() -> None:
    elsewhere = Districts(frozenset({"180227"}))

    found = nik_findings(MAN, districts=elsewhere)
    assert [(f.code, f.severity) for f in found] == [("nik-district-unknown", Severity.WARNING)]
    assert [f.code for f in kk_findings(CARD, districts=elsewhere)] == ["kk-district-unknown"]


@pytest.mark.parametrize(
    ("digits", "born", "is_ambiguous"),
    [
        ("1802210101269001", date(2026, 1, 1), True),
        ("1802210101279001", date(1927, 1, 1), False),
        ("1802210101169001", date(2016, 1, 1), True),
        ("1802210101159001", date(2015, 1, 1), False),
        ("1802213112269001", date(1926, 12, 31), False),
        ("1802211505859001", date(1985, 5, 15), False),
    ],
)
def test_the_century_is_the_one_that_gives_a_possible_age(
    digits: str, born: date, is_ambiguous: bool
) -> None:
    birth = Nik(digits).birth(TODAY)

    assert (birth.day, birth.is_ambiguous) == (born, is_ambiguous)


def test_a_birth_is_never_in_the_future_even_when_no_century_fits() -> None:
    assert Nik("1802210101509001").birth(date(1940, 1, 1)).day == date(1950, 1, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CARD, []),
        ("180221030412900", ["kk-length"]),
        ("18022103041290X7", ["kk-digits"]),
        ("1.80221E+15", ["kk-scientific"]),
        ("2222222222222222", ["kk-repeated"]),
        ("1002210304129007", ["kk-province"]),
        ("1802214304129007", ["kk-date"]),
        ("1802210304120000", ["kk-serial"]),
        ("1802210304129000", ["kk-rounded"]),
    ],
)
def test_a_family_cards_number_is_read_like_a_nik_without_the_forty(
    text: str, expected: list[str]
) -> None:
    assert kk_codes(text) == expected


def test_a_well_formed_no_kk_tells_where_it_was_issued() -> None:
    card = NomorKk.parse(f" {CARD} ")

    assert card is not None
    assert card.district == "180221"
    assert NomorKk.parse("180221") is None


def test_printing_a_number_shows_four_digits_at_most() -> None:
    assert repr(Nik(MAN)) == f"{Nik(MAN)}" == "Nik(************9001)"
    assert repr(NomorKk(CARD)) == "NomorKk(************9007)"
    assert masked("1802211") == "*******"


@given(st.text(alphabet="0123456789E+., x", max_size=20))
def test_no_finding_repeats_the_number(text: str) -> None:
    for finding in (*nik_findings(text), *kk_findings(text)):
        said = finding.message_id + finding.message_en + repr(finding)
        assert len(text.strip()) < 3 or text.strip() not in said


@given(st.text(max_size=20))
def test_a_number_parses_if_and_only_if_nothing_is_an_error(text: str) -> None:
    has_error = any(finding.severity is Severity.ERROR for finding in nik_findings(text))
    assert (Nik.parse(text) is None) == has_error


@given(
    st.sampled_from(sorted(PROVINCES)),
    st.dates(date(1917, 1, 1), TODAY),
    st.booleans(),
    st.integers(1, 9999),
)
def test_every_number_that_dukcapil_may_issue_is_accepted(
    province: str, born: date, is_woman: bool, serial: int
) -> None:
    day = born.day + 40 * is_woman
    text = f"{province}0101{day:02}{born.month:02}{born.year % 100:02}{serial:04}"
    found = nik_findings(text, birth_date=born, is_woman=is_woman)

    assert [f.code for f in found] in ([], ["nik-rounded"])
    nik = Nik.parse(text)
    assert nik is not None
    birth = nik.birth(TODAY)
    assert birth.day == born or birth.is_ambiguous


@pytest.mark.parametrize("nothing", [None, "", "  ", "0"])
def test_lists_write_a_missing_number_in_several_ways(nothing: str | None) -> None:
    assert is_absent(nothing)
    assert not is_absent(MAN)


@pytest.mark.parametrize(
    ("text", "code", "level"),
    [
        ("18", "18", Level.PROVINSI),
        ("18.02", "1802", Level.KABUPATEN),
        ("180221", "180221", Level.KECAMATAN),
        (" 18.02.21.2001 ", "1802212001", Level.DESA),
    ],
)
def test_an_area_code_is_read_with_and_without_dots(text: str, code: str, level: Level) -> None:
    area = KodeWilayah.parse(text)

    assert area is not None
    assert (area.code, area.level) == (code, level)


@pytest.mark.parametrize("text", ["", "1", "180", "18022", "18022120", "18..02", "18.02.", "١٨"])
def test_a_code_of_another_length_is_no_area(text: str) -> None:
    assert KodeWilayah.parse(text) is None


def test_an_area_covers_what_its_code_begins() -> None:
    kabupaten, village = KodeWilayah("1802"), KodeWilayah("1802212001")

    assert kabupaten.covers(village)
    assert kabupaten.covers(kabupaten)
    assert not village.covers(kabupaten)
    assert not KodeWilayah("1804").covers(village)


def test_an_area_knows_the_areas_around_it() -> None:
    assert [area.code for area in KodeWilayah("1802212001").parents()] == ["18", "1802", "180221"]
    assert KodeWilayah("18").parents() == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("003/001", "003/001"),
        ("3/1", "003/001"),
        ("003/", "003/"),
        (" 3 ", "003/"),
        ("/", "/"),
        ("/002", "/002"),
    ],
)
def test_an_rt_is_written_with_three_digits_and_an_optional_rw(text: str, expected: str) -> None:
    rt = Rt.parse(text)

    assert rt is not None
    assert rt.text == expected
    assert Rt.parse(rt.text) == rt


@pytest.mark.parametrize("text", ["0003", "RT 3", "3/1/2", "3-1", "٣/1"])
def test_other_ways_of_writing_an_rt_are_refused(text: str) -> None:
    assert Rt.parse(text) is None


def test_the_rt_of_a_record_is_made_of_its_two_fields() -> None:
    assert rt_text("003", "001") == "003/001"
    assert rt_text("003", None) == "003/"
    assert rt_text(None, None) == "/"
