"""What people with phones do all day: new families, corrections, moves, deaths, and double entries.

Except for a few texts everything is drawn from so few values that people often agree.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from lokus_client.values import Json, JsonObject

from api.simulation.collecting import UNIQUE_TEXTS, Collector, Deed
from api.simulation.history import Telling
from api.simulation.office import RTS
from sync.permission import Role

FAMILIES_MAX: Final = 40
"""Open families of a phone's copy beyond which new ones become rare: old ones are disputed more."""
SPOILT_SHARE: Final = 0.04
TRIES: Final = 3
FLOORS: Final = ("keramik", "semen_bata_merah")
PROGRAMMES: Final = ("pkh", "bpnt", "pbi")
DISABILITIES: Final = ("fisik", "mental", "sensorik")
JOBS: Final = ("belum_tidak_bekerja", "mengurus_rumah_tangga", "pelajar_mahasiswa")
PRESENCES: Final = ("tinggal_bersama_keluarga", "meninggal", "pindah_wilayah", "tidak_ditemukan")
BIRTHS: Final = ("2024-05-17", "1990-01-01", "1991-02-02")
SEXES: Final = ("laki_laki", "perempuan")
NIKS: Final = tuple(f"9902{number}1708240001" for number in range(10, 99))
CARDS: Final = tuple(f"9902{number}0101260001" for number in range(10, 99))
BEARERS: Final = 4
"""So many rows of a phone for each further number, or questions about doubles would be all."""


def work(who: Collector) -> None:
    """Do one thing, if there is anything to do it with."""
    spoilt = who.spoils and who.chance.random() < SPOILT_SHARE
    deeds = _SPOILT if spoilt else _DEEDS[who.role]
    for _ in range(TRIES):
        (deed,) = who.chance.choices([deed for deed, _ in deeds], [weight for _, weight in deeds])
        if who.does(deed):
            return


def settle_in(who: Collector) -> None:
    """The first day: some families and their members, before anybody knows of anybody."""
    if who.role is not Role.BIDAN:
        for deed in (new_family, new_family, new_member, new_member, new_member):
            who.does(deed)


def new_family(who: Collector) -> str | None:
    """A family that nobody has registered yet."""
    place = who.own_rt()
    if place is None or (len(who.rows("keluarga")) > FAMILIES_MAX and who.chance.random() < 0.95):
        return None
    desa, rt, rw = place
    assigned: dict[str, Json] = {
        "nama_kepala_keluarga": who.notes.history.new_value("Keluarga"),
        "rt": rt,
        "rw": rw,
        "jenis_lantai_terluas": who.chance.choice(FLOORS),
        "program": [who.chance.choice(PROGRAMMES)],
    }
    if who.chance.random() < 0.4:
        assigned["no_kk"] = _number(who, CARDS, "keluarga")
    return who.create("keluarga", assigned, None, desa)


def new_member(who: Collector) -> str | None:
    """Somebody of a family, perhaps somebody who is registered elsewhere already."""
    family, crowd = who.pick("keluarga"), len(who.rows("anggota"))
    if family is None or (crowd > 2 * FAMILIES_MAX and who.chance.random() < 0.9):
        return None
    assigned: dict[str, Json] = {"nama": who.notes.history.new_value("Anggota")}
    if who.chance.random() < 0.7:
        assigned["nik"] = _number(who, NIKS, "anggota")
        assigned["tanggal_lahir"] = who.chance.choice(BIRTHS)
        assigned["jenis_kelamin"] = who.chance.choice(SEXES)
    if who.role is Role.BIDAN:
        assigned["tanggal_lahir"] = BIRTHS[0]
    if who.chance.random() < 0.3:
        assigned["ibu_kandung"] = who.notes.history.new_value("Ibu")
    return who.create("anggota", assigned, family)


