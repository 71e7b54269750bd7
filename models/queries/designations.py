"""Villages that programmes are aimed at: written, closed, and read with their history."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, func, insert, select, true, update
from sqlmodel import Session

from models.queries.rowsets import among, keys
from models.queries.scoping import VILLAGE_CODE_LENGTH, Sight, in_areas
from models.tables.areas import Wilayah
from models.tables.columns import table_of
from models.tables.designations import DesignationRow
from sync.lokus import Decree, Designation, Programme

DESIGNATIONS_PER_PAGE_MAX: Final = 500

_DESIGNATION = table_of(DesignationRow)
_AREA = table_of(Wilayah)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which designations; None is no restriction."""

    area: str | None = None
    programme: Programme | None = None
    year: int | None = None
    closed_too: bool = False


def locked_villages(session: Session, codes: Collection[str]) -> dict[str, str]:
    """Code → name of those codes that are villages of the table of areas.

    Their rows stay locked until the transaction ends, so that two who designate at once take
    turns; always in order of code, so that none waits for the other in a circle.
    """
    statement = (
        select(_AREA.c.kode, _AREA.c.nama)
        .where(
            among(session, _AREA.c.kode, "wanted"),
            # Each district has its own word for the level: desa, kelurahan, kampung, pekon.
            func.length(_AREA.c.kode) == VILLAGE_CODE_LENGTH,
        )
        .order_by(_AREA.c.kode)
        .with_for_update()
    )
    rows = session.connection().execute(statement, {"wanted": keys(session, set(codes))})
    return {row.kode: row.nama for row in rows}


def open_designations(
    session: Session, programme: Programme, year: int, codes: Collection[str]
) -> dict[str, Designation]:
    """Village → its open designation of a programme and year, for those that have one."""
    statement = select(_DESIGNATION).where(
        among(session, _DESIGNATION.c.desa, "wanted"),
        _DESIGNATION.c.programme == programme.value,
        _DESIGNATION.c.year == year,
        _DESIGNATION.c.closed_at.is_(None),
    )
    rows = session.connection().execute(statement, {"wanted": keys(session, set(codes))})
    return {row.desa: _designation(row) for row in rows}


def add_designations(session: Session, added: Sequence[Designation]) -> None:
    """Write new ones. The villages must be locked, and their open ones closed before."""
    if added:
        session.connection().execute(insert(_DESIGNATION), [_row(one) for one in added])


def close_designations(
    session: Session, closing: Iterable[Designation], at: datetime, by: str | None, reason: str
) -> None:
    """Close open ones. They stay readable."""
    ids = [one.id for one in closing]
    villages = {one.desa for one in closing}
    if ids:
        statement = (
            update(_DESIGNATION)
            .where(
                among(session, _DESIGNATION.c.desa, "villages"),
                among(session, _DESIGNATION.c.id, "wanted"),
                _DESIGNATION.c.closed_at.is_(None),
            )
            .values(closed_at=at, closed_by=by, reason=reason)
        )
        wanted = {"wanted": keys(session, ids), "villages": keys(session, villages)}
        session.connection().execute(statement, wanted)


def listed_designations(
    session: Session, sight: Sight, asked: Asked, *, after: tuple[str, str] | None = None
) -> list[Designation]:
    """A page by village and id, from behind `after` on.

    Designations are no secret of an RT: whoever covers a part of a village sees the village's.
    """
    statement = (
        select(_DESIGNATION)
        .where(_of_sight(sight), _asked_for(asked))
        .order_by(_DESIGNATION.c.desa, _DESIGNATION.c.id)
        .limit(DESIGNATIONS_PER_PAGE_MAX)
    )
    if after is not None:
        desa, last = after
        statement = statement.where(
            (_DESIGNATION.c.desa > desa)
            | and_(_DESIGNATION.c.desa == desa, _DESIGNATION.c.id > last)
        )
    return [_designation(row) for row in session.connection().execute(statement)]


def programmes_in_force(
    session: Session, sight: Sight, area: str | None, year: int, today: date
) -> dict[str, frozenset[Programme]]:
    """Village in sight → the programmes that it is designated for in a year."""
    statement = select(_DESIGNATION).where(_of_sight(sight), _asked_for(Asked(area, year=year)))
    found: dict[str, frozenset[Programme]] = {}
    for row in session.connection().execute(statement):
        one = _designation(row)
        if one.is_in_force(today):
            found[one.desa] = found.get(one.desa, frozenset()) | {one.decree.programme}
    return found


def _of_sight(sight: Sight) -> ColumnElement[bool]:
    return in_areas(_DESIGNATION.c.desa, sight.scope.areas(sight.now))


def _asked_for(asked: Asked) -> ColumnElement[bool]:
    where: list[ColumnElement[bool]] = [true()]
    if asked.area is not None:
        where.append(in_areas(_DESIGNATION.c.desa, [asked.area]))
    if asked.programme is not None:
        where.append(_DESIGNATION.c.programme == asked.programme.value)
    if asked.year is not None:
        where.append(_DESIGNATION.c.year == asked.year)
    if not asked.closed_too:
        where.append(_DESIGNATION.c.closed_at.is_(None))
    return and_(*where)


def _designation(row: Row[*tuple[Any, ...]]) -> Designation:
    decree = Decree(
        programme=Programme(row.programme),
        year=row.year,
        decree=row.decree,
        decreed_on=date.fromisoformat(row.decreed_on),
        until=None if row.until is None else date.fromisoformat(row.until),
    )
    return Designation(
        desa=row.desa,
        id=row.id,
        decree=decree,
        created_at=row.created_at,
        account_id=row.account_id,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        reason=row.reason,
    )


def _row(one: Designation) -> dict[str, object]:
    decree = one.decree
    return {
        "desa": one.desa,
        "id": one.id,
        "programme": decree.programme.value,
        "year": decree.year,
        "decree": decree.decree,
        "decreed_on": decree.decreed_on.isoformat(),
        "until": None if decree.until is None else decree.until.isoformat(),
        "created_at": one.created_at,
        "account_id": one.account_id,
    }
