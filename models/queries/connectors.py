"""Connectors to other servers, and what is known of every form there."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, ScalarSelect, and_, bindparam, case, func, or_, select, update
from sqlmodel import Session

from models.queries.connector_changes import ANEW, REMOVED
from models.queries.inserting import insert_missing, insert_or_replace
from models.queries.rowsets import among, keys
from models.sealing import vault_of
from models.tables.columns import table_of
from models.tables.connectors import (
    ConnectorChangeRow,
    ConnectorItemRow,
    ConnectorRow,
    ConnectorSightRow,
)
from models.tables.submissions import SubmissionRow

DUE: Final = "due"
GONE: Final = "gone"
_CONNECTOR = table_of(ConnectorRow)
_CHANGE = table_of(ConnectorChangeRow)
_ITEM = table_of(ConnectorItemRow)
_SIGHT = table_of(ConnectorSightRow)
_SUBMISSION = table_of(SubmissionRow)


@dataclass(frozen=True, slots=True)
class Connector:
    """One form of another server."""

    id: str
    kind: str
    url: str
    form: str
    account_id: str
    map: str
    credentials: str
    hook_digest: str | None
    created_at: datetime
    cursor: str | None = None
    running_until: datetime | None = None
    ran_at: datetime | None = None
    problem: str | None = None
    readings: int = 0
    """How often all of its forms were asked for anew, with another map."""
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """A form as the other server's list shows it."""

    item: str
    version: str
    state: str | None = None
    root: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A form of another server as it was last taken here."""

    item: str
    root: str | None
    listed: str | None
    version: str | None
    instance: str | None
    desa: str | None
    record: str | None
    creates: bool
    state: str
    submission: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one of its versions."""

    item: str
    root: str | None
    version: str
    document: bytes
    instance: str | None
    desa: str | None
    submission: str | None
    record: str | None
    creates: bool
    state: str
    judged: bool


def _changes(what: str) -> ScalarSelect[int]:
    return (
        select(func.count())
        .where(_CHANGE.c.connector == _CONNECTOR.c.id, _CHANGE.c.what == what)
        .scalar_subquery()
    )


_STORED: Final = [one.name for one in fields(Connector) if one.name in _CONNECTOR.c]
_CONNECTOR_COLUMNS = [
    *(_CONNECTOR.c[name] for name in _STORED),
    _changes(ANEW).label("readings"),
    _changes(REMOVED).label("removed"),
]
_ITEM_COLUMNS = [_ITEM.c[one.name] for one in fields(Item)]


def add_connector(session: Session, new: Connector) -> bool:
    """Insert a connector; False where its id is taken, also by one that was removed."""
    row = {name: getattr(new, name) for name in _STORED}
    if connector(session, new.id) is not None:
        return False
    insert_missing(session, _CONNECTOR, [row])
    return True


def connector(session: Session, connector_id: str) -> Connector | None:
    """One connector by its id."""
    statement = select(*_CONNECTOR_COLUMNS).where(_CONNECTOR.c.id == connector_id)
    row = session.connection().execute(statement).one_or_none()
    return None if row is None else _connector(row)


def all_connectors(session: Session, kind: str | None = None) -> list[Connector]:
    """Every connector that was not removed, or those of one kind, by id."""
    statement = select(*_CONNECTOR_COLUMNS).order_by(_CONNECTOR.c.id)
    if kind is not None:
        statement = statement.where(_CONNECTOR.c.kind == kind)
    found = map(_connector, session.connection().execute(statement))
    return [one for one in found if not one.removed]


def _connector(row: Row[*tuple[Any, ...]]) -> Connector:
    told = {name: getattr(row, name) for name in _STORED}
    return Connector(**told, readings=int(row.readings), removed=row.removed > 0)


def begin_run(session: Session, connector_id: str, now: datetime, until: datetime) -> bool:
    """Hold the connector for one run; False while another one holds it."""
    free = or_(_CONNECTOR.c.running_until.is_(None), _CONNECTOR.c.running_until < now)
    done = session.connection().execute(
        update(_CONNECTOR).where(_CONNECTOR.c.id == connector_id, free).values(running_until=until)
    )
    return done.rowcount == 1


def go_on_running(session: Session, connector_id: str, held: datetime, until: datetime) -> bool:
    """Hold it for longer; False where it is not held until ``held`` by this run any more."""
    done = session.connection().execute(
        update(_CONNECTOR)
        .where(_CONNECTOR.c.id == connector_id, _CONNECTOR.c.running_until == held)
        .values(running_until=until)
    )
    return done.rowcount == 1


def end_run(
    session: Session, connector_id: str, held: datetime, now: datetime, problem: str | None
) -> None:
    """Let go of the connector, and note how its run ended; another run's hold is left alone."""
    session.connection().execute(
        update(_CONNECTOR)
        .where(_CONNECTOR.c.id == connector_id, _CONNECTOR.c.running_until == held)
        .values(running_until=None, ran_at=now, problem=problem)
    )


def move_cursor(session: Session, connector_id: str, cursor: str) -> None:
    """Note how far the other server's list was read to its end."""
    session.connection().execute(
        update(_CONNECTOR).where(_CONNECTOR.c.id == connector_id).values(cursor=cursor)
    )


def hint(session: Session, connector_id: str, item: str, now: datetime) -> None:
    """Make the next run fetch a form, known or not."""
    insert_missing(session, _ITEM, [_fresh(connector_id, Sighting(item, ""), now)])
    session.connection().execute(
        update(_ITEM)
        .where(_ITEM.c.connector == connector_id, _ITEM.c.item == item)
        .values(due=True, seen_at=now)
    )


