"""RTs of a village, and families that get theirs."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.routes.reading import noted
from api.schemas.placing import (
    FamilyLineList,
    FamilyLineView,
    PlacedView,
    PlaceFamilies,
    Rt,
    RtList,
    RtView,
)
from api.schemas.reviewing import Desa
from api.security import Principal
from api.services.placing import counted_rts, families_of_rt, place_families
from api.services.reviewers import reviewer_of
from api.shell import AppShell
from sync.permission import Action

FAMILIES_PER_PAGE_MAX = 500

router = APIRouter(
    tags=["review"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=64 * 1024))
)

Assigner = Annotated[Principal, allowed(Action.ASSIGN_RT)]
Part = Annotated[str, Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


@router.get("/v1/rts/{desa}")
def list_rts(desa: Desa, shell: AppShell, principal: Assigner) -> RtList:
    """The RTs of a village with their open families; the empty one stands for no RT."""
    with shell.database.reading() as session:
        found = counted_rts(session, reviewer_of(principal, shell), desa)
    return RtList(rts=[RtView.model_validate(one) for one in found])


@router.get("/v1/rts/{desa}/families")
def list_families(  # noqa: PLR0913, PLR0917  # a parameter for each key of the query
    desa: Desa,
    shell: AppShell,
    principal: Assigner,
    rt: Rt | None = None,
    q: Part = "",
    limit: Annotated[int, Query(ge=1, le=FAMILIES_PER_PAGE_MAX)] = FAMILIES_PER_PAGE_MAX,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> FamilyLineList:
    """Families of an RT, or without `rt` those of none; `q` is part of dusun, address or name."""
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        found = families_of_rt(session, reviewer, desa, rt or "", q)
    told = found[offset : offset + limit]
    noted(shell, desa, reviewer.entry("families-listed", rt=rt or "", families=len(told)))
    return FamilyLineList(
        families=[FamilyLineView.model_validate(one) for one in told], total=len(found)
    )


@router.post("/v1/rts/{desa}")
def place(desa: Desa, body: PlaceFamilies, shell: AppShell, principal: Assigner) -> PlacedView:
    """Put families into an RT; the phones of that RT receive them with their next sync."""
    with shell.database.writing() as session:
        done = place_families(session, reviewer_of(principal, shell), desa, body.rt, body.families)
    return PlacedView.model_validate(done)
