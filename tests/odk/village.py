"""A family on a phone: entity lists as the server serves them, and answers that somebody gives."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Final

from tests.odk.javarosa import Answer

FAMILY: Final = "5c0c5f0e-6a55-4f0b-9f6a-3d6c1b8e0a01"
OTHER: Final = "5c0c5f0e-6a55-4f0b-9f6a-3d6c1b8e0a02"
HEAD: Final = "5c0c5f0e-6a55-4f0b-9f6a-3d6c1b8e0a11"
CHILD: Final = "5c0c5f0e-6a55-4f0b-9f6a-3d6c1b8e0a12"

HOUSE: Final[Mapping[str, str]] = {
    "nama_kepala_keluarga": "SITI CONTOH",
    "no_kk": "1802212101100003",
    "alamat": "Jalan Contoh 3",
    "dusun": "Dusun I",
    "rt": "003",
    "rw": "001",
    "kemampuan": "tidak_mampu",
    "pendapatan": "kurang_1_juta",
    "status_kepemilikan_rumah": "milik_sendiri",
    "luas_lantai": "36",
    "jenis_lantai_terluas": "tanah",
    "jenis_dinding_terluas": "bambu",
    "jenis_atap_terluas": "seng",
    "sumber_air_minum_utama": "sumur_bor",
    "bahan_bakar_utama_memasak": "kayu_bakar",
    "sumber_penerangan_utama": "listrik_pln_dengan_meteran",
    "daya_terpasang": "450_watt",
    "id_pelanggan_pln": "123456789012",
    "fasilitas_bab": "ada_hanya_keluarga_sendiri",
    "jenis_kloset": "leher_angsa",
    "pembuangan_akhir_tinja": "tangki_septik",
    "aset_bergerak_tabung_gas": "tidak",
    "aset_bergerak_sepeda_motor": "ya",
    "aset_bergerak_smartphone": "ya",
    "jumlah_ternak_sapi": "0",
    "jumlah_ternak_kambing_domba": "2",
    "program": "pkh",
    "program_diusulkan": "",
    "kriteria": "lantai_tanah_plesteran",
    "telepon": "",
    "perlu_perbaikan": "",
    "hasil": "ditemukan",
}
WOMAN: Final[Mapping[str, str]] = {
    "keluarga": FAMILY,
    "nama": "SITI CONTOH",
    "nik": "1802216505900001",
    "tempat_lahir": "Metro",
    "tanggal_lahir": "1990-05-25",
    "jenis_kelamin": "perempuan",
    "ibu_kandung": "AMINAH CONTOH",
    "hubungan_keluarga": "kepala_keluarga",
    "status_kawin": "kawin_nikah",
    "partisipasi_sekolah": "tidak_bersekolah_lagi",
    "jenjang_tertinggi_yang_diduduki": "smp",
    "kelas_tertinggi_yang_diduduki": "8",
    "ijazah_tertinggi_yang_dimiliki": "smp",
    "status_bekerja": "ya",
    "pekerjaan": "petani_pekebun",
    "lapangan_usaha_dari_pekerjaan_utama": "pertanian_tanaman_pangan",
    "status_dalam_pekerjaan_utama": "berusaha_sendiri",
    "kepemilikan_usaha": "tidak",
    "hamil": "tidak",
    "disabilitas": "",
    "penglihatan": "sedikit_kesulitan",
    "pendengaran": "tidak_mengalami_kesulitan",
    "kesedihan_depresi": "tidak_pernah",
    "penyakit_kronis": "tidak_ada",
    "program": "",
    "keberadaan": "tinggal_bersama_keluarga",
}
TODDLER: Final[Mapping[str, str]] = {
    "keluarga": FAMILY,
    "nama": "RANI CONTOH",
    "nik": "",
    "tanggal_lahir": "2024-06-10",
    "jenis_kelamin": "perempuan",
    "hubungan_keluarga": "anak",
    "disabilitas": "",
    "penyakit_kronis": "tidak_ada",
    "kondisi_gizi": "tidak_tahu",
    "program": "",
    "keberadaan": "tinggal_bersama_keluarga",
}

Rows = Sequence[tuple[str, str, int, Mapping[str, str]]]
"""Id, label, version, properties."""


def list_csv(properties: Sequence[str], rows: Rows) -> str:
    """An entity list as it is served: every property of the form, whether or not it has a value."""
    out = io.StringIO()
    columns = ["name", "label", "__version", *properties]
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for name, label, version, row in rows:
        writer.writerow({"name": name, "label": label, "__version": version, **row})
    return out.getvalue()


FAMILIES: Final[Rows] = (
    (FAMILY, "SITI CONTOH", 3, HOUSE),
    (OTHER, "BUDI CONTOH", 5, {"nama_kepala_keluarga": "BUDI CONTOH", "rt": "003", "rw": "001"}),
)
MEMBERS: Final[Rows] = (
    (HEAD, "SITI CONTOH", 3, WOMAN),
    (CHILD, "RANI CONTOH", 3, TODDLER),
    (
        "5c0c5f0e-6a55-4f0b-9f6a-3d6c1b8e0a21",
        "BUDI CONTOH",
        5,
        {"keluarga": OTHER, "nama": "BUDI CONTOH"},
    ),
)

RTS: Final = (
    b"name,label,desa,rt,periode,keluarga,belum,dinyatakan\n"
    b'1802212001:003/001,"RT 003/001: 41 keluarga, 3 belum ada hasil",1802212001,003/001,'
    b"2026-11,41,3,\n"
    b'1802212001:004/001,"RT 004/001: 12 keluarga, 0 belum ada hasil",1802212001,004/001,'
    b"2026-11,12,0,2026-11-20\n"
)
"""The list of a collector's own RTs, of which two are his."""

NOTHING_WRONG: Final[Mapping[str, Answer]] = {
    "keluarga": FAMILY,
    "hasil_kunjungan": "selesai",
    "perbaikan_keluarga": ["tidak_ada"],
    "daftar_anggota[1]/keberadaan_sekarang": "tinggal_bersama_keluarga",
    "daftar_anggota[1]/perbaikan_anggota": ["tidak_ada"],
    "daftar_anggota[2]/keberadaan_sekarang": "tinggal_bersama_keluarga",
    "daftar_anggota[2]/perbaikan_anggota": ["tidak_ada"],
}
"""A visit that finds everything as the list has it."""
