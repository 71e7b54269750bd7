"""Published forms: every version for ever, as the bytes that phones got."""

from datetime import datetime

from sqlalchemy import LargeBinary, Text
from sqlmodel import Field, SQLModel

from models.tables.columns import UtcDateTime


class FormRow(SQLModel, table=True):
    """A form through all its versions. Its row lock is the turn to publish."""

    __tablename__ = "form"

    form_id: str = Field(primary_key=True, max_length=64)
    current: str | None = Field(default=None, max_length=32)
    """The version that phones are offered; nothing while it has only drafts, or was closed."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class FormVersionRow(SQLModel, table=True):
    """One version. What was published is never changed again but for its state."""

    __tablename__ = "form_version"

    form_id: str = Field(primary_key=True, max_length=64)
    version: str = Field(primary_key=True, max_length=32)
    state: str = Field(max_length=16)
    """``draft``, ``published``, ``closed``."""
    kind: str = Field(max_length=16)
    title: str = Field(max_length=200)
    xml: bytes = Field(sa_type=LargeBinary)
    """The XForm as it is served; its MD5 is the version's identity on a phone."""
    md5: str = Field(max_length=32)
    mapping: str = Field(sa_type=Text)
    """JSON: which question feeds which field."""
    compact: bytes = Field(sa_type=LargeBinary)
    """The same form for other clients, as JSON."""
    source: bytes = Field(sa_type=LargeBinary)
    """The workbook that it was made from."""
    entities_version: str | None = Field(default=None, max_length=16)
    created_at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class FormFileRow(SQLModel, table=True):
    """A file that a version brings along: a picture, a list that is no entity list."""

    __tablename__ = "form_file"

    form_id: str = Field(primary_key=True, max_length=64)
    version: str = Field(primary_key=True, max_length=32)
    name: str = Field(primary_key=True, max_length=200)
    content: bytes = Field(sa_type=LargeBinary)
