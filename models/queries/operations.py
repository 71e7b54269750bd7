"""The log of operations: what came, what became of it, and what came before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import orjson
from sqlalchemy import ColumnElement, Executable, Row, bindparam, select, update
from sqlmodel import Session

from models.queries.rowsets import among, hash_bytes, hash_text, instant, keys
from models.sealing import Vault, vault_of
from models.tables.columns import table_of
from models.tables.sync import OperationRow
from sync.push import Settled, Stored
from sync.types import Json

OUTCOMES_PER_PAGE_MAX = 1000

_OPERATION = table_of(OperationRow)
_ANSWERS = [_OPERATION.c[n] for n in ("lane", "seq", "hash", "outcome", "entry")]
_EARLIER = (
    select(*_ANSWERS)
    .where(
        _OPERATION.c.desa == bindparam("village"),
        _OPERATION.c.lane == bindparam("name"),
        _OPERATION.c.seq.between(bindparam("first"), bindparam("last")),
    )
    .order_by(_OPERATION.c.seq)
)


@dataclass(frozen=True, slots=True)
class Brought:
    """Who brought a batch, for every operation in it."""

    lane: str
    lineage: str
    account_id: str | None
    received_at: datetime
    at: int


def earlier(session: Session, desa: str, lane: str, first: int, last: int) -> dict[int, Stored]:
    """Operations ``first`` to ``last`` of a lane with their stored answers."""
    rows = session.connection().execute(
        _EARLIER, {"village": desa, "name": lane, "first": first, "last": last}
    )
    return {row.seq: _stored(row) for row in rows}


def of_lineage(
    session: Session, desa: str, lineage: str, hashes: Iterable[bytes]
) -> dict[bytes, Stored]:
    """Operations of one device, under any of its lanes, by hash."""
    rows = session.connection().execute(
        _brought(among(session, _OPERATION.c.hash, "hashes")),
        {
            "village": desa,
            "device": lineage,
            "hashes": keys(session, {hash_text(digest) for digest in hashes}),
        },
    )
    return {hash_bytes(row.hash): _stored(row) for row in rows}


@lru_cache(maxsize=4)
def _brought(condition: ColumnElement[bool]) -> Executable:
    return select(*_ANSWERS).where(
        _OPERATION.c.desa == bindparam("village"),
        _OPERATION.c.lineage == bindparam("device"),
        _OPERATION.c.outcome != "duplicate",
        condition,
    )


def logged_rows(
    vault: Vault, brought: Brought, settled: Sequence[Settled]
) -> list[dict[str, object]]:
    """A batch as rows of the log."""
    received = instant(brought.received_at)
    return [
        {
            "lane": brought.lane,
            "seq": one.seq,
            "lineage": brought.lineage,
            "hash": hash_text(one.hash),
            "kind": str(one.operation.kind) if one.operation is not None else None,
            "record": one.record,
            "body": vault.seal(one.body),
            "outcome": one.entry["outcome"],
            "entry": entry_text(one.entry),
            "at": brought.at,
            "received_at": received,
            "captured_at": instant(one.captured.at),
            "observed": one.captured.observed,
            "suspect": one.captured.is_suspect,
            "account_id": brought.account_id,
        }
        for one in settled
    ]


def rewrite_answers(
    session: Session, desa: str, lane: str, entries: Mapping[int, Mapping[str, Json]]
) -> None:
    """Replace stored answers: a release from quarantine changes each of them once."""
    session.connection().execute(
        update(_OPERATION)
        .where(
            _OPERATION.c.desa == bindparam("village"),
            _OPERATION.c.lane == bindparam("name"),
            _OPERATION.c.seq == bindparam("place"),
        )
        .values(outcome=bindparam("new_outcome"), entry=bindparam("new_entry")),
        [
            {
                "village": desa,
                "name": lane,
                "place": seq,
                "new_outcome": str(entry["outcome"]),
                "new_entry": entry_text(entry),
            }
            for seq, entry in entries.items()
        ],
    )


def outcomes_after(
    session: Session, desa: str, lane: str, after: int
) -> list[tuple[int, dict[str, Json]]]:
    """Stored answers of a lane above ``after``, at most a page, in order."""
    statement = (
        select(*_ANSWERS)
        .where(_OPERATION.c.desa == desa, _OPERATION.c.lane == lane, _OPERATION.c.seq > after)
        .order_by(_OPERATION.c.seq)
        .limit(OUTCOMES_PER_PAGE_MAX)
    )
    rows = session.connection().execute(statement)
    return [(row.seq, entry_of_row(row.outcome, row.entry)) for row in rows]


@dataclass(frozen=True, slots=True)
class LoggedOperation:
    """One operation of the log with everything known about its coming."""

    lane: str
    seq: int
    kind: str | None
    record: str | None
    body: Mapping[str, Json]
    entry: Mapping[str, Json]
    at: int
    received_at: datetime
    captured_at: datetime
    observed: str
    suspect: bool
    account_id: str | None
    lineage: str
    hash: bytes


def history(session: Session, desa: str, records: Iterable[str]) -> list[LoggedOperation]:
    """Every operation that named one of the records, in the order of the village's history."""
    statement = (
        select(_OPERATION)
        .where(
            _OPERATION.c.desa == bindparam("village"),
            among(session, _OPERATION.c.record, "wanted"),
        )
        .order_by(_OPERATION.c.at, _OPERATION.c.lane, _OPERATION.c.seq)
    )
    rows = session.connection().execute(
        statement, {"village": desa, "wanted": keys(session, records)}
    )
    return [_logged(session, row) for row in rows]


