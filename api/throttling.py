"""How fast somebody may guess: growing delays per account, a limit for the whole server.

Never by network address: whole villages share one carrier's address, and a limit on it would lock
out a village because of one phone.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

TRIES_FREE: Final = 3
"""Typing errors happen: so many wrong passwords in a row cost nothing."""
TRIES_PER_WINDOW: Final = 10
WINDOW: Final = timedelta(minutes=15)
GUESSES_PER_SECOND: Final = 10.0
"""Wrong enrolment codes, for the whole server: 10,000 open codes hold some 350 years."""
STRANGERS_REMEMBERED: Final = 10_000


def password_delay(failed_count: int) -> timedelta:
    """The wait after so many wrong passwords in a row: 1 s, 2 s, 4 s …, from ten on 15 minutes."""
    if failed_count < TRIES_FREE:
        return timedelta(0)
    if failed_count >= TRIES_PER_WINDOW:
        return WINDOW
    return timedelta(seconds=2 ** (failed_count - TRIES_FREE))


class GuessLimit:
    """At most so many wrong guesses a second, with one second's worth in reserve."""

    def __init__(self, per_second: float = GUESSES_PER_SECOND) -> None:
        self._per_second = per_second
        self._left = per_second
        self._at: datetime | None = None
        self._lock = threading.Lock()

    def open_at(self, now: datetime) -> bool:
        """May one more guess be looked at?"""
        with self._lock:
            self._refill(now)
            return self._left >= 1.0

    def count(self, now: datetime) -> None:
        """The guess was wrong."""
        with self._lock:
            self._refill(now)
            self._left -= 1.0

    def _refill(self, now: datetime) -> None:
        passed = 0.0 if self._at is None else (now - self._at).total_seconds()
        self._left = min(self._per_second, self._left + max(0.0, passed) * self._per_second)
        self._at = now


@dataclass(slots=True)
class _Tries:
    failed_count: int = 0
    next_try_at: datetime | None = None


class StrangerDelays:
    """The same delays for names that are nobody's, so that a delay does not tell who exists.

    Kept in memory and bounded: what is pushed out was not tried for a long time.
    """

    def __init__(self) -> None:
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, name: str, now: datetime) -> datetime | None:
        """Count a try under that name; the moment to come back at, if it is too early."""
        with self._lock:
            tries = self._tries.setdefault(name, _Tries())
            self._tries.move_to_end(name)
            if len(self._tries) > STRANGERS_REMEMBERED:
                self._tries.popitem(last=False)
            if tries.next_try_at is not None and now < tries.next_try_at:
                return tries.next_try_at
            tries.failed_count += 1
            tries.next_try_at = now + password_delay(tries.failed_count)
            return None
