"""Answers about schooling. Source: the metadata of DTSEN version 3/2026 (member set)."""

from typing import Final

from sync.codes.codelist import Code, CodeList

# Religious schools (MI, MTs, MA, PDF) and the equivalency packages stand beside the general ones.
_LEVELS: Final = (
    Code("paket_a", "Paket A", "Package A (primary equivalent)"),
    Code("sdlb", "SDLB", "Special primary school"),
    Code("sd", "SD", "Primary school"),
    Code("mi", "MI", "Islamic primary school"),
    Code("spm_pdf_ula", "SPM/PDF Ula", "Pesantren, primary level"),
    Code("paket_b", "Paket B", "Package B (lower secondary equivalent)"),
    Code("smp_lb", "SMP LB", "Special lower secondary school"),
    Code("smp", "SMP", "Lower secondary school"),
    Code("mts", "MTs", "Islamic lower secondary school"),
    Code("spm_pdf_wustha", "SPM/PDF Wustha", "Pesantren, lower secondary level"),
    Code("paket_c", "Paket C", "Package C (upper secondary equivalent)"),
    Code("smlb", "SMLB", "Special upper secondary school"),
    Code("sma", "SMA", "Upper secondary school"),
    Code("ma", "MA", "Islamic upper secondary school"),
    Code("smk", "SMK", "Vocational upper secondary school"),
    Code("mak", "MAK", "Islamic vocational upper secondary school"),
    Code("spm_pdf_ulya", "SPM/PDF Ulya", "Pesantren, upper secondary level"),
    Code("d1_d2_d3", "D1/D2/D3", "Diploma 1 to 3"),
    Code("d4_s1", "D4/S1", "Diploma 4 or bachelor"),
    Code("profesi", "Profesi", "Professional degree"),
    Code("s2", "S2", "Master"),
    Code("s3", "S3", "Doctorate"),
)

EDUCATION: Final = (
    CodeList(
        "dtsen2026_partisipasi_sekolah",
        "DTSEN",
        "v3/2026",
        (
            Code("tidak_belum_pernah_sekolah", "Tidak/belum pernah sekolah", "Never at school"),
            Code("masih_sekolah", "Masih sekolah", "At school"),
            Code("tidak_bersekolah_lagi", "Tidak bersekolah lagi", "No longer at school"),
        ),
    ),
    CodeList("dtsen2026_jenjang_tertinggi_yang_diduduki", "DTSEN", "v3/2026", _LEVELS),
    CodeList(
        "dtsen2026_ijazah_tertinggi_yang_dimiliki",
        "DTSEN",
        "v3/2026",
        (
            *_LEVELS,
            Code("tidak_punya_ijazah_sd", "Tidak punya ijazah SD", "No primary certificate"),
        ),
    ),
)
