"""Rows that are written once: a trigger refuses to change or remove what was signed.

Like the feed guard it is a belt beside the braces and carries no logic: no query of ours updates
these tables, and a cluster that refuses triggers goes without them.
"""

from collections.abc import Iterable
from typing import Final

from alembic import op

_POSTGRES_FUNCTION: Final = """
CREATE FUNCTION row_is_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of % is written once and never changed', TG_TABLE_NAME;
END $$
"""
_POSTGRES_TRIGGER: Final = """
CREATE TRIGGER {table}_written_once BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION row_is_written_once()
"""
_SQLITE_TRIGGER: Final = """
CREATE TRIGGER {table}_written_once_{event} BEFORE {event} ON {table}
BEGIN
    SELECT RAISE(ABORT, 'a row of {table} is written once and never changed');
END
"""


def put_up(tables: Iterable[str]) -> None:
    """Guard these tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRES_FUNCTION)
        for table in tables:
            op.execute(_POSTGRES_TRIGGER.format(table=table))
        return
    for table in tables:
        for event in ("UPDATE", "DELETE"):
            op.execute(_SQLITE_TRIGGER.format(table=table, event=event))


def take_down(tables: Iterable[str]) -> None:
    """Remove the guards."""
    if op.get_bind().dialect.name == "postgresql":
        for table in tables:
            op.execute(f"DROP TRIGGER {table}_written_once ON {table}")
        op.execute("DROP FUNCTION row_is_written_once()")
        return
    for table in tables:
        for event in ("UPDATE", "DELETE"):
            op.execute(f"DROP TRIGGER {table}_written_once_{event}")
