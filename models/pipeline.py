"""Statements sent one behind the other, without waiting for what becomes of the one before.

While the database works on the first, the second is made ready here. Each is a transaction of its
own, so that one that fails changes nothing for the others; or all of them are one, which costs one
commit, and if one fails none of them was there. PostgreSQL alone.

This speaks libpq's pipeline mode through `psycopg.pq`. psycopg's own pipeline waits at the end of
each transaction, which is what this is there to avoid.
https://www.postgresql.org/docs/current/libpq-pipeline-mode.html
"""

import select
from collections import deque
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
"""psycopg lets go of all that is prepared when it rolls back, or when a table changes."""
_numbers = count()


class Pipeline:
    """What goes through one connection whose statements are transactions of their own.

    ``together``, those that nobody has asked about yet are one transaction.
    """

    def __init__(self, session: Session, *, together: bool = False) -> None:
        self._connection = session.connection()
        driver = self._connection.connection.driver_connection
        self._libpq: PGconn = cast("psycopg.Connection", driver).pgconn
        self._poll = select.poll()
        self._texts: list[str] = []
        self._preparing: set[int] = set()
        self._together = together
        self._begun = 0
        self._ended: deque[int] = deque()
        self._found: list[bool] = []
        self.refused: list[str] = []
        """SQLSTATE of each statement that failed."""

    def send(self, statement: Standing, values: Mapping[str, object]) -> None:
        """Let the database begin with it as soon as it can."""
        text, said, formats = statement.told(self._connection, values)
        self._libpq.send_query_prepared(self._prepared(text), said, formats)
        self._texts.append(text)
        self._begun += 1
        if not self._together:
            self._end_transaction()
        self._libpq.flush()

    def found(self) -> list[bool]:
        """Of each that was sent, in order: has it found a row? Waits for all of them.

        What is asked about is committed, and what failed has found none.
        """
        if self._begun:
            self._end_transaction()
        while self._libpq.flush():
            self._wait(select.POLLIN | select.POLLOUT)
        while self._ended:
            self._found += self._outcomes(self._ended.popleft())
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

    def _end_transaction(self) -> None:
        self._libpq.pipeline_sync()
        self._ended.append(self._begun)
        self._begun = 0

    def _outcomes(self, count: int) -> list[bool]:
        """What the statements of one transaction have found: nothing if one of them failed."""
        refused = len(self.refused)
        first = len(self._found)
        found = [self._outcome(place) for place in range(first, first + count)]
        while (result := self._next()) is None or result.status != ExecStatus.PIPELINE_SYNC:
            if result is not None and result.status == ExecStatus.FATAL_ERROR:
                self.refused.append(_code(result))  # it could not be committed
        return found if len(self.refused) == refused else [False] * count

    def _outcome(self, place: int) -> bool:
        has_found = False
        for _ in range(2 if place in self._preparing else 1):
            while (result := self._next()) is not None:
                if result.status == ExecStatus.TUPLES_OK:
                    has_found = result.ntuples > 0
                elif result.status == ExecStatus.FATAL_ERROR:
                    self.refused.append(_code(result))
                    self._forget(place, _code(result))
                elif result.status == ExecStatus.PIPELINE_ABORTED:
                    self._forget(place)
        return has_found

    def _forget(self, place: int, code: str = "") -> None:
        """What the connection does not know, or not yet, is prepared anew next time."""
        if code == _UNKNOWN:
            self._names().clear()
        elif place in self._preparing:
            self._names().pop(self._texts[place], None)

    def _next(self) -> PGresult | None:
        """The next result; None where those of one message end."""
        result = self._result()
        if result is None and self._libpq.status == ConnStatus.BAD:
            raise psycopg.OperationalError("the connection is lost")
        return result

    def _result(self) -> PGresult | None:
        while self._libpq.is_busy():
            self._wait(select.POLLIN)
        return self._libpq.get_result()

    def _wait(self, events: int) -> None:
        self._poll.register(self._libpq.socket, events)
        self._poll.poll()
        self._libpq.consume_input()


def _code(result: PGresult) -> str:
    return (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()


@contextmanager
def pipelined(session: Session, *, together: bool = False) -> Iterator[Pipeline]:
    """Send statements through a session's connection, which does nothing else meanwhile.

    ``together`` they share a commit (see `Pipeline`).
    Raises `psycopg.OperationalError` if the connection is lost.
    """
    pipeline = Pipeline(session, together=together)
    pipeline.begin()
    try:
        yield pipeline
    finally:
        pipeline.end()
