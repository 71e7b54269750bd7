"""Answers about nutrition, disability and illness: specific personal data by Law 27/2022.

Two systems of disability live side by side: four kinds of SIKS-NG's proposal, and ten functional
questions of DTSEN on one scale. Neither can be computed from the other.
"""

from typing import Final

from sync.codes.codelist import Code, CodeList

HEALTH: Final = (
    CodeList(
        "usulan_disabilitas",
        "Usulan SIKS-NG",
        "2022",
        (
            Code("fisik", "Fisik", "Physical", "PDFSK"),
            Code("intelektual", "Intelektual", "Intellectual", "PDINT"),
            Code("mental", "Mental", "Mental", "PDMTL"),
            Code("sensorik", "Sensorik", "Sensory", "PDSNS"),
        ),
    ),
    CodeList(
        "dtsen2026_kondisi_gizi",
        "DTSEN",
        "v3/2026",
        (
            Code("kurang_gizi", "Kurang gizi (wasting)", "Wasted"),
            Code("kerdil", "Kerdil (stunting)", "Stunted"),
            Code("tidak_ada_catatan", "Tidak ada catatan", "No record"),
            Code("tidak_tahu", "Tidak tahu", "Not known"),
        ),
    ),
    CodeList(
        "dtsen2026_skala_disabilitas",
        "DTSEN",
        "v3/2026",
        (
            Code("sama_sekali_tidak_bisa", "Sama sekali tidak bisa", "Cannot do it at all"),
            Code(
                "banyak_kesulitan",
                "Banyak kesulitan dan membutuhkan bantuan",
                "Much difficulty, needs help",
            ),
            Code(
                "sedikit_kesulitan",
                "Sedikit kesulitan tanpa bantuan",
                "Some difficulty, needs no help",
            ),
            Code("tidak_mengalami_kesulitan", "Tidak mengalami kesulitan", "No difficulty"),
        ),
    ),
    CodeList(
        "dtsen2026_kesedihan_depresi",
        "DTSEN",
        "v3/2026",
        (
            Code("sangat_sering", "Sangat sering", "Very often"),
            Code("sering", "Sering", "Often"),
            Code("jarang", "Jarang", "Seldom"),
            Code("tidak_pernah", "Tidak pernah", "Never"),
        ),
    ),
    CodeList(
        "dtsen2026_penyakit_kronis",
        "DTSEN",
        "v3/2026",
        (
            Code("tidak_ada", "Tidak ada", "None"),
            Code("hipertensi", "Hipertensi", "High blood pressure"),
            Code("rematik", "Rematik", "Rheumatism"),
            Code("asma", "Asma", "Asthma"),
            Code("jantung", "Jantung", "Heart disease"),
            Code("diabetes", "Diabetes", "Diabetes"),
            Code("tbc", "TBC", "Tuberculosis"),
            Code("stroke", "Stroke", "Stroke"),
            Code("kanker", "Kanker", "Cancer"),
            Code("gagal_ginjal", "Gagal ginjal", "Kidney failure"),
            Code("haemophilia", "Haemophilia", "Haemophilia"),
            Code("hiv_aids", "HIV/AIDS", "HIV/AIDS"),
            Code("kolesterol", "Kolesterol", "High cholesterol"),
            Code("sirosis_hati", "Sirosis hati", "Cirrhosis of the liver"),
            Code("thalasemia", "Thalasemia", "Thalassaemia"),
            Code("leukimia", "Leukimia", "Leukaemia"),
            Code("alzheimer", "Alzheimer", "Alzheimer's disease"),
            Code("lainnya", "Lainnya", "Other"),
        ),
    ),
)
