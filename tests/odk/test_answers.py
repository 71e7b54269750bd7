"""What the text of an answer says in the register's words, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.formats.xform.answers import Geopoint, elements_of, geopoint_of, text_of, value_of
from sync.fieldvalues import ValueProblem, parse_value
from sync.policy import FIELDS, Field
from sync.types import Json

FAMILY, PERSON, CHILD = FIELDS["keluarga"], FIELDS["anggota"], FIELDS["pengukuran"]


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (FAMILY["luas_lantai"], "54", 54),
        (FAMILY["luas_lantai"], "54.0", 54.0),
        (FAMILY["luas_lantai"], "banyak", "banyak"),
        (FAMILY["luas_lantai"], "inf", "inf"),
        (FAMILY["luas_lantai"], "", None),
        (FAMILY["no_kk"], "0802212101100003", "0802212101100003"),
        (FAMILY["aset_bergerak_ac"], "ya", True),
        (FAMILY["aset_bergerak_ac"], "tidak", False),
        (FAMILY["aset_bergerak_ac"], "mungkin", "mungkin"),
        (FAMILY["program"], "pkh bst pkh", ["pkh", "bst"]),
        (FAMILY["program"], "tidak_ada", []),
        (PERSON["penyakit_kronis"], "tidak_ada", ["tidak_ada"]),
        (PERSON["tanggal_lahir"], "2026-10-01T00:00:00.000Z", "2026-10-01"),
        (PERSON["jenis_kelamin"], "perempuan", "perempuan"),
        (CHILD["berat_kg"], "9.4", 9.4),
    ],
)
def test_an_answer_stands_for_a_value(field: Field, text: str, value: Json) -> None:
    assert value_of(field, text) == value


def test_none_of_a_set_is_the_empty_set() -> None:
    assert elements_of(FAMILY["program"], "tidak_ada") == ()
    assert elements_of(FAMILY["program"], "pkh tidak_ada") == ("pkh",)
    assert elements_of(FAMILY["program"], "") == ()
    assert elements_of(PERSON["penyakit_kronis"], "tidak_ada") == ("tidak_ada",)


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("-5.1 105.2 40 4.5", Geopoint(-5.1, 105.2, 4.5)),
        ("-5.1 105.2 0 0", Geopoint(-5.1, 105.2, None)),
        ("-5.1 105.2", Geopoint(-5.1, 105.2, None)),
        ("", None),
        ("105.2 -5.1 0 0", None),
        ("di sini", None),
        ("1", None),
    ],
)
def test_a_geopoint_is_a_place_with_its_accuracy(text: str, point: Geopoint | None) -> None:
    assert geopoint_of(text) == point


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        (FAMILY["aset_bergerak_ac"], True, "ya"),
        (FAMILY["aset_bergerak_ac"], False, "tidak"),
        (FAMILY["program"], ["pkh", "bst"], "pkh bst"),
        (FAMILY["luas_lantai"], 54, "54"),
        (FAMILY["alamat"], "Jalan\n Contoh  3", "Jalan Contoh 3"),
        (FAMILY["telepon"], None, ""),
    ],
)
def test_a_list_shows_a_value_as_the_form_would_write_it(
    field: Field, value: Json, text: str
) -> None:
    assert text_of(field, value) == text


@given(st.sampled_from([*FAMILY.values(), *PERSON.values()]), st.text(max_size=40))
def test_no_text_is_lost_or_breaks_the_reader(field: Field, text: str) -> None:
    value = value_of(field, text)
    parsed = parse_value(field, value)
    assert value is None or value != "" or isinstance(parsed, ValueProblem)
