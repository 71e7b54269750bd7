"""The label tables and the catalogue agree with the register's own table of fields."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.formats.lists import codes
from api.formats.lists.codes import Meaning, code_book
from api.formats.lists.columns import field_of, ready_column
from api.formats.lists.layouts import Column, Layout, ListFormat, catalogue
from sync.codes import SLUGS
from sync.fieldvalues import ValueProblem, parse_value
from sync.policy import ValueType
from tests.lists.files import words

FORMATS = list(catalogue().values())
LAYOUTS = [(form, layout) for form in FORMATS for layout in form.layouts]
COLUMNS = {
    # as published for each instrument
    ("dtsen_2026", "keluarga"): 52,
    ("dtsen_2026", "anggota"): 48,
    ("bdt", "rumah_tangga"): 71,
    ("bdt", "anggota"): 43,
    ("bnba_dtks_2022", "anggota"): 26,
    ("prelist_2019_cetak", "rumah_tangga"): 12,
    ("prelist_2019_ekspor", "rumah_tangga"): 16,
    ("p3ke", "keluarga"): 31,
    ("p3ke", "individu"): 32,
    ("usulan_v4_2022", "usulan"): 21,
    ("usulan_2021", "usulan"): 17,
    ("hasil_usulan_csv_2022", "hasil"): 8,
    ("dukcapil_padan", "padan"): 25,
    ("eppgbm_ekspor", "penimbangan"): 34,
    ("dtsen_desil_xlsx", "desil"): 3,
}


def _name(value: object) -> str:
    match value:
        case ListFormat():
            return value.name
        case Layout():
            return value.role
        case Column():
            return value.header
    return str(value)


def test_every_published_column_is_used_or_says_why_it_is_not() -> None:
    assert set(COLUMNS) == {(form.name, layout.role) for form, layout in LAYOUTS}
    for form, layout in LAYOUTS:
        area = layout.area
        places = [area.code, area.kabupaten, area.kecamatan, area.desa] if area else []
        parts = [name for name, _ in area.parts] if area else []
        headers = {column.header for column in layout.columns}
        known = headers | set(layout.unused) | set(filter(None, [*places, *parts, layout.key]))
        assert len(known) == COLUMNS[form.name, layout.role], (form.name, layout.role)
        assert all(layout.unused.values())
        assert headers.isdisjoint(layout.unused)


@pytest.mark.parametrize(("form", "layout"), LAYOUTS, ids=_name)
def test_every_column_feeds_a_field_that_exists(form: ListFormat, layout: Layout) -> None:
    for column in layout.columns:
        ready_column(column, 0, layout)
        if column.element:
            field = field_of(column, layout.persons)
            assert field is not None
            assert column.element in SLUGS[field.codelist or ""], form.name


@pytest.mark.parametrize(("form", "layout"), LAYOUTS, ids=_name)
def test_every_answer_of_a_list_is_one_of_the_field(form: ListFormat, layout: Layout) -> None:
    for column in layout.columns:
        field = field_of(column, layout.persons)
        if field is None or column.element or field.value_type is not ValueType.CODE:
            continue
        book = code_book(column.codes or field.codelist or "")
        said = [*book.by_code.values(), *book.by_label.values(), *book.by_order.values()]
        slugs = {slug for meaning in said for slug in meaning.slugs}
        assert slugs, (form.name, column.header)
        assert slugs <= SLUGS[field.codelist or ""], (form.name, column.header)


def test_yes_and_no_of_bdt_alternate_down_the_page() -> None:
    yes, no = Meaning(("true",)), Meaning(("false",))
    assert [code_book("bdt_ada_tabung_gas").meaning(code) for code in "12"] == [yes, no]
    assert [code_book("bdt_ada_lemari_es").meaning(code) for code in "34"] == [yes, no]
    assert code_book("bdt_ada_lemari_es").meaning("1") is None


def test_one_number_means_something_else_in_each_instrument() -> None:
    assert code_book("bdt_atap").meaning("8") == Meaning(("bambu",))
    assert code_book("dtsen2026_jenis_atap_terluas").meaning("8") == Meaning(("lainnya",), True)
    assert code_book("bdt_jenis_kelamin").meaning("2") == Meaning(("perempuan",))
    assert code_book("dtsen2026_jenis_kelamin").meaning("2") == Meaning(("perempuan",), True)


@pytest.mark.parametrize(
    ("name", "label", "slug"),
    [
        ("dtsen2026_jenis_dinding_terluas", "TEMBOK", "tembok"),
        ("dtsen2026_daya_terpasang", "<= 900 Watt", "sampai_900_watt"),
        ("dtsen2026_daya_terpasang", "> 900 watt", "lebih_900_watt"),
        ("dtsen2026_daya_terpasang", "≤900 watt", "sampai_900_watt"),
        ("dtsen2026_daya_terpasang", "900 watt", "900_watt"),
        ("bdt_jenis_kelamin", "Laki - Laki", "laki_laki"),
        ("bdt_jenis_kelamin", "P", "perempuan"),
        ("kk_shdk", "SUAMI", "istri_suami"),
        ("kk_pekerjaan", "PETANI/PEKEBUN", "petani_pekebun"),
        ("kk_pekerjaan", "9.0", "petani_pekebun"),
        ("usulan_program", "NON BANSOS", "non_bansos"),
        ("usulan_disabilitas", "PDFSK", "fisik"),
    ],
)
def test_an_answer_is_known_by_code_and_by_label(name: str, label: str, slug: str) -> None:
    found = code_book(name).meaning(label)
    assert found is not None
    assert found.slugs == (slug,)


def test_an_office_knows_its_own_numbers_better_than_any_order() -> None:
    book = code_book("dtsen2026_jenis_lantai_terluas").with_codes({"1": "Tanah", "2": "Kaca"})
    assert book.meaning("1") == Meaning(("tanah",))
    assert book.meaning("2") is None
    assert book.meaning("3") is None
    assert book.meaning("Keramik") == Meaning(("keramik",))


def test_the_table_says_whose_codes_it_holds() -> None:
    with Path(codes.__file__).with_name("codes.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert all(row["instrument"] or not row["code"] for row in rows)
    assert len({(row["list"], row["code"]) for row in rows if row["code"]}) == len(
        [row for row in rows if row["code"]]
    )


NASTY = [
    *words("0 1 2 3 4 9 -1 1.0 1,5 1.5 99 - ya Tidak TRUE L p kawin =1+1 1,8E+15 31/02/2000"),
    *words("2000-02-30 45000 RT01 12345 99999"),
    "x" * 3000,
    "\x00",
    "PDFSK; PDMTL",
    " 3 ",
    "\u202e\ud800",
]


@pytest.mark.parametrize(("form", "layout"), LAYOUTS, ids=_name)
@given(text=st.one_of(st.sampled_from(NASTY), st.text(max_size=40)))
def test_whatever_stands_in_a_column_gives_what_the_register_takes(
    form: ListFormat, layout: Layout, text: str
) -> None:
    for column in layout.columns:
        said = ready_column(column, 0, layout, from_workbook=True).read(text)
        field = field_of(column, layout.persons)
        if field is not None and said.value is not None:
            kept = parse_value(field, said.value)
            assert not isinstance(kept, ValueProblem), (form.name, column.header)
            assert kept == said.value, (form.name, column.header)
