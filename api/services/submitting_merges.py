"""Bring one filled form into the register: as operations of its phone, through the one merge.

Everything that a form says is decided in one batch, so that a family and its members land together
or not at all. The village's turn is held by the caller, who also commits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.formats.xform.mapping import FormMapping
from api.formats.xform.operations import change, closing, creation
from api.formats.xform.statements import Births, Photo, Said, Statement, said_by
from api.formats.xform.submission import Instance
from api.services.origins import value_at
from api.services.pushing import Foreknown, Ground, Turn, changed_niks, decide_batch, store_plan
from api.services.submitting_places import (
    Collector,
    Village,
    lane_that_knows,
    phones_lane,
    without_order,
)
from models.queries import conflicts, entity_lists, submissions
from models.queries.lanes import StoredLane
from models.queries.records import NOTHING_ASKED, Asked, family_and
from models.queries.submissions import StoredSubmission
from sync.batch import Incoming, read_batch
from sync.chains import SPAN_VERSIONS, Declaration, Earlier, Ready, Spans, Waits, placed
from sync.clock import Anchor, BatchClock
from sync.knowledge import knows
from sync.push import Plan
from sync.types import ANGGOTA, KUNJUNGAN, Json, Outcome, Record, Refusal, Stamp

BOOT: Final = "collect"
"""Forms name no boot of their phone; one name for all makes their wall clock the only witness."""
_TO_BE_JUDGED: Final = frozenset({Outcome.CONFLICT, Outcome.QUARANTINED})


@dataclass(frozen=True, slots=True)
class Form:
    """A filled form with what is needed to understand it."""

    instance: Instance
    key: str
    """Its instance's id, or what stands for it."""
    mapping: FormMapping
    photos: Mapping[str, Photo] = field(default_factory=dict)
    with_visit: bool = True
    """Have all parts come, so that the visit can be written, which is written once?"""


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of a form: its operations' places, and how many of them a person has to judge."""

    lane: str
    first: int
    last: int
    visit: str | None
    to_be_judged: int
    niks: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Speech:
    """What a form says, as operations without their places, and when it was said."""

    operations: Callable[[bool], Sequence[dict[str, Json]]]
    """They, given whether what cannot be read is to be said apart."""
    said: Said


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the register knows that a form's statements depend on."""

    collector: Collector
    lane: StoredLane
    base: int
    known: Mapping[str, Record]
    """The family and everybody in it, by id."""
    asked: Asked = NOTHING_ASKED
    """What was loaded, whether the collector may know of it or not."""


def merge_form(
    session: Session,
    village: Village,
    collector: Collector,
    form: Form,
    *,
    forced: bool = False,
) -> Landed | Waits:
    """Merge a form, or say what it has to wait for."""
    declared = form.instance.declared
    before, village.before = village.before, None
    said = said_by(form.instance, form.mapping, form.photos, Births(form.key, form.key))
    asked = _asked(session, village, form, said)
    known = {record.id: record for record in asked.records if collector.ever_covered(record)}
    lane = before.lane if before is not None else None
    lane = lane or phones_lane(session, village, collector)
    ready: Ready | Waits = Ready(0)
    if declared is not None and declared.updates:
        about = (
            before.about
            if before is not None
            else submissions.about_record(session, village.desa, declared.record)
        )
        ready = _placed(session, village, lane, declared, (known, about), forced=forced)
    if isinstance(ready, Waits):
        return ready
    if ready.dots is not None:
        lane = lane_that_knows(session, village, collector, ready.dots)
    grounds = Grounds(collector, lane, ready.base, known, asked)
    told = _spoken(session, village, grounds, form, said)
    return bring(session, village, grounds, form, Speech(told, said))


def _asked(session: Session, village: Village, form: Form, said: Said) -> Asked:
    """The family of an update with its people, and whatever else the form could be about.

    Nothing for a form about somebody new. A family that was never in the collector's areas is
    nothing to it, either (`Grounds.known`): that it is there somewhere is not for everybody to
    find out.
    """
    declared = form.instance.declared
    if declared is None or not declared.updates:
        return NOTHING_ASKED
    people = [one for one in (said.family, *said.members) if one is not None]
    stated = [*people, *said.visits, *said.measurements]
    ids = {one.id for one in stated} | {one.parent for one in stated if one.parent is not None}
    numbers = {
        number
        for one in people
        for group in ("nik", "no_kk")
        if isinstance(number := one.groups.get(group, {}).get(group), str)
    }
    return family_and(session, village.desa, declared.record, ids, numbers)


def _placed(
    session: Session,
    village: Village,
    lane: StoredLane,
    declared: Declaration,
    here: tuple[Mapping[str, Record], Sequence[StoredSubmission]],
    *,
    forced: bool,
) -> Ready | Waits:
    known, about = here
    earlier = [one for one in map(_earlier, about) if one is not None]
    return placed(
        declared,
        earlier,
        spans_for(session, village.desa, declared.trunk or declared.base),
        lane=lane.lane.name,
        # A creation that was merged into quarantine is known to the merge, which answers for it.
        is_known=declared.record in known or any(one.creates for one in earlier),
        forced=forced,
    )


