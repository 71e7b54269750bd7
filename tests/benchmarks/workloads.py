"""W1, W2 and W4 of the specification, section 7."""

import random
import uuid
from typing import Any, Final

from sqlalchemy import text

from sync.codes import CODELISTS
from sync.policy import FIELDS, FieldClass
from tests.benchmarks.environment import Device, Installation
from tests.benchmarks.report import Measured
from tests.benchmarks.size import Size
from tests.benchmarks.traffic import Phase, Phones, families_of, head

MONO: Final = 91_822_114
CONFLICT_SHARE: Final = 0.1
FILLER_PER_VILLAGE: Final = 20_000
FILLER_PER_TRANSACTION: Final = 5_000

_EDITABLE: Final = [
    (name, known.codelist)
    for name, known in FIELDS["keluarga"].items()
    if known.field_class is FieldClass.MEASUREMENT and known.codelist and known.group == name
]


class World:
    """What the phones hold: their families with the seq each had when they last pulled."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.families: dict[str, dict[str, int]] = {}
        self.lane_end: dict[str, int] = {}
        self.cursors: dict[str, int] = {}

    def next_seq(self, device: Device) -> int:
        self.lane_end[device.lane] = self.lane_end.get(device.lane, 0) + 1
        return self.lane_end[device.lane]

    def uuid7(self, at_ms: int) -> str:
        value = (at_ms << 80) | self.random.getrandbits(80)
        value = value & ~(0xF000 << 64) | (0x7000 << 64)
        return str(uuid.UUID(int=value & ~(0b11 << 62) | (0b10 << 62)))

    def batch(self, device: Device, size: Size) -> list[dict[str, Any]]:
        """Edits of one field each, on different families of the device."""
        held = sorted(self.families[device.lane].items())
        chosen = (self.random.sample(held, min(size.edits, len(held))) * size.edits)[: size.edits]
        return [self.edit(device, record, base, n) for n, (record, base) in enumerate(chosen)]

    def take(self, device: Device, answer: dict[str, Any]) -> int:
        """Remember what a page told; returns how many changes it brought."""
        held = self.families[device.lane]
        held |= {row["id"]: row["seq"] for row in answer["changes"] if row["id"] in held}
        self.cursors[device.lane] = answer["cursor"]["at"]
        return len(answer["changes"])

    def creation(self, device: Device, number: int) -> dict[str, Any]:
        rt, rw = device.rt.split("/")
        fields: dict[str, Any] = {
            "no_kk": f"18022101{self.random.randrange(10**8):08}",
            "nama_kepala_keluarga": f"Warga {number}",
            "alamat": f"Jl. Lintas {number}",
            "rt": rt,
            "rw": rw,
            "luas_lantai": self.random.randrange(20, 90),
        }
        fields |= {name: self.code(codelist) for name, codelist in _EDITABLE}
        return {
            "seq": self.next_seq(device),
            "kind": "create",
            "entity": "keluarga",
            "id": self.uuid7(1_762_000_000_000 + number),
            "base": 0,
            "set": fields,
            "mono": MONO + number,
            "boot": "b7",
        }

    def edit(self, device: Device, record: str, base: int, number: int) -> dict[str, Any]:
        name, _ = _EDITABLE[number % len(_EDITABLE)]
        made = self.edit_of(record, base, name)
        return made | {"seq": self.next_seq(device), "mono": made["mono"] + number * 7000}

    def edit_of(self, record: str, base: int, name: str) -> dict[str, Any]:
        return {
            "seq": 0,
            "kind": "set",
            "entity": "keluarga",
            "id": record,
            "base": base,
            "set": {name: self.code(FIELDS["keluarga"][name].codelist)},
            "observed": "2026-11-03",
            "mono": MONO + self.random.randrange(5000),
            "boot": "b7",
        }

    def code(self, codelist: str | None) -> str:
        return self.random.choice(CODELISTS[codelist or ""].codes).slug


def w1(place: Installation, world: World, size: Size, clients: int) -> Measured:
    """First upload, first sync, edits, delta pull, and the combined sync that phones do."""
    phones = Phones(place, clients)
    uploads = {d.lane: [world.creation(d, n) for n in range(size.families)] for d in place.devices}
    families = len(place.devices) * size.families

    def upload(p: Phones, d: Device, phase: Phase) -> None:
        answer = p.post(d, "/v1/push", {**head(d, MONO), "ops": uploads[d.lane]}, phase)
        assert answer["results"] == [], answer

    phases = [
        phones.phase("first upload", families, upload, place.devices),
        first_sync(place, phones, world, size),
        *edit_phases(place, phones, world, size),
    ]
    return Measured("W1", place.engine, phases, place.memory_mib())


def first_sync(place: Installation, phones: Phones, world: World, size: Size) -> Phase:
    """Every device takes the snapshot of its scope: its own RT and its neighbour's."""

    def download(p: Phones, d: Device, phase: Phase) -> None:
        raw, headers = p.get(d, f"/v1/snapshots/{d.desa}", phase)
        world.families[d.lane], families = families_of(raw, d.rt)
        world.cursors[d.lane] = int(headers["Sync-At"])
        assert len(world.families[d.lane]) == size.families
        phase.things += families

    return phones.phase("first sync", 0, download, place.devices)


