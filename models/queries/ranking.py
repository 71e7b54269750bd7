"""Counts by village for the ranking: families and people in decile 1, children by their height.

Two statements, whatever the size of the area. Families are read once; members only beneath
families in decile 1, by the index of what lies under a family.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import orjson
from sqlalchemy import ColumnElement, FromClause, Select, and_, case, func, or_, select, true
from sqlmodel import Session

from models.queries.documents import day_text, has_code, has_integer, has_value
from models.queries.scoping import Sight, in_areas, in_sight
from models.tables.columns import table_of
from models.tables.register import RecordRow
from sync.growth import AGE_DAYS_MAX
from sync.lokus import DecileField
from sync.types import ANGGOTA, KELUARGA, PENGUKURAN, Json

ROWS_PER_FETCH: Final = 2000
POOREST: Final = 1

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
    doc = _FAMILY.c.doc
    counted = still_here(_FAMILY)
    poor = and_(counted, has_integer(doc, field.value, POOREST))
    of_area = and_(
        _FAMILY.c.entity == KELUARGA,
        _FAMILY.c.alias.is_(None),
        in_sight(_FAMILY.c.desa, _FAMILY.c.rt, sight),
        true() if area is None else in_areas(_FAMILY.c.desa, [area]),
    )
    families = (
        select(
            _FAMILY.c.desa,
            func.count().label("families"),
            _count(poor, "families_poor"),
            _count(and_(counted, ~has_value(doc, field.value)), "families_unranked"),
            _count(~counted, "families_left_out"),
        )
        .where(of_area)
        .group_by(_FAMILY.c.desa)
        .subquery()
    )
    people = (
        select(_FAMILY.c.desa, func.count().label("people"))
        .select_from(_FAMILY.join(_MEMBER, _is_under(_MEMBER, _FAMILY)))
        .where(of_area, poor, _is_person_here(_MEMBER))
        .group_by(_FAMILY.c.desa)
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

    In one statement, read as it is walked through. Birth dates are compared as text: whoever walks
    asks `sync.growth.is_followed` about each.
    """
    latest = _latest_heights(session, sight, area).subquery()
    statement = (
        select(_CHILD.c.desa, _CHILD.c.doc, latest.c.doc.label("measurement"))
        .select_from(
            _CHILD.join(_FAMILY, _is_under(_CHILD, _FAMILY)).outerjoin(
                latest, and_(latest.c.desa == _CHILD.c.desa, latest.c.parent == _CHILD.c.id)
            )
        )
        .where(
            is_young(session, _CHILD, today),
            _within(_CHILD, sight, area),
            _FAMILY.c.entity == KELUARGA,
            _FAMILY.c.alias.is_(None),
            still_here(_FAMILY),
        )
    )
    rows = session.connection().execution_options(yield_per=ROWS_PER_FETCH).execute(statement)
    for row in rows:
        measurement = None if row.measurement is None else orjson.loads(row.measurement)
        yield row.desa, orjson.loads(row.doc), measurement


def still_here(family: FromClause) -> ColumnElement[bool]:
    """The family was not closed (moved away, twice, a mistake), nor found to be gone or twice."""
    gone = has_code(family.c.doc, "hasil", "tidak_ditemukan", "data_ganda")
    return and_(family.c.end_reason.is_(None), ~gone)


def is_young(session: Session, person: FromClause, today: date) -> ColumnElement[bool]:
    """A person on record who was born late enough to be at most 60 months old."""
    since = (today - timedelta(AGE_DAYS_MAX)).isoformat()
    return and_(
        person.c.entity == ANGGOTA,
        person.c.alias.is_(None),
        person.c.end_reason.is_(None),
        has_value(person.c.doc, "tanggal_lahir"),
        day_text(session, person.c.doc, "tanggal_lahir") >= since,
    )


def _latest_heights(session: Session, sight: Sight, area: str | None) -> "Select[tuple[str]]":
    doc = _MEASURED.c.doc
    place = func.row_number().over(
        partition_by=(_MEASURED.c.desa, _MEASURED.c.parent),
        order_by=(day_text(session, doc, "tanggal").desc(), _MEASURED.c.created_seq.desc()),
    )
    numbered = (
        select(_MEASURED.c.desa, _MEASURED.c.parent, doc, place.label("place"))
        .where(
            _MEASURED.c.entity == PENGUKURAN,
            _MEASURED.c.alias.is_(None),
            _MEASURED.c.end_reason.is_(None),
            has_value(doc, "tinggi_cm"),
            _within(_MEASURED, sight, area),
        )
        .subquery()
    )
    return select(numbered).where(numbered.c.place == 1)


def _is_person_here(member: FromClause) -> ColumnElement[bool]:
    gone = has_code(
        member.c.doc, "keberadaan",
        "meninggal", "pindah_wilayah", "pindah_luar_negeri", "tidak_ditemukan",
    )  # fmt: skip
    return and_(
        member.c.entity == ANGGOTA,
        member.c.alias.is_(None),
        member.c.end_reason.is_(None),
        or_(~has_value(member.c.doc, "keberadaan"), ~gone),
    )


def _is_under(row: FromClause, family: FromClause) -> ColumnElement[bool]:
    return and_(row.c.desa == family.c.desa, row.c.keluarga == family.c.id)


def _within(row: FromClause, sight: Sight, area: str | None) -> ColumnElement[bool]:
    inside = in_sight(row.c.desa, row.c.rt, sight)
    return inside if area is None else and_(inside, in_areas(row.c.desa, [area]))


def _count(condition: ColumnElement[bool], name: str) -> ColumnElement[int]:
    return func.count(case((condition, 1))).label(name)
