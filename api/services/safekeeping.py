"""Promise phones that their operations survive every restore from now on.

Phones keep what they have sent until the server calls it durable: covered by a backup that the
operator promises never to restore before. So a server that was lost is refilled by the phones.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.services.acts import Act
from models.database import Database
from models.queries import auditing, lanes
from models.queries.safekeeping import received_before
from models.tables.audit import NO_VILLAGE

LANES_AT_ONCE_MAX: Final = 500
"""In one transaction, so that phones that push meanwhile do not wait for a whole country."""


@dataclass(frozen=True, slots=True)
class Covered:
    """What was promised."""

    as_of: datetime
    lanes: int
    villages: int


def mark_durable(database: Database, as_of: datetime, act: Act) -> Covered:
    """Call durable everything that was received before ``as_of``, in several transactions."""
    with database.reading() as session:
        found = received_before(session, as_of)
    for start in range(0, len(found), LANES_AT_ONCE_MAX):
        with database.writing() as session:
            lanes.mark_durable(session, found[start : start + LANES_AT_ONCE_MAX])
    covered = Covered(as_of, len(found), len({desa for desa, _, _ in found}))
    with database.writing() as session:
        _note(session, covered, act)
    return covered


def _note(session: Session, covered: Covered, act: Act) -> None:
    entry = act.entry(
        "durable-marked",
        as_of=covered.as_of.isoformat(),
        lanes=covered.lanes,
        villages=covered.villages,
    )
    auditing.append(session, NO_VILLAGE, entry)
