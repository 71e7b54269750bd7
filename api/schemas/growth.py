"""Growth of children, designations and the ranking on the wire."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field, JsonValue, StringConstraints

from api.schemas.accounts import AreaCode, Wire
from api.schemas.reviewing import Reason, Shown
from api.services.designating import (
    DECREE_CHARACTERS_MAX,
    VILLAGES_PER_ACT_MAX,
    YEAR_MAX,
    YEAR_MIN,
)
from api.services.growth_pages import FollowedChild, VillageGrowth
from api.services.ranking import RankedVillage, Ranking
from sync.growth import NOTE_EN, NOTE_ID, Growth, Judged, Trend
from sync.lokus import DecileField, Decree, DesignatedAs, Designation, Programme, Standing

Year = Annotated[int, Field(ge=YEAR_MIN, le=YEAR_MAX)]
Villages = Annotated[list[AreaCode], Field(min_length=1, max_length=VILLAGES_PER_ACT_MAX)]
DecreeName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=DECREE_CHARACTERS_MAX,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]+$",
    ),
]


# Designations -------------------------------------------------------------------------------


class Designate(Wire):
    """`POST /v1/designations`: villages by code, for one programme and year by one decree."""

    programme: Programme
    year: Year
    decree: DecreeName
    decreed_on: date
    until: date | None = None
    """The last day, where the decree names one; else the year's end."""
    villages: Villages

    def as_decree(self) -> Decree:
        return Decree(self.programme, self.year, self.decree, self.decreed_on, self.until)


class Revoke(Wire):
    """`POST /v1/designations/revocations`: what is open of these villages is closed."""

    programme: Programme
    year: Year
    villages: Villages
    reason: Reason


class DesignatedView(Shown):
    """One village after a designating."""

    desa: str
    nama: str
    outcome: DesignatedAs
    designation: str


class DesignatedList(Shown):
    """What became of every village."""

    villages: list[DesignatedView]


class RevokedView(Shown):
    """One village after a revoking; null where nothing was open."""

    desa: str
    nama: str
    designation: str | None


class RevokedList(Shown):
    """What became of every village."""

    villages: list[RevokedView]


class DesignationView(Shown):
    """One designation; closed ones say when, by whom and why."""

    id: str
    desa: str
    programme: Programme
    year: int
    decree: str
    decreed_on: date
    until: date | None
    in_force: bool
    created_at: datetime
    account: str | None
    closed_at: datetime | None
    closed_by: str | None
    reason: str | None

    @classmethod
    def of(cls, one: Designation, today: date) -> Self:
        return cls(
            id=one.id,
            desa=one.desa,
            programme=one.decree.programme,
            year=one.decree.year,
            decree=one.decree.decree,
            decreed_on=one.decree.decreed_on,
            until=one.decree.until,
            in_force=one.is_in_force(today),
            created_at=one.created_at,
            account=one.account_id,
            closed_at=one.closed_at,
            closed_by=one.closed_by,
            reason=one.reason,
        )


class DesignationList(Shown):
    """A page by village; send `next` as `after` for the next one."""

    designations: list[DesignationView]
    next: str | None


# The ranking --------------------------------------------------------------------------------


class CountsView(Shown):
    """Counts of a village or an area. `null` is a number that is withheld, see `cells_min`."""

    families: int | None
    """On the list, as in the progress."""
    families_poor: int | None
    """Of these still in the village and in decile 1 of `field`."""
    people_poor: int | None
    """Members of those who live there."""
    families_unranked: int | None
    """Still in the village, without a decile."""
    families_left_out: int | None
    """Moved away, not found, or recorded twice."""
    children: int | None
    """Up to 60 months old."""
    children_judged: int | None
    """Whose latest height gives a class."""
    children_at_risk: int | None
    """At risk of stunting: screening, not a diagnosis."""


