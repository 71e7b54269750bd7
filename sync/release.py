"""Merging operations that had been set aside, once a reviewer lets them in.

A released operation is merged as the lane's operation that it is: with its own place in the lane,
its own base and its own time of capture, so it knows exactly what it knew on the day it was made.
Two things differ from a push. Nobody asks any more whether its author was allowed to say it, for
that is what the reviewer has decided. And its lane has gone on meanwhile: what the same phone has
since said about a group, knowing this operation, stands, and the released statement about that
group is `policy-lost`. An `end` is a statement about the whole record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC

from sync.batch import Incoming
from sync.clock import Captured, Reception
from sync.knowledge import knows
from sync.operation import Kind, Operation
from sync.push import Author, PushView, perform
from sync.scope import Scope, VillageScope
from sync.statements import statements
from sync.step import GroupResult, Handled, Step, entry_of, refusal_entry
from sync.types import END, Conflict, Json, Lane, Outcome, Record, Refusal, Stamp
from sync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Waiting:
    """One operation in quarantine, read again with the field table of today."""

    lane: Lane
    seq: int
    incoming: Incoming
    captured: Captured
    """As it was placed in time on the day it came."""
    at: int
    """The feed's position when it came: it cannot have known anything beyond."""

    @property
    def dot(self) -> str:
        return f"{self.lane.name}:{self.seq}"


@dataclass(frozen=True, slots=True)
class Written:
    """A statement of the log: this operation of this lane spoke about that group."""

    lane: Lane
    seq: int
    record: str
    group: str


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """A village as a release has to see it, read under the village's turn."""

    desa: str
    head: int
    records: Sequence[Record] = ()
    conflicts: Sequence[Conflict] = ()
    quarantined: Mapping[str, str] = field(default_factory=dict)
    """Record id → ``lane:seq`` of a `create` that goes on waiting."""
    written: Sequence[Written] = ()
    """What was said about the records concerned, by anybody."""


@dataclass(frozen=True, slots=True)
class Released:
    """What became of one operation; ``quarantined`` again if it still cannot be merged."""

    waiting: Waiting
    entry: Mapping[str, Json]
    operation: Operation | None

    @property
    def is_merged(self) -> bool:
        return self.entry["outcome"] != Outcome.QUARANTINED


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """What to write."""

    head: int
    results: tuple[Released, ...]
    records: tuple[Record, ...]
    conflicts: tuple[Conflict, ...]


def plan_release(view: ReleaseView, entries: Sequence[Waiting]) -> ReleasePlan:
    """Decide waiting operations in the given order, which keeps each lane's own.

    The answer of a merged one carries ``at``, the position at which it landed.
    """
    workspace = Workspace(view.desa, view.head, view.records, view.conflicts)
    quarantined = dict(view.quarantined)
    decided: list[Released] = []
    for waiting in entries:
        one = _decide(workspace, waiting, view.written, quarantined)
        if not one.is_merged and waiting.incoming.creates and waiting.incoming.named:
            quarantined.setdefault(waiting.incoming.named, waiting.dot)
        decided.append(one)
    head = workspace.head
    return ReleasePlan(
        head,
        tuple(
            replace(one, entry={**one.entry, "at": head}) if one.is_merged else one
            for one in decided
        ),
        workspace.changed_records(),
        workspace.changed_conflicts(),
    )


def _decide(
    workspace: Workspace,
    waiting: Waiting,
    written: Sequence[Written],
    quarantined: Mapping[str, str],
) -> Released:
    operation = waiting.incoming.parsed
    if isinstance(operation, Refusal):
        return Released(waiting, refusal_entry(operation), None)
    handled = release_into(workspace, waiting, operation, written, quarantined)
    return Released(waiting, entry_of(handled), operation)


def release_into(
    workspace: Workspace,
    waiting: Waiting,
    operation: Operation,
    written: Sequence[Written],
    quarantined: Mapping[str, str],
) -> Handled:
    """Merge one released operation into a village, except for what its lane has overtaken."""
    if operation.base > waiting.at:
        operation = operation._replace(base=0)
    lost = _overtaken(workspace, waiting, operation, written)
    results = tuple(GroupResult(group, Outcome.POLICY_LOST) for group in lost)
    if lost and len(lost) == len(statements(operation)):
        return results
    remaining = _without(operation, lost)
    step = Step(workspace, waiting.lane, remaining, waiting.captured)
    handled = perform(office_view(workspace, waiting.lane, waiting.captured), step, quarantined)
    return handled if isinstance(handled, Refusal) else (*handled, *results)


def office_view(workspace: Workspace, lane: Lane, captured: Captured) -> PushView:
    """The village as seen on behalf of the office: nothing is out of scope, no role is asked."""
    return PushView(
        workspace.desa,
        workspace.head,
        lane,
        Author(Scope(()), VillageScope(workspace.desa, None)),
        # Asked only about the staleness of a scope, which the office does not have.
        Reception(captured.at, captured.at, UTC),
    )


def _overtaken(
    workspace: Workspace, waiting: Waiting, operation: Operation, written: Sequence[Written]
) -> list[str]:
    """Groups about which the same device has spoken since, knowing this operation."""
    target = workspace.find(operation.id)
    if target is None or operation.kind in (Kind.CREATE, Kind.RESOLVE):
        return []
    dot = Stamp(0, waiting.lane.name, waiting.seq, None)
    since: set[str] = set()
    for one in written:
        named = workspace.find(one.record)
        if named is target and knows(one.lane, one.seq, 0, dot):
            since.add(one.group)
    return [group for group in statements(operation) if group in since or END in since]


def _without(operation: Operation, lost: Sequence[str]) -> Operation:
    if not lost:
        return operation
    return operation._replace(
        assign={g: value for g, value in operation.assign.items() if g not in lost},
        add={g: elements for g, elements in operation.add.items() if g not in lost},
        remove={g: elements for g, elements in operation.remove.items() if g not in lost},
    )