def operations_at(
    session: Session, desa: str, dots: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], LoggedOperation]:
    """Operations by dot: what stands behind the candidates of a conflict."""
    wanted = set(dots)
    statement = select(_OPERATION).where(
        _OPERATION.c.desa == bindparam("village"),
        among(session, _OPERATION.c.lane, "wanted"),
        _OPERATION.c.seq.in_([seq for _, seq in wanted]),
    )
    rows = session.connection().execute(
        statement, {"village": desa, "wanted": keys(session, {lane for lane, _ in wanted})}
    )
    found = {(row.lane, row.seq): _logged(session, row) for row in rows}
    return {dot: found[dot] for dot in wanted if dot in found}


def repetitions(
    session: Session, desa: str, lineages: Iterable[str], hashes: Iterable[bytes]
) -> list[tuple[str, bytes, str, int]]:
    """Operations that came again under another lane: (lineage, hash, lane, seq) of each."""
    statement = select(
        _OPERATION.c.lineage, _OPERATION.c.hash, _OPERATION.c.lane, _OPERATION.c.seq
    ).where(
        _OPERATION.c.desa == bindparam("village"),
        among(session, _OPERATION.c.lineage, "devices"),
        _OPERATION.c.outcome == "duplicate",
        among(session, _OPERATION.c.hash, "hashes"),
    )
    rows = session.connection().execute(
        statement,
        {
            "village": desa,
            "devices": keys(session, set(lineages)),
            "hashes": keys(session, {hash_text(digest) for digest in hashes}),
        },
    )
    return [(row.lineage, hash_bytes(row.hash), row.lane, row.seq) for row in rows]


def lands_within(session: Session, desa: str, first: int, below: int) -> bool:
    """Did a transaction of the village end at a position in ``[first, below)``?"""
    statement = (
        select(_OPERATION.c.at)
        .where(_OPERATION.c.desa == desa, _OPERATION.c.at >= first, _OPERATION.c.at < below)
        .limit(1)
    )
    return session.connection().execute(statement).first() is not None


def entry_text(entry: Mapping[str, Json]) -> str | None:
    """An answer that says no more than its outcome needs no text."""
    return orjson.dumps(dict(entry)).decode() if len(entry) > 1 else None


def entry_of_row(outcome: str, entry: str | None) -> dict[str, Json]:
    """The answer as it was given."""
    if entry is None:
        return {"outcome": outcome}
    stored: dict[str, Json] = orjson.loads(entry)
    return stored


def _stored(row: Row[tuple[object, ...]]) -> Stored:
    return Stored(row.lane, row.seq, hash_bytes(row.hash), entry_of_row(row.outcome, row.entry))


def _logged(session: Session, row: Row[tuple[object, ...]]) -> LoggedOperation:
    return LoggedOperation(
        row.lane,
        row.seq,
        row.kind,
        row.record,
        _body(vault_of(session).open(row.body)),
        entry_of_row(row.outcome, row.entry),
        row.at,
        row.received_at,
        row.captured_at,
        row.observed,
        bool(row.suspect),
        row.account_id,
        row.lineage,
        hash_bytes(row.hash),
    )


def _body(text: str) -> Mapping[str, Json]:
    """The operation as sent; what had no canonical form stays the text it was kept as."""
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {"unreadable": text}
    return body if isinstance(body, dict) else {"unreadable": text}
