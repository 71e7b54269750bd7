"""Growth of children under five, for midwives and those who look after the list: screening."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.routes.reading import noted
from api.schemas.growth import GrowthList
from api.schemas.reviewing import Desa
from api.security import Principal
from api.services.growth_pages import CHILDREN_PER_PAGE_MAX, Wanted, rule_of, village_growth
from api.services.reviewers import reviewer_of
from api.shell import AppShell
from sync.permission import Action

router = APIRouter(tags=["lokus"], responses=ANY_PROBLEM)


def wanted_children(
    desa: Annotated[Desa, Query()],
    rt: Annotated[str | None, Query(pattern=r"^\d{3}/\d{3}$")] = None,
    due: Annotated[bool, Query(description="Only who is due for measuring")] = False,
    at_risk: Annotated[bool, Query(description="Only who is at risk of stunting")] = False,
) -> Wanted:
    """Which children of which village."""
    return Wanted(desa, rt, due_only=due, at_risk_only=at_risk)


@router.get("/v1/growth")
def read_growth(
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.READ_GROWTH)],
    wanted: Annotated[Wanted, Depends(wanted_children)],
    limit: Annotated[int, Query(ge=1, le=CHILDREN_PER_PAGE_MAX)] = CHILDREN_PER_PAGE_MAX,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> GrowthList:
    """Children up to 60 months old by RT: latest measurement, classes, trend, and who is due.

    Classes are those of Permenkes 2/2020 by WHO's tables, as screening, never as a diagnosis. The
    reading is on record.
    """
    rule = rule_of(shell.settings)
    page = slice(offset, offset + limit)
    with shell.database.reading() as session:
        reviewer = reviewer_of(principal, shell)
        found, reading = village_growth(session, reviewer, wanted, rule, page)
    if found.children:
        noted(shell, found.desa, reading)
    return GrowthList.of(found)
