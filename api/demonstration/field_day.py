"""One day of field work in the demonstration, so that a newcomer finds a register in use.

A handful of phones work through the day before the server's first start: visits, corrections, a
death, a move, a newborn, a family that was missing from the list. Where two people meet in one
house without knowing of each other, the register asks; where a phone sends what cannot be merged,
it is set aside. All of it goes through the services that real phones reach.

The day follows from the seed and the moment of the start; only secrets differ between two runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Final

from api.demonstration import life_events, mishaps
from api.demonstration.agenda import Agenda, Households, households_of
from api.demonstration.disagreements import Neighbours, agree, disagree, wrong_clock
from api.demonstration.evening import settle
from api.demonstration.phones import FieldPhone, Row, shell_at
from api.demonstration.stage import Stage, reach, seed_of
from api.demonstration.visiting import go_round
from api.settings import Settings
from models.database import Database

LIST_AGE: Final = timedelta(days=7)
"""The list came so long before the server's first start."""

TANJUNG_HARAPAN: Final = "1802212010"
BUMI_AJI: Final = "1802212005"
PAYUNG_REJO: Final = "1802192007"
KUBU_PERAHU: Final = "1804042002"
BANDING_AGUNG: Final = "1804092006"

FIRST: Final = "petugas.tanjungharapan.001"
SECOND: Final = "petugas.tanjungharapan.002"
OPERATOR: Final = "operator.tanjungharapan"
MIDWIFE: Final = "bidan.tanjungharapan"
BUSY: Final = "petugas.bumiaji.001"
SLOW: Final = "petugas.payungrejo.002"
MOUNTAIN: Final = "petugas.kubuperahu.001"
SUPERVISOR: Final = "supervisor.anaktuha"
SILENT: Final = "petugas.bandingagung.001"


@dataclass(frozen=True, slots=True)
class Part:
    """One phone of the day: whose, where, and which share of its families is visited."""

    account: str
    desa: str
    model: str
    share: float = 0.0


CAST: Final = (
    Part(FIRST, TANJUNG_HARAPAN, "Android 10 (contoh)", 0.4),
    Part(SECOND, TANJUNG_HARAPAN, "Android 8.1 (contoh)", 0.25),
    Part(OPERATOR, TANJUNG_HARAPAN, "Android 13 (contoh)"),
    Part(MIDWIFE, TANJUNG_HARAPAN, "Android 12 (contoh)"),
    Part(BUSY, BUMI_AJI, "Android 11 (contoh)", 0.8),
    Part(SLOW, PAYUNG_REJO, "Android 7 (contoh)", 0.12),
    Part(MOUNTAIN, KUBU_PERAHU, "Android 9 (contoh)", 0.55),
    Part("petugas.sukajawa.001", "1802142001", "Android 14 (contoh)", 0.3),
    Part("petugas.linggapura.002", "1802202002", "Android 9 (contoh)", 0.65),
    Part("petugas.gedungratu.003", "1802272003", "Android 10 (contoh)", 0.2),
    Part("petugas.kembahang.001", "1804102001", "Android 8.1 (contoh)", 0.75),
)
"""Everybody but the silent one."""

SYNCS: Final = (
    ("12:10", FIRST),
    ("12:30", BUSY),
    ("15:30", OPERATOR),
    ("16:10", MIDWIFE),
    ("16:30", MOUNTAIN),
    ("16:40", SECOND),
    ("16:50", SLOW),
    ("17:00", BUSY),
    ("17:10", FIRST),
    ("17:20", OPERATOR),
)
"""Who finds a signal when; the others once, after work. The operator's first is after the
collector's, which is the point."""
AFTER_WORK: Final = "18:00"


def play(settings: Settings, database: Database, start: datetime) -> None:
    """Play the day before `start` into a database that the demonstration was loaded into."""
    with database.writing() as session:
        seed = seed_of(session)
        reach(session, Stage.PLAYING)
    random = Random(f"{seed}/field-day")  # noqa: S311  # repeatable on purpose; no secrets
    day = (start.astimezone(settings.zone) - timedelta(days=1)).date()
    agenda = Agenda(day, settings.zone, random)
    phones = _morning(settings, database, agenda)
    _plan(agenda, phones)
    agenda.play()
    with database.writing() as session:
        reach(session, Stage.PLAYED)


