"""The feed guard: no row of the register changes without a number taken from the village's feed.

A trigger refuses any write whose `seq` was not handed out by the feed row in the same transaction,
so a script, a console or a future shortcut cannot change a record behind the phones' backs. It is
a belt beside the braces, never business logic: a cluster that refuses triggers goes without it.
"""

from alembic import op

_POSTGRES_FUNCTION = """
CREATE FUNCTION record_needs_a_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.seq = OLD.seq OR NOT EXISTS (
        SELECT 1 FROM feed
        WHERE feed.desa = NEW.desa AND NEW.seq > feed.previous AND NEW.seq <= feed.head
          AND feed.xmin = pg_current_xact_id()::xid
    ) THEN
        RAISE EXCEPTION 'a record was written without a number from its village''s feed';
    END IF;
    RETURN NEW;
END $$
"""
_POSTGRES_TRIGGER = """
CREATE TRIGGER record_feed_guard BEFORE INSERT OR UPDATE ON record
FOR EACH ROW EXECUTE FUNCTION record_needs_a_number()
"""
_SQLITE_TRIGGER = """
CREATE TRIGGER record_feed_guard_{event} BEFORE {event} ON record
WHEN {unchanged} NOT EXISTS (
    SELECT 1 FROM feed
    WHERE feed.desa = NEW.desa AND NEW.seq > feed.previous AND NEW.seq <= feed.head
)
BEGIN
    SELECT RAISE(ABORT, 'a record was written without a number from its village''s feed');
END
"""
# SQLite has no transaction ids. There the numbers between `previous` and `head` are all used up by
# the rows of the transaction that took them, so nobody else can put one on another row.


def put_up() -> None:
    """Install the guard on the table `record`."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRES_FUNCTION)
        op.execute(_POSTGRES_TRIGGER)
        return
    op.execute(_SQLITE_TRIGGER.format(event="INSERT", unchanged=""))
    op.execute(_SQLITE_TRIGGER.format(event="UPDATE", unchanged="NEW.seq = OLD.seq OR"))


def take_down() -> None:
    """Remove the guard."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER record_feed_guard ON record")
        op.execute("DROP FUNCTION record_needs_a_number()")
        return
    op.execute("DROP TRIGGER record_feed_guard_INSERT")
    op.execute("DROP TRIGGER record_feed_guard_UPDATE")
