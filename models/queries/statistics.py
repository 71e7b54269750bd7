"""Numbers about the register as a whole: what a district's page and its progress table show.

Families are counted on the list, so a family that moved away or turned out to be on it twice is
done, not gone: the denominator of the progress never shrinks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true
from sqlmodel import Session

from models.queries.quarantine import WAITING
from models.queries.scoping import Sight, in_sight
from models.tables.accounts import Device
from models.tables.areas import Wilayah
from models.tables.columns import table_of
from models.tables.register import RecordRow
from models.tables.review import ConflictRow
from models.tables.sync import OperationRow, QuarantineRow
from sync.operation import Kind
from sync.types import ANGGOTA, KELUARGA, KUNJUNGAN, ConflictState, Outcome

VILLAGES_PER_PAGE_MAX: Final = 500

_RECORD = table_of(RecordRow)
_CONFLICT = table_of(ConflictRow)
_QUARANTINE = table_of(QuarantineRow)
_OPERATION = table_of(OperationRow)
_DEVICE = table_of(Device)
_AREA = table_of(Wilayah)

# Documents are JSON as orjson writes it, without spaces, and quotes inside of texts are escaped:
# this can only be the field itself. It is many times cheaper than parsing every document.
_HAS_OUTCOME = _RECORD.c.doc.contains('"hasil":"', autoescape=True)
_FAMILY = _RECORD.c.entity == KELUARGA


@dataclass(frozen=True, slots=True)
class VillageProgress:
    """How far one village is: families on its list, and those with an outcome (or closed)."""

    desa: str
    nama: str | None
    families: int
    done: int
    conflicts: int = 0
    """Open ones."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a register holds and what waits in it."""

    villages: tuple[VillageProgress, ...]
    rts: int
    members: int
    """Persons who are neither gone nor merged into another."""
    visits: int
    last_visits: tuple[date, int] | None
    """The latest day of which visits tell, and how many do."""
    waiting: int
    """Operations in quarantine."""
    devices: int
    """Not revoked."""
    devices_silent: int
    """Of these, not heard of since `silent_since`: what they still hold, nobody here knows."""

    @property
    def families(self) -> int:
        return sum(village.families for village in self.villages)

    @property
    def done(self) -> int:
        return sum(village.done for village in self.villages)

    @property
    def conflicts(self) -> int:
        return sum(village.conflicts for village in self.villages)


def statistics(session: Session, silent_since: datetime) -> Statistics:
    """The whole register, in five statements. Reads every record: remember the answer a while."""
    rows = (
        session.connection()
        .execute(
            select(
                _RECORD.c.desa,
                func.count(func.distinct(case((_FAMILY, _RECORD.c.rt)))).label("rts"),
                _count(
                    and_(_RECORD.c.entity == ANGGOTA, _RECORD.c.end_reason.is_(None)), "members"
                ),
                _count(_RECORD.c.entity == KUNJUNGAN, "visits"),
            )
            .where(_RECORD.c.alias.is_(None))
            .group_by(_RECORD.c.desa)
        )
        .all()
    )
    devices, heard_of = session.connection().execute(
        select(func.count(), func.count(case((_DEVICE.c.last_seen_at >= silent_since, 1))))
        .select_from(_DEVICE)
        .where(_DEVICE.c.revoked_at.is_(None))
    ).one()  # fmt: skip
    return Statistics(
        villages=tuple(_progress(session, true(), "", None)),
        rts=sum(row.rts for row in rows),
        members=sum(row.members for row in rows),
        visits=sum(row.visits for row in rows),
        last_visits=_last_visits(session),
        waiting=_waiting(session),
        devices=devices,
        devices_silent=devices - heard_of,
    )


def progress(
    session: Session, sight: Sight, *, after: str = "", limit: int = VILLAGES_PER_PAGE_MAX
) -> list[VillageProgress]:
    """Villages in sight by code, from `after` on; of each only the RTs in sight are counted."""
    within = in_sight(_RECORD.c.desa, _RECORD.c.rt, sight)
    return _progress(session, within, after, min(limit, VILLAGES_PER_PAGE_MAX))


