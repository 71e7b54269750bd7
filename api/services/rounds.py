"""Steps of a village's round: taken under the village's turn, one event each, never silently.

Whoever changes a round first takes the village's turn, as a push does. So a signature and a late
push, or two people at two screens, come one after the other, and the second sees what the first
did: with If-Match it hears `version-changed`, without it that the step no longer leads from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.freezing import Live, live_round, standing
from api.services.reviewers import Reviewer
from models.queries import areas, auditing, feeds, rounds
from models.queries.periods import StoredPeriod
from models.queries.rounds import StoredRound
from sync.permission import Action, Role
from sync.readiness import rts_of
from sync.signoff import (
    ASKED_FOR,
    Attempt,
    Calendar,
    Event,
    Refused,
    State,
    after,
    may_reopen,
    steps_from,
)
from sync.types import Json

MAY_OPEN_WITHOUT_RTS: Final = frozenset({Role.SUPERVISOR, Role.ADMIN})
RTS_TOLD_MAX: Final = 200
_LETTER: Final = ("nomor", "tanggal", "scan")
"""What belongs to the bupati's letter: number, date, SHA-256 of its scan."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A step that somebody asks for; `version` is the one they saw, if they say."""

    event: Event
    reason: str = ""
    version: int | None = None
    detail: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turned:
    """A round whose village's turn is held, in the hands of one person."""

    reviewer: Reviewer
    period: StoredPeriod
    round: StoredRound
    is_new: bool

    @property
    def desa(self) -> str:
        return self.round.desa

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.period.window, self.period.roles, self.round.unlocked_until)

    def then(self, event: Event, reason: str = "") -> State:
        """The state after an event. Raises `AppError` for one that is refused."""
        reviewer = self.reviewer
        attempt = Attempt(event, reviewer.role, reviewer.now, reason)
        answer = after(self.round.state, attempt, self.calendar)
        if isinstance(answer, State):
            return answer
        raise _refusal(answer, self, event)


def turned(
    session: Session, reviewer: Reviewer, desa: str, period: str, version: int | None = None
) -> Turned:
    """Take the village's turn and look where it stands.

    Raises `AppError`: `not-found` outside of the area, `not-permitted` for the command line, which
    acts in somebody's name, `version-changed`.
    """
    require_part(session, reviewer, desa)
    if reviewer.account_id is None:
        raise AppError("not-permitted")
    standing(session, desa, period)
    feeds.take_turn(session, desa)
    found, stored = standing(session, desa, period)
    if version is not None and version != stored.version:
        raise AppError("version-changed", version=stored.version)
    return Turned(reviewer, found, stored, is_new=stored.version == 0)


def require_whole(session: Session, reviewer: Reviewer, desa: str) -> None:
    """Raises `not-found` unless the whole village lies in the area, and is a village."""
    held = reviewer.sight.whole_areas()
    if not any(desa.startswith(area) for area in held) or not areas.known_codes(session, [desa]):
        raise AppError("not-found")


def require_part(session: Session, reviewer: Reviewer, desa: str) -> None:
    """Raises `not-found` unless a part of the village lies in the area, and it is a village."""
    sight = reviewer.sight
    if not sight.scope.touches(desa, sight.now) or not areas.known_codes(session, [desa]):
        raise AppError("not-found")


def step(session: Session, reviewer: Reviewer, desa: str, period: str, asked: Asked) -> StoredRound:
    """Take a step, or go back with a reason."""
    require_whole(session, reviewer, desa)
    if not reviewer.may(Action.MOVE_ROUND):
        raise AppError("not-permitted")
    if asked.event not in ASKED_FOR:
        raise AppError("value-refused", "That is no step to be asked for; a village is signed.")
    held = turned(session, reviewer, desa, period, asked.version)
    state = held.then(asked.event, asked.reason)
    detail = dict(asked.detail)
    if asked.event is Event.BUKA_MUSYAWARAH:
        detail |= _rts(session, held, asked.reason)
    if asked.event is Event.DISAHKAN_BUPATI and not all(detail.get(part) for part in _LETTER):
        raise AppError(
            "value-refused", "The bupati's letter has a number, a date and a scan: name all three."
        )
    if asked.event is Event.DIBUKA_KEMBALI:
        # What was signed stays for ever, but the village no longer stands by it.
        held = replace(held, round=replace(held.round, signed_hash=None))
    return happened(session, held, asked.event, state, reason=asked.reason, detail=detail)


