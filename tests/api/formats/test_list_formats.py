"""Each list as an office has it, in a small file: what families and persons come of it."""

from datetime import date
from pathlib import Path

import pytest

from api.formats.lists.reading import read_lists
from sync.listed import ListedFamily, ListedGrowth, ListedMatch, ListedResult
from tests.lists.files import (
    CHILD_NIK,
    HEAD_NIK,
    JAYA_SAKTI,
    NIK,
    NO_KK,
    OTHER_KK,
    SRIKATON,
    SRIKATON_BPS,
    a_csv,
    an_xlsx,
    everything,
    families_of,
    options,
    words,
)

BDT_RUTA = words(
    "IDBDT KDPROP KDKAB KDKEC KDDESA Alamat Nama_KRT Sta_bangunan Luas_lantai Lantai Atap"
    " Sumber_penerangan Ada_tabung_gas Ada_lemari_es Ada_motor_tempel Ada_perahu_motor Ada_kapal"
    " Sta_pkh Percentile Jumah_kerbau"
)
BDT_ART = words(
    "IDBDT IDARTBDT KDPROP KDKAB KDKEC KDDESA Nama JnsKel TglLahir HubKRT NIK NoKK Hub_KRT NUK"
    " Hubkel Jenis_cacat Penyakit_kronis Sta_hamil Ijazah_tertinggi Sta_keberadaan_art"
    " namagadis_ibukandung"
)
V4 = (
    "NIK", "PROGRAM BANSOS", "NOKK", "NAMA", "TEMPAT LAHIR", "TANGGAL LAHIR\n(31/01/2000)",
    "IBU KANDUNG", "JENIS KELAMIN", "JENIS PEKERJAAN", "STATUS KAWIN", "ALAMAT", "RT", "RW",
    "PROVINSI", "KABUPATEN", "KECAMATAN", "KELURAHAN", "STATUS DISABILITAS",
    "KODE JENIS DISABILITAS", "STATUS HAMIL", "TGL MULAI HAMIL\n(31/12/2021)",
)  # fmt: skip
PLACE = ("LAMPUNG", "LAMPUNG TENGAH", "ANAK TUHA", "SRIKATON")


def test_bdt_joins_a_household_and_parts_its_families(tmp_path: Path) -> None:
    ruta = a_csv(
        tmp_path / "ruta.csv",
        BDT_RUTA,
        ["B1", 18, 5, 13, 1, "DUSUN 1", "SLAMET", 1, "45,0", 9, 2, 1, 1, 4, 2, 3, 2, 1, 12, 0],
    )
    art = a_csv(
        tmp_path / "art.csv",
        BDT_ART,
        ("B1", "A1", 18, "05", "013", "001", "SLAMET", 1, "1978-07-01", 1, HEAD_NIK, NO_KK, 1, 1,
         1, 0, 1, 0, 0, 1, "WAGINI"),
        ("B1", "A2", 18, "05", "013", "001", "BUDI", 1, "2015-06-03", 5, CHILD_NIK, OTHER_KK, 5, 2,
         1, 11, 0, 0, 5, 1, ""),
    )  # fmt: skip
    with read_lists([ruta, art], options()) as reader:
        first, second = (one for one in everything(reader) if isinstance(one, ListedFamily))
        warned = [(warning.code, warning.column) for warning in reader.warnings]

    assert (first.desa, first.list_id) == (SRIKATON, "B1")
    assert first.fields["no_kk"] == NO_KK
    assert second.fields["no_kk"] == OTHER_KK
    assert first.fields["nama_kepala_keluarga"] == "SLAMET"
    assert second.fields["nama_kepala_keluarga"] == "BUDI"
    assert first.fields["bangunan"] == second.fields["bangunan"]
    house = {
        "status_kepemilikan_rumah": "milik_sendiri",
        "luas_lantai": 45,
        "jenis_lantai_terluas": "tanah",
        "jenis_atap_terluas": "genteng",
        "aset_bergerak_tabung_gas": True,
        "aset_bergerak_lemari_es": False,
        "aset_bergerak_kapal_perahu_motor": True,
        "program": ["pkh"],
        "percentil": 12,
        "jumlah_ternak_kerbau": 0,
    }
    assert house.items() <= first.fields.items()
    # PLN with or without a meter: BDT does not tell, so nothing is stated and the code is kept.
    assert "sumber_penerangan_utama" not in first.fields
    assert first.codes["sumber_penerangan_utama"] == "1"
    assert ("no-equivalent", "Sumber_penerangan") in warned
    head, child = first.members[0], second.members[0]
    assert head.fields["ibu_kandung"] == "WAGINI"
    assert head.fields["penyakit_kronis"] == ["hipertensi"]
    assert head.fields["ijazah_tertinggi_yang_dimiliki"] == "tidak_punya_ijazah_sd"
    assert "disabilitas" not in head.fields
    assert child.fields["disabilitas"] == ["fisik", "mental"]
    assert child.fields["hubungan_keluarga"] == "kepala_keluarga"
    assert child.codes["hubungan_keluarga"] == "1"


