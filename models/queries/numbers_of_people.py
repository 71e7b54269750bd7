"""Accounts as numbers, for protocols in which people have no other ids."""

import hashlib
from typing import Final

from sqlalchemy import select
from sqlmodel import Session

from models.tables.accounts import Account
from models.tables.columns import table_of

BYTES: Final = 6
"""48 bits: a number that every JSON reader keeps, and 10,000 accounts without two alike."""
NOBODY: Final = 0

_ACCOUNT = table_of(Account)


def number_of(account_id: str | None) -> int:
    """The number of an account: always the same, and it says nothing about anybody."""
    if account_id is None:
        return NOBODY
    return int.from_bytes(hashlib.sha256(account_id.encode()).digest()[:BYTES])


def accounts_numbered(session: Session, number: int) -> list[str]:
    """Accounts that have that number."""
    found = session.connection().execute(select(_ACCOUNT.c.id)).scalars()
    return [account_id for account_id in found if number_of(account_id) == number]
