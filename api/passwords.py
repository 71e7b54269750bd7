"""Passwords: argon2id, a few at a time.

Each check takes 19 MiB and tens of milliseconds by design, so a crowd at the login must not take
the memory and the threads that phones need. Parameters: OWASP Password Storage Cheat Sheet, the
first argon2id choice (m = 19 MiB, t = 2, p = 1).
"""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.errors import AppError
from api.randomness import Randomness

PASSWORD_LENGTH_MIN: Final = 8
PASSWORD_LENGTH_MAX: Final = 200
CHECKS_AT_ONCE: Final = 4
CHECKS_WAITING_MAX: Final = 12
WAIT_SECONDS_MAX: Final = 5.0
DEMONSTRATION_PASSWORD: Final = "lokus-demo"  # noqa: S105 (shown to everybody on purpose)
"""Of every demonstration account; `lokus doctor` complains while an account has it."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_SALT_BYTES = 16
# A well-formed hash that no password has: checking it takes as long as checking a real one.
_NOBODY = f"$argon2id$v=19$m={19 * 1024},t=2,p=1${'A' * 22}${'A' * 43}"

_room = threading.BoundedSemaphore(CHECKS_AT_ONCE + CHECKS_WAITING_MAX)
_turns = threading.BoundedSemaphore(CHECKS_AT_ONCE)


class PasswordTooShort(ValueError):
    """The password is easier to guess than the delays can make up for."""

    def __init__(self) -> None:
        super().__init__(
            f"a password has {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters: "
            "three or four words that do not belong together are easy to keep"
        )


def hash_password(password: str, randomness: Randomness) -> str:
    """The argon2id hash to store. Raises `PasswordTooShort`, also for one that is too long."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise PasswordTooShort
    with _turn():
        return _HASHER.hash(_normal(password), salt=randomness(_SALT_BYTES))


def password_matches(password: str, stored: str | None) -> bool:
    """Is this the password of that hash? `None` (no such account) takes as long, and says no.

    Raises `AppError` `busy` when too many others are waiting.
    """
    if len(password) > PASSWORD_LENGTH_MAX:
        return False
    with _turn(), suppress(VerificationError, InvalidHashError):
        _HASHER.verify(stored or _NOBODY, _normal(password))
        return stored is not None
    return False


def _normal(password: str) -> str:
    # The same key typed on two keyboards may arrive composed or decomposed.
    return unicodedata.normalize("NFKC", password)


@contextmanager
def _turn() -> Iterator[None]:
    if not _room.acquire(blocking=False):
        raise AppError("busy")
    try:
        if not _turns.acquire(timeout=WAIT_SECONDS_MAX):
            raise AppError("busy")
        try:
            yield
        finally:
            _turns.release()
    finally:
        _room.release()