def edit_phases(place: Installation, phones: Phones, world: World, size: Size) -> list[Phase]:
    """Edits in one batch, the delta pull after them, and both in one request."""
    edits = len(place.devices) * size.edits
    pushes = {d.lane: world.batch(d, size) for d in place.devices}

    def push(p: Phones, d: Device, phase: Phase) -> None:
        answer = p.post(d, "/v1/push", {**head(d, MONO * 2), "ops": pushes[d.lane]}, phase)
        assert answer["acked"] == pushes[d.lane][-1]["seq"], answer

    def pull(p: Phones, d: Device, phase: Phase) -> None:
        at = world.cursors[d.lane]
        answer = p.post(d, "/v1/pull", {**head(d, MONO), "pull": {"since": at, "at": at}}, phase)
        phase.things += world.take(d, answer)

    def sync(p: Phones, d: Device, phase: Phase) -> None:
        at = world.cursors[d.lane]
        body = {**head(d, MONO * 2), "ops": syncs[d.lane], "pull": {"since": at, "at": at}}
        answer = p.post(d, "/v1/sync", body, phase)
        assert not answer["cursor"]["more"], "one request is a whole sync"
        world.take(d, answer)

    phases = [
        phones.phase("edits, /v1/push", edits, push, place.devices),
        phones.phase("delta pull", 0, pull, place.devices),
    ]
    syncs = {d.lane: world.batch(d, size) for d in place.devices}
    return [*phases, phones.phase("whole sync, /v1/sync", edits, sync, place.devices)]


def w2(place: Installation, world: World, size: Size, clients: int) -> Measured:
    """A tenth of the edits hit a group that the neighbour's phone edits on the same day."""
    phones = Phones(place, clients)
    pushes = {d.lane: world.batch(d, size) for d in place.devices}
    shared = max(1, int(size.edits * CONFLICT_SHARE))
    for one, other in zip(place.devices[::2], place.devices[1::2], strict=False):
        for number, edit in enumerate(pushes[one.lane][:shared]):
            clash = world.edit_of(edit["id"], edit["base"], next(iter(edit["set"])))
            pushes[other.lane][number] |= {k: v for k, v in clash.items() if k != "seq"}
    conflicts: list[int] = []

    def push(p: Phones, d: Device, phase: Phase) -> None:
        answer = p.post(d, "/v1/push", {**head(d, MONO * 2), "ops": pushes[d.lane]}, phase)
        conflicts.append(sum(r["outcome"] == "conflict" for r in answer["results"]))

    edits = len(place.devices) * size.edits
    phase = phones.phase("edits, 10 % clash", edits, push, place.devices)
    measured = Measured("W2", place.engine, [phase], place.memory_mib())
    measured.notes.append(f"{sum(conflicts)} conflicts opened")
    return measured


def w4(place: Installation, world: World, size: Size, clients: int) -> Measured:
    """W1's edits once more, beside a million records."""
    fill(place, size.filler)
    phones = Phones(place, clients)
    phases = [
        first_sync(place, phones, world, size),
        *edit_phases(place, phones, world, size),
    ]
    measured = Measured("W4", place.engine, phases, place.memory_mib())
    measured.notes.append(f"{size.filler} records of other villages loaded before")
    return measured


def fill(place: Installation, records: int) -> None:
    """Copies of a family for other villages, numbered by their feeds as the guard demands."""
    for start in range(0, records, FILLER_PER_TRANSACTION):
        village = start // FILLER_PER_VILLAGE
        with place.database.writing() as session:
            for statement in FILL_STATEMENTS:
                session.connection().execute(
                    text(statement),
                    {
                        "desa": f"19{village:08}",
                        "count": min(FILLER_PER_TRANSACTION, records - start),
                    },
                )


FILL_STATEMENTS: Final = (
    "INSERT INTO feed (desa, head, previous) VALUES (:desa, 0, 0) ON CONFLICT DO NOTHING",
    "UPDATE feed SET previous = head, head = head + :count WHERE desa = :desa",
    """
    INSERT INTO record (desa, id, entity, parent, keluarga, rt, seq, created_seq, rt_since, doc,
                        stamps, disputed)
    SELECT :desa, made.id, 'keluarga', NULL, made.id, '001/001', made.seq, made.seq, made.seq,
           one.doc, one.stamps, false
    FROM (SELECT gen_random_uuid() AS id, feed.previous + n AS seq
          FROM feed, generate_series(1, CAST(:count AS bigint)) AS n
          WHERE feed.desa = :desa) AS made,
         (SELECT doc, stamps FROM record WHERE desa LIKE '18%' LIMIT 1) AS one
    """,
)