def test_bdt_reads_areas_whose_parts_repeat_each_other(tmp_path: Path) -> None:
    ruta = a_csv(
        tmp_path / "ruta.csv",
        BDT_RUTA,
        ["B1", 18, 1805, 1805013, SRIKATON_BPS, "", "SLAMET", *[""] * 13],
    )
    art = a_csv(
        tmp_path / "art.csv",
        BDT_ART,
        ["B1", "A1", 18, 1805, 1805013, SRIKATON_BPS, "SLAMET", *[""] * 14],
    )
    assert [family.desa for family in families_of(ruta, art)] == [SRIKATON]


BNBA = words(
    "id_dtks provinsi kabupaten kecamatan desa alamat dusun rw rt nkk nik nama tgl_lahir tmp_lahir"
    " jenis_kelamin ibu_kandung shdk status tgl_kejadian noreg_kejadian kunci pkh bpnt bst"
    " bpnt_ppkm pbi"
)


@pytest.mark.parametrize("as_workbook", [False, True])
def test_bnba_gathers_persons_into_families_and_closes_the_dead(
    tmp_path: Path, as_workbook: bool
) -> None:
    alive = ["D1", *PLACE, "JL KOPI", "I", "1", "3", NO_KK, HEAD_NIK, "SLAMET", "01/07/1978",
             "METRO", "LAKI-LAKI", "WAGINI", "KEPALA KELUARGA", "aktif", "", "",
             0, 1, 1, 0, 0, 0]  # fmt: skip
    dead = ["D2", *PLACE, "JL KOPI", "I", "1", "3", NO_KK, NIK, "SITI", date(1980, 1, 10) if
            as_workbook else "10/01/1980", "METRO", "P", "TUMINAH", "ISTRI", "Meninggal",
            "2021-03-04", "1802-KM-04032021-9001", 1, 0, 0, 0, 0, 1]  # fmt: skip
    lonely = ["D3", *PLACE, "JL LADA", "I", "", "", "", "", "PARYANTO", "", "", "L", "", "", "", "",
              "", 0, 0, 0, 0, 0, 0]  # fmt: skip
    if as_workbook:
        path = an_xlsx(tmp_path / "bnba.xlsx", BNBA, alive, dead, lonely)
    else:
        path = a_csv(tmp_path / "bnba.csv", BNBA, alive, dead, lonely, separator=";")
    family, alone = families_of(path)

    expected = {"no_kk": NO_KK, "rt": "003", "rw": "001", "dusun": "I", "id_dtks": "D1"}
    assert expected.items() <= family.fields.items()
    head, wife = family.members
    assert head.fields["program"] == ["bpnt", "pkh"]
    assert (head.end, head.codes["end"]) == (None, "aktif")
    assert wife.fields["tanggal_lahir"] == "1980-01-10"
    assert wife.fields["hubungan_keluarga"] == "istri_suami"
    assert wife.end == {
        "end": "meninggal",
        "date": "2021-03-04",
        "number": "1802-KM-04032021-9001",
    }
    assert "no_kk" not in alone.fields
    assert [member.fields["nama"] for member in alone.members] == ["PARYANTO"]


