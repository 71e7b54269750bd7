"""What an RT head has to look at again, in the eyes of whoever asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Row, func, select, update
from sqlmodel import Session

from models.queries.rowsets import among, instant, keys, store
from models.queries.scoping import Sight, in_areas, in_sight
from models.tables.columns import table_of
from models.tables.exports import Task
from sync.types import Json

TASKS_PER_PAGE_MAX: Final = 500
OPEN: Final = "terbuka"
CLOSED: Final = "selesai"

_TASK = table_of(Task)


@dataclass(frozen=True, slots=True)
class StoredTask:
    """One task. `words` are the ministry's: `hasil`, `padan`, `keterangan`."""

    desa: str
    id: str
    rt: str
    kind: str
    keluarga: str
    record: str
    export: str
    program: str
    words: Mapping[str, Json]
    state: str
    created_at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class WantedTasks:
    """Which tasks are listed; what is empty does not restrict."""

    area: str = ""
    rt: str = ""
    state: str = OPEN


def listed_tasks(
    session: Session, sight: Sight, wanted: WantedTasks, *, limit: int, offset: int = 0
) -> tuple[list[StoredTask], int]:
    """A page of tasks in sight by village, RT and age, and how many there are."""
    where = [in_sight(_TASK.c.desa, _TASK.c.rt, sight)]
    if wanted.area:
        where.append(in_areas(_TASK.c.desa, [wanted.area]))
    if wanted.rt:
        where.append(_TASK.c.rt == wanted.rt)
    if wanted.state:
        where.append(_TASK.c.state == wanted.state)
    statement = (
        select(_TASK)
        .where(*where)
        .order_by(_TASK.c.desa, _TASK.c.rt, _TASK.c.created_at, _TASK.c.id)
        .limit(limit)
        .offset(offset)
    )
    connection = session.connection()
    total = connection.execute(select(func.count()).select_from(_TASK).where(*where)).scalar_one()
    return [_task(row) for row in connection.execute(statement)], total


def task_in_sight(session: Session, sight: Sight, task: str) -> StoredTask | None:
    """One task, if it lies in sight."""
    statement = select(_TASK).where(_TASK.c.id == task, in_sight(_TASK.c.desa, _TASK.c.rt, sight))
    row = session.connection().execute(statement).one_or_none()
    return None if row is None else _task(row)


def tasks_with_ids(session: Session, desa: str, ids: Sequence[str]) -> dict[str, StoredTask]:
    """Id → task, for those that there are in a village."""
    statement = select(_TASK).where(_TASK.c.desa == desa, among(session, _TASK.c.id, "ids"))
    rows = session.connection().execute(statement, {"ids": keys(session, ids)})
    return {row.id: _task(row) for row in rows}


def store_tasks(session: Session, desa: str, tasks: Sequence[StoredTask]) -> None:
    """Add tasks of a village, and replace those whose id is there."""
    rows = [
        {
            "id": task.id,
            "rt": task.rt,
            "kind": task.kind,
            "keluarga": task.keluarga,
            "record": task.record,
            "export": task.export,
            "program": task.program,
            "words": orjson.dumps(dict(task.words)).decode(),
            "state": task.state,
            "created_at": instant(task.created_at),
            "closed_at": None if task.closed_at is None else instant(task.closed_at),
            "closed_by": task.closed_by,
            "note": task.note,
        }
        for task in tasks
    ]
    store(session, _TASK, desa, rows)


def close_task(
    session: Session, task: StoredTask, *, at: datetime, by: str | None, note: str
) -> bool:
    """Close a task that is still open; was it?"""
    statement = (
        update(_TASK)
        .where(_TASK.c.desa == task.desa, _TASK.c.id == task.id, _TASK.c.state == OPEN)
        .values(state=CLOSED, closed_at=at, closed_by=by, note=note)
    )
    return session.connection().execute(statement).rowcount == 1


def _task(row: Row[tuple[Any, ...]]) -> StoredTask:
    told = dict(row._mapping)  # noqa: SLF001 (SQLAlchemy's public name for it)
    return StoredTask(**{**told, "words": orjson.loads(row.words)})
