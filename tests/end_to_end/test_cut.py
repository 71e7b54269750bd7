"""The line breaks at every byte of enrolment, sync, push and pull, both ways: 0 lost, 0 doubled.

The real client talks to a real server through a line that breaks, with a reset or with an end that
looks orderly, a byte later every time; the client tries again, as it does by itself. On SQLite
every offset of every message is tried (of pushes some), on PostgreSQL every `STRIDE`-th.
"""

import base64
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from lokus_client import Environment, Phone, calling, enrolment
from lokus_client.calling import Caller
from lokus_client.store import Store
from lokus_client.transport import Transport

from api.services.enrolling import enrolling_of
from sync.permission import Role
from tests.api.office import DESA, RT, area
from tests.end_to_end.cutting import Cut, Ending, Line, Side
from tests.end_to_end.nursery import Nursery
from tests.end_to_end.sending import Remote, assert_nothing_lost_or_doubled

CUTS_IN_A_ROW = 6
"""Before the line is good again; phones are made stubborn enough to live through that."""
STRIDE = 13
"""A prime, so that it falls into step with nothing."""
REQUEST_BYTES_MIN, ANSWER_BYTES_MIN = 250, 300
"""Shorter messages than these would mean that the line cut something else."""
PUSH_BYTES = 1024
"""So little that a family with a long address needs a push of its own, and then a pull."""
ADDRESS = "Jalan Contoh " * 30
CODES = 100
WHOLE = [area(DESA)]


@pytest.fixture(autouse=True)
def _small_pushes_and_stubborn_phones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKUS_PUSH_BYTES_MAX", str(PUSH_BYTES))
    monkeypatch.setattr(calling, "RETRIES_MAX", CUTS_IN_A_ROW)


@pytest.fixture
def line(remote: Remote, servers: Nursery) -> Iterator[Line]:
    """The way to a running server."""
    servers.bear()
    remote.go_live()
    with Line(servers.port) as opened:
        yield opened


def impatient() -> Environment:
    """This machine, but nobody waits between two tries."""
    return dataclasses.replace(Environment.real(), sleep=lambda _seconds: None)


@contextmanager
def handset(remote: Remote, line: Line, folder: Path, name: str) -> Iterator[Phone]:
    """A phone of a new account, enrolled."""
    code = remote.code(remote.account(name, Role.OPERATOR_DESA, WHOLE))
    with Phone(
        folder / f"{name}.db",
        server=line.address,
        environment=impatient(),
        survives_power_loss=False,
    ) as phone:
        phone.enrol(code, name)
        yield phone


