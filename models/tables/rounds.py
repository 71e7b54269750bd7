"""A village's work in a period: where it stands, who stated what, what was signed.

`round`, `rt_done` and `musyawarah` hold the present; `round_event` is the append-only log that the
present follows from. `frozen_village` and `signature` are written once: a trigger refuses every
change of them, because what was signed is signed.
"""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from models.tables.accounts import DIGEST_SIZE
from models.tables.columns import RecordId, UtcDateTime

PERIOD_SIZE = 16
"""`2026-11`, or any name as short as that."""


class Period(SQLModel, table=True):
    """One period of an area, with the time that each role has for its steps."""

    __tablename__ = "period"

    id: str = Field(primary_key=True, max_length=PERIOD_SIZE)
    area: str = Field(primary_key=True, max_length=10)
    """No other period of this id lies inside of it or around it, so a village has one at most."""
    opens_at: datetime = Field(sa_type=UtcDateTime)
    closes_at: datetime = Field(sa_type=UtcDateTime)
    """The first moment that no longer belongs to it."""
    windows: str = Field(default="{}", sa_type=Text)
    """JSON: role → [opens, closes], for roles whose window is another."""
    profile: str = Field(max_length=32)
    """Which evidence an outcome needs."""
    version: int = 1
    created_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)


class RoundRow(SQLModel, table=True):
    """One village in one period; without a row its list is open and nobody has done a step."""

    __tablename__ = "round"

    desa: str = Field(primary_key=True, max_length=10)
    period: str = Field(primary_key=True, max_length=PERIOD_SIZE)
    state: str = Field(max_length=16)
    version: int = 0
    """Rises with every event; for If-Match."""
    opened_head: int = Field(sa_type=BigInteger)
    """The feed's head when the period opened: what was stated up to there is of an earlier one."""
    opened_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    signed_hash: str | None = Field(default=None, max_length=DIGEST_SIZE)
    """What is signed now; nothing once the round was opened again."""
    unlocked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RoundEvent(SQLModel, table=True):
    """One thing that happened to a round. Rows are never changed."""

    __tablename__ = "round_event"

    desa: str = Field(primary_key=True, max_length=10)
    period: str = Field(primary_key=True, max_length=PERIOD_SIZE)
    n: int = Field(primary_key=True)
    """1, 2, 3 … without a gap in each round."""
    event: str = Field(max_length=24)
    state_before: str = Field(max_length=16)
    state: str = Field(max_length=16)
    at: datetime = Field(sa_type=UtcDateTime)
    account_id: str | None = Field(default=None, max_length=36)
    role: str = Field(max_length=32)
    reason: str = Field(default="", sa_type=Text)
    detail: str = Field(default="{}", sa_type=Text)
    """Canonical JSON: an RT, a hash, a letter's number; never a person's name or number."""
    previous: str = Field(max_length=DIGEST_SIZE)
    hash: str = Field(max_length=DIGEST_SIZE)


class RtDone(SQLModel, table=True):
    """That an RT is done, as it stands now; who stated and withdrew it before is an event."""

    __tablename__ = "rt_done"

    desa: str = Field(primary_key=True, max_length=10)
    period: str = Field(primary_key=True, max_length=PERIOD_SIZE)
    rt: str = Field(primary_key=True, max_length=16)
    """Empty for the families of whom nobody knows the RT."""
    stated_at: datetime = Field(sa_type=UtcDateTime)
    account_id: str | None = Field(default=None, max_length=36)
    on_behalf: bool = False
    """Stated by the operator in the RT head's name."""
    families: int
    lacking: int
    """Families without an outcome at that moment."""
    head: int = Field(sa_type=BigInteger)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class FindingReason(SQLModel, table=True):
    """Why a finding about a record stands in this round although it looks wrong."""

    __tablename__ = "finding_reason"

    desa: str = Field(primary_key=True, max_length=10)
    period: str = Field(primary_key=True, max_length=PERIOD_SIZE)
    record: str = Field(primary_key=True, sa_type=RecordId)
    code: str = Field(primary_key=True, max_length=32)
    reason: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=UtcDateTime)
    account_id: str | None = Field(default=None, max_length=36)


