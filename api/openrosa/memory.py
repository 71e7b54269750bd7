"""Who has just been here: a phone that sends a hundred forms is asked once who it is.

What is remembered is believed for nothing. Whoever takes a village's turn asks in the same
statement whether the sender still is who it was (`feeds.take_turn_of_senders`); if not, it is asked
from the start. So a key that was revoked, or an account whose areas changed, is noticed by the very
next form, and no statement is spent on the question.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from api.security import Principal

SENDERS_MAX: Final = 4_000
BELIEVED_FOR: Final = timedelta(minutes=1)
"""Asked anew after so long in any case: somebody may have put a backup back beneath us."""


class SenderMemory:
    """Principals by the digest of the key that they showed. Threads may share it."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[Principal, datetime]] = OrderedDict()

    def recall(self, digest: str, now: datetime) -> Principal | None:
        """Who showed that not long ago."""
        found = self._known.get(digest)
        if found is None or not found[1] <= now < found[1] + BELIEVED_FOR:
            return None
        return found[0]

    def is_known(self, digest: str) -> bool:
        """Has somebody shown that, however long ago?"""
        return digest in self._known

    def keep(self, digest: str, principal: Principal, now: datetime) -> None:
        """Remember who it is, and forget who was here longest ago if there are too many."""
        self._known[digest] = principal, now
        if len(self._known) > SENDERS_MAX:
            self._known.popitem(last=False)

    def forget(self, digest: str) -> None:
        """Ask next time."""
        self._known.pop(digest, None)