def test_the_printed_prelist_begins_with_a_title_and_has_no_places(tmp_path: Path) -> None:
    header = ("NO", "NAMA KEPALA RT", "JENIS KELAMIN", "NAMA PASANGAN KEPALA RT", "ALAMAT", "NIK",
              "STATUS RUMAH TANGGA", "ALASAN TIDAK DITEMUKAN", "APAKAH MAMPU", "ADA ART BEKERJA",
              "STATUS KEDUDUKAN PEKERJAAN", "ADA ART CACAT/DISABILITAS")  # fmt: skip
    path = an_xlsx(
        tmp_path / "prelist.xlsx",
        ("DAFTAR SASARAN VERIFIKASI RUMAH TANGGA (PRELIST)",),
        (),
        header,
        (1, "SLAMET", 1, "SITI", "DUSUN 1", HEAD_NIK, 1, "", 2, 1, 1, 2),
        (2, "PARYANTO", 1, "", "DUSUN 2", 0, 2, 1, "", "", "", ""),
        sheet="Prelist",
    )
    first, second = families_of(path, area=SRIKATON)
    assert (first.desa, first.row, second.row) == (SRIKATON, 4, 5)
    assert first.fields["hasil"] == "ditemukan"
    assert first.fields["kemampuan"] == "tidak_mampu"
    assert second.fields["hasil_alasan"] == "pindah"
    head, wife = first.members
    assert head.fields["nik"] == HEAD_NIK
    assert head.fields["hubungan_keluarga"] == "kepala_keluarga"
    assert wife.fields == {"nama": "SITI", "hubungan_keluarga": "istri_suami"}
    assert len(second.members) == 1


def test_the_exported_prelist_names_its_places(tmp_path: Path) -> None:
    header = ("No", "STATUS", "ID PRELIST", "NAMA KRT", "NIK", "ALAMAT", "PROVINSI", "KABUPATEN",
              "KECAMATAN", "KELURAHAN", "STATUS RUMAH TANGGA", "ALASAN TIDAK DI TEMUKAN",
              "APAKAH MAMPU", "JENIS KELAMIN KRT", "NAMA PASANGAN KRT",
              "HASIL VERIVALI")  # fmt: skip
    path = a_csv(
        tmp_path / "ekspor.csv",
        header,
        (1, "SUBMIT", "P-9001", "SLAMET", HEAD_NIK, "DUSUN 1", *PLACE, "Ditemukan", "", "Tidak",
         "Laki-laki", "SITI", "Selesai"),
    )  # fmt: skip
    (family,) = families_of(path)
    assert (family.desa, family.list_id) == (SRIKATON, "P-9001")
    assert family.fields["kemampuan"] == "tidak_mampu"
    assert len(family.members) == 2


P3_PLACE = ("Lampung", "Lampung Tengah", "Anak Tuha", "Srikaton", SRIKATON)
P3_FAMILIES = ("No", "ID Keluarga P3KE", "Provinsi", "Kabupaten/Kota", "Kecamatan",
               "Desa/Kelurahan", "Kode Kemdagri", "Desil Kesejahteraan", "Alamat",
               "Kepala Keluarga", "NIK", "Jenis Kelamin", "Jenis Lantai", "Penerima PKH",
               "Penerima SEMBAKO", "Resiko Stunting")  # fmt: skip
