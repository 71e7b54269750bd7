"""The entry form: which questions, in which order, with which words. Paper and screen read it.

A worksheet that asks in another order than the form that it is keyed into costs the operator a
search per answer. So both are made of this one table: identity in the order of the usulan template
V.4 (2022), then the house in the order of DTSEN 2026, then the criteria of Kepmensos 262/HUK/2022.

Answers bear their place in their list as a number, on paper as in the selection boxes of the
screen, where typing the number selects the answer. The number is a place on this form and nothing
else: the register keeps slugs, because every instrument numbers its answers differently.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from sync.codes import CODELISTS, Code
from sync.policy import FIELDS, Field
from sync.types import ANGGOTA, KELUARGA


class Section(StrEnum):
    """A part of the form."""

    OUTCOME = "hasil"
    FAMILY = "keluarga"
    PROGRAMMES = "program"
    HOUSE = "rumah"
    ASSETS = "aset"
    CRITERIA = "kriteria"
    MEMBER = "anggota"


@dataclass(frozen=True, slots=True)
class Question:
    """One field of a record on the form. `short` is its name where there is little room."""

    entity: str
    name: str
    label_id: str
    label_en: str
    short: str

    @property
    def field(self) -> Field:
        return FIELDS[self.entity][self.name]

    @property
    def codes(self) -> tuple[Code, ...]:
        """The answers in their order; none where anything may be written."""
        codelist = self.field.codelist
        return CODELISTS[codelist].codes if codelist is not None else ()


def _questions(entity: str, *rows: tuple[str, str, str, str]) -> tuple[Question, ...]:
    return tuple(Question(entity, name, ind, eng, short or ind) for name, ind, eng, short in rows)


FORM: Final[Mapping[Section, tuple[Question, ...]]] = MappingProxyType(
    {
        Section.OUTCOME: _questions(
            KELUARGA,
            ("hasil", "Hasil kunjungan", "Outcome of the visit", "Hasil"),
            ("hasil_alasan", "Alasan tidak ditemukan", "Why it was not found", "Alasan"),
            ("hasil_kembaran", "Kembaran", "Listed twice with", ""),
            ("kemampuan", "Keluarga mampu?", "Does the family have means?", "Mampu"),
            ("alasan_tidak_layak", "Alasan tidak layak", "Why not eligible", "Tidak layak"),
        ),
        Section.FAMILY: _questions(
            KELUARGA,
            ("no_kk", "Nomor KK", "Family card number (No KK)", "No KK"),
            ("no_kk_alasan", "Alasan bila nomor KK kosong", "Why there is no No KK", ""),
            ("nama_kepala_keluarga", "Nama kepala keluarga", "Head of the family", "Kepala"),
            ("alamat", "Alamat", "Address", ""),
            ("dusun", "Dusun", "Hamlet", ""),
            ("rw", "RW", "RW", ""),
            ("rt", "RT", "RT", ""),
            ("telepon", "Telepon", "Telephone", ""),
        ),
        Section.PROGRAMMES: _questions(
            KELUARGA,
            ("program", "Bantuan yang diterima", "Assistance received", "Program"),
            ("program_diusulkan", "Bantuan yang diusulkan", "Assistance proposed", "Diusulkan"),
        ),
        Section.HOUSE: _questions(
            KELUARGA,
            ("status_kepemilikan_rumah", "Status rumah", "Ownership of the house", ""),
            ("jenis_lantai_terluas", "Lantai terluas", "Main floor", "Lantai"),
            ("luas_lantai", "Luas lantai (m²)", "Floor area (m²)", "Luas m²"),
            ("jenis_dinding_terluas", "Dinding terluas", "Main walls", "Dinding"),
            ("jenis_atap_terluas", "Atap terluas", "Main roof", "Atap"),
            ("sumber_air_minum_utama", "Sumber air minum", "Drinking water", "Air minum"),
            ("sumber_penerangan_utama", "Sumber penerangan", "Lighting", "Penerangan"),
            ("daya_terpasang", "Daya terpasang", "Electrical power", "Daya"),
            ("bahan_bakar_utama_memasak", "Bahan bakar memasak", "Cooking fuel", "Memasak"),
            ("fasilitas_bab", "Fasilitas BAB", "Latrine", "BAB"),
            ("jenis_kloset", "Jenis kloset", "Kind of toilet", "Kloset"),
            ("pembuangan_akhir_tinja", "Pembuangan tinja", "Where sewage goes", "Tinja"),
            ("pendapatan", "Pendapatan", "Income", ""),
        ),
        Section.ASSETS: _questions(
            KELUARGA,
            ("aset_bergerak_tabung_gas", "Tabung gas 5,5 kg ke atas", "Gas cylinder", "Gas"),
            ("aset_bergerak_lemari_es", "Lemari es", "Refrigerator", "Kulkas"),
            ("aset_bergerak_ac", "AC", "Air conditioner", ""),
            ("aset_bergerak_pemanas_air", "Pemanas air", "Water heater", "Pemanas"),
            ("aset_bergerak_telepon_rumah", "Telepon rumah", "Landline", "Telepon"),
            ("aset_bergerak_tv_datar", "TV layar datar", "Flat television", "TV datar"),
            ("aset_bergerak_emas_perhiasan", "Emas/perhiasan", "Gold or jewellery", "Emas"),
            ("aset_bergerak_komputer_laptop_tablet", "Komputer", "Computer", "Laptop"),
            ("aset_bergerak_sepeda_motor", "Sepeda motor", "Motorcycle", "Motor"),
            ("aset_bergerak_sepeda", "Sepeda", "Bicycle", ""),
            ("aset_bergerak_mobil", "Mobil", "Car", ""),
            ("aset_bergerak_perahu", "Perahu", "Boat", ""),
            ("aset_bergerak_kapal_perahu_motor", "Perahu motor", "Motor boat", "Prh motor"),
            ("aset_bergerak_smartphone", "Smartphone", "Smartphone", "HP pintar"),
            ("aset_tidak_bergerak_lahan_lainnya", "Lahan lain", "Other land", "Lahan"),
            ("aset_tidak_bergerak_rumah_lainnya", "Rumah lain", "Another house", "Rmh lain"),
            ("jumlah_ternak_sapi", "Sapi (ekor)", "Cattle", "Sapi"),
            ("jumlah_ternak_kerbau", "Kerbau (ekor)", "Buffaloes", "Kerbau"),
            ("jumlah_ternak_kuda", "Kuda (ekor)", "Horses", "Kuda"),
            ("jumlah_ternak_babi", "Babi (ekor)", "Pigs", "Babi"),
            ("jumlah_ternak_kambing_domba", "Kambing/domba (ekor)", "Goats or sheep", "Kambing"),
        ),
        Section.CRITERIA: _questions(
            KELUARGA,
            ("kriteria", "Kriteria Kepmensos 262/2022", "Criteria of decree 262/2022", "Kriteria"),
        ),
        Section.MEMBER: _questions(
            ANGGOTA,
            ("nik", "NIK", "NIK", ""),
            ("nik_alasan", "Alasan bila NIK kosong", "Why there is no NIK", ""),
            ("nama", "Nama", "Name", ""),
            ("tempat_lahir", "Tempat lahir", "Place of birth", ""),
            ("tanggal_lahir", "Tanggal lahir", "Date of birth", ""),
            ("ibu_kandung", "Nama ibu kandung", "Mother's name", "Ibu"),
            ("jenis_kelamin", "Jenis kelamin", "Sex", "L/P"),
            ("hubungan_keluarga", "Hubungan keluarga", "Relation to the head", "Hubungan"),
            ("status_kawin", "Status kawin", "Marital status", "Kawin"),
            ("pekerjaan", "Pekerjaan", "Occupation", ""),
            ("disabilitas", "Disabilitas", "Disability", ""),
            ("hamil", "Hamil", "Pregnant", ""),
            ("tanggal_mulai_hamil", "Hamil sejak", "Pregnant since", ""),
            ("keberadaan", "Keberadaan", "Presence", "Ada"),
        ),
    }
)
"""Section → its questions in the order of paper and screen."""

FAMILY_SECTIONS: Final = tuple(section for section in Section if section is not Section.MEMBER)


def label_of(question: Question, value: object) -> str:
    """A stored value in Indonesian words; empty for none."""
    if isinstance(value, bool):
        return "Ya" if value else "Tidak"
    if isinstance(value, list):
        return ", ".join(label_of(question, one) for one in value)
    found = next((code.label_id for code in question.codes if code.slug == value), None)
    return found if found is not None else "" if value is None else str(value)


def number_of(question: Question, value: object) -> str:
    """The place of an answer in its list, as it is written into a box; empty for none."""
    slugs = [code.slug for code in question.codes]
    return str(slugs.index(value) + 1) if value in slugs else ""