def _morning(settings: Settings, database: Database, agenda: Agenda) -> Mapping[str, FieldPhone]:
    """Everybody is enrolled and has pulled the list; one of them long ago, and never again."""
    shell = shell_at(settings, database, agenda.at("07:00", days_before=5), agenda.random)
    silent = FieldPhone(shell, SILENT, BANDING_AGUNG, agenda.random)
    silent.enrol(agenda.at("08:00", days_before=5), "Android 6 (contoh)")
    phones: dict[str, FieldPhone] = {}
    moment = agenda.at("06:30")
    for part in CAST:
        phone = phones[part.account] = FieldPhone(shell, part.account, part.desa, agenda.random)
        phone.enrol(moment, part.model)
        moment += timedelta(minutes=3)
    return phones


def _plan(agenda: Agenda, phones: Mapping[str, FieldPhone]) -> None:
    households = {part.account: households_of(phones[part.account]) for part in CAST}
    first = households[FIRST]
    neighbours = Neighbours(agenda, phones[FIRST], phones[OPERATOR], phones[MIDWIFE], first)
    disagree(neighbours)
    agree(neighbours)
    wrong_clock(agenda, phones[SECOND], households[SECOND].take(), phones[OPERATOR])
    _plan_life(agenda, households)
    _plan_mishaps(agenda, households)
    for part in CAST:
        own = households[part.account]
        wanted = own.free()[: round(len(own.listed) * part.share)]
        go_round(agenda, own.phone, wanted, "10:10" if part.desa == TANJUNG_HARAPAN else "07:30")
    for clock, account in SYNCS:
        agenda.note(clock, phones[account].sync)
    for account in sorted(phones.keys() - {account for _, account in SYNCS}):
        agenda.note(AFTER_WORK, phones[account].sync)
    agenda.note("19:10", partial(settle, phones[FIRST].shell, SUPERVISOR, TANJUNG_HARAPAN))
    agenda.note("19:30", phones[FIRST].sync)


def _plan_life(agenda: Agenda, households: Mapping[str, Households]) -> None:
    random, first, second = agenda.random, households[FIRST], households[SECOND]
    busy, midwife = households[BUSY], households[MIDWIFE].phone
    agenda.note("09:05", partial(life_events.newborn, midwife, first.take(), random))
    agenda.note("11:00", partial(life_events.measure_children, midwife, random))
    agenda.note("10:05", partial(life_events.new_family, second.phone, _grown_child(first)))
    groom = second.take_person(lambda doc: doc.get("hubungan_keluarga") == "anak")
    agenda.note("13:15", partial(life_events.marry, second.phone, groom, second.take()))
    agenda.note("13:30", partial(life_events.move_away, busy.phone, busy.take(), random))


def _plan_mishaps(agenda: Agenda, households: Mapping[str, Households]) -> None:
    busy, mountain = households[BUSY], households[MOUNTAIN]
    first, midwife = households[FIRST], households[MIDWIFE].phone
    agenda.note("07:20", partial(mishaps.field_of_another_version, busy.phone, busy.take()))
    agenda.note("07:25", partial(mishaps.house_beyond_the_field, busy.phone, "002"))
    agenda.note("09:30", partial(mishaps.answer_of_no_list, mountain.phone, mountain.take()))
    agenda.note("10:25", partial(mishaps.house_by_the_midwife, midwife, first.take()))


def _grown_child(households: Households) -> Row:
    """Somebody on the list of the parents, old enough to have a family elsewhere."""
    return households.take_person(
        lambda doc: (
            doc.get("hubungan_keluarga") == "anak"
            and len(str(doc.get("nik", ""))) == 16
            and doc.get("pekerjaan") not in (None, "pelajar_mahasiswa", "belum_tidak_bekerja")
        )
    )
