"""The village's meeting: where and when it was held, who came, what it decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import orjson
from sqlalchemy import select
from sqlmodel import Session

from models.queries.inserting import insert_or_replace
from models.queries.rowsets import instant, store
from models.tables.columns import table_of
from models.tables.rounds import Musyawarah, MusyawarahDecision
from sync.types import Json

ATTENDANCE_MAX: Final = 500

_MEETING = table_of(Musyawarah)
_DECISION = table_of(MusyawarahDecision)


@dataclass(frozen=True, slots=True)
class Attendant:
    """Somebody who came."""

    nama: str
    peran: str
    tanda_tangan: bool = False


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting as it is written down now."""

    version: int = 0
    place: str = ""
    held_on: date | None = None
    attendance: Sequence[Attendant] = ()
    notes: str = ""
    account_id: str | None = None

    @property
    def is_recorded(self) -> bool:
        """Does a berita acara have what it has to say about it?"""
        return bool(self.place and self.held_on and self.attendance)


@dataclass(frozen=True, slots=True)
class Decided:
    """What the meeting decided about one family."""

    family: str
    decision: str
    reason: str
    at: datetime
    account_id: str | None = None

    def as_frozen(self) -> Mapping[str, Json]:
        """As it stands in the frozen village."""
        return {"decision": self.decision} | ({"reason": self.reason} if self.reason else {})


@dataclass(frozen=True, slots=True)
class Recorded:
    """A meeting with its decisions, by family."""

    meeting: Meeting
    decisions: Mapping[str, Decided] = field(default_factory=dict)


def recorded(session: Session, desa: str, period: str) -> Recorded:
    """Everything that is written down of a village's meeting."""
    statement = select(_MEETING).where(_MEETING.c.desa == desa, _MEETING.c.period == period)
    row = session.connection().execute(statement).one_or_none()
    meeting = Meeting()
    if row is not None:
        came = tuple(Attendant(**one) for one in orjson.loads(row.attendance))
        meeting = Meeting(row.version, row.place, row.held_on, came, row.notes, row.account_id)
    decided = select(_DECISION).where(_DECISION.c.desa == desa, _DECISION.c.period == period)
    return Recorded(
        meeting,
        {
            row.family: Decided(row.family, row.decision, row.reason, row.at, row.account_id)
            for row in session.connection().execute(decided.order_by(_DECISION.c.family))
        },
    )


def store_meeting(
    session: Session, desa: str, period: str, meeting: Meeting, now: datetime
) -> None:
    """Write the meeting down, its new version included. The village's turn must be held."""
    came = [
        {"nama": one.nama, "peran": one.peran, "tanda_tangan": one.tanda_tangan}
        for one in meeting.attendance
    ]
    row = {
        "desa": desa,
        "period": period,
        "version": meeting.version,
        "place": meeting.place,
        "held_on": meeting.held_on,
        "attendance": orjson.dumps(came).decode(),
        "notes": meeting.notes,
        "changed_at": now,
        "account_id": meeting.account_id,
    }
    insert_or_replace(session, _MEETING, [row])


def store_decisions(session: Session, desa: str, period: str, decided: Sequence[Decided]) -> None:
    """Write decisions down; a later one about a family replaces the earlier one."""
    rows = [
        {
            "period": period,
            "family": one.family,
            "decision": one.decision,
            "reason": one.reason,
            "at": instant(one.at),
            "account_id": one.account_id,
        }
        for one in decided
    ]
    store(session, _DECISION, desa, rows)
