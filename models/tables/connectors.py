"""Other servers that forms are fetched from, and what is known of each form there."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from models.tables.columns import RecordId, UtcDateTime


class ConnectorRow(SQLModel, table=True):
    """One form of another server. Its credentials are not here, only where they are read from."""

    __tablename__ = "connector"

    id: str = Field(primary_key=True, max_length=24)
    kind: str = Field(max_length=8)
    """`kobo` or `central`."""
    url: str = Field(max_length=500)
    form: str = Field(max_length=255)
    """Kobo: the asset's uid; Central: `project/form`."""
    account_id: str = Field(foreign_key="account.id", max_length=36)
    """In whose name, and within whose areas, its forms speak."""
    map: str = Field(sa_type=Text)
    """TOML: which question feeds which field."""
    credentials: str = Field(max_length=500)
    """`file:PATH` or `env:NAME`."""
    hook_digest: str | None = Field(default=None, max_length=64)
    """SHA-256 of the secret that its webhook brings."""
    cursor: str | None = Field(default=None, sa_type=Text)
    """JSON: how far it was read; its meaning is the kind's."""
    running_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """A run holds it until then; one that died lets go by itself."""
    ran_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    problem: str | None = Field(default=None, max_length=500)
    """How the last run ended, where it ended early."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class ConnectorItemRow(SQLModel, table=True):
    """One filled form of another server, as it was last seen there and taken here."""

    __tablename__ = "connector_item"
    __table_args__: ClassVar = (
        Index("connector_item_due", "connector", "due"),
        Index("connector_item_root", "connector", "root"),
    )

    connector: str = Field(primary_key=True, foreign_key="connector.id", max_length=24)
    item: str = Field(primary_key=True, max_length=120)
    """Kobo: `_id`; Central: the first instance's id."""
    root: str | None = Field(default=None, max_length=120)
    """Kobo: `meta/rootUuid`, which no edit changes."""
    due: bool = True
    """Is it to be fetched: named by a webhook, or changed there?"""
    listed: str | None = Field(default=None, max_length=120)
    """Its version by the other server's list: Kobo `_uuid`, Central the number of edits."""
    version: str | None = Field(default=None, max_length=120)
    """The same, of what was taken last."""
    document: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """The other server's bytes, through `models.sealing`."""
    instance: str | None = Field(default=None, max_length=255)
    """Of the submission that they became here."""
    desa: str | None = Field(default=None, max_length=10)
    submission: str | None = Field(default=None, sa_type=RecordId)
    record: str | None = Field(default=None, sa_type=RecordId)
    creates: bool = False
    """Was the family new to the register when the form first came?"""
    state: str = Field(default="due", max_length=12)
    """`due`, `merged`, `held`, `quarantined`, `unreadable`."""
    judged: bool = False
    """Had a person to look at any of it?"""
    remote_state: str | None = Field(default=None, max_length=40)
    """The validation or review status there."""
    told_state: str | None = Field(default=None, max_length=40)
    """What we wrote there last, or saw there of our own wish."""
    seen_at: datetime = Field(sa_type=UtcDateTime)


class ConnectorSightRow(SQLModel, table=True):
    """When a form was last in the other server's list, and since when it is not there any more."""

    __tablename__ = "connector_sight"
    __table_args__: ClassVar = (Index("connector_sight_listed", "connector", "listed_at"),)

    connector: str = Field(primary_key=True, foreign_key="connector.id", max_length=24)
    item: str = Field(primary_key=True, max_length=120)
    listed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the run began that saw it last."""
    gone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it was noticed that it was deleted there. What it said here stays."""


class ConnectorFileRow(SQLModel, table=True):
    """A file beside a form of another server: fetched, or still to be."""

    __tablename__ = "connector_file"

    connector: str = Field(primary_key=True, foreign_key="connector.id", max_length=24)
    item: str = Field(primary_key=True, max_length=120)
    name: str = Field(primary_key=True, max_length=255)
    """As the form calls it."""
    place: str = Field(max_length=500)
    """How it is asked for there; its meaning is the kind's, and it is no address."""
    sha256: str | None = Field(default=None, max_length=64)
    """Of the bytes that are kept here; nothing while they are not."""
    size: int | None = Field(default=None, sa_type=BigInteger)
    tries: int = 0
    problem: str | None = Field(default=None, max_length=20)
    """Why it is not here yet: `absent`, `too-large`, `interrupted`."""


class ConnectorChangeRow(SQLModel, table=True):
    """One change of a connector, and its end. Rows are only ever added."""

    __tablename__ = "connector_change"

    connector: str = Field(primary_key=True, foreign_key="connector.id", max_length=24)
    n: int = Field(primary_key=True, sa_type=BigInteger)
    at: datetime = Field(sa_type=UtcDateTime)
    what: str = Field(max_length=8)
    """`changed`, `form` (another form from here on), `anew` (its forms are read again) or
    `removed`."""
    before: str | None = Field(default=None, sa_type=Text)
    """JSON: what of address, form and map was so until then; never credentials."""