def waiting_by_problem(session: Session, sight: Sight) -> list[tuple[str, int]]:
    """Why operations wait in quarantine, and how many do for each reason, the commonest first."""
    of_record = and_(_RECORD.c.desa == _QUARANTINE.c.desa, _RECORD.c.id == _QUARANTINE.c.record)
    count = func.count().label("waiting")
    rows = session.connection().execute(
        select(_QUARANTINE.c.problem, count)
        # What could not be merged may name a record that does not exist, whose RT nobody knows.
        .select_from(_QUARANTINE.outerjoin(_RECORD, of_record))
        .where(
            _QUARANTINE.c.state == WAITING,
            in_sight(_QUARANTINE.c.desa, _RECORD.c.rt, sight),
        )
        .group_by(_QUARANTINE.c.problem)
        .order_by(count.desc(), _QUARANTINE.c.problem)
    )
    return [(row.problem, row.waiting) for row in rows]


def _progress(
    session: Session, within: ColumnElement[bool], after: str, limit: int | None
) -> list[VillageProgress]:
    counted = (
        select(
            _RECORD.c.desa,
            func.count().label("families"),
            _count(or_(_HAS_OUTCOME, _RECORD.c.end_reason.is_not(None)), "done"),
        )
        .where(_FAMILY, _RECORD.c.alias.is_(None), _RECORD.c.desa > after, within)
        .group_by(_RECORD.c.desa)
        .order_by(_RECORD.c.desa)
        .limit(limit)
        .subquery()
    )
    statement = (
        select(counted, _AREA.c.nama)
        .select_from(counted.outerjoin(_AREA, _AREA.c.kode == counted.c.desa))
        .order_by(counted.c.desa)
    )
    rows = session.connection().execute(statement).all()
    if not rows:
        return []
    asked = _open_conflicts(session, within, after=after, last=rows[-1].desa)
    return [
        VillageProgress(row.desa, row.nama, row.families, row.done, asked.get(row.desa, 0))
        for row in rows
    ]


def _open_conflicts(
    session: Session, within: ColumnElement[bool], *, after: str, last: str
) -> Mapping[str, int]:
    """Village → its open conflicts, for villages behind `after` up to `last`."""
    of_record = and_(_RECORD.c.desa == _CONFLICT.c.desa, _RECORD.c.id == _CONFLICT.c.record)
    rows = session.connection().execute(
        select(_CONFLICT.c.desa, func.count().label("asked"))
        .select_from(_CONFLICT.join(_RECORD, of_record))
        .where(
            _CONFLICT.c.state == str(ConflictState.OPEN),
            _CONFLICT.c.desa > after,
            _CONFLICT.c.desa <= last,
            within,
        )
        .group_by(_CONFLICT.c.desa)
    )
    return {row.desa: row.asked for row in rows}


def _last_visits(session: Session) -> tuple[date, int] | None:
    of_record = and_(_RECORD.c.desa == _OPERATION.c.desa, _RECORD.c.id == _OPERATION.c.record)
    row = session.connection().execute(
        select(_OPERATION.c.observed, func.count().label("visits"))
        .select_from(_OPERATION.join(_RECORD, of_record))
        .where(
            _RECORD.c.entity == KUNJUNGAN,
            _OPERATION.c.kind == Kind.CREATE.value,
            _OPERATION.c.outcome == Outcome.APPLIED.value,
            # A phone that thinks it is next year must not make that the latest day.
            _OPERATION.c.suspect.is_(False),
        )
        .group_by(_OPERATION.c.observed)
        .order_by(_OPERATION.c.observed.desc())
        .limit(1)
    ).one_or_none()  # fmt: skip
    return None if row is None else (date.fromisoformat(row.observed), row.visits)


def _waiting(session: Session) -> int:
    statement = select(func.count()).where(_QUARANTINE.c.state == WAITING)
    return session.connection().execute(statement).scalar_one()


def _count(condition: ColumnElement[bool], name: str) -> ColumnElement[int]:
    return func.count(case((condition, 1))).label(name)
