"""Pages to be printed: the worksheet of an RT, the berita acara of a village."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.security import Principal
from api.services.minutes import minutes
from api.services.reviewers import reviewer_of
from api.services.worksheets import Asked, known_rt, rt_of_text, worksheet
from api.shell import AppShell
from api.web.office import SignInFirst
from api.web.printing.minutes_page import minutes_html
from api.web.printing.papers import Paper, content_security
from api.web.printing.spelling import local_moment
from api.web.printing.worksheet_page import Look, worksheet_html
from models.queries.auditing import append
from models.queries.rt_lists import rt_counts
from sync.permission import Action

router = APIRouter(tags=["pages"], responses=ANY_PROBLEM, route_class=SignInFirst)

WORKSHEET: Final = "/kantor/cetak/lembar-kerja"
MINUTES: Final = "/kantor/cetak/berita-acara"

Printer = Annotated[Principal, allowed(Action.PRINT)]
OnPaper = Annotated[Paper, Query(alias="kertas")]


class Wanted(BaseModel):
    """How a worksheet is wanted."""

    kertas: Paper = Paper.A4
    periode: str = Field(default="", max_length=16)
    lengkap: bool = False
    """With house, assets and criteria."""


@router.get(WORKSHEET + "/{desa}/{rt:path}", include_in_schema=False)
def print_worksheet(
    desa: str,
    rt: str,
    shell: AppShell,
    principal: Printer,
    wanted: Annotated[Wanted, Query()],
) -> Response:
    """The worksheet of an RT. The reading is audited."""
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        known = known_rt(rt_of_text(rt), rt_counts(session, reviewer.sight, desa))
        asked = Asked(desa, known, wanted.periode or None)
        sheet, reading = worksheet(session, shell.settings, reviewer, asked)
    with shell.database.writing() as session:
        append(session, desa, reading)
    printed_at = local_moment(sheet.made_at, shell.settings.zone)
    look = Look(wanted.kertas, wanted.lengkap, printed_at)
    return _printable(worksheet_html(sheet, look), wanted.kertas)


@router.get(MINUTES + "/{desa}/{period}", include_in_schema=False)
def print_minutes(
    desa: str,
    period: str,
    shell: AppShell,
    principal: Printer,
    kertas: OnPaper = Paper.A4,
    sidik: Annotated[str | None, Query(pattern=r"^[0-9a-f]{64}$")] = None,
) -> Response:
    """The berita acara of a round, or of one frozen village of it. The reading is audited."""
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        found, reading = minutes(session, shell.settings, reviewer, (desa, period), sidik)
    with shell.database.writing() as session:
        append(session, desa, reading)
    html = minutes_html(found, principal.role, shell.settings.zone, kertas)
    return _printable(html, kertas)


def _printable(html: str, paper: Paper) -> Response:
    return HTMLResponse(html, headers={"Content-Security-Policy": content_security(paper)})
