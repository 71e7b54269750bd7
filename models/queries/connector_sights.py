"""Which forms of another server are still there, and which are not any more.

A deletion over there deletes nothing here: what a form said stays said. That it is gone is noted
once, with its family, for somebody to look at; if it comes back, it is there again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, func, select, update
from sqlmodel import Session

from models.queries.inserting import insert_missing
from models.queries.rowsets import among, keys
from models.tables.columns import table_of
from models.tables.connectors import ConnectorItemRow, ConnectorSightRow

_ITEM = table_of(ConnectorItemRow)
_SIGHT = table_of(ConnectorSightRow)
_BESIDE = and_(_SIGHT.c.connector == _ITEM.c.connector, _SIGHT.c.item == _ITEM.c.item)


@dataclass(frozen=True, slots=True)
class Gone:
    """A form that is not there any more, and what it was about here."""

    item: str
    desa: str | None
    record: str | None
    """The family; nothing where the form was never taken in."""
    since: datetime | None = None


def not_listed(session: Session, connector_id: str, began: datetime, limit: int) -> list[str]:
    """Forms that were in the list before the run that began then, and not in its own."""
    statement = (
        select(_SIGHT.c.item)
        .where(
            _SIGHT.c.connector == connector_id,
            _SIGHT.c.listed_at < began,
            _SIGHT.c.gone_at.is_(None),
        )
        .order_by(_SIGHT.c.item)
        .limit(limit)
    )
    return list(session.connection().execute(statement).scalars())


def last_listed(session: Session, connector_id: str) -> datetime | None:
    """When the last run began whose list showed anything."""
    statement = select(func.max(_SIGHT.c.listed_at)).where(_SIGHT.c.connector == connector_id)
    found: datetime | None = session.connection().execute(statement).scalar_one()
    return found


def note_back(session: Session, connector_id: str, items: Iterable[str]) -> None:
    """Forms that were gone, and are there again."""
    named = list(items)
    if named:
        session.connection().execute(
            update(_SIGHT)
            .where(_SIGHT.c.connector == bindparam("of"), among(session, _SIGHT.c.item, "wanted"))
            .values(gone_at=None),
            {"wanted": keys(session, named), "of": connector_id},
        )


def note_gone(
    session: Session, connector_id: str, items: Iterable[str], now: datetime
) -> list[Gone]:
    """Note forms that the other server has no longer; those of them that were not noted before."""
    named = list(items)
    if not named:
        return []
    connection = session.connection()
    wanted = {"wanted": keys(session, named), "of": connector_id}
    known = connection.execute(
        select(_ITEM.c.item, _ITEM.c.desa, _ITEM.c.record)
        .outerjoin(_SIGHT, _BESIDE)
        .where(
            _ITEM.c.connector == bindparam("of"),
            among(session, _ITEM.c.item, "wanted"),
            _SIGHT.c.gone_at.is_(None),
        )
        .order_by(_ITEM.c.item),
        wanted,
    )
    fresh = [Gone(row.item, row.desa or None, row.record, now) for row in known]
    connection.execute(
        update(_ITEM)
        .where(_ITEM.c.connector == bindparam("of"), among(session, _ITEM.c.item, "wanted"))
        .values(due=False),
        wanted,
    )
    rows: list[dict[str, object]] = [
        {"connector": connector_id, "item": one.item, "listed_at": None, "gone_at": now}
        for one in fresh
    ]
    insert_missing(session, _SIGHT, rows)
    if fresh:
        connection.execute(
            update(_SIGHT)
            .where(_SIGHT.c.connector == bindparam("of"), among(session, _SIGHT.c.item, "wanted"))
            .values(gone_at=now),
            {"wanted": keys(session, [one.item for one in fresh]), "of": connector_id},
        )
    return fresh


def gone(session: Session, connector_id: str, limit: int) -> list[Gone]:
    """Forms that are not there any more, those noticed last first."""
    statement = (
        select(_ITEM.c.item, _ITEM.c.desa, _ITEM.c.record, _SIGHT.c.gone_at)
        .join(_SIGHT, _BESIDE)
        .where(_ITEM.c.connector == connector_id, _SIGHT.c.gone_at.is_not(None))
        .order_by(_SIGHT.c.gone_at.desc(), _ITEM.c.item)
        .limit(limit)
    )
    rows = session.connection().execute(statement)
    return [Gone(row.item, row.desa or None, row.record, row.gone_at) for row in rows]
