"""A server double, phones, and a link between them that breaks where a test wants it to."""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from lokus_client import Environment, Phone
from typing_extensions import override

from tests.clients.double import Device, Double
from tests.clients.doubled_reading import visible
from tests.clients.doubled_routes import Routes

DESA = "1802212001"
OTHER_DESA = "1802212002"
RT = "003/001"
OTHER_RT = "004/001"
START = datetime(2026, 11, 3, 11, 0, tzinfo=UTC)


class Crash(Exception):
    """The phone died here."""


class Link(httpx.BaseTransport):
    """Hands requests to the double; ``faults`` maps a request's number (from 1) to what happens.

    ``unreachable`` and ``status-…``: the server never sees it. ``lost`` and ``crash``: it does, and
    the answer is gone, together with the phone in the second case. ``twice``: it sees it twice.
    """

    def __init__(self, routes: Routes, clock: "Clock") -> None:
        self.routes = routes
        self.clock = clock
        self.sent: list[httpx.Request] = []
        self.faults: dict[int, str] = {}
        self.takes_ms = 0

    @property
    def paths(self) -> list[str]:
        return [request.url.path for request in self.sent]

    def fail_next(self, *faults: str) -> None:
        """The next requests end like this, one after the other."""
        self.faults.update(enumerate(faults, start=len(self.sent) + 1))

    def start_afresh(self) -> None:
        """Count from here on; nothing is planned any more."""
        self.sent.clear()
        self.faults.clear()

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        self.clock.elapsed_ms += self.takes_ms
        fault = self.faults.get(len(self.sent), "")
        if fault == "unreachable":
            raise httpx.ConnectError("no signal")
        if fault.startswith("status-"):
            return httpx.Response(int(fault.removeprefix("status-")), headers={"Retry-After": "3"})
        answer = self.routes.answer(request)
        if fault == "twice":
            answer = self.routes.answer(request)
        if fault == "lost":
            raise httpx.ReadError("cut")
        if fault == "crash":
            raise Crash
        return answer


class Clock:
    """Time that passes only when somebody says so (or sleeps)."""

    def __init__(self) -> None:
        self.elapsed_ms = 0
        self.skew = timedelta()
        self.slept_s: list[float] = []

    def wall(self) -> datetime:
        return START + self.skew + timedelta(milliseconds=self.elapsed_ms)

    def mono_ms(self) -> int:
        return 1_000_000 + self.elapsed_ms

    def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.elapsed_ms += int(seconds * 1000)


class World:
    """One server and as many phones as a test asks for."""

    def __init__(self, folder: Path) -> None:
        self.double = Double()
        self.routes = Routes(self.double)
        self.clock = Clock()
        self.chance = random.Random(7)
        self.folder = folder

    def link(self) -> Link:
        return Link(self.routes, self.clock)

    def environment(
        self, *, boot: str = "b1", checkpoint: Callable[[str], None] = lambda _: None
    ) -> Environment:
        return Environment(
            wall=self.clock.wall,
            mono_ms=self.clock.mono_ms,
            boot=boot,
            random=self.chance.randbytes,
            sleep=self.clock.sleep,
            checkpoint=checkpoint,
        )

    def open(self, name: str, link: Link, *, boot: str = "b1") -> Phone:
        """The phone of that name, as it is after its app was started."""
        return Phone(
            self.folder / f"{name}.db",
            server="https://lokus.test",
            environment=self.environment(boot=boot),
            transport=link,
            survives_power_loss=False,
        )

    def enrolled(
        self, name: str, scope: Mapping[str, list[str] | None] | None = None
    ) -> tuple[Phone, Link]:
        """A phone with a token, that has synced once."""
        link = self.link()
        phone = self.open(name, link)
        phone.enrol(self.double.invite(scope or {DESA: [RT]}), name)
        assert phone.sync().code == "ok"
        link.start_afresh()
        return phone, link

    def device(self, phone: Phone) -> Device:
        name = phone.status().device
        assert name is not None
        return self.double.state.devices[name]

    def device_of(self, store: Path) -> Device:
        """The device that a store's file belongs to."""
        with Phone(store) as phone:
            return self.device(phone)

    def entries(self, phone: Phone) -> list[str]:
        """Hashes of everything that the server ever took from this phone's lineage, in order."""
        name = self.device(phone).name
        lanes = self.double.state.lanes.values()
        return [hash_ for lane in lanes if lane.lineage == name for hash_, _ in lane.entries]


def family(phone: Phone, name: str = "Contoh", rt: str = RT, **fields: str | int) -> str:
    """A new family in an RT; gives its id."""
    number, rw = rt.split("/")
    return phone.create(
        "keluarga", {"nama_kepala_keluarga": name, "rt": number, "rw": rw, **fields}
    ).id


def agreement(phone: Phone) -> dict[str, str]:
    """RT → verdict."""
    return {each.rt: each.verdict for each in phone.status().agreements}


def assert_same_as_server(world: World, phone: Phone, desa: str = DESA) -> None:
    """The copy holds exactly what the double would show this device, field by field."""
    device = world.device(phone)
    held = {row.id: row for row in phone.server_copy(desa)}
    village = world.double.village(desa)
    seen = {r.id: r for r in village.records.values() if visible(world.double, device, desa, r)}
    assert held.keys() == seen.keys()
    for id_, record in seen.items():
        row = held[id_]
        assert (row.seq, row.alias) == (record.seq, record.alias)
        if record.alias is None:
            assert (row.doc, row.ended, row.parent) == (record.fields, record.end, record.parent)
            assert list(row.review) == record.review


def assert_all_taken_once(world: World, phone: Phone) -> None:
    """Every operation that the phone holds is in the server's log under one effect."""
    entries = world.entries(phone)
    for operation in phone.operations():
        assert operation.hash in entries
    effects = [
        (lane.name, hash_)
        for lane in world.double.state.lanes.values()
        for hash_, entry in lane.entries
        if entry["outcome"] != "duplicate"
    ]
    assert len(effects) == len(set(effects))
