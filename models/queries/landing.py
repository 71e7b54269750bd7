"""Write what was decided about villages without their turn, where nobody had a turn meanwhile.

Whoever holds a village's turn while he reads and thinks keeps everybody else waiting, and each
step of his is a journey to the database. Here all that he decided is one statement: it takes the
turns that were free when he looked, and leaves no trace of the others. Whose turn it is right now
is not waited for, because afterwards it would be too late.

One statement for all villages that come at the same moment: what a statement costs before it has
written anything is more than what a form costs, and each commit waits for the log to be on the
disk. A cluster keeps villages apart from each other, and its nodes would have to agree about each
commit: there nobody decides ahead (`are_on_one_node`).

For PostgreSQL alone. SQLite has one writer at a time, and a statement there is a function call.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from sqlalchemy import Table, text
from sqlmodel import Session

from models.engines import ON_ONE_NODE
from models.queries import batches
from models.queries.batches import LINK, NOTED, Noted, end_of, link_of
from models.queries.feeds import Sight
from models.queries.operations import logged_rows
from models.queries.records import record_rows
from models.queries.rowsets import bound_rows, insertion, instant, replacement, rows_text
from models.queries.submissions import Kept, kept_rows
from models.sealing import Vault, vault_of
from models.standing import Standing
from models.tables.columns import table_of
from models.tables.register import RecordRow
from models.tables.submissions import SubmissionRow
from models.tables.sync import OperationRow
from sync.types import Record

_Row: TypeAlias = Mapping[str, object]


class _Added(NamedTuple):
    """A set of rows that a landing adds."""

    table: Table
    beside: tuple[str, ...] = ()
    """What of them is long."""
    replaces: bool = False
    """May they be there already?"""


_ADDED: Final[Mapping[str, _Added]] = {
    "logged": _Added(table_of(OperationRow), batches.BESIDE),
    "written": _Added(table_of(RecordRow), ("doc", "stamps"), replaces=True),
    "kept": _Added(table_of(SubmissionRow)),
}


@dataclass(frozen=True, slots=True)
class Landing:
    """Forms of one village that were decided upon what was seen of it.

    Nobody leaves a family with them (`models.queries.departures`), and nothing of them waits for a
    person.
    """

    sight: Sight
    noted: Sequence[Noted]
    records: Sequence[Record]
    kept: Sequence[Kept]

    @property
    def desa(self) -> str:
        return self.sight.desa


def are_on_one_node(session: Session) -> bool:
    """May one statement be about several villages? The session is one of `Database.landing`."""
    return bool(session.connection().info[ON_ONE_NODE])


def land(session: Session, landings: Sequence[Landing]) -> frozenset[str]:
    """Write them, one for each village, but for the villages that are no longer as they were seen.

    Returns the others. If one of them cannot be carried out, none is, and the database's error is
    raised.
    """
    vault = vault_of(session)
    sets: defaultdict[str, list[_Row]] = defaultdict(list)
    for landing in landings:
        for name, rows in _sets_of(landing, vault):
            sets[name] += [{"desa": landing.desa, **row} for row in rows]
    values: dict[str, object] = {
        name: rows_text(rows) for name, rows in sets.items() if name not in _ADDED
    }
    added = {name: sets[name] for name in _ADDED if sets[name]}
    for name, rows in added.items():
        values |= bound_rows(rows, name, _ADDED[name].beside)
    statement = _statement(tuple((name, tuple(rows[0])) for name, rows in added.items()))
    return frozenset(row[0] for row in statement.rows(session, values))


def _sets_of(landing: Landing, vault: Vault) -> Iterable[tuple[str, Sequence[_Row]]]:
    """A village's part of each set of rows."""
    sight, noted = landing.sight, landing.noted
    head = noted[-1].brought.at
    yield (
        "villages",
        [{"seen": sight.head, "turns": sight.turns, "head": head, "batches": len(noted)}],
    )
    yield "batches", [_batch_of(n, one) for n, one in enumerate(noted, 1)]
    yield "logged", [row for one in noted for row in logged_rows(vault, one.brought, one.settled)]
    yield "written", record_rows(vault, landing.records)
    yield "kept", kept_rows(vault, landing.kept)