def spans_for(session: Session, desa: str, version: int | None) -> Spans:
    """How the village reads a version; nearly all lie in the first span, which needs no look."""
    if version is None or version < SPAN_VERSIONS:
        return Spans()
    return entity_lists.spans(session, desa)


def _earlier(one: StoredSubmission) -> Earlier | None:
    """A form about the same record that has landed."""
    if one.lane is None or one.first_seq is None or one.last_seq is None:
        return None
    return Earlier(
        one.base_version is None,
        one.branch,
        one.base_version,
        one.trunk_version,
        one.lane,
        one.first_seq,
        one.last_seq,
    )


# Statements into operations ------------------------------------------------------------------


def _spoken(
    session: Session, village: Village, grounds: Grounds, form: Form, said: Said
) -> Callable[[bool], list[dict[str, Json]]]:
    """In the order in which they are to be merged: who ends, ends after everything else."""
    people = [] if said.family is None else [said.family]
    people += [matched(one, grounds.known) for one in said.members]
    really = [_really_said(session, village, grounds, one) for one in people]
    new = [*(said.visits if form.with_visit else ()), *said.measurements]

    def operations(apart: bool) -> list[dict[str, Json]]:
        told: list[dict[str, Json]] = []
        for one in really:
            is_new = one.is_new and one.id not in grounds.known
            told += creation(one, apart=apart) if is_new else change(one, apart=apart)
        for one in new:
            told += creation(one, apart=apart)
        return told + [end for one in people for end in closing(one, said.observed)]

    return operations


def matched(stated: Statement, known: Mapping[str, Record]) -> Statement:
    """The member of the family that is meant: by id, then by NIK, else somebody new.

    A phone does not see the members that it has just added without a signal, so its next form adds
    them once more.
    """
    if stated.id in known or stated.nik is None:
        return stated
    same = [
        record.id
        for record in known.values()
        if record.entity == ANGGOTA
        and record.alias is None
        and record.fields.get("nik") == stated.nik
    ]
    return replace(stated, id=same[0]) if len(same) == 1 else stated


def _really_said(
    session: Session, village: Village, grounds: Grounds, stated: Statement
) -> Statement:
    """Leave out what the form only repeats of what it showed, where others have changed it since.

    A form fills in what the list said and sends all of it back. Whoever leaves an answer as it
    stood has not contradicted somebody whose change had not reached the phone.
    """
    record = grounds.known.get(stated.id)
    if record is None:
        return stated
    lane, seq = grounds.lane.lane, grounds.lane.lane.last + 1
    changed = {
        group
        for group in stated.groups
        if not all(knows(lane, seq, grounds.base, s) for s in _stamps(record, group))
        and (record.stamps.get(group) or record.fields.keys() & stated.groups[group].keys())
    }
    if not changed:
        return stated
    asked = conflicts.conflicts_of(session, village.desa, [record.id] if record.disputed else [])
    repeated = {
        group
        for group in changed
        if value_at(session, record, group, grounds.base, asked) == stated.groups[group]
    }
    kept = {group: value for group, value in stated.groups.items() if group not in repeated}
    return replace(stated, groups=kept)


def _stamps(record: Record, group: str) -> Sequence[Stamp]:
    return record.stamps.get(group) or (record.created,)


# Operations into the register ----------------------------------------------------------------


def bring(
    session: Session,
    village: Village,
    grounds: Grounds,
    form: Form,
    speech: Speech,
) -> Landed:
    """Send operations through the merge and store what follows."""
    said, collector = speech.said, grounds.collector
    stored = without_order(grounds.lane)
    captured = said.captured or village.now
    operations = speech.operations(False)
    visit = next((str(o["id"]) for o in operations if o["entity"] == KUNJUNGAN), None)
    told = _source(form, captured, said.observed, visit)
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
    known = Foreknown(is_first=True, asked=grounds.asked)
    plan = decide_batch(session, turn, batch, ground, clock, known)
    assert isinstance(plan, Plan), "the lane was read under the village's turn"
    store_plan(session, turn, batch, plan)
    village.head = plan.head
    judged = sum(entry["outcome"] in _TO_BE_JUDGED for _, entry in plan.results)
    first = stored.lane.last + 1
    return Landed(stored.lane.name, first, plan.lane.last, visit, judged, changed_niks(plan))


def _read(
    last: int, operations: Sequence[dict[str, Json]], told: Mapping[str, Json]
) -> tuple[Incoming, ...]:
    numbered = [{**one, **told, "seq": last + n} for n, one in enumerate(operations, 1)]
    return read_batch(numbered, server_lane=True)


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
