"""Conflicts: the core's questions, and the lists that reviewers work from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import orjson
from sqlalchemy import ColumnElement, Executable, Row, and_, bindparam, func, or_, select
from sqlmodel import Session

from models.queries.rowsets import among, instant, keys, store
from models.queries.scoping import Sight, in_sight
from models.sealing import Vault, vault_of
from models.tables.columns import table_of
from models.tables.register import RecordRow
from models.tables.review import ConflictRow
from sync.identity import stamps_of
from sync.types import Claim, Conflict, ConflictKind, ConflictState, Decision, Json

CONFLICTS_PER_PAGE_MAX = 200

_CONFLICT = table_of(ConflictRow)
_RECORD = table_of(RecordRow)


_OF_RECORD = and_(_RECORD.c.desa == _CONFLICT.c.desa, _RECORD.c.id == _CONFLICT.c.record)
_LISTING = select(_CONFLICT, _RECORD.c.rt, _RECORD.c.entity).join(_RECORD, _OF_RECORD)


@dataclass(frozen=True, slots=True)
class ListedConflict:
    """A conflict with where and since when it stands."""

    desa: str
    rt: str
    entity: str
    conflict: Conflict
    opened_at: datetime
    changed_at: datetime


def conflicts_of(session: Session, desa: str, records: Iterable[str]) -> list[Conflict]:
    """Every conflict that names one of the records, decided ones included."""
    wanted = set(records)
    if not wanted:
        return []
    statement = _naming(
        among(session, _CONFLICT.c.record, "wanted"), among(session, _CONFLICT.c.twin, "wanted")
    )
    rows = session.connection().execute(
        statement, {"village": desa, "wanted": keys(session, wanted)}
    )
    vault = vault_of(session)
    return [conflict_of(row, vault) for row in rows]


@lru_cache(maxsize=4)
def _naming(record: ColumnElement[bool], twin: ColumnElement[bool]) -> Executable:
    return select(_CONFLICT).where(_CONFLICT.c.desa == bindparam("village"), or_(record, twin))


def store_conflicts(
    session: Session, desa: str, conflicts: Sequence[Conflict], now: datetime
) -> None:
    """Insert new conflicts and rewrite changed ones; when they were opened stays known."""
    vault, moment = vault_of(session), instant(now)
    opened = _opened_at(session, desa, [c.id for c in conflicts if c.version > 1])
    rows = [
        {
            "id": conflict.id,
            "record": conflict.record,
            "twin": conflict.twin,
            "group_name": conflict.group,
            "kind": str(conflict.kind),
            "state": str(conflict.state),
            "version": conflict.version,
            "body": vault.seal(orjson.dumps(_body(conflict)).decode()),
            "reopens": conflict.reopens,
            "opened_at": opened.get(conflict.id, moment),
            "changed_at": moment,
        }
        for conflict in conflicts
    ]
    store(session, _CONFLICT, desa, rows)


def _opened_at(session: Session, desa: str, ids: Sequence[str]) -> dict[str, str]:
    if not ids:
        return {}
    statement = select(_CONFLICT.c.id, _CONFLICT.c.opened_at).where(
        _CONFLICT.c.desa == bindparam("village"), among(session, _CONFLICT.c.id, "wanted")
    )
    rows = session.connection().execute(statement, {"village": desa, "wanted": keys(session, ids)})
    return {row.id: instant(row.opened_at) for row in rows}


def listed(
    session: Session,
    sight: Sight,
    *,
    state: ConflictState | None,
    limit: int,
    offset: int = 0,
    desa: str | None = None,
) -> tuple[list[ListedConflict], int]:
    """A page of conflicts in sight, the oldest first, and how many there are in all."""
    where = [in_sight(_CONFLICT.c.desa, _RECORD.c.rt, sight)]
    if state is not None:
        where.append(_CONFLICT.c.state == str(state))
    if desa is not None:
        where.append(_CONFLICT.c.desa == desa)
    total = session.connection().execute(
        select(func.count()).select_from(_CONFLICT.join(_RECORD, _OF_RECORD)).where(*where)
    )
    rows = session.connection().execute(
        _LISTING.where(*where)
        .order_by(_CONFLICT.c.opened_at, _CONFLICT.c.id)
        .limit(min(limit, CONFLICTS_PER_PAGE_MAX))
        .offset(offset)
    )
    vault = vault_of(session)
    return [_listed(row, vault) for row in rows], int(total.scalar_one())


def conflict_by_id(session: Session, sight: Sight, conflict_id: str) -> ListedConflict | None:
    """One conflict, if it lies in sight."""
    statement = _LISTING.where(
        _CONFLICT.c.id == conflict_id, in_sight(_CONFLICT.c.desa, _RECORD.c.rt, sight)
    )
    row = session.connection().execute(statement).one_or_none()
    return _listed(row, vault_of(session)) if row is not None else None


def open_of(session: Session, desa: str, record: str) -> list[ListedConflict]:
    """Open conflicts that name a record, the oldest first."""
    statement = _LISTING.where(
        _CONFLICT.c.desa == desa,
        or_(_CONFLICT.c.record == record, _CONFLICT.c.twin == record),
        _CONFLICT.c.state == str(ConflictState.OPEN),
    ).order_by(_CONFLICT.c.opened_at, _CONFLICT.c.id)
    vault = vault_of(session)
    return [_listed(row, vault) for row in session.connection().execute(statement)]


def _listed(row: Row[tuple[object, ...]], vault: Vault) -> ListedConflict:
    return ListedConflict(
        row.desa, row.rt, row.entity, conflict_of(row, vault), row.opened_at, row.changed_at
    )


def conflict_of(row: Row[tuple[object, ...]], vault: Vault) -> Conflict:
    """A stored row as the core's conflict."""
    body = orjson.loads(vault.open(row.body))
    return Conflict(
        id=row.id,
        record=row.record,
        group=row.group_name,
        kind=ConflictKind(row.kind),
        state=ConflictState(row.state),
        version=row.version,
        candidates=_claims(body["candidates"]),
        twin=row.twin,
        reopens=row.reopens,
        decision=_decision(body.get("decision")),
    )


def _body(conflict: Conflict) -> dict[str, object]:
    body: dict[str, object] = {"candidates": [_claim_row(c) for c in conflict.candidates]}
    decision = conflict.decision
    if decision is not None:
        body["decision"] = {
            "lane": decision.lane,
            "lane_seq": decision.lane_seq,
            "choice": decision.choice,
            "reason": decision.reason,
            "judged": [_claim_row(c) for c in decision.judged],
            "replaced": [_claim_row(c) for c in decision.replaced],
        }
    return body


def _decision(raw: dict[str, Json] | None) -> Decision | None:
    if raw is None:
        return None
    return Decision(
        str(raw["lane"]),
        int(str(raw["lane_seq"])),
        str(raw["choice"]),
        _claims(raw["judged"]),
        str(raw["reason"]),
        _claims(raw["replaced"]),
    )


def _claim_row(claim: Claim) -> dict[str, object]:
    return {"group": claim.group, "value": claim.value, "stamp": list(claim.stamp)}


def _claims(raw: Json) -> tuple[Claim, ...]:
    assert isinstance(raw, list), "written by this module"
    return tuple(_claim(row) for row in raw)


def _claim(raw: Json) -> Claim:
    assert isinstance(raw, dict), "written by this module"
    value, stamp = raw["value"], raw["stamp"]
    assert isinstance(value, dict), "a group's value"
    (restored,) = stamps_of([stamp])
    return Claim(str(raw["group"]), value, restored)
