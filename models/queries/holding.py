"""What is held: submissions that wait, for what, and what was decided about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)
from sqlmodel import Session

from models.queries.inserting import insert_missing
from models.queries.rowsets import among, keys
from models.queries.scoping import Sight, in_areas, in_sight
from models.queries.submissions import TOLD, WAITING, StoredSubmission, stored_from
from models.tables.accounts import AccountArea
from models.tables.central import SubmissionComment, SubmissionReview
from models.tables.columns import table_of
from models.tables.connectors import ConnectorItemRow
from models.tables.register import RecordRow
from models.tables.submissions import HeldRow, SubmissionFile, SubmissionRow

NO_VILLAGE: Final = ""
"""Where a form lies of which nobody can tell what village it speaks about."""
HELD_PER_PAGE_MAX: Final = 200
RELEASED_PER_ROUND_MAX: Final = 200
"""Of those that wait for one and the same thing; a chain has one at each place."""

_SUBMISSION = table_of(SubmissionRow)
_HELD = table_of(HeldRow)
_RECORD = table_of(RecordRow)
_FILE = table_of(SubmissionFile)
_AREA = table_of(AccountArea)
_REVIEW = table_of(SubmissionReview)
_COMMENT = table_of(SubmissionComment)
_ITEM = table_of(ConnectorItemRow)


@dataclass(frozen=True, slots=True)
class Held:
    """A submission that waits, and for what."""

    desa: str
    submission: str
    reason: str
    awaits: str
    state: str
    since: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    words: str | None = None


def hold(session: Session, held: Held) -> None:
    """Note that a submission waits."""
    row = {name: getattr(held, name) for name in Held.__dataclass_fields__}
    insert_missing(session, _HELD, [row])


def awaiting(session: Session, desa: str, awaited: Sequence[str]) -> list[str]:
    """Submissions that wait for one of these, in the order of their coming."""
    statement = (
        select(_HELD.c.submission)
        .where(
            _HELD.c.desa == bindparam("village"),
            _HELD.c.state == WAITING,
            among(session, _HELD.c.awaits, "awaited"),
        )
        .order_by(_HELD.c.since, _HELD.c.submission)
        .limit(RELEASED_PER_ROUND_MAX)
    )
    rows = session.connection().execute(
        statement, {"village": desa, "awaited": keys(session, awaited)}
    )
    return list(rows.scalars())


def awaited_among(session: Session, desa: str, names: Sequence[str]) -> set[str]:
    """Those of the names that something in the village waits for."""
    statement = select(_HELD.c.awaits).where(
        _HELD.c.desa == bindparam("village"),
        _HELD.c.state == WAITING,
        among(session, _HELD.c.awaits, "awaited"),
    )
    rows = session.connection().execute(
        statement, {"village": desa, "awaited": keys(session, names)}
    )
    return set(rows.scalars())


def villages_awaiting(session: Session, awaited: str) -> list[str]:
    """Villages in which something waits for this, in order; the empty one is none at all."""
    statement = (
        select(_HELD.c.desa)
        .where(_HELD.c.state == WAITING, _HELD.c.awaits == bindparam("awaited"))
        .distinct()
    )
    return sorted(session.connection().execute(statement, {"awaited": awaited}).scalars())


def move_to_village(session: Session, submission_id: str, desa: str) -> None:
    """Give a form that lay in no village its village, with all that names it. The turn is held.

    Rows are written anew: in a cluster a village's rows lie where its code says.
    """
    connection = session.connection()
    for table, column in (
        (_SUBMISSION, _SUBMISSION.c.id),
        (_FILE, _FILE.c.submission),
        (_HELD, _HELD.c.submission),
        (_REVIEW, _REVIEW.c.submission),
        (_COMMENT, _COMMENT.c.submission),
    ):
        its = and_(table.c.desa == NO_VILLAGE, column == submission_id)
        rows = connection.execute(select(table).where(its)).mappings().all()
        if rows:
            connection.execute(insert(table), [{**row, "desa": desa} for row in rows])
            connection.execute(delete(table).where(its))
    connection.execute(
        update(_ITEM)
        .where(_ITEM.c.submission == submission_id, _ITEM.c.desa == NO_VILLAGE)
        .values(desa=desa)
    )


def decide_held(session: Session, held: Held) -> None:
    """Note what was decided about a submission that waited, or what it waits for now."""
    session.connection().execute(
        update(_HELD)
        .where(_HELD.c.desa == held.desa, _HELD.c.submission == held.submission)
        .values(
            reason=held.reason,
            awaits=held.awaits,
            state=held.state,
            decided_at=held.decided_at,
            decided_by=held.decided_by,
            words=held.words,
        )
    )


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A submission that waits, as a list shows it."""

    held: Held
    submission: StoredSubmission
    rt: str | None


