"""Transactions: where they begin, how long they may wait, and what a refusal means.

Two doors. `reading()` sees one instant of the register however long it looks, and cannot write.
`writing()` commits when its block ends well and rolls back when it does not. An acknowledgement
is built only after the block has ended, because phones drop what was acknowledged. Beside each is
a hatch for single statements, which need no BEGIN and COMMIT around them: `asking()`, `landing()`.

SQLite has one writer at a time. Left to its own retrying the unlucky one waits for seconds, so
writers first take turns on a lock of this process; SQLite's own waiting is there for a command
line beside a running server. The write lock is taken at BEGIN: a transaction that reads first and
asks for the lock later is refused at once if another has written meanwhile, however patient it is.

PostgreSQL gets one connection for each thread that may serve and none beyond, so a crowd waits
here and not in the database's memory. Writers run READ COMMITTED and lock the rows they decide
on; readers run REPEATABLE READ, because the pages of one answer must fit together.
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

from models.engines import Patience, database_url, open_pools
from models.sealing import Vault

Dialect = Literal["sqlite", "postgresql"]

POOL_SIZE_DEFAULT: Final = 16

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

    def __init__(self, *, reader: Engine, writer: Engine, patience: Patience, vault: Vault) -> None:
        self._vault = vault
        self._reader = reader
        # One statement sees one instant whatever stands around it, so BEGIN and COMMIT are spared.
        self._asker = (
            reader
            if reader.dialect.name == "sqlite"
            else writer.execution_options(isolation_level="AUTOCOMMIT")
        )
        self._writer = writer
        self._patience = patience
        self._turn = threading.Lock()

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
        reader, writer = open_pools(database_url(url), pool_size, patience)
        vault = vault or Vault(secret=b"")
        return cls(reader=reader, writer=writer, patience=patience, vault=vault)

    @property
    def vault(self) -> Vault:
        return self._vault

    @property
    def dialect(self) -> Dialect:
        return "sqlite" if self._writer.dialect.name == "sqlite" else "postgresql"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that sees one instant and cannot write. Raises `Busy`."""
        with _transaction(self._reader, self._vault) as session:
            yield session

    @contextmanager
    def asking(self) -> Iterator[Session]:
        """For a single question that every request asks: one SELECT, and nothing beside it.

        PostgreSQL runs it outside of a transaction, which costs a third of one. Raises `Busy`.
        """
        with _transaction(self._asker, self._vault) as session:
            yield session

    @contextmanager
    def landing(self) -> Iterator[Session]:
        """For `models.queries.landing`: each statement is a transaction of its own (PostgreSQL).

        Raises `Busy` or `StorageFull`.
        """
        assert self.dialect == "postgresql", "SQLite's one writer has its turn"
        with _transaction(self._asker, self._vault) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is committed at the end of the block, or not at all.

        Raises `Busy` or `StorageFull` instead of what the driver said; any other error passes.
        Never open one inside another.
        """
        with self._writers_turn(), _transaction(self._writer, self._vault) as session:
            yield session

    def close(self) -> None:
        """Close the connections that nobody uses; the last one to leave SQLite tidies its log."""
        self._reader.dispose()
        self._writer.dispose()

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


@contextmanager
def _transaction(engine: Engine, vault: Vault) -> Iterator[Session]:
    try:
        with (
            _OneConnection(
                engine, expire_on_commit=False, autoflush=False, info={"vault": vault}
            ) as session,
            session.begin(),
        ):
            session.connection()  # BEGIN now: the block's first statement may come late
            yield session
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
