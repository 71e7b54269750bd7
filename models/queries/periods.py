"""Periods: found for a village, listed in sight, opened, extended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Row, func, insert, or_, select, update
from sqlmodel import Session

from models.tables.columns import table_of
from models.tables.rounds import Period
from models.tables.sync import OperationRow
from sync.permission import Role
from sync.signoff import Window

PERIODS_PER_PAGE_MAX: Final = 500
AREA_LENGTHS: Final = (2, 4, 6, 10)

_PERIOD = table_of(Period)
_OPERATION = table_of(OperationRow)


@dataclass(frozen=True, slots=True)
class StoredPeriod:
    """A period of an area; `roles` are windows of their own."""

    id: str
    area: str
    window: Window
    roles: Mapping[Role, Window]
    profile: str
    version: int


def period_of(session: Session, desa: str, period: str) -> StoredPeriod | None:
    """The period of that name that covers a village."""
    covering = [desa[:length] for length in AREA_LENGTHS]
    statement = select(_PERIOD).where(_PERIOD.c.id == period, _PERIOD.c.area.in_(covering))
    row = session.connection().execute(statement.limit(1)).one_or_none()
    return None if row is None else _stored(row)


def period_at(
    session: Session, area: str, period: str, *, lock: bool = False
) -> StoredPeriod | None:
    """The period of exactly that area. With `lock` nobody else changes it until the end."""
    statement = select(_PERIOD).where(_PERIOD.c.id == period, _PERIOD.c.area == area)
    if lock:
        statement = statement.with_for_update()
    row = session.connection().execute(statement).one_or_none()
    return None if row is None else _stored(row)


def overlapping(session: Session, period: str, area: str) -> list[str]:
    """Areas of periods of that name that lie inside of an area or around it."""
    around = [area[:length] for length in AREA_LENGTHS if length <= len(area)]
    statement = (
        select(_PERIOD.c.area)
        .where(
            _PERIOD.c.id == period,
            or_(_PERIOD.c.area.in_(around), _PERIOD.c.area.startswith(area, autoescape=True)),
        )
        .order_by(_PERIOD.c.area)
    )
    return list(session.connection().execute(statement).scalars())


def periods(session: Session, area: str | None = None) -> list[StoredPeriod]:
    """Periods that touch an area (all, without one), the latest first.

    Which places have a period, and when, is for everybody to know who works in one of them.
    """
    statement = select(_PERIOD).order_by(_PERIOD.c.opens_at.desc(), _PERIOD.c.id, _PERIOD.c.area)
    if area is not None:
        around = [area[:length] for length in AREA_LENGTHS if length <= len(area)]
        statement = statement.where(
            or_(_PERIOD.c.area.in_(around), _PERIOD.c.area.startswith(area, autoescape=True))
        )
    rows = session.connection().execute(statement.limit(PERIODS_PER_PAGE_MAX))
    return [_stored(row) for row in rows]


def covering(session: Session, desas: Iterable[str], limit: int) -> list[StoredPeriod]:
    """Periods that cover any of these villages whole, the latest first."""
    around = sorted({desa[:length] for desa in desas for length in AREA_LENGTHS})
    statement = (
        select(_PERIOD)
        .where(_PERIOD.c.area.in_(around))
        .order_by(_PERIOD.c.opens_at.desc(), _PERIOD.c.id, _PERIOD.c.area)
        .limit(limit)
    )
    return [_stored(row) for row in session.connection().execute(statement)]


def add_period(session: Session, period: StoredPeriod, now: datetime) -> None:
    """Keep a new period."""
    session.connection().execute(
        insert(_PERIOD).values(
            id=period.id,
            area=period.area,
            profile=period.profile,
            version=period.version,
            created_at=now,
            changed_at=now,
            **_windows(period),
        )
    )


def change_windows(session: Session, period: StoredPeriod, now: datetime) -> None:
    """Replace the windows of a period that is there."""
    session.connection().execute(
        update(_PERIOD)
        .where(_PERIOD.c.id == period.id, _PERIOD.c.area == period.area)
        .values(version=period.version, changed_at=now, **_windows(period))
    )


def head_at(session: Session, desa: str, moment: datetime) -> int:
    """The village's head when a period opened: what came until then is of an earlier one."""
    statement = select(func.max(_OPERATION.c.at)).where(
        _OPERATION.c.desa == desa, _OPERATION.c.received_at < moment
    )
    return int(session.connection().execute(statement).scalar_one_or_none() or 0)


def _windows(period: StoredPeriod) -> dict[str, object]:
    roles = {
        role.value: [window.opens.isoformat(), window.closes.isoformat()]
        for role, window in sorted(period.roles.items())
    }
    return {
        "opens_at": period.window.opens,
        "closes_at": period.window.closes,
        "windows": orjson.dumps(roles).decode(),
    }


def _stored(row: Row[*tuple[Any, ...]]) -> StoredPeriod:
    return StoredPeriod(
        row.id,
        row.area,
        Window(row.opens_at, row.closes_at),
        {
            Role(role): Window(datetime.fromisoformat(opens), datetime.fromisoformat(closes))
            for role, (opens, closes) in orjson.loads(row.windows).items()
        },
        row.profile,
        row.version,
    )
