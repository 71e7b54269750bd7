"""What happens to families: a birth, a marriage, a move, and a family that was on no list."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from api.demonstration.phones import FieldPhone, Row
from api.demonstration.visiting import call, visit
from sync.permission import is_under_five
from sync.types import ANGGOTA, KELUARGA, PENGUKURAN, Json

CHILDREN_MEASURED: Final = 4
CITY: Final = "Kota Metro"
WIFE_AGE: Final = 24
UNLISTED_SERIAL: Final = 9950
"""Visibly fictional like those of the list, and far above all of them."""

_PERSON: Final = ("nik", "nama", "tanggal_lahir", "jenis_kelamin", "keberadaan")


def newborn(phone: FieldPhone, family: Row, random: Random, moment: datetime) -> None:
    """The midwife adds a child of two days, who has no NIK yet, and weighs it."""
    women = [m for m in phone.members(family) if m.doc.get("jenis_kelamin") == "perempuan"]
    born = (moment - timedelta(days=2)).date()
    child: dict[str, Json] = {
        "nama": "BAYI LESTARI",
        "tanggal_lahir": born.isoformat(),
        "jenis_kelamin": "perempuan",
        "hubungan_keluarga": "anak",
        "status_kawin": "belum_kawin",
        "keberadaan": "tinggal_bersama_keluarga",
        "nik_alasan": "belum punya akta kelahiran",
    }
    if women:
        child["ibu_kandung"] = women[0].doc["nama"]
    visited = call(phone, family, random, moment)
    added = phone.capture(moment, "create", ANGGOTA, parent=family.id, set=child, visit=visited)
    _measure(phone, added, moment, weight_kg=3.1, length_cm=49.2)


def measure_children(phone: FieldPhone, random: Random, moment: datetime) -> None:
    """The midwife's weighing day: some children under five, about as heavy as children are."""
    day = moment.date()
    found = 0
    for family in phone.families():
        for member in phone.members(family):
            born = member.doc.get("tanggal_lahir")
            if found < CHILDREN_MEASURED and isinstance(born, str) and is_under_five(born, day):
                found += 1
                moment += timedelta(minutes=10)
                years = (day - date.fromisoformat(born)).days / 365.25
                weight_kg = round(4.2 + 2.7 * years**0.9 + random.uniform(-0.6, 0.6), 1)
                length_cm = round(54 + 16.5 * years**0.85 + random.uniform(-2, 2), 1)
                _measure(phone, member.id, moment, weight_kg=weight_kg, length_cm=length_cm)


def new_family(phone: FieldPhone, head: Row, moment: datetime) -> None:
    """A young family that is on no list; its head is still on the list of his parents."""
    place = phone.families()[0].doc
    family: dict[str, Json] = {
        "nama_kepala_keluarga": head.doc["nama"],
        "alamat": "GANG CONTOH NO 3",
        **{name: place[name] for name in ("dusun", "rt", "rw") if name in place},
        "no_kk_alasan": "kartu keluarga baru sedang diurus",
        "hasil": "usulan_baru",
        "kemampuan": "tidak_mampu",
        "jenis_lantai_terluas": "tanah",
        "program_diusulkan": ["bpnt", "pkh"],
    }
    added = phone.capture(moment, "create", KELUARGA, set=family)
    own: dict[str, Json] = {
        **{name: head.doc[name] for name in _PERSON if name in head.doc},
        "hubungan_keluarga": "kepala_keluarga",
        "status_kawin": "kawin_nikah",
    }
    phone.capture(moment, "create", ANGGOTA, parent=added, set=own)
    wife_born = date(moment.year - WIFE_AGE, 5, 14)
    wife: dict[str, Json] = {
        "nik": f"{phone.desa[:6]}{wife_born.day + 40}{wife_born:%m%y}{UNLISTED_SERIAL}",
        "nama": "SRI WAHYUNI CONTOH",
        "tanggal_lahir": wife_born.isoformat(),
        "jenis_kelamin": "perempuan",
        "hubungan_keluarga": "istri_suami",
        "status_kawin": "kawin_nikah",
        "keberadaan": "tinggal_bersama_keluarga",
    }
    phone.capture(moment, "create", ANGGOTA, parent=added, set=wife)


def marry(phone: FieldPhone, person: Row, target: Row, moment: datetime) -> None:
    """Somebody moves into another family of the RT, as a child-in-law of its head."""
    phone.capture(moment, "move", ANGGOTA, person.id, parent=target.id)
    stated: dict[str, Json] = {"hubungan_keluarga": "menantu", "status_kawin": "kawin_nikah"}
    phone.capture(moment, "set", ANGGOTA, person.id, set=stated)


def move_away(phone: FieldPhone, family: Row, random: Random, moment: datetime) -> None:
    """A family left the village; the house is empty."""
    gone: dict[str, Json] = {"hasil": "tidak_ditemukan", "hasil_alasan": "pindah"}
    visit(phone, family, random, moment, seen="pindah", stated=gone)
    day = moment.date().isoformat()
    phone.capture(moment, "end", KELUARGA, family.id, end="pindah", date=day, target=CITY)


def _measure(
    phone: FieldPhone, child: str, moment: datetime, *, weight_kg: float, length_cm: float
) -> None:
    measured: dict[str, Json] = {
        "tanggal": moment.date().isoformat(),
        "berat_kg": weight_kg,
        "tinggi_cm": length_cm,
        "cara_ukur": "terlentang" if length_cm < 85 else "berdiri",
    }
    phone.capture(moment, "create", PENGUKURAN, parent=child, set=measured)
