"""One operation on its way through the engine: what the handlers of every kind are given."""

from dataclasses import dataclass
from typing import NamedTuple

from sync.clock import Captured
from sync.knowledge import knows
from sync.operation import Operation
from sync.types import OUTCOME_PRECEDENCE, Dot, Json, Lane, Outcome, Refusal, Stamp
from sync.workspace import Draft, Workspace


class GroupResult(NamedTuple):
    """What became of one group of an operation."""

    group: str
    outcome: Outcome
    conflict: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A parsed, permitted operation and the ground it stands on."""

    workspace: Workspace
    lane: Lane
    operation: Operation
    captured: Captured

    def stamp(self, draft: Draft) -> Stamp:
        """The stamp this operation leaves on a group of the record."""
        seq = self.workspace.seq_of(draft)
        return Stamp(seq, self.lane.name, self.operation.seq, self.captured.vouched)

    def knows(self, stamp: Stamp) -> bool:
        """Did whoever made this operation know that statement?"""
        return knows(self.lane, self.operation.seq, self.operation.base, stamp)

    @property
    def dot(self) -> Dot:
        return (self.lane.name, self.operation.seq)


Handled = tuple[GroupResult, ...] | Refusal
"""A handler answers per group, or sets the whole operation aside."""


def entry_of(handled: Handled) -> dict[str, Json]:
    """The stored answer of an operation: its outcome, and per group where there are several."""
    if isinstance(handled, Refusal):
        return refusal_entry(handled)
    if {result.outcome for result in handled} == {Outcome.APPLIED}:
        return {"outcome": str(Outcome.APPLIED)}
    by_precedence = {result.outcome: result for result in reversed(handled)}
    first = next(by_precedence[o] for o in OUTCOME_PRECEDENCE if o in by_precedence)
    entry: dict[str, Json] = {"outcome": str(first.outcome)}
    if len(handled) > 1:
        entry["groups"] = {result.group: _group_entry(result) for result in handled}
    if first.outcome is Outcome.CONFLICT:
        entry["conflict"] = first.conflict
    if len(handled) == 1 or first.outcome is Outcome.CONFLICT:
        entry["group"] = first.group
    return entry


def refusal_entry(refusal: Refusal) -> dict[str, Json]:
    """The stored answer of an operation that was set aside."""
    entry: dict[str, Json] = {
        "outcome": str(Outcome.QUARANTINED),
        "problem": str(refusal.problem),
    }
    if refusal.detail:
        entry["detail"] = refusal.detail
    if refusal.cause is not None:
        entry["cause"] = refusal.cause
    return entry


def _group_entry(result: GroupResult) -> dict[str, Json]:
    entry: dict[str, Json] = {"outcome": str(result.outcome)}
    if result.conflict is not None:
        entry["conflict"] = result.conflict
    return entry
