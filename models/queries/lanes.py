"""Lanes: who writes in a village, how far, and what each is known to have seen."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Row, bindparam, insert, select, update
from sqlmodel import Session

from models.queries.rowsets import among, keys
from models.standing import Row as StandingRow
from models.standing import Standing
from models.tables.columns import table_of
from models.tables.sync import LaneRow
from sync.types import Lane

_LANE = table_of(LaneRow)
_ONE = select(_LANE).where(_LANE.c.desa == bindparam("village"), _LANE.c.lane == bindparam("name"))
_LOCKED = Standing(_ONE.with_for_update())
_OLDEST = (
    select(_LANE)
    .where(_LANE.c.desa == bindparam("village"), _LANE.c.lineage == bindparam("device"))
    .order_by(_LANE.c.created_at, _LANE.c.lane)
    .limit(1)
)
_OLDEST_OF_SOURCE = _OLDEST.where(_LANE.c.source == bindparam("kind"))
_ADVANCE = (
    update(_LANE)
    .where(_LANE.c.desa == bindparam("village"), _LANE.c.lane == bindparam("name"))
    .values(last=bindparam("new_last"), extra=bindparam("dots"), synced_at=bindparam("moment"))
)


class StoredLane(NamedTuple):
    """A lane with what the core does not need to know of it."""

    lane: Lane
    lineage: str
    account_id: str | None
    source: str
    durable: int
    created_at: datetime
    forked_at: datetime | None
    forked: bool
    """Was another lane opened from this one, or this one from another?"""


def lane_for_push(session: Session, desa: str, name: str) -> StoredLane | None:
    """One lane, locked until the transaction ends."""
    row = _LOCKED.row(session, {"village": desa, "name": name})
    return lane_from(row) if row is not None else None


def lane(session: Session, desa: str, name: str) -> StoredLane | None:
    """One lane as this transaction sees it."""
    row = session.connection().execute(_ONE, {"village": desa, "name": name}).one_or_none()
    return lane_from(row) if row is not None else None


def lane_of(
    session: Session, desa: str, lineage: str, *, source: str | None = None
) -> StoredLane | None:
    """The oldest lane of a lineage in one village; an office's lineage has no other."""
    statement = _OLDEST if source is None else _OLDEST_OF_SOURCE
    found = {"village": desa, "device": lineage} | ({"kind": source} if source else {})
    row = session.connection().execute(statement, found).one_or_none()
    return lane_from(row) if row is not None else None


def lanes_named(session: Session, desa: str, names: Iterable[str]) -> dict[str, StoredLane]:
    """Lanes of one village by name."""
    rows = session.connection().execute(
        select(_LANE).where(
            _LANE.c.desa == bindparam("village"), among(session, _LANE.c.lane, "wanted")
        ),
        {"village": desa, "wanted": keys(session, set(names))},
    )
    return {row.lane: lane_from(row) for row in rows}


def lanes_of(session: Session, lineage: str) -> list[StoredLane]:
    """All lanes of one device, those of lost villages and earlier incarnations included."""
    rows = session.connection().execute(
        select(_LANE).where(_LANE.c.lineage == lineage).order_by(_LANE.c.desa, _LANE.c.created_at)
    )
    return [lane_from(row) for row in rows]


@dataclass(frozen=True, slots=True)
class LaneOwner:
    """Whose lane it is: a device's (``source`` is ``device``), or one of the office's."""

    lineage: str
    account_id: str | None
    source: str


def open_lane(
    session: Session,
    lane: Lane,
    owner: LaneOwner,
    now: datetime,
    *,
    parent: tuple[str, int] | None = None,
) -> None:
    """Insert a lane that does not exist yet; ``parent`` is the point it was forked from."""
    session.connection().execute(
        insert(_LANE).values(
            desa=lane.desa,
            lane=lane.name,
            lineage=owner.lineage,
            account_id=owner.account_id,
            source=owner.source,
            last=lane.last,
            durable=0,
            parent=parent[0] if parent else None,
            parent_seq=parent[1] if parent else None,
            known=orjson.dumps(dict(lane.known)).decode() if lane.known else None,
            extra=dots_text(lane),
            created_at=now,
        )
    )


def mark_forked(session: Session, desa: str, name: str, now: datetime) -> None:
    """Another lane was opened from this one: the same operation may now come under both."""
    session.connection().execute(
        update(_LANE).where(_LANE.c.desa == desa, _LANE.c.lane == name).values(forked_at=now)
    )


def advance(session: Session, lane: Lane, now: datetime) -> None:
    """Store the lane's new end after a push."""
    session.connection().execute(
        _ADVANCE,
        {
            "village": lane.desa,
            "name": lane.name,
            "new_last": lane.last,
            "dots": dots_text(lane),
            "moment": now,
        },
    )


def mark_durable(session: Session, up_to: Sequence[tuple[str, str, int]]) -> None:
    """Promise, per (desa, lane), that operations up to ``seq`` survive every restore."""
    if up_to:
        session.connection().execute(
            update(_LANE)
            .where(
                _LANE.c.desa == bindparam("village"),
                _LANE.c.lane == bindparam("name"),
                _LANE.c.durable < bindparam("up_to"),
            )
            .values(durable=bindparam("up_to")),
            [{"village": desa, "name": name, "up_to": seq} for desa, name, seq in up_to],
        )


def dots_text(lane: Lane) -> str | None:
    """What the lane knows beside its own operations, as it is stored."""
    return orjson.dumps(sorted(lane.extra)).decode() if lane.extra else None


def lane_from(row: Row[*tuple[Any, ...]] | StandingRow, prefix: str = "") -> StoredLane:
    """A lane from a row that has its columns, behind ``prefix`` where it has others as well."""
    (
        name, desa, last, known, extra, synced_at,
        lineage, account_id, source, durable, created_at, forked_at, parent,
    ) = _in_order(prefix)(row)  # fmt: skip
    dots = orjson.loads(extra) if extra else ()
    return StoredLane(
        Lane(
            name,
            desa,
            last,
            orjson.loads(known) if known else {},
            frozenset((name, seq) for name, seq in dots),
            synced_at,
        ),
        lineage,
        account_id,
        source,
        durable,
        created_at,
        forked_at,
        parent is not None or forked_at is not None,
    )


@cache
def _in_order(prefix: str) -> Callable[[object], tuple[Any, ...]]:
    names = (
        "lane", "desa", "last", "known", "extra", "synced_at",
        "lineage", "account_id", "source", "durable", "created_at", "forked_at", "parent",
    )  # fmt: skip
    return attrgetter(*(prefix + name for name in names))
