"""The value that two people started from when they came to say different things.

History tells it: the operations on the record, in the order in which they took effect, up to what
the least informed proposal had pulled, together with what its own lane had said before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from models.queries import browsing, operations
from models.queries.operations import LoggedOperation
from sync.knowledge import knows
from sync.operation import Kind, Operation, parse_operation
from sync.statements import group_outcome, landed_at, statements
from sync.types import Conflict, GroupValue, Lane, Outcome, Record, Refusal, Stamp


@dataclass(frozen=True, slots=True)
class Origin:
    """The group's value as of ``base``, the village's position that the proposal was made upon."""

    value: GroupValue
    base: int


@dataclass(frozen=True, slots=True)
class _Remembered:
    logged: LoggedOperation
    operation: Operation

    @property
    def landed(self) -> int:
        return landed_at(self.logged.entry, self.logged.at)

    @property
    def stamp(self) -> Stamp:
        return Stamp(0, self.logged.lane, self.logged.seq, None)


def origin_of(
    session: Session,
    record: Record,
    conflict: Conflict,
    earlier: Sequence[Conflict],
    lanes: Mapping[str, Lane],
) -> Origin | None:
    """What the claims of a conflict started from; nothing where the log does not tell.

    ``earlier`` are all conflicts of the record, ``lanes`` those of the candidates by name.
    """
    history = _history(session, record)
    least = _least_informed(history, conflict)
    if least is None:
        return None
    lane, base = lanes.get(least.logged.lane), least.operation.base
    if lane is None:
        return None
    pulled = _pulled(session, record.desa, history, base)
    value: GroupValue = {}
    for one in history:
        if one in pulled or knows(lane, least.logged.seq, 0, one.stamp):
            value = _after(value, one, conflict.group, earlier)
    return Origin(value, base)


def value_at(
    session: Session, record: Record, group: str, base: int, earlier: Sequence[Conflict]
) -> GroupValue:
    """What a group said as of ``base``; ``earlier`` are all conflicts of the record."""
    history = _history(session, record)
    pulled = _pulled(session, record.desa, history, base)
    value: GroupValue = {}
    for one in history:
        if one in pulled:
            value = _after(value, one, group, earlier)
    return value


def _history(session: Session, record: Record) -> list[_Remembered]:
    """Operations that took effect on the record, also those sent to its aliases since."""
    merged = browsing.with_aliases(session, record.desa, [record.id])
    found = [
        _Remembered(logged, operation)
        for logged in operations.history(session, record.desa, merged)
        if not isinstance(operation := parse(logged), Refusal)
        and (logged.record == record.id or logged.at >= merged.get(logged.record or "", 0))
    ]
    return sorted(found, key=lambda one: (one.landed, one.logged.lane, one.logged.seq))


def parse(logged: LoggedOperation) -> Operation | Refusal:
    """An operation of the log, read again."""
    return parse_operation(logged.body, logged.seq, server_lane="source" in logged.body)


def _least_informed(history: Iterable[_Remembered], conflict: Conflict) -> _Remembered | None:
    dots = {(claim.stamp.lane, claim.stamp.lane_seq) for claim in conflict.candidates}
    candidates = [one for one in history if (one.logged.lane, one.logged.seq) in dots]
    return min(candidates, key=lambda one: one.operation.base, default=None)


def _pulled(
    session: Session, desa: str, history: Sequence[_Remembered], base: int
) -> list[_Remembered]:
    """What whoever pulled the record at ``base`` had seen.

    An operation lands at the end of its transaction, its record's number may lie a little before.
    So the first one beyond the base is seen if it belongs to the transaction that made the base.
    """
    seen = [one for one in history if one.landed <= base]
    beyond = next((one.landed for one in history if one.landed > base), None)
    if base and beyond is not None and not operations.lands_within(session, desa, base, beyond):
        seen += [one for one in history if one.landed == beyond]
    return seen


def _after(
    value: GroupValue, one: _Remembered, group: str, earlier: Sequence[Conflict]
) -> GroupValue:
    if group_outcome(one.logged.entry, group) != Outcome.APPLIED:
        return value
    if one.operation.kind is Kind.RESOLVE:
        return _after_decision(value, one, group, earlier)
    return statements(one.operation).get(group, value)


def _after_decision(
    value: GroupValue, one: _Remembered, group: str, earlier: Sequence[Conflict]
) -> GroupValue:
    resolve = one.operation.resolve
    asked = resolve.get("conflict", resolve.get("undo"))
    conflict = next((c for c in earlier if c.id == asked and c.group == group), None)
    if conflict is None or conflict.decision is None:
        return value
    if "undo" in resolve:
        return conflict.decision.replaced[0].value if conflict.decision.replaced else value
    typed, dot = resolve.get("value"), resolve.get("candidate")
    if resolve.get("choice") == "value" and isinstance(typed, dict):
        return {name: given for name, given in typed.items() if given is not None}
    if resolve.get("choice") == "candidate":
        proposed = [c for c in conflict.decision.judged if c not in conflict.decision.replaced]
        for claim in proposed:
            if dot is None or dot == {"lane": claim.stamp.lane, "lane_seq": claim.stamp.lane_seq}:
                return claim.value
    return value
