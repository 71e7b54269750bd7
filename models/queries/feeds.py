"""The village's turn to write, and the numbers of its changes.

Every writer of a village first locks its feed row and last raises the head, so the numbers of
committed changes have no gap, no later number is visible before an earlier one, and two writers
can never both miss what the other is about to add.

A turn is counted as well. Whoever looked at a village and decided without its turn takes it for
the one statement that writes, and only if nobody had one in between (`models.queries.landing`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from sqlalchemy import String, bindparam, case, exists, func, literal, select, update
from sqlmodel import Session

from models.queries.inserting import insert_missing
from models.queries.rowsets import ROWS, SLOTS, asked_rows, in_slots, is_sqlite, rows_text, slotted
from models.queries.server_state import FIRST_HEAD, set_state, state
from models.standing import Row, Standing
from models.tables.accounts import Account, Device
from models.tables.columns import table_of
from models.tables.register import Feed
from models.tables.sync import LaneRow

_FEED = table_of(Feed)
_LANE = table_of(LaneRow)
_DEVICE = table_of(Device)
_ACCOUNT = table_of(Account)
_HEAD = select(_FEED.c.head).where(_FEED.c.desa == bindparam("village"))
# Whose turn it is, is counted: see `Sight`. SQLite's only writer holds the whole database, and
# nobody decides anything beside it.
_TAKE = (
    update(_FEED)
    .where(_FEED.c.desa == bindparam("village"))
    .values(turns=_FEED.c.turns + 1, previous=_FEED.c.head)
    .returning(_FEED.c.head)
)
_TURN = {"sqlite": Standing(_HEAD), "postgresql": Standing(_TAKE)}
_OWN_LANE = exists().where(
    _LANE.c.desa == bindparam("village"),
    _LANE.c.lane == bindparam("name"),
    _LANE.c.lineage == bindparam("device"),
)
_OWN_TURN = {
    "sqlite": Standing(_HEAD.where(_OWN_LANE)),
    "postgresql": Standing(_TAKE.where(_OWN_LANE)),
}
_RAISE = Standing(
    update(_FEED)
    .where(_FEED.c.desa == bindparam("village"))
    .values(previous=_FEED.c.head, head=bindparam("new_head"))
)
_USE_UP = Standing(
    update(_FEED).where(_FEED.c.desa == bindparam("village")).values(previous=_FEED.c.head)
)


def _dialect(session: Session) -> str:
    return "sqlite" if is_sqlite(session) else "postgresql"


def take_turn(session: Session, desa: str) -> int:
    """Wait for the village's turn and return its head. Held until the transaction ends."""
    turn = _TURN[_dialect(session)]
    row = turn.row(session, {"village": desa})
    if row is None:
        first = int(state(session, FIRST_HEAD) or 0)
        insert_missing(session, _FEED, [{"desa": desa, "head": first, "previous": first}])
        row = turn.row(session, {"village": desa})
        assert row is not None, "just inserted, by us or by somebody else"
    return int(row[0])


@dataclass(frozen=True, slots=True)
class SenderState:
    """What may change about a phone that sends: equal states mean that nothing did."""

    token_digest: str
    revoked: bool
    """The device, or its account."""
    role: str
    scope_version: int


_SENDER = (
    _DEVICE.c.id,
    _DEVICE.c.token_digest,
    _DEVICE.c.revoked_at,
    _ACCOUNT.c.disabled_at,
    _ACCOUNT.c.role,
    _ACCOUNT.c.scope_version,
)


@dataclass(frozen=True, slots=True)
class Sight:
    """A village as it was seen without its turn, with those of whom was asked.

    As long as nobody has taken a turn since, everything else that was seen of it afterwards stands
    as well.
    """

    desa: str
    head: int
    turns: int
    senders: Mapping[str, SenderState]


def sights(session: Session, asked: Collection[tuple[str, str]]) -> dict[str, Sight]:
    """Villages and devices: those villages that somebody has written in. PostgreSQL alone."""
    said = [{"desa": desa, "device": device} for desa, device in asked]
    found: dict[str, Sight] = {}
    for row in _SIGHTS.rows(session, {ROWS: rows_text(said)}):
        sight = found.setdefault(row.desa, Sight(row.desa, int(row.head), int(row.turns), {}))
        found[row.desa] = replace(sight, senders={**sight.senders, row.id: _sender(row)})
    return found


def _sights() -> Standing:
    asked = asked_rows(desa=String(), device=String())
    return Standing(
        select(_FEED.c.desa, _FEED.c.head, _FEED.c.turns, *_SENDER)
        .select_from(asked)
        .join(_FEED, _FEED.c.desa == asked.c.desa)
        .join(_DEVICE, _DEVICE.c.id == asked.c.device)
        .join(_ACCOUNT, _ACCOUNT.c.id == _DEVICE.c.account_id)
    )


_SIGHTS = _sights()


def take_turn_of_senders(
    session: Session, desa: str, devices: Collection[str]
) -> tuple[int, dict[str, SenderState]] | None:
    """`take_turn`, and who its devices are by now; nothing where nobody has written there yet."""
    bound = slotted("device", sorted(devices))
    statement = _turn_of_senders(len(bound), sqlite=is_sqlite(session))
    rows = statement.rows(session, {"village": desa, **bound})
    return (int(rows[0].head), {row.id: _sender(row) for row in rows}) if rows else None


@lru_cache(maxsize=2 * len(SLOTS))
def _turn_of_senders(slots: int, *, sqlite: bool) -> Standing:
    turn = _HEAD.subquery("turn") if sqlite else _TAKE.cte("turn")
    return Standing(
        select(turn.c.head, *_SENDER)
        .select_from(turn)
        .join(_DEVICE, in_slots(_DEVICE.c.id, "device", slots))
        .join(_ACCOUNT, _ACCOUNT.c.id == _DEVICE.c.account_id)
    )


def _sender(row: Row) -> SenderState:
    is_revoked = row.revoked_at is not None or row.disabled_at is not None
    return SenderState(row.token_digest, is_revoked, row.role, row.scope_version)


def take_turn_of(session: Session, desa: str, lane: str, lineage: str) -> int | None:
    """`take_turn` for the device that a lane belongs to; nothing, and no waiting, for any other.

    Whether a village is busy, or there at all, is not for everybody to find out.
    """
    own = {"village": desa, "name": lane, "device": lineage}
    row = _OWN_TURN[_dialect(session)].row(session, own)
    if row is not None:
        return int(row[0])
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
