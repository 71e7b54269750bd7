"""Two people about the same house: scenes after which the register has to ask somebody.

In each scene the collector goes to a family and somebody else, who pulled the list in the morning
and hears nothing of the day until the evening, enters something else about it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from api.demonstration.agenda import Act, Agenda, Households
from api.demonstration.phones import FieldPhone, Row
from api.demonstration.visiting import visit
from sync.types import ANGGOTA, Json

Values = Mapping[str, Json]

NAME: Final = "nama_kepala_keluarga"
FLOOR: Final = "jenis_lantai_terluas"
FLOORS: Final = ("keramik", "semen_bata_merah", "ubin_tegel_teraso")
WATER: Final = "sumber_air_minum_utama"
OWN_LATRINE: Final[Values] = {
    "fasilitas_bab": "ada_hanya_keluarga_sendiri",
    "jenis_kloset": "leher_angsa",
    "pembuangan_akhir_tinja": "tangki_septik",
}
NO_LATRINE: Final[Values] = {"fasilitas_bab": "tidak_ada_fasilitas"}
GONE: Final[Values] = {"hasil": "tidak_ditemukan", "hasil_alasan": "pindah"}
CLOCK_ERROR: Final = timedelta(days=-40)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """A collector, and the operator and the midwife of the village, about the same families."""

    agenda: Agenda
    collector: FieldPhone
    operator: FieldPhone
    midwife: FieldPhone
    households: Households


def disagree(among: Neighbours) -> None:
    """The scenes of one RT: identity, outcome, same-day measurements, an edit after a death."""
    family = among.households.take()
    name = str(family.doc[NAME])
    _both_say(among, family, {NAME: f"{name} BIN HASAN"}, {NAME: f"H {name}"})
    _found_and_gone(among, among.households.take())
    family = among.households.take()
    new = [floor for floor in FLOORS if floor != family.doc.get(FLOOR)]
    _both_say(among, family, {FLOOR: new[0]}, {FLOOR: new[1]})
    _both_say(among, among.households.take(), OWN_LATRINE, NO_LATRINE)
    _two_birth_dates(among)
    _pregnant_or_not(among)
    _edit_after_death(among)


def agree(among: Neighbours) -> None:
    """Scenes that ask nobody: both say the same, or one of them tells of an earlier day."""
    same = {WATER: "sumur_bor"}
    _both_say(among, among.households.take(), same, same)
    family = among.households.take()
    among.agenda.note("10:30", saying(among.collector, family, {FLOOR: "keramik"}))
    yesterday = among.agenda.at("09:00", days_before=1).date().isoformat()
    paper = saying(among.operator, family, {FLOOR: "tanah"}, observed=yesterday)
    among.agenda.note("11:10", paper)


def wrong_clock(agenda: Agenda, phone: FieldPhone, family: Row, other: FieldPhone) -> None:
    """A phone lost its power and came up in another month: what it calls today decides nothing."""
    agenda.note("08:20", partial(phone.restart, wall_error=CLOCK_ERROR))
    agenda.note("08:40", saying(phone, family, {"luas_lantai": 36}))
    agenda.note("10:00", phone.restart)
    agenda.note("10:40", saying(other, family, {"luas_lantai": 54}))


def saying(phone: FieldPhone, record: Row, values: Values, *, observed: str | None = None) -> Act:
    """State something about a record, as of the phone's day or of another one."""
    told: dict[str, Json] = {"set": dict(values)}
    if observed is not None:
        told["observed"] = observed

    def say(moment: datetime) -> None:
        phone.capture(moment, "set", record.entity, record.id, **told)

    return say


def _both_say(among: Neighbours, record: Row, first: Values, second: Values) -> None:
    among.agenda.note("09:10", saying(among.collector, record, first))
    among.agenda.note("09:40", saying(among.operator, record, second))


def _found_and_gone(among: Neighbours, family: Row) -> None:
    """The collector met the family; the operator was told at the counter that it has moved."""
    collector, random = among.collector, among.agenda.random
    among.agenda.note("09:00", lambda now: visit(collector, family, random, now))
    among.agenda.note("09:50", saying(among.operator, family, GONE))


def _two_birth_dates(among: Neighbours) -> None:
    """One read the identity card, the other asked the neighbour."""
    member = among.households.take_person(lambda doc: doc.get("hubungan_keluarga") == "anak")
    born = date.fromisoformat(str(member.doc["tanggal_lahir"]))
    card, memory = ({"tanggal_lahir": born.replace(day=day).isoformat()} for day in (11, 17))
    _both_say(among, member, card, memory)


def _pregnant_or_not(among: Neighbours) -> None:
    """Asked before the whole family she said no; the midwife knows better, on the same day."""
    woman = among.households.take_person(
        lambda doc: (
            doc.get("hubungan_keluarga") == "istri_suami"
            and doc.get("jenis_kelamin") == "perempuan"
            and "hamil" in doc
        )
    )
    since = among.agenda.at("08:00", days_before=70).date().isoformat()
    among.agenda.note("09:15", saying(among.collector, woman, {"hamil": False}))
    known: Values = {"hamil": True, "tanggal_mulai_hamil": since}
    among.agenda.note("10:20", saying(among.midwife, woman, known))


def _edit_after_death(among: Neighbours) -> None:
    """Somebody died in the night; the midwife had noted something about her care that morning."""
    person = among.households.take_person(
        lambda doc: doc.get("hubungan_keluarga") == "orangtua_mertua"
    )
    day = among.agenda.day.isoformat()
    death: dict[str, Json] = {"end": "meninggal", "date": day, "number": "470/012/CONTOH"}
    collector = among.collector
    among.agenda.note(
        "08:50", lambda now: collector.capture(now, "end", ANGGOTA, person.id, **death)
    )
    weak: Values = {"berjalan_atau_naik_tangga": "banyak_kesulitan"}
    among.agenda.note("09:30", saying(among.midwife, person, weak))
