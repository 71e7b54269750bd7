"""What a list says about the house: answers that fit a family's means.

`wealth` runs from 0 (poorest) to 1. Each answer has a weight at either end; in between the weights
are mixed. The shares are believable for hill villages of Lampung, and nobody's statistics.
"""

from collections.abc import Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Final, TypeAlias

from api.demonstration.household import pick
from sync.types import Json

Shares: TypeAlias = tuple[tuple[str, int, int], ...]
"""answer, weight among the poorest, weight among the richest"""

DESIL: Final = tuple(enumerate((24, 20, 16, 12, 9, 7, 5, 3, 2, 2), start=1))
"""Villages are on the list because many of their families are in the lowest tenths."""

ANSWERS: Final[Mapping[str, Shares]] = MappingProxyType(
    {
        "status_kepemilikan_rumah": (
            ("milik_sendiri", 80, 92),
            ("bebas_sewa", 17, 3),
            ("kontrak_sewa", 3, 3),
            ("dinas", 0, 2),
        ),
        "jenis_lantai_terluas": (
            ("tanah", 22, 0),
            ("semen_bata_merah", 55, 12),
            ("kayu_papan", 12, 3),
            ("ubin_tegel_teraso", 5, 5),
            ("keramik", 6, 78),
            ("marmer_granit", 0, 2),
        ),
        "jenis_dinding_terluas": (
            ("tembok", 38, 94),
            ("kayu_papan_gypsum_grc", 38, 5),
            ("anyaman_bambu", 16, 0),
            ("plesteran_anyaman_bambu_kawat", 8, 1),
        ),
        "jenis_atap_terluas": (
            ("genteng", 52, 72),
            ("asbes", 22, 10),
            ("seng", 23, 10),
            ("beton", 0, 8),
            ("jerami_ijuk_daun_daunan_rumbia", 3, 0),
        ),
        "sumber_air_minum_utama": (
            ("sumur_terlindung", 42, 30),
            ("sumur_tak_terlindung", 18, 2),
            ("sumur_bor", 10, 32),
            ("mata_air_terlindung", 14, 8),
            ("mata_air_tak_terlindung", 10, 1),
            ("air_isi_ulang", 2, 22),
            ("leding", 2, 5),
            ("air_permukaan", 2, 0),
        ),
        "bahan_bakar_utama_memasak": (
            ("gas_elpiji_3_kg", 48, 90),
            ("kayu_bakar", 51, 3),
            ("gas_elpiji_12_kg", 0, 6),
            ("minyak_tanah", 1, 1),
        ),
        "sumber_penerangan_utama": (
            ("listrik_pln_dengan_meteran", 66, 98),
            ("listrik_pln_tanpa_meteran", 24, 2),
            ("listrik_non_pln", 6, 0),
            ("bukan_listrik", 4, 0),
        ),
        "fasilitas_bab": (
            ("ada_hanya_keluarga_sendiri", 62, 98),
            ("ada_bersama_keluarga_tertentu", 20, 1),
            ("ada_di_mck_umum", 6, 0),
            ("tidak_ada_fasilitas", 12, 1),
        ),
    }
)
POWER: Final[Shares] = (
    ("450_watt", 62, 2),
    ("900_watt", 35, 48),
    ("1300_watt", 3, 40),
    ("2200_watt", 0, 10),
)
TOILET: Final[Shares] = (
    ("leher_angsa", 58, 98),
    ("plengsengan_dengan_tutup", 8, 1),
    ("plengsengan_tanpa_tutup", 10, 0),
    ("cemplung_cubluk", 24, 1),
)
DRAIN: Final[Shares] = (
    ("tangki_septik", 40, 92),
    ("lubang_tanah", 48, 7),
    ("kolam_sawah_sungai_danau_laut", 12, 1),
)
ASSETS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "aset_bergerak_tabung_gas": (0.0, 0.12),
        "aset_bergerak_lemari_es": (0.12, 0.95),
        "aset_bergerak_ac": (0.0, 0.25),
        "aset_bergerak_pemanas_air": (0.0, 0.06),
        "aset_bergerak_telepon_rumah": (0.0, 0.02),
        "aset_bergerak_tv_datar": (0.08, 0.85),
        "aset_bergerak_emas_perhiasan": (0.01, 0.45),
        "aset_bergerak_komputer_laptop_tablet": (0.01, 0.5),
        "aset_bergerak_sepeda_motor": (0.5, 0.98),
        "aset_bergerak_sepeda": (0.25, 0.4),
        "aset_bergerak_mobil": (0.0, 0.4),
        "aset_bergerak_perahu": (0.01, 0.0),
        "aset_bergerak_kapal_perahu_motor": (0.0, 0.01),
        "aset_bergerak_smartphone": (0.55, 0.99),
        "aset_tidak_bergerak_lahan_lainnya": (0.06, 0.55),
        "aset_tidak_bergerak_rumah_lainnya": (0.0, 0.15),
    }
)
"""Asset → share of the poorest and of the richest who own it."""
LIVESTOCK: Final = (
    ("jumlah_ternak_sapi", 0.08, 3),
    ("jumlah_ternak_kerbau", 0.01, 2),
    ("jumlah_ternak_kuda", 0.0, 1),
    ("jumlah_ternak_babi", 0.01, 4),
    ("jumlah_ternak_kambing_domba", 0.14, 6),
)
"""Count → share of families that keep any, most animals that one keeps."""


def housing(random: Random, wealth: float) -> dict[str, Json]:
    """The housing, asset and livestock fields of one family."""
    answers: dict[str, Json] = {
        field: mixed(random, shares, wealth) for field, shares in ANSWERS.items()
    }
    answers["luas_lantai"] = random.randrange(24, 60, 2) + int(60 * wealth)
    if answers["sumber_penerangan_utama"] == "listrik_pln_dengan_meteran":
        answers["daya_terpasang"] = mixed(random, POWER, wealth)
        # Twelve digits like PLN's; no region of PLN begins with 99.
        answers["id_pelanggan_pln"] = f"99{random.randrange(10**10):010}"
    if answers["fasilitas_bab"] != "tidak_ada_fasilitas":
        answers["jenis_kloset"] = mixed(random, TOILET, wealth)
        answers["pembuangan_akhir_tinja"] = mixed(random, DRAIN, wealth)
    owned = {
        asset: random.random() < poor + (rich - poor) * wealth
        for asset, (poor, rich) in ASSETS.items()
    }
    answers |= owned
    answers["kepemilikan_aset"] = any(owned.values())
    for field, share, most in LIVESTOCK:
        answers[field] = random.randint(1, most) if random.random() < share else 0
    return answers


def mixed(random: Random, shares: Sequence[tuple[str, int, int]], wealth: float) -> str:
    """One of the answers, by weights between those of the poorest and those of the richest."""
    return pick(random, [(answer, a + (b - a) * wealth) for answer, a, b in shares])