def note_seen(session: Session, connector_id: str, seen: Sequence[Sighting], now: datetime) -> int:
    """Note a page of the other server's list; how many of it are new or differ.

    ``now`` is when the run began that reads it: whatever a whole list does not show has an earlier
    one.
    """
    rows = [_fresh(connector_id, one, now) for one in seen]
    insert_missing(session, _ITEM, rows)
    if not seen:
        return 0
    listed: list[dict[str, object]] = [
        {"connector": connector_id, "item": one.item, "listed_at": now, "gone_at": None}
        for one in seen
    ]
    insert_or_replace(session, _SIGHT, listed)
    connection = session.connection()
    mine = and_(_ITEM.c.connector == connector_id, _ITEM.c.item == bindparam("seen_item"))
    connection.execute(
        update(_ITEM)
        .where(mine)
        .values(remote_state=bindparam("seen_state"), listed=bindparam("seen_version")),
        [
            {"seen_item": one.item, "seen_state": one.state, "seen_version": one.version}
            for one in seen
        ],
    )
    differs = or_(_ITEM.c.version.is_(None), _ITEM.c.version != bindparam("seen_version"))
    connection.execute(
        update(_ITEM).where(mine, differs).values(due=True, seen_at=now),
        [{"seen_item": one.item, "seen_version": one.version} for one in seen],
    )
    wanted = {"connector_id": connector_id, "wanted": keys(session, [s.item for s in seen])}
    counted = select(func.count()).where(
        _ITEM.c.connector == bindparam("connector_id"),
        _ITEM.c.due,
        among(session, _ITEM.c.item, "wanted"),
    )
    return int(connection.execute(counted, wanted).scalar_one())


def _fresh(connector_id: str, seen: Sighting, now: datetime) -> dict[str, object]:
    return {
        "connector": connector_id,
        "item": seen.item,
        "root": seen.root,
        "listed": seen.version or None,
        "due": True,
        "creates": False,
        "state": DUE,
        "judged": False,
        "remote_state": seen.state,
        "seen_at": now,
    }


def item_of(session: Session, connector_id: str, item: str) -> Item | None:
    """One form by its name there."""
    statement = select(*_ITEM_COLUMNS).where(
        _ITEM.c.connector == connector_id, _ITEM.c.item == item
    )
    row = session.connection().execute(statement).one_or_none()
    return None if row is None else Item(*row)


def due_items(session: Session, connector_id: str, after: str, limit: int) -> list[Item]:
    """Forms to be fetched, in the order of their names."""
    statement = (
        select(*_ITEM_COLUMNS)
        .where(_ITEM.c.connector == connector_id, _ITEM.c.due, _ITEM.c.item > after)
        .order_by(_ITEM.c.item)
        .limit(limit)
    )
    return [Item(*row) for row in session.connection().execute(statement)]


def same_root(session: Session, connector_id: str, root: str, item: str) -> Item | None:
    """The form that bears this root under another name: a copy that was restored over there."""
    statement = (
        select(*_ITEM_COLUMNS)
        .where(
            _ITEM.c.connector == connector_id,
            _ITEM.c.root == root,
            _ITEM.c.item != item,
            _ITEM.c.version.is_not(None),
        )
        .order_by(_ITEM.c.item)
        .limit(1)
    )
    row = session.connection().execute(statement).one_or_none()
    return None if row is None else Item(*row)


def settle_item(session: Session, connector_id: str, done: Settled) -> None:
    """Note that a version of a form was taken. In the transaction that took it."""
    values = {one.name: getattr(done, one.name) for one in fields(Settled) if one.name != "item"}
    values["document"] = vault_of(session).seal_bytes(done.document)
    session.connection().execute(
        update(_ITEM)
        .where(_ITEM.c.connector == connector_id, _ITEM.c.item == done.item)
        .values(due=False, told_state=None, **values)
    )


def document_of(session: Session, connector_id: str, item: str) -> bytes | None:
    """The other server's bytes of the version that was taken last."""
    statement = select(_ITEM.c.document).where(
        _ITEM.c.connector == connector_id, _ITEM.c.item == item
    )
    stored = session.connection().execute(statement).scalar_one_or_none()
    return None if stored is None else vault_of(session).open_bytes(stored)


def counts(session: Session, connector_id: str) -> dict[str, int]:
    """State → forms; `due` counts those to be fetched, whatever they were before.

    Those that were deleted over there are `gone`, whatever became of them here.
    """
    # A reviewer may have let in, or rejected, what was held when it was taken.
    decided = func.coalesce(_SUBMISSION.c.state, _ITEM.c.state)
    state = case((_SIGHT.c.gone_at.is_not(None), GONE), else_=decided)
    statement = (
        select(state, _ITEM.c.due, func.count())
        .outerjoin(
            _SUBMISSION,
            and_(_SUBMISSION.c.desa == _ITEM.c.desa, _SUBMISSION.c.id == _ITEM.c.submission),
        )
        .outerjoin(
            _SIGHT,
            and_(_SIGHT.c.connector == _ITEM.c.connector, _SIGHT.c.item == _ITEM.c.item),
        )
        .where(_ITEM.c.connector == connector_id)
        .group_by(state, _ITEM.c.due)
    )
    told: dict[str, int] = {}
    for name, is_due, number in session.connection().execute(statement):
        key = DUE if is_due else str(name)
        told[key] = told.get(key, 0) + int(number)
    return told
