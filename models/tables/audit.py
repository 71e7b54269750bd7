"""Who did what, append-only and chained by hash, one chain per village.

Each row holds the hash of the row before it, and the chain's head is kept apart: a changed row no
longer matches its own hash, a removed one breaks the link or, at the end, misses the head. One
chain per village, because a village's writers take turns anyway and a common chain would make all
villages wait for each other.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.tables.columns import UtcDateTime

NO_VILLAGE = ""
"""The chain of what belongs to no village: logins, accounts, devices."""


class Audit(SQLModel, table=True):
    """One thing that somebody did. Rows are never changed."""

    __tablename__ = "audit"

    chain: str = Field(primary_key=True, max_length=10)
    n: int = Field(primary_key=True)
    """1, 2, 3 … without a gap in each chain."""
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str | None = Field(default=None, index=True, max_length=36)
    """The account's id; nothing for the command line and for strangers."""
    device: str | None = Field(default=None, max_length=36)
    action: str = Field(max_length=64)
    detail: str
    """Canonical JSON; ids of what was touched, never names or numbers of people."""
    previous: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class AuditChain(SQLModel, table=True):
    """The head of one chain: how many rows, and the hash of the last."""

    __tablename__ = "audit_chain"

    chain: str = Field(primary_key=True, max_length=10)
    n: int = 0
    hash: str = Field(max_length=64)
