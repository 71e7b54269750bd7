"""How Lokus connects to SQLite and to PostgreSQL: what every connection promises and refuses."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson
import psycopg
from psycopg.types.string import TextLoader
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import ExceptionContext, IsolationLevel
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from models import arrays

WAL_BYTES_KEPT: Final = 64 * 1024 * 1024
"""A long reader lets SQLite's write-ahead log grow; the next checkpoint cuts it back to this."""

PREPARE_AFTER: Final = 5
"""Executions of a statement on one PostgreSQL connection after which it stays prepared."""

BY_KEY: Final = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
"""For connections that ask for and write single rows by their keys, and nothing else: a prepared
statement keeps its plan, and what is quick in an empty table is not in a full one."""

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

ON_ONE_NODE: Final = "all villages on one node"
"""In the `info` of a lander's connection: no cluster keeps villages apart from each other."""

_DATABASE_URLS: Final = (
    "write sqlite:///PATH/lokus.db (a file, not :memory:) or postgresql://USER:PASSWORD@HOST/NAME"
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each kind of wait may last, in seconds, before a caller gets `Busy`."""

    turn_seconds: float = 10.0
    """For the writer's turn (SQLite)."""
    pool_seconds: float = 10.0
    """For a free connection."""
    lock_seconds: float = 10.0
    """For a row's lock (PostgreSQL) or another process's write (SQLite)."""
    statement_seconds: float = 30.0
    """For one statement (PostgreSQL); 0 is for ever."""
    idle_seconds: float = 30.0
    """Between two statements of a transaction (PostgreSQL): a stuck process must not keep locks."""


MIGRATION_PATIENCE: Final = Patience(lock_seconds=30.0, statement_seconds=0, idle_seconds=0)
"""A rewritten table takes the time it takes; its lock must not queue everyone behind it."""


def database_url(url: str) -> URL:
    """Parse `url` and name the driver that Lokus uses for it; ValueError for what it cannot use."""
    try:
        target = make_url(url)
    except ArgumentError:
        raise ValueError(f"this is no database URL: {_DATABASE_URLS}") from None
    match target.drivername:
        case "sqlite" | "sqlite+pysqlite" if target.database not in {None, "", ":memory:"}:
            return target.set(drivername="sqlite+pysqlite")
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return target.set(drivername="postgresql+psycopg")
        case _:
            shown = target.render_as_string(hide_password=True)
            raise ValueError(f"{shown!r} is no database that Lokus can use: {_DATABASE_URLS}")


class Pools(NamedTuple):
    """The engines that `Database` goes through, each for at most so many threads."""

    reader: Engine
    writer: Engine
    asker: Engine
    """For single questions: one statement sees one instant whatever stands around it."""
    lander: Engine | None
    """For statements that are transactions of their own, and about single rows (`BY_KEY`); their
    connections stay with whoever opened them, and so are none of the others'. PostgreSQL alone."""


def open_pools(target: URL, pool_size: int, patience: Patience) -> Pools:
    """The engines of a database, for at most `pool_size` threads each.

    PostgreSQL is not asked for anything yet.
    """
    if target.get_backend_name() == "sqlite":
        # The switch to WAL needs the file for itself, so it happens before anyone reads.
        writer = _sqlite_writer(target, patience)
        writer.connect().close()
        reader = _sqlite_reader(target, pool_size, patience)
        return Pools(reader, writer, reader, None)
    writer = _postgresql_writer(target, pool_size, patience)
    lander = _postgresql_writer(target, pool_size, patience, BY_KEY)
    event.listen(lander, "connect", _note_where_villages_are)
    # One pool for the first three; how a transaction begins makes it a reader's, and a question
    # is spared BEGIN and COMMIT.
    return Pools(
        writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True),
        writer,
        writer.execution_options(isolation_level="AUTOCOMMIT"),
        lander.execution_options(isolation_level="AUTOCOMMIT"),
    )


def open_for_migration(target: URL) -> Engine:
    """One connection that may take its time; on SQLite without foreign keys in force.

    SQLite changes a table by copying it and dropping the old one, which would cascade; whoever
    migrates runs `PRAGMA foreign_key_check` before the commit.
    """
    if target.get_backend_name() == "sqlite":
        return _sqlite_writer(target, MIGRATION_PATIENCE, foreign_keys=False)
    return _postgresql_writer(target, 1, MIGRATION_PATIENCE)


def _engine(
    target: URL,
    size: int,
    patience: Patience,
    connect_args: dict[str, Any],
    isolation_level: IsolationLevel | None = None,
) -> Engine:
    return create_engine(
        target,
        pool_size=size,
        max_overflow=0,
        pool_timeout=patience.pool_seconds,
        # Few warm connections serve a quiet hour, and their caches of statements stay in use.
        pool_use_lifo=True,
        connect_args=connect_args,
        # NIK and No KK are parameters; error texts end up in logs.
        hide_parameters=True,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        isolation_level=isolation_level,
    )


