"""The durable store of one phone: a single SQLite file.

WAL with ``synchronous=FULL``: in NORMAL a committed edit may vanish on power loss, after the
person was told that it is saved. Each answer of the server is applied in one transaction, so a
phone that dies in the middle has either all of it or asks again.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self, TypeAlias

from lokus_client.errors import StoreFailed, StoreTooNew
from lokus_client.tables import SCHEMA_VERSION, STEPS
from lokus_client.values import Json

Value: TypeAlias = "str | int | None"
Row: TypeAlias = sqlite3.Row

_BUSY_TIMEOUT_S: Final = 10.0
_FILE_MODE: Final = 0o600


class Store:
    """An open store. One thread at a time; several processes may open the same file."""

    def __init__(self, connection: sqlite3.Connection, checkpoint: Callable[[str], None]) -> None:
        self._connection = connection
        self._checkpoint = checkpoint
        self._depth = 0

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        checkpoint: Callable[[str], None] = lambda _: None,
        survives_power_loss: bool = True,
    ) -> Self:
        """Open or create. ``survives_power_loss=False`` is for simulations of many phones.

        Raises ``StoreTooNew`` if a later version of this package wrote the file.
        """
        # The file holds names and NIK: nobody else on this machine may read it.
        if str(path) != ":memory:":
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, _FILE_MODE))
        connection = sqlite3.connect(
            path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if survives_power_loss else 'OFF'}")
        store = cls(connection, checkpoint)
        store._create_tables()
        return store

    def _create_tables(self) -> None:
        version = self._version()
        if version > SCHEMA_VERSION:
            self.close()
            raise StoreTooNew(f"store version {version}; this client knows {SCHEMA_VERSION}")
        if version < SCHEMA_VERSION:
            with self.writing("create-store"):
                for step in STEPS[self._version() :]:
                    for statement in step.split(";\n"):
                        self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def close(self) -> None:
        self._connection.close()

    def limit(self, pages: int) -> None:
        """Refuse to grow beyond so many pages: what a full phone does, on purpose."""
        self._connection.execute(f"PRAGMA max_page_count = {int(pages)}")

    def watch(self, seen: Callable[[str], None]) -> None:
        """Call ``seen`` with every statement that runs: for counting them."""
        self._connection.set_trace_callback(seen)

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        """All or nothing. Inside another ``writing`` block it joins that one."""
        if self._depth:
            yield
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            yield
            self._checkpoint(f"{name}:before-commit")
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise StoreFailed(f"the phone's storage refused: {error}") from error
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._depth = 0
        self._checkpoint(f"{name}:after-commit")

    def _roll_back(self) -> None:
        # After a failed COMMIT there may be no transaction left to roll back.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def run(self, statement: str, values: Sequence[Value] = ()) -> int:
        """Write; gives the number of rows changed. Only inside ``writing``."""
        assert self._depth, "writes belong into a writing block"
        return self._connection.execute(statement, values).rowcount

    def run_many(self, statement: str, values: Iterable[Sequence[Value]]) -> None:
        assert self._depth, "writes belong into a writing block"
        self._connection.executemany(statement, values)

    def all(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        return self._connection.execute(statement, values).fetchall()

    def one(self, statement: str, values: Sequence[Value] = ()) -> Row | None:
        row: Row | None = self._connection.execute(statement, values).fetchone()
        return row

    def number(self, statement: str, values: Sequence[Value] = ()) -> int:
        """The first column of the only row as an integer, NULL as 0."""
        row = self.one(statement, values)
        return int(row[0] or 0) if row is not None else 0

    def fact(self, name: str) -> Json:
        """A single remembered value of the phone (``None`` if never set)."""
        raw = self.fact_json(name)
        value: Json = None if raw is None else json.loads(raw)
        return value

    def fact_json(self, name: str) -> str | None:
        row = self.one("SELECT value FROM facts WHERE name = ?", (name,))
        return None if row is None else str(row["value"])

    def fact_text(self, name: str) -> str | None:
        value = self.fact(name)
        return value if isinstance(value, str) else None

    def fact_number(self, name: str, default: int = 0) -> int:
        value = self.fact(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else default

    def remember(self, **facts: Json) -> None:
        self.run_many(
            "INSERT INTO facts (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [(name, json.dumps(value)) for name, value in facts.items()],
        )
