"""Which field merges how: the one table of every field that the register accepts.

A row says the field's name, the group it is merged with, the group's class, the type of its
value, the code list of its answers and how sensitive it is. The rows are the protocol's: a copy
of the normative table lies under `tests/sync/data/fields.csv` and a test compares cell by cell.
Whatever is not here is `unknown-field`. The server's manifest hands this table to every client.

*The unit of the merge is the group, not the column*: a latrine without the drain that was seen
with it would be a house that nobody saw, so `fasilitas_bab`, `jenis_kloset` and
`pembuangan_akhir_tinja` stand or fall together.

The classes, by what happens when two people write without knowing of each other:

=============  =================================================================================
identity       a person is asked; the value that came first stays until then
measurement    the later day of observation wins, if the days differ and both clocks are trusted
set            elements are added and removed; who adds wins against who removes
monotone       a value of `ABSORBING` wins; the way back needs a reviewer
append         never changes after its record was created, so it never conflicts
server         only lists and the office write it; from a phone it is refused
=============  =================================================================================

The pseudo groups `end` and `parent` belong to the merge, not to this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

SCHEMA_VERSION: Final = 1
"""Rises whenever a row below changes; a phone says in each batch which one it speaks."""

Sensitivity: TypeAlias = Literal["", "person", "specific"]
"""`person`: tells who somebody is. `specific`: health and children, the specific personal data of
Law 27/2022 (articles 4, 25 and 26), kept for fewer roles."""


class FieldClass(StrEnum):
    """How concurrent statements about a group are merged."""

    IDENTITY = "identity"
    MEASUREMENT = "measurement"
    SET = "set"
    MONOTONE = "monotone"
    APPEND = "append"
    SERVER = "server"


class ValueType(StrEnum):
    """What a value looks like on the wire; `sync.fieldvalues` gives the exact rules."""

    DIGITS16 = "digits16"
    DIGITS3 = "digits3"
    NAME = "name"
    TEXT = "text"
    CODE = "code"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    TIMESTAMP = "timestamp"
    UUID = "uuid"
    PHOTOS = "photos"


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the table. `codelist` names a list of `sync.codes`, or is None."""

    entity: str
    name: str
    group: str
    field_class: FieldClass
    value_type: ValueType
    codelist: str | None
    sensitive: Sensitivity


@dataclass(frozen=True, slots=True)
class Group:
    """The fields that are merged as one; `fields` are in the order of the table."""

    entity: str
    name: str
    field_class: FieldClass
    fields: tuple[str, ...]


ABSORBING: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"keberadaan": frozenset({"meninggal"})}
)
"""Monotone group → the values that win whatever else was said: nobody comes back from the dead."""

IDENTITY: Final = FieldClass.IDENTITY
MEASURED: Final = FieldClass.MEASUREMENT
SET: Final = FieldClass.SET
MONOTONE: Final = FieldClass.MONOTONE
APPEND: Final = FieldClass.APPEND
SERVER: Final = FieldClass.SERVER

DIGITS16: Final = ValueType.DIGITS16
DIGITS3: Final = ValueType.DIGITS3
NAME: Final = ValueType.NAME
TEXT: Final = ValueType.TEXT
CODE: Final = ValueType.CODE
BOOLEAN: Final = ValueType.BOOLEAN
INTEGER: Final = ValueType.INTEGER
NUMBER: Final = ValueType.NUMBER
DATE: Final = ValueType.DATE
TIMESTAMP: Final = ValueType.TIMESTAMP
UUID: Final = ValueType.UUID
PHOTOS: Final = ValueType.PHOTOS

OWN: Final = ""
"""The group bears the field's name."""
DTSEN: Final = "dtsen2026_"
"""The list bears the field's name behind this prefix."""
SCALE: Final = "dtsen2026_skala_disabilitas"
INDUSTRY: Final = "dtsen2026_lapangan_usaha"
FOUND: Final = "prelist_status_rumahtangga"
NOT_FOUND: Final = "prelist_alasan_tidak_ditemukan"
MEANS: Final = "prelist_apakah_mampu"
OPEN: Final = ""
PERSON: Final = "person"
SPECIFIC: Final = "specific"

Row: TypeAlias = tuple[str, str, FieldClass, ValueType, str, Sensitivity]
"""field, group, class, type, code list, sensitivity"""

