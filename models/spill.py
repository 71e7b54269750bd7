"""Rows of large files put aside on disk, to be sorted and joined without filling the memory.

This is no part of the register: SQLite's private temporary database, which has no name in any
folder and is gone with its connection, even after a crash. It knows nothing of what the rows mean:
a **head** belongs to a place and has a key, a **tail** finds its place by the key of a head, and a
*mark* is any text by which equal rows can be found again.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

CACHE_KIB: Final = 8_000
"""Of SQLite's pages in memory; everything else is on disk."""

_SCHEMA: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
CREATE TABLE head (place TEXT, key TEXT, file INT, number INT, mark TEXT, body TEXT);
CREATE TABLE tail (key TEXT, file INT, number INT, mark TEXT, body TEXT);
CREATE TABLE refused (file INT, number INT, reason TEXT, about TEXT, key TEXT);
"""
_INDEXES: Final = """
CREATE INDEX head_by_place ON head (place, key, file, number);
CREATE INDEX head_by_key ON head (key, file, number);
CREATE INDEX tail_by_key ON tail (key, file, number);
CREATE INDEX refused_by_key ON refused (key) WHERE key <> '';
CREATE INDEX refused_in_order ON refused (file, number);
"""


class Head(NamedTuple):
    """A row that knows its place."""

    place: str
    key: str
    file: int
    number: int
    mark: str
    body: str


class Tail(NamedTuple):
    """A row that belongs to whichever head has its key."""

    key: str
    file: int
    number: int
    mark: str
    body: str


class Refused(NamedTuple):
    """A row that was put aside. `key`, where it is not empty, makes its tails follow it."""

    file: int
    number: int
    reason: str
    about: str
    key: str


class Part(NamedTuple):
    """A row of a group on its way out."""

    key: str
    is_tail: int
    file: int
    number: int
    body: str


class Row(NamedTuple):
    """Where a row stands."""

    file: int
    number: int


class Spill:
    """Put rows in, `settle` once, take groups out by place as often as needed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put_heads(self, rows: Iterable[Head]) -> None:
        self._connection.executemany("INSERT INTO head VALUES (?, ?, ?, ?, ?, ?)", rows)

    def put_tails(self, rows: Iterable[Tail]) -> None:
        self._connection.executemany("INSERT INTO tail VALUES (?, ?, ?, ?, ?)", rows)

    def refuse(self, rows: Iterable[Refused]) -> None:
        self._connection.executemany("INSERT INTO refused VALUES (?, ?, ?, ?, ?)", rows)

    def settle(self) -> None:
        """Everything is in; from here on it can be asked."""
        self._connection.executescript(_INDEXES)
        self._connection.execute("BEGIN")

    def twins(self) -> Iterator[tuple[Row, Row]]:
        """Heads whose key an earlier head has, with the earliest."""
        statement = """
            SELECT h.file, h.number, f.file, f.number FROM head h JOIN (
                SELECT key, file, min(number) AS number FROM (
                    SELECT key, file, number, min(file) OVER (PARTITION BY key) AS first FROM head
                    WHERE key IN (SELECT key FROM head GROUP BY key HAVING count(*) > 1)
                ) WHERE file = first GROUP BY key
            ) f ON f.key = h.key WHERE (h.file, h.number) <> (f.file, f.number)
            ORDER BY h.file, h.number"""
        for file, number, first_file, first_number in self._read(statement):
            yield Row(file, number), Row(first_file, first_number)

    def drop_twins(self) -> None:
        """Take out the heads that `twins` names; their tails stay with the first."""
        self._connection.execute(
            """DELETE FROM head WHERE rowid IN (SELECT later.rowid FROM head later JOIN head first
               ON first.key = later.key
               AND (first.file, first.number) < (later.file, later.number))"""
        )

    def orphans(self) -> Iterator[tuple[Row, Refused | None]]:
        """Tails without a head, each with the refused head that had their key, if one had."""
        statement = """
            SELECT t.file, t.number, r.file, r.number, r.reason, r.about, r.key FROM tail t
            LEFT JOIN refused r ON r.key <> '' AND r.key = t.key AND r.rowid =
                (SELECT min(rowid) FROM refused WHERE key <> '' AND key = t.key)
            WHERE NOT EXISTS (SELECT 1 FROM head h WHERE h.key = t.key)
            ORDER BY t.file, t.number"""
        for file, number, *refused in self._read(statement):
            yield Row(file, number), Refused(*refused) if refused[0] is not None else None

    def drop_orphans(self) -> None:
        """Take out the tails that `orphans` names."""
        self._connection.execute(
            "DELETE FROM tail WHERE NOT EXISTS (SELECT 1 FROM head h WHERE h.key = tail.key)"
        )

    def refused(self, file: int | None = None) -> Iterator[Refused]:
        """Refused rows, of one file or of all in their order, as they stand there."""
        statement = f"""
            SELECT file, number, reason, about, key FROM refused
            {"" if file is None else "WHERE file = :file"} ORDER BY file, number"""  # noqa: S608 - two fixed texts
        for row in self._read(statement, {} if file is None else {"file": file}):
            yield Refused(*row)

    def refused_count(self) -> int:
        return self._count("SELECT count(*) FROM refused")

    def tail_count(self) -> int:
        return self._count("SELECT count(*) FROM tail")

    def places(self) -> dict[str, int]:
        """Place → how many groups it has, in order."""
        statement = "SELECT place, count(DISTINCT key) FROM head GROUP BY place ORDER BY place"
        return dict(self._read(statement))

    def groups(self, place: str) -> Iterator[list[Part]]:
        """The rows of each key of a place: heads, then tails, in the order of the files."""
        statement = """
            SELECT key, 0 AS is_tail, file, number, body FROM head WHERE place = :place
            UNION ALL
            SELECT t.key, 1, t.file, t.number, t.body FROM
                (SELECT DISTINCT key FROM head WHERE place = :place) h JOIN tail t ON t.key = h.key
            ORDER BY 1, 2, 3, 4"""
        rows = map(Part._make, self._read(statement, {"place": place}))
        for _, group in groupby(rows, key=itemgetter(0)):
            yield list(group)

    def marked_alike(self) -> Iterator[list[Row]]:
        """Rows that share a mark, group by group; an empty mark is none."""
        statement = """
            WITH marked AS (
                SELECT mark, file, number FROM head WHERE mark <> ''
                UNION ALL SELECT mark, file, number FROM tail WHERE mark <> '')
            SELECT mark, file, number FROM marked
            WHERE mark IN (SELECT mark FROM marked GROUP BY mark HAVING count(*) > 1)
            ORDER BY mark, file, number"""
        for _, group in groupby(self._read(statement), key=itemgetter(0)):
            yield [Row(file, number) for _, file, number in group]

    def _read(
        self, statement: str, values: Mapping[str, str | int] | None = None
    ) -> Iterator[tuple]:  # type: ignore[type-arg] # rows have whatever columns the statement names
        # No `yield from`: it would close the cursor of whoever stopped half-way, perhaps after the
        # connection is gone.
        for row in self._connection.execute(statement, values or {}):  # noqa: UP028
            yield row

    def _count(self, statement: str) -> int:
        return int(self._connection.execute(statement).fetchone()[0])


@contextmanager
def spilling() -> Iterator[Spill]:
    """An empty spill; its rows vanish at the end of the block.

    Used by one thread at a time, but not always the same: an answer that is streamed wanders.
    """
    # The empty name is SQLite's for a temporary file that nobody can open.
    with closing(sqlite3.connect("", check_same_thread=False, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.executescript(_SCHEMA)
        # One transaction for everything, never committed: nobody else reads it.
        connection.execute("BEGIN")
        yield Spill(connection)
