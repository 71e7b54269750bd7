"""Villages that a programme is aimed at."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index, Text, text
from sqlmodel import Field, SQLModel

from models.tables.columns import RecordId, UtcDateTime


class DesignationRow(SQLModel, table=True):
    """One village in a programme's list for a year, by one decree; closed, never deleted."""

    __tablename__ = "designation"
    __table_args__: ClassVar = (
        Index(
            "designation_open",
            "desa",
            "programme",
            "year",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    desa: str = Field(primary_key=True, max_length=10)
    id: str = Field(primary_key=True, sa_type=RecordId)
    programme: str = Field(max_length=32)
    """``kemiskinan_ekstrem`` or ``stunting``."""
    year: int
    decree: str = Field(sa_type=Text)
    """The decree's name and number, as it was typed."""
    decreed_on: str = Field(max_length=10)
    until: str | None = Field(default=None, max_length=10)
    """The last day, where the decree names one."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    account_id: str | None = Field(default=None, max_length=36)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it was revoked, or replaced by another decree."""
    closed_by: str | None = Field(default=None, max_length=36)
    reason: str | None = Field(default=None, sa_type=Text)
