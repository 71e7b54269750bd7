"""`plan_push`: what a batch of operations does to a village. Pure: it decides, it does not act.

The view holds everything the decision depends on; the plan holds everything that follows from it.
The same view and batch give the same plan, so a retry changes nothing and a simulation can replay
any run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync.batch import Incoming
from sync.clock import BatchClock, Captured, Reception, capture
from sync.doubles import keys_of, may_double, parties_of, watch
from sync.editing import create_record, edit_record, move_record
from sync.ending import edit_ended, end_record
from sync.identity import known_through
from sync.operation import Kind, Operation
from sync.permitting import Author, Gate
from sync.resolving import resolve
from sync.step import Handled, Step, entry_of, refusal_entry
from sync.types import Conflict, Json, Lane, Outcome, Problem, Record, Refusal
from sync.workspace import Draft, Workspace

__all__ = [
    "Author",
    "Forked",
    "Hole",
    "Plan",
    "PushView",
    "Settled",
    "Stored",
    "duplicate_entry",
    "perform",
    "plan_push",
]


@dataclass(frozen=True, slots=True)
class Stored:
    """An operation that is in the log already."""

    lane: str
    seq: int
    hash: bytes
    entry: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class PushView:
    """A village as one batch has to see it, read under the village's turn."""

    desa: str
    head: int
    lane: Lane
    author: Author
    reception: Reception
    clock: BatchClock | None = None
    records: Sequence[Record] = ()
    conflicts: Sequence[Conflict] = ()
    quarantined: Mapping[str, str] = field(default_factory=dict)
    """Record id → ``lane:seq`` of the quarantined `create` that would have made it."""
    earlier: Mapping[int, Stored] = field(default_factory=dict)
    """Operations of this lane that the batch offers again, by ``seq``."""
    lineage: Mapping[bytes, Stored] = field(default_factory=dict)
    """Operations of the same device under any lane, by hash."""


@dataclass(frozen=True, slots=True)
class Settled:
    """One operation with its final place and answer."""

    seq: int
    hash: bytes
    body: str
    entry: Mapping[str, Json]
    captured: Captured
    operation: Operation | None
    record: str | None

    @property
    def outcome(self) -> Outcome:
        return Outcome(str(self.entry["outcome"]))


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write. ``results`` answers every element of the batch in order."""

    head: int
    lane: Lane
    acked: int
    results: tuple[tuple[int, Mapping[str, Json]], ...]
    settled: tuple[Settled, ...]
    records: tuple[Record, ...]
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class Forked:
    """The lane holds another operation at a place of the batch: the phone was cloned."""

    last: int


@dataclass(frozen=True, slots=True)
class Hole:
    """The batch starts beyond the lane's end."""

    last: int


@dataclass(slots=True)
class _Run:
    """The planner's state between two operations. The lane's end is ``last``."""

    view: PushView
    workspace: Workspace
    lane: Lane
    last: int
    quarantined: dict[str, str]
    hashes: dict[bytes, Stored]
    settled: list[Settled] = field(default_factory=list)
    results: list[tuple[int, Mapping[str, Json]]] = field(default_factory=list)


def plan_push(
    view: PushView, batch: Sequence[Incoming], workspace: Workspace | None = None
) -> Plan | Forked | Hole:
    """Decide a batch against a village.

    A ``workspace`` stands in for the view's records and conflicts, and knows of the plan afterwards
    what loading the village again would tell: whatever else one transaction brings is decided upon
    it. If the plan is not carried out, it has to be thrown away as well.
    """
    places = _places(view, batch)
    if isinstance(places, (Forked, Hole)):
        return places
    if workspace is None:
        workspace = Workspace(view.desa, view.head, view.records, view.conflicts)
    assert workspace.head == view.head, "both are the village after its last plan"
    run = _Run(
        view,
        workspace,
        view.lane,
        view.lane.last,
        dict(view.quarantined),
        dict(view.lineage),
    )
    for incoming, seq in zip(batch, places, strict=True):
        if seq > run.last:
            _append(run, incoming, seq)
        elif seq <= view.lane.last:
            run.results.append((seq, duplicate_entry(view.earlier[seq].entry)))
        # Anything else came twice in this batch, and the first has just been answered.
    records, conflicts = workspace.changed_records(), workspace.changed_conflicts()
    workspace.settle(records)
    return Plan(
        workspace.head,
        run.lane._replace(last=run.last),
        max((seq for seq, _ in run.results), default=0),
        tuple(run.results),
        tuple(run.settled),
        records,
        conflicts,
    )


