"""Operations that could not be merged, and what people decided about them."""

import hashlib
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, and_, bindparam, func, select, true, update
from sqlmodel import Session

from models.queries.operations import Brought
from models.queries.rowsets import add, among, instant, keys
from models.queries.scoping import Sight, in_sight
from models.tables.columns import table_of
from models.tables.register import RecordRow
from models.tables.sync import LaneRow, QuarantineRow
from sync.push import Settled
from sync.types import Json, Outcome

QUARANTINE_PER_PAGE_MAX = 200
WAITING, RELEASED, REJECTED = "waiting", "released", "rejected"

_QUARANTINE = table_of(QuarantineRow)
_RECORD = table_of(RecordRow)
_LANE = table_of(LaneRow)
_ORDER = (_QUARANTINE.c.received_at, _QUARANTINE.c.lane, _QUARANTINE.c.lane_seq)
"""Of their coming; that keeps the order of each lane."""
# What could not be merged may name a record that does not exist, whose RT nobody knows.
_PLACED = _QUARANTINE.outerjoin(
    _RECORD, and_(_RECORD.c.desa == _QUARANTINE.c.desa, _RECORD.c.id == _QUARANTINE.c.record)
)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One operation set aside. Its body lies in the log, at (lane, lane_seq)."""

    id: str
    desa: str
    lane: str
    lane_seq: int
    record: str | None
    creates: bool
    problem: str
    detail: str
    cause: str | None
    state: str
    account_id: str | None
    received_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None


def quarantine_id(desa: str, lane: str, lane_seq: int) -> str:
    """The id follows from the place in the log, so that nothing is set aside twice."""
    name = f"{desa}/{lane}/{lane_seq}".encode()
    return str(uuid.UUID(bytes=hashlib.sha256(name).digest()[:16], version=5))


def set_aside(
    session: Session,
    desa: str,
    brought: Brought,
    settled: Sequence[Settled],
    creating: Collection[int],
) -> None:
    """Note the quarantined operations of a batch; ``creating`` are the places of its creates."""
    rows = [
        {
            "id": quarantine_id(desa, brought.lane, one.seq),
            "lane": brought.lane,
            "lane_seq": one.seq,
            "record": one.record,
            "creates": one.seq in creating,
            "problem": str(one.entry.get("problem")),
            "detail": str(one.entry.get("detail") or ""),
            "cause": one.entry.get("cause"),
            "state": WAITING,
            "account_id": brought.account_id,
            "received_at": instant(brought.received_at),
        }
        for one in settled
        if one.outcome is Outcome.QUARANTINED
    ]
    add(session, _QUARANTINE, desa, rows)


def quarantined_creates(
    session: Session, desa: str, ids: Iterable[str], *, account_id: str | None = None
) -> dict[str, str]:
    """Record id → ``lane:seq`` of the waiting `create` that would have made it.

    With an account, only what it created itself: that a stranger's record waits is none of its
    business, and it can have got the id from nowhere but a register that has since been put back.
    """
    wanted = set(ids)
    if not wanted:
        return {}
    by_whom = true() if account_id is None else _QUARANTINE.c.account_id == bindparam("by_whom")
    statement = select(_QUARANTINE.c.record, _QUARANTINE.c.lane, _QUARANTINE.c.lane_seq).where(
        _QUARANTINE.c.desa == bindparam("village"),
        _QUARANTINE.c.creates,
        _QUARANTINE.c.state == WAITING,
        by_whom,
        among(session, _QUARANTINE.c.record, "wanted"),
    )
    about = {"village": desa, "wanted": keys(session, wanted)}
    if account_id is not None:
        about["by_whom"] = account_id
    rows = session.connection().execute(statement, about)
    return {row.record: f"{row.lane}:{row.lane_seq}" for row in rows}


def listed(
    session: Session,
    sight: Sight,
    *,
    state: str | None,
    limit: int,
    offset: int = 0,
    desa: str | None = None,
) -> tuple[list[Quarantined], int]:
    """A page in sight, the oldest first, and how many there are in all."""
    where = [in_sight(_QUARANTINE.c.desa, _RECORD.c.rt, sight)]
    if state is not None:
        where.append(_QUARANTINE.c.state == state)
    if desa is not None:
        where.append(_QUARANTINE.c.desa == desa)
    total = session.connection().execute(select(func.count()).select_from(_PLACED).where(*where))
    rows = session.connection().execute(
        select(_QUARANTINE)
        .select_from(_PLACED)
        .where(*where)
        .order_by(*_ORDER)
        .limit(min(limit, QUARANTINE_PER_PAGE_MAX))
        .offset(offset)
    )
    return [_quarantined(row) for row in rows], int(total.scalar_one())


def one(session: Session, sight: Sight, entry_id: str) -> Quarantined | None:
    """One entry, if it lies in sight."""
    statement = (
        select(_QUARANTINE)
        .select_from(_PLACED)
        .where(_QUARANTINE.c.id == entry_id, in_sight(_QUARANTINE.c.desa, _RECORD.c.rt, sight))
    )
    row = session.connection().execute(statement).one_or_none()
    return _quarantined(row) if row is not None else None


def waiting(session: Session, desa: str, ids: Iterable[str]) -> list[Quarantined]:
    """Those of these entries that still wait, in the order of their coming."""
    statement = (
        select(_QUARANTINE)
        .where(
            _QUARANTINE.c.desa == bindparam("village"),
            _QUARANTINE.c.state == WAITING,
            among(session, _QUARANTINE.c.id, "wanted"),
        )
        .order_by(*_ORDER)
    )
    rows = session.connection().execute(statement, {"village": desa, "wanted": keys(session, ids)})
    return [_quarantined(row) for row in rows]


def waiting_of_device(
    session: Session, sight: Sight, device_id: str, problem: str, limit: int
) -> list[Quarantined]:
    """What waits of one device for one reason, in sight, village by village in order."""
    statement = (
        select(_QUARANTINE)
        .select_from(
            _PLACED.join(
                _LANE,
                and_(_LANE.c.desa == _QUARANTINE.c.desa, _LANE.c.lane == _QUARANTINE.c.lane),
            )
        )
        .where(
            _LANE.c.lineage == device_id,
            _QUARANTINE.c.state == WAITING,
            _QUARANTINE.c.problem == problem,
            in_sight(_QUARANTINE.c.desa, _RECORD.c.rt, sight),
        )
        .order_by(_QUARANTINE.c.desa, *_ORDER)
        .limit(limit)
    )
    return [_quarantined(row) for row in session.connection().execute(statement)]


def villages_waiting(session: Session, device_id: str) -> list[str]:
    """Villages in which something of a device waits."""
    statement = (
        select(_QUARANTINE.c.desa)
        .join(_LANE, and_(_LANE.c.desa == _QUARANTINE.c.desa, _LANE.c.lane == _QUARANTINE.c.lane))
        .where(_LANE.c.lineage == device_id, _QUARANTINE.c.state == WAITING)
        .distinct()
        .order_by(_QUARANTINE.c.desa)
    )
    return list(session.connection().execute(statement).scalars())


def dependents(session: Session, desa: str, causes: Iterable[str]) -> list[Quarantined]:
    """Waiting operations that depend on one of these (``lane:seq``), in the order of coming."""
    statement = (
        select(_QUARANTINE)
        .where(
            _QUARANTINE.c.desa == bindparam("village"),
            _QUARANTINE.c.state == WAITING,
            among(session, _QUARANTINE.c.cause, "wanted"),
        )
        .order_by(*_ORDER)
    )
    rows = session.connection().execute(
        statement, {"village": desa, "wanted": keys(session, causes)}
    )
    return [_quarantined(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A person's decision about operations that wait."""

    state: str
    by: str | None
    reason: str
    at: datetime


