"""Lists on their way in: what was uploaded, what it would do, how far it is."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field, SQLModel

from models.tables.columns import RecordId, UtcDateTime


class ListImport(SQLModel, table=True):
    """One list that somebody brings in. It may span many villages, so it belongs to none."""

    __tablename__ = "list_import"
    __table_args__: ClassVar = (Index("list_import_state", "state", "changed_at"),)

    id: str = Field(primary_key=True, sa_type=RecordId)
    area: str = Field(max_length=10)
    """Kemendagri's code: nothing outside of it is touched."""
    state: str = Field(max_length=12)
    """``uploaded``, ``previewed``, ``running``, ``done``, ``failed`` or ``discarded``."""
    account_id: str | None = Field(default=None, max_length=36)
    """Who brought it; empty for the command line."""
    options: str = Field(sa_type=Text)
    """JSON: ``{"format", "issued"}``."""
    files: str = Field(sa_type=Text)
    """JSON: ``[{"name", "stored", "bytes", "sha256"}]``; ``stored`` is a random name."""
    source: str | None = Field(default=None, sa_type=Text)
    """JSON: list, instrument and version, once they are recognised."""
    preview: str | None = Field(default=None, sa_type=Text)
    """JSON: what it would do."""
    report: str | None = Field(default=None, sa_type=Text)
    """JSON: what it has done."""
    rows_done: int = Field(default=0, sa_type=BigInteger)
    rows_all: int = Field(default=0, sa_type=BigInteger)
    problem: str | None = Field(default=None, sa_type=Text)
    """Why it failed: a stable code."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    """While it runs, the last sign of life."""
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