def _places(view: PushView, batch: Sequence[Incoming]) -> list[int] | Forked | Hole:
    """Where in the lane each element belongs. Nothing is decided unless all of them fit in."""
    end = view.lane.last
    places: list[int] = []
    added: list[bytes] = []
    for incoming in batch:
        following = end + len(added) + 1
        seq = incoming.seq if incoming.seq is not None else following
        if seq > following:
            return Hole(end)
        if seq == following:
            added.append(incoming.hash)
        elif incoming.hash != (added[seq - end - 1] if seq > end else _hash_at(view, seq)):
            return Forked(end)
        places.append(seq)
    return places


def _hash_at(view: PushView, seq: int) -> bytes | None:
    stored = view.earlier.get(seq)
    return stored.hash if stored is not None else None


def _append(run: _Run, incoming: Incoming, seq: int) -> None:
    """The lane's next operation: decide it, whatever it is, so that the lane moves on."""
    settled = _settle(run, incoming, seq)
    run.settled.append(settled)
    run.results.append((seq, settled.entry))
    run.last = seq


def duplicate_entry(original: Mapping[str, Json]) -> dict[str, Json]:
    """What was answered the first time, as the answer to a repetition."""
    first = original.get("original", original["outcome"])
    return {**original, "outcome": str(Outcome.DUPLICATE), "original": first}


def _settle(run: _Run, incoming: Incoming, seq: int) -> Settled:
    operation = _believable(incoming.parsed, run.view.head)
    captured = _captured(run.view, operation)
    original = run.hashes.get(incoming.hash)
    entry: Mapping[str, Json]
    if original is None:
        entry = _decide(run, incoming, operation, captured)
        run.hashes[incoming.hash] = Stored(run.lane.name, seq, incoming.hash, entry)
    else:
        entry = duplicate_entry(original.entry)
        run.lane = run.lane._replace(extra=run.lane.extra | {(original.lane, original.seq)})
    if entry["outcome"] == Outcome.QUARANTINED and incoming.creates and incoming.named:
        run.quarantined.setdefault(incoming.named, f"{run.lane.name}:{seq}")
    return Settled(seq, incoming.hash, incoming.body, entry, captured, operation, incoming.named)


def _believable(parsed: Operation | Refusal, head: int) -> Operation | None:
    """A base beyond the head cannot have been pulled from this register: it knows nothing."""
    if isinstance(parsed, Refusal):
        return None
    return parsed if parsed.base <= head else parsed._replace(base=0)


def _captured(view: PushView, operation: Operation | None) -> Captured:
    captured = capture(
        view.clock,
        view.reception,
        mono=operation.mono if operation else None,
        boot=operation.boot if operation else None,
        observed=operation.observed if operation else None,
    )
    return captured if view.author.vouches else replace(captured, vouched=None)


def _decide(
    run: _Run, incoming: Incoming, operation: Operation | None, captured: Captured
) -> Mapping[str, Json]:
    if run.view.author.revoked:
        return refusal_entry(Refusal(Problem.DEVICE_REVOKED, "this device was withdrawn"))
    if operation is None:
        assert isinstance(incoming.parsed, Refusal), "an element is parsed or refused"
        return refusal_entry(incoming.parsed)
    step = Step(run.workspace, run.lane, operation, captured)
    return entry_of(perform(run.view, step, run.quarantined))


def perform(view: PushView, step: Step, quarantined: Mapping[str, str]) -> Handled:
    """Check that the operation may happen, and let it."""
    gate = Gate(view.author, view.reception.received_at, quarantined)
    if step.operation.kind is Kind.CREATE:
        refusal = gate.refuse_creation(step)
        return refusal if refusal is not None else _watched(step, create_record)
    draft = step.workspace.find(step.operation.id)
    refusal = gate.refuse_change(step, draft)
    if refusal is not None:
        return refusal
    assert draft is not None, "a record that is missing is refused"
    if draft.id != step.operation.id:
        step = _through_alias(step)
    return _watched(step, lambda step: _handle(step, draft))


def _through_alias(step: Step) -> Step:
    """The phone wrote to a record that has become another; it knew what it had pulled of it."""
    alias = step.workspace.exact(step.operation.id)
    assert alias is not None, "it led to the record it was merged into"
    dots = step.lane.extra | known_through(alias, step.operation.base)
    return replace(step, lane=step.lane._replace(extra=dots))


def _handle(step: Step, draft: Draft) -> Handled:
    kind = step.operation.kind
    if kind is Kind.RESOLVE:
        return resolve(step, draft)
    if kind is Kind.END:
        return end_record(step, draft)
    if draft.end is not None:
        return edit_ended(step, draft)
    if kind is Kind.MOVE:
        return move_record(step, draft)
    return edit_record(step, draft)


def _watched(step: Step, handle: Callable[[Step], Handled]) -> Handled:
    """See to it that doubled persons and cards are found in what has just changed."""
    if not may_double(step.operation):
        return handle(step)
    before = keys_of(parties_of(step))
    handled = handle(step)
    if not isinstance(handled, Refusal):
        watch(step, before)
    return handled