P3_PERSONS = ("No", "ID Keluarga P3KE", "Provinsi", "Kabupaten/Kota", "Kecamatan",
              "Desa/Kelurahan", "Kode Kemdagri", "Desil Kesejahteraan", "Alamat", "ID Individu",
              "Nama", "NIK", "Padan Dukcapil", "Jenis Kelamin", "Hubungan dengan Kepala Keluarga",
              "Tanggal Lahir", "Status Kawin", "Pekerjaan")  # fmt: skip


def test_p3ke_comes_as_families_as_persons_or_as_both(tmp_path: Path) -> None:
    families = a_csv(
        tmp_path / "keluarga.csv",
        P3_FAMILIES,
        (1, "K1", *P3_PLACE, 1, "DUSUN 1", "SLAMET", HEAD_NIK, "Laki-laki", "Tanah", "Ya", "Tidak",
         "Ya"),
    )  # fmt: skip
    persons = a_csv(
        tmp_path / "individu.csv",
        P3_PERSONS,
        (1, "K1", *P3_PLACE, 1, "DUSUN 1", "I1", "SLAMET", HEAD_NIK, "Ya", "Laki-laki",
         "Kepala Keluarga", "1978-07-01", "Kawin", "Petani"),
        (2, "K1", *P3_PLACE, 1, "DUSUN 1", "I2", "SITI", "", "Tidak", "Perempuan", "Istri",
         "1980-01-10", "Kawin", "Ibu rumah tangga"),
    )  # fmt: skip
    (alone,) = families_of(families)
    assert alone.fields["program"] == ["pkh"]
    assert alone.fields["desil_nasional"] == 1
    assert [member.fields["nama"] for member in alone.members] == ["SLAMET"]
    (gathered,) = families_of(persons)
    assert (gathered.list_id, gathered.desa, len(gathered.members)) == ("K1", SRIKATON, 2)
    (both,) = families_of(families, persons)
    assert both.fields["jenis_lantai_terluas"] == "tanah"
    assert [member.fields["nama"] for member in both.members] == ["SLAMET", "SITI"]
    assert both.members[0].fields["padan"] == "padan"
    assert both.members[0].fields["pekerjaan"] == "petani_pekebun"
    assert "nik" not in both.members[1].fields


@pytest.mark.parametrize("header", [V4, tuple(h.replace("\n", r"\n") for h in V4)])
def test_proposals_of_several_programmes_are_one_family_and_one_person(
    tmp_path: Path, header: tuple[str, ...]
) -> None:
    row = (HEAD_NIK, "{}", NO_KK, "SLAMET", "METRO", "01/07/1978", "WAGINI", "LAKI-LAKI",
           "PETANI/PEKEBUN", "KAWIN", "DUSUN 1", "3", "1", *PLACE, "YA", "PDFSK",
           "TIDAK", "")  # fmt: skip
    for_pkh, for_bpnt = ([str(cell).format(name) for cell in row] for name in ("PKH", "BPNT"))
    pkh = an_xlsx(tmp_path / "pkh.xlsx", header, for_pkh, sheet="DATA", sheets_before=("PETUNJUK",))
    bpnt = an_xlsx(tmp_path / "bpnt.xlsx", header, for_bpnt, sheet="DATA")
    with read_lists([pkh, bpnt], options()) as reader:
        assert (reader.kind, reader.source.name) == ("proposals", "usulan_v4_2022")
        (family,) = everything(reader)
    assert isinstance(family, ListedFamily)
    assert family.fields["program_diusulkan"] == ["bpnt", "pkh"]
    assert (family.desa, family.fields["rt"]) == (SRIKATON, "003")
    (person,) = family.members
    assert person.fields["disabilitas"] == ["fisik"]
    assert person.fields["hamil"] is False
    assert person.fields["status_kawin"] == "kawin_nikah"


