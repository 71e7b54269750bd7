"""What reviewers decided about forms of other servers, and which of it was told there."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, exists, or_, select, update
from sqlmodel import Session

from models.tables.columns import table_of
from models.tables.connectors import ConnectorItemRow
from models.tables.register import RecordRow
from models.tables.review import ConflictRow
from models.tables.submissions import SubmissionRow
from models.tables.sync import QuarantineRow

_ITEM = table_of(ConnectorItemRow)
_SUBMISSION = table_of(SubmissionRow)
_QUARANTINE = table_of(QuarantineRow)
_CONFLICT = table_of(ConflictRow)
_RECORD = table_of(RecordRow)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A form that a person had to judge, and has: was all of it accepted?"""

    item: str
    accepted: bool
    remote_state: str | None


_OWN_QUARANTINE = and_(
    _QUARANTINE.c.desa == _ITEM.c.desa,
    _QUARANTINE.c.lane == _SUBMISSION.c.lane,
    _QUARANTINE.c.lane_seq.between(_SUBMISSION.c.first_seq, _SUBMISSION.c.last_seq),
)
_FAMILY_IN_DISPUTE = exists().where(
    _CONFLICT.c.desa == _ITEM.c.desa,
    _CONFLICT.c.state == "open",
    _CONFLICT.c.record == _RECORD.c.id,
    _RECORD.c.desa == _ITEM.c.desa,
    _RECORD.c.keluarga == _ITEM.c.record,
)
_REJECTED = or_(
    _SUBMISSION.c.state == "rejected",
    exists().where(_OWN_QUARANTINE, _QUARANTINE.c.state == "rejected"),
)
_UNDECIDED = or_(
    _SUBMISSION.c.state.in_(("held", "quarantined")),
    exists().where(_OWN_QUARANTINE, _QUARANTINE.c.state == "waiting"),
    _FAMILY_IN_DISPUTE,
)


def verdicts(session: Session, connector_id: str, after: str, limit: int) -> list[Verdict]:
    """Forms that a person had to judge and has, and the other server was not told yet."""
    statement = (
        select(_ITEM.c.item, _REJECTED.label("rejected"), _ITEM.c.remote_state)
        .join(
            _SUBMISSION,
            and_(_SUBMISSION.c.desa == _ITEM.c.desa, _SUBMISSION.c.id == _ITEM.c.submission),
        )
        .where(
            _ITEM.c.connector == connector_id,
            _ITEM.c.item > after,
            _ITEM.c.judged,
            ~_ITEM.c.due,
            _ITEM.c.told_state.is_(None),
            or_(_REJECTED, ~_UNDECIDED),
        )
        .order_by(_ITEM.c.item)
        .limit(limit)
    )
    rows = session.connection().execute(statement)
    return [_verdict(row) for row in rows]


def _verdict(row: Row[*tuple[Any, ...]]) -> Verdict:
    return Verdict(row.item, not row.rejected, row.remote_state)


def note_told(session: Session, connector_id: str, item: str, state: str) -> None:
    """The other server knows the verdict."""
    session.connection().execute(
        update(_ITEM)
        .where(_ITEM.c.connector == connector_id, _ITEM.c.item == item)
        .values(told_state=state, remote_state=state)
    )
