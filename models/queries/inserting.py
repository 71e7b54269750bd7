"""Insert what is not there yet, in the words of either database."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session


def insert_missing(session: Session, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows and leave those alone whose key is taken, also by a writer a moment ago."""
    if not rows:
        return
    statement = insert_into(session, table).on_conflict_do_nothing()
    session.connection().execute(statement, [dict(row) for row in rows])


def insert_or_replace(session: Session, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows; where the primary key is taken, the other columns get the new values."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    statement = insert_into(session, table)
    statement = statement.on_conflict_do_update(
        index_elements=keys,
        set_={name: statement.excluded[name] for name in rows[0] if name not in keys},
    )
    session.connection().execute(statement, [dict(row) for row in rows])


def insert_into(session: Session, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insertion that may say what happens where a key is taken."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
