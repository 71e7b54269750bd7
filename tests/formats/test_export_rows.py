"""Which rows a file has: the rules of the upload, and what is left out of it."""

from pathlib import Path

import pytest

from sync.frozen import FrozenMember
from tests.builders import an_id
from tests.formats.exported import (
    NO_KK,
    a_family,
    a_member,
    a_village,
    a_wife,
    made,
    nik_of,
)


def a_household(**fields: object) -> tuple[FrozenMember, ...]:
    """Head, wife and child of one household."""
    child = a_member(3, hubungan_keluarga="anak", tanggal_lahir="2015-01-01", **fields)
    return a_member(1, **fields), a_wife(2, **fields), child


# Usulan --------------------------------------------------------------------------------------


def test_one_workbook_for_each_programme_named_after_it(tmp_path: Path) -> None:
    village = a_village(
        a_family(1, listed=True, program_diusulkan=["pbi", "pkh"]),
        a_family(2, *a_household(), program_diusulkan=["bpnt"]),
    )
    assert made("usulan-v4", tmp_path, village).names == [
        "usulan-v4-bpnt-1802212001-contoh-satu-2026-11.xlsx",
        "usulan-v4-non-bansos-1802212001-contoh-satu-2026-11.xlsx",
        "usulan-v4-pbi-1802212001-contoh-satu-2026-11.xlsx",
        "usulan-v4-pkh-1802212001-contoh-satu-2026-11.xlsx",
    ]


def test_for_pkh_and_bpnt_only_the_pengurus_is_proposed_the_wife_first(tmp_path: Path) -> None:
    family = a_family(1, *a_household(listed=True), listed=True, program_diusulkan=["pkh"])
    files = made("usulan-v4", tmp_path, a_village(family))
    assert files.column("NIK") == [nik_of(2)]


def test_a_card_gets_one_programme_and_the_report_names_the_other(tmp_path: Path) -> None:
    family = a_family(1, a_member(1, listed=True), listed=True, program_diusulkan=["bpnt", "pkh"])
    files = made("usulan-v4", tmp_path, a_village(family))
    assert files.column("PROGRAM BANSOS") == ["PKH"]
    (problem,) = files.production.problems
    assert (problem.code, problem.blocks) == ("satu-program", False)
    assert "BPNT" in problem.message


def test_a_programme_that_the_card_has_already_is_not_proposed_again(tmp_path: Path) -> None:
    family = a_family(
        1, a_member(1, listed=True), listed=True,
        program=["pkh"], program_diusulkan=["bpnt", "pkh"],
    )  # fmt: skip
    assert made("usulan-v4", tmp_path, a_village(family)).column("PROGRAM BANSOS") == ["BPNT"]


def test_pbi_is_for_each_person_who_is_not_insured_yet(tmp_path: Path) -> None:
    family = a_family(
        1,
        a_member(1, listed=True, pbi_nas=True),
        a_wife(2, listed=True, program=["pbi"]),
        a_member(3, listed=True, hubungan_keluarga="anak"),
        listed=True,
        program_diusulkan=["pbi"],
    )
    assert made("usulan-v4", tmp_path, a_village(family)).column("NIK") == [nik_of(3)]


def test_a_new_household_lists_all_of_its_members(tmp_path: Path) -> None:
    family = a_family(1, *a_household(), hasil="usulan_baru", program_diusulkan=["pkh"])
    files = made("usulan-v4", tmp_path, a_village(family))
    assert files.column("NIK", "-pkh-") == [nik_of(2)]
    assert files.column("NIK", "-non-bansos-") == [nik_of(1), nik_of(3)]


def test_a_known_household_lists_only_who_is_missing_there(tmp_path: Path) -> None:
    newborn = a_member(4, hubungan_keluarga="anak", tanggal_lahir="2026-10-01")
    family = a_family(1, *a_household(listed=True), newborn, listed=True)
    files = made("usulan-v4", tmp_path, a_village(family))
    assert files.column("NIK") == [nik_of(4)]
    assert files.column("PROGRAM BANSOS") == ["NON BANSOS"]


