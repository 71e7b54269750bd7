"""What a collector does from house to house: visits, their outcomes, and what was seen there."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Final

from api.demonstration.agenda import Agenda
from api.demonstration.household import pick
from api.demonstration.phones import FieldPhone, Row
from sync.types import KELUARGA, KUNJUNGAN, Json

FORM: Final = "verivali"
FORM_VERSION: Final = "2026.1"

PLACES: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {"1802": (-5.02, 105.05), "1804": (-5.03, 104.12)}
)
"""Kabupaten → a point inside it; visits are scattered around, at no real house."""

OUTCOMES: Final = (
    # the visit's outcome, the family's, its reason, weight
    (("selesai", "ditemukan", None), 86),
    (("pindah", "tidak_ditemukan", "pindah"), 6),
    (("tidak_ditemukan", "tidak_ditemukan", "tidak_tahu"), 4),
    (("menolak", "ditemukan", None), 2),
    (("data_ganda", "data_ganda", None), 2),
)
RESPONDENTS: Final = ("kepala keluarga", "pasangan", "anak dewasa", "tetangga")
FLOORS: Final = ("keramik", "semen_bata_merah", "ubin_tegel_teraso", "kayu_papan", "tanah")
WATER: Final = ("sumur_bor", "sumur_terlindung", "mata_air_terlindung", "air_isi_ulang")
POOR_DESIL_MAX: Final = 4


def go_round(
    agenda: Agenda, phone: FieldPhone, families: Sequence[Row], start: str, *, minutes: int = 9
) -> None:
    """Visit families one after another, about `minutes` apart."""
    moment = agenda.at(start)
    for family in families:
        moment += timedelta(minutes=agenda.random.randint(minutes - 3, minutes + 4))
        agenda.note(moment, partial(_visit_by_chance, phone, family, agenda.random))


def _visit_by_chance(phone: FieldPhone, family: Row, random: Random, moment: datetime) -> None:
    seen, found, reason = pick(random, OUTCOMES)
    stated: dict[str, Json] = {"hasil": found}
    if reason is not None:
        stated["hasil_alasan"] = reason
    if seen == "selesai":
        stated |= _observations(family, random)
    visit(phone, family, random, moment, seen=seen, stated=stated)


def visit(
    phone: FieldPhone,
    family: Row,
    random: Random,
    moment: datetime,
    *,
    seen: str = "selesai",
    stated: Mapping[str, Json] = MappingProxyType({"hasil": "ditemukan"}),
) -> None:
    """One visit with `seen` as its outcome, and what it states of the family."""
    position = _position(phone, random)
    visited = call(phone, family, random, moment, seen=seen, position=position)
    phone.capture(moment, "set", KELUARGA, family.id, set={**stated, **position}, visit=visited)


def call(
    phone: FieldPhone,
    family: Row,
    random: Random,
    moment: datetime,
    *,
    seen: str = "selesai",
    position: Mapping[str, Json] | None = None,
) -> str:
    """The visit alone; its id."""
    return phone.capture(
        moment,
        "create",
        KUNJUNGAN,
        parent=family.id,
        set={
            "waktu": moment.isoformat(timespec="seconds"),
            "durasi_s": random.randint(180, 900),
            "hasil": seen,
            **(position or _position(phone, random)),
            "formulir": FORM,
            "versi": FORM_VERSION,
            "responden": random.choice(RESPONDENTS),
        },
    )


def _position(phone: FieldPhone, random: Random) -> dict[str, Json]:
    south, east = PLACES[phone.desa[:4]]
    return {
        "lintang": round(south + random.uniform(-0.02, 0.02), 6),
        "bujur": round(east + random.uniform(-0.02, 0.02), 6),
        "akurasi_m": random.randint(4, 25),
    }


def _observations(family: Row, random: Random) -> dict[str, Json]:
    """What an interview adds or corrects; most of the house is as the list has it."""
    desil = family.doc.get("desil_nasional")
    poor = isinstance(desil, int) and desil <= POOR_DESIL_MAX
    stated: dict[str, Json] = {"kemampuan": "tidak_mampu" if poor else "mampu"}
    if random.random() < 0.25:
        stated["jenis_lantai_terluas"] = random.choice(FLOORS)
    if random.random() < 0.2:
        stated["sumber_air_minum_utama"] = random.choice(WATER)
    if random.random() < 0.15:
        stated["luas_lantai"] = random.randint(24, 96)
    if random.random() < 0.3:
        stated["aset_bergerak_smartphone"] = True
    return stated
