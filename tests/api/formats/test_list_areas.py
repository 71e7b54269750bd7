"""In which village a row is: by code, by name where the code is missing, never by guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.demonstration import wilayah as demonstration
from api.formats.lists.areas import Area, AreaBook, Names, Numbering, code_key, name_key
from tests.lists.files import SRIKATON, SRIKATON_BPS, a_book

VILLAGES = [one for one in demonstration.areas() if len(one.kode) == 10]
NOWHERE = Names()


@given(area=st.sampled_from(VILLAGES), dress=st.sampled_from(["{}", "{}.0", " {} ", "'{}"]))
def test_every_village_is_found_by_either_code(area: demonstration.Area, dress: str) -> None:
    kode, bps = area.kode, area.kode_bps
    dotted = f"{kode[:2]}.{kode[2:4]}.{kode[4:6]}.{kode[6:]}"
    book = a_book()
    assert book.village(dress.format(bps), NOWHERE, "bps") == kode
    assert book.village(dress.format(kode), NOWHERE, "kemendagri") == kode
    assert book.village(dotted, NOWHERE, "kemendagri") == kode


def test_a_code_that_nobody_has_is_not_replaced_by_a_name() -> None:
    names = Names("Lampung Tengah", "Anak Tuha", "Srikaton")
    assert a_book().village("1805999999", names, "bps") is None


@pytest.mark.parametrize(
    ("kecamatan", "desa", "village"),
    [
        ("ANAK TUHA", "SRIKATON", SRIKATON),
        ("Kec. Anak Tuha", "Kampung Sri Katon", SRIKATON),
        ("PUBIAN", "NEGRI RATU", "1802192005"),
        ("BUMI RATU NUBAN", "Tulang Kakan", "1802142010"),
        ("", "SRIKATON", None),
        ("PUBIAN", "SRIKATON", None),
        ("ANAK TUHA", "", None),
        ("ANAK TUHA", "Sri Katong", None),
    ],
)
def test_a_name_counts_inside_its_kecamatan(kecamatan: str, desa: str, village: str | None) -> None:
    assert a_book().village("", Names("", kecamatan, desa), "bps") == village


def test_a_name_in_another_kabupaten_is_another_village() -> None:
    book = a_book()
    assert book.village("-", Names("LAMPUNG BARAT", "ANAK TUHA", "SRIKATON"), "bps") is None
    assert (
        book.village("0", Names("KAB. LAMPUNG TENGAH", "ANAK TUHA", "SRIKATON"), "bps") == SRIKATON
    )


def test_two_villages_of_one_name_in_a_kecamatan_are_not_chosen_between() -> None:
    book = AreaBook.of(
        [
            Area("180221", "Anak Tuha"),
            Area("1802212001", "Bumi Jaya"),
            Area("1802212002", "Bumi Aji", nama_lain="Bumi Jaya"),
        ]
    )
    assert book.village("", Names("", "Anak Tuha", "Bumi Jaya"), "either") is None
    assert book.village("", Names("", "Anak Tuha", "Bumi Aji"), "either") == "1802212002"


@pytest.mark.parametrize(
    ("numbering", "name", "village"),
    [
        ("bps", "", "1802212001"),
        ("kemendagri", "", "1805011003"),
        ("either", "", None),
        ("either", "Tiuh", "1805011003"),
        ("either", "Srikaton", "1802212001"),
    ],
)
def test_a_code_of_both_numberings_is_read_by_the_one_that_the_list_follows(
    numbering: Numbering, name: str, village: str | None
) -> None:
    book = AreaBook.of(
        [Area("1802212001", "Srikaton", "1805011003"), Area("1805011003", "Tiuh", "1808011003")]
    )
    assert book.village("1805011003", Names("", "", name), numbering) == village


def test_a_code_of_the_other_numbering_needs_the_name_beside_it() -> None:
    book = a_book()
    assert book.village(SRIKATON, NOWHERE, "bps") is None
    assert book.village(SRIKATON, Names("", "", "SRIKATON"), "bps") == SRIKATON
    assert book.village(SRIKATON_BPS, Names("", "", "Bukan"), "kemendagri") is None


def test_codes_and_names_are_compared_without_what_lists_put_around_them() -> None:
    assert code_key(" 18.02.21.2001 ") == code_key("1802212001.0") == "1802212001"
    assert code_key("abc") == code_key("000") == ""
    assert name_key("KAMPUNG  Sri-Katon") == name_key("srikaton")
    assert name_key("Desa") == "desa"
