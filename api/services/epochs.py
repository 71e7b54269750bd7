"""Epochs: one uninterrupted history of the server. A restored backup begins a new one.

What was committed between the backup and the loss is gone from the server, but its numbers are
still on phones. The new epoch makes every phone offer again all that it holds, and the feeds jump
so far ahead that no number from before can be mistaken for a later one: to the time of day in
microseconds, because a backup can be put back twice, and two jumps of one width from one place
would give out the same numbers again.
"""

from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.randomness import Randomness
from api.services.acts import Act
from models.queries import auditing, server_state
from models.queries.feeds import raise_heads
from models.tables.audit import NO_VILLAGE

HEADS_RAISED_BY: Final = 1_000_000
"""At least, and a multiple of it."""
_EPOCH_BYTES: Final = 5


@dataclass(frozen=True, slots=True)
class NewEpoch:
    """What `lokus epoch new` did."""

    before: str
    epoch: str
    villages: int
    """How many feeds were raised."""


def begin_epoch(session: Session, randomness: Randomness) -> None:
    """Give a fresh database its first epoch; leaves one that has an epoch alone."""
    server_state.ensure_state(session, server_state.EPOCH, _drawn(randomness))


def new_epoch(session: Session, act: Act) -> NewEpoch:
    """Begin a new epoch after a restore."""
    before = server_state.epoch(session)
    epoch = _drawn(act.randomness)
    villages = raise_heads(session, HEADS_RAISED_BY, beyond=_microseconds(act.now))
    server_state.set_state(session, server_state.EPOCH, epoch)
    auditing.append(session, NO_VILLAGE, act.entry("epoch-begun", before=before, epoch=epoch))
    return NewEpoch(before, epoch, villages)


def _microseconds(moment: datetime) -> int:
    """Sixteen digits: below 2^53 until the year 2255, and a million new numbers each second."""
    return int(moment.timestamp() * 1_000_000)


def _drawn(randomness: Randomness) -> str:
    return b32encode(randomness(_EPOCH_BYTES)).decode().lower()