class RankedView(Shown):
    """One village of the ranking."""

    place: int
    desa: str
    name: str | None
    designations: list[Programme]
    counts: CountsView

    @classmethod
    def of(cls, one: RankedVillage) -> Self:
        return cls(
            place=one.place,
            desa=one.desa,
            name=one.nama,
            designations=list(one.programmes),
            counts=CountsView.model_validate(one.counts),
        )


class RuleView(Shown):
    """The rule of the order, in words and with its version."""

    id: str
    version: int
    text_id: str
    text_en: str


class RankingView(Shown):
    """Villages of an area in the order of `rule`; `total` counts all, `totals` sums the told."""

    year: int
    area: str | None
    field: DecileField
    rule: RuleView
    villages: list[RankedView]
    total: int
    totals: CountsView
    cells_min: int | None

    @classmethod
    def of(cls, ranking: Ranking, limit: int) -> Self:
        totals: Standing = ranking.totals
        return cls(
            year=ranking.question.year,
            area=ranking.question.area,
            field=ranking.question.field,
            rule=RuleView.model_validate(ranking.rule),
            villages=[RankedView.of(one) for one in ranking.villages[:limit]],
            total=len(ranking.villages),
            totals=CountsView.model_validate(totals),
            cells_min=ranking.cells_min,
        )


# Growth -------------------------------------------------------------------------------------


class JudgedView(Shown):
    """One index of a measurement: its z-score and class, or why there is none."""

    z: float | None
    verdict: str
    label_id: str
    label_en: str
    missing: list[str]

    @classmethod
    def of(cls, one: Judged) -> Self:
        return cls(
            z=one.z,
            verdict=one.verdict.slug,
            label_id=one.verdict.label_id,
            label_en=one.verdict.label_en,
            missing=list(one.missing),
        )


class MeasurementView(Shown):
    """A measurement with its classes by Permenkes 2/2020."""

    on: date | None
    age: str
    weight_kg: float | None
    height_cm: float | None
    position: str | None
    stature_cm: float | None
    """Length or height as the tables want it, corrected by 0.7 cm where it was taken otherwise."""
    bbu: JudgedView
    tbu: JudgedView
    bbtb: JudgedView

    @classmethod
    def of(cls, growth: Growth) -> Self:
        found = growth.of
        return cls(
            on=found.on,
            age=growth.age_text,
            weight_kg=found.weight_kg,
            height_cm=found.height_cm,
            position=found.position,
            stature_cm=found.stature_cm,
            bbu=JudgedView.of(growth.bbu),
            tbu=JudgedView.of(growth.tbu),
            bbtb=JudgedView.of(growth.bbtb),
        )


class ChildView(Shown):
    """One child that is followed."""

    id: str
    rt: str
    keluarga: str
    name: JsonValue
    head: JsonValue
    """Of the family."""
    born: date
    age: str
    """Today."""
    latest: MeasurementView | None
    trend: Trend
    gain_kg: float | None
    due_on: date
    due: bool
    at_risk: bool | None
    """By the latest measurement with a height; null: it is not known."""

    @classmethod
    def of(cls, one: FollowedChild) -> Self:
        return cls(
            id=one.id,
            rt=one.rt,
            keluarga=one.keluarga,
            name=one.name,
            head=one.head,
            born=one.born,
            age=one.age_text,
            latest=None if one.latest is None else MeasurementView.of(one.latest),
            trend=one.trend,
            gain_kg=one.gain_kg,
            due_on=one.due_on,
            due=one.is_due,
            at_risk=one.is_at_risk,
        )


class GrowthList(Shown):
    """A page of children by RT and name; the counts are of all pages. Screening, no diagnosis."""

    desa: str
    on: date
    children: list[ChildView]
    total: int
    due: int
    at_risk: int
    note_id: str = NOTE_ID
    note_en: str = NOTE_EN

    @classmethod
    def of(cls, village: VillageGrowth) -> Self:
        return cls(
            desa=village.desa,
            on=village.on,
            children=[ChildView.of(one) for one in village.children],
            total=village.total,
            due=village.due,
            at_risk=village.at_risk,
        )
