"""A village's round as people look at it: where it stands, who stated what, what came too late."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.freezing import Live, live_round, standing
from api.services.reviewers import Reviewer
from api.services.round_checks import names_of
from api.services.rounds import require_part
from models.queries import browsing, frozen, rounds, village_lists
from models.queries.frozen import FrozenNote
from models.queries.rounds import StatedRt, StoredEvent
from models.queries.village_lists import LateOperation
from sync.permission import Action
from sync.readiness import lacking_outcome, rts_of
from sync.signoff import Calendar, steps_from
from sync.types import Json

EVENTS_TOLD: Final = 100


@dataclass(frozen=True, slots=True)
class RtLine:
    """One RT of the list: how far it is, and whether its head says that it is done."""

    rt: str
    families: int
    lacking: int
    """Without an outcome, now."""
    done: bool
    stated_at: datetime | None = None
    stated_by: str | None = None
    """The account's name."""
    on_behalf: bool = False
    lacking_then: int | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventLine:
    """One line of the round's log."""

    n: int
    event: str
    state: str
    at: datetime
    by: str | None
    role: str
    reason: str
    detail: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class RoundPage:
    """Where a village stands."""

    desa: str
    period: str
    state: str
    version: int
    opens_at: datetime
    closes_at: datetime
    """For the reader's own role."""
    is_open: bool
    unlocked_until: datetime | None
    profile: str
    opened_head: int
    steps: tuple[str, ...]
    """What the reader can ask for next."""
    rts: tuple[RtLine, ...]
    frozen: tuple[FrozenNote, ...]
    events: tuple[EventLine, ...]


@dataclass(frozen=True, slots=True)
class LateLine:
    """One operation that came after the village was frozen."""

    operation: LateOperation
    name: Json
    """The family's head, as far as the reader may know."""
    by: str | None


@dataclass(frozen=True, slots=True)
class LatePage:
    """What came after the signature: the beginning of the next round."""

    desa: str
    period: str
    hash: str
    head: int
    total: int
    operations: tuple[LateLine, ...]


def round_page(session: Session, reviewer: Reviewer, desa: str, period: str) -> RoundPage:
    """Where a village stands, of the RTs in sight. Raises `AppError` `not-found`."""
    _require(session, reviewer, desa)
    live = live_round(session, desa, period)
    stored, found = live.round, live.period
    calendar = Calendar(found.window, found.roles, stored.unlocked_until)
    window = calendar.window_of(reviewer.role) or found.window
    events = rounds.events_of(session, desa, period, EVENTS_TOLD)
    stated = rounds.rts_stated(session, desa, period)
    names = _names(session, events, stated.values())
    sees_all = any(desa.startswith(area) for area in reviewer.sight.whole_areas())
    return RoundPage(
        desa,
        found.id,
        stored.state.value,
        stored.version,
        window.opens,
        window.closes,
        calendar.is_open(reviewer.role, reviewer.now),
        stored.unlocked_until,
        found.profile,
        stored.opened_head,
        tuple(one.value for one in steps_from(stored.state, reviewer.role)) if sees_all else (),
        tuple(
            _rt_line(live, rt, stated.get(rt), names)
            for rt in rts_of(live.village)
            if reviewer.sight.covers(desa, rt)
        ),
        tuple(frozen.frozen_notes(session, desa, period)) if sees_all else (),
        tuple(_event_line(one, names) for one in events) if sees_all else (),
    )


def late_page(session: Session, reviewer: Reviewer, desa: str, period: str, limit: int) -> LatePage:
    """What was merged after the village was frozen, by name; nothing of it changes what stands."""
    _require(session, reviewer, desa)
    _, stored = standing(session, desa, period)
    if stored.signed_hash is None:
        raise AppError(
            "round-elsewhere",
            "Nothing is late as long as the village is not signed.",
            state=stored.state.value,
        )
    note = frozen.frozen_note(session, desa, stored.signed_hash)
    assert note is not None, "what is signed was frozen, and is never deleted"
    found, total = village_lists.late_operations(
        session, reviewer.sight, desa, note.head, limit=limit
    )
    heads = names_of(live_round(session, desa, period), reviewer)
    accounts = browsing.account_names(session, (one.account_id or "" for one in found))
    return LatePage(
        desa,
        period,
        note.hash,
        note.head,
        total,
        tuple(
            LateLine(one, heads.get(one.family), accounts.get(one.account_id or ""))
            for one in found
        ),
    )


def _require(session: Session, reviewer: Reviewer, desa: str) -> None:
    require_part(session, reviewer, desa)
    if not reviewer.may(Action.READ_ROUND):
        raise AppError("not-permitted")


def _names(
    session: Session, events: Iterable[StoredEvent], stated: Iterable[StatedRt]
) -> Mapping[str, str]:
    ids = {one.account_id for one in events} | {one.account_id for one in stated}
    return browsing.account_names(session, (one for one in ids if one is not None))


def _rt_line(live: Live, rt: str, stated: StatedRt | None, names: Mapping[str, str]) -> RtLine:
    families = sum(family.record.rt == rt for family in live.village.families)
    lacking = lacking_outcome(live.village, rt)
    if stated is None:
        return RtLine(rt, families, lacking, done=False)
    return RtLine(
        rt,
        families,
        lacking,
        stated.withdrawn_at is None,
        stated.stated_at,
        names.get(stated.account_id or ""),
        stated.on_behalf,
        stated.lacking,
        stated.withdrawn_at,
    )


def _event_line(one: StoredEvent, names: Mapping[str, str]) -> EventLine:
    by = names.get(one.account_id or "")
    return EventLine(one.n, one.event, one.state, one.at, by, one.role, one.reason, one.detail)