def _number(who: Collector, numbers: Sequence[str], entity: str) -> str:
    """One that others may bear already."""
    return who.chance.choice(numbers[: 6 + len(who.rows(entity)) // BEARERS])


def same_member_again(who: Collector) -> str | None:
    """A double tap, or a neighbour who registers the same child once more."""
    rows = [row for row in who.rows("anggota") if row.doc.get("nik") and row.parent]
    if not rows:
        return None
    row = who.chance.choice(sorted(rows, key=lambda row: row.id))
    assigned: dict[str, Json] = {"nama": who.notes.history.new_value("Anggota")}
    for name in ("nik", "tanggal_lahir", "jenis_kelamin"):
        if name in row.doc:
            assigned[name] = row.doc[name]
    return who.create("anggota", assigned, row.parent)


def rename(who: Collector) -> str | None:
    """Correct a name."""
    entity = who.chance.choice(("keluarga", "anggota"))
    record = who.pick(entity)
    if record is None:
        return None
    name = who.chance.choice(UNIQUE_TEXTS[entity])
    value = who.notes.history.new_value("Nama")
    telling = Telling(name, value=value, sent=who.sent(record, name))
    return who.edit(record, entity, {name: value}, [telling])


def measure(who: Collector) -> str | None:
    """What is seen anew each time: the later day wins."""
    record = who.pick("keluarga")
    if record is None:
        return None
    if who.chance.random() < 0.5:
        return who.edit(record, "keluarga", {"jenis_lantai_terluas": who.chance.choice(FLOORS)})
    return who.edit(record, "keluarga", {"luas_lantai": who.chance.randrange(20, 24)})


def change_programmes(who: Collector) -> str | None:
    """A family gets a benefit, or loses one."""
    record = who.pick("keluarga")
    if record is None:
        return None
    return _change_set(who, record, "keluarga", "program", PROGRAMMES)


def change_disabilities(who: Collector) -> str | None:
    """The same for what somebody cannot do."""
    record = who.pick("anggota")
    if record is None:
        return None
    return _change_set(who, record, "anggota", "disabilitas", DISABILITIES)


def _change_set(
    who: Collector, record: str, entity: str, field: str, choices: Sequence[str]
) -> str | None:
    element, sent = who.chance.choice(choices), who.sent(record, field)
    if element in sent and who.chance.random() < 0.7:
        telling = Telling(field, removes=(element,), sent=sent)
        return who.edit(record, entity, {}, [telling], remove={field: [element]})
    telling = Telling(field, adds=(element,), sent=sent)
    return who.edit(record, entity, {}, [telling], add={field: [element]})


def change_member(who: Collector) -> str | None:
    """Something about a person, of any class."""
    record = who.pick("anggota")
    if record is None:
        return None
    change: tuple[str, Json] = who.chance.choice(
        (
            ("pekerjaan", who.chance.choice(JOBS)),
            ("keberadaan", who.chance.choice(PRESENCES)),
            ("nik", _number(who, NIKS, "anggota")),
            ("hamil", who.chance.random() < 0.5),
        )
    )
    return who.edit(record, "anggota", dict([change]))


def move_house(who: Collector) -> str | None:
    """A family goes to live in another RT of its village, perhaps out of this phone's sight."""
    record = who.pick("keluarga")
    if record is None:
        return None
    rt, rw = who.chance.choice(RTS).split("/")
    who.notes.counts.add("rt-moves")
    return who.edit(record, "keluarga", {"rt": rt, "rw": rw})


def move_member(who: Collector) -> str | None:
    """Somebody goes to live with another family."""
    member, family = who.pick("anggota"), who.pick("keluarga")
    if member is None or family is None:
        return None
    return who.do(member, (), lambda: who.handset.phone.move(member, family))


def end_record(who: Collector) -> str | None:
    """A family or a person is no more, whatever others write meanwhile."""
    entity = who.chance.choice(("keluarga", "anggota"))
    record, other = who.pick(entity), who.pick(entity)
    if record is None or (len(who.ids(entity)) < 4 and who.chance.random() < 0.7):
        return None
    reason = who.chance.choice(("meninggal", "pindah", "salah", "ganda"))
    details = {"twin": other} if reason == "ganda" else {}
    day = who.clock.now().date().isoformat()
    return who.do(
        record,
        (),
        lambda: who.handset.phone.end(entity, record, reason, day, details=details),
    )


def visit(who: Collector) -> str | None:
    """A visit to a family."""
    family = who.pick("keluarga")
    if family is None:
        return None
    moment = who.clock.now().isoformat(timespec="seconds")
    return who.create("kunjungan", {"waktu": moment, "hasil": "selesai"}, family)


def weigh(who: Collector) -> str | None:
    """A midwife weighs somebody."""
    member = who.pick("anggota")
    if member is None:
        return None
    day = who.clock.now().date().isoformat()
    assigned: dict[str, Json] = {"tanggal": day, "berat_kg": who.chance.randrange(4, 19)}
    return who.create("pengukuran", assigned, member)


def break_edit(who: Collector) -> str | None:
    """Something that no server can merge, as a broken client would send it."""
    record = who.pick("keluarga")
    row = who.handset.copy.get(record or "")
    if record is None or row is None:
        return None
    stranger = f"01990000-0000-7000-8000-{who.chance.getrandbits(48):012x}"
    edit: JsonObject = {"kind": "set", "entity": "keluarga", "id": record, "base": row.seq}
    broken: tuple[JsonObject, ...] = (
            {**edit, "set": {"atap2": "x"}},
            {**edit, "set": {"luas_lantai": 30}, "surprise": True},
            {**edit, "kind": "upsert", "set": {"luas_lantai": 30}},
            {**edit, "set": {"luas_lantai": "broad"}},
            {**edit, "set": {"jenis_lantai_terluas": "emas"}},
            {**edit, "set": {"desil_nasional": 1}},
            {**edit, "id": stranger, "set": {"luas_lantai": 30}},
            {**edit, "base": -1, "set": {"luas_lantai": 30}},
            {"kind": "create", "entity": "keluarga", "id": record, "base": 0, "set": {}},
            {"kind": "create", "entity": "anggota", "id": stranger, "base": 0,
             "parent": stranger, "set": {}},
    )  # fmt: skip
    operation = who.chance.choice(broken)
    who.notes.counts.add("malformed")
    return who.do(record, (), lambda: who.handset.phone.offer(row.desa, _clocked(who, operation)))


def break_family(who: Collector) -> str | None:
    """A family that cannot be merged, with a member that hangs on it."""
    place = who.own_rt()
    if place is None:
        return None
    desa, rt, rw = place
    name = who.notes.history.new_value("Keluarga")
    assigned: JsonObject = {"nama_kepala_keluarga": name, "rt": rt, "rw": rw, "atap2": "x"}
    number = who.chance.getrandbits(48)
    family = f"01990000-0000-7000-8000-{number:012x}"
    member = f"01990000-0000-7000-9000-{number:012x}"
    operations: list[JsonObject] = [
        {"kind": "create", "entity": "keluarga", "id": family, "base": 0, "set": assigned},
        {"kind": "create", "entity": "anggota", "id": member, "base": 0, "parent": family,
         "set": {"nama": who.notes.history.new_value("Anggota")}},
    ]  # fmt: skip
    if who.chance.random() < 0.7:
        # A permission that a reviewer can lift, where an unknown field stays unknown.
        del assigned["atap2"]
        assigned["rt"] = "009"
    hash_ = None
    for operation in operations:
        who.notes.counts.add("malformed")
        record = str(operation["id"])
        frozen = _clocked(who, operation)
        hash_ = who.do(record, (), partial(who.handset.phone.offer, desa, frozen)) or hash_
    return hash_


def _clocked(who: Collector, operation: JsonObject) -> JsonObject:
    """With a phone's clock and something that no other operation says."""
    environment = who.handset.phone.environment
    return {
        **operation,
        "mono": environment.mono_ms(),
        "boot": environment.boot,
        "visit": f"01990000-0000-7000-a000-{who.chance.getrandbits(48):012x}",
    }


_Deeds = tuple[tuple[Deed, int], ...]
_SPOILT: Final[_Deeds] = ((break_edit, 3), (break_family, 2))
_COLLECTOR: Final[_Deeds] = (
    (new_family, 8), (new_member, 7), (same_member_again, 3), (rename, 14), (measure, 14),
    (change_programmes, 8), (change_disabilities, 4), (change_member, 10), (move_house, 4),
    (move_member, 3), (end_record, 3), (visit, 2),
)  # fmt: skip
_DEEDS: Final[Mapping[Role, _Deeds]] = {
    Role.PETUGAS: _COLLECTOR,
    Role.OPERATOR_DESA: _COLLECTOR,
    Role.BIDAN: ((weigh, 5), (change_member, 4), (change_disabilities, 3), (new_member, 2),
                 (visit, 2), (measure, 1)),
}  # fmt: skip