class Musyawarah(SQLModel, table=True):
    """The meeting: where, when, who came. Editable until the village is signed."""

    __tablename__ = "musyawarah"

    desa: str = Field(primary_key=True, max_length=10)
    period: str = Field(primary_key=True, max_length=PERIOD_SIZE)
    version: int = 0
    """Rises with every change of the meeting or of one of its decisions; for If-Match."""
    place: str = Field(default="", max_length=200)
    held_on: date | None = None
    attendance: str = Field(default="[]", sa_type=Text)
    """JSON: `{nama, peran, tanda_tangan}` of each who came."""
    notes: str = Field(default="", sa_type=Text)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    account_id: str | None = Field(default=None, max_length=36)


class MusyawarahDecision(SQLModel, table=True):
    """What the meeting decided about one family."""

    __tablename__ = "musyawarah_decision"

    desa: str = Field(primary_key=True, max_length=10)
    period: str = Field(primary_key=True, max_length=PERIOD_SIZE)
    family: str = Field(primary_key=True, sa_type=RecordId)
    decision: str = Field(max_length=16)
    reason: str = Field(default="", sa_type=Text)
    at: datetime = Field(sa_type=UtcDateTime)
    account_id: str | None = Field(default=None, max_length=36)


class FrozenVillageRow(SQLModel, table=True):
    """A village as it was at one moment, signed or a draft. Never changed, never deleted."""

    __tablename__ = "frozen_village"
    __table_args__: ClassVar = (
        Index("frozen_village_code", "code"),
        Index("frozen_village_period", "desa", "period", "frozen_at"),
    )

    desa: str = Field(primary_key=True, max_length=10)
    hash: str = Field(primary_key=True, max_length=DIGEST_SIZE)
    period: str = Field(max_length=PERIOD_SIZE)
    code: str = Field(max_length=32)
    """What stands on the berita acara, for /periksa."""
    head: int = Field(sa_type=BigInteger)
    event: int
    """Number of the round's event that made it."""
    frozen_at: datetime = Field(sa_type=UtcDateTime)
    account_id: str | None = Field(default=None, max_length=36)
    families: int
    members: int
    unmet: str = Field(default="{}", sa_type=Text)
    """JSON: checks that were not met then → how many families each names."""
    body: bytes = Field(sa_type=LargeBinary)
    """gzip of the canonical lines; NIK and No KK through `models.sealing`."""


class Signature(SQLModel, table=True):
    """Who signed which frozen village, and how. Never changed, never deleted."""

    __tablename__ = "signature"

    desa: str = Field(primary_key=True, max_length=10)
    hash: str = Field(primary_key=True, max_length=DIGEST_SIZE)
    period: str = Field(max_length=PERIOD_SIZE)
    method: str = Field(max_length=8)
    """`pin` or `kertas`."""
    signed_at: datetime = Field(sa_type=UtcDateTime)
    account_id: str | None = Field(default=None, max_length=36)
    """Who signed, or for paper who handed the scan in."""
    event: int
    scan: str | None = Field(default=None, max_length=DIGEST_SIZE)
    """SHA-256 of the scan of the signed berita acara."""
    mac: str = Field(max_length=DIGEST_SIZE)
    """Keyed hash of all the rest: only who has the installation's secret can make one."""


class AccountPin(SQLModel, table=True):
    """The PIN with which an account signs; apart from its password."""

    __tablename__ = "account_pin"

    account_id: str = Field(primary_key=True, max_length=36)
    pin_hash: str
    """argon2id over a keyed hash: six digits alone would be guessed from a stolen table."""
    set_at: datetime = Field(sa_type=UtcDateTime)
    failed_count: int = 0
    next_try_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
