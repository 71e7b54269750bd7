"""Statements sent one behind the other, without waiting for what becomes of the one before.

While the database works on the first, the second is made ready here. Each is a transaction of its
own: one that fails changes nothing for the others. PostgreSQL alone.

This speaks libpq's pipeline mode through `psycopg.pq`. psycopg's own pipeline waits at the end of
each transaction, which is what this is there to avoid.
https://www.postgresql.org/docs/current/libpq-pipeline-mode.html
"""

import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Final, cast

import psycopg
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlmodel import Session

from models.standing import Standing

PREPARED_MAX: Final = 32
"""On one connection. What is sent through here has a handful of shapes."""
_PREPARED: Final = "prepared for a pipeline"
_UNKNOWN: Final = "26000"
"""psycopg lets go of everything that is prepared when it rolls back, or when a table changes."""
_numbers = count()


class Pipeline:
    """What goes through one connection whose statements are transactions of their own."""

    def __init__(self, session: Session) -> None:
        self._connection = session.connection()
        driver = self._connection.connection.driver_connection
        self._libpq: PGconn = cast("psycopg.Connection", driver).pgconn
        self._poll = select.poll()
        self._texts: list[str] = []
        self._preparing: set[int] = set()
        self._found: list[bool] = []
        self.refused: list[str] = []
        """SQLSTATE of each statement that failed."""

    def send(self, statement: Standing, values: Mapping[str, object]) -> None:
        """Let the database begin with it as soon as it can."""
        text, said, formats = statement.told(self._connection, values)
        self._libpq.send_query_prepared(self._prepared(text), said, formats)
        self._texts.append(text)
        self._libpq.pipeline_sync()
        self._libpq.flush()

    def found(self) -> list[bool]:
        """Of each that was sent, in order: has it found a row? Waits for all of them."""
        while self._libpq.flush():
            self._wait(select.POLLIN | select.POLLOUT)
        while len(self._found) < len(self._texts):
            self._found.append(self._outcome())
        return self._found

    def begin(self) -> None:
        self._libpq.enter_pipeline_mode()

    def end(self) -> None:
        """Wait for what is still on its way, and leave the connection as it was."""
        try:
            self.found()
            self._libpq.exit_pipeline_mode()
        except BaseException:
            # Nobody knows what it would answer next.
            self._connection.invalidate()
            raise

    def _prepared(self, text: str) -> bytes:
        """The name under which the connection knows it."""
        names = self._names()
        if text not in names:
            assert len(names) < PREPARED_MAX, "a text that differs each time"
            names[text] = f"lokus_{next(_numbers)}".encode()
            self._libpq.send_prepare(names[text], text.encode())
            self._preparing.add(len(self._texts))
        return names[text]

    def _names(self) -> dict[str, bytes]:
        names: dict[str, bytes] = self._connection.info.setdefault(_PREPARED, {})
        return names

    def _outcome(self) -> bool:
        has_found = False
        while (result := self._result()) is None or result.status != ExecStatus.PIPELINE_SYNC:
            if result is None:
                # The end of what belongs to one message, or of everything.
                if self._libpq.status == ConnStatus.BAD:
                    raise psycopg.OperationalError("the connection is lost")
                continue
            if result.status == ExecStatus.TUPLES_OK:
                has_found = result.ntuples > 0
            elif result.status == ExecStatus.FATAL_ERROR:
                code = result.error_field(DiagnosticField.SQLSTATE) or b""
                self._refuse(code.decode())
                has_found = False
        return has_found

    def _refuse(self, code: str) -> None:
        self.refused.append(code)
        place = len(self._found)
        if code == _UNKNOWN or place in self._preparing:
            # The connection does not know the name, or not yet: it is prepared anew next time.
            self._names().pop(self._texts[place], None)

    def _result(self) -> PGresult | None:
        while self._libpq.is_busy():
            self._wait(select.POLLIN)
        return self._libpq.get_result()

    def _wait(self, events: int) -> None:
        self._poll.register(self._libpq.socket, events)
        self._poll.poll()
        self._libpq.consume_input()


@contextmanager
def pipelined(session: Session) -> Iterator[Pipeline]:
    """Send statements through a session's connection, which does nothing else meanwhile.

    Raises `psycopg.OperationalError` if the connection is lost.
    """
    pipeline = Pipeline(session)
    pipeline.begin()
    try:
        yield pipeline
    finally:
        pipeline.end()
