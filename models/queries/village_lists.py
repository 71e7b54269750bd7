"""What the decision about a round looks at: a whole village at once.

The number of statements does not depend on how many families there are.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Row, and_, bindparam, func, or_, select
from sqlmodel import Session

from models.queries.quarantine import WAITING
from models.queries.records import RECORD_COLUMNS, record_of
from models.queries.scoping import Sight, in_sight
from models.sealing import vault_of
from models.tables.columns import table_of
from models.tables.register import RecordRow
from models.tables.review import ConflictRow
from models.tables.sync import LaneRow, OperationRow, QuarantineRow
from sync.operation import Kind
from sync.readiness import Waiting
from sync.types import ConflictKind, ConflictState, Outcome, Record
from sync.village_round import ListStatement

IMPORT: Final = "import"
"""`lane.source` of lists of the government."""
DEVICE: Final = "device"
LATE_SHOWN_MAX: Final = 500

_RECORD = table_of(RecordRow)
_OPERATION = table_of(OperationRow)
_LANE = table_of(LaneRow)
_CONFLICT = table_of(ConflictRow)
_QUARANTINE = table_of(QuarantineRow)

_NOT_MERGED = (Outcome.QUARANTINED.value, Outcome.DUPLICATE.value)
_LANED = _OPERATION.join(
    _LANE, and_(_LANE.c.desa == _OPERATION.c.desa, _LANE.c.lane == _OPERATION.c.lane)
)
_ALL = select(*RECORD_COLUMNS).where(_RECORD.c.desa == bindparam("village"))
_LISTS = (
    select(_OPERATION.c.record, _OPERATION.c.at, _OPERATION.c.kind, _OPERATION.c.body)
    .select_from(_LANED)
    .where(
        _OPERATION.c.desa == bindparam("village"),
        _LANE.c.source == IMPORT,
        _OPERATION.c.record.is_not(None),
        _OPERATION.c.kind.in_([Kind.CREATE.value, Kind.SET.value]),
        _OPERATION.c.outcome.not_in(_NOT_MERGED),
    )
    .order_by(_OPERATION.c.at, _OPERATION.c.lane, _OPERATION.c.seq)
)


def village_records(session: Session, desa: str) -> list[Record]:
    """Every record of a village, ended and merged ones included."""
    vault = vault_of(session)
    rows = session.connection().execute(_ALL, {"village": desa})
    return [record_of(desa, row, vault) for row in rows]


def list_statements(session: Session, desa: str) -> list[ListStatement]:
    """What the lists of the government said of a village's records, in the order of the log."""
    vault = vault_of(session)
    found = []
    for row in session.connection().execute(_LISTS, {"village": desa}):
        body = orjson.loads(vault.open(row.body))
        creates = row.kind == Kind.CREATE.value
        found.append(ListStatement(row.record, row.at, creates, body.get("set") or {}))
    return found


@dataclass(frozen=True, slots=True)
class Questions:
    """A village's conflicts, as far as a round asks for them."""

    open: tuple[Waiting, ...]
    doubtful: frozenset[str]
    """Records of open doubts whether two of them are one."""
    reopened: frozenset[str]
    settled: frozenset[str]


def questions(session: Session, desa: str, since: datetime) -> Questions:
    """Open conflicts; and records about which a decision was made, or asked again, since then."""
    columns = [
        _CONFLICT.c[name] for name in ("record", "twin", "group_name", "kind", "state", "reopens")
    ]
    statement = select(*columns).where(
        _CONFLICT.c.desa == desa,
        or_(_CONFLICT.c.state == ConflictState.OPEN.value, _CONFLICT.c.changed_at >= since),
    )
    rows = session.connection().execute(statement.order_by(_CONFLICT.c.opened_at)).all()
    asked = [row for row in rows if row.state == ConflictState.OPEN.value]
    return Questions(
        tuple(
            Waiting(record, row.group_name if row.kind != _TWINS else row.kind)
            for row in asked
            for record in _named(row)
        ),
        frozenset(record for row in asked if row.kind == _TWINS for record in _named(row)),
        frozenset(record for row in rows if row.reopens is not None for record in _named(row)),
        frozenset(
            record
            for row in rows
            if row.state == ConflictState.RESOLVED.value
            for record in _named(row)
        ),
    )


_TWINS: Final = ConflictKind.IDENTITY_DUPLICATE.value


