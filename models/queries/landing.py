"""Write what was decided about a village without its turn, if nobody had a turn meanwhile.

Whoever holds a village's turn while he reads and thinks keeps everybody else waiting, and each
step of his is a journey to the database. Here all that he decided is one statement: it takes the
turn that was free when he looked, or leaves no trace. Whose turn it is right now is not waited for,
because afterwards it would be too late.

Each statement stays in its village, and needs nothing of any other. Where one node has them all,
those that come at the same moment share a commit: each commit waits for the log to be on the disk.

For PostgreSQL alone. SQLite has one writer at a time, and a statement there is a function call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlmodel import Session

from models.engines import ON_ONE_NODE
from models.pipeline import Pipeline
from models.queries.batches import Noted, noting, values_of
from models.queries.feeds import Sight
from models.queries.operations import logged_rows
from models.queries.records import record_rows
from models.queries.rowsets import bound_rows, insertion, replacement
from models.queries.submissions import Kept, kept_rows
from models.sealing import Vault
from models.standing import Standing
from models.tables.columns import table_of
from models.tables.register import RecordRow
from models.tables.submissions import SubmissionRow
from sync.types import Record

_RECORD = table_of(RecordRow)
_SUBMISSION = table_of(SubmissionRow)
_BESIDE: Final = ("doc", "stamps")


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


def share_a_commit(session: Session) -> bool:
    """May landings of several villages be one transaction? Not where a cluster keeps them apart.

    Its nodes would have to agree about each commit.
    """
    return bool(session.connection().info[ON_ONE_NODE])


def land(pipeline: Pipeline, landing: Landing, vault: Vault) -> None:
    """Write it, or nothing of it if the village is no longer as it was seen.

    The pipeline finds a row if it is written.
    """
    logged = [r for one in landing.noted for r in logged_rows(vault, one.brought, one.settled)]
    records = record_rows(vault, landing.records)
    kept = kept_rows(vault, landing.kept)
    statement = _statement(
        tuple(logged[0]),
        tuple(records[0]) if records else (),
        tuple(kept[0]),
        alone=len(landing.noted) == 1,
    )
    values: dict[str, object] = {
        **values_of(landing.noted, logged),
        "seen": landing.sight.head,
        "turns": landing.sight.turns,
        **bound_rows(kept, "forms"),
    }
    if records:
        values |= bound_rows(records, "records", _BESIDE)
    pipeline.send(statement, values)


# The first row of a village's chain is somebody else's to write, who has time to see whether it is
# there. The guard of the records looks for the raised head: each part waits for it.
_RAISED: Final = """turn AS (
        SELECT feed.desa FROM feed
        WHERE feed.desa = :desa AND feed.head = CAST(:seen AS bigint)
          AND feed.turns = CAST(:turns AS bigint)
          AND EXISTS (SELECT FROM audit_chain WHERE audit_chain.chain = :desa)
        FOR UPDATE SKIP LOCKED
    ), raised AS (
        UPDATE feed SET previous = head, head = CAST(:head AS bigint), turns = turns + 1
        FROM turn WHERE feed.desa = turn.desa
        RETURNING feed.head
    )"""
_WHERE: Final = "EXISTS (SELECT FROM raised)"


@lru_cache(maxsize=8)
def _statement(
    logged: tuple[str, ...], records: tuple[str, ...], kept: tuple[str, ...], *, alone: bool
) -> Standing:
    forms = insertion(_SUBMISSION, kept, sqlite=False, rows_name="forms", where=_WHERE)
    further = f", kept AS ({forms})"
    if records:
        written = insertion(
            _RECORD, records, sqlite=False, rows_name="records", beside=_BESIDE, where=_WHERE
        )
        further += f", written AS ({written}{replacement(_RECORD, records)})"
    statement = noting(logged, alone=alone, raised=_RAISED, where=_WHERE, further=further)
    return Standing(statement)
