"""Imports of lists: where each stands, and that no two run in one area."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import ColumnElement, Row, func, insert, literal, or_, select, update
from sqlmodel import Session

from models.queries.rowsets import instant
from models.queries.server_state import set_state
from models.tables.columns import table_of
from models.tables.imports import ListImport
from sync.types import Json

UPLOADED: Final = "uploaded"
PREVIEWED: Final = "previewed"
RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"
DISCARDED: Final = "discarded"
IMPORTS_PER_PAGE_MAX: Final = 100

_TURN: Final = "imports-turn"
_IMPORT = table_of(ListImport)


@dataclass(frozen=True, slots=True)
class StoredImport:
    """One import as it is on record."""

    id: str
    area: str
    state: str
    account_id: str | None
    options: Mapping[str, Json]
    files: Sequence[Mapping[str, Json]]
    source: Mapping[str, Json] | None
    preview: Mapping[str, Json] | None
    report: Mapping[str, Json] | None
    rows_done: int
    rows_all: int
    problem: str | None
    created_at: datetime
    changed_at: datetime
    finished_at: datetime | None


def take_imports_turn(session: Session, now: datetime) -> None:
    """Whoever begins an import waits here for the others who do, until their transactions end."""
    set_state(session, _TURN, instant(now))


def add_import(session: Session, stored: StoredImport) -> None:
    """A new import."""
    session.connection().execute(
        insert(_IMPORT).values(
            id=stored.id,
            area=stored.area,
            state=stored.state,
            account_id=stored.account_id,
            options=_text(stored.options),
            files=_text(list(stored.files)),
            rows_done=stored.rows_done,
            rows_all=stored.rows_all,
            created_at=stored.created_at,
            changed_at=stored.changed_at,
        )
    )


def change_import(session: Session, import_id: str, now: datetime, **changes: object) -> None:
    """Set columns of an import; what is JSON is given as what it means."""
    values = {
        name: _text(value) if name in _JSON and value is not None else value
        for name, value in changes.items()
    }
    session.connection().execute(
        update(_IMPORT).where(_IMPORT.c.id == import_id).values(changed_at=now, **values)
    )


def import_by_id(session: Session, import_id: str) -> StoredImport | None:
    """One import, whoever may see it."""
    row = (
        session.connection().execute(select(_IMPORT).where(_IMPORT.c.id == import_id)).one_or_none()
    )
    return _stored(row) if row is not None else None


def imports_in(
    session: Session, areas: Sequence[str], *, limit: int, offset: int = 0
) -> tuple[list[StoredImport], int]:
    """Imports whose whole area lies in one of these, the newest first, and how many there are."""
    if not areas:
        return [], 0
    # An import of a district is not for somebody who has one of its villages.
    inside = or_(*(_begins_with(area) for area in areas))
    statement = (
        select(_IMPORT)
        .where(inside)
        .order_by(_IMPORT.c.created_at.desc(), _IMPORT.c.id)
        .limit(min(limit, IMPORTS_PER_PAGE_MAX))
        .offset(offset)
    )
    total = session.connection().execute(select(func.count()).where(inside)).scalar_one()
    return [_stored(row) for row in session.connection().execute(statement)], int(total)


def _begins_with(area: str) -> ColumnElement[bool]:
    return func.substr(_IMPORT.c.area, 1, len(area)) == area


def running_over(session: Session, area: str, alive_since: datetime) -> str | None:
    """An import at work on the area, on a part of it or on all around it, if one shows life."""
    overlaps = or_(
        _begins_with(area),
        func.substr(literal(area), 1, func.length(_IMPORT.c.area)) == _IMPORT.c.area,
    )
    statement = select(_IMPORT.c.id).where(
        _IMPORT.c.state == RUNNING, _IMPORT.c.changed_at >= alive_since, overlaps
    )
    return session.connection().execute(statement.limit(1)).scalar_one_or_none()


def finished_before(session: Session, moment: datetime) -> list[str]:
    """Imports that nobody has touched since; their files can go."""
    statement = select(_IMPORT.c.id).where(
        _IMPORT.c.changed_at < moment, _IMPORT.c.state != RUNNING, _IMPORT.c.files != "[]"
    )
    return list(session.connection().execute(statement).scalars())


_JSON: Final = frozenset({"options", "files", "source", "preview", "report"})


def _text(value: object) -> str:
    return orjson.dumps(value).decode()


def _stored(row: Row[tuple[object, ...]]) -> StoredImport:
    return StoredImport(
        id=row.id,
        area=row.area,
        state=row.state,
        account_id=row.account_id,
        options=orjson.loads(row.options),
        files=orjson.loads(row.files),
        source=_opened(row.source),
        preview=_opened(row.preview),
        report=_opened(row.report),
        rows_done=row.rows_done,
        rows_all=row.rows_all,
        problem=row.problem,
        created_at=row.created_at,
        changed_at=row.changed_at,
        finished_at=row.finished_at,
    )


def _opened(text: str | None) -> dict[str, Json] | None:
    return orjson.loads(text) if text else None