def _named(row: Row[*tuple[Any, ...]]) -> list[str]:
    return [record for record in (row.record, row.twin) if record is not None]


def waiting_operations(session: Session, desa: str) -> list[Waiting]:
    """What waits in a village's quarantine: the record it names, if any, and why."""
    statement = (
        select(_QUARANTINE.c.record, _QUARANTINE.c.problem)
        .where(_QUARANTINE.c.desa == desa, _QUARANTINE.c.state == WAITING)
        .order_by(_QUARANTINE.c.received_at)
    )
    return [Waiting(row.record, row.problem) for row in session.connection().execute(statement)]


def statements_about(session: Session, desa: str, after: int) -> list[tuple[str, str]]:
    """(record, account) of everybody who stated something after a position of the feed.

    A list's statements are the government's. A reviewer who chose between other people's
    statements stated nothing; one who typed a value did. What was keyed in for somebody else is a
    statement of both.
    """
    since = [
        _OPERATION.c.desa == desa,
        _OPERATION.c.at > after,
        _OPERATION.c.record.is_not(None),
        _OPERATION.c.outcome.not_in(_NOT_MERGED),
    ]
    connection = session.connection()
    direct = connection.execute(
        select(_OPERATION.c.record, _OPERATION.c.account_id)
        .select_from(_LANED)
        .where(*since, _LANE.c.source == DEVICE, _OPERATION.c.account_id.is_not(None))
        .distinct()
    )
    found = [(row.record, row.account_id) for row in direct]
    office = connection.execute(
        select(_OPERATION.c.record, _OPERATION.c.account_id, _OPERATION.c.body)
        .select_from(_LANED)
        .where(*since, _LANE.c.source.not_in([DEVICE, IMPORT]))
    )
    vault = vault_of(session)
    for row in office:
        body = orjson.loads(vault.open(row.body))
        decision = body.get("resolve")
        if decision is not None and decision.get("choice") != "value":
            continue
        source = body.get("source")
        by = source.get("by") if isinstance(source, dict) else None
        found += [(row.record, who) for who in {row.account_id, by} if isinstance(who, str)]
    return found


@dataclass(frozen=True, slots=True)
class LateOperation:
    """An operation that came after a village was frozen, and what it is about."""

    at: int
    family: str
    rt: str
    record: str
    entity: str
    kind: str
    fields: tuple[str, ...]
    account_id: str | None
    captured_at: datetime
    received_at: datetime
    outcome: str


def late_operations(
    session: Session, sight: Sight, desa: str, after: int, *, limit: int
) -> tuple[list[LateOperation], int]:
    """What was merged after a position of the feed, in sight, lists of the government apart.

    In the order of the log; and how many there are in all.
    """
    placed = _LANED.join(
        _RECORD, and_(_RECORD.c.desa == _OPERATION.c.desa, _RECORD.c.id == _OPERATION.c.record)
    )
    where = [
        _OPERATION.c.desa == desa,
        _OPERATION.c.at > after,
        _LANE.c.source != IMPORT,
        _OPERATION.c.outcome.not_in(_NOT_MERGED),
        in_sight(_OPERATION.c.desa, _RECORD.c.rt, sight),
    ]
    connection = session.connection()
    total = connection.execute(select(func.count()).select_from(placed).where(*where)).scalar_one()
    statement = (
        select(_OPERATION, _RECORD.c.keluarga, _RECORD.c.rt, _RECORD.c.entity)
        .select_from(placed)
        .where(*where)
        .order_by(_OPERATION.c.at, _OPERATION.c.lane, _OPERATION.c.seq)
        .limit(min(limit, LATE_SHOWN_MAX))
    )
    vault = vault_of(session)
    return [_late(row, vault.open(row.body)) for row in connection.execute(statement)], total


def _late(row: Row[*tuple[Any, ...]], text: str) -> LateOperation:
    body = orjson.loads(text)
    named: Collection[str] = {
        name
        for key in ("set", "add", "remove")
        if isinstance(body.get(key), dict)
        for name in body[key]
    }
    if row.kind in {Kind.END.value, Kind.MOVE.value, Kind.RESOLVE.value}:
        named = {row.kind}
    return LateOperation(
        row.at,
        row.keluarga,
        row.rt,
        row.record,
        row.entity,
        row.kind,
        tuple(sorted(named)),
        row.account_id,
        row.captured_at,
        row.received_at,
        row.outcome,
    )
