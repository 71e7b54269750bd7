"""Many rows in one statement, in the words of either database.

The hot paths neither loop over rows nor build a statement per batch size: a set of rows travels as
one JSON parameter and a set of keys as one array, so the statement's text never changes and the
database plans it once. The village is a parameter of its own, which keeps each statement on the
one node of a cluster that holds the village.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import orjson
from sqlalchemy import (
    ColumnElement,
    Table,
    bindparam,
    column,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import ARRAY, Text
from sqlmodel import Session

from models.standing import Standing

ROWS: Final = "rows"
_VALUE: Final = column("value", Text())
_PG: Final = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


def is_sqlite(session: Session) -> bool:
    """Which of the two dialects the session's statements are written in."""
    return session.connection().dialect.name == "sqlite"


def store(session: Session, table: Table, desa: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows of one village; those whose primary key is taken are replaced.

    Every row has the same keys; ``desa`` is not among them. Instants are ISO text (`instant`).
    """
    if rows:
        statement = _store(table, tuple(rows[0]), is_sqlite(session), replacing=True)
        statement.run(session, {"desa": desa, ROWS: rows_text(rows)})


def add(session: Session, table: Table, desa: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows of one village that cannot be there yet."""
    if rows:
        statement = _store(table, tuple(rows[0]), is_sqlite(session), replacing=False)
        statement.run(session, {"desa": desa, ROWS: rows_text(rows)})


@lru_cache(maxsize=64)
def _store(table: Table, names: tuple[str, ...], sqlite: bool, *, replacing: bool) -> Standing:
    statement = insertion(table, names, sqlite=sqlite)
    if replacing:
        keys = [c.name for c in table.primary_key]
        updates = ", ".join(f'"{n}" = excluded."{n}"' for n in names if n not in keys)
        statement += f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {updates}"
    return Standing(text(statement))


def insertion(table: Table, names: tuple[str, ...], *, sqlite: bool) -> str:
    """SQL that inserts the rows bound to `ROWS` (see `rows_text`) into the village ``desa``."""
    quoted = {name: f'"{name}"' for name in names}
    columns = ", ".join(quoted.values())
    if sqlite:
        source = ", ".join(f"value ->> '$.{name}'" for name in names)
        village, rows = ":desa", f"json_each(:{ROWS})"
    else:
        source, village = columns, "CAST(:desa AS varchar)"
        types = ", ".join(f"{quoted[n]} {_pg_type(table, n)}" for n in names)
        rows = f"json_to_recordset(CAST(:{ROWS} AS json)) AS r({types})"
    # Every name comes from our own tables; values only ever travel as parameters.
    return (
        f'INSERT INTO "{table.name}" ("desa", {columns}) '  # noqa: S608
        f"SELECT {village}, {source} FROM {rows} WHERE true"
    )


def _pg_type(table: Table, name: str) -> str:
    return str(table.c[name].type.compile(dialect=_PG))


def rows_text(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows as the one parameter that they travel in."""
    return orjson.dumps(rows).decode()


def among(session: Session, target: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """``target`` is one of the keys bound to ``name`` (see `keys`).

    The same question is the same expression, so that a statement built on it can be kept as well.
    """
    return in_any(target, name, sqlite=is_sqlite(session))


@lru_cache(maxsize=64)
def in_any(target: ColumnElement[str], name: str, *, sqlite: bool) -> ColumnElement[bool]:
    """`among` for a statement that is built without a session."""
    if sqlite:
        parameter = bindparam(name, type_=Text())
        return target.in_(select(_VALUE).select_from(func.json_each(parameter)).scalar_subquery())
    return target == func.any(bindparam(name, type_=ARRAY(target.type)))


def keys(session: Session, values: Iterable[str]) -> object:
    """Keys as the parameter that `among` expects."""
    listed = sorted(values)
    return orjson.dumps(listed).decode() if is_sqlite(session) else listed


def instant(moment: datetime) -> str:
    """An instant as both databases store it, with constant width."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def hash_text(digest: bytes) -> str:
    """A hash as it is stored: base64url without padding."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def hash_bytes(stored: str) -> bytes:
    """The inverse of `hash_text`."""
    return base64.urlsafe_b64decode(stored + "=")
