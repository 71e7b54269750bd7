"""How far a backup reaches, lane by lane."""

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session

from models.tables.columns import table_of
from models.tables.sync import LaneRow, OperationRow

_LANE = table_of(LaneRow)
_OPERATION = table_of(OperationRow)


def received_before(session: Session, moment: datetime) -> list[tuple[str, str, int]]:
    """(desa, lane, last operation that came before the moment), where that is news for phones."""
    last = func.max(_OPERATION.c.seq)
    statement = (
        select(_OPERATION.c.desa, _OPERATION.c.lane, last)
        .join(_LANE, (_LANE.c.desa == _OPERATION.c.desa) & (_LANE.c.lane == _OPERATION.c.lane))
        .where(_OPERATION.c.received_at < moment, _OPERATION.c.seq > _LANE.c.durable)
        .group_by(_OPERATION.c.desa, _OPERATION.c.lane)
        .order_by(_OPERATION.c.desa, _OPERATION.c.lane)
    )
    rows = session.connection().execute(statement)
    return [(desa, lane, int(seq)) for desa, lane, seq in rows]