@pytest.mark.parametrize(
    "why",
    [
        {"hasil": "tidak_ditemukan", "hasil_alasan": "pindah"},
        {"hasil": "data_ganda", "hasil_kembaran": an_id(9)},
        {"kemampuan": "mampu"},
        {"alasan_tidak_layak": "asn_tni_polri"},
        {"decision": {"decision": "tidak_layak", "reason": "punya mobil"}},
        {"decision": {"decision": "ditunda", "reason": "belum hadir"}},
        {"end": {"end": "pindah", "date": "2026-11-02"}},
    ],
)
def test_who_is_not_there_or_not_in_need_is_not_proposed(
    tmp_path: Path, why: dict[str, object]
) -> None:
    family = a_family(1, program_diusulkan=["pkh", "pbi"], **why)
    assert made("usulan-v4", tmp_path, a_village(family)).names == []


@pytest.mark.parametrize("doubt", [{"kemampuan": "mampu"}, {"alasan_tidak_layak": "asn_tni_polri"}])
def test_the_musyawarah_has_the_last_word(tmp_path: Path, doubt: dict[str, object]) -> None:
    family = a_family(
        1, a_member(1, listed=True), listed=True, program_diusulkan=["pkh"], **doubt,
        decision={"decision": "layak"},
    )  # fmt: skip
    assert len(made("usulan-v4", tmp_path, a_village(family)).column("NIK")) == 1


def test_the_dead_and_those_who_left_are_proposed_for_nothing(tmp_path: Path) -> None:
    family = a_family(
        1,
        a_member(1, listed=True, end={"end": "meninggal", "date": "2026-10-01"}),
        a_wife(2, listed=True, keberadaan="pindah_luar_negeri"),
        a_member(3, listed=True, hubungan_keluarga="anak"),
        listed=True,
        program_diusulkan=["pbi"],
    )
    assert made("usulan-v4", tmp_path, a_village(family)).column("NIK") == [nik_of(3)]


def test_disability_and_pregnancy_follow_the_template(tmp_path: Path) -> None:
    family = a_family(
        1,
        a_member(1, hamil=None),
        a_wife(2, hamil=True, tanggal_mulai_hamil="2026-06-30", disabilitas=["sensorik", "fisik"]),
        a_wife(3, hubungan_keluarga="anak", hamil=False),
        a_wife(4, hubungan_keluarga="anak"),
        program_diusulkan=["pbi"],
    )
    files = made("usulan-v4", tmp_path, a_village(family))
    head, *rows = files.sheet("-pbi-")
    told = [row[head.index("STATUS DISABILITAS") :] for row in rows]
    assert told == [
        ["TIDAK", None, None, None],
        ["YA", "PDFSK", "YA", "30/06/2026"],
        ["TIDAK", None, "TIDAK", None],
        ["TIDAK", None, None, None],
    ]


def test_a_row_is_written_as_the_template_wants_it(tmp_path: Path) -> None:
    person = a_member(1, listed=True, nama="  Siti  Aminah ", nik="1102216505900001")
    family = a_family(1, person, listed=True, no_kk=NO_KK, program_diusulkan=["bpnt"])
    (row,) = made("usulan-v4", tmp_path, a_village(family)).sheet()[1:]
    assert row[:17] == [
        "1102216505900001", "BPNT", NO_KK, "SITI AMINAH", "METRO", "25/05/1990", "IBU CONTOH",
        "LAKI-LAKI", "PETANI/PEKEBUN", "KAWIN/NIKAH", "DUSUN 1", "003", "001",
        "LAMPUNG", "LAMPUNG TENGAH", "ANAK TUHA", "CONTOH SATU",
    ]  # fmt: skip


