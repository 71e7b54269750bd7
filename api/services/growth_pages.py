"""Children of a village with their growth, for those who look after it; and a family's card."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlmodel import Session

from api.services.growth import assess, stunting_risk
from api.services.reviewers import Reviewer
from api.settings import Settings
from models.queries.auditing import AuditEntry
from models.queries.growth import ChildRow, measurements_of, young_children
from sync.growth import (
    FamilyGrowth,
    Growth,
    MeasuringRule,
    Trend,
    age_text,
    at_risk,
    day_of,
    family_growth,
    is_followed,
    measured,
    trend,
)
from sync.permission import may_read
from sync.types import ANGGOTA, KELUARGA, PENGUKURAN, Json, Record

CHILDREN_PER_PAGE_MAX: Final = 200

Documents = Sequence[Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class FollowedChild:
    """One child and what its latest measurements say."""

    id: str
    rt: str
    keluarga: str
    name: Json
    head: Json
    """Name of the family's head: there are many of one name among children."""
    born: date
    age_text: str
    latest: Growth | None
    """None for who was never measured."""
    trend: Trend
    gain_kg: float | None
    """Against the measurement before, where both have a weight."""
    due_on: date
    is_due: bool
    is_at_risk: bool | None
    """By the latest measurement with a height."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which children of a village."""

    desa: str
    rt: str | None = None
    due_only: bool = False
    at_risk_only: bool = False


@dataclass(frozen=True, slots=True)
class VillageGrowth:
    """A page of children by RT and name, and the counts of all that were asked for."""

    desa: str
    on: date
    children: tuple[FollowedChild, ...]
    total: int
    due: int
    at_risk: int


def village_growth(
    session: Session,
    reviewer: Reviewer,
    wanted: Wanted,
    rule: MeasuringRule,
    page: slice,
) -> tuple[VillageGrowth, AuditEntry]:
    """Children of a village in sight, and the entry that says whose growth was read."""
    today = local_day(reviewer)
    rows = young_children(session, reviewer.sight, wanted.desa, wanted.rt, today)
    rows = [row for row in rows if is_followed(row.doc, today)]
    told = measurements_of(session, wanted.desa, [row.id for row in rows])
    children = [_followed(row, told.get(row.id, ()), rule, today) for row in rows]
    chosen = sorted(_chosen(children, wanted), key=lambda one: (one.rt, str(one.name), one.id))
    shown = tuple(chosen[page])
    village = VillageGrowth(
        wanted.desa,
        today,
        shown,
        len(chosen),
        sum(one.is_due for one in chosen),
        sum(one.is_at_risk is True for one in chosen),
    )
    seen: list[Json] = [one.id for one in shown]
    return village, reviewer.entry("growth-read", records=seen)


def growth_of_family(
    reviewer: Reviewer, head: Record, family: Iterable[Record]
) -> FamilyGrowth | None:
    """The card of a family as told to this reader: nothing for a role that may not know.

    Nothing either for a person's record, and for a family that is closed or merged away.
    """
    if head.entity != KELUARGA or head.alias is not None or head.end is not None:
        return None
    if may_read(reviewer.role, "specific") != "full":
        return None
    today = local_day(reviewer)
    rows = [row for row in family if row.alias is None and row.end is None]
    children = [row for row in rows if row.entity == ANGGOTA and is_followed(row.fields, today)]
    heights: dict[str, Documents] = {
        child.id: _by_day(
            row for row in rows if row.entity == PENGUKURAN and row.parent == child.id
        )
        for child in children
    }
    return family_growth(_risk(child.fields, heights[child.id]) for child in children)


def rule_of(settings: Settings) -> MeasuringRule:
    """How often this installation measures its children."""
    return MeasuringRule(settings.growth_months_under_two, settings.growth_months_older)


def local_day(reviewer: Reviewer) -> date:
    """The day that it is in the district."""
    return reviewer.now.astimezone(reviewer.ground.zone).date()


def _by_day(rows: Iterable[Record]) -> Documents:
    ordered = sorted(rows, key=lambda row: (str(row.fields.get("tanggal")), row.created.seq))
    return [row.fields for row in ordered]


def _risk(child: Mapping[str, Json], told: Documents) -> bool | None:
    """By the latest measurement that has a height: between two of them a child is only weighed."""
    with_height = [one for one in told if measured(child, one).height_cm is not None]
    return stunting_risk(child, with_height[-1]) if with_height else None


def _followed(row: ChildRow, told: Documents, rule: MeasuringRule, today: date) -> FollowedChild:
    born = day_of(row.doc.get("tanggal_lahir"))
    assert born is not None, "who is followed has a birth date"
    latest = assess(row.doc, told[-1]) if told else None
    weight = None if latest is None else latest.of.weight_kg
    before = next(
        (kg for one in reversed(told[:-1]) if (kg := measured(row.doc, one).weight_kg)), None
    )
    due_on = rule.due_on(born, None if latest is None else latest.of.on)
    return FollowedChild(
        id=row.id,
        rt=row.rt,
        keluarga=row.keluarga,
        name=row.doc.get("nama"),
        head=row.head,
        born=born,
        age_text=age_text(born, today),
        latest=latest,
        trend=trend(weight, before),
        gain_kg=None if weight is None or before is None else round(weight - before, 2),
        due_on=due_on,
        is_due=due_on <= today,
        is_at_risk=at_risk(latest.tbu)
        if latest is not None and latest.of.height_cm is not None
        else _risk(row.doc, told),
    )


def _chosen(children: Iterable[FollowedChild], wanted: Wanted) -> Iterable[FollowedChild]:
    return (
        one
        for one in children
        if (one.is_due or not wanted.due_only)
        and (one.is_at_risk is True or not wanted.at_risk_only)
    )
