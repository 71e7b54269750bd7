"""A village's round: where it stands, its steps, its checks; the numbers of many villages."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.routes.conflicts import IfMatch, etag, version_of
from api.schemas.reviewing import Desa
from api.schemas.rounds import (
    CheckList,
    ExplainFinding,
    KecamatanStandingView,
    LateList,
    PeriodName,
    RoundList,
    RoundView,
    StandingView,
    StatedView,
    StateRt,
    TakeStep,
    Unlock,
    VillageStandingView,
)
from api.security import Principal
from api.services.periods import moment_of
from api.services.reviewers import reviewer_of
from api.services.round_checks import CULPRITS_TOLD, CULPRITS_TOLD_MAX, checked, explain
from api.services.round_overview import overview
from api.services.round_pages import late_page, round_page
from api.services.rounds import Asked, step, unlock
from api.services.rt_statements import state_rt, withdraw_rt
from api.shell import AppShell
from models.queries.round_progress import VILLAGES_PER_PAGE_MAX
from models.queries.rounds import Explained
from models.queries.village_lists import LATE_SHOWN_MAX
from sync.permission import Action
from sync.types import Json

router = APIRouter(
    tags=["rounds"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=64 * 1024))
)

Reader = Annotated[Principal, allowed(Action.READ_ROUND)]
Mover = Annotated[Principal, allowed(Action.MOVE_ROUND)]


async def village_period(desa: Desa, period: PeriodName) -> tuple[str, str]:
    """The two parts of a path that name a round."""
    return desa, period


VillagePeriod = Annotated[tuple[str, str], Depends(village_period)]


@router.get("/v1/rounds")
def list_rounds(
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.READ_AGGREGATES)],
    period: Annotated[PeriodName, Query()],
    area: Annotated[str, Query(pattern=r"^[0-9]{0,10}$")] = "",
    after: Annotated[str, Query(pattern=r"^[0-9]{0,10}$")] = "",
    limit: Annotated[int, Query(ge=1, le=VILLAGES_PER_PAGE_MAX)] = VILLAGES_PER_PAGE_MAX,
) -> RoundList:
    """Where villages stand in a period, in numbers. A district team is told none below five."""
    now = shell.now()
    with shell.database.reading() as session:
        reviewer = reviewer_of(principal, shell)
        found = overview(session, reviewer, period, area, after=after, limit=limit)
    return RoundList(
        at=now,
        villages=[VillageStandingView.model_validate(one) for one in found.villages],
        kecamatan=[KecamatanStandingView.model_validate(one) for one in found.kecamatan],
        next=found.villages[-1].desa if len(found.villages) == limit else None,
    )


@router.get("/v1/rounds/{desa}/{period}")
def get_round(
    at: VillagePeriod, shell: AppShell, principal: Reader, response: Response
) -> RoundView:
    """Where a village stands, RT by RT, with its version as ETag."""
    with shell.database.reading() as session:
        page = round_page(session, reviewer_of(principal, shell), *at)
    response.headers["ETag"] = etag(page.version)
    return RoundView.model_validate(page)


@router.post("/v1/rounds/{desa}/{period}/steps")
def post_step(
    at: VillagePeriod,
    body: TakeStep,
    shell: AppShell,
    principal: Mover,
    response: Response,
    if_match: IfMatch = None,
) -> StandingView:
    """Take a step at exactly the version that was seen; 412 if somebody was faster."""
    if if_match is None:
        raise AppError("precondition-required")
    asked = Asked(body.step, body.reason or "", version_of(if_match), _letter(body))
    with shell.database.writing() as session:
        stored = step(session, reviewer_of(principal, shell), *at, asked)
    response.headers["ETag"] = etag(stored.version)
    return StandingView.model_validate(stored)


@router.post("/v1/rounds/{desa}/{period}/rt")
def post_rt(
    at: VillagePeriod,
    body: StateRt,
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.STATE_RT_DONE)],
) -> StatedView:
    """State that an RT is done, or withdraw that. Repeating it changes nothing."""
    with shell.database.writing() as session:
        reviewer = reviewer_of(principal, shell)
        if body.done:
            stated = state_rt(session, reviewer, *at, body.rt)
        else:
            stated = withdraw_rt(session, reviewer, *at, body.rt, body.reason or "")
    return StatedView.model_validate(stated)


@router.get("/v1/rounds/{desa}/{period}/checks")
def get_checks(
    at: VillagePeriod,
    shell: AppShell,
    principal: Reader,
    limit: Annotated[int, Query(ge=1, le=CULPRITS_TOLD_MAX)] = CULPRITS_TOLD,
) -> CheckList:
    """What the village still lacks before its sign-off; each check names its families."""
    with shell.database.reading() as session:
        report = checked(session, reviewer_of(principal, shell), *at, limit)
    return CheckList.model_validate(report)


@router.post("/v1/rounds/{desa}/{period}/reasons", status_code=204)
def post_reason(
    at: VillagePeriod, body: ExplainFinding, shell: AppShell, principal: Mover
) -> Response:
    """Say why a finding stands in this round although it looks wrong."""
    with shell.database.writing() as session:
        reviewer = reviewer_of(principal, shell)
        reason = Explained(body.record, body.code, body.reason, reviewer.now, reviewer.account_id)
        explain(session, reviewer, *at, reason)
    return Response(status_code=204)


@router.get("/v1/rounds/{desa}/{period}/late")
def get_late(
    at: VillagePeriod,
    shell: AppShell,
    principal: Reader,
    limit: Annotated[int, Query(ge=1, le=LATE_SHOWN_MAX)] = LATE_SHOWN_MAX,
) -> LateList:
    """What arrived after the village was frozen: kept, and for the next round."""
    with shell.database.reading() as session:
        page = late_page(session, reviewer_of(principal, shell), *at, limit)
    return LateList.model_validate(page)


@router.post("/v1/rounds/{desa}/{period}/unlock")
def post_unlock(
    at: VillagePeriod,
    body: Unlock,
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.MANAGE_PERIODS)],
) -> StandingView:
    """Let the village do its steps until then, although its window is closed."""
    until = moment_of(body.until, shell.settings.zone, end=True)
    with shell.database.writing() as session:
        reviewer = reviewer_of(principal, shell)
        stored = unlock(session, reviewer, *at, until=until, reason=body.reason)
    return StandingView.model_validate(stored)


def _letter(body: TakeStep) -> dict[str, Json]:
    day = None if body.tanggal is None else body.tanggal.isoformat()
    told: dict[str, Json] = {"nomor": body.nomor, "tanggal": day, "scan": body.scan}
    return {name: value for name, value in told.items() if value is not None}
