"""Bring filled forms into the register: as operations of their phones, through the one merge.

Everything that a form says is decided in one batch, so that a family and its members land together
or not at all. The village's turn is held by the caller, who also commits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.services.pushing import (
    Brief,
    Ground,
    Turn,
    changed_niks,
    decide_together,
    store_plans,
)
from api.services.submitting_places import Collector, Village, without_order
from api.services.submitting_reading import Form, ask_for, read_form
from api.services.submitting_speech import Spoken, understand
from models.canonical import canonical_json
from models.queries.records import Asked
from sync.batch import Incoming, needs, read_batch
from sync.chains import Waits
from sync.clock import Anchor, BatchClock
from sync.push import Plan
from sync.types import KUNJUNGAN, Json, Outcome, Record, Refusal

BOOT: Final = "collect"
"""Forms name no boot of their phone; one name for all makes their wall clock the only witness."""
_TO_BE_JUDGED: Final = frozenset({Outcome.CONFLICT, Outcome.QUARANTINED})


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of a form: its operations' places, and how many of them a person has to judge."""

    lane: str
    first: int
    last: int
    visit: str | None
    to_be_judged: int
    niks: tuple[Record, ...]


def merge_form(
    session: Session,
    village: Village,
    collector: Collector,
    form: Form,
    *,
    forced: bool = False,
) -> Landed | Waits:
    """Merge a form, or say what it has to wait for."""
    before, village.before = village.before, None
    reading = read_form(collector, form, before)
    asked = ask_for(session, village, [reading])
    spoken = understand(session, village, reading, asked, forced=forced)
    if isinstance(spoken, Waits):
        return spoken
    (landed,) = bring(session, village, [spoken])
    return landed


def bring(session: Session, village: Village, spoken: Sequence[Spoken]) -> list[Landed]:
    """Send forms through the merge, one after the other, and store what follows.

    Each of them has a lane of its own.
    """
    decided = decide(session, briefed(village, spoken), spoken[0].grounds.asked)
    store_plans(session, village.desa, [(one.turn, one.batch, one.plan) for one in decided])
    village.head = decided[-1].plan.head
    return [one.landed for one in decided]


@dataclass(frozen=True, slots=True)
class Briefed:
    """A form as a batch of its lane, and the visit that it writes."""

    brief: Brief
    visit: str | None


@dataclass(frozen=True, slots=True)
class Decided:
    """A form that went through the merge, before anything of it is stored."""

    turn: Turn
    batch: Sequence[Incoming]
    plan: Plan
    landed: Landed


def briefed(village: Village, spoken: Sequence[Spoken]) -> list[Briefed]:
    """What the merge is told of forms."""
    return [_briefed(village, one) for one in spoken]


def decide(session: Session, forms: Sequence[Briefed], asked: Asked) -> list[Decided]:
    """Send forms through the merge, one after the other, without storing what follows."""
    decided = decide_together(session, [one.brief for one in forms], asked)
    return [
        Decided(brief.turn, brief.batch, plan, _landed(brief, plan, one.visit))
        for (brief, plan), one in zip(decided, forms, strict=True)
    ]


def _briefed(village: Village, spoken: Spoken) -> Briefed:
    grounds, speech = spoken.grounds, spoken.speech
    said, collector = speech.said, grounds.collector
    stored = without_order(grounds.lane)
    captured = said.captured or village.now
    operations = speech.operations(False)
    visit = next((str(o["id"]) for o in operations if o["entity"] == KUNJUNGAN), None)
    told = _source(spoken.form, captured, said.observed, visit)
    batch = _read(stored.lane.last, operations, {**told, "base": grounds.base})
    if any(isinstance(one.parsed, Refusal) for one in batch):
        batch = _read(stored.lane.last, speech.operations(True), {**told, "base": grounds.base})
    turn = Turn(
        village.desa,
        village.head,
        stored,
        collector.author(village.desa, village.now),
        village.now,
        collector.device_id,
    )
    clock = BatchClock("server", 0, {BOOT: Anchor(captured, _milliseconds(captured))})
    ground = _ground(village, collector)
    return Briefed(Brief(turn, batch, needs(batch), ground, clock), visit)


def _landed(brief: Brief, plan: Plan, visit: str | None) -> Landed:
    lane = brief.turn.lane
    judged = sum(entry["outcome"] in _TO_BE_JUDGED for _, entry in plan.results)
    return Landed(lane.name, lane.last + 1, plan.lane.last, visit, judged, changed_niks(plan))


def _read(
    last: int, operations: Sequence[dict[str, Json]], told: Mapping[str, Json]
) -> tuple[Incoming, ...]:
    numbered = [{**one, **told, "seq": last + n} for n, one in enumerate(operations, 1)]
    return read_batch(numbered, server_lane=True, canonical=canonical_json)


def _source(
    form: Form, captured: datetime, observed: str | None, visit: str | None
) -> dict[str, Json]:
    source: dict[str, Json] = {
        "instance": form.key,
        "form": form.mapping.form_id,
        "version": form.mapping.version,
    }
    told: dict[str, Json] = {"source": source, "mono": _milliseconds(captured), "boot": BOOT}
    if observed is not None:
        told["observed"] = observed
    if visit is not None:
        told["visit"] = visit
    return told


def _ground(village: Village, collector: Collector) -> Ground:
    """A phone cannot have seen anything before it had its key; then its clock is wrong."""
    ground = village.ground
    began = collector.since.astimezone(ground.zone).date()
    start = ground.campaign_start
    return replace(ground, campaign_start=began if start is None else max(start, began))


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
