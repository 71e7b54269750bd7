"""A village that works through a period: its list, its people at their desks, what they ask for."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from api.services import pins
from api.services.claiming import note_claims
from api.services.pushing import Turn, changed_niks, decide_batch, store_plan
from api.services.reviewers import ground_of
from models.queries import feeds, lanes
from models.queries.accounts import account_by_id
from models.queries.lanes import LaneOwner
from sync.batch import read_batch
from sync.permission import Role
from sync.push import Author, Plan
from sync.scope import Scope, VillageScope
from sync.types import Lane
from tests.api.calling import Answer
from tests.api.device import JSON, Device, Operation
from tests.api.village import DESA, KECAMATAN, Desk, desk
from tests.api.world import FAMILY, MEMBER, NOON, RT, World, area, record_id, serving

PERIOD = "2026-11"
BASE = f"/v1/rounds/{DESA}/{PERIOD}"
SECOND = record_id(3)
SECOND_MEMBER = record_id(4)
NEW = record_id(5)
PIN = "482915"
LISTED = datetime(2026, 10, 20, 3, tzinfo=UTC)
"""When the government's list came in: before the period opened."""
SHEET = b"%PDF-1.7 contoh berita acara"
SCAN = hashlib.sha256(SHEET).hexdigest()
NUMBERS = {FAMILY: ("1802212101100001", "1802210101900001"),
           SECOND: ("1802212101100002", "1802210101850002")}  # fmt: skip
BIRTHS = {FAMILY: "1990-01-01", SECOND: "1985-01-01"}


@dataclass
class Village:
    """Everybody who has a part in a round."""

    world: World
    ani: Device
    operator: Desk
    kades: Desk
    sari: Desk
    has_pin: bool = False
    """Has the village head got a PIN? It is slow to make, so only who signs gets one."""

    def get(self, who: Desk, path: str = "", **query: str) -> dict[str, Any]:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return who.read(f"{BASE}{path}" + (f"?{asked}" if asked else ""))

    def state(self) -> str:
        state: str = self.get(self.operator)["state"]
        return state

    def step(self, who: Desk, step: str, version: int | None = None, **rest: object) -> Answer:
        seen = self.get(who)["version"] if version is None else version
        return who.post(f"{BASE}/steps", {"step": step, **rest}, if_match=f'"{seen}"')

    def rt_done(self, who: "Desk | Device", rt: str = RT, **rest: object) -> Answer:
        desk = who if isinstance(who, Desk) else Desk(who)
        return desk.post(f"{BASE}/rt", {"rt": rt, **rest})

    def unmet(self, who: Desk | None = None) -> dict[str, int]:
        checks = self.get(who or self.operator, "/checks")["checks"]
        return {one["code"]: one["families"] for one in checks}

    def meeting(self, version: int | None = None, **rest: object) -> Answer:
        seen = self.get(self.operator, "/musyawarah")["version"] if version is None else version
        body = {
            "place": "Balai Kampung",
            "held_on": "2026-11-03",
            "attendance": [{"nama": "Contoh Satu", "peran": "RT", "tanda_tangan": True}],
        } | rest
        sent = json.dumps(body).encode()
        headers = self.operator.device.headers(if_match=f'"{seen}"') | JSON
        return self.world.call("PUT", f"{BASE}/musyawarah", sent, headers)

    def decide(self, family: str, decision: str = "layak", **rest: object) -> Answer:
        body = {"decisions": [{"family": family, "decision": decision, **rest}]}
        return self.operator.post(f"{BASE}/decisions", body)

    def freeze(self, who: Desk | None = None) -> dict[str, Any]:
        answer = (who or self.operator).post(f"{BASE}/frozen", {})
        assert answer.status == 201, answer
        return answer.json()

    def sign(self, digest: str, pin: str = PIN, who: Desk | None = None) -> Answer:
        if who is None and not self.has_pin:
            set_pin(self.world, self.kades.account)
            self.has_pin = True
        return (who or self.kades).post(f"{BASE}/signature", {"hash": digest, "pin": pin})

    def on_paper(self, digest: str, **rest: object) -> Answer:
        device = self.operator.device
        sheet = device.headers() | {"content-type": "application/pdf"}
        kept = device.world.call("POST", f"{BASE}/scan", SHEET, sheet)
        assert (kept.status, kept.json()["sha256"]) == (201, SCAN)
        body = {"hash": digest, "scan": SCAN, **rest}
        return self.operator.post(f"{BASE}/paper-signature", body)

    def approve(self, who: Desk, digest: str) -> Answer:
        return who.post(f"{BASE}/approval", {"hash": digest})

    # What is captured ---------------------------------------------------------------------

    def visit(self, family: str, number: int, **values: object) -> list[Operation]:
        """A family that was met at home, with its head, seen and photographed."""
        member = MEMBER if family == FAMILY else SECOND_MEMBER
        told = {"hasil": "ditemukan", "kemampuan": "tidak_mampu"} | values
        photo = {"jenis": "rumah", "sha256": "ab" * 32, "size": 1000,
                 "waktu": "2026-11-03T10:00:00+07:00"}  # fmt: skip
        visit = {"waktu": "2026-11-03T10:00:00+07:00", "hasil": "selesai", "foto": [photo]}
        base = self.ani.since
        present = {"keberadaan": "tinggal_bersama_keluarga"}
        return [
            self.ani.op("set", "keluarga", family, base=base, set=told),
            self.ani.op("set", "anggota", member, base=base, set=present),
            self.ani.op("create", "kunjungan", record_id(number), base=0, parent=family, set=visit),
        ]

    def verify_all(self) -> None:
        """Ani visits everybody on the list."""
        self.ani.sync()
        told = self.ani.push([*self.visit(FAMILY, 21), *self.visit(SECOND, 22)])
        assert told["results"] == [], told

    def to_musyawarah(self) -> None:
        """Everything is verified and stated as done, and the meeting is held."""
        self.verify_all()
        assert self.step(self.operator, "mulai_verifikasi").status == 200
        assert self.rt_done(self.ani).status == 200
        assert self.step(self.operator, "buka_musyawarah").status == 200
        assert self.meeting().status == 200

    def signed(self) -> dict[str, Any]:
        """The whole way up to the signature."""
        self.to_musyawarah()
        note = self.freeze()
        answer = self.sign(note["hash"])
        assert answer.status == 200, answer.body
        return answer.json()


