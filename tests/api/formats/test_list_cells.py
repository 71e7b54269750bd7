"""What a cell says: repaired where that is certain, left out where it is not."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.formats.lists import cells
from sync.fieldvalues import ValueProblem, parse_value
from sync.policy import FIELDS, Field

NUMBERS = st.text("0123456789", min_size=16, max_size=16).filter(lambda text: text.strip("0"))
DAYS = st.dates(date(1900, 3, 1), date(2100, 12, 31))
DRESSED = ("{}", " {}", "{} ", "'{}", '"{}"', "`{}", "{}.0", "{}.00", "{},0", "\u00a0{}", "={}"[1:])
NIK, NAME, TEXT = (FIELDS["anggota"][name] for name in ("nik", "nama", "tempat_lahir"))
RT = FIELDS["keluarga"]["rt"]


@given(number=NUMBERS, dress=st.sampled_from(DRESSED))
def test_a_number_keeps_its_sixteen_digits_whatever_is_put_around_it(
    number: str, dress: str
) -> None:
    assert cells.digits(dress.format(number)) == number


@given(number=NUMBERS, comma=st.sampled_from(".,"))
def test_a_rounded_number_is_kept_as_it_stands_and_reported(number: str, comma: str) -> None:
    written = f"{float('1' + number[1:]):.5E}".replace(".", comma)
    assert cells.is_scientific(written)
    assert cells.number_of_a_person(written) == cells.Reading(written, "scientific")


@pytest.mark.parametrize("nothing", ["", "0", "-", "0000000000000000", "NULL", " ", "'", "0.0"])
def test_nobody_has_the_number_zero(nothing: str) -> None:
    assert cells.number_of_a_person(nothing) == cells.NOTHING


@pytest.mark.parametrize("text", ["180221500180900", "18022150O1809001", "1802-2150-0180"])
def test_a_malformed_number_goes_in_as_it_was_written(text: str) -> None:
    assert cells.number_of_a_person(text) == cells.Reading(text)


@given(day=DAYS)
def test_a_day_is_read_in_every_spelling_that_lists_use(day: date) -> None:
    spellings = (
        day.isoformat(),
        f"{day:%d/%m/%Y}",
        f"{day:%d-%m-%Y}",
        f"{day.day}/{day.month}/{day.year}",
        f"{day.isoformat()} 00:00:00",
        f"{day.isoformat()}T00:00:00",
    )
    assert {cells.day(text).value for text in spellings} == {day.isoformat()}
    assert cells.day(f"{day:%m/%d/%Y}", "mdy").value == day.isoformat()


@given(day=DAYS)
def test_a_serial_is_a_day_in_a_workbook_and_nowhere_else(day: date) -> None:
    serial = str((day - date(1899, 12, 30)) // timedelta(days=1))
    assert cells.day(serial, from_workbook=True).value == day.isoformat()
    assert cells.day(serial).problem == "bad-day"


@pytest.mark.parametrize("text", ["31/02/2000", "13/31/2000", "2000-13-01", "01/02/99", "kemarin"])
def test_what_is_no_day_is_left_out(text: str) -> None:
    assert cells.day(text) == cells.Reading(None, "bad-day")


@pytest.mark.parametrize("text", ["", "-", "0000-00-00", "1900-01-00", "00/00/0000", "NULL"])
def test_a_day_that_nobody_gave_is_no_problem(text: str) -> None:
    assert cells.day(text) == cells.NOTHING


@pytest.mark.parametrize(
    ("text", "value"),
    [("12,5", 12.5), ("12.5", 12.5), ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("80", 80)],
)
def test_a_figure_may_have_a_comma_or_a_point(text: str, value: float) -> None:
    assert cells.figure(text).value == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("45.0", cells.Reading(45)),
        ("0", cells.Reading(0)),
        ("45,6", cells.Reading(46, "rounded")),
        ("empat", cells.Reading(None, "bad-number")),
        ("9" * 40, cells.Reading(None, "bad-number")),
        ("-", cells.NOTHING),
    ],
)
def test_a_count_is_a_whole_number_and_zero_is_an_answer(text: str, said: cells.Reading) -> None:
    assert cells.count(text) == said


@pytest.mark.parametrize("text", ["3", "03", "003", "3.0", "RT 3", "rt.003", "RW 03", "'003"])
def test_a_neighbourhood_has_three_digits(text: str) -> None:
    assert cells.three_digits(text).value == "003"


@pytest.mark.parametrize(
    ("text", "problem"), [("", ""), ("0", ""), ("A1", "bad-rt"), ("1234", "bad-rt")]
)
def test_a_neighbourhood_that_is_none_is_left_out(text: str, problem: str) -> None:
    assert cells.three_digits(text) == cells.Reading(None, problem)


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+62", "@SUM(A1)", "-1+1"])
def test_a_formula_is_no_name(text: str) -> None:
    assert cells.name(text) == cells.Reading(None, "formula")


def test_a_name_is_one_line_in_composed_letters() -> None:
    assert cells.name("  SITI\n AMINAH\x00 ").value == "SITI AMINAH"
    assert cells.name("Jose\u0301").value == "José"


@given(text=st.text(max_size=300))
def test_whatever_stands_in_a_cell_becomes_a_value_that_the_register_takes(text: str) -> None:
    said: list[tuple[Field, cells.Reading]] = [
        (NIK, cells.number_of_a_person(text)),
        (NAME, cells.name(text)),
        (TEXT, cells.free_text(text)),
        (RT, cells.three_digits(text)),
        (FIELDS["anggota"]["tanggal_lahir"], cells.day(text, from_workbook=True)),
        (FIELDS["pengukuran"]["berat_kg"], cells.figure(text)),
        (FIELDS["keluarga"]["luas_lantai"], cells.count(text)),
    ]
    for field, reading in said:
        if reading.value is not None:
            kept = parse_value(field, reading.value)
            assert not isinstance(kept, ValueProblem)
            assert kept == reading.value
