"""What reviewers sent back about records: rejected operations, and rejected forms."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, func, select
from sqlmodel import Session

from models.queries.rowsets import among, keys
from models.queries.scoping import Sight, in_sight
from models.tables.columns import UtcDateTime, table_of
from models.tables.register import RecordRow
from models.tables.submissions import HeldRow, SubmissionRow
from models.tables.sync import OperationRow, QuarantineRow

REJECTED = "rejected"

_RECORD = table_of(RecordRow)
_HELD = table_of(HeldRow)
_SUBMISSION = table_of(SubmissionRow)
_QUARANTINE = table_of(QuarantineRow)
_OPERATION = table_of(OperationRow)


def rejected_words(session: Session, desa: str, sight: Sight) -> list[tuple[str, str, datetime]]:
    """(record, the reviewer's words, when) of what was rejected about records in sight."""
    of_forms = (
        select(_SUBMISSION.c.record, _HELD.c.words, _HELD.c.decided_at)
        .join(
            _SUBMISSION,
            and_(_SUBMISSION.c.desa == _HELD.c.desa, _SUBMISSION.c.id == _HELD.c.submission),
        )
        .join(
            _RECORD,
            and_(_RECORD.c.desa == _SUBMISSION.c.desa, _RECORD.c.id == _SUBMISSION.c.record),
        )
        .where(_HELD.c.desa == bindparam("village"), _HELD.c.state == REJECTED)
        .where(in_sight(_RECORD.c.desa, _RECORD.c.rt, sight))
    )
    of_operations = (
        select(_QUARANTINE.c.record, _QUARANTINE.c.reason, _QUARANTINE.c.decided_at)
        .join(
            _RECORD,
            and_(_RECORD.c.desa == _QUARANTINE.c.desa, _RECORD.c.id == _QUARANTINE.c.record),
        )
        .where(_QUARANTINE.c.desa == bindparam("village"), _QUARANTINE.c.state == REJECTED)
        .where(in_sight(_RECORD.c.desa, _RECORD.c.rt, sight))
    )
    found: list[tuple[str, str, datetime]] = []
    for statement in (of_forms, of_operations):
        rows = session.connection().execute(statement, {"village": desa})
        found += [(row[0], row[1] or "", row[2]) for row in rows]
    return sorted(found, key=lambda one: one[2])


def last_changes(
    session: Session, desas: Sequence[str], records: Sequence[str]
) -> dict[str, datetime]:
    """Record → when something about it was last merged."""
    statement = (
        select(
            _OPERATION.c.record,
            func.max(_OPERATION.c.received_at, type_=UtcDateTime()).label("last"),
        )
        .where(
            among(session, _OPERATION.c.desa, "villages"),
            among(session, _OPERATION.c.record, "wanted"),
            _OPERATION.c.outcome.in_(("applied", "no-op", "conflict")),
        )
        .group_by(_OPERATION.c.record)
    )
    rows = session.connection().execute(
        statement, {"villages": keys(session, desas), "wanted": keys(session, set(records))}
    )
    return {row.record: row.last for row in rows}