# What waits may speak of a record that is not there, whose RT nobody knows.
_PLACED = _HELD.join(
    _SUBMISSION,
    and_(_SUBMISSION.c.desa == _HELD.c.desa, _SUBMISSION.c.id == _HELD.c.submission),
).outerjoin(
    _RECORD, and_(_RECORD.c.desa == _SUBMISSION.c.desa, _RECORD.c.id == _SUBMISSION.c.record)
)
_HELD_COLUMNS = [c.label(f"held_{c.name}") for c in _HELD.c]


def held_lines(
    session: Session,
    sight: Sight,
    *,
    state: str | None,
    desa: str | None = None,
    limit: int,
    offset: int = 0,
) -> tuple[list[HeldLine], int]:
    """A page of what waits in sight, the oldest first, and how many there are in all."""
    where = [_in_sight(sight)]
    if state is not None:
        where.append(_HELD.c.state == state)
    if desa is not None:
        where.append(_HELD.c.desa == desa)
    connection = session.connection()
    total = connection.execute(select(func.count()).select_from(_PLACED).where(*where))
    rows = connection.execute(
        select(*_HELD_COLUMNS, *TOLD, _RECORD.c.rt)
        .select_from(_PLACED)
        .where(*where)
        .order_by(_HELD.c.since, _HELD.c.submission)
        .limit(min(limit, HELD_PER_PAGE_MAX))
        .offset(offset)
    )
    return [_line(row) for row in rows], int(total.scalar_one())


def held_line(session: Session, sight: Sight, submission_id: str) -> HeldLine | None:
    """One submission that waits or waited, if it lies in sight."""
    statement = (
        select(*_HELD_COLUMNS, *TOLD, _RECORD.c.rt)
        .select_from(_PLACED)
        .where(_HELD.c.submission == submission_id, _in_sight(sight))
    )
    row = session.connection().execute(statement).one_or_none()
    return _line(row) if row is not None else None


def _in_sight(sight: Sight) -> ColumnElement[bool]:
    areas = sight.whole_areas()
    return or_(
        and_(_HELD.c.desa != NO_VILLAGE, in_areas(_HELD.c.desa, areas)),
        in_sight(_HELD.c.desa, _RECORD.c.rt, sight),
        and_(_HELD.c.desa == NO_VILLAGE, _sender_is_within(areas)),
    )


def _sender_is_within(areas: Sequence[str]) -> ColumnElement[bool]:
    """Whoever looks after everything that the sender has or ever had, and nobody else.

    A form that names no village may be about any of its sender's.
    """
    if not areas:
        return false()
    its = _AREA.c.account_id == _SUBMISSION.c.account_id
    return and_(
        exists().where(its),
        not_(exists().where(its, not_(_inside(_AREA.c.kode_wilayah, areas)))),
    )


def _inside(code: ColumnElement[str], areas: Sequence[str]) -> ColumnElement[bool]:
    """Codes of any length that one of the areas covers: an area covers what begins with it."""
    return or_(*(func.substr(code, 1, len(area)) == area for area in areas))


def _line(row: Row[*tuple[Any, ...]]) -> HeldLine:
    named = row._mapping  # noqa: SLF001 (SQLAlchemy's public name for it)
    held = Held(**{name: named[f"held_{name}"] for name in Held.__dataclass_fields__})
    return HeldLine(held, stored_from(row), row.rt)
