"""People, where they may work, and the devices and browsers they work with.

Secrets are kept as digests only: argon2id for passwords, SHA-256 for tokens of 256 random bits,
and a keyed hash for enrolment codes, which are short enough to be guessed from a stolen table.
Nothing here is ever deleted but sessions: a closed area still tells what an account could see on
the day of a visit.
"""

from datetime import datetime

from sqlmodel import Column, Field, SQLModel

from models.tables.columns import JsonOrNull, UtcDateTime

DIGEST_SIZE = 64
"""Length of a SHA-256 in lower-case hex."""


class Account(SQLModel, table=True):
    """One person (or scheduled reader) who may sign in or own devices."""

    __tablename__ = "account"

    id: str = Field(primary_key=True, max_length=36)
    name: str = Field(unique=True, max_length=64)
    """What is typed at the login; never changes, never used again by somebody else."""
    display_name: str
    role: str = Field(max_length=32)
    password_hash: str | None = None
    """argon2id, or nothing: an account that only owns phones has no password."""
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    scope_version: int = 1
    """Rises with every change of its areas; phones send the one they know."""
    failed_count: int = 0
    """Wrong passwords since the last right one."""
    next_try_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Before this moment no password is even looked at."""


class AccountArea(SQLModel, table=True):
    """One area of an account from `since` until `until`; closed, never deleted."""

    __tablename__ = "account_area"

    id: str = Field(primary_key=True, max_length=36)
    account_id: str = Field(foreign_key="account.id", index=True, max_length=36)
    kode_wilayah: str = Field(index=True, max_length=10)
    rts: list[str] | None = Field(default=None, sa_column=Column(JsonOrNull(), nullable=True))
    """RTs as `"003/001"`, sorted; nothing: every RT of the area."""
    since: datetime = Field(sa_type=UtcDateTime)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Enrolment(SQLModel, table=True):
    """A one-time code that turns into one device."""

    __tablename__ = "enrolment"

    id: str = Field(primary_key=True, max_length=36)
    account_id: str = Field(foreign_key="account.id", index=True, max_length=36)
    code_head: str = Field(index=True, max_length=8)
    """The first characters of the code: which enrolment a mistyped code was meant for."""
    code_digest: str = Field(unique=True, max_length=DIGEST_SIZE)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    device_id: str | None = Field(default=None, max_length=36)
    key_digest: str | None = Field(default=None, max_length=DIGEST_SIZE)
    """Of the `key` in the request: who repeats it may have the answer again."""
    tries: int = 0


class Device(SQLModel, table=True):
    """One phone, or one program that acts like a phone."""

    __tablename__ = "device"

    id: str = Field(primary_key=True, max_length=36)
    account_id: str = Field(foreign_key="account.id", index=True, max_length=36)
    name: str = Field(max_length=200)
    platform: str = Field(max_length=200)
    token_digest: str = Field(unique=True, max_length=DIGEST_SIZE)
    token_since: datetime = Field(sa_type=UtcDateTime)
    """When the present token was first used: its age decides about rotation."""
    next_token_digest: str | None = Field(default=None, unique=True, max_length=DIGEST_SIZE)
    """The successor that was handed out; the present one stays valid until this is used."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Written at most once an hour."""
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    heartbeat: dict[str, object] | None = Field(
        default=None, sa_column=Column(JsonOrNull(), nullable=True)
    )
    """What the device last said about itself: battery, free space, unsent operations."""


class WebSession(SQLModel, table=True):
    """One signed-in browser. The cookie's value is nowhere but in that browser."""

    __tablename__ = "session"

    token_digest: str = Field(primary_key=True, max_length=DIGEST_SIZE)
    csrf_digest: str = Field(max_length=DIGEST_SIZE)
    account_id: str = Field(foreign_key="account.id", index=True, max_length=36)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(index=True, sa_type=UtcDateTime)
