"""Transactions: where they begin, how long they may wait, and what a refusal means.

Two doors. `reading()` sees one instant of the register however long it looks, and cannot write.
`writing()` commits when its block ends well and rolls back when it does not. An acknowledgement
is built only after the block has ended, because phones drop what was acknowledged. Beside them
are two hatches for single statements, which need no BEGIN and COMMIT around them: `asking()`, and
`landing()` for whoever comes all the time.

SQLite has one writer at a time. Left to its own retrying the unlucky one waits for seconds, so
writers first take turns on a lock of this process; SQLite's own waiting is there for a command
line beside a running server. The write lock is taken at BEGIN: a transaction that reads first and
asks for the lock later is refused at once if another has written meanwhile, however patient it is.

PostgreSQL gets one connection for each thread that may serve, and those that `landing()` keeps, so
a crowd waits here and not in the database's memory. Writers run READ COMMITTED and lock the rows
they decide on; readers run REPEATABLE READ, because the pages of one answer must fit together.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import SQLITE_BUSY, SQLITE_FULL, SQLITE_LOCKED
from typing import Any, Final, Literal, Self

from sqlalchemy import Connection, Engine
from sqlalchemy.engine.interfaces import CoreExecuteOptionsParameter
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session
from typing_extensions import override

from models.engines import Patience, Pools, database_url, open_pools
from models.sealing import Vault

Dialect = Literal["sqlite", "postgresql"]

POOL_SIZE_DEFAULT: Final = 16
DATABASE: Final = "database"
"""What a session's `info` has the `Database` under that it belongs to."""

# https://www.postgresql.org/docs/16/errcodes-appendix.html
_POSTGRES_FULL: Final = frozenset({"53100"})
_POSTGRES_BUSY: Final = {
    "40001": "serialization",
    "40P01": "deadlock",
    "55P03": "lock timeout",
    "57014": "statement timeout",
    "25P03": "idle in transaction",
    "53200": "out of memory",
    "53300": "too many connections",
    "57P01": "shutting down",
    "57P02": "crashed",
    "57P03": "starting",
}


class Busy(Exception):
    """The database could not take this transaction now; nothing of it was kept, repeating may help.

    One exception is a connection lost during COMMIT: then nobody knows, and only a repetition that
    is recognised as one, as pushes are, tells.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database is busy ({reason}): repeat the same request later")
        self.reason = reason


class StorageFull(Exception):
    """The database's disk is full; nothing of this transaction was kept, an operator must act."""

    def __init__(self) -> None:
        super().__init__("the database's disk is full: free space, then repeat the same request")


