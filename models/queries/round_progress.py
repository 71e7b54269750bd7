"""How far villages are in a period: families on the list, and those with an outcome of this round.

One statement for a page of villages. A village in which nobody has done a step yet has no row for
its round; there an outcome counts that came after its last signature.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlmodel import Session

from models.queries.rowsets import is_sqlite
from models.queries.scoping import Sight, in_areas, in_sight
from models.tables.areas import Wilayah
from models.tables.columns import table_of
from models.tables.register import RecordRow
from models.tables.rounds import FrozenVillageRow, RoundRow
from sync.types import KELUARGA

VILLAGES_PER_PAGE_MAX: Final = 500

_RECORD = table_of(RecordRow)
_ROUND = table_of(RoundRow)
_FROZEN = table_of(FrozenVillageRow)
_AREA = table_of(Wilayah)
_SIGNED = _ROUND.alias("signed")


@dataclass(frozen=True, slots=True)
class RoundProgress:
    """One village; `done`: families with an outcome of this round, or closed."""

    desa: str
    nama: str | None
    families: int
    done: int
    rts: int


def round_progress(
    session: Session, sight: Sight, period: str, area: str, *, after: str, limit: int
) -> list[RoundProgress]:
    """Villages of an area in sight by code, from `after` on; of each the RTs in sight."""
    done = _is_done(session, func.coalesce(_ROUND.c.opened_head, _signed_before(), 0))
    counted = (
        select(
            _RECORD.c.desa,
            func.count().label("families"),
            func.count(case((done, 1))).label("done"),
            func.count(func.distinct(_RECORD.c.rt)).label("rts"),
        )
        .select_from(
            _RECORD.outerjoin(
                _ROUND, and_(_ROUND.c.desa == _RECORD.c.desa, _ROUND.c.period == period)
            )
        )
        .where(
            _RECORD.c.entity == KELUARGA,
            _RECORD.c.alias.is_(None),
            _RECORD.c.desa > after,
            in_areas(_RECORD.c.desa, [area]) if area else true(),
            in_sight(_RECORD.c.desa, _RECORD.c.rt, sight),
        )
        .group_by(_RECORD.c.desa)
        .order_by(_RECORD.c.desa)
        .limit(min(limit, VILLAGES_PER_PAGE_MAX))
        .subquery()
    )
    statement = (
        select(counted, _AREA.c.nama)
        .select_from(counted.outerjoin(_AREA, _AREA.c.kode == counted.c.desa))
        .order_by(counted.c.desa)
    )
    return [
        RoundProgress(row.desa, row.nama, row.families, row.done, row.rts)
        for row in session.connection().execute(statement)
    ]


@dataclass(frozen=True, slots=True)
class RtProgress:
    """One RT of a village; `done`: families with an outcome of this round, or closed."""

    rt: str
    families: int
    done: int


def rt_progress(session: Session, sight: Sight, desa: str, opened_head: int) -> list[RtProgress]:
    """The RTs of a village in sight, counted as `round_progress` counts villages."""
    done = _is_done(session, literal(opened_head))
    statement = (
        select(
            _RECORD.c.rt, func.count().label("families"), func.count(case((done, 1))).label("done")
        )
        .where(
            _RECORD.c.desa == desa,
            _RECORD.c.entity == KELUARGA,
            _RECORD.c.alias.is_(None),
            in_sight(_RECORD.c.desa, _RECORD.c.rt, sight),
        )
        .group_by(_RECORD.c.rt)
        .order_by(_RECORD.c.rt)
    )
    rows = session.connection().execute(statement)
    return [RtProgress(row.rt, row.families, row.done) for row in rows]


def _is_done(session: Session, head: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(_RECORD.c.end_reason.is_not(None), _stated_after(session, head))


def _signed_before() -> ColumnElement[Any]:
    signed = _FROZEN.join(
        _SIGNED, and_(_SIGNED.c.desa == _FROZEN.c.desa, _SIGNED.c.signed_hash == _FROZEN.c.hash)
    )
    return (
        select(func.max(_FROZEN.c.head))
        .select_from(signed)
        .where(_FROZEN.c.desa == _RECORD.c.desa)
        .correlate(_RECORD)
        .scalar_subquery()
    )


def _stated_after(session: Session, head: ColumnElement[Any]) -> ColumnElement[bool]:
    """Was the outcome stated behind that number? Any of its stamps counts: the first, a repeat."""
    has_outcome = _RECORD.c.doc.contains('"hasil":"', autoescape=True)
    stamps: ColumnElement[Any]
    if is_sqlite(session):
        stamps = func.json_extract(_RECORD.c.stamps, "$.g.hasil")
        each = func.json_each(stamps).table_valued("value", name="stamp")
        seq: ColumnElement[Any] = func.json_extract(each.c.value, "$[0]")
    else:
        stamps = cast(_RECORD.c.stamps, JSON)["g"]["hasil"]
        told = column("value", JSON())
        each = func.json_array_elements(stamps).table_valued(told, name="stamp")
        seq = cast(each.c.value[0].as_string(), BigInteger)
    repeated = select(1).select_from(each).where(seq > head).correlate(_RECORD, _ROUND).exists()
    own = cast(stamps, Text).is_not(None)
    return and_(has_outcome, case((own, repeated), else_=_RECORD.c.created_seq > head))
