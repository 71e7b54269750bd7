"""Many rows in one statement, in the words of either database.

The hot paths neither loop over rows nor build a statement per batch size: a set of rows travels as
one JSON parameter and a set of keys as one array, so the statement's text never changes and the
database plans it once. The village is a parameter of its own, which keeps each statement on the
one node of a cluster that holds the village.
"""

import base64
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count, zip_longest
from typing import Any, Final

import orjson
from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Select,
    Table,
    TableValuedAlias,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.selectable import LateralFromClause
from sqlalchemy.types import ARRAY, Text, TypeEngine
from sqlmodel import Session

from models.arrays import Blobs, Texts
from models.standing import Standing

ROWS: Final = "rows"
_BYTES: Final = "_bytes"
_TEXTS: Final = "_texts"
SLOTS: Final = (1, 4, 16, 64)
"""So many keys are asked for one by one. PostgreSQL cannot know how long an array will be, and
plans a question that has one anew each time; a longer list is worth that."""
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
        statement.run(session, {"desa": desa, **bound_rows(rows)})


def add(session: Session, table: Table, desa: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows of one village that cannot be there yet."""
    if rows:
        statement = _store(table, tuple(rows[0]), is_sqlite(session), replacing=False)
        statement.run(session, {"desa": desa, **bound_rows(rows)})


@lru_cache(maxsize=64)
def _store(table: Table, names: tuple[str, ...], sqlite: bool, *, replacing: bool) -> Standing:
    statement = insertion(table, names, sqlite=sqlite)
    if replacing:
        statement += replacement(table, names)
    return Standing(text(statement))


def replacement(table: Table, names: tuple[str, ...]) -> str:
    """What an insertion goes on with, so that rows whose primary key is taken are replaced."""
    keys = [c.name for c in table.primary_key]
    updates = ", ".join(f'"{n}" = excluded."{n}"' for n in names if n not in keys)
    return f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {updates}"


def insertion(
    table: Table,
    names: tuple[str, ...],
    *,
    sqlite: bool,
    rows_name: str = ROWS,
    beside: Collection[str] = (),
    where: str = "true",
) -> str:
    """SQL that inserts the rows bound to a name (see `bound_rows`) into the village ``desa``.

    Rows that have a ``desa`` among their names say themselves where they belong (PostgreSQL).
    """
    quoted = {name: f'"{name}"' for name in names}
    if sqlite:
        source = ", ".join(f"value ->> '$.{name}'" for name in names)
        village, rows = ":desa", f"json_each(:{rows_name})"
    else:
        arrays = dict.fromkeys(beside, f"CAST(:{rows_name}{_TEXTS} AS text[])")
        arrays |= {
            n: f"CAST(:{rows_name}{_BYTES} AS bytea[])" for n in names if _is_binary(table, n)
        }
        source = ", ".join(
            f"({arrays[n]})[{quoted[n]}]" if n in arrays else quoted[n] for n in names
        )
        village = "CAST(:desa AS varchar)"
        types = ", ".join(
            f"{quoted[n]} {'int' if n in arrays else _pg_type(table, n)}" for n in names
        )
        rows = f"json_to_recordset(CAST(:{rows_name} AS json)) AS r({types})"
    columns = ", ".join(quoted.values())
    if "desa" not in names:
        columns, source = f'"desa", {columns}', f"{village}, {source}"
    # Every name comes from our own tables; values only ever travel as parameters.
    return f'INSERT INTO "{table.name}" ({columns}) SELECT {source} FROM {rows} WHERE {where}'  # noqa: S608


def _pg_type(table: Table, name: str) -> str:
    return str(table.c[name].type.compile(dialect=_PG))


def _is_binary(table: Table, name: str) -> bool:
    """SQLite has no arrays: rows with bytes are written one by one there."""
    return isinstance(table.c[name].type, LargeBinary)


def bound_rows(
    rows: Sequence[Mapping[str, object]], rows_name: str = ROWS, beside: Collection[str] = ()
) -> dict[str, object]:
    """Rows as the parameters that `insertion` expects.

    JSON has no bytes: they travel beside it, and their row says which of them are its own. On
    PostgreSQL so can texts that are long, and that JSON would make longer: those ``beside``.
    """
    binary = [name for name, value in rows[0].items() if isinstance(value, bytes)]
    if not binary and not beside:
        return {rows_name: rows_text(rows)}
    bound: dict[str, object] = {}
    listed = [dict(row) for row in rows]
    for names, kind, array in ((binary, _BYTES, Blobs), (beside, _TEXTS, Texts)):
        if names:
            values: list[Any] = [row[name] for row in rows for name in names]
            bound[f"{rows_name}{kind}"] = array(values)
        places = count(1)
        for row in listed:
            row.update(zip(names, places, strict=False))
    return {rows_name: rows_text(listed), **bound}


def rows_text(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows as the one parameter that they travel in."""
    return orjson.dumps(rows).decode()


def asked_rows(**types: TypeEngine[Any]) -> TableValuedAlias:
    """Rows bound to `ROWS` as something to select from (PostgreSQL)."""
    columns = [column(name, type_) for name, type_ in types.items()]
    rows = cast(bindparam(ROWS, type_=Text()), postgresql.JSON())
    found = func.json_to_recordset(rows).table_valued(*columns)
    return found.render_derived(name="asked", with_types=True)


def found_for(asked: TableValuedAlias, question: Select[Any]) -> LateralFromClause:
    """``question`` for each asked row, one after the other, however few rows its table has by now.

    What is asked again keeps its plan, and what is quick among few rows is not among many.
    """
    return question.offset(literal_column("0")).correlate(asked).lateral("found")


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


def slots_for(count: int) -> int | None:
    """How many slots so many keys take; nothing where there are more than slots."""
    return next((slots for slots in SLOTS if count <= slots), None)


def slotted(name: str, values: Sequence[object]) -> dict[str, object]:
    """Keys as the parameters that `in_slots` expects. At most the last of `SLOTS`."""
    slots = slots_for(len(values))
    assert slots is not None, "a longer list travels as an array"
    # An empty slot is NULL, which is equal to nothing.
    return {f"{name}_{n}": value for n, value in zip_longest(range(slots), values)}


def in_slots(target: ColumnElement[Any], name: str, slots: int) -> ColumnElement[bool]:
    """``target`` is one of the keys in so many slots (see `slotted`)."""
    single = [bindparam(f"{name}_{slot}", type_=target.type) for slot in range(slots)]
    return target.in_(single) if slots > 1 else target == single[0]


@lru_cache(maxsize=64)
def instant(moment: datetime) -> str:
    """An instant as both databases store it, with constant width."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def hash_text(digest: bytes) -> str:
    """A hash as it is stored: base64url without padding."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def hash_bytes(stored: str) -> bytes:
    """The inverse of `hash_text`."""
    return base64.urlsafe_b64decode(stored + "=")
