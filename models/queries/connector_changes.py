"""How connectors were changed: what a change leaves behind, since forms were read before it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import func, insert, literal, select, update
from sqlmodel import Session

from models.tables.columns import table_of
from models.tables.connectors import (
    ConnectorChangeRow,
    ConnectorFileRow,
    ConnectorItemRow,
    ConnectorRow,
    ConnectorSightRow,
)

CHANGED: Final = "changed"
FORM: Final = "form"
ANEW: Final = "anew"
REMOVED: Final = "removed"
EARLIER: Final = "//"
"""Between the number of a change and the name that a form of the form before it had."""
ITEM_CHARACTERS_MAX: Final = 120

_CONNECTOR = table_of(ConnectorRow)
_ITEM = table_of(ConnectorItemRow)
_SIGHT = table_of(ConnectorSightRow)
_FILE = table_of(ConnectorFileRow)
_CHANGE = table_of(ConnectorChangeRow)


def note_change(
    session: Session, connector_id: str, what: str, now: datetime, before: Mapping[str, str]
) -> int:
    """Note a change with what was so until then; its number."""
    statement = select(func.coalesce(func.max(_CHANGE.c.n), 0) + 1).where(
        _CHANGE.c.connector == connector_id
    )
    number = int(session.connection().execute(statement).scalar_one())
    told = orjson.dumps(dict(before), option=orjson.OPT_SORT_KEYS).decode() if before else None
    session.connection().execute(
        insert(_CHANGE).values(connector=connector_id, n=number, at=now, what=what, before=told)
    )
    return number


def change_connector(session: Session, connector_id: str, new: Mapping[str, str | None]) -> None:
    """Give columns of a connector other values."""
    if new:
        session.connection().execute(
            update(_CONNECTOR).where(_CONNECTOR.c.id == connector_id).values(**new)
        )


def ask_anew(session: Session, connector_id: str) -> None:
    """Everything is to be fetched again, from the beginning of the list."""
    connection = session.connection()
    connection.execute(
        update(_CONNECTOR).where(_CONNECTOR.c.id == connector_id).values(cursor=None)
    )
    connection.execute(
        update(_ITEM)
        .where(_ITEM.c.connector == connector_id, ~_ITEM.c.item.contains(EARLIER))
        .values(due=True)
    )


def set_items_aside(session: Session, connector_id: str, change: int) -> None:
    """Keep what came from the form before this change, under names that no other form gives.

    They are asked for no more and nothing is told about them; their bytes and what they became
    stay. The list of the new form begins at its beginning.
    """
    connection = session.connection()
    connection.execute(
        update(_CONNECTOR).where(_CONNECTOR.c.id == connector_id).values(cursor=None)
    )
    for table, also in (
        (_ITEM, {"due": False, "judged": False}),
        (_SIGHT, {"listed_at": None}),
        (_FILE, {}),
    ):
        named = literal(f"{change}{EARLIER}").concat(table.c.item)
        connection.execute(
            update(table)
            .where(table.c.connector == connector_id, ~table.c.item.contains(EARLIER))
            .values(item=func.substr(named, 1, ITEM_CHARACTERS_MAX), **also)
        )
