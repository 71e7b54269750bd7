"""PINs of those who sign: their hashes, and how often somebody guessed wrong."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlmodel import Session

from models.queries.inserting import insert_or_replace
from models.tables.columns import table_of
from models.tables.rounds import AccountPin

_PIN = table_of(AccountPin)


@dataclass(frozen=True, slots=True)
class StoredPin:
    """One account's PIN as a hash, and its wrong tries in a row."""

    account_id: str
    pin_hash: str
    set_at: datetime
    failed_count: int = 0
    next_try_at: datetime | None = None


def pin_of(session: Session, account_id: str) -> StoredPin | None:
    """The PIN of an account, locked: two guesses at once are two guesses."""
    statement = select(_PIN).where(_PIN.c.account_id == account_id).with_for_update()
    row = session.connection().execute(statement).one_or_none()
    return None if row is None else _stored(row)


def store_pin(session: Session, pin: StoredPin) -> None:
    """Set a PIN; a new one forgives the wrong tries before it."""
    insert_or_replace(session, _PIN, [{name: getattr(pin, name) for name in StoredPin.__slots__}])


def set_tries(
    session: Session, account_id: str, *, failed_count: int, next_try_at: datetime | None
) -> None:
    """How many wrong PINs so far, and when the next one will be looked at."""
    session.connection().execute(
        update(_PIN)
        .where(_PIN.c.account_id == account_id)
        .values(failed_count=failed_count, next_try_at=next_try_at)
    )


def _stored(row: Row[*tuple[Any, ...]]) -> StoredPin:
    return StoredPin(row.account_id, row.pin_hash, row.set_at, row.failed_count, row.next_try_at)
