"""Answers about the house, its water, light, kitchen and latrine.

Source: the metadata of DTSEN version 3/2026 (family set). Its numeric codes are not published, so
there are none here. Each list ends with the coarse answer into which DTSEN merged older sources.
"""

from typing import Final

from sync.codes.codelist import Code, CodeList

INSTRUMENT: Final = "DTSEN"
VERSION: Final = "v3/2026"


def _dtsen(question: str, *codes: Code) -> CodeList:
    return CodeList(f"dtsen2026_{question}", INSTRUMENT, VERSION, codes)


HOUSING: Final = (
    _dtsen(
        "status_kepemilikan_rumah",
        Code("milik_sendiri", "Milik sendiri", "Owned"),
        Code("kontrak_sewa", "Kontrak/sewa", "Rented"),
        Code("bebas_sewa", "Bebas sewa", "Occupied free of rent"),
        Code("dinas", "Dinas", "Official housing"),
        Code("lainnya", "Lainnya", "Other"),
    ),
    _dtsen(
        "jenis_lantai_terluas",
        Code("marmer_granit", "Marmer/granit", "Marble or granite"),
        Code("keramik", "Keramik", "Ceramic tiles"),
        Code("parket_vinil_karpet", "Parket/vinil/karpet", "Parquet, vinyl or carpet"),
        Code("ubin_tegel_teraso", "Ubin/tegel/teraso", "Cement tiles or terrazzo"),
        Code("kayu_papan", "Kayu/papan", "Wood or boards"),
        Code("semen_bata_merah", "Semen/bata merah", "Cement or red brick"),
        Code("bambu", "Bambu", "Bamboo"),
        Code("tanah", "Tanah", "Earth"),
        Code("lainnya", "Lainnya", "Other"),
        Code(
            "keramik_granit_marmer_ubin_tegel_teraso",
            "Keramik/granit/marmer/ubin/tegel/teraso",
            "Ceramic, granite, marble, cement tiles or terrazzo",
        ),
    ),
    _dtsen(
        "jenis_dinding_terluas",
        Code("tembok", "Tembok", "Masonry"),
        Code(
            "plesteran_anyaman_bambu_kawat",
            "Plesteran anyaman bambu/kawat",
            "Plastered bamboo weave or wire mesh",
        ),
        Code("kayu_papan_gypsum_grc", "Kayu/papan/gypsum/GRC", "Wood, boards, gypsum or GRC"),
        Code("anyaman_bambu", "Anyaman bambu", "Bamboo weave"),
        Code("batang_kayu", "Batang kayu", "Logs"),
        Code("bambu", "Bambu", "Bamboo"),
        Code("lainnya", "Lainnya", "Other"),
    ),
    _dtsen(
        "jenis_atap_terluas",
        Code("beton", "Beton", "Concrete"),
        Code("genteng", "Genteng", "Roof tiles"),
        Code("seng", "Seng", "Corrugated iron"),
        Code("asbes", "Asbes", "Asbestos"),
        Code("bambu", "Bambu", "Bamboo"),
        Code("kayu_sirap", "Kayu/sirap", "Wood or shingles"),
        Code(
            "jerami_ijuk_daun_daunan_rumbia",
            "Jerami/ijuk/daun-daunan/rumbia",
            "Straw, palm fibre, leaves or sago thatch",
        ),
        Code("lainnya", "Lainnya", "Other"),
        Code("asbes_seng", "Asbes/seng", "Asbestos or corrugated iron"),
    ),
    _dtsen(
        "sumber_air_minum_utama",
        Code("air_kemasan_bermerk", "Air kemasan bermerk", "Branded bottled water"),
        Code("air_isi_ulang", "Air isi ulang", "Refilled water"),
        Code("leding", "Leding", "Piped water"),
        Code("sumur_bor", "Sumur bor/pompa", "Borehole or pump"),
        Code("sumur_terlindung", "Sumur terlindung", "Protected well"),
        Code("sumur_tak_terlindung", "Sumur tak terlindung", "Unprotected well"),
        Code("mata_air_terlindung", "Mata air terlindung", "Protected spring"),
        Code("mata_air_tak_terlindung", "Mata air tak terlindung", "Unprotected spring"),
        Code("air_permukaan", "Air permukaan", "Surface water"),
        Code("air_hujan", "Air hujan", "Rain water"),
        Code("lainnya", "Lainnya", "Other"),
        Code("air_kemasan_isi_ulang", "Air kemasan/isi ulang", "Bottled or refilled water"),
    ),
    _dtsen(
        "sumber_penerangan_utama",
        Code(
            "listrik_pln_dengan_meteran", "Listrik PLN dengan meteran", "PLN electricity, metered"
        ),
        Code(
            "listrik_pln_tanpa_meteran", "Listrik PLN tanpa meteran", "PLN electricity, unmetered"
        ),
        Code("listrik_non_pln", "Listrik non-PLN", "Electricity not from PLN"),
        Code("bukan_listrik", "Bukan listrik", "No electricity"),
    ),
    _dtsen(
        "daya_terpasang",
        Code("450_watt", "450 watt", "450 watts"),
        Code("900_watt", "900 watt", "900 watts"),
        Code("1300_watt", "1.300 watt", "1,300 watts"),
        Code("2200_watt", "2.200 watt", "2,200 watts"),
        Code("lebih_2200_watt", "> 2.200 watt", "More than 2,200 watts"),
        Code("sampai_900_watt", "<= 900 watt", "900 watts or less"),
        Code("lebih_900_watt", "> 900 watt", "More than 900 watts"),
    ),
    _dtsen(
        "bahan_bakar_utama_memasak",
        Code("tidak_memasak_di_rumah", "Tidak memasak di rumah", "No cooking at home"),
        Code("listrik", "Listrik", "Electricity"),
        Code("gas_elpiji_5_5_kg", "Gas elpiji 5,5 kg/blue gaz", "LPG, 5.5 kg or Blue Gaz"),
        Code("gas_elpiji_12_kg", "Gas elpiji 12 kg", "LPG, 12 kg"),
        Code("gas_elpiji_3_kg", "Gas elpiji 3 kg", "LPG, 3 kg (subsidised)"),
        Code("gas_kota", "Gas kota/meteran PGN", "City gas or PGN meter"),
        Code("biogas", "Biogas", "Biogas"),
        Code("minyak_tanah", "Minyak tanah", "Kerosene"),
        Code("briket", "Briket", "Briquettes"),
        Code("arang", "Arang", "Charcoal"),
        Code("kayu_bakar", "Kayu bakar", "Firewood"),
        Code("lainnya", "Lainnya", "Other"),
        Code("listrik_gas", "Listrik/gas", "Electricity or gas"),
    ),
    _dtsen(
        "fasilitas_bab",
        Code("ada_hanya_keluarga_sendiri", "Ada, hanya keluarga sendiri", "Own family only"),
        Code(
            "ada_bersama_keluarga_tertentu",
            "Ada, bersama keluarga tertentu",
            "Shared with certain families",
        ),
        Code("ada_di_mck_komunal", "Ada, di MCK komunal", "Communal washhouse"),
        Code("ada_di_mck_umum", "Ada, di MCK umum", "Public washhouse"),
        Code("ada_tidak_digunakan", "Ada, tidak digunakan", "Present but not used"),
        Code("tidak_ada_fasilitas", "Tidak ada fasilitas", "None"),
    ),
    _dtsen(
        "jenis_kloset",
        Code("leher_angsa", "Leher angsa", "Pour-flush with water seal"),
        Code("plengsengan_dengan_tutup", "Plengsengan dengan tutup", "Sloped pan with a lid"),
        Code("plengsengan_tanpa_tutup", "Plengsengan tanpa tutup", "Sloped pan without a lid"),
        Code("cemplung_cubluk", "Cemplung/cubluk", "Pit latrine"),
    ),
    _dtsen(
        "pembuangan_akhir_tinja",
        Code("tangki_septik", "Tangki septik", "Septic tank"),
        Code("ipal", "IPAL", "Wastewater treatment plant"),
        Code(
            "kolam_sawah_sungai_danau_laut",
            "Kolam/sawah/sungai/danau/laut",
            "Pond, rice field, river, lake or sea",
        ),
        Code("lubang_tanah", "Lubang tanah", "Hole in the ground"),
        Code(
            "pantai_tanah_lapang_kebun", "Pantai/tanah lapang/kebun", "Beach, open ground, garden"
        ),
        Code("lainnya", "Lainnya", "Other"),
        Code("tanpa_tangki_septik", "Tanpa tangki septik", "Without a septic tank"),
    ),
    CodeList(
        "dtsen_form_pendapatan",
        "Formulir pembaruan DTSEN (cermin alat desa)",
        "2025",
        (
            Code("tidak_ada_penghasilan", "Tidak ada penghasilan", "No income"),
            Code("kurang_1_juta", "< 1 juta per bulan", "Less than Rp 1 million a month"),
            Code(
                "1_juta_sampai_umk",
                ">= 1 juta - < UMK",
                "Rp 1 million to below the regency's minimum wage",
            ),
            Code("umk", "UMK", "The regency's minimum wage"),
            Code(
                "umk_sampai_10_juta",
                "> UMK - 10 juta",
                "Above the regency's minimum wage, up to Rp 10 million",
            ),
            Code("lebih_10_juta", "> 10 juta", "More than Rp 10 million"),
        ),
    ),
)
