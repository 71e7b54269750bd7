"""Many writers, and followers of the feed who must not miss a row: 2, 4, 16 at once, on PostgreSQL.

A cursor over anything but a counter that is taken last loses what commits late under a low number.
Rows here are mostly written once, so a row that a follower misses stays missing and is seen.
"""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path
from random import Random

import pytest

from sync.permission import Role
from tests.api.copies import Copy, whole_copy
from tests.api.device import Device, Operation, record_id
from tests.api.office import DESA, area
from tests.api.world import ServedOffice, serving
from tests.end_to_end.nursery import nursery
from tests.end_to_end.sending import (
    MachineClock,
    Remote,
    Sender,
    assert_nothing_lost_or_doubled,
)

BATCHES = 96
"""Altogether, however many share the work."""
FOLLOWERS = 2
PROCESSES = 3
WHOLE = [area(DESA)]
SHARED = [record_id(number) for number in range(1, 7)]
"""Families that everybody edits and moves."""
SHARED_PEOPLE = [record_id(number) for number in range(11, 17)]


class Village:
    """Writers with outboxes, followers with copies."""

    def __init__(self, office: ServedOffice, writers: int) -> None:
        self._numbers = count(100)
        self._lock = threading.Lock()
        self.office = office
        desk = [office.device(f"desk{n}", Role.OPERATOR_DESA, WHOLE) for n in range(writers)]
        self.senders = [Sender(office, device) for device in desk]
        self.followers = [
            office.device(f"follower{n}", Role.OPERATOR_DESA, WHOLE) for n in range(FOLLOWERS)
        ]
        first = self.senders[0]
        people = zip(SHARED_PEOPLE, SHARED, strict=True)
        first.deliver([first.device.create(home) for home in SHARED])
        first.deliver([first.device.add_member(person, home) for person, home in people])

    def new_id(self) -> str:
        with self._lock:
            return record_id(next(self._numbers))

    def batch(self, device: Device, chance: Random) -> list[Operation]:
        """Mostly new rows; some that others write, too; twins now and then."""
        home = self.new_id()
        nik = f"18022101010100{chance.randint(10, 40)}"
        born = {"tanggal_lahir": "2000-01-01", "jenis_kelamin": "perempuan"}
        ops = [device.create(home), device.add_member(self.new_id(), home, nik=nik, **born)]
        if chance.random() < 0.5:
            ops.append(device.add_member(self.new_id(), home, nik=nik, **born))
        shared, person = chance.choice(SHARED), chance.choice(SHARED_PEOPLE)
        base = chance.choice([0, 10**6])
        change = chance.randint(0, 3)
        if change == 0:
            ops.append(device.edit(shared, base, rt=chance.choice(["003", "004"]), rw="001"))
        elif change == 1:
            ops.append(device.op("move", "anggota", person, base=base, parent=shared))
        else:
            ops.append(device.edit(shared, base, luas_lantai=chance.randint(1, 200)))
        return ops

    def write(self, sender: Sender, batches: int) -> None:
        chance = Random(sender.device.id)
        for _ in range(batches):
            path = chance.choice(["/v1/push", "/v1/sync"])
            sender.deliver(self.batch(sender.device, chance), path)

    def follow(self, follower: Device, done: threading.Event) -> Copy:
        """Pull page after page until the writers are done, then to the end."""
        copy = Copy()
        chance = Random(follower.id)
        while not done.is_set():
            self._page(follower, copy, chance.choice([1, 900, 4000, 32768]))
        copy.follow(follower)
        return copy

    @staticmethod
    def _page(follower: Device, copy: Copy, bytes_max: int) -> None:
        copy.take_page(follower.pull(copy.since, copy.at, max_bytes=bytes_max))

    def run(self) -> list[Copy]:
        """Let everybody work; what the followers hold in the end."""
        done = threading.Event()
        share = BATCHES // len(self.senders)
        with ThreadPoolExecutor(len(self.senders) + FOLLOWERS) as threads:
            copies = [threads.submit(self.follow, one, done) for one in self.followers]
            writing = [threads.submit(self.write, one, share) for one in self.senders]
            try:
                _finish(writing)
            finally:
                done.set()
            return [copy.result() for copy in copies]


def _finish(running: list[Future[None]]) -> None:
    for one in running:
        one.result()


def assert_no_row_was_missed(village: Village, copies: list[Copy]) -> None:
    expected = whole_copy(village.followers[0])
    for copy in copies:
        assert not copy.missing
        assert copy.rows.keys() == expected.rows.keys()
        assert copy.rows == expected.rows
        assert copy.digests() == expected.digests()
    assert len(expected.rows) > 2 * BATCHES
    assert_nothing_lost_or_doubled(village.office, village.senders)


def deadlocks(office: ServedOffice) -> int:
    """How often PostgreSQL had to kill somebody's transaction."""
    ((found,),) = office.ask(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    return int(found)


@pytest.mark.parametrize("writers", [2, 4, 16])
def test_no_follower_misses_a_row(postgres_url: str, tmp_path: Path, writers: int) -> None:
    with serving(postgres_url, tmp_path, threads_max=writers + FOLLOWERS + 2) as world:
        village = Village(world, writers)
        copies = village.run()
        assert_no_row_was_missed(village, copies)
        assert {status for sender in village.senders for status in sender.statuses} == {200}
        assert deadlocks(world) == 0


def test_nor_on_sqlite_where_writers_take_turns(sqlite_url: str, tmp_path: Path) -> None:
    with serving(sqlite_url, tmp_path) as world:
        village = Village(world, 4)
        assert_no_row_was_missed(village, village.run())


def test_no_follower_misses_a_row_that_another_process_wrote(
    postgres_url: str, tmp_path: Path
) -> None:
    remote = Remote(postgres_url, tmp_path / "data", MachineClock())
    with nursery(postgres_url, remote.settings.data_dir) as servers:
        remote.serve_at(servers.port, rehearsing=servers.call)
        village = Village(remote, 4)
        for _ in range(PROCESSES):
            servers.bear()
        remote.go_live()
        assert_no_row_was_missed(village, village.run())
        assert deadlocks(remote) == 0
        remote.close()
