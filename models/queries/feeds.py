"""The village's turn to write, and the numbers of its changes.

Every writer of a village first locks its feed row and last raises the head, so the numbers of
committed changes have no gap, no later number is visible before an earlier one, and two writers
can never both miss what the other is about to add.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import bindparam, case, exists, func, literal, select, update
from sqlmodel import Session

from models.queries.inserting import insert_missing
from models.queries.rowsets import SLOTS, in_slots, is_sqlite, slotted
from models.queries.server_state import FIRST_HEAD, set_state, state
from models.standing import Standing
from models.tables.accounts import Account, Device
from models.tables.columns import table_of
from models.tables.register import Feed
from models.tables.sync import LaneRow

_FEED = table_of(Feed)
_LANE = table_of(LaneRow)
_DEVICE = table_of(Device)
_ACCOUNT = table_of(Account)
_HEAD = select(_FEED.c.head).where(_FEED.c.desa == bindparam("village"))
_LOCKED_HEAD = Standing(_HEAD.with_for_update())
_OWN_LANE = exists().where(
    _LANE.c.desa == bindparam("village"),
    _LANE.c.lane == bindparam("name"),
    _LANE.c.lineage == bindparam("device"),
)
_OWN_LOCKED_HEAD = Standing(_HEAD.where(_OWN_LANE).with_for_update(of=_FEED))
_RAISE = Standing(
    update(_FEED)
    .where(_FEED.c.desa == bindparam("village"))
    .values(previous=_FEED.c.head, head=bindparam("new_head"))
)
_USE_UP = Standing(
    update(_FEED).where(_FEED.c.desa == bindparam("village")).values(previous=_FEED.c.head)
)


def take_turn(session: Session, desa: str) -> int:
    """Wait for the village's turn and return its head. Held until the transaction ends."""
    row = _LOCKED_HEAD.row(session, {"village": desa})
    if row is None:
        first = int(state(session, FIRST_HEAD) or 0)
        insert_missing(session, _FEED, [{"desa": desa, "head": first, "previous": first}])
        row = _LOCKED_HEAD.row(session, {"village": desa})
        assert row is not None, "just inserted, by us or by somebody else"
    return int(row.head)


@dataclass(frozen=True, slots=True)
class SenderState:
    """What may change about a phone that sends: equal states mean that nothing did."""

    token_digest: str
    revoked: bool
    """The device, or its account."""
    role: str
    scope_version: int


def take_turn_of_senders(
    session: Session, desa: str, devices: Collection[str]
) -> tuple[int, dict[str, SenderState]] | None:
    """`take_turn`, and who its devices are by now; nothing where nobody has written there yet."""
    bound = slotted("device", sorted(devices))
    rows = _senders_locked_head(len(bound)).rows(session, {"village": desa, **bound})
    if not rows:
        return None
    return int(rows[0].head), {
        row.id: SenderState(
            row.token_digest,
            row.revoked_at is not None or row.disabled_at is not None,
            row.role,
            row.scope_version,
        )
        for row in rows
    }


@lru_cache(maxsize=len(SLOTS))
def _senders_locked_head(slots: int) -> Standing:
    return Standing(
        select(
            _FEED.c.head,
            _DEVICE.c.id,
            _DEVICE.c.token_digest,
            _DEVICE.c.revoked_at,
            _ACCOUNT.c.disabled_at,
            _ACCOUNT.c.role,
            _ACCOUNT.c.scope_version,
        )
        .select_from(_FEED)
        .join(_DEVICE, in_slots(_DEVICE.c.id, "device", slots))
        .join(_ACCOUNT, _ACCOUNT.c.id == _DEVICE.c.account_id)
        .where(_FEED.c.desa == bindparam("village"))
        .with_for_update(of=_FEED)
    )


def take_turn_of(session: Session, desa: str, lane: str, lineage: str) -> int | None:
    """`take_turn` for the device that a lane belongs to; nothing, and no waiting, for any other.

    Whether a village is busy, or there at all, is not for everybody to find out.
    """
    own = {"village": desa, "name": lane, "device": lineage}
    row = _OWN_LOCKED_HEAD.row(session, own)
    if row is not None:
        return int(row.head)
    is_own = session.connection().execute(select(_OWN_LANE), own).scalar_one()
    return take_turn(session, desa) if is_own else None


def raise_head(session: Session, desa: str, head: int) -> None:
    """Take the numbers up to ``head`` for rows that this transaction is about to write."""
    _RAISE.run(session, {"village": desa, "new_head": head})


def use_up_numbers(session: Session, desa: str) -> None:
    """The rows of the raised numbers are written: from here on no other row may bear one.

    PostgreSQL's feed guard knows whose transaction raised the head. SQLite's knows the numbers
    alone, so there they have to be closed behind the writer.
    """
    if is_sqlite(session):
        _USE_UP.run(session, {"village": desa})


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
