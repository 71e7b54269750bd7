"""Periods: listed for everybody who works in one, opened and extended by the office."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.schemas.rounds import AddPeriod, ExtendPeriod, PeriodList, PeriodName, PeriodView
from api.security import Principal
from api.services.evidence import DEFAULT_PROFILE
from api.services.periods import (
    NewPeriod,
    add_period,
    extend_period,
    moment_of,
    periods_in_sight,
    window_of,
)
from api.services.reviewers import reviewer_of
from api.shell import AppShell
from sync.permission import Action

router = APIRouter(
    tags=["rounds"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=16 * 1024))
)

Manager = Annotated[Principal, allowed(Action.MANAGE_PERIODS)]
AreaDigits = Annotated[str, Query(pattern=r"^[0-9]{0,10}$")]


@router.get("/v1/periods")
def list_periods(
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.READ_ROUND)],
    area: AreaDigits = "",
) -> PeriodList:
    """Periods that touch the caller's areas, the latest first."""
    with shell.database.reading() as session:
        found = periods_in_sight(session, reviewer_of(principal, shell), area)
    return PeriodList(periods=[PeriodView.model_validate(one) for one in found])


@router.post("/v1/periods", status_code=201)
def post_period(body: AddPeriod, shell: AppShell, principal: Manager) -> PeriodView:
    """Open a period for an area. A village is covered by one period of a name at most."""
    zone = shell.settings.zone
    new = NewPeriod(
        body.period,
        body.area,
        window_of(body.opens, body.closes, zone),
        {role: window_of(one.opens, one.closes, zone) for role, one in body.roles.items()},
        body.profile or DEFAULT_PROFILE,
    )
    with shell.database.writing() as session:
        stored = add_period(session, reviewer_of(principal, shell), new)
    return PeriodView.model_validate(stored)


@router.post("/v1/periods/{area}/{period}/extension")
def post_extension(
    area: str, period: PeriodName, body: ExtendPeriod, shell: AppShell, principal: Manager
) -> PeriodView:
    """Close later: the whole period, or the window of one role."""
    closes = moment_of(body.closes, shell.settings.zone, end=True)
    with shell.database.writing() as session:
        reviewer = reviewer_of(principal, shell)
        stored = extend_period(session, reviewer, period, area, {body.role: closes})
    return PeriodView.model_validate(stored)
