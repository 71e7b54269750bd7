"""A village's round as its people look at it: where it stands, what lacks, what comes next."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.security import Principal
from api.services.freezing import standing
from api.services.localities import Locality, locality
from api.services.minutes import standing_of
from api.services.musyawarah import MeetingPage, meeting_page
from api.services.periods import periods_in_sight
from api.services.reviewers import Reviewer, reviewer_of
from api.services.round_checks import checked
from api.services.round_pages import RoundPage, late_page, round_page
from api.services.rounds import require_part
from api.shell import AppShell
from api.web.language import Speaking
from api.web.office_pages import OfficePage, page_token
from api.web.printing.papers import grouped_in_fours
from api.web.rendering import kept, page
from models.queries.auditing import append
from sync.permission import Action
from sync.signoff import SIGNED, Event, State

router = APIRouter(tags=["pages"], responses=ANY_PROBLEM, route_class=OfficePage)

ROUND: Final = "/kantor/putaran"
CULPRITS_SHOWN: Final = 30
LATE_SHOWN: Final = 200

Reader = Annotated[Principal, allowed(Action.READ_ROUND)]


@dataclass(frozen=True, slots=True)
class Able:
    """What the reader's role can do here at all; the state decides about the rest."""

    key_in: bool
    print: bool
    state_rt: bool
    move: bool
    hold: bool
    sign: bool
    sign_on_paper: bool


def able(principal: Principal) -> Able:
    """What somebody sees buttons for."""
    return Able(
        principal.may(Action.KEY_IN),
        principal.may(Action.PRINT),
        principal.may(Action.STATE_RT_DONE),
        principal.may(Action.MOVE_ROUND),
        principal.may(Action.HOLD_MUSYAWARAH),
        principal.may(Action.SIGN),
        principal.may(Action.SIGN_ON_PAPER),
    )


@router.get(ROUND + "/{desa}", include_in_schema=False)
def village_page(
    desa: str, request: Request, shell: AppShell, principal: Reader, language: Speaking
) -> Response:
    """The village's periods; with a single one straight to it."""
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        require_part(session, reviewer, desa)
        place = locality(session, shell.settings, desa)
        found = [
            one for one in periods_in_sight(session, reviewer, desa) if desa.startswith(one.area)
        ]
        states = {one.id: standing(session, desa, one.id)[1].state.value for one in found}
    if len(found) == 1:
        target = f"{ROUND}/{desa}/{found[0].id}{kept(request, language)}"
        return RedirectResponse(target, status_code=303)
    values = {"signed_in": True, "place": place, "periods": found, "states": states}
    return page(request, "round_periods.html", language, values)


@router.get(ROUND + "/{desa}/{period}", include_in_schema=False)
def show_round(
    desa: str,
    period: str,
    request: Request,
    shell: AppShell,
    principal: Reader,
    language: Speaking,
) -> Response:
    """Where the village stands, RT by RT, with everything that its sign-off still lacks."""
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        place, found = _opened(session, shell, reviewer, desa, period)
        report = checked(session, reviewer, desa, period, CULPRITS_SHOWN)
    with shell.database.writing() as session:
        append(session, desa, reviewer.entry("round-read", period=period))
    values = {
        "signed_in": True,
        "form": page_token(request),
        "place": place,
        "round": found,
        "states": [state.value for state in State],
        "steps": [one for one in found.steps if one != Event.DISAHKAN.value],
        "report": report,
        "able": able(principal),
        "signed": found.state in {state.value for state in SIGNED},
        "frozen": [(note, standing_of(note).value) for note in found.frozen],
        "grouped": grouped_in_fours,
        "here": f"{ROUND}/{desa}/{period}",
        "done": request.query_params.get("selesai", "")[:32],
    }
    return page(request, "round.html", language, values)


@router.get(ROUND + "/{desa}/{period}/musyawarah", include_in_schema=False)
def show_meeting(
    desa: str,
    period: str,
    request: Request,
    shell: AppShell,
    principal: Reader,
    language: Speaking,
) -> Response:
    """The meeting: agenda with decisions, attendance."""
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        place = locality(session, shell.settings, desa)
        meeting = meeting_page(session, reviewer, desa, period)
    with shell.database.writing() as session:
        append(session, desa, reviewer.entry("musyawarah-read", period=period))
    values = {
        "signed_in": True,
        "form": page_token(request),
        "place": place,
        "meeting": meeting,
        "attendance": attendance_text(meeting),
        "may_write": able(principal).hold and meeting.state == State.MUSYAWARAH.value,
        "here": f"{ROUND}/{desa}/{period}",
        "done": request.query_params.get("selesai", "")[:32],
    }
    return page(request, "meeting.html", language, values)


@router.get(ROUND + "/{desa}/{period}/terlambat", include_in_schema=False)
def show_late(
    desa: str,
    period: str,
    request: Request,
    shell: AppShell,
    principal: Reader,
    language: Speaking,
) -> Response:
    """What came after the signature: the beginning of the next round."""
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        place = locality(session, shell.settings, desa)
        late = late_page(session, reviewer, desa, period, LATE_SHOWN)
    with shell.database.writing() as session:
        append(session, desa, reviewer.entry("round-late-read", period=period))
    values = {
        "signed_in": True,
        "place": place,
        "late": late,
        "here": f"{ROUND}/{desa}/{period}",
    }
    return page(request, "late.html", language, values)


def attendance_text(meeting: MeetingPage) -> str:
    """The attendance list as its form shows it: a person a line, `name; role; v`."""
    return "\n".join(
        "; ".join((one.nama, one.peran, "v") if one.tanda_tangan else (one.nama, one.peran))
        for one in meeting.attendance
    )


def _opened(
    session: Session, shell: AppShell, reviewer: Reviewer, desa: str, period: str
) -> tuple[Locality, RoundPage]:
    found = round_page(session, reviewer, desa, period)
    return locality(session, shell.settings, desa), found
