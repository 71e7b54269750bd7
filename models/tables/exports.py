"""What left the register as a file, what the ministry answered, and what is left to do.

The files themselves lie beside the database under their hashes; here is whose they are.
"""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from models.tables.columns import RecordId, UtcDateTime


class Export(SQLModel, table=True):
    """One village's part in one export. Several villages may share an `id` and its files."""

    __tablename__ = "export"
    __table_args__: ClassVar = (
        Index("export_id", "id"),
        Index("export_period", "desa", "period", "created_at"),
    )

    desa: str = Field(primary_key=True, max_length=10)
    id: str = Field(primary_key=True, sa_type=RecordId)
    period: str = Field(max_length=16)
    profile: str = Field(max_length=40)
    profile_version: str = Field(max_length=20)
    title: str = Field(max_length=200)
    for_excel: bool = False
    draft: bool = False
    """Made from the live register, for looking at; nothing follows from it."""
    state: str = Field(max_length=12)
    """`draf`, `diunduh`, `diunggah`, `diterima` or `ditolak`."""
    snapshot: str = Field(max_length=64)
    """Hash of the frozen village that was read."""
    villages: int
    """How many villages share the id."""
    rows: int
    """Of this village, over all files."""
    left_out: int
    """Rows that a blocking problem kept out."""
    problems: int
    files: str = Field(sa_type=Text)
    """JSON: `{name, sha256, bytes, rows, media_type}` of each file, the same in every village."""
    report: str = Field(sa_type=Text)
    """JSON: the village's problems, row by row up to a limit; no NIK or No KK is in it."""
    receipt: str | None = Field(default=None, max_length=32)
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str | None = Field(default=None, max_length=36)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    changed_by: str | None = Field(default=None, max_length=36)
    note: str = Field(default="", sa_type=Text)
    """What was said with the last change of the state."""
    taken: str = Field(default="[]", sa_type=Text)
    """JSON: SHA-256 of each answer file that was taken; the same one again changes nothing."""


class ExportResult(SQLModel, table=True):
    """One exported row that the ministry answers about, and its answer once it has come."""

    __tablename__ = "export_result"
    __table_args__: ClassVar = (Index("export_result_number", "desa", "export", "natural_key"),)

    desa: str = Field(primary_key=True, max_length=10)
    export: str = Field(primary_key=True, sa_type=RecordId)
    n: int = Field(primary_key=True)
    """1, 2, 3 … within the village, in the order of the files."""
    natural_key: str = Field(max_length=32)
    """Keyed hash of the NIK under which the row was sent."""
    record: str = Field(sa_type=RecordId)
    keluarga: str = Field(sa_type=RecordId)
    rt: str = Field(max_length=16)
    program: str = Field(max_length=16)
    outcome: str = Field(max_length=12)
    """`menunggu`, `diterima`, `ditolak` or `tidak_jelas`."""
    body: str | None = Field(default=None, sa_type=Text)
    """JSON: the answer as it came, word for word; its NIK through `models.sealing`."""
    answer_hash: str | None = Field(default=None, max_length=64)
    """SHA-256 of the file that brought the answer."""
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Task(SQLModel, table=True):
    """Something that an RT head has to look at again, with the ministry's words."""

    __tablename__ = "task"
    __table_args__: ClassVar = (Index("task_open", "desa", "state", "rt"),)

    desa: str = Field(primary_key=True, max_length=10)
    id: str = Field(primary_key=True, sa_type=RecordId)
    rt: str = Field(max_length=16)
    kind: str = Field(max_length=24)
    """`usulan_ditolak`."""
    keluarga: str = Field(sa_type=RecordId)
    record: str = Field(sa_type=RecordId)
    export: str = Field(sa_type=RecordId)
    program: str = Field(max_length=16)
    words: str = Field(sa_type=Text)
    """JSON: `hasil`, `padan`, `keterangan` as the ministry wrote them; nobody's name or number."""
    state: str = Field(max_length=8)
    """`terbuka` or `selesai`."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: str | None = Field(default=None, max_length=36)
    note: str = Field(default="", sa_type=Text)
