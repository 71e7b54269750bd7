"""The PIN of a village head: six digits in front of the frozen list, apart from the password.

Six digits are a million guesses. Against somebody at the screen stand delays that grow as those of
a password do; against somebody with a copy of the table stands that argon2id is computed over a
keyed hash of the PIN, which nobody can try without the installation's secret. A try is counted
before the PIN is looked at, in a transaction of its own.
"""

import hashlib
import hmac
import re
from datetime import datetime
from itertools import pairwise
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.passwords import hash_password, password_matches
from api.randomness import Randomness
from api.services.acts import Act
from api.throttling import password_delay
from models.database import Database
from models.queries import auditing, pins
from models.queries.auditing import AuditEntry
from models.queries.pins import StoredPin
from models.tables.accounts import Account
from models.tables.audit import NO_VILLAGE
from sync.permission import Action, Role, may

_PIN: Final = re.compile(r"[0-9]{6}")
_DIGITS_APART_MIN: Final = 3


def hashed_pin(secret: bytes, account_id: str, pin: str, randomness: Randomness) -> str:
    """The hash to store: slow by design, so call it before the transaction begins.

    Raises `AppError` `value-refused` for what is no PIN, or one that everybody tries first.
    """
    if not _PIN.fullmatch(pin):
        raise AppError("value-refused", "A PIN has six digits.")
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    if len(set(pin)) < _DIGITS_APART_MIN or steps in ({1}, {9}):
        raise AppError("value-refused", "That PIN is tried first: choose another one.")
    return hash_password(_keyed(secret, account_id, pin), randomness)


def set_pin(session: Session, account: Account, pin_hash: str, act: Act) -> None:
    """Give an account a PIN. The hash comes from `hashed_pin`."""
    if not may(Role(account.role), Action.SIGN):
        raise AppError("value-refused", "Only who signs a village has a PIN.")
    pins.store_pin(session, StoredPin(account.id, pin_hash, act.now))
    auditing.append(session, NO_VILLAGE, act.entry("account-pin-set", account=account.id))


def prove_pin(database: Database, secret: bytes, account_id: str, pin: str, now: datetime) -> None:
    """Is it the account's PIN? In transactions of its own, the try counted first.

    Raises `AppError`: `pin-refused` for a wrong PIN and for an account without one alike,
    `too-many-requests` when it is too early for another try.
    """
    with database.writing() as session:
        stored = pins.pin_of(session, account_id)
        wait = _begin(session, stored, now)
    if wait is not None:
        raise AppError("too-many-requests", retry_after_seconds=(wait - now).total_seconds())
    known = None if stored is None else stored.pin_hash
    if not password_matches(_keyed(secret, account_id, pin), known):
        raise AppError("pin-refused", audit=_entry("pin-refused", account_id, now))
    with database.writing() as session:
        pins.set_tries(session, account_id, failed_count=0, next_try_at=None)


def _begin(session: Session, stored: StoredPin | None, now: datetime) -> datetime | None:
    """Count the try; the moment to come back at, if it is too early for one."""
    if stored is None:
        return None
    if stored.next_try_at is not None and now < stored.next_try_at:
        auditing.append(session, NO_VILLAGE, _entry("pin-delayed", stored.account_id, now))
        return stored.next_try_at
    failed = stored.failed_count + 1
    delay = password_delay(failed)
    pins.set_tries(
        session,
        stored.account_id,
        failed_count=failed,
        next_try_at=now + delay if delay else None,
    )
    return None


def _keyed(secret: bytes, account_id: str, pin: str) -> str:
    text = f"lokus pin\n{account_id}\n{pin}"
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def _entry(action: str, account_id: str, now: datetime) -> AuditEntry:
    return AuditEntry(at=now, action=action, actor=account_id)
