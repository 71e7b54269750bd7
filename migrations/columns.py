"""Column types of the revisions, frozen: a revision never changes its mind about a type."""

import sqlalchemy as sa


def instant() -> sa.Text:
    """TIMESTAMPTZ on PostgreSQL, ISO text of constant width on SQLite."""
    return sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")


def record_id() -> sa.Text:
    """A UUID: 16 bytes on PostgreSQL, text on SQLite."""
    return sa.Text().with_variant(sa.Uuid(as_uuid=False), "postgresql")


def json_or_null() -> sa.JSON:
    """JSON whose `None` is SQL's NULL."""
    return sa.JSON(none_as_null=True)
