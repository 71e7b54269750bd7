"""Which rows a file has: the rules of the upload, of the lists, and of what is left out."""

import json
from pathlib import Path

import pytest

from sync.frozen import FrozenChild, FrozenMember
from tests.builders import an_id
from tests.formats.exported import (
    NO_KK,
    a_family,
    a_member,
    a_photo_visit,
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


def test_the_musyawarah_has_the_last_word_about_means(tmp_path: Path) -> None:
    family = a_family(
        1, a_member(1, listed=True), listed=True, program_diusulkan=["pkh"], kemampuan="mampu",
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


# The other lists -----------------------------------------------------------------------------


def test_the_bnba_holds_everybody_with_what_became_of_them(tmp_path: Path) -> None:
    dead = a_member(2, end={"end": "meninggal", "date": "2026-10-03", "number": "474.3/12"})
    moved = a_member(3, keberadaan="pindah_wilayah", hubungan_keluarga="anak")
    family = a_family(1, a_member(1, pbi_nas=True), dead, moved, program=["pkh"])
    files = made("bnba", tmp_path, a_village(family))
    assert files.column("status") == ["AKTIF", "MENINGGAL", "PINDAH"]
    assert files.column("tgl_kejadian") == [None, "03/10/2026", None]
    assert files.column("noreg_kejadian") == [None, "474.3/12", None]
    assert files.column("pkh") == ["1", "1", "1"]
    assert files.column("pbi") == ["1", "0", "0"]


def test_actions_name_date_number_target_twin_and_reason(tmp_path: Path) -> None:
    village = a_village(
        a_family(1, end={"end": "pindah", "date": "2026-11-02", "target": "Pubian"}),
        a_family(2, hasil="data_ganda", hasil_kembaran=an_id(1)),
        a_family(3, kemampuan="mampu"),
        a_family(4, decision={"decision": "tidak_layak", "reason": "ASN"}),
        a_family(5, a_member(5, end={"end": "meninggal", "date": "2026-10-01", "number": "9"})),
        a_family(6, a_member(6, keberadaan="pindah_luar_negeri")),
        a_family(7),
    )
    files = made("tindakan", tmp_path, village)
    head, *rows = files.sheet()
    told = [[row[head.index(name)] for name in
             ("TINDAKAN", "BERLAKU UNTUK", "TANGGAL", "NOMOR", "TUJUAN", "KEMBARAN", "ALASAN")]
            for row in rows]  # fmt: skip
    assert told == [
        ["PINDAH", "KELUARGA", "02/11/2026", None, "Pubian", None, None],
        ["GANDA", "KELUARGA", None, None, None, "Kepala 1", None],
        ["TIDAK LAYAK", "KELUARGA", None, None, None, None, "Sudah mampu"],
        ["TIDAK LAYAK", "KELUARGA", None, None, None, None, "ASN"],
        ["MENINGGAL", "ANGGOTA", "01/10/2026", "9", None, None, None],
        ["PINDAH", "ANGGOTA", None, None, "ke luar negeri", None, None],
    ]
    assert files.codes() == ["tanggal-kejadian"]


def test_corrections_show_the_lists_number_beside_the_new_one(tmp_path: Path) -> None:
    person = a_member(
        1, listed=True, nama="Siti Aminah", nik=nik_of(1),
        was={"nik": "1802210000000001", "nama": "Siti Amina"},
    )  # fmt: skip
    files = made("perbaikan", tmp_path, a_village(a_family(1, person, listed=True), a_family(2)))
    head, *rows = files.sheet()
    first = dict(zip(head, rows[0], strict=True))
    assert first["nik"] == "1802210000000001"
    assert first["nik_perbaikan"] == nik_of(1)
    assert first["cek_update"] == "SUDAH"
    assert "nama: Siti Amina → Siti Aminah" in first["ket_verivali"]
    assert "1802210000000001" not in first["ket_verivali"]


def test_measurements_are_eppgbms_rows_with_the_age_in_its_words(tmp_path: Path) -> None:
    measured = FrozenChild(
        an_id(31),
        {"tanggal": "2026-11-05", "berat_kg": 11.2, "tinggi_cm": 85.0, "cara_ukur": "berdiri"},
    )
    child = a_member(1, tanggal_lahir="2024-08-01", measurements=(measured,))
    files = made("eppgbm", tmp_path, a_village(a_family(1, child)))
    head, row = files.sheet()
    told = dict(zip(head, row, strict=True))
    assert told["Usia Saat Ukur"] == "2 Tahun - 3 Bulan - 4 Hari"
    assert (told["Berat"], told["Tinggi"], told["Cara Ukur"]) == ("11.2", "85", "Berdiri")
    assert "Pukesmas" in head
    assert told["ZS TB/U"] is None


def test_agencies_are_told_the_eligible_families_that_they_have_not_reached(
    tmp_path: Path,
) -> None:
    village = a_village(
        a_family(1, program=["pkh", "bpnt"]),
        a_family(2, a_member(2, pbi_nas=True), program=["bpnt"], desil_nasional=4),
        a_family(3, desil_nasional=5),
        a_family(4, kemampuan="mampu"),
    )
    files = made("opd", tmp_path, village)
    assert files.column("KEPALA KELUARGA", "-pkh-") == ["KEPALA 2"]
    assert files.column("BELUM MENERIMA", "-pbi-") == [1]
    assert not any("-bpnt-" in name for name in files.names)


def test_the_recapitulation_counts_each_family_once_and_adds_up_a_kecamatan(
    tmp_path: Path,
) -> None:
    one = a_village(
        a_family(1, program_diusulkan=["pkh"], listed=True),
        a_family(2, hasil="tidak_ditemukan", hasil_alasan="meninggal"),
        a_family(3, hasil=None, kemampuan=None),
    )
    two = a_village(a_family(4, hasil="usulan_baru"), desa="1802212002", name="Contoh Dua")
    files = made("rekap-bupati", tmp_path, one, two)
    head, *rows, last = files.sheet()
    named = [dict(zip(head, row, strict=True)) for row in (*rows, last)]
    assert [row["KELUARGA"] for row in named] == [3, 1, 4]
    assert [row["MENINGGAL"] for row in named] == [1, 0, 1]
    assert [row["USULAN BARU"] for row in named] == [0, 1, 1]
    assert last[0] == "JUMLAH"
    for row in named:
        outcomes = ("DITEMUKAN", "TIDAK DITEMUKAN", "PINDAH", "MENINGGAL", "GANDA", "USULAN BARU",
                    "MENOLAK", "BELUM ADA HASIL")  # fmt: skip
        assert sum(row[name] for name in outcomes) == row["KELUARGA"]


def test_the_pair_of_dtsen_holds_who_is_there_with_the_offices_codes(tmp_path: Path) -> None:
    village = a_village(
        a_family(1, a_member(1), a_member(2, keberadaan="meninggal")),
        a_family(2, a_member(3), end={"end": "pindah", "date": "2026-11-01"}),
    )
    files = made("dtsen-pembaruan", tmp_path, village)
    head, *families = files.lines("dtsen-keluarga")
    (family,) = [dict(zip(head, row, strict=True)) for row in families]
    assert family["kode_kelurahan_desa"] == "1805013001"
    assert family["jumlah_anggota_keluarga"] == "1"
    members = files.lines("dtsen-anggota")[1:]
    assert [row[0] for row in members] == [nik_of(1)]


def test_an_entry_sheet_follows_the_web_form_and_names_the_photos(tmp_path: Path) -> None:
    family = a_family(
        1,
        *a_household(),
        visits=(a_photo_visit(7, "ktp", "rumah"),),
        kriteria=["khawatir_tidak_makan"],
    )
    files = made("entri", tmp_path, a_village(family))
    head, *lines = files.sheet("xlsx")
    told = [(row[head.index("BAGIAN")], row[head.index("ISIAN")], row[-1]) for row in lines]
    assert [part for part, *_ in dict.fromkeys((part,) for part, *_ in told)] == [
        "Identitas 1", "Identitas 2", "Identitas 3", "Alamat",
        "Kriteria (Kepmensos 262/HUK/2022)", "Foto", "Titik lokasi",
    ]  # fmt: skip
    assert [question for part, question, _ in told if part == "Identitas 1"][:4] == [
        "NIK", "Nomor KK", "Nama", "Tempat lahir",
    ]  # fmt: skip
    answers = {question: answer for part, question, answer in told if part.startswith("Kriteria")}
    assert len(answers) == 10
    assert answers["Khawatir/pernah tidak makan dalam setahun"] == "YA"
    photos = {question: answer for part, question, answer in told if part == "Foto"}
    assert photos["KTP"] == "ktp-0000000000000000.jpg"
    assert photos["Dapur"] is None
    page = files.path("html").read_text()
    assert page.count("<section>") == 1
    assert "ktp-0000000000000000.jpg" in page


def test_a_map_has_points_with_their_accuracy_and_nobodys_name(tmp_path: Path) -> None:
    village = a_village(
        a_family(1, lintang=-5.1, bujur=105.2, akurasi_m=8.5), a_family(2, lintang=None)
    )
    text = made("geojson", tmp_path, village).path().read_text()
    (feature,) = json.loads(text)["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [105.2, -5.1]}
    assert feature["properties"]["akurasi_m"] == 8.5
    assert "Kepala" not in text
    assert nik_of(1) not in text
