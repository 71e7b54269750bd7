"""`/kantor/lokus`: the ranking with its rule in words, the designations, the progress.

One page for whoever is told aggregates, from the district's team to a village's head; each sees
the villages of his own area, and only the numbers that his role is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.schemas.growth import Year
from api.security import Principal
from api.services.disclosing import ToldProgress, told_progress
from api.services.ranking import Question, RankedVillage, Ranking, village_ranking
from api.shell import AppShell
from api.web.language import Language, Speaking
from api.web.office import SignInFirst
from api.web.rendering import page
from models.queries.areas import area_names
from models.queries.designations import Asked, listed_designations
from models.queries.scoping import Sight
from models.queries.statistics import VILLAGES_PER_PAGE_MAX, progress
from sync.growth import NOTE_EN, NOTE_ID
from sync.lokus import DECILE_DEFAULT, DecileField, Designation
from sync.permission import Action
from sync.values import KodeWilayah

LOKUS: Final = "/kantor/lokus"
VILLAGES_SHOWN_MAX: Final = 400
"""Whoever has more in his area narrows the page down by an area code."""
TYPED_MAX: Final = 20

router = APIRouter(tags=["pages"], responses=ANY_PROBLEM, route_class=SignInFirst)


@router.get(LOKUS, include_in_schema=False)
def lokus(  # noqa: PLR0913, PLR0917 (the request, who asks, and the three fields of the form)
    request: Request,
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.READ_AGGREGATES)],
    language: Speaking,
    area: Annotated[str, Query(max_length=TYPED_MAX)] = "",
    tahun: Annotated[Year | None, Query()] = None,
    desil: DecileField = DECILE_DEFAULT,
) -> Response:
    """Villages in the order of the ranking. No name, no number of a person."""
    today = shell.today()
    code = KodeWilayah.parse(area)
    question = Question(tahun or today.year, code.code if code is not None else None, desil)
    sight = Sight(principal.scope, shell.now())
    with shell.database.reading() as session:
        ranking = village_ranking(session, sight, principal.role, question, today=today)
        done = _progress(session, sight, principal)
        asked = Asked(question.area, year=question.year)
        designated = listed_designations(session, sight, asked)
        names = area_names(session, _named(ranking, designated))
    values = {
        "signed_in": True,
        "ranking": ranking,
        "rows": _rows(ranking, done, names),
        "designated": designated,
        "names": names,
        "today": today,
        "area_unknown": bool(area.strip()) and code is None,
        "typed": area.strip(),
        "fields": tuple(DecileField),
        "rule": ranking.rule.text_id if language is Language.ID else ranking.rule.text_en,
        "note": NOTE_ID if language is Language.ID else NOTE_EN,
        "chosen_language": request.query_params.get("lang"),
    }
    return page(request, "lokus.html", language, values)


@dataclass(frozen=True, slots=True)
class Row:
    """One village as a line of the page."""

    village: RankedVillage
    kecamatan: str
    progress: ToldProgress | None


def _rows(
    ranking: Ranking, done: Mapping[str, ToldProgress], names: Mapping[str, str]
) -> list[Row]:
    return [
        Row(one, names.get(_kecamatan(one.desa), ""), done.get(one.desa))
        for one in ranking.villages[:VILLAGES_SHOWN_MAX]
    ]


def _progress(session: Session, sight: Sight, principal: Principal) -> dict[str, ToldProgress]:
    told: dict[str, ToldProgress] = {}
    after = ""
    while True:
        found = progress(session, sight, after=after)
        told |= {one.desa: told_progress(one, principal.role) for one in found}
        if len(found) < VILLAGES_PER_PAGE_MAX:
            return told
        after = found[-1].desa


def _named(ranking: Ranking, designated: Sequence[Designation]) -> set[str]:
    desas = {one.desa for one in ranking.villages} | {one.desa for one in designated}
    areas = {ranking.question.area} if ranking.question.area else set()
    return desas | {_kecamatan(desa) for desa in desas} | areas


def _kecamatan(desa: str) -> str:
    return desa[:6]