def test_villages_of_a_kecamatan_share_its_file(tmp_path: Path) -> None:
    one = a_village(a_family(1, program_diusulkan=["pkh"], listed=True))
    two = a_village(
        a_family(2, program_diusulkan=["pkh"], listed=True), desa="1802212002", name="Contoh Dua"
    )
    files = made("usulan-v4", tmp_path, one, two)
    assert "usulan-v4-pkh-180221-anak-tuha-2026-11.xlsx" in files.names
    assert files.column("KELURAHAN", "-pkh-") == ["CONTOH SATU", "CONTOH DUA"]
    assert {desa: [row.n for row in rows] for desa, rows in files.answers.items()} == {
        "1802212001": [1], "1802212002": [1],
    }  # fmt: skip


# What is left out ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "code", "field"),
    [
        ({"twin_open": True}, "kembar-terbuka", "nik"),
        ({"nik": "18022165059000"}, "nik-length", "nik"),
        ({"nik": None}, "nik-kosong", "nik"),
        ({"nik": None, "nik_alasan": "belum punya KTP"}, "kosong", "NIK"),
        ({"nama": None}, "kosong", "NAMA"),
        ({"tanggal_lahir": None}, "kosong", "TANGGAL LAHIR (31/01/2000)"),
    ],
)
def test_a_row_with_a_blocking_problem_is_left_out_and_named(
    tmp_path: Path, person: dict[str, object], code: str, field: str
) -> None:
    family = a_family(
        1, a_wife(1, listed=True, **person), a_wife(2, listed=True, hubungan_keluarga="anak"),
        listed=True, program_diusulkan=["pbi"],
    )  # fmt: skip
    files = made("usulan-v4", tmp_path, a_village(family))
    assert files.column("NIK") == [nik_of(2)]
    (problem,) = [one for one in files.production.problems if one.blocks]
    assert (problem.code, problem.field, problem.rt) == (code, field, "003/001")
    assert (problem.keluarga, problem.record) == (an_id(1), an_id(10_001))
    assert problem.message
    assert problem.fix
    (tally,) = files.production.tallies
    assert (tally.candidates, tally.written, tally.blocked) == (2, 1, 1)


def test_a_household_without_anybody_to_answer_for_it_is_named(tmp_path: Path) -> None:
    boy = a_member(1, listed=True, hubungan_keluarga="anak", tanggal_lahir="2015-01-01")
    family = a_family(1, boy, listed=True, program_diusulkan=["pkh"])
    files = made("usulan-v4", tmp_path, a_village(family))
    assert files.names == []
    assert files.codes() == ["tanpa-pengurus"]


def test_nobody_stands_twice_in_the_file_of_a_programme(tmp_path: Path) -> None:
    families = [
        a_family(n, a_member(7, listed=True), listed=True, program_diusulkan=["pkh"])
        for n in (1, 2)
    ]
    files = made("usulan-v4", tmp_path, a_village(*families))
    assert len(files.column("NIK")) == 1
    assert files.codes() == ["nik-ganda"]


def test_a_report_repeats_no_number(tmp_path: Path) -> None:
    family = a_family(1, a_member(1, nik="1802216505"), no_kk="99", program_diusulkan=["pbi"])
    files = made("usulan-v4", tmp_path, a_village(family))
    told = str([one.as_json() for one in files.production.problems])
    assert files.production.left_out == 2
    assert "1802216505" not in told


def test_a_name_with_signs_is_only_warned_about(tmp_path: Path) -> None:
    family = a_family(1, a_member(1, listed=True, nama="H. Ma'ruf, S.Pd"), listed=True,
                      program_diusulkan=["pkh"])  # fmt: skip
    files = made("usulan-v4", tmp_path, a_village(family))
    assert files.column("NAMA") == ["H. MA'RUF, S.PD"]
    assert files.codes() == ["nama-tanda-baca"]
