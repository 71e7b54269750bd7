"""What a batch leaves beside its records: numbers, log, the lane's new end, and its audit entry.

Each of them is a row or two, and a statement costs more than what it writes. So on PostgreSQL they
go as one statement, each part of which still names its village and its table alone; on SQLite,
where a statement is a function call, they go one after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import text
from sqlmodel import Session

from models.queries import auditing, feeds, lanes
from models.queries.auditing import AuditEntry
from models.queries.operations import Brought, logged_rows
from models.queries.rowsets import add, bound_rows, insertion, instant, is_sqlite, rows_text
from models.sealing import vault_of
from models.standing import Standing
from models.tables.columns import table_of
from models.tables.sync import OperationRow
from sync.push import Settled
from sync.types import Lane

_OPERATION = table_of(OperationRow)
BESIDE: Final = ("body",)
"""Of a row of the log: what is long."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A decided batch: who brought it, what became of it, and where lane and village now end.

    The village's turn is held, so ``brought.at`` is its head after the batch.
    """

    lane: Lane
    brought: Brought
    settled: Sequence[Settled]
    entry: AuditEntry


def note_batches(session: Session, noted: Sequence[Noted]) -> None:
    """Take the numbers of a village's batches, before any record is written.

    Log, lanes and audit say from then on that they came. Each batch begins where the one before it
    ends, and each has a lane of its own.
    """
    desa, brought = noted[0].lane.desa, noted[-1].brought
    vault = vault_of(session)
    rows = [row for one in noted for row in logged_rows(vault, one.brought, one.settled)]
    if is_sqlite(session):
        feeds.raise_head(session, desa, brought.at)
        add(session, _OPERATION, desa, rows)
        for one in noted:
            lanes.advance(session, one.lane, one.brought.received_at)
    elif _in_one(session, noted, rows):
        return
    auditing.append(session, desa, *(one.entry for one in noted))


def _in_one(session: Session, noted: Sequence[Noted], rows: Sequence[Mapping[str, object]]) -> bool:
    """True if all of it is written; False if only the audit entries, a village's first, are not."""
    statement = _statement(tuple(rows[0]), alone=len(noted) == 1)
    desa, brought = noted[0].lane.desa, noted[-1].brought
    values = {
        "desa": desa,
        **bound_rows(rows, beside=BESIDE),
        "head": brought.at,
        "now": instant(brought.received_at),
    }
    ends = [end_of(one.lane) for one in noted]
    links = [link_of(n, one) for n, one in enumerate(noted, 1)]
    if len(noted) == 1:
        values |= {**ends[0], **links[0]}
    else:
        lists = {"lanes": rows_text(ends), "entries": rows_text(links)}
        values |= {**lists, "count": len(noted)}
    return statement.row(session, values) is not None


def end_of(lane: Lane) -> dict[str, object]:
    """Where a lane ends, as a row."""
    return {"lane": lane.name, "last": lane.last, "dots": lanes.dots_text(lane)}


def link_of(n: int, noted: Noted) -> dict[str, object]:
    """The n-th link that the village's chain grows by, as a row (see `LINK`)."""
    told = auditing.stated(noted.lane.desa, noted.entry)
    return {**told, "i": n, "stated": auditing.before_link(told)}


LINK: Final = """{last}.n + 1, {last}.hash, encode(sha256(convert_to(
            {stated} || ',"n":' || ({last}.n + 1) || ',"previous":"' || {last}.hash || '"}}',
            'UTF8'
        )), 'hex')"""
"""Number, previous hash and own hash of the link behind ``last``."""
NOTED: Final = "INSERT INTO audit (chain, n, at, actor, device, action, detail, previous, hash)"

# A part sees nothing of what the others write. Only the last three need what another one says, and
# they read it from there: each link follows from the one before it, the first from the head that
# was just locked.
_PARTS: Final = """
    WITH RECURSIVE raised AS (
        UPDATE feed SET previous = head, head = CAST(:head AS bigint)
        WHERE feed.desa = :desa AND feed.head < CAST(:head AS bigint)
    ), logged AS (
        {logging}
    ), head AS (
        SELECT n, CAST(hash AS text) AS hash
        FROM audit_chain WHERE audit_chain.chain = :desa FOR UPDATE
    ), {ending}
    SELECT n FROM moved
"""
_MOVED: Final = """
        UPDATE audit_chain SET n = link.n, hash = link.hash
        FROM link WHERE audit_chain.chain = :desa"""
# Most batches come alone, and need no set of rows to be read and joined for one of each.
_ONE: Final = f"""advanced AS (
        UPDATE lane SET last = CAST(:last AS bigint), extra = CAST(:dots AS text),
            synced_at = CAST(:now AS timestamptz)
        WHERE lane.desa = :desa AND lane.lane = :lane
    ), link(n, previous, hash) AS (
        SELECT {LINK.format(last="head", stated="CAST(:stated AS text)")} FROM head
    ), noted AS (
        {NOTED}
        SELECT CAST(:desa AS varchar), n, CAST(:at AS timestamptz), CAST(:actor AS varchar),
            CAST(:device AS varchar), CAST(:action AS varchar), CAST(:detail AS varchar),
            previous, hash
        FROM link
    ), moved AS ({_MOVED} RETURNING audit_chain.n
    )"""  # noqa: S608 (no word is a value)
_MANY: Final = f"""advanced AS (
        UPDATE lane SET last = ended.last, extra = ended.dots, synced_at = CAST(:now AS timestamptz)
        FROM json_to_recordset(CAST(:lanes AS json)) AS ended(lane varchar, last bigint, dots text)
        WHERE lane.desa = :desa AND lane.lane = ended.lane
    ), entry AS (
        SELECT i, at, actor, device, action, detail, stated
        FROM json_to_recordset(CAST(:entries AS json)) AS e(
            i int, at timestamptz, actor varchar, device varchar, action varchar, detail varchar,
            stated text
        )
    ), link(i, n, previous, hash) AS (
        SELECT 0, n, CAST(NULL AS text), hash FROM head
        UNION ALL
        SELECT entry.i, {LINK.format(last="link", stated="entry.stated")}
        FROM link JOIN entry ON entry.i = link.i + 1
    ), noted AS (
        {NOTED}
        SELECT CAST(:desa AS varchar), link.n, at, actor, device, action, detail, previous, hash
        FROM link JOIN entry ON entry.i = link.i
    ), moved AS ({_MOVED} AND link.i = CAST(:count AS int) RETURNING audit_chain.n
    )"""  # noqa: S608 (no word is a value)


@lru_cache(maxsize=8)
def _statement(names: tuple[str, ...], *, alone: bool) -> Standing:
    """It finds a row if all of it is written. ``alone`` says that it is one batch."""
    logging = insertion(_OPERATION, names, sqlite=False, beside=BESIDE)
    # Every name comes from our own tables; values only ever travel as parameters.
    return Standing(text(_PARTS.format(logging=logging, ending=_ONE if alone else _MANY)))