def decide(session: Session, desa: str, ids: Sequence[str], verdict: Verdict) -> None:
    """Note a decision about waiting operations; what is decided already stays so."""
    session.connection().execute(
        update(_QUARANTINE)
        .where(
            _QUARANTINE.c.desa == bindparam("village"),
            _QUARANTINE.c.state == WAITING,
            among(session, _QUARANTINE.c.id, "wanted"),
        )
        .values(
            state=verdict.state,
            decided_by=verdict.by,
            reason=verdict.reason,
            decided_at=verdict.at,
        ),
        {"village": desa, "wanted": keys(session, ids)},
    )


def requarantine(session: Session, desa: str, answers: Mapping[str, Mapping[str, Json]]) -> None:
    """A release found another reason (entry id → answer); with that one they go on waiting."""
    if answers:
        session.connection().execute(
            update(_QUARANTINE)
            .where(
                _QUARANTINE.c.desa == bindparam("village"), _QUARANTINE.c.id == bindparam("entry")
            )
            .values(
                problem=bindparam("reason_code"),
                detail=bindparam("said"),
                cause=bindparam("because"),
            ),
            [
                {
                    "village": desa,
                    "entry": entry_id,
                    "reason_code": str(answer.get("problem")),
                    "said": str(answer.get("detail") or ""),
                    "because": answer.get("cause"),
                }
                for entry_id, answer in answers.items()
            ],
        )


def _quarantined(row: Row[tuple[object, ...]]) -> Quarantined:
    return Quarantined(
        row.id,
        row.desa,
        row.lane,
        row.lane_seq,
        row.record,
        bool(row.creates),
        row.problem,
        row.detail,
        row.cause,
        row.state,
        row.account_id,
        row.received_at,
        row.decided_at,
        row.decided_by,
        row.reason,
    )