def import_list(world: World, operations: list[dict[str, Any]], source: str = "import") -> None:
    """Bring a list in through the engine, in the village's import lane."""
    with world.database.writing() as session:
        head = feeds.take_turn(session, DESA)
        stored = lanes.lane_for_push(session, DESA, source)
        if stored is None:
            owner = LaneOwner(f"{source}:test", None, source)
            lanes.open_lane(session, Lane(source, DESA, 0), owner, world.clock.now())
            stored = lanes.lane_for_push(session, DESA, source)
        assert stored is not None
        first = stored.lane.last + 1
        batch = read_batch(
            [
                {"seq": first + n, "base": head, "source": {"file": "daftar.csv"}, **one}
                for n, one in enumerate(operations)
            ],
            server_lane=True,
        )
        author = Author(Scope(()), VillageScope(DESA, None))
        turn = Turn(DESA, head, stored, author, world.clock.now())
        plan = decide_batch(session, turn, batch, ground_of(world.settings))
        assert isinstance(plan, Plan)
        assert all(e["outcome"] != "quarantined" for _, e in plan.results), plan.results
        store_plan(session, turn, batch, plan)
    with world.database.writing() as session:
        note_claims(session, changed_niks(plan))


def listed(family: str, member: str, rt: str = RT) -> list[dict[str, Any]]:
    """A family with its head as a list of the government brings it."""
    no_kk, nik = NUMBERS[family]
    number, _, rw = rt.partition("/")
    return [
        {"kind": "create", "entity": "keluarga", "id": family,
         "set": {"no_kk": no_kk, "nama_kepala_keluarga": "CONTOH", "alamat": "JL. CONTOH",
                 "rt": number, "rw": rw, "sumber_daftar": "dtsen-2026"}},
        {"kind": "create", "entity": "anggota", "id": member, "parent": family,
         "set": {"nik": nik, "nama": "CONTOH", "tanggal_lahir": BIRTHS[family],
                 "jenis_kelamin": "laki_laki", "hubungan_keluarga": "kepala_keluarga"}},
    ]  # fmt: skip


