"""The log: lanes, their operations, receipts, and what had to be set aside.

Every key begins with the village, so that a village lives on one machine of a cluster.
"""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, Index, Text, text
from sqlmodel import Field, SQLModel

from models.tables.columns import RecordId, UtcDateTime


class LaneRow(SQLModel, table=True):
    """One incarnation of one device in one village, or a lane of the office."""

    __tablename__ = "lane"
    __table_args__: ClassVar = (Index("lane_lineage", "desa", "lineage"),)

    desa: str = Field(primary_key=True, max_length=10)
    lane: str = Field(primary_key=True, max_length=40)
    lineage: str = Field(max_length=64)
    """The device; for lanes of the office, what feeds them."""
    account_id: str | None = Field(default=None, max_length=36)
    source: str = Field(max_length=16)
    """``device``, ``review``, ``import`` …"""
    last: int = Field(default=0, sa_type=BigInteger)
    durable: int = Field(default=0, sa_type=BigInteger)
    """Covered by a backup that the operator promises never to restore before."""
    parent: str | None = Field(default=None, max_length=40)
    parent_seq: int | None = Field(default=None, sa_type=BigInteger)
    known: str | None = Field(default=None, sa_type=Text)
    """JSON: ancestor lane → point of the fork."""
    extra: str | None = Field(default=None, sa_type=Text)
    """JSON: dots of operations that came again under this incarnation."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    synced_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    forked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When another lane was opened from this one."""


class OperationRow(SQLModel, table=True):
    """One operation as it came, and the one answer it got. Never deleted."""

    __tablename__ = "operation"
    __table_args__: ClassVar = (
        Index(
            "operation_once",
            "desa",
            "lineage",
            "hash",
            unique=True,
            sqlite_where=text("outcome <> 'duplicate'"),
            postgresql_where=text("outcome <> 'duplicate'"),
        ),
        Index("operation_record", "desa", "record"),
    )

    desa: str = Field(primary_key=True, max_length=10)
    lane: str = Field(primary_key=True, max_length=40)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    lineage: str = Field(max_length=64)
    hash: str = Field(max_length=43)
    """SHA-256 of the canonical operation without ``seq``, base64url."""
    kind: str | None = Field(default=None, max_length=8)
    record: str | None = Field(default=None, sa_type=RecordId)
    body: str = Field(sa_type=Text)
    """Canonical JSON without ``seq``; NIK and No KK through `models.sealing`."""
    outcome: str = Field(max_length=16)
    entry: str | None = Field(default=None, sa_type=Text)
    """JSON: the stored answer where there is more to say than the outcome."""
    at: int = Field(sa_type=BigInteger)
    """The feed's head after the transaction that brought it."""
    received_at: datetime = Field(sa_type=UtcDateTime)
    captured_at: datetime = Field(sa_type=UtcDateTime)
    observed: str = Field(max_length=10)
    suspect: bool = False
    account_id: str | None = Field(default=None, max_length=36)


class Receipt(SQLModel, table=True):
    """Proof for a phone that the server has its operations up to a point."""

    __tablename__ = "receipt"
    __table_args__: ClassVar = (Index("receipt_code", "code"),)

    desa: str = Field(primary_key=True, max_length=10)
    code: str = Field(primary_key=True, max_length=32)
    lane: str = Field(max_length=40)
    acked: int = Field(sa_type=BigInteger)
    at: int = Field(sa_type=BigInteger)
    epoch: str = Field(max_length=16)
    issued_at: datetime = Field(sa_type=UtcDateTime)


class QuarantineRow(SQLModel, table=True):
    """An operation that could not be merged: kept, explained, decided by a person."""

    __tablename__ = "quarantine"
    __table_args__: ClassVar = (
        Index("quarantine_place", "desa", "lane", "lane_seq", unique=True),
        Index("quarantine_record", "desa", "record"),
    )

    desa: str = Field(primary_key=True, max_length=10)
    id: str = Field(primary_key=True, sa_type=RecordId)
    lane: str = Field(max_length=40)
    lane_seq: int = Field(sa_type=BigInteger)
    record: str | None = Field(default=None, sa_type=RecordId)
    creates: bool = False
    problem: str = Field(max_length=32)
    detail: str = Field(default="", sa_type=Text)
    cause: str | None = Field(default=None, max_length=64)
    """``lane:seq`` of the quarantined operation that it depends on."""
    state: str = Field(default="waiting", max_length=8)
    """``waiting``, ``released`` or ``rejected``."""
    account_id: str | None = Field(default=None, max_length=36)
    received_at: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: str | None = Field(default=None, max_length=36)
    reason: str | None = Field(default=None, sa_type=Text)
