"""The register computed again from its log: what a village's records have to be.

Every change of a record is an operation, operations are never deleted, and the merge is a function
of what it is given. So the records and conflicts of a village follow from its log alone, down to
the last stamp. Whoever has changed a row behind the engine's back, or lost one, is found out.

Permissions are not asked again: they have changed since, and what became of an operation is on
record. Operations that wait in quarantine, or were rejected there, changed nothing; released ones
took effect where their answer says (`sync.statements.landed_at`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from sync.batch import Incoming
from sync.clock import Captured
from sync.operation import Operation
from sync.push import perform
from sync.release import Waiting, Written, office_view, release_into
from sync.statements import landed_at, statements
from sync.step import Handled, Step, entry_of
from sync.types import Conflict, Json, Lane, Outcome, Record, Refusal
from sync.workspace import Draft, Workspace

HEAD_GAP: Final = 1_000_000
"""A new epoch raises every feed by a multiple of it; no batch of operations takes as many."""

_NO_EFFECT: Final = (Outcome.QUARANTINED, Outcome.DUPLICATE)
_CHANGING: Final = (Outcome.APPLIED, Outcome.CONFLICT, Outcome.NO_OP)


@dataclass(frozen=True, slots=True)
class Logged:
    """One operation of the log. ``order`` is the time of its coming, to tell equal places apart."""

    lane: str
    seq: int
    lineage: str
    hash: bytes
    incoming: Incoming
    captured: Captured
    at: int
    entry: Mapping[str, Json]
    order: str

    @property
    def outcome(self) -> Outcome:
        return Outcome(str(self.entry["outcome"]))

    @property
    def landed(self) -> int:
        return landed_at(self.entry, self.at)

    @property
    def is_released(self) -> bool:
        return "at" in self.entry and self.outcome is not Outcome.DUPLICATE

    @property
    def dot(self) -> str:
        return f"{self.lane}:{self.seq}"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What follows from a log. ``strange`` says, per place, where the log contradicts itself."""

    records: Mapping[str, Record]
    conflicts: Mapping[str, Conflict]
    strange: tuple[tuple[str, str], ...]
    """(``lane:seq`` or position, what is wrong)"""


@dataclass(slots=True)
class _Run:
    village: "_Village"
    lanes: dict[str, Lane]
    originals: dict[tuple[str, bytes], tuple[str, int]]
    begun: int = 0
    """The feed's head when the transaction at hand began."""
    written: list[Written] = field(default_factory=list)
    strange: list[tuple[str, str]] = field(default_factory=list)


class _Village(Workspace):
    """A workspace that lives through a whole history; `commit` ends one transaction of it."""

    def __init__(self, desa: str) -> None:
        super().__init__(desa, 0, (), ())
        self._fresh: list[Draft] = []
        self.records: dict[str, Record] = {}
        self.conflicts: dict[str, Conflict] = {}

    def touch(self, draft: Draft) -> int:
        if not draft.touched:
            self._fresh.append(draft)
        return super().touch(draft)

    def put(self, conflict: Conflict) -> Conflict:
        self.conflicts[conflict.id] = conflict
        return super().put(conflict)

    def commit(self) -> None:
        for draft in self._fresh:
            if draft.disputed:
                draft.review = review_of(draft.id, self.conflicts_of(draft.id))
            self.records[draft.id] = draft.freeze()
            draft.touched = False
        self._fresh.clear()


def review_of(record_id: str, conflicts: Iterable[Conflict]) -> tuple[str, ...]:
    """The groups of a record that wait for a reviewer."""
    return tuple(
        sorted({c.group for c in conflicts if c.is_open and record_id in (c.record, c.twin)})
    )


