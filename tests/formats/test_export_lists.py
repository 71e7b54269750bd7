"""Which rows the other lists have: everybody, actions, corrections, measurements, counts, maps."""

import json
from pathlib import Path

from sync.frozen import FrozenChild
from tests.builders import an_id
from tests.formats.exported import (
    a_family,
    a_member,
    a_photo_visit,
    a_village,
    a_wife,
    made,
    nik_of,
)


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
        a_member(1),
        a_wife(2),
        a_member(3, hubungan_keluarga="anak"),
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


def test_questions_that_nobody_asked_are_left_open_on_the_sheet(tmp_path: Path) -> None:
    head, *lines = made("entri", tmp_path, a_village(a_family(1))).sheet("xlsx")
    said = {row[-1] for row in lines if str(row[head.index("BAGIAN")]).startswith("Kriteria")}
    assert said == {None}
