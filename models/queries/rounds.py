"""Rounds: where villages stand, the log that this follows from, and what was stated on the way."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import Row, insert, select, update
from sqlmodel import Session

from models.queries.inserting import insert_or_replace
from models.queries.scoping import Sight, in_areas
from models.tables.columns import table_of
from models.tables.rounds import FindingReason, RoundEvent, RoundRow, RtDone
from sync.canonical import canonical_json
from sync.signoff import Event, State
from sync.types import Json

BEGINNING: Final = "0" * 64
"""The hash before the first event of every round."""
EVENTS_SHOWN_MAX: Final = 1000
ROUNDS_PER_PAGE_MAX: Final = 500

_ROUND = table_of(RoundRow)
_EVENT = table_of(RoundEvent)
_DONE = table_of(RtDone)
_REASON = table_of(FindingReason)


@dataclass(frozen=True, slots=True)
class StoredRound:
    """One village in one period."""

    desa: str
    period: str
    state: State
    version: int
    opened_head: int
    opened_at: datetime
    changed_at: datetime
    signed_hash: str | None = None
    unlocked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One line of a round's log; `detail` never holds a person's name or number."""

    desa: str
    period: str
    n: int
    event: str
    state_before: str
    state: str
    at: datetime
    account_id: str | None
    role: str
    reason: str = ""
    detail: Mapping[str, Json] = field(default_factory=dict)
    previous: str = BEGINNING
    hash: str = ""

    def digest(self) -> str:
        """SHA-256 over everything else, the event before it included."""
        told = {
            "desa": self.desa,
            "period": self.period,
            "n": self.n,
            "event": self.event,
            "state_before": self.state_before,
            "state": self.state,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "account_id": self.account_id,
            "role": self.role,
            "reason": self.reason,
            "detail": dict(self.detail),
            "previous": self.previous,
        }
        return hashlib.sha256(canonical_json(told)).hexdigest()


@dataclass(frozen=True, slots=True)
class StatedRt:
    """That an RT is done: by whom, and how many of its families lacked an outcome then."""

    rt: str
    stated_at: datetime
    account_id: str | None
    on_behalf: bool
    families: int
    lacking: int
    head: int
    withdrawn_at: datetime | None = None


def round_of(session: Session, desa: str, period: str) -> StoredRound | None:
    """Where the village stands; nothing where nobody has done a step yet."""
    statement = select(_ROUND).where(_ROUND.c.desa == desa, _ROUND.c.period == period)
    row = session.connection().execute(statement).one_or_none()
    return None if row is None else _round(row)


def rounds_in_sight(
    session: Session, sight: Sight, period: str, *, after: str = "", last: str = "9" * 10
) -> dict[str, StoredRound]:
    """Village → its round, for villages in sight from `after` on up to `last`."""
    statement = select(_ROUND).where(
        _ROUND.c.period == period,
        _ROUND.c.desa > after,
        _ROUND.c.desa <= last,
        in_areas(_ROUND.c.desa, sight.scope.areas(sight.now)),
    )
    return {row.desa: _round(row) for row in session.connection().execute(statement)}


def rounds_of_village(session: Session, desa: str) -> list[StoredRound]:
    """Every round of a village."""
    statement = select(_ROUND).where(_ROUND.c.desa == desa).order_by(_ROUND.c.period)
    return [_round(row) for row in session.connection().execute(statement)]


def open_round(session: Session, opened: StoredRound) -> None:
    """Keep a round that nobody has touched before. The village's turn must be held."""
    session.connection().execute(insert(_ROUND).values(**_values(opened)))


def change_round(session: Session, changed: StoredRound) -> None:
    """Replace where a round stands; its event comes with it. The village's turn must be held."""
    session.connection().execute(
        update(_ROUND)
        .where(_ROUND.c.desa == changed.desa, _ROUND.c.period == changed.period)
        .values(**_values(changed))
    )


def add_event(session: Session, event: StoredEvent) -> StoredEvent:
    """Append to the log of a round; the event as it is stored, chained to the one before it."""
    last = (
        select(_EVENT.c.hash)
        .where(_EVENT.c.desa == event.desa, _EVENT.c.period == event.period)
        .order_by(_EVENT.c.n.desc())
        .limit(1)
    )
    previous = session.connection().execute(last).scalar_one_or_none() or BEGINNING
    chained = StoredEvent(**{**_fields(event), "previous": previous, "hash": ""})
    stored = StoredEvent(**{**_fields(chained), "hash": chained.digest()})
    detail = canonical_json(dict(stored.detail)).decode()
    session.connection().execute(insert(_EVENT).values(**_fields(stored) | {"detail": detail}))
    return stored