def test_the_proposals_of_2021_have_no_disability(tmp_path: Path) -> None:
    header = [name.replace("\n", " ") for name in V4[:17]]
    path = a_csv(
        tmp_path / "usulan.csv",
        header,
        (HEAD_NIK, "PBI", NO_KK, "SLAMET", "METRO", "01/07/1978", "WAGINI", "L",
         "TIDAK ADA DI SINI", "KAWIN", "DUSUN 1", "", "", *PLACE),
    )  # fmt: skip
    with read_lists([path], options()) as reader:
        assert reader.source.name == "usulan_2021"
        (family,) = everything(reader)
        (warning,) = reader.warnings
    assert isinstance(family, ListedFamily)
    assert family.fields["program_diusulkan"] == ["pbi"]
    assert "rt" not in family.fields
    assert "pekerjaan" not in family.members[0].fields
    assert family.members[0].codes["pekerjaan"] == "TIDAK ADA DI SINI"
    assert (warning.code, warning.column, warning.rows) == ("unknown-code", "JENIS PEKERJAAN", (2,))


def test_results_are_read_by_position_and_kept_in_the_ministrys_words(tmp_path: Path) -> None:
    path = a_csv(
        tmp_path / "hasil.csv",
        ("nama_kec", "nama_desa", "nik_usulan", "bansos", "status", "cek", "nama", "catatan"),
        ("ANAK TUHA", "SRIKATON", f"{HEAD_NIK}.0", "PKH", "Ditolak", "Padan", "SLAMET", "KK ganda"),
        ("ANAK TUHA", "JAYA SAKTI", NIK, "BST", "Diterima", "-", "SITI", ""),
        ("ANAK TUHA", "SRIKATON", "", "BST", "Diterima", "-", "SITI", ""),
    )
    with read_lists([path], options()) as reader:
        assert reader.kind == "result"
        first, second = everything(reader)
        (refused,) = reader.refused
    assert isinstance(first, ListedResult)
    assert (first.desa, first.nik, first.program) == (SRIKATON, HEAD_NIK, "pkh")
    assert (first.hasil, first.padan, first.keterangan) == ("Ditolak", "Padan", "KK ganda")
    assert isinstance(second, ListedResult)
    assert (second.desa, second.padan) == (JAYA_SAKTI, "")
    assert (refused.row, refused.reason[:10]) == (4, "NIK kosong")


def test_results_of_any_header_are_read_where_the_format_is_named(tmp_path: Path) -> None:
    path = a_csv(tmp_path / "hasil.csv", "abcdefgh", ("ANAK TUHA", "SRIKATON", NIK, *"12345"))
    with read_lists([path], options(format="hasil_usulan_csv_2022")) as reader:
        (result,) = everything(reader)
    assert isinstance(result, ListedResult)
    assert (result.nik, result.keterangan, result.codes) == (NIK, "5", {"program": "1"})


def test_a_list_is_found_behind_the_cover_of_its_workbook(tmp_path: Path) -> None:
    path = an_xlsx(
        tmp_path / "desil.xlsx",
        ("No KK", "NIK", "Desil"),
        (NO_KK, HEAD_NIK, 2),
        sheet="Hasil",
        sheets_before=("Sampul", "Petunjuk"),
    )
    (family,) = families_of(path, area=SRIKATON)
    assert family.fields["desil_nasional"] == 2


def test_dukcapil_says_who_bears_a_number_and_of_which_it_knows_nothing(tmp_path: Path) -> None:
    path = an_xlsx(
        tmp_path / "padan.xlsx",
        ("NIK", "NO_KK", "NAMA_LGKP", "TGL_LHR", "JENIS_KLMIN", "STAT_HBKEL", "NO_RT", "KEL_NAME",
         "RESPON"),
        (HEAD_NIK, NO_KK, "SLAMET", "01-07-1978", "Laki-Laki", "KEPALA KELUARGA", 3, "SRIKATON",
         ""),
        (NIK, "", "", "", "", "", "", "", "Data Tidak Ditemukan"),
    )  # fmt: skip
    with read_lists([path], options()) as reader:
        assert reader.kind == "match"
        known, unknown = everything(reader)
    assert isinstance(known, ListedMatch)
    assert isinstance(unknown, ListedMatch)
    assert (known.nik, known.padan, known.desa) == (HEAD_NIK, "padan", "")
    assert known.fields["tanggal_lahir"] == "1978-07-01"
    assert known.fields["no_kk"] == NO_KK
    assert known.fields["rt_ktp"] == "3"
    assert (unknown.nik, unknown.padan) == (NIK, "Data Tidak Ditemukan")