def set_pin(world: World, account: str, pin: str = PIN) -> None:
    """Give a village head a PIN, as the command line does."""
    hashed = pins.hashed_pin(world.settings.secret, account, pin, world.randomness)
    with world.database.writing() as session:
        found = account_by_id(session, account)
        assert found is not None
        pins.set_pin(session, found, hashed, world.act())


def work_through_a_period(world: World, desa: str) -> None:
    """One new family of a village from its visit to the signature, with a row in every table."""
    day = world.clock.now().date().isoformat()
    rini = world.device("rini", areas=[area(desa)])
    head = {"nama": "CONTOH", "nik_alasan": "belum punya", "hubungan_keluarga": "kepala_keluarga"}
    rini.push([
        rini.create(record_id(51), hasil="usulan_baru", kemampuan="tidak_mampu"),
        rini.add_member(record_id(52), record_id(51), **head),
    ])  # fmt: skip
    operator = desk(world, "operator.dua", Role.OPERATOR_DESA, code=desa)
    kades = desk(world, "kades.dua", Role.KEPALA_DESA, code=desa)
    supervisor = desk(world, "supervisor.dua")
    set_pin(world, kades.account)
    base = f"/v1/rounds/{desa}/{PERIOD}"
    period = {"period": PERIOD, "area": desa, "opens": day, "closes": "2099-12-31"}
    new, family = {"profile": "tanpa-foto"}, record_id(51)
    why = {"record": family, "code": "kk-missing", "reason": "belum punya KK"}
    decided = {"decisions": [{"family": family, "decision": "layak"}]}
    came = {"place": "Balai", "held_on": day, "attendance": [{"nama": "Contoh", "peran": "RT"}]}
    asked: list[tuple[Desk, str, object, str]] = [
        (supervisor, "/v1/periods", period | new, ""),
        (operator, f"{base}/steps", {"step": "mulai_verifikasi"}, '"0"'),
        (operator, f"{base}/rt", {"rt": RT}, ""),
        (operator, f"{base}/reasons", why, ""),
        (operator, f"{base}/steps", {"step": "buka_musyawarah"}, '"3"'),
        (operator, f"{base}/decisions", decided, ""),
    ]
    for who, path, body, version in asked:
        answer = who.post(path, body, **({"if_match": version} if version else {}))
        assert answer.status < 300, (path, answer.body)
    headers = operator.device.headers(if_match='"1"') | JSON
    assert world.call("PUT", f"{base}/musyawarah", json.dumps(came).encode(), headers).status == 200
    frozen = operator.post(f"{base}/frozen", {}).json()
    signed = kades.post(f"{base}/signature", {"hash": frozen["hash"], "pin": PIN})
    assert signed.status == 200, signed.body


@contextmanager
def village_in_a_period(url: str, folder: Path) -> Iterator[Village]:
    """A list of two families of one RT came in on 20 October; the period opened on 1 November."""
    with serving(url, folder) as world:
        world.clock.set(LISTED)
        import_list(world, [*listed(FAMILY, MEMBER), *listed(SECOND, SECOND_MEMBER)])
        world.clock.set(NOON)
        village = Village(
            world,
            world.device("ani"),
            desk(world, "operator", Role.OPERATOR_DESA, code=DESA),
            desk(world, "kades", Role.KEPALA_DESA, code=DESA),
            desk(world, "sari"),
        )
        body = {"period": PERIOD, "area": KECAMATAN, "opens": "2026-11-01", "closes": "2026-11-30"}
        answer = village.sari.post("/v1/periods", body)
        assert answer.status == 201, answer
        yield village


__all__ = [
    "BASE", "DESA", "FAMILY", "KECAMATAN", "LISTED", "MEMBER", "NEW", "NOON", "PERIOD", "PIN", "RT",
    "SCAN", "SECOND", "SECOND_MEMBER", "Desk", "Device", "Role", "Village", "area", "desk",
    "import_list", "listed", "record_id", "set_pin", "timedelta", "village_in_a_period",
    "work_through_a_period",
]  # fmt: skip
