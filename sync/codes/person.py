"""Answers about a person: sex, place in the family, presence, and measures of a child."""

from typing import Final

from sync.codes.codelist import Code, CodeList

PERSON: Final = (
    CodeList(
        "bdt_jenis_kelamin",
        "BDT/verivali",
        "2019-2020",
        (
            Code("laki_laki", "Laki-laki", "Male", "1"),
            Code("perempuan", "Perempuan", "Female", "2"),
        ),
    ),
    CodeList(
        "dtsen2026_status_hubungan_keluarga",
        "DTSEN",
        "v3/2026",
        (
            Code("kepala_keluarga", "Kepala keluarga", "Head of the family"),
            Code("istri_suami", "Istri/suami", "Wife or husband"),
            Code("anak", "Anak", "Child"),
            Code("menantu", "Menantu", "Son- or daughter-in-law"),
            Code("cucu", "Cucu", "Grandchild"),
            Code("orangtua_mertua", "Orangtua/mertua", "Parent or parent-in-law"),
            Code("pembantu_sopir", "Pembantu/sopir", "Domestic worker or driver"),
            Code("lainnya", "Lainnya", "Other"),
        ),
    ),
    CodeList(
        "dtsen2026_status_kawin",
        "DTSEN",
        "v3/2026",
        (
            Code("belum_kawin", "Belum kawin", "Never married"),
            Code("kawin_nikah", "Kawin/nikah", "Married"),
            Code("cerai_hidup", "Cerai hidup", "Divorced"),
            Code("cerai_mati", "Cerai mati", "Widowed"),
        ),
    ),
    CodeList(
        "dtsen_form_keberadaan",
        "Formulir pembaruan DTSEN (cermin alat desa)",
        "2025",
        (
            Code("belum_ditentukan", "Belum ditentukan", "Not yet established"),
            Code("tinggal_bersama_keluarga", "Tinggal bersama keluarga", "Lives with the family"),
            Code("meninggal", "Meninggal", "Died"),
            Code(
                "pindah_wilayah",
                "Tidak tinggal bersama keluarga/pindah ke wilayah lain",
                "Not with the family, moved to another area",
            ),
            Code(
                "pindah_luar_negeri",
                "Tidak tinggal bersama keluarga/pindah ke luar negeri",
                "Not with the family, moved abroad",
            ),
            Code("tidak_ditemukan", "Tidak ditemukan", "Not found"),
        ),
    ),
    CodeList(
        "cara_ukur",
        "e-PPGBM",
        "",
        (
            # Under 24 months a child is measured lying; the other way differs by 0.7 cm.
            Code("terlentang", "Terlentang", "Lying"),
            Code("berdiri", "Berdiri", "Standing"),
        ),
    ),
)
