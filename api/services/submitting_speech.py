"""What a form says to the register as it is: whom it means, what it changes, what it knew.

The village's turn is held by the caller. A form that was made upon one that has not come yet waits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from api.formats.xform.operations import change, closing, creation
from api.formats.xform.statements import Said, Statement
from api.services.origins import value_at
from api.services.submitting_places import (
    Collector,
    Village,
    lane_that_knows,
    phones_lane,
)
from api.services.submitting_reading import Form, Reading
from models.queries import conflicts, entity_lists, submissions
from models.queries.lanes import StoredLane
from models.queries.records import NOTHING_ASKED, Asked
from models.queries.submissions import StoredSubmission
from sync.chains import SPAN_VERSIONS, Declaration, Earlier, Ready, Spans, Waits, placed
from sync.knowledge import knows
from sync.types import ANGGOTA, Json, Record, Stamp


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


@dataclass(frozen=True, slots=True)
class Spoken:
    """A form that is understood: what it says, and what that rests on."""

    grounds: Grounds
    form: Form
    speech: Speech


def understand(
    session: Session, village: Village, reading: Reading, asked: Asked, *, forced: bool = False
) -> Spoken | Waits:
    """What a form says to the register as it is, or what it has to wait for."""
    form, collector, before = reading.form, reading.collector, reading.before
    declared = form.instance.declared
    found = reading.found_in(asked)
    known = {record.id: record for record in found if collector.ever_covered(record)}
    lane = before.lane if before is not None else phones_lane(session, village, collector)
    ready: Ready | Waits = Ready(0)
    if declared is not None and declared.updates:
        earlier = (
            before.about
            if before is not None
            else submissions.about_record(session, village.desa, declared.record)
        )
        ready = _placed(session, village, lane, declared, (known, earlier), forced=forced)
    if isinstance(ready, Waits):
        return ready
    # A phone that has only sent what waits has no lane yet.
    lane = lane or phones_lane(session, village, collector)
    if ready.dots is not None:
        lane = lane_that_knows(session, village, collector, ready.dots)
    grounds = Grounds(collector, lane, ready.base, known, asked)
    told = _operations(session, village, grounds, form, reading.said)
    return Spoken(grounds, form, Speech(told, reading.said))


def _placed(
    session: Session,
    village: Village,
    lane: StoredLane | None,
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
        lane=lane.lane.name if lane is not None else "",
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


def _operations(
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
    if record is None or (record.seq <= grounds.base and not record.disputed):
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
