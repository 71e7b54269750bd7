"""Counts by village for the ranking: families and people in decile 1, children by their height.

Three statements, whatever the size of the area. Families are read once; members only beneath
families in decile 1, by the index of what lies under a family.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import orjson
from sqlalchemy import ColumnElement, FromClause, Select, and_, case, func, select
from sqlmodel import Session

from models.queries.documents import day, has_value, is_code, is_integer, raw_value
from models.queries.scoping import Sight, in_areas, in_sight
from models.tables.columns import table_of
from models.tables.register import RecordRow
from sync.growth import AGE_DAYS_MAX
from sync.lokus import DecileField
from sync.types import ANGGOTA, KELUARGA, PENGUKURAN, Json

ROWS_PER_FETCH: Final = 2000
POOREST: Final = 1
_LAST_DAY: Final = "9999-12-31"

_RECORD = table_of(RecordRow)
_FAMILY = _RECORD.alias("family")
_MEMBER = _RECORD.alias("member")
_CHILD = _RECORD.alias("child")
_MEASURED = _RECORD.alias("measured")


@dataclass(frozen=True, slots=True)
class PovertyCounts:
    """One village's families, see `sync.lokus.Standing`."""

    desa: str
    families: int
    families_poor: int
    people_poor: int
    families_unranked: int
    families_left_out: int


def poverty_counts(
    session: Session, sight: Sight, area: str | None, field: DecileField
) -> list[PovertyCounts]:
    """Villages of an area that have families on record, in one statement."""
    listed = (
        select(
            _FAMILY.c.desa,
            _FAMILY.c.id,
            _FAMILY.c.end_reason,
            raw_value(session, _FAMILY.c.doc, "hasil").label("hasil"),
            raw_value(session, _FAMILY.c.doc, field.value).label("decile"),
        )
        .where(
            _FAMILY.c.entity == KELUARGA,
            _FAMILY.c.alias.is_(None),
            _within(_FAMILY, sight, area),
        )
        # Kept by both databases, so that each document is looked into once.
        .cte("listed")
        .prefix_with("MATERIALIZED")
    )
    here = _is_here(listed.c.end_reason, listed.c.hasil)
    poor = and_(here, is_integer(listed.c.decile, POOREST))
    families = (
        select(
            listed.c.desa,
            func.count().label("families"),
            _count(poor, "families_poor"),
            _count(and_(here, ~has_value(listed.c.decile)), "families_unranked"),
            _count(~here, "families_left_out"),
        )
        .group_by(listed.c.desa)
        .subquery()
    )
    people = (
        select(listed.c.desa, func.count().label("people"))
        .select_from(listed.join(_MEMBER, _is_under(_MEMBER, listed)))
        .where(poor, _is_person_here(session, _MEMBER))
        .group_by(listed.c.desa)
        .subquery()
    )
    statement = (
        select(families, func.coalesce(people.c.people, 0).label("people_poor"))
        .select_from(families.outerjoin(people, people.c.desa == families.c.desa))
        .order_by(families.c.desa)
    )
    return [
        PovertyCounts(
            row.desa,
            row.families,
            row.families_poor,
            row.people_poor,
            row.families_unranked,
            row.families_left_out,
        )
        for row in session.connection().execute(statement)
    ]


def latest_heights(
    session: Session, sight: Sight, area: str | None, today: date
) -> Iterator[tuple[str, Mapping[str, Json], Mapping[str, Json] | None]]:
    """Village, document, and latest measurement with a height of persons up to 60 months old.

    Birth dates are compared as text: whoever walks through asks `sync.growth.is_followed` about
    each. The two sets are put together here: about conditions on documents a database can only
    guess, and PostgreSQL guesses a few rows and compares every child with every measurement.
    """
    heights = {
        (row.desa, row.parent): row.doc
        for row in session.connection().execute(_latest_heights(session, sight, area))
    }
    statement = (
        select(_CHILD.c.desa, _CHILD.c.id, _CHILD.c.doc)
        .select_from(_CHILD.join(_FAMILY, _is_under(_CHILD, _FAMILY)))
        .where(
            is_young(session, _CHILD, today),
            _within(_CHILD, sight, area),
            _FAMILY.c.entity == KELUARGA,
            _FAMILY.c.alias.is_(None),
            still_here(session, _FAMILY),
        )
    )
    flowing = statement.execution_options(yield_per=ROWS_PER_FETCH)
    for row in session.connection().execute(flowing):
        measurement = heights.get((row.desa, row.id))
        told = None if measurement is None else orjson.loads(measurement)
        yield row.desa, orjson.loads(row.doc), told


def still_here(session: Session, family: FromClause) -> ColumnElement[bool]:
    """The family was not closed (moved away, twice, a mistake), nor found to be gone or twice."""
    return _is_here(family.c.end_reason, raw_value(session, family.c.doc, "hasil"))


def is_young(session: Session, person: FromClause, today: date) -> ColumnElement[bool]:
    """A person on record who was born late enough to be at most 60 months old."""
    since = (today - timedelta(AGE_DAYS_MAX)).isoformat()
    return and_(
        person.c.entity == ANGGOTA,
        person.c.alias.is_(None),
        person.c.end_reason.is_(None),
        day(raw_value(session, person.c.doc, "tanggal_lahir")).between(since, _LAST_DAY),
    )


def _is_here(
    end_reason: ColumnElement[str | None], outcome: ColumnElement[str]
) -> ColumnElement[bool]:
    return and_(end_reason.is_(None), ~is_code(outcome, "tidak_ditemukan", "data_ganda"))


def _latest_heights(session: Session, sight: Sight, area: str | None) -> "Select[tuple[str]]":
    doc = _MEASURED.c.doc
    measured_on = day(raw_value(session, doc, "tanggal"))
    place = func.row_number().over(
        partition_by=(_MEASURED.c.desa, _MEASURED.c.parent),
        order_by=(measured_on.desc(), _MEASURED.c.created_seq.desc()),
    )
    numbered = (
        select(_MEASURED.c.desa, _MEASURED.c.parent, doc, place.label("place"))
        .where(
            _MEASURED.c.entity == PENGUKURAN,
            _MEASURED.c.alias.is_(None),
            _MEASURED.c.end_reason.is_(None),
            has_value(raw_value(session, doc, "tinggi_cm")),
            _within(_MEASURED, sight, area),
        )
        .subquery()
    )
    return select(numbered).where(numbered.c.place == 1)


def _is_person_here(session: Session, member: FromClause) -> ColumnElement[bool]:
    gone = ("meninggal", "pindah_wilayah", "pindah_luar_negeri", "tidak_ditemukan")
    return and_(
        member.c.entity == ANGGOTA,
        member.c.alias.is_(None),
        member.c.end_reason.is_(None),
        ~is_code(raw_value(session, member.c.doc, "keberadaan"), *gone),
    )


def _is_under(row: FromClause, family: FromClause) -> ColumnElement[bool]:
    return and_(row.c.desa == family.c.desa, row.c.keluarga == family.c.id)


def _within(row: FromClause, sight: Sight, area: str | None) -> ColumnElement[bool]:
    inside = in_sight(row.c.desa, row.c.rt, sight)
    return inside if area is None else and_(inside, in_areas(row.c.desa, [area]))


def _count(condition: ColumnElement[bool], name: str) -> ColumnElement[int]:
    return func.count(case((condition, 1))).label(name)
