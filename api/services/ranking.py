"""Villages in the order in which a programme should look at them, with their counts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from sqlmodel import Session

from api.services.disclosing import AGGREGATES_ONLY, CELL_MIN
from api.services.growth import stunting_risk
from models.queries import designations, ranking
from models.queries.areas import area_names
from models.queries.ranking import PovertyCounts
from models.queries.scoping import Sight
from sync.growth import is_followed
from sync.lokus import (
    DECILE_DEFAULT,
    RULE,
    CellRule,
    DecileField,
    Programme,
    RankingRule,
    Standing,
    disclosed,
    ranked,
    totals,
)
from sync.permission import Role, may_read

RANKED_PER_ANSWER_MAX: Final = 1000
"""More villages than a kabupaten has."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which villages, of which year, and whose deciles."""

    year: int
    area: str | None = None
    field: DecileField = DECILE_DEFAULT


@dataclass(frozen=True, slots=True)
class RankedVillage:
    """One line of the ranking."""

    place: int
    nama: str | None
    counts: Standing

    @property
    def desa(self) -> str:
        return self.counts.desa

    @property
    def programmes(self) -> tuple[Programme, ...]:
        return tuple(sorted(self.counts.programmes))


@dataclass(frozen=True, slots=True)
class Ranking:
    """The villages of an area in the order of `rule`, and the sums of what is told of them."""

    question: Question
    rule: RankingRule
    villages: tuple[RankedVillage, ...]
    totals: Standing
    cells_min: int | None
    """Smaller counts are withheld; None: all are told."""


def village_ranking(
    session: Session, sight: Sight, role: Role, question: Question, *, today: date
) -> Ranking:
    """Rank the villages in sight.

    Where small counts are withheld the order follows from what is told: a village's place must not
    tell what its count does not.
    """
    cells = _cells(role)
    standings = [disclosed(one, cells) for one in _standings(session, sight, question, today)]
    order = ranked(standings)
    names = area_names(session, [one.desa for one in order])
    lines = tuple(
        RankedVillage(place, names.get(one.desa), one) for place, one in enumerate(order, 1)
    )
    withheld = cells.families or cells.children
    return Ranking(question, RULE, lines, totals(standings), CELL_MIN if withheld else None)


def _cells(role: Role) -> CellRule:
    return CellRule(
        CELL_MIN,
        families=role in AGGREGATES_ONLY,
        # Who is not told which child is short is not told that two are, in a village of his own.
        children=may_read(role, "specific") != "full",
    )


def _standings(session: Session, sight: Sight, question: Question, today: date) -> list[Standing]:
    """Villages with families on record, and those that are designated without any."""
    area = question.area
    poverty = {
        one.desa: one for one in ranking.poverty_counts(session, sight, area, question.field)
    }
    children = _children(session, sight, area, today)
    programmes = designations.programmes_in_force(session, sight, area, question.year, today)
    nobody = PovertyCounts("", 0, 0, 0, 0, 0)
    standings = []
    for desa in sorted(poverty.keys() | programmes.keys()):
        counts = poverty.get(desa, nobody)
        standing = Standing(
            desa=desa,
            families=counts.families,
            families_poor=counts.families_poor,
            people_poor=counts.people_poor,
            families_unranked=counts.families_unranked,
            families_left_out=counts.families_left_out,
            programmes=programmes.get(desa, frozenset()),
        )
        told = children.get(desa, (0, 0, 0))
        standings.append(_with_children(standing, *told))
    return standings


def _with_children(one: Standing, children: int, judged: int, short: int) -> Standing:
    return replace(one, children=children, children_judged=judged, children_at_risk=short)


def _children(
    session: Session, sight: Sight, area: str | None, today: date
) -> Mapping[str, tuple[int, int, int]]:
    """Village → its children, those judged by their latest height, and those at risk."""
    counted: dict[str, tuple[int, int, int]] = {}
    for desa, child, measurement in ranking.latest_heights(session, sight, area, today):
        if is_followed(child, today):
            risk = None if measurement is None else stunting_risk(child, measurement)
            children, judged, short = counted.get(desa, (0, 0, 0))
            counted[desa] = (children + 1, judged + (risk is not None), short + (risk is True))
    return counted