def _batch_of(n: int, noted: Noted) -> _Row:
    return {**end_of(noted.lane), **link_of(n, noted), "now": instant(noted.brought.received_at)}


# The first row of a village's chain is somebody else's to write, who has time to see whether it is
# there. The guard of the records looks for the raised head: each part waits for it.
_LANDED: Final = f"""
    WITH RECURSIVE village AS (
        SELECT desa, seen, turns, head, batches
        FROM json_to_recordset(CAST(:villages AS json)) AS v(
            desa varchar, seen bigint, turns bigint, head bigint, batches int
        )
    ), batch AS (
        SELECT desa, i, lane, last, dots, now, at, actor, device, action, detail, stated
        FROM json_to_recordset(CAST(:batches AS json)) AS b(
            desa varchar, i int, lane varchar, last bigint, dots text, now timestamptz,
            at timestamptz, actor varchar, device varchar, action varchar, detail varchar,
            stated text
        )
    ), turn AS (
        SELECT feed.desa, village.head, village.batches
        FROM village JOIN feed ON feed.desa = village.desa
        WHERE feed.head = village.seen AND feed.turns = village.turns
          AND EXISTS (SELECT FROM audit_chain WHERE audit_chain.chain = feed.desa)
        FOR UPDATE OF feed SKIP LOCKED
    ), raised AS (
        UPDATE feed SET previous = feed.head, head = turn.head, turns = feed.turns + 1
        FROM turn WHERE feed.desa = turn.desa
        RETURNING feed.desa, turn.batches
    ), head AS (
        SELECT chain, n, CAST(hash AS text) AS hash
        FROM audit_chain WHERE audit_chain.chain IN (SELECT raised.desa FROM raised) FOR UPDATE
    ), advanced AS (
        UPDATE lane SET last = batch.last, extra = batch.dots, synced_at = batch.now
        FROM batch JOIN raised ON raised.desa = batch.desa
        WHERE lane.desa = batch.desa AND lane.lane = batch.lane
    ), link(desa, i, n, previous, hash) AS (
        SELECT chain, 0, n, CAST(NULL AS text), hash FROM head
        UNION ALL
        SELECT link.desa, batch.i, {LINK.format(last="link", stated="batch.stated")}
        FROM link JOIN batch ON batch.desa = link.desa AND batch.i = link.i + 1
    ), noted AS (
        {NOTED}
        SELECT link.desa, link.n, at, actor, device, action, detail, previous, hash
        FROM link JOIN batch ON batch.desa = link.desa AND batch.i = link.i
    ), moved AS (
        UPDATE audit_chain SET n = link.n, hash = link.hash
        FROM link JOIN raised ON raised.desa = link.desa AND raised.batches = link.i
        WHERE audit_chain.chain = link.desa
        RETURNING audit_chain.chain
    )"""  # noqa: S608 (no word is a value)
_WHERE: Final = "r.desa IN (SELECT raised.desa FROM raised)"


@lru_cache(maxsize=8)
def _statement(added: tuple[tuple[str, tuple[str, ...]], ...]) -> Standing:
    """The villages of the landings that were written; ``added`` names each set and its columns."""
    parts = [_LANDED, *(f"{name} AS ({_insertion(name, columns)})" for name, columns in added)]
    # Every name comes from our own tables; values only ever travel as parameters.
    return Standing(text(f"{', '.join(parts)} SELECT chain FROM moved"), is_frequent=True)  # noqa: S608


def _insertion(name: str, columns: tuple[str, ...]) -> str:
    table, beside, replaces = _ADDED[name]
    added = insertion(table, columns, sqlite=False, rows_name=name, beside=beside, where=_WHERE)
    return added + replacement(table, columns) if replaces else added
