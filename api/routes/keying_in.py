"""Keying in for programs: a worksheet's operations in the name of the RT's head."""

from typing import Annotated, cast

from fastapi import APIRouter

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.schemas.keying_in import KeyedInView, KeyIn
from api.security import Principal
from api.services.claiming import note_claims
from api.services.keying_in import KeyedPaper, key_in
from api.services.reviewers import reviewer_of
from api.services.worksheets import rt_of_text
from api.shell import AppShell
from sync.permission import Action
from sync.types import Json

router = APIRouter(
    tags=["rounds"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=512 * 1024))
)


@router.post("/v1/keying-in/{desa}/{rt:path}")
def post_keyed_in(
    desa: str,
    rt: str,
    body: KeyIn,
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.KEY_IN)],
) -> KeyedInView:
    """Enter what a worksheet says. All of it is kept, or nothing where something is refused."""
    paper = KeyedPaper(
        desa,
        rt_of_text(rt),
        body.form,
        body.account,
        body.worksheet,
        None if body.observed is None else body.observed.isoformat(),
    )
    operations = [cast("dict[str, Json]", one) for one in body.operations]
    with shell.database.writing() as session:
        keyed = key_in(session, reviewer_of(principal, shell), paper, operations)
    if keyed.niks:
        with shell.database.writing() as session:
            note_claims(session, keyed.niks)
    return KeyedInView.model_validate(keyed)