def replay(desa: str, lanes: Iterable[Lane], log: Sequence[Logged]) -> Replayed:
    """Work through the whole log of a village in the order in which it took effect."""
    by_name = {lane.name: lane for lane in lanes}
    run = _Run(_Village(desa), by_name, _originals(log))
    _rewind_extras(run, log)
    for landed, batch in groupby(_in_order(log), key=lambda one: one.landed):
        head = run.village.head
        run.begun = run.village.head = head + (landed - head) // HEAD_GAP * HEAD_GAP
        for one in batch:
            _repeat(run, one)
        if run.village.head != landed:
            found = f"the log explains changes up to {run.village.head} only"
            run.strange.append((str(landed), found))
            run.village.head = landed
        run.village.commit()
    return Replayed(run.village.records, run.village.conflicts, tuple(run.strange))


def _in_order(log: Sequence[Logged]) -> Iterator[Logged]:
    """By position, and within one position by what they did.

    A transaction that changed nothing shares its position with the one before it, and both may
    have come within one tick of the clock.
    """
    ranks: dict[tuple[int, str], int] = {}
    for one in log:
        rank = _CHANGING.index(one.outcome) if one.outcome in _CHANGING else len(_CHANGING)
        place = (one.landed, one.lane)
        ranks[place] = min(rank, ranks.get(place, rank))
    yield from sorted(
        log,
        key=lambda one: (
            one.landed,
            one.is_released,
            one.order,
            0 if one.is_released else ranks[one.landed, one.lane],
            one.lane,
            one.seq,
        ),
    )


def _originals(log: Iterable[Logged]) -> dict[tuple[str, bytes], tuple[str, int]]:
    return {
        (one.lineage, one.hash): (one.lane, one.seq)
        for one in log
        if one.outcome is not Outcome.DUPLICATE
    }


def _rewind_extras(run: _Run, log: Iterable[Logged]) -> None:
    """A lane's dots grow as operations come again; at the beginning it had only inherited ones."""
    added: dict[str, set[tuple[str, int]]] = {}
    for one in log:
        if one.outcome is Outcome.DUPLICATE:
            original = run.originals.get((one.lineage, one.hash))
            if original is not None:
                added.setdefault(one.lane, set()).add(original)
    for name, dots in added.items():
        lane = run.lanes.get(name)
        if lane is not None:
            run.lanes[name] = lane._replace(extra=lane.extra - dots)


def _repeat(run: _Run, one: Logged) -> None:
    lane = run.lanes.get(one.lane)
    if lane is None:
        run.strange.append((one.dot, "its lane is not there"))
        return
    if one.outcome is Outcome.DUPLICATE:
        _repeat_duplicate(run, one, lane)
    if one.outcome in _NO_EFFECT:
        return
    operation = one.incoming.parsed
    if isinstance(operation, Refusal):
        found = f"it was merged, but today's field table refuses it: {operation.problem}"
        run.strange.append((one.dot, found))
        return
    handled = _merge(run, one, lane, operation)
    if isinstance(handled, Refusal):
        found = f"it was merged, but does not merge again: {handled.problem}"
        run.strange.append((one.dot, found))
        return
    again = str(entry_of(handled)["outcome"])
    if again != one.outcome:
        run.strange.append((one.dot, f"its answer was {one.outcome}, again it is {again}"))
    run.written += [Written(lane, one.seq, operation.id, group) for group in statements(operation)]


def _repeat_duplicate(run: _Run, one: Logged, lane: Lane) -> None:
    original = run.originals.get((one.lineage, one.hash))
    if original is None:
        run.strange.append((one.dot, "it repeats an operation that is not in the log"))
    else:
        run.lanes[one.lane] = lane._replace(extra=lane.extra | {original})


def _merge(run: _Run, one: Logged, lane: Lane, operation: Operation) -> Handled:
    village = run.village
    if one.is_released:
        waiting = Waiting(lane, one.seq, one.incoming, one.captured, one.at)
        return release_into(village, waiting, operation, run.written, {})
    # What the phone claims to have pulled beyond the head of that moment, it cannot have seen.
    known = operation if operation.base <= run.begun else operation._replace(base=0)
    step = Step(village, lane, known, one.captured)
    return perform(office_view(village, lane, one.captured), step, {})
