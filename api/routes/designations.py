"""Which villages a programme is aimed at, and the order in which to look at them."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.schemas.growth import (
    Designate,
    DesignatedList,
    DesignatedView,
    DesignationList,
    DesignationView,
    RankingView,
    Revoke,
    RevokedList,
    RevokedView,
    Year,
)
from api.security import Principal
from api.services.acts import act_of
from api.services.designating import Revocation, designate, revoke
from api.services.ranking import RANKED_PER_ANSWER_MAX, Question, village_ranking
from api.shell import AppShell
from models.queries.designations import (
    DESIGNATIONS_PER_PAGE_MAX,
    Asked,
    listed_designations,
)
from models.queries.scoping import Sight
from sync.lokus import DECILE_DEFAULT, DecileField, Programme
from sync.permission import Action

AREA: Final = r"^(\d{2}|\d{4}|\d{6}|\d{10})$"

router = APIRouter(
    tags=["lokus"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=32 * 1024))
)

Reader = Annotated[Principal, allowed(Action.READ_AGGREGATES)]
Designator = Annotated[Principal, allowed(Action.DESIGNATE)]
AreaAsked = Annotated[str | None, Query(pattern=AREA, description="Only inside of this area")]


@dataclass(frozen=True, slots=True)
class _Page:
    """Which designations, and behind which one the page begins."""

    asked: Asked
    after: tuple[str, str] | None


def asked_page(
    area: AreaAsked = None,
    programme: Programme | None = None,
    year: Annotated[Year | None, Query()] = None,
    closed: Annotated[bool, Query(description="Also revoked and replaced ones")] = False,
    after: Annotated[str | None, Query(pattern=r"^\d{10}:[0-9a-f-]{36}$")] = None,
) -> _Page:
    """What the query asks for."""
    place = None if after is None else (after[:10], after[11:])
    return _Page(Asked(area, programme, year, closed), place)


@router.get("/v1/designations")
def list_designations(
    shell: AppShell, principal: Reader, page: Annotated[_Page, Depends(asked_page)]
) -> DesignationList:
    """Designations of villages in the caller's area, by village; with `closed` the history."""
    sight = Sight(principal.scope, shell.now())
    with shell.database.reading() as session:
        found = listed_designations(session, sight, page.asked, after=page.after)
    is_full = len(found) == DESIGNATIONS_PER_PAGE_MAX
    return DesignationList(
        designations=[DesignationView.of(one, shell.today()) for one in found],
        next=f"{found[-1].desa}:{found[-1].id}" if is_full else None,
    )


@router.post("/v1/designations")
def post_designations(body: Designate, shell: AppShell, principal: Designator) -> DesignatedList:
    """Designate villages by a decree. Repeating it changes nothing."""
    with shell.database.writing() as session:
        act = act_of(principal, shell)
        done = designate(session, act, body.as_decree(), body.villages, today=shell.today())
    return DesignatedList(villages=[DesignatedView.model_validate(one) for one in done])


@router.post("/v1/designations/revocations")
def post_revocations(body: Revoke, shell: AppShell, principal: Designator) -> RevokedList:
    """Take designations back. They stay in the history with the reason."""
    revocation = Revocation(body.programme, body.year, body.reason)
    with shell.database.writing() as session:
        done = revoke(session, act_of(principal, shell), revocation, body.villages)
    return RevokedList(villages=[RevokedView.model_validate(one) for one in done])


@router.get("/v1/ranking")
def read_ranking(
    shell: AppShell,
    principal: Reader,
    area: AreaAsked = None,
    year: Annotated[Year | None, Query()] = None,
    field: DecileField = DECILE_DEFAULT,
    limit: Annotated[int, Query(ge=1, le=RANKED_PER_ANSWER_MAX)] = RANKED_PER_ANSWER_MAX,
) -> RankingView:
    """Villages by people in decile 1, stunting locations first, with counts and the rule.

    `year` chooses the designations, the present one unless said otherwise; the counts are those of
    the register now. A district team is told no number below five.
    """
    today = shell.today()
    question = Question(year or today.year, area, field)
    sight = Sight(principal.scope, shell.now())
    with shell.database.reading() as session:
        found = village_ranking(session, sight, principal.role, question, today=today)
    return RankingView.of(found, limit)
