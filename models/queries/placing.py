"""Families by RT, for whoever gives an RT to those that a list brought without one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session

from models.queries.records import RECORD_COLUMNS, record_of
from models.queries.scoping import Sight, in_sight
from models.sealing import vault_of
from models.tables.columns import table_of
from models.tables.register import RecordRow
from sync.types import KELUARGA, Record

RTS_MAX: Final = 2_000
"""More than any village has; a feed of nonsense does not fill an answer."""

_RECORD = table_of(RecordRow)


@dataclass(frozen=True, slots=True)
class RtCount:
    """An RT (`"003/001"`, empty for none) and its families that are neither closed nor merged."""

    rt: str
    families: int


def rts_of(session: Session, sight: Sight, desa: str) -> Sequence[RtCount]:
    """The RTs of a village that are in sight, by number; the one without a number first."""
    rows = session.connection().execute(
        select(_RECORD.c.rt, func.count().label("families"))
        .where(*_open_families(sight, desa))
        .group_by(_RECORD.c.rt)
        .order_by(_RECORD.c.rt)
        .limit(RTS_MAX)
    )
    return [RtCount(row.rt, row.families) for row in rows]


def open_families(session: Session, sight: Sight, desa: str, rt: str) -> list[Record]:
    """Families of one RT in sight, in no particular order; the empty RT is that of no RT."""
    statement = select(*RECORD_COLUMNS).where(*_open_families(sight, desa), _RECORD.c.rt == rt)
    vault = vault_of(session)
    return [record_of(desa, row, vault) for row in session.connection().execute(statement)]


def _open_families(sight: Sight, desa: str) -> tuple[ColumnElement[bool], ...]:
    return (
        _RECORD.c.desa == desa,
        _RECORD.c.entity == KELUARGA,
        _RECORD.c.alias.is_(None),
        _RECORD.c.end_reason.is_(None),
        in_sight(_RECORD.c.desa, _RECORD.c.rt, sight),
    )
