"""Files that belong to a village: scans of signed papers, later photographs.

The bytes lie in a directory under the name of their hash; a row says which village holds them, and
only through such a row does anybody reach them. The same bytes in two villages are two rows.
"""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from models.tables.columns import UtcDateTime


class BlobRow(SQLModel, table=True):
    """One file that a village holds. Rows are never changed."""

    __tablename__ = "blob"

    desa: str = Field(primary_key=True, max_length=10)
    sha256: str = Field(primary_key=True, max_length=64)
    """Of the bytes, lower-case hex: the file's name in the store."""
    size: int = Field(sa_type=BigInteger)
    """In bytes."""
    media_type: str = Field(max_length=64)
    """As the first bytes say, whatever the sender called it."""
    purpose: str = Field(max_length=32)
    """What it was first brought for: ``berita-acara``."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str | None = Field(default=None, max_length=36)
    """The account; nothing for the command line."""