def events_of(
    session: Session, desa: str, period: str, limit: int | None = EVENTS_SHOWN_MAX
) -> list[StoredEvent]:
    """The log of a round, the oldest first; of a long one the latest `limit`."""
    statement = (
        select(_EVENT)
        .where(_EVENT.c.desa == desa, _EVENT.c.period == period)
        .order_by(_EVENT.c.n.desc())
        .limit(limit)
    )
    rows = session.connection().execute(statement).mappings()
    found = [StoredEvent(**{**row, "detail": orjson.loads(row["detail"])}) for row in rows]
    return found[::-1]


def approvers_of(session: Session, desa: str, period: str, digest: str) -> frozenset[str]:
    """Accounts that approved exactly that frozen village."""
    statement = select(_EVENT.c.account_id, _EVENT.c.detail).where(
        _EVENT.c.desa == desa,
        _EVENT.c.period == period,
        _EVENT.c.event == Event.DISETUJUI.value,
        _EVENT.c.account_id.is_not(None),
    )
    rows = session.connection().execute(statement)
    return frozenset(row.account_id for row in rows if orjson.loads(row.detail)["hash"] == digest)


def store_rt(session: Session, desa: str, period: str, stated: StatedRt) -> None:
    """State that an RT is done, or that this was withdrawn."""
    row = {
        "desa": desa,
        "period": period,
        "rt": stated.rt,
        "stated_at": stated.stated_at,
        "account_id": stated.account_id,
        "on_behalf": stated.on_behalf,
        "families": stated.families,
        "lacking": stated.lacking,
        "head": stated.head,
        "withdrawn_at": stated.withdrawn_at,
    }
    insert_or_replace(session, _DONE, [row])


def rts_stated(session: Session, desa: str, period: str) -> dict[str, StatedRt]:
    """RT → its statement, withdrawn ones included."""
    statement = select(_DONE).where(_DONE.c.desa == desa, _DONE.c.period == period)
    return {
        row.rt: StatedRt(
            row.rt,
            row.stated_at,
            row.account_id,
            bool(row.on_behalf),
            row.families,
            row.lacking,
            row.head,
            row.withdrawn_at,
        )
        for row in session.connection().execute(statement)
    }


def rts_done_count(session: Session, desas: Iterable[str], period: str) -> dict[str, int]:
    """Village → how many of its RTs are done."""
    statement = select(_DONE.c.desa, _DONE.c.rt).where(
        _DONE.c.period == period,
        _DONE.c.desa.in_(sorted(set(desas))),
        _DONE.c.withdrawn_at.is_(None),
    )
    counted: dict[str, int] = {}
    for row in session.connection().execute(statement):
        counted[row.desa] = counted.get(row.desa, 0) + 1
    return counted


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a finding about a record stands."""

    record: str
    code: str
    reason: str
    at: datetime
    account_id: str | None


def store_reason(session: Session, desa: str, period: str, explained: Explained) -> None:
    """Give the reason for a finding; a later one replaces it, the log has both."""
    row = {
        "desa": desa,
        "period": period,
        "record": explained.record,
        "code": explained.code,
        "reason": explained.reason,
        "at": explained.at,
        "account_id": explained.account_id,
    }
    insert_or_replace(session, _REASON, [row])


def reasons_of(session: Session, desa: str, period: str) -> list[Explained]:
    """Every reason that was given for a finding in a round."""
    statement = (
        select(_REASON)
        .where(_REASON.c.desa == desa, _REASON.c.period == period)
        .order_by(_REASON.c.at)
    )
    return [
        Explained(row.record, row.code, row.reason, row.at, row.account_id)
        for row in session.connection().execute(statement)
    ]


def _values(one: StoredRound) -> dict[str, object]:
    return {
        "desa": one.desa,
        "period": one.period,
        "state": one.state.value,
        "version": one.version,
        "opened_head": one.opened_head,
        "opened_at": one.opened_at,
        "changed_at": one.changed_at,
        "signed_hash": one.signed_hash,
        "unlocked_until": one.unlocked_until,
    }


def _round(row: Row[*tuple[Any, ...]]) -> StoredRound:
    return StoredRound(
        row.desa,
        row.period,
        State(row.state),
        row.version,
        row.opened_head,
        row.opened_at,
        row.changed_at,
        row.signed_hash,
        row.unlocked_until,
    )


def _fields(event: StoredEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in StoredEvent.__slots__}


def villages_with_rounds(session: Session) -> list[str]:
    """Every village that somebody has done a step in."""
    statement = select(_ROUND.c.desa).distinct().order_by(_ROUND.c.desa)
    return list(session.connection().execute(statement).scalars())