# Housing and assets are DTSEN 2026's; the names are its names, so that lists fit without a map.
_KELUARGA: Final[tuple[Row, ...]] = (
    ("no_kk", OWN, IDENTITY, DIGITS16, "", PERSON),
    ("no_kk_alasan", "no_kk", IDENTITY, TEXT, "", OPEN),
    ("nama_kepala_keluarga", OWN, IDENTITY, NAME, "", PERSON),
    ("alamat", OWN, IDENTITY, TEXT, "", PERSON),
    ("dusun", "alamat", IDENTITY, TEXT, "", OPEN),
    ("rw", "alamat", IDENTITY, DIGITS3, "", OPEN),
    ("rt", "alamat", IDENTITY, DIGITS3, "", OPEN),
    ("bangunan", OWN, IDENTITY, UUID, "", OPEN),
    ("asal", OWN, IDENTITY, UUID, "", OPEN),
    ("hasil", OWN, IDENTITY, CODE, FOUND, OPEN),
    ("hasil_alasan", "hasil", IDENTITY, CODE, NOT_FOUND, OPEN),
    ("hasil_kembaran", "hasil", IDENTITY, UUID, "", OPEN),
    ("kemampuan", OWN, IDENTITY, CODE, MEANS, OPEN),
    ("alasan_tidak_layak", "kemampuan", IDENTITY, CODE, "dtks_tidak_layak", OPEN),
    ("lintang", "lokasi", MEASURED, NUMBER, "", PERSON),
    ("bujur", "lokasi", MEASURED, NUMBER, "", PERSON),
    ("akurasi_m", "lokasi", MEASURED, NUMBER, "", OPEN),
    ("telepon", OWN, MEASURED, TEXT, "", PERSON),
    ("jumlah_anggota_keluarga", OWN, SERVER, INTEGER, "", OPEN),
    ("desil_nasional", OWN, SERVER, INTEGER, "", OPEN),
    ("pbi_nas", OWN, SERVER, BOOLEAN, "", OPEN),
    ("pbi_pemda", OWN, SERVER, BOOLEAN, "", OPEN),
    ("id_pelanggan_pln", "listrik", MEASURED, TEXT, "", PERSON),
    ("status_kepemilikan_rumah", OWN, MEASURED, CODE, DTSEN, OPEN),
    ("jenis_lantai_terluas", OWN, MEASURED, CODE, DTSEN, OPEN),
    ("luas_lantai", OWN, MEASURED, INTEGER, "", OPEN),
    ("jenis_dinding_terluas", OWN, MEASURED, CODE, DTSEN, OPEN),
    ("jenis_atap_terluas", OWN, MEASURED, CODE, DTSEN, OPEN),
    ("sumber_air_minum_utama", OWN, MEASURED, CODE, DTSEN, OPEN),
    ("sumber_penerangan_utama", "listrik", MEASURED, CODE, DTSEN, OPEN),
    ("daya_terpasang", "listrik", MEASURED, CODE, DTSEN, OPEN),
    ("bahan_bakar_utama_memasak", OWN, MEASURED, CODE, DTSEN, OPEN),
    ("fasilitas_bab", "sanitasi", MEASURED, CODE, DTSEN, OPEN),
    ("jenis_kloset", "sanitasi", MEASURED, CODE, DTSEN, OPEN),
    ("pembuangan_akhir_tinja", "sanitasi", MEASURED, CODE, DTSEN, OPEN),
    ("kepemilikan_aset", OWN, SERVER, BOOLEAN, "", OPEN),
    ("aset_bergerak_tabung_gas", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_bergerak_lemari_es", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_bergerak_ac", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_bergerak_pemanas_air", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_bergerak_telepon_rumah", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_bergerak_tv_datar", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_bergerak_emas_perhiasan", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_bergerak_komputer_laptop_tablet", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_bergerak_sepeda_motor", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_bergerak_sepeda", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_bergerak_mobil", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_bergerak_perahu", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_bergerak_kapal_perahu_motor", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_bergerak_smartphone", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_tidak_bergerak_lahan_lainnya", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("aset_tidak_bergerak_rumah_lainnya", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("jumlah_ternak_sapi", OWN, MEASURED, INTEGER, "", OPEN),
    ("jumlah_ternak_kerbau", OWN, MEASURED, INTEGER, "", OPEN),
    ("jumlah_ternak_kuda", OWN, MEASURED, INTEGER, "", OPEN),
    ("jumlah_ternak_babi", OWN, MEASURED, INTEGER, "", OPEN),
    ("jumlah_ternak_kambing_domba", OWN, MEASURED, INTEGER, "", OPEN),
    ("desil_provinsi", OWN, SERVER, INTEGER, "", OPEN),
    ("desil_kabupaten_kota", OWN, SERVER, INTEGER, "", OPEN),
    ("pendapatan", OWN, MEASURED, CODE, "dtsen_form_pendapatan", OPEN),
    ("program", OWN, SET, CODE, "usulan_program", OPEN),
    ("program_diusulkan", OWN, SET, CODE, "usulan_program", OPEN),
    ("kriteria", OWN, SET, CODE, "kriteria_262_2022", OPEN),
    ("id_dtks", OWN, SERVER, TEXT, "", OPEN),
    ("sumber_daftar", OWN, SERVER, TEXT, "", OPEN),
    ("percentil", OWN, SERVER, INTEGER, "", OPEN),
)

_ANGGOTA: Final[tuple[Row, ...]] = (
    ("nik", OWN, IDENTITY, DIGITS16, "", PERSON),
    ("nik_alasan", "nik", IDENTITY, TEXT, "", OPEN),
    ("nama", OWN, IDENTITY, NAME, "", PERSON),
    ("tempat_lahir", OWN, IDENTITY, TEXT, "", PERSON),
    ("tanggal_lahir", OWN, IDENTITY, DATE, "", PERSON),
    ("jenis_kelamin", OWN, IDENTITY, CODE, "bdt_jenis_kelamin", OPEN),
    ("ibu_kandung", OWN, IDENTITY, NAME, "", PERSON),
    ("hubungan_keluarga", OWN, IDENTITY, CODE, "dtsen2026_status_hubungan_keluarga", OPEN),
    ("status_kawin", OWN, IDENTITY, CODE, DTSEN, OPEN),
    ("pekerjaan", OWN, MEASURED, CODE, "kk_pekerjaan", OPEN),
    ("keberadaan", OWN, MONOTONE, CODE, "dtsen_form_keberadaan", OPEN),
    ("hamil", "kehamilan", MEASURED, BOOLEAN, "", SPECIFIC),
    ("tanggal_mulai_hamil", "kehamilan", MEASURED, DATE, "", SPECIFIC),
    ("disabilitas", OWN, SET, CODE, "usulan_disabilitas", SPECIFIC),
    ("pbi_nas", OWN, SERVER, BOOLEAN, "", OPEN),
    ("pbi_pemda", OWN, SERVER, BOOLEAN, "", OPEN),
    ("partisipasi_sekolah", OWN, MEASURED, CODE, DTSEN, OPEN),
    ("jenjang_tertinggi_yang_diduduki", OWN, MEASURED, CODE, DTSEN, OPEN),
    ("kelas_tertinggi_yang_diduduki", OWN, MEASURED, INTEGER, "", OPEN),
    ("ijazah_tertinggi_yang_dimiliki", OWN, MEASURED, CODE, DTSEN, OPEN),
    ("status_bekerja", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("lapangan_usaha_dari_pekerjaan_utama", OWN, MEASURED, CODE, INDUSTRY, OPEN),
    ("status_dalam_pekerjaan_utama", OWN, MEASURED, CODE, DTSEN, OPEN),
    ("kepemilikan_usaha", OWN, MEASURED, BOOLEAN, "", OPEN),
    ("jumlah_usaha", OWN, MEASURED, INTEGER, "", OPEN),
    ("lapangan_usaha_dari_usaha_utama", OWN, MEASURED, CODE, INDUSTRY, OPEN),
    ("jumlah_pekerja_yang_dibayar_dari_usaha_utama", OWN, MEASURED, INTEGER, "", OPEN),
    ("jumlah_pekerja_yang_tidak_dibayar_dari_usaha_utama", OWN, MEASURED, INTEGER, "", OPEN),
    ("omzet_usaha_utama", OWN, MEASURED, CODE, DTSEN, OPEN),
    ("kondisi_gizi", OWN, MEASURED, CODE, DTSEN, SPECIFIC),
    ("penglihatan", OWN, MEASURED, CODE, SCALE, SPECIFIC),
    ("pendengaran", OWN, MEASURED, CODE, SCALE, SPECIFIC),
    ("berjalan_atau_naik_tangga", OWN, MEASURED, CODE, SCALE, SPECIFIC),
    ("menggunakan_tangan_jari", OWN, MEASURED, CODE, SCALE, SPECIFIC),
    ("belajar_kemampuan_intelektual", OWN, MEASURED, CODE, SCALE, SPECIFIC),
    ("pengendalian_perilaku", OWN, MEASURED, CODE, SCALE, SPECIFIC),
    ("berbicara_komunikasi", OWN, MEASURED, CODE, SCALE, SPECIFIC),
    ("mengurus_diri", OWN, MEASURED, CODE, SCALE, SPECIFIC),
    ("mengingat_berkonsentrasi", OWN, MEASURED, CODE, SCALE, SPECIFIC),
    ("kesedihan_depresi", OWN, MEASURED, CODE, DTSEN, SPECIFIC),
    ("penyakit_kronis", OWN, SET, CODE, DTSEN, SPECIFIC),
    ("kode_provinsi_ktp", "ktp", SERVER, TEXT, "", OPEN),
    ("provinsi_ktp", "ktp", SERVER, TEXT, "", OPEN),
    ("kode_kabupaten_kota_ktp", "ktp", SERVER, TEXT, "", OPEN),
    ("kabupaten_kota_ktp", "ktp", SERVER, TEXT, "", OPEN),
    ("kode_kecamatan_ktp", "ktp", SERVER, TEXT, "", OPEN),
    ("kecamatan_ktp", "ktp", SERVER, TEXT, "", OPEN),
    ("kode_kelurahan_desa_ktp", "ktp", SERVER, TEXT, "", OPEN),
    ("kelurahan_desa_ktp", "ktp", SERVER, TEXT, "", OPEN),
    ("rt_ktp", "ktp", SERVER, TEXT, "", OPEN),
    ("rw_ktp", "ktp", SERVER, TEXT, "", OPEN),
    ("dusun_ktp", "ktp", SERVER, TEXT, "", OPEN),
    ("alamat_ktp", "ktp", SERVER, TEXT, "", PERSON),
    ("pekerjaan_ktp", "ktp", SERVER, TEXT, "", OPEN),
    ("pendidikan_akhir_ktp", "ktp", SERVER, TEXT, "", OPEN),
    ("program", OWN, SET, CODE, "usulan_program", OPEN),
    ("id_artbdt", OWN, SERVER, TEXT, "", OPEN),
    ("padan", OWN, SERVER, TEXT, "", OPEN),
    ("padan_tanggal", "padan", SERVER, DATE, "", OPEN),
)

_PENGUKURAN: Final[tuple[Row, ...]] = (
    ("tanggal", OWN, APPEND, DATE, "", SPECIFIC),
    ("berat_kg", OWN, APPEND, NUMBER, "", SPECIFIC),
    ("tinggi_cm", OWN, APPEND, NUMBER, "", SPECIFIC),
    ("cara_ukur", OWN, APPEND, CODE, "cara_ukur", SPECIFIC),
    ("lila_cm", OWN, APPEND, NUMBER, "", SPECIFIC),
)

_KUNJUNGAN: Final[tuple[Row, ...]] = (
    ("waktu", OWN, APPEND, TIMESTAMP, "", OPEN),
    ("durasi_s", OWN, APPEND, INTEGER, "", OPEN),
    ("hasil", OWN, APPEND, CODE, "verivali_hasil", OPEN),
    ("lintang", OWN, APPEND, NUMBER, "", OPEN),
    ("bujur", OWN, APPEND, NUMBER, "", OPEN),
    ("akurasi_m", OWN, APPEND, NUMBER, "", OPEN),
    ("catatan", OWN, APPEND, TEXT, "", OPEN),
    ("formulir", OWN, APPEND, TEXT, "", OPEN),
    ("versi", OWN, APPEND, TEXT, "", OPEN),
    ("responden", OWN, APPEND, TEXT, "", OPEN),
    ("foto", OWN, APPEND, PHOTOS, "verivali_foto", OPEN),
)


def _fields(entity: str, rows: tuple[Row, ...]) -> Mapping[str, Field]:
    return MappingProxyType(
        {
            name: Field(
                entity=entity,
                name=name,
                group=group or name,
                field_class=field_class,
                value_type=value_type,
                codelist=(codelist + name if codelist == DTSEN else codelist) or None,
                sensitive=sensitive,
            )
            for name, group, field_class, value_type, codelist, sensitive in rows
        }
    )


def _groups(fields: Mapping[str, Field]) -> Mapping[str, Group]:
    members: dict[str, list[Field]] = {}
    for field in fields.values():
        members.setdefault(field.group, []).append(field)
    return MappingProxyType(
        {
            name: Group(
                entity=group[0].entity,
                name=name,
                field_class=group[0].field_class,
                fields=tuple(field.name for field in group),
            )
            for name, group in members.items()
        }
    )


FIELDS: Final[Mapping[str, Mapping[str, Field]]] = MappingProxyType(
    {
        "keluarga": _fields("keluarga", _KELUARGA),
        "anggota": _fields("anggota", _ANGGOTA),
        "pengukuran": _fields("pengukuran", _PENGUKURAN),
        "kunjungan": _fields("kunjungan", _KUNJUNGAN),
    }
)
"""Entity → name of the field → its row."""

GROUPS: Final[Mapping[str, Mapping[str, Group]]] = MappingProxyType(
    {entity: _groups(fields) for entity, fields in FIELDS.items()}
)
"""Entity → name of the group → its fields. All fields of a group have one class."""
