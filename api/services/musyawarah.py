"""The village's meeting as the operator writes it down: agenda, attendance, decisions.

The agenda follows from the register; what the meeting decides about a family is a fact of the
round and changes no record. Everything can be corrected until the village is signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.freezing import Live, live_round
from api.services.reviewers import Reviewer
from api.services.round_checks import circumstances, names_of
from api.services.rounds import Turned, happened, require_part, require_whole, turned
from models.queries import musyawarahs
from models.queries.musyawarahs import ATTENDANCE_MAX, Attendant, Decided, Meeting
from sync.permission import Action
from sync.readiness import TO_BE_DECIDED, agenda
from sync.signoff import Event
from sync.types import Json

DECISIONS_PER_REQUEST_MAX: Final = 500


class Verdict(StrEnum):
    """What a meeting can decide about a family."""

    LAYAK = "layak"
    TIDAK_LAYAK = "tidak_layak"
    DITUNDA = "ditunda"


@dataclass(frozen=True, slots=True)
class Wished:
    """A decision to be written down."""

    family: str
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AgendaLine:
    """One family that the meeting speaks of."""

    family: str
    rt: str
    name: Json
    """The head's, as far as the reader may know."""
    why: tuple[str, ...]
    must_be_decided: bool
    decision: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class MeetingPage:
    """The meeting as it is written down now."""

    desa: str
    period: str
    state: str
    version: int
    place: str
    held_on: date | None
    attendance: tuple[Attendant, ...]
    notes: str
    agenda: tuple[AgendaLine, ...]


def meeting_page(session: Session, reviewer: Reviewer, desa: str, period: str) -> MeetingPage:
    """Agenda, attendance and decisions; of the RTs in sight."""
    require_part(session, reviewer, desa)
    if not reviewer.may(Action.READ_ROUND):
        raise AppError("not-permitted")
    live = live_round(session, desa, period)
    meeting = live.recorded.meeting
    lines = _agenda(session, reviewer, live)
    return MeetingPage(
        desa,
        period,
        live.round.state.value,
        meeting.version,
        meeting.place,
        meeting.held_on,
        tuple(meeting.attendance),
        meeting.notes,
        tuple(line for line in lines if reviewer.sight.covers(desa, line.rt)),
    )


def write_meeting(
    session: Session,
    reviewer: Reviewer,
    desa: str,
    period: str,
    wished: Meeting,
) -> Meeting:
    """Write place, date, attendance and notes down; `wished.version` is the one that was seen."""
    held, before = _held(session, reviewer, desa, period, wished.version)
    state = held.then(Event.MUSYAWARAH_DICATAT)
    if len(wished.attendance) > ATTENDANCE_MAX:
        raise AppError("value-refused", f"An attendance list takes {ATTENDANCE_MAX} people.")
    if wished.held_on is not None and wished.held_on > _today(reviewer):
        raise AppError("value-refused", "The musyawarah was held today or before.")
    meeting = replace(wished, version=before.version + 1, account_id=reviewer.account_id)
    musyawarahs.store_meeting(session, desa, period, meeting, reviewer.now)
    detail: dict[str, Json] = {
        "version": meeting.version,
        "held_on": None if meeting.held_on is None else meeting.held_on.isoformat(),
        "attendance": len(meeting.attendance),
    }
    happened(session, held, Event.MUSYAWARAH_DICATAT, state, detail=detail)
    return meeting


def decide(
    session: Session,
    reviewer: Reviewer,
    desa: str,
    period: str,
    wished: Sequence[Wished],
    version: int | None = None,
) -> Meeting:
    """Write decisions about families of the list down; all of them or none."""
    held, before = _held(session, reviewer, desa, period, version)
    state = held.then(Event.KEPUTUSAN)
    _require_sense(wished)
    live = live_round(session, desa, period)
    known = {family.id for family in live.village.families}
    if not all(one.family in known for one in wished):
        raise AppError("not-found", "One of the families is not on this village's list.")
    now, by = reviewer.now, reviewer.account_id
    decided = [Decided(w.family, w.verdict.value, w.reason.strip(), now, by) for w in wished]
    musyawarahs.store_decisions(session, desa, period, decided)
    meeting = replace(before, version=before.version + 1, account_id=by)
    musyawarahs.store_meeting(session, desa, period, meeting, now)
    told: list[Json] = [{"family": one.family, "decision": one.decision} for one in decided]
    detail: dict[str, Json] = {"version": meeting.version, "decisions": told}
    happened(session, held, Event.KEPUTUSAN, state, detail=detail)
    return meeting


def alike(session: Session, reviewer: Reviewer, desa: str, period: str, why: str) -> list[str]:
    """Families that are on the agenda for that reason and not decided yet."""
    lines = _agenda(session, reviewer, live_round(session, desa, period))
    return [one.family for one in lines if why in one.why and one.decision is None]


def _held(
    session: Session, reviewer: Reviewer, desa: str, period: str, version: int | None
) -> tuple[Turned, Meeting]:
    require_whole(session, reviewer, desa)
    if not reviewer.may(Action.HOLD_MUSYAWARAH):
        raise AppError("not-permitted")
    held = turned(session, reviewer, desa, period)
    meeting = musyawarahs.recorded(session, desa, period).meeting
    if version is not None and version != meeting.version:
        raise AppError("version-changed", version=meeting.version)
    return held, meeting


def _require_sense(wished: Sequence[Wished]) -> None:
    if not 1 <= len(wished) <= DECISIONS_PER_REQUEST_MAX:
        raise AppError(
            "value-refused", f"1 to {DECISIONS_PER_REQUEST_MAX} decisions are taken at once."
        )
    if len({one.family for one in wished}) < len(wished):
        raise AppError("value-refused", "A family is decided about once.")
    if any(one.verdict is not Verdict.LAYAK and not one.reason.strip() for one in wished):
        raise AppError("value-refused", "tidak_layak and ditunda need the meeting's reason.")


def _agenda(session: Session, reviewer: Reviewer, live: Live) -> list[AgendaLine]:
    names = names_of(live, reviewer)
    lines = []
    for family, why in agenda(live.village, circumstances(session, reviewer, live)):
        decided = live.recorded.decisions.get(family.id)
        lines.append(
            AgendaLine(
                family.id,
                family.record.rt,
                names[family.id],
                tuple(sorted(one.value for one in why)),
                not TO_BE_DECIDED.isdisjoint(why),
                decided.decision if decided is not None else None,
                decided.reason if decided is not None else None,
            )
        )
    return lines


def _today(reviewer: Reviewer) -> date:
    return reviewer.now.astimezone(reviewer.ground.zone).date()
