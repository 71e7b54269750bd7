"""Column types that mean the same on SQLite and on PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Dialect, Table, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import DateTime, TypeDecorator, TypeEngine
from sqlmodel import SQLModel
from typing_extensions import override


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware, in UTC, exact to the microsecond.

    TIMESTAMPTZ on PostgreSQL; on SQLite, which has no such type, ISO text of constant width, so
    that text order is time order. A naive datetime is a caller's mistake and raises.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(DateTime(timezone=True))

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored instant needs a time zone")
        instant = value.astimezone(UTC)
        return instant.isoformat(timespec="microseconds") if dialect.name == "sqlite" else instant

    @override
    def process_result_value(
        self, value: str | datetime | None, dialect: Dialect
    ) -> datetime | None:
        if value is None:
            return None
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        return instant.astimezone(UTC)


class JsonOrNull(TypeDecorator[Any]):
    """JSON whose `None` is SQL's NULL: "not said" stays a question that SQL can ask."""

    impl = JSON
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(none_as_null=True)


def table_of(model: type[SQLModel]) -> Table:
    """The Core table of a model: statements are written against columns, not attributes."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


class RecordId(TypeDecorator[str]):
    """A UUID as lower-case text in Python: 16 bytes on PostgreSQL, text on SQLite."""

    impl = Text
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID(as_uuid=False))
        return dialect.type_descriptor(Text())

    @override
    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """It comes as text from either (`models.engines`)."""
