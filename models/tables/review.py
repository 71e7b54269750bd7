"""Questions for a person."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field, SQLModel

from models.tables.columns import RecordId, UtcDateTime


class ConflictRow(SQLModel, table=True):
    """One conflict. What it disagrees with is the record's own current value."""

    __tablename__ = "conflict"
    __table_args__: ClassVar = (
        Index("conflict_record", "desa", "record"),
        Index("conflict_twin", "desa", "twin"),
        Index("conflict_state", "desa", "state", "opened_at"),
    )

    desa: str = Field(primary_key=True, max_length=10)
    id: str = Field(primary_key=True, sa_type=RecordId)
    record: str = Field(sa_type=RecordId)
    twin: str | None = Field(default=None, sa_type=RecordId)
    group_name: str = Field(max_length=64)
    kind: str = Field(max_length=24)
    state: str = Field(max_length=12)
    version: int = Field(sa_type=BigInteger)
    body: str = Field(sa_type=Text)
    """JSON: candidates and decision; NIK and No KK through `models.sealing`."""
    reopens: str | None = Field(default=None, sa_type=RecordId)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
