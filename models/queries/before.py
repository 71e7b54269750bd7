"""What was there before a form came: its phone's lane, the form itself, others about its family.

A form that comes in asks four things at once, because each statement costs as much as all of it:
is something waiting in the village, which lane is the phone's, did this instance come before, and
what came before about its record. Forms that come together ask together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Label,
    Select,
    String,
    and_,
    bindparam,
    cast,
    exists,
    false,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlmodel import Session

from models.queries.lanes import StoredLane, lane_from
from models.queries.rowsets import (
    ROWS,
    SLOTS,
    asked_rows,
    found_for,
    in_slots,
    rows_text,
    slotted,
)
from models.queries.submissions import TOLD, WAITING, StoredSubmission, stored_from
from models.standing import Row, Standing
from models.tables.columns import RecordId, table_of
from models.tables.submissions import HeldRow, SubmissionRow
from models.tables.sync import LaneRow

_SUBMISSION = table_of(SubmissionRow)
_HELD = table_of(HeldRow)
_LANE = table_of(LaneRow)
_LANE_NAMES: Final = {c: f"lane_{c.name}" for c in _LANE.c}


@dataclass(frozen=True, slots=True)
class Before:
    """What a village knows when a form comes in."""

    is_waited: bool
    """Does anything wait in the village at all?"""
    lane: StoredLane | None
    """The phone's own."""
    same: tuple[StoredSubmission, ...]
    """What came under the same instance's id, the first one first."""
    about: tuple[StoredSubmission, ...]
    """What is in the register about the same record, in the order of its coming."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which form is asking, and whose."""

    desa: str
    instance: str
    record: str | None
    device: str


def what_came_before(session: Session, source: str, asked: Sequence[Question]) -> list[Before]:
    """Everything that forms of one village have to know of what came before them.

    ``source`` is of their lanes; the forms are no more than the last of `SLOTS`.
    """
    bound = slotted("instance", [one.instance for one in asked])
    slots = len(bound)
    bound |= slotted("about", [one.record for one in asked])
    bound |= slotted("device", [one.device for one in asked])
    return _told(
        asked,
        _in_one_village(slots).rows(session, {"village": asked[0].desa, "source": source, **bound}),
    )


def what_came_before_everywhere(
    session: Session, source: str, asked: Sequence[Question]
) -> list[Before]:
    """`what_came_before` for forms of any villages (PostgreSQL)."""
    said = [
        {"desa": q.desa, "instance": q.instance, "about": q.record, "device": q.device}
        for q in asked
    ]
    return _told(asked, _ANYWHERE.rows(session, {"source": source, ROWS: rows_text(said)}))


def _told(asked: Sequence[Question], rows: Sequence[Row]) -> list[Before]:
    waited = {row.village for row in rows if row.is_waited}
    lanes: dict[tuple[str, str], StoredLane] = {}
    by_id: dict[tuple[str, str], StoredSubmission] = {}
    for row in rows:
        if row.lane_lane is not None:
            held = lane_from(row, "lane_")
            lanes[held.lane.desa, held.lineage] = held
        elif row.id is not None and (row.desa, row.id) not in by_id:
            by_id[row.desa, row.id] = stored_from(row)
    found = sorted(by_id.values(), key=lambda one: (one.received_at, one.id))
    return [
        Before(
            question.desa in waited,
            lanes.get((question.desa, question.device)),
            tuple(_same(question, found)),
            tuple(_about(question, found)),
        )
        for question in asked
    ]


def _same(asked: Question, found: Sequence[StoredSubmission]) -> Iterator[StoredSubmission]:
    for one in found:
        if one.desa == asked.desa and one.instance == asked.instance:
            yield one


def _about(asked: Question, found: Sequence[StoredSubmission]) -> Iterator[StoredSubmission]:
    for one in found:
        if one.desa == asked.desa and one.lane is not None and one.record == asked.record:
            yield one


def _no_lane() -> list[Label[Any]]:
    return [cast(null(), c.type).label(name) for c, name in _LANE_NAMES.items()]


def _no_form() -> list[Label[Any]]:
    return [cast(null(), c.type).label(c.name) for c in TOLD]


def _is_waited(village: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(_HELD.c.desa == village, _HELD.c.state == WAITING)


def _forms() -> Select[Any]:
    nothing: list[ColumnElement[Any]] = [cast(null(), String).label("village"), false()]
    return select(*nothing, *_no_lane(), *TOLD)


@lru_cache(maxsize=len(SLOTS))
def _in_one_village(slots: int) -> Standing:
    village = bindparam("village", type_=String())
    here = select(literal(1).label("one")).subquery("here")
    of_phones = and_(
        _LANE.c.desa == village,
        in_slots(_LANE.c.lineage, "device", slots),
        _LANE.c.source == bindparam("source"),
    )
    lanes = select(
        village.label("village"),
        _is_waited(village).label("is_waited"),
        *(c.label(name) for c, name in _LANE_NAMES.items()),
        *_no_form(),
    ).select_from(here.outerjoin(_LANE, of_phones))
    forms = _forms().where(_SUBMISSION.c.desa == village)
    # Not one question with OR: see `models.queries.records`.
    same = forms.where(in_slots(_SUBMISSION.c.instance, "instance", slots))
    about = forms.where(
        in_slots(_SUBMISSION.c.record, "about", slots), _SUBMISSION.c.lane.is_not(None)
    )
    return Standing(union_all(lanes, same, about), is_frequent=True)


def _anywhere() -> Standing:
    asked = asked_rows(desa=String(), instance=String(), about=RecordId(), device=String())
    lane = found_for(
        asked,
        select(*(c.label(name) for c, name in _LANE_NAMES.items())).where(
            _LANE.c.desa == asked.c.desa,
            _LANE.c.lineage == asked.c.device,
            _LANE.c.source == bindparam("source"),
        ),
    )
    lanes = select(
        asked.c.desa.label("village"),
        _is_waited(asked.c.desa).label("is_waited"),
        *lane.c,
        *_no_form(),
    ).select_from(asked.outerjoin(lane, true()))
    forms = select(*TOLD).where(_SUBMISSION.c.desa == asked.c.desa)
    same = found_for(asked, forms.where(_SUBMISSION.c.instance == asked.c.instance))
    about = found_for(
        asked,
        forms.where(_SUBMISSION.c.record == asked.c.about, _SUBMISSION.c.lane.is_not(None)),
    )
    nothing: list[ColumnElement[Any]] = [cast(null(), String).label("village"), false()]
    questions = [
        select(*nothing, *_no_lane(), *found.c).select_from(asked.join(found, true()))
        for found in (same, about)
    ]
    return Standing(union_all(lanes, *questions), is_frequent=True)


_ANYWHERE: Final = _anywhere()
