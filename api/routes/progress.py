"""How far the villages are: aggregates for the district, the supervisors and the villages."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.schemas.progress import ProgressList, ProgressView
from api.security import Principal
from api.services.disclosing import AGGREGATES_ONLY, CELL_MIN, told_progress
from api.shell import AppShell
from models.queries.designations import programmes_in_force
from models.queries.scoping import Sight
from models.queries.statistics import VILLAGES_PER_PAGE_MAX, progress
from sync.permission import Action

router = APIRouter(tags=["progress"], responses=ANY_PROBLEM)


@router.get("/v1/progress")
def read_progress(
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.READ_AGGREGATES)],
    after: Annotated[str, Query(pattern=r"^\d{0,10}$")] = "",
    limit: Annotated[int, Query(ge=1, le=VILLAGES_PER_PAGE_MAX)] = VILLAGES_PER_PAGE_MAX,
) -> ProgressList:
    """Families on the list, families with an outcome and open conflicts, village by village.

    Only what the account's areas cover is counted, and each village tells what it is designated
    for this year. A district team is told no number below five.
    """
    now = shell.now()
    today = shell.today()
    sight = Sight(principal.scope, now)
    with shell.database.reading() as session:
        found = progress(session, sight, after=after, limit=limit)
        designated = programmes_in_force(session, sight, None, today.year, today)
    return ProgressList(
        at=now,
        villages=[
            ProgressView.of(
                told_progress(one, principal.role), designated.get(one.desa, frozenset())
            )
            for one in found
        ],
        next=found[-1].desa if len(found) == limit else None,
        cells_min=CELL_MIN if principal.role in AGGREGATES_ONLY else None,
    )
