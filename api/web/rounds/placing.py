"""Families without an RT, and the form that gives them one: the first work after a list came in.

DTSEN names no RT, and a family without one is on nobody's phone. Whoever knows the village ticks
those of a street and writes the RT once.
"""

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.schemas.lanes import is_rt
from api.security import Principal
from api.services.localities import locality
from api.services.placing import counted_rts, families_of_rt, place_families
from api.services.reviewers import reviewer_of
from api.shell import AppShell
from api.web.language import Speaking
from api.web.office_pages import Fields, OfficePage, page_token
from api.web.rendering import kept, page
from models.queries.auditing import append
from sync.operation import is_uuid
from sync.permission import Action
from sync.placing import DIGITS

PLACING: Final = "/kantor/rt"
SHOWN_MAX: Final = 200
TICK: Final = "k-"
PART_MAX: Final = 100

router = APIRouter(tags=["pages"], responses=ANY_PROBLEM, route_class=OfficePage)

Assigner = Annotated[Principal, allowed(Action.ASSIGN_RT)]


@router.get(PLACING + "/{desa}", include_in_schema=False)
def show_unplaced(
    desa: str,
    request: Request,
    shell: AppShell,
    principal: Assigner,
    language: Speaking,
    cari: Annotated[str, Query(max_length=PART_MAX)] = "",
) -> Response:
    """The village's RTs, and the families of none, by dusun, address and name."""
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        rts = counted_rts(session, reviewer, desa)
        found = families_of_rt(session, reviewer, desa, part=cari)
        place = locality(session, shell.settings, desa)
    shown = found[:SHOWN_MAX]
    with shell.database.writing() as session:
        entry = reviewer.entry("families-listed", rt="", families=len(shown))
        append(session, desa, entry)
    values = {
        "signed_in": True,
        "form": page_token(request),
        "place": place,
        "rts": [one for one in rts if one.rt],
        "families": shown,
        "more": len(found) - len(shown),
        "part": cari,
        "tick": TICK,
        "here": f"{PLACING}/{desa}",
        "done": request.query_params.get("selesai", "")[:12],
    }
    return page(request, "placing.html", language, values)


@router.post(PLACING + "/{desa}", include_in_schema=False)
def place_by_form(
    desa: str,
    request: Request,
    shell: AppShell,
    principal: Assigner,
    language: Speaking,
    form: Fields,
) -> Response:
    """Put the ticked families into the RT that was typed."""
    ticked = [name.removeprefix(TICK) for name in form if name.startswith(TICK)]
    if not ticked or not all(map(is_uuid, ticked)):
        raise AppError("value-refused", "Tick the families that live in the RT.")
    rt = _typed_rt(form.get("rt", ""), form.get("rw", ""))
    with shell.database.writing() as session:
        done = place_families(session, reviewer_of(principal, shell), desa, rt, ticked)
    keep = kept(request, language)
    joint = "&" if keep else "?"
    cari = form.get("cari", "")[:PART_MAX]
    search = f"&cari={quote(cari)}" if cari else ""
    target = f"{PLACING}/{desa}{keep}{joint}selesai={done.placed}{search}"
    return RedirectResponse(target, status_code=303)


def _typed_rt(rt: str, rw: str) -> str:
    """`3` and `1` as `003/001`. Raises `AppError` ``value-refused``."""
    number, of_rw = rt.strip(), rw.strip()
    typed = f"{number.zfill(DIGITS)}/{of_rw.zfill(DIGITS) if of_rw else ''}"
    if not number.isdecimal() or not is_rt(typed):
        raise AppError("value-refused", "Write the RT, and the RW if there is one, as numbers.")
    return typed