def test_e_ppgbm_gives_measurements_of_children(tmp_path: Path) -> None:
    path = a_csv(
        tmp_path / "eppgbm.csv",
        ("NIK", "Nama", "JK", "Tgl Lahir", "Nama Ortu", "Prov", "Kab/Kota", "Kec", "Pukesmas",
         "Desa/Kel", "Tanggal Pengukuran", "Berat", "Tinggi", "Cara Ukur", "LiLA", "ZS TB/U"),
        ("0", "BUDI", "L", "2024-06-03", "SITI / SLAMET", *PLACE[:3], "HAJI PEMANGGILAN",
         "SRIKATON", "2026-08-12", "10,4", "82.5", "Terlentang", "", "-2,1"),
        (CHILD_NIK, "ANI", "P", "2025-01-03", "SITI", *PLACE[:3], "-", "SRIKATON", "2026-08-12",
         "", "", "Berdiri", "", ""),
    )  # fmt: skip
    with read_lists([path], options()) as reader:
        assert reader.kind == "growth"
        (growth,) = everything(reader)
        (refused,) = reader.refused
    assert isinstance(growth, ListedGrowth)
    assert growth.fields == {
        "tanggal": "2026-08-12",
        "berat_kg": 10.4,
        "tinggi_cm": 82.5,
        "cara_ukur": "terlentang",
    }
    assert growth.person == {
        "nama": "BUDI",
        "jenis_kelamin": "laki_laki",
        "tanggal_lahir": "2024-06-03",
        "nama_orang_tua": "SITI / SLAMET",
    }
    assert (growth.desa, refused.row) == (SRIKATON, 3)


def test_rows_about_nobody_are_refused_with_what_they_lack(tmp_path: Path) -> None:
    growth = a_csv(
        tmp_path / "eppgbm.csv",
        ("NIK", "Nama", "Kab/Kota", "Kec", "Desa/Kel", "Tanggal Pengukuran", "Berat", "Tinggi"),
        ("", "", "LAMPUNG TENGAH", "ANAK TUHA", "SRIKATON", "2026-08-12", "10", "80"),
    )
    answers = a_csv(
        tmp_path / "padan.csv", ("NIK", "NAMA_LGKP", "JENIS_KLMIN"), ("0", "SLAMET", "L")
    )
    for path, column in ((growth, "nama maupun NIK"), (answers, "NIK kosong")):
        with read_lists([path], options()) as reader:
            assert everything(reader) == []
            assert reader.refused_count == 1
            assert column in next(reader.refused).reason


def test_the_ranking_says_tenths_of_known_families(tmp_path: Path) -> None:
    path = an_xlsx(
        tmp_path / "desil.xlsx",
        ("No.", "No KK", "NIK", "Nama", "Desil"),
        (1, NO_KK, HEAD_NIK, "SLAMET", 2),
        (2, OTHER_KK, NIK, "SITI", "4+"),
    )
    with read_lists([path], options(area=SRIKATON)) as reader:
        assert reader.source.only_known
        first, second = everything(reader)
        codes = {warning.code: warning.column for warning in reader.warnings}
    assert isinstance(first, ListedFamily)
    assert isinstance(second, ListedFamily)
    assert first.fields == {"no_kk": NO_KK, "desil_nasional": 2}
    assert second.fields == {"no_kk": OTHER_KK}
    assert codes["bad-number"] == "Desil"
    assert "extra-column" in codes
