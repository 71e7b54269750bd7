import csv
import re
from pathlib import Path

from sync.codes import CODELISTS, END_REASONS, SLUGS
from sync.policy import ABSORBING, FIELDS

COUNTS = {
    "bdt_jenis_kelamin": 2,
    "cara_ukur": 2,
    "dtks_tidak_layak": 5,
    "dtsen2026_bahan_bakar_utama_memasak": 13,
    "dtsen2026_daya_terpasang": 7,
    "dtsen2026_fasilitas_bab": 6,
    "dtsen2026_ijazah_tertinggi_yang_dimiliki": 23,
    "dtsen2026_jenis_atap_terluas": 9,
    "dtsen2026_jenis_dinding_terluas": 7,
    "dtsen2026_jenis_kloset": 4,
    "dtsen2026_jenis_lantai_terluas": 10,
    "dtsen2026_jenjang_tertinggi_yang_diduduki": 22,
    "dtsen2026_kesedihan_depresi": 4,
    "dtsen2026_kondisi_gizi": 4,
    "dtsen2026_lapangan_usaha": 26,
    "dtsen2026_omzet_usaha_utama": 7,
    "dtsen2026_partisipasi_sekolah": 3,
    "dtsen2026_pembuangan_akhir_tinja": 7,
    "dtsen2026_penyakit_kronis": 18,
    "dtsen2026_skala_disabilitas": 4,
    "dtsen2026_status_dalam_pekerjaan_utama": 8,
    "dtsen2026_status_hubungan_keluarga": 8,
    "dtsen2026_status_kawin": 4,
    "dtsen2026_status_kepemilikan_rumah": 5,
    "dtsen2026_sumber_air_minum_utama": 12,
    "dtsen2026_sumber_penerangan_utama": 4,
    "dtsen_form_keberadaan": 6,
    "dtsen_form_pendapatan": 6,
    "kk_pekerjaan": 89,
    "kriteria_262_2022": 10,
    "prelist_alasan_tidak_ditemukan": 4,
    "prelist_apakah_mampu": 2,
    "prelist_status_rumahtangga": 4,
    "usulan_disabilitas": 4,
    "usulan_program": 5,
    "verivali_foto": 9,
    "verivali_hasil": 6,
}
SLUG = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


def test_every_list_that_a_field_names_exists() -> None:
    named = {
        field.codelist for fields in FIELDS.values() for field in fields.values() if field.codelist
    }
    assert named | {END_REASONS} == set(CODELISTS)


def test_every_list_has_as_many_answers_as_its_instrument() -> None:
    counts = {name: len(codelist.codes) for name, codelist in CODELISTS.items()}
    assert counts == {**COUNTS, END_REASONS: 4}


def test_slugs_are_plain_ascii_words() -> None:
    for codelist in CODELISTS.values():
        for code in codelist.codes:
            assert SLUG.fullmatch(code.slug), f"{codelist.id}: {code.slug}"


def test_slugs_and_source_codes_are_unique_within_a_list() -> None:
    for codelist in CODELISTS.values():
        assert len(SLUGS[codelist.id]) == len(codelist.codes), codelist.id
        source_codes = [code.source_code for code in codelist.codes if code.source_code]
        assert len(set(source_codes)) == len(source_codes), codelist.id


def test_labels_are_given_in_both_languages_and_tell_the_answers_apart() -> None:
    for codelist in CODELISTS.values():
        for labels in (
            [code.label_id for code in codelist.codes],
            [code.label_en for code in codelist.codes],
        ):
            assert all(labels), codelist.id
            assert len(set(labels)) == len(labels), codelist.id


def test_lists_know_their_instrument() -> None:
    for codelist in CODELISTS.values():
        assert codelist.id in SLUGS
        assert codelist.instrument


def test_the_slugs_that_the_protocol_names_exist() -> None:
    assert "keramik" in SLUGS["dtsen2026_jenis_lantai_terluas"]
    assert "sumur_bor" in SLUGS["dtsen2026_sumber_air_minum_utama"]
    assert SLUGS["bdt_jenis_kelamin"] == {"laki_laki", "perempuan"}
    assert SLUGS["cara_ukur"] == {"terlentang", "berdiri"}
    assert SLUGS["usulan_program"] == {"pkh", "bpnt", "bst", "non_bansos", "pbi"}
    assert SLUGS["usulan_disabilitas"] == {"fisik", "intelektual", "mental", "sensorik"}
    assert SLUGS[END_REASONS] == {"meninggal", "pindah", "ganda", "salah"}


def test_absorbing_values_are_answers_of_their_field() -> None:
    assert ABSORBING["keberadaan"] <= SLUGS["dtsen_form_keberadaan"]


def test_the_family_cards_occupations_keep_their_numbers() -> None:
    occupations = CODELISTS["kk_pekerjaan"].codes
    assert [code.source_code for code in occupations] == [str(n) for n in range(1, 90)]
    assert occupations[8].slug == "petani_pekebun"
    assert occupations[88].slug == "lainnya"


def test_no_slug_that_records_may_hold_is_lost_or_renamed() -> None:
    with (Path(__file__).parent / "data" / "slugs.csv").open(encoding="utf-8", newline="") as file:
        issued = {(row["codelist"], row["slug"]) for row in csv.DictReader(file)}

    assert len(issued) == sum(COUNTS.values()) + 4
    assert issued <= {(name, slug) for name, slugs in SLUGS.items() for slug in slugs}