class Sweep:
    """The cuts of one path: through the whole request, then through the whole answer."""

    def __init__(self, path: str, stride: int) -> None:
        self._sides = iter(((Side.REQUEST, REQUEST_BYTES_MIN), (Side.ANSWER, ANSWER_BYTES_MIN)))
        self._path, self._stride = path, stride
        self.cuts: list[Cut] = []
        self._turn_to_next_side()

    def go_on(self, line: Line) -> None:
        """Choose the next cuts by what became of the last ones."""
        if not self.cuts or all(map(line.has_broken, self.cuts)):
            self.cuts = [next(self._along) for _ in self.cuts]
            return
        # The message was whole before so many bytes had passed.
        assert self.cuts[-1].after > self._bytes_min, self.cuts
        self._turn_to_next_side()

    def _turn_to_next_side(self) -> None:
        side, self._bytes_min = next(self._sides, (None, 0))
        self._along = (self._cut(side, n) for n in count()) if side else iter(())
        self.cuts = [next(self._along) for _ in range(CUTS_IN_A_ROW)] if side else []

    def _cut(self, side: Side, number: int) -> Cut:
        ending = list(Ending)[number // CUTS_IN_A_ROW % 2]
        return Cut(self._path, side, number * self._stride, ending)


def every_cut(line: Line, attempt: Callable[[], None], *sweeps: Sweep) -> int:
    """Break the line wherever the sweeps want it; how often was tried."""
    for attempts in count():
        planned = [cut for sweep in sweeps for cut in sweep.cuts]
        if not planned:
            return attempts
        line.will_break(planned)
        attempt()
        for sweep in sweeps:
            sweep.go_on(line)
    raise AssertionError


def stride(remote: Remote) -> int:
    return 1 if remote.settings.database_url.startswith("sqlite") else STRIDE


def synced(phone: Phone) -> None:
    """A session that has to end well, whatever happens to the line in it."""
    report = phone.sync()
    assert (report.code, report.unsent) == ("ok", 0), report


def family(phone: Phone) -> str:
    rt, rw = RT.split("/")
    told = {"nama_kepala_keluarga": "Contoh", "rt": rt, "rw": rw}
    return phone.create("keluarga", told).id


def assert_all_of_it_is_there_once(remote: Remote, *phones: Phone) -> None:
    """Every operation that a phone made took effect once, and phones and server agree."""
    for phone in phones:
        synced(phone)
    captured = [(one.lane, one.hash) for phone in phones for one in phone.operations()]
    lanes = {lane for lane, _ in captured}
    logged = remote.ask("SELECT lane, hash, outcome FROM operation ORDER BY lane, seq")
    ours = [(lane, in_hex(digest)) for lane, digest, _ in logged if lane in lanes]
    assert sorted(captured) == sorted(ours)
    assert {outcome for _, _, outcome in logged} == {"applied"}
    for phone in phones:
        assert phone.sync(check=True).code == "ok"
        assert {(one.rt, one.verdict) for one in phone.status().agreements} == {(RT, "agrees")}
        assert phone.server_copy() == phones[0].server_copy()
    assert_nothing_lost_or_doubled(remote, [])


def in_hex(digest: str) -> str:
    return base64.urlsafe_b64decode(digest + "=").hex()


def codes(remote: Remote, account: str) -> Iterator[str]:
    """One-time codes without end, many in each transaction."""
    enrolling = enrolling_of(remote.settings, remote.randomness)
    while True:
        act = remote.act()
        with remote.database.writing() as session:
            issued = [enrolling.issue_code(session, account, act).code for _ in range(CODES)]
        yield from issued


def test_the_line_breaks_during_enrolment(remote: Remote, line: Line, tmp_path: Path) -> None:
    unused = codes(remote, remote.account("budi", Role.OPERATOR_DESA, WHOLE))
    devices = set()
    store = Store.open(tmp_path / "budi.db", survives_power_loss=False)
    caller = Caller(store, Transport(line.address), impatient())

    def attempt() -> None:
        enrolment.enrol(caller, next(unused), "budi", "test")
        devices.add(store.fact_text("device"))

    attempts = every_cut(line, attempt, Sweep("/v1/devices", stride(remote)))
    caller.transport.close()
    store.close()
    # A repeated code with its key is the same device again, never a second one.
    used = remote.ask("SELECT device_id FROM enrolment WHERE used_at IS NOT NULL")
    assert {device for (device,) in used} == devices
    assert len(used) == len(devices) == remote.count("device") == attempts
    with Phone(tmp_path / "budi.db", server=line.address, environment=impatient()) as phone:
        synced(phone)
        family(phone)
        assert_all_of_it_is_there_once(remote, phone)


def test_the_line_breaks_during_a_sync(remote: Remote, line: Line, tmp_path: Path) -> None:
    with (
        handset(remote, line, tmp_path, "ani") as ani,
        handset(remote, line, tmp_path, "budi") as budi,
    ):
        homes = {phone: family(phone) for phone in (ani, budi)}
        numbers = count(1)

        def attempt() -> None:
            # In turn: what one of them has written is what the other has to pull next.
            number = next(numbers)
            phone = (ani, budi)[number % 2]
            phone.edit("keluarga", homes[phone], {"luas_lantai": number})
            synced(phone)

        attempt()
        attempt()
        attempts = every_cut(line, attempt, Sweep("/v1/sync", stride(remote)))
        assert remote.count("operation") == attempts + 4
        assert_all_of_it_is_there_once(remote, ani, budi)


def test_the_line_breaks_during_a_pull(remote: Remote, line: Line, tmp_path: Path) -> None:
    with handset(remote, line, tmp_path, "ani") as phone:
        first, second = family(phone), family(phone)
        synced(phone)
        numbers = count(1)

        def attempt() -> None:
            # The second operation does not fit beside the first: it is pushed after the sync, and
            # what it changed has to be pulled.
            number = next(numbers)
            phone.edit("keluarga", first, {"luas_lantai": number})
            phone.edit("keluarga", second, {"alamat": f"{ADDRESS}{number}"})
            synced(phone)

        sweeps = (Sweep("/v1/pull", stride(remote)), Sweep("/v1/push", STRIDE))
        attempts = every_cut(line, attempt, *sweeps)
        assert remote.count("operation") == 2 * attempts + 2
        assert_all_of_it_is_there_once(remote, phone)
