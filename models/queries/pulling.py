"""Rows for phones: pages of the feed, whole records, snapshots and digests of an RT."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import orjson
from sqlalchemy import ColumnElement, Executable, Row, bindparam, or_, select, true
from sqlmodel import Session

from models.queries.rowsets import among, keys
from models.sealing import vault_of
from models.tables.columns import table_of
from models.tables.register import RecordRow
from sync.pull import Place
from sync.scope import VillageScope

ROWS_PER_PAGE_MAX = 2000
ROWS_PER_FETCH = 1000

_RECORD = table_of(RecordRow)
_TOLD = [
    _RECORD.c[name]
    for name in (
        "id", "entity", "seq", "parent", "rt", "rt_since", "created_seq", "left_rts",
        "doc", "stamps", "end_reason", "alias", "review",
    )
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A record as far as pulling needs it; JSON stays text until somebody has to look inside."""

    id: str
    entity: str
    seq: int
    parent: str | None
    place: Place
    doc: str
    stamps: str
    end_reason: str | None
    review: str | None


def changed_rows(session: Session, scope: VillageScope, at: int) -> list[FeedRow]:
    """Rows that changed after ``at``, in order, at most `ROWS_PER_PAGE_MAX` of them.

    Rows that have left some RT come too; what a phone is told of them decides `sync.pull`.
    """
    return _rows(session, _changed(_in_scope(session, scope)), {"position": at}, scope)


@lru_cache(maxsize=4)
def _changed(in_scope: ColumnElement[bool]) -> Executable:
    return (
        select(*_TOLD)
        .where(
            _RECORD.c.desa == bindparam("village"),
            _RECORD.c.seq > bindparam("position"),
            or_(in_scope, _RECORD.c.left_rts.is_not(None)),
        )
        .order_by(_RECORD.c.seq)
        .limit(ROWS_PER_PAGE_MAX)
    )


def whole_rows(session: Session, scope: VillageScope, ids: Iterable[str]) -> list[FeedRow]:
    """Rows by id, inside the scope only."""
    statement = select(*_TOLD).where(
        _RECORD.c.desa == bindparam("village"),
        _in_scope(session, scope),
        among(session, _RECORD.c.id, "wanted"),
    )
    return _rows(session, statement, {"wanted": keys(session, ids)}, scope)


def snapshot_rows(session: Session, scope: VillageScope) -> Iterator[FeedRow]:
    """Every row of the scope in the order of the feed."""
    statement = (
        select(*_TOLD)
        .where(_RECORD.c.desa == bindparam("village"), _in_scope(session, scope))
        .order_by(_RECORD.c.seq)
        .execution_options(yield_per=ROWS_PER_FETCH)
    )
    vault = vault_of(session)
    for row in session.connection().execute(statement, _parameters(session, scope)):
        yield _feed_row(row, vault.open(row.doc))


def versions_of_rts(
    session: Session, desa: str, rts: Collection[str]
) -> dict[str, list[tuple[str, int]]]:
    """RT → (id, seq) of every row in it, ended and aliased ones included."""
    statement = select(_RECORD.c.rt, _RECORD.c.id, _RECORD.c.seq).where(
        _RECORD.c.desa == bindparam("village"), among(session, _RECORD.c.rt, "rts")
    )
    rows = session.connection().execute(statement, {"village": desa, "rts": keys(session, rts)})
    versions: dict[str, list[tuple[str, int]]] = {rt: [] for rt in rts}
    for row in rows:
        versions[row.rt].append((row.id, row.seq))
    return versions


def changed_rts(session: Session, desa: str, rts: Collection[str], at: int) -> set[str]:
    """Those of the RTs in which a row is, or was, that has changed after ``at``."""
    rows = session.connection().execute(
        _moved(among(session, _RECORD.c.rt, "rts")),
        {"village": desa, "position": at, "rts": keys(session, rts)},
    )
    changed: set[str] = set()
    for row in rows:
        changed.add(row.rt)
        changed.update(orjson.loads(row.left_rts) if row.left_rts else ())
    return changed.intersection(rts)


@lru_cache(maxsize=4)
def _moved(in_rts: ColumnElement[bool]) -> Executable:
    return select(_RECORD.c.rt, _RECORD.c.left_rts).where(
        _RECORD.c.desa == bindparam("village"),
        _RECORD.c.seq > bindparam("position"),
        or_(in_rts, _RECORD.c.left_rts.is_not(None)),
    )


def _in_scope(session: Session, scope: VillageScope) -> ColumnElement[bool]:
    return true() if scope.rts is None else among(session, _RECORD.c.rt, "rts")


def _parameters(session: Session, scope: VillageScope) -> dict[str, object]:
    parameters: dict[str, object] = {"village": scope.desa}
    if scope.rts is not None:
        parameters["rts"] = keys(session, scope.rts)
    return parameters


def _rows(
    session: Session, statement: Executable, parameters: dict[str, object], scope: VillageScope
) -> list[FeedRow]:
    vault = vault_of(session)
    rows: Sequence[Row[tuple[object, ...]]] = (
        session.connection().execute(statement, {**_parameters(session, scope), **parameters}).all()
    )
    return [_feed_row(row, vault.open(str(row.doc))) for row in rows]


def _feed_row(row: Row[tuple[object, ...]], doc: str) -> FeedRow:
    return FeedRow(
        row.id,
        row.entity,
        row.seq,
        row.parent,
        Place(
            row.rt,
            row.rt_since,
            row.created_seq,
            orjson.loads(row.left_rts) if row.left_rts else {},
            row.alias,
        ),
        doc,
        row.stamps,
        row.end_reason,
        row.review,
    )