def unlock(
    session: Session, reviewer: Reviewer, desa: str, period: str, *, until: datetime, reason: str
) -> StoredRound:
    """Let the village's own people do their steps until then, although their window closed."""
    require_whole(session, reviewer, desa)
    if not reviewer.may(Action.MANAGE_PERIODS):
        raise AppError("not-permitted")
    if until <= reviewer.now:
        raise AppError("value-refused", "The village is unlocked until a time that lies ahead.")
    held = turned(session, reviewer, desa, period)
    state = held.then(Event.KUNCI_DIBUKA, reason)
    held = replace(held, round=replace(held.round, unlocked_until=until))
    detail: dict[str, Json] = {"until": until.isoformat()}
    return happened(session, held, Event.KUNCI_DIBUKA, state, reason=reason, detail=detail)


def happened(
    session: Session,
    held: Turned,
    event: Event,
    state: State,
    *,
    reason: str = "",
    detail: Mapping[str, Json] | None = None,
) -> StoredRound:
    """Write an event down: in the round's log, in the round, in the audit chain."""
    reviewer, before = held.reviewer, held.round
    changed = replace(before, state=state, version=before.version + 1, changed_at=reviewer.now)
    if held.is_new:
        rounds.open_round(session, changed)
    else:
        rounds.change_round(session, changed)
    stored = rounds.add_event(
        session,
        rounds.StoredEvent(
            changed.desa,
            changed.period,
            changed.version,
            event.value,
            before.state.value,
            state.value,
            reviewer.now,
            reviewer.account_id,
            reviewer.role.value,
            reason.strip(),
            dict(detail or {}),
        ),
    )
    entry = reviewer.entry(
        f"round-{event.value}", period=changed.period, n=stored.n, event=stored.hash
    )
    auditing.append(session, changed.desa, entry)
    return changed


def _rts(session: Session, held: Turned, reason: str) -> dict[str, Json]:
    """RTs that have not been stated as done; for opening without them a reason is noted."""
    missing = rts_missing(session, live_round(session, held.desa, held.period.id))
    if not missing:
        return {}
    told: list[Json] = [*missing[:RTS_TOLD_MAX]]
    if held.reviewer.role not in MAY_OPEN_WITHOUT_RTS:
        named = ", ".join(rt or "unknown" for rt in missing[:RTS_TOLD_MAX])
        raise AppError(
            "rts-not-done",
            f"Not stated as done: {named}. A supervisor can open the musyawarah without them, "
            "with a reason.",
            rts=told,
        )
    if not reason.strip():
        raise AppError(
            "value-refused",
            "RTs are not done: say why the musyawarah opens without them.",
            rts=told,
        )
    return {"without": told}


def rts_missing(session: Session, live: Live) -> list[str]:
    """RTs with families on the list that nobody has stated as done."""
    stated = rounds.rts_stated(session, live.village.desa, live.period.id)
    done = {rt for rt, one in stated.items() if one.withdrawn_at is None}
    return [rt for rt in rts_of(live.village) if rt not in done]


def _refusal(why: Refused, held: Turned, event: Event) -> AppError:
    state, role = held.round.state, held.reviewer.role
    match why:
        case Refused.NOT_FROM_HERE:
            return AppError(
                "round-elsewhere",
                f"The round stands at {state.value}; {event.value} does not lead on from there.",
                state=state.value,
                steps=[one.value for one in steps_from(state, role)],
            )
        case Refused.NOT_THIS_ROLE:
            who = sorted(may_reopen(state)) if event is Event.DIBUKA_KEMBALI else []
            said = f" Ask one of: {', '.join(who)}." if who else ""
            return AppError("not-permitted", f"That step is another role's.{said}")
        case Refused.REASON_MISSING:
            return AppError("value-refused", "Say why; the reason stays in the round's log.")
        case Refused.CLOSED:
            return AppError("village-locked")
