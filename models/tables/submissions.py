"""Filled forms as they came through the OpenRosa door: bytes for ever, and what became of them.

A submission lies in the village that it speaks about, or in none (`NO_VILLAGE`) where that cannot
be told. What it changed in the register is in the log of operations, at its place in a lane.
"""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from models.tables.columns import RecordId, UtcDateTime


class OdkKey(SQLModel, table=True):
    """What lets one phone with ODK Collect or KoboCollect in. Its secrets are derived, not kept.

    The token in its address is found by `device.token_digest`, like any device's.
    """

    __tablename__ = "odk_key"

    device_id: str = Field(primary_key=True, foreign_key="device.id", max_length=36)
    username: str = Field(unique=True, max_length=80)
    """What is typed where no code can be scanned; never the account's own name alone."""
    salt: str = Field(max_length=32)
    """128 random bits, hex: another salt is another key."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class SubmissionRow(SQLModel, table=True):
    """One filled form. Never changed but for its state, never deleted."""

    __tablename__ = "submission"
    __table_args__: ClassVar = (
        Index("submission_instance", "desa", "instance"),
        # Hardly any form is an edit, and each index is another place to write to.
        Index(
            "submission_replaces",
            "desa",
            "replaces",
            sqlite_where=text("replaces IS NOT NULL"),
            postgresql_where=text("replaces IS NOT NULL"),
        ),
        Index("submission_chain", "desa", "record", "branch", "base_version"),
        Index("submission_form", "form_id", "received_at", "id"),
        Index(
            "submission_form_edits",
            "form_id",
            sqlite_where=text("replaces IS NOT NULL"),
            postgresql_where=text("replaces IS NOT NULL"),
        ),
    )

    desa: str = Field(primary_key=True, max_length=10)
    id: str = Field(primary_key=True, sa_type=RecordId)
    instance: str = Field(max_length=255)
    """`meta/instanceID`, or a hash of the content where there is none."""
    replaces: str | None = Field(default=None, max_length=255)
    """`meta/deprecatedID`: the instance that this one is an edit of."""
    form_id: str = Field(max_length=255)
    form_version: str = Field(max_length=255)
    device_id: str | None = Field(default=None, max_length=36)
    account_id: str | None = Field(default=None, max_length=36)
    agent: str = Field(default="", max_length=200)
    """Which application sent it."""
    xml: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """The bytes as they came, through `models.sealing`."""
    sha256: str = Field(max_length=64)
    size: int = Field(sa_type=BigInteger)
    state: str = Field(max_length=12)
    """`merged`, `held`, `quarantined`, `rejected`."""
    problem: str | None = Field(default=None, max_length=32)
    record: str | None = Field(default=None, sa_type=RecordId)
    """The record of its entity declaration."""
    branch: str | None = Field(default=None, max_length=64)
    base_version: int | None = Field(default=None, sa_type=BigInteger)
    trunk_version: int | None = Field(default=None, sa_type=BigInteger)
    lane: str | None = Field(default=None, max_length=40)
    first_seq: int | None = Field(default=None, sa_type=BigInteger)
    last_seq: int | None = Field(default=None, sa_type=BigInteger)
    """Its operations, where it was merged."""
    complete: bool = True
    """Did the last part come? A phone sends many or large files in several requests."""
    visit: str | None = Field(default=None, sa_type=RecordId)
    """The visit in which its photographs are named; none until they are there."""
    received_at: datetime = Field(sa_type=UtcDateTime)


class SubmissionFile(SQLModel, table=True):
    """A file that came with a submission. The bytes lie under their hash, never under the name."""

    __tablename__ = "submission_file"

    desa: str = Field(primary_key=True, max_length=10)
    submission: str = Field(primary_key=True, sa_type=RecordId)
    name: str = Field(primary_key=True, max_length=255)
    sha256: str = Field(primary_key=True, max_length=64)
    """Of one name there may be several: what came first stays, and so does what came after it."""
    size: int = Field(sa_type=BigInteger)
    media_type: str = Field(max_length=100)
    """As the sender called it; nothing is believed of it."""
    named: bool = True
    """Does the form name the file? Others are kept as well."""
    received_at: datetime = Field(sa_type=UtcDateTime)


class HeldRow(SQLModel, table=True):
    """A submission that waits for another one: kept, visible, let in by it or by a reviewer."""

    __tablename__ = "held"
    __table_args__: ClassVar = (
        Index("held_awaits", "desa", "awaits"),
        Index("held_state", "desa", "state", "since"),
    )

    desa: str = Field(primary_key=True, max_length=10)
    submission: str = Field(primary_key=True, sa_type=RecordId)
    reason: str = Field(max_length=16)
    """`predecessor`, `original`, `village`, `form`."""
    awaits: str = Field(max_length=320)
    """What lets it in: `branch:base`, an instance, a form's id and version."""
    state: str = Field(default="waiting", max_length=8)
    """`waiting`, `released` or `rejected`."""
    since: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: str | None = Field(default=None, max_length=36)
    words: str | None = Field(default=None, sa_type=Text)
    """Why, in the reviewer's words; its collector reads them."""


class VersionSpan(SQLModel, table=True):
    """How a village's numbers become versions of entities, from one number on.

    Collect keeps a version in 32 bits; a village's numbers outgrow them at the first restore.
    """

    __tablename__ = "version_span"

    desa: str = Field(primary_key=True, max_length=10)
    since_seq: int = Field(primary_key=True, sa_type=BigInteger)
    since_version: int = Field(sa_type=BigInteger)
