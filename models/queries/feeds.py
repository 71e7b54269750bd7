"""The village's turn to write, and the numbers of its changes.

Every writer of a village first locks its feed row and last raises the head, so the numbers of
committed changes have no gap, no later number is visible before an earlier one, and two writers
can never both miss what the other is about to add.
"""

from sqlalchemy import bindparam, case, exists, func, literal, select, update
from sqlmodel import Session

from models.queries.inserting import insert_missing
from models.queries.rowsets import is_sqlite
from models.queries.server_state import FIRST_HEAD, set_state, state
from models.tables.columns import table_of
from models.tables.register import Feed
from models.tables.sync import LaneRow

_FEED = table_of(Feed)
_LANE = table_of(LaneRow)
_HEAD = select(_FEED.c.head).where(_FEED.c.desa == bindparam("village"))
_LOCKED_HEAD = _HEAD.with_for_update()
_OWN_LANE = exists().where(
    _LANE.c.desa == bindparam("village"),
    _LANE.c.lane == bindparam("name"),
    _LANE.c.lineage == bindparam("device"),
)
_OWN_LOCKED_HEAD = _HEAD.where(_OWN_LANE).with_for_update(of=_FEED)
_RAISE = (
    update(_FEED)
    .where(_FEED.c.desa == bindparam("village"))
    .values(previous=_FEED.c.head, head=bindparam("new_head"))
)
_USE_UP = update(_FEED).where(_FEED.c.desa == bindparam("village")).values(previous=_FEED.c.head)


def take_turn(session: Session, desa: str) -> int:
    """Wait for the village's turn and return its head. Held until the transaction ends."""
    head = session.connection().execute(_LOCKED_HEAD, {"village": desa}).scalar_one_or_none()
    if head is None:
        first = int(state(session, FIRST_HEAD) or 0)
        insert_missing(session, _FEED, [{"desa": desa, "head": first, "previous": first}])
        head = session.connection().execute(_LOCKED_HEAD, {"village": desa}).scalar_one()
    return int(head)


def take_turn_of(session: Session, desa: str, lane: str, lineage: str) -> int | None:
    """`take_turn` for the device that a lane belongs to; nothing, and no waiting, for any other.

    Whether a village is busy, or there at all, is not for everybody to find out.
    """
    own = {"village": desa, "name": lane, "device": lineage}
    head = session.connection().execute(_OWN_LOCKED_HEAD, own).scalar_one_or_none()
    if head is not None:
        return int(head)
    is_own = session.connection().execute(select(_OWN_LANE), own).scalar_one()
    return take_turn(session, desa) if is_own else None


def raise_head(session: Session, desa: str, head: int) -> None:
    """Take the numbers up to ``head`` for rows that this transaction is about to write."""
    session.connection().execute(_RAISE, {"village": desa, "new_head": head})


def use_up_numbers(session: Session, desa: str) -> None:
    """The rows of the raised numbers are written: from here on no other row may bear one.

    PostgreSQL's feed guard knows whose transaction raised the head. SQLite's knows the numbers
    alone, so there they have to be closed behind the writer.
    """
    if is_sqlite(session):
        session.connection().execute(_USE_UP, {"village": desa})


def head_of(session: Session, desa: str) -> int:
    """The village's head as this transaction sees it; 0 where nothing was ever written."""
    return int(session.connection().execute(_HEAD, {"village": desa}).scalar_one_or_none() or 0)


def raise_heads(session: Session, by: int, beyond: int = 0) -> int:
    """Leave a gap in every village's numbers; returns the number of villages.

    After a restore the numbers above the restored head were given out once before. Behind a wide
    gap no position that a phone remembers from then can reach a number that is given out now. The
    gap is a multiple of ``by`` and reaches at least to ``beyond``: somebody may put the same
    backup back twice, and the numbers given out after the first time must not come again either.
    Villages that the backup does not know, because nobody had written there yet, begin at
    ``beyond``.
    """
    set_state(session, FIRST_HEAD, str(beyond))
    short = literal(beyond) - _FEED.c.head
    gap = literal(by) * case((short > by, (short + (by - 1)) // by), else_=1)
    session.connection().execute(
        update(_FEED).values(previous=_FEED.c.head + gap, head=_FEED.c.head + gap)
    )
    return int(session.connection().execute(select(func.count()).select_from(_FEED)).scalar_one())