def _sqlite_writer(target: URL, patience: Patience, *, foreign_keys: bool = True) -> Engine:
    """A single connection, which asks for SQLite's write lock at BEGIN."""
    pragmas = (
        "journal_mode = WAL",
        f"journal_size_limit = {WAL_BYTES_KEPT}",
        f"foreign_keys = {'ON' if foreign_keys else 'OFF'}",
    )
    return _sqlite(target, 1, patience, begin="BEGIN IMMEDIATE", pragmas=pragmas)


def _sqlite_reader(target: URL, pool_size: int, patience: Patience) -> Engine:
    return _sqlite(target, pool_size, patience, begin="BEGIN", pragmas=("query_only = ON",))


def _sqlite(
    target: URL, size: int, patience: Patience, *, begin: str, pragmas: Sequence[str]
) -> Engine:
    assert target.database is not None
    # Who may read the folder may read the register.
    Path(target.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = _engine(target, size, patience, {"timeout": patience.lock_seconds})
    event.listen(engine, "connect", partial(_configure_sqlite, pragmas=pragmas))
    event.listen(engine, "begin", partial(_begin_sqlite, begin=begin))
    return engine


def _configure_sqlite(
    connection: sqlite3.Connection, _record: object, *, pragmas: Sequence[str]
) -> None:
    # The driver's own BEGIN comes late and not before every statement: it is to begin nothing.
    connection.isolation_level = None
    # NORMAL loses committed transactions on power loss, after they were acknowledged.
    for pragma in ("synchronous = FULL", *pragmas):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection, *, begin: str) -> None:
    connection.exec_driver_sql(begin)


def _postgresql_writer(
    target: URL, pool_size: int, patience: Patience, settings: Mapping[str, str] = _NOTHING
) -> Engine:
    connect_args = {
        "options": _session_options(target, patience, settings),
        "prepare_threshold": PREPARE_AFTER,
    }
    engine = _engine(target, pool_size, patience, connect_args, "READ COMMITTED")
    event.listen(engine, "connect", _require_durable_commits)
    event.listen(engine, "connect", _agree_on_types)
    event.listen(engine, "handle_error", _withhold_values)
    return engine


def _session_options(target: URL, patience: Patience, further: Mapping[str, str]) -> str:
    settings = {
        "application_name": "lokus",
        "timezone": "UTC",
        "lock_timeout": f"{patience.lock_seconds * 1000:.0f}",
        "statement_timeout": f"{patience.statement_seconds * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{patience.idle_seconds * 1000:.0f}",
        **further,
    }
    ours = (f"-c {name}={value}" for name, value in settings.items())
    return " ".join([*ours, *target.normalized_query.get("options", ())])


def _require_durable_commits(connection: psycopg.Connection, _record: object) -> None:
    """Refuse a server, role or database on which COMMIT may return before the disk has it."""
    connection.autocommit = True
    (level,) = connection.execute("SHOW synchronous_commit").fetchone() or ("unknown",)
    connection.autocommit = False
    if level not in {"on", "remote_apply"}:
        raise RuntimeError(
            f"synchronous_commit is {level!r} on this database: an acknowledged operation could be "
            "lost on power failure. Set it: ALTER DATABASE … SET synchronous_commit = on"
        )


def _agree_on_types(connection: psycopg.Connection, _record: object) -> None:
    """Ids come as `models.tables.columns.RecordId` has them: an object for each is to be spared."""
    connection.adapters.register_loader("uuid", TextLoader)
    arrays.register(connection)


def _note_where_villages_are(connection: psycopg.Connection, record: ConnectionPoolEntry) -> None:
    """Citus has a catalog: https://docs.citusdata.com/en/stable/develop/api_metadata.html."""
    connection.autocommit = True
    found = connection.execute("SELECT to_regclass('pg_dist_partition') IS NULL").fetchone()
    connection.autocommit = False
    record.info[ON_ONE_NODE] = found == (True,)


def _withhold_values(context: ExceptionContext) -> None:
    """PostgreSQL quotes the offending values, NIK among them: keep the code and the constraint."""
    error, cause = context.sqlalchemy_exception, context.original_exception
    if error is None or not isinstance(cause, psycopg.Error) or cause.sqlstate is None:
        return
    constraint = cause.diag.constraint_name
    text = f"SQLSTATE {cause.sqlstate}" + (f", constraint {constraint}" if constraint else "")
    cause.args = (text,)
    error.args = (f"({type(cause).__name__}) {text}",)