class Database:
    """One database, opened once per process and shared by its threads."""

    def __init__(self, *, pools: Pools, patience: Patience, vault: Vault) -> None:
        self._vault = vault
        self._info = {"vault": vault, DATABASE: self}
        self._reader = pools.reader
        self._writer = pools.writer
        self._asker = pools.asker
        self._lander = pools.lander
        self._patience = patience
        self._turn = threading.Lock()
        self._open: list[Session] = []

    @classmethod
    def open(
        cls,
        url: str,
        *,
        pool_size: int = POOL_SIZE_DEFAULT,
        patience: Patience | None = None,
        vault: Vault | None = None,
    ) -> Self:
        """Open what `url` names: `sqlite:///var/lokus.db` or `postgresql://user@host/name`.

        `pool_size` is the number of threads that may hold a transaction at the same time.
        Raises ValueError for any other kind of URL. SQLite's file is created if it is not there;
        PostgreSQL is not asked for anything before the first transaction. `vault` seals and
        looks up NIK and No KK with the installation's secret; without one, with an empty key.
        """
        patience = patience or Patience()
        pools = open_pools(database_url(url), pool_size, patience)
        return cls(pools=pools, patience=patience, vault=vault or Vault(secret=b""))

    @property
    def vault(self) -> Vault:
        return self._vault

    @property
    def dialect(self) -> Dialect:
        return "sqlite" if self._writer.dialect.name == "sqlite" else "postgresql"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that sees one instant and cannot write. Raises `Busy`."""
        with _transaction(self._reader, self._info) as session:
            yield session

    @contextmanager
    def asking(self) -> Iterator[Session]:
        """For a single question that every request asks: one SELECT, and nothing beside it.

        PostgreSQL runs it outside of a transaction, which costs a third of one. Raises `Busy`.
        """
        with _transaction(self._asker, self._info) as session:
            yield session

    @contextmanager
    def landing(self) -> Iterator[Session]:
        """For `models.queries.landing`: each statement is a transaction of its own (PostgreSQL).

        Whoever comes often comes to a session that is open already: it stays for the next one,
        with its connection, until anything goes wrong in it. Raises `Busy` or `StorageFull`.
        """
        assert self._lander is not None, "SQLite's one writer has its turn"
        try:
            session = self._open.pop()
        except IndexError:
            session = _session_of(self._lander, self._info)
        try:
            with _refusals():
                session.connection()
                yield session
        except BaseException:
            session.close()
            raise
        self._open.append(session)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is committed at the end of the block, or not at all.

        Raises `Busy` or `StorageFull` instead of what the driver said; any other error passes.
        Never open one inside another.
        """
        with self._writers_turn(), _transaction(self._writer, self._info) as session:
            yield session

    def close(self) -> None:
        """Close the connections that nobody uses; the last one to leave SQLite tidies its log."""
        while self._open:
            self._open.pop().close()
        self._reader.dispose()
        self._writer.dispose()
        if self._lander is not None:
            self._lander.dispose()

    @contextmanager
    def _writers_turn(self) -> Iterator[None]:
        if self.dialect != "sqlite":
            yield
            return
        if not self._turn.acquire(timeout=self._patience.turn_seconds):
            raise Busy("writer's turn")
        try:
            yield
        finally:
            self._turn.release()


class _OneConnection(Session):
    """A session for one transaction, which asks its engine once which connection it is on."""

    _held: Connection | None = None

    @override
    def connection(
        self,
        bind_arguments: dict[str, Any] | None = None,
        execution_options: CoreExecuteOptionsParameter | None = None,
    ) -> Connection:
        if bind_arguments is not None or execution_options is not None:
            return super().connection(bind_arguments, execution_options)
        if self._held is None or self._held.closed:
            self._held = super().connection()
        return self._held


def _session_of(engine: Engine, info: dict[str, object]) -> Session:
    return _OneConnection(engine, expire_on_commit=False, autoflush=False, info=info)


@contextmanager
def _transaction(engine: Engine, info: dict[str, object]) -> Iterator[Session]:
    with _refusals(), _session_of(engine, info) as session, session.begin():
        session.connection()  # BEGIN now: the block's first statement may come late
        yield session


@contextmanager
def _refusals() -> Iterator[None]:
    """What the driver raises, in words of ours."""
    try:
        yield
    except PoolTimeoutError as error:
        raise Busy("connection pool") from error
    except DBAPIError as error:
        refusal = _refusal(error)
        if refusal is None:
            raise
        raise refusal from error


def _refusal(error: DBAPIError) -> Busy | StorageFull | None:
    """What the driver's error means for a caller; None for what no repetition heals."""
    sqlite_code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    if sqlite_code is not None:
        # Extended result codes carry the primary one in their low byte.
        match sqlite_code & 0xFF:
            case code if code == SQLITE_FULL:
                return StorageFull()
            case code if code in {SQLITE_BUSY, SQLITE_LOCKED}:
                return Busy("another process writes")
        return None
    state: str | None = getattr(error.orig, "sqlstate", None)
    if state in _POSTGRES_FULL:
        return StorageFull()
    # 08 is "connection exception"; without a state the server could not be reached or went away.
    if error.connection_invalidated or state is None or state.startswith("08"):
        return Busy("connection lost") if isinstance(error, OperationalError) else None
    return Busy(_POSTGRES_BUSY[state]) if state in _POSTGRES_BUSY else None
