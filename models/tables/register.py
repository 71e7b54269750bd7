"""The register: records as documents, and the counter row that numbers their changes.

Documents, stamps and reviews are JSON *text*: they are merged in memory and served as bytes, so
the database never looks inside. What it has to find stands in columns of its own.
"""

from typing import ClassVar

from sqlalchemy import BigInteger, Index, Text, text
from sqlmodel import Field, SQLModel

from models.tables.columns import RecordId


class Feed(SQLModel, table=True):
    """One village's change counter. Its row lock is the village's turn to write."""

    __tablename__ = "feed"

    desa: str = Field(primary_key=True, max_length=10)
    head: int = Field(default=0, sa_type=BigInteger)
    previous: int = Field(default=0, sa_type=BigInteger)
    """The head before the last raise: numbers in between belong to the transaction that raised."""
    turns: int = Field(
        default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")}
    )
    """How often the turn was taken (PostgreSQL): whoever wrote here since, took one."""


class RecordRow(SQLModel, table=True):
    """One keluarga, anggota, pengukuran or kunjungan."""

    __tablename__ = "record"
    __table_args__: ClassVar = (
        Index("record_feed", "desa", "seq", unique=True),
        Index("record_under", "desa", "keluarga"),
        # A visit has none, and each index is another place to write to.
        Index(
            "record_natural_key",
            "desa",
            "natural_key",
            sqlite_where=text("natural_key IS NOT NULL"),
            postgresql_where=text("natural_key IS NOT NULL"),
        ),
    )

    desa: str = Field(primary_key=True, max_length=10)
    id: str = Field(primary_key=True, sa_type=RecordId)
    entity: str = Field(max_length=10)
    parent: str | None = Field(default=None, sa_type=RecordId)
    keluarga: str = Field(sa_type=RecordId)
    """The family at the root; a keluarga's own id."""
    rt: str = Field(max_length=16)
    """``"003/001"``, empty where no RT is known; a row's RT is its family's."""
    seq: int = Field(sa_type=BigInteger)
    created_seq: int = Field(sa_type=BigInteger)
    rt_since: int = Field(sa_type=BigInteger)
    """The number at which the row entered its RT."""
    left_rts: str | None = Field(default=None, sa_type=Text)
    """JSON: RT that the row left → number of that moment."""
    natural_key: str | None = Field(default=None, max_length=32)
    """Keyed hash of the NIK (anggota) or No KK (keluarga)."""
    doc: str = Field(sa_type=Text)
    """JSON: the record's fields; NIK and No KK through `models.sealing`."""
    stamps: str = Field(sa_type=Text)
    """JSON: ``{"c": creation, "g": {group: [stamp, supporter …]}, "e": {group: {element: …}}}``."""
    end_reason: str | None = Field(default=None, max_length=16)
    end_body: str | None = Field(default=None, sa_type=Text)
    alias: str | None = Field(default=None, sa_type=RecordId)
    merged: str | None = Field(default=None, sa_type=Text)
    review: str | None = Field(default=None, sa_type=Text)
    """JSON: groups that wait for a reviewer."""
    disputed: bool = False
    """Was the record ever part of a conflict?"""


class FamilyLeft(SQLModel, table=True):
    """When somebody last left a family for another one, as a number of the village's feed.

    The person's row tells of the family it is in; that another one shows fewer people now would
    follow from nothing that is kept.
    """

    __tablename__ = "family_left"

    desa: str = Field(primary_key=True, max_length=10)
    keluarga: str = Field(primary_key=True, sa_type=RecordId)
    seq: int = Field(sa_type=BigInteger)


class NikClaim(SQLModel, table=True):
    """Who bears a NIK anywhere: finds the same NIK in two villages, after the commit.

    Apart from the villages' tables on purpose: its key is the number, not the village.
    """

    __tablename__ = "nik_claim"

    natural_key: str = Field(primary_key=True, max_length=32)
    desa: str = Field(primary_key=True, max_length=10)
    record: str = Field(primary_key=True, sa_type=RecordId)
