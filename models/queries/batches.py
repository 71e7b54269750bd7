"""What a batch leaves beside its records: numbers, log, the lane's new end, and its audit entry.

Each of them is a row or two, and a statement costs more than what it writes. So on PostgreSQL they
go as one statement, each part of which still names its village and its table alone; on SQLite,
where a statement is a function call, they go one after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlalchemy import text
from sqlmodel import Session

from models.queries import auditing, feeds, lanes
from models.queries.auditing import AuditEntry
from models.queries.operations import Brought, logged_rows
from models.queries.rowsets import ROWS, add, insertion, instant, is_sqlite, rows_text
from models.standing import Standing
from models.tables.columns import table_of
from models.tables.sync import OperationRow
from sync.push import Settled
from sync.types import Lane

_OPERATION = table_of(OperationRow)


@dataclass(frozen=True, slots=True)
class Noted:
    """A decided batch: who brought it, what became of it, and where lane and village now end.

    The village's turn is held, so ``brought.at`` is its head after the batch.
    """

    lane: Lane
    brought: Brought
    settled: Sequence[Settled]
    entry: AuditEntry


def note_batch(session: Session, noted: Noted) -> None:
    """Take the batch's numbers, before any record is written, and write down that it came."""
    desa, now = noted.lane.desa, noted.brought.received_at
    rows = logged_rows(session, noted.brought, noted.settled)
    if is_sqlite(session):
        feeds.raise_head(session, desa, noted.brought.at)
        add(session, _OPERATION, desa, rows)
        lanes.advance(session, noted.lane, now)
    elif _in_one(session, noted, rows, now):
        return
    auditing.append(session, desa, noted.entry)


def _in_one(
    session: Session, noted: Noted, rows: Sequence[Mapping[str, object]], now: datetime
) -> bool:
    """True if all of it is written; False if only the audit entry, the village's first, is not."""
    entry = noted.entry
    told = auditing.stated(noted.lane.desa, entry)
    moved = _statement(tuple(rows[0])).row(
        session,
        {
            "desa": noted.lane.desa,
            ROWS: rows_text(rows),
            "head": noted.brought.at,
            "lane": noted.lane.name,
            "last": noted.lane.last,
            "dots": lanes.dots_text(noted.lane),
            "now": instant(now),
            "at": told["at"],
            "actor": entry.actor,
            "device": entry.device,
            "action": entry.action,
            "detail": told["detail"],
            "stated": auditing.before_link(told),
        },
    )
    return moved is not None


# A part sees nothing of what the others write. Only the last two need what another one says, and
# they read it from there: the chain's new head follows from the head that was just locked.
_PARTS: Final = """
    WITH raised AS (
        UPDATE feed SET previous = head, head = CAST(:head AS bigint)
        WHERE feed.desa = :desa AND feed.head < CAST(:head AS bigint)
    ), logged AS (
        {logging}
    ), advanced AS (
        UPDATE lane SET last = CAST(:last AS bigint), extra = CAST(:dots AS text),
                        synced_at = CAST(:now AS timestamptz)
        WHERE lane.desa = :desa AND lane.lane = :lane
    ), link AS (
        SELECT n + 1 AS n, hash AS previous, encode(sha256(convert_to(
            CAST(:stated AS text) || ',"n":' || (n + 1) || ',"previous":"' || hash || '"}}', 'UTF8'
        )), 'hex') AS hash
        FROM audit_chain WHERE audit_chain.chain = :desa FOR UPDATE
    ), noted AS (
        INSERT INTO audit (chain, n, at, actor, device, action, detail, previous, hash)
        SELECT CAST(:desa AS varchar), n, CAST(:at AS timestamptz), CAST(:actor AS varchar),
               CAST(:device AS varchar), CAST(:action AS varchar), CAST(:detail AS varchar),
               previous, hash
        FROM link
    ), moved AS (
        UPDATE audit_chain SET n = link.n, hash = link.hash
        FROM link WHERE audit_chain.chain = :desa RETURNING audit_chain.n
    )
    SELECT n FROM moved
"""


@lru_cache(maxsize=4)
def _statement(names: tuple[str, ...]) -> Standing:
    logging = insertion(_OPERATION, names, sqlite=False)
    # Every name comes from our own tables; values only ever travel as parameters.
    return Standing(text(_PARTS.format(logging=logging)))
