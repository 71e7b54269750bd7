"""A reviewer's decisions: settle a question, take that back, merge two records, part them again.

A decision is an operation like any other. The server writes it into the reviewer's own lane of the
village and sends it through the same engine as a phone's batch, so it is in the log, has a place in
everybody's history, and can be undone. What the engine refuses is refused here and now: a reviewer
sits at a screen, and nothing of theirs waits in quarantine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from sqlmodel import Session

from api.errors import AppError
from api.randomness import new_lane_name
from api.services.pushing import Turn, bearers, decide_batch, store_plan
from api.services.reviewers import Reviewer
from models.queries import browsing, conflicts, feeds, frozen, lanes, operations, records
from models.queries.auditing import append
from models.queries.conflicts import ListedConflict
from models.queries.lanes import LaneOwner, StoredLane
from models.queries.operations import LoggedOperation
from sync.batch import read_batch
from sync.operation import Kind
from sync.permission import Action
from sync.push import Author, Plan
from sync.scope import VillageScope
from sync.types import (
    ANGGOTA,
    KELUARGA,
    Conflict,
    Json,
    Lane,
    Outcome,
    Problem,
    Record,
)

REVIEW_SOURCE: Final = "review"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a reviewer answers. ``candidate`` is the dot of one of the candidates."""

    choice: str
    reason: str
    candidate: tuple[str, int] | None = None
    value: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision led to: the conflict as it is now, and where the feed stands."""

    desa: str
    at: int
    conflict: Conflict | None = None
    niks: tuple[Record, ...] = ()
    """Persons whose NIK may now be borne in another village as well."""


def resolve(
    session: Session, reviewer: Reviewer, conflict_id: str, version: int, answer: Resolution
) -> Decided:
    """Settle an open conflict at exactly the version that the reviewer saw."""
    question, head = _question(session, reviewer, conflict_id)
    conflict = question.conflict
    if conflict.version != version:
        raise AppError("version-changed", version=conflict.version)
    if not conflict.is_open:
        raise AppError("already-decided")
    _require_uninvolved(session, reviewer, question.desa, conflict)
    decision: dict[str, Json] = {
        "conflict": conflict.id,
        "version": version,
        "choice": answer.choice,
        "reason": answer.reason,
    }
    if answer.choice == "candidate" and answer.candidate is not None:
        lane, lane_seq = answer.candidate
        decision["candidate"] = {"lane": lane, "lane_seq": lane_seq}
    if answer.choice == "value" and answer.value is not None:
        decision["value"] = dict(answer.value)
    target = _record(session, question.desa, conflict.record)
    plan = _decide(session, reviewer, head, target, decision)
    _note(session, reviewer, question, "conflict-resolved", choice=answer.choice)
    return _decided(plan, question.desa, conflict.id)


def undo(
    session: Session, reviewer: Reviewer, conflict_id: str, version: int | None, reason: str
) -> Decided:
    """Ask again what was decided; the answer's ``conflict`` is the new, open one."""
    question, head = _question(session, reviewer, conflict_id)
    conflict = question.conflict
    if version is not None and conflict.version != version:
        raise AppError("version-changed", version=conflict.version)
    _require_unsigned(session, question.desa, conflict)
    target = _record(session, question.desa, conflict.record)
    decision: dict[str, Json] = {"undo": conflict.id, "reason": reason}
    plan = _decide(session, reviewer, head, target, decision, changed="already-decided")
    _note(session, reviewer, question, "conflict-undone")
    opened = next((c.id for c in plan.conflicts if c.reopens == conflict.id), conflict.id)
    return _decided(plan, question.desa, opened)


def merge(
    session: Session, reviewer: Reviewer, record_id: str, into_id: str, reason: str
) -> Decided:
    """Make one record an alias of another of the same village and kind."""
    second, head = _turned(session, reviewer, record_id)
    first = browsing.record_in_sight(session, reviewer.sight, into_id)
    if first is None or first.desa != second.desa:
        raise AppError("not-found")
    if first.id == second.id or first.entity != second.entity:
        raise AppError("value-refused", "Two different records of one kind can be merged.")
    if second.entity not in (KELUARGA, ANGGOTA):
        raise AppError("value-refused", "Only families and persons are merged.")
    if second.alias is not None or first.alias is not None:
        raise AppError("already-decided", "One of the records was merged already.")
    for conflict in _open_between(session, second, first):
        _require_uninvolved(session, reviewer, second.desa, conflict)
    decision: dict[str, Json] = {"merge": first.id, "reason": reason}
    plan = _decide(session, reviewer, head, second, decision)
    entry = reviewer.entry("records-merged", record=second.id, into=first.id, at=plan.head)
    append(session, second.desa, entry)
    return Decided(second.desa, plan.head, niks=bearers(plan.records))


def separate(session: Session, reviewer: Reviewer, record_id: str, reason: str) -> Decided:
    """Part a record from the one it was merged into."""
    second, head = _turned(session, reviewer, record_id)
    if second.alias is None:
        raise AppError("already-decided", "The record is not merged into another.")
    (first,) = records.records_by_id(session, second.desa, [second.alias])
    if not reviewer.sight.covers(first.desa, first.rt):
        raise AppError("not-found")
    if first.alias is not None:
        raise AppError(
            "already-decided",
            "The record it was merged into was merged further: separate that one first.",
        )
    plan = _decide(session, reviewer, head, second, {"separate": True, "reason": reason})
    entry = reviewer.entry("records-separated", record=second.id, of=first.id, at=plan.head)
    append(session, second.desa, entry)
    return Decided(second.desa, plan.head, niks=bearers(plan.records))


def _question(session: Session, reviewer: Reviewer, conflict_id: str) -> tuple[ListedConflict, int]:
    """The conflict as it is once the village's turn is ours, and the feed's head."""
    _require(reviewer, Action.RESOLVE_CONFLICT)
    found = conflicts.conflict_by_id(session, reviewer.sight, conflict_id)
    if found is None:
        raise AppError("not-found")
    head = feeds.take_turn(session, found.desa)
    found = conflicts.conflict_by_id(session, reviewer.sight, conflict_id)
    if found is None:
        raise AppError("not-found")
    return found, head


def _turned(session: Session, reviewer: Reviewer, record_id: str) -> tuple[Record, int]:
    """The record as it is once the village's turn is ours, and the feed's head."""
    _require(reviewer, Action.RESOLVE_CONFLICT)
    found = browsing.record_in_sight(session, reviewer.sight, record_id)
    if found is None:
        raise AppError("not-found")
    head = feeds.take_turn(session, found.desa)
    found = browsing.record_in_sight(session, reviewer.sight, record_id)
    if found is None:
        raise AppError("not-found")
    return found, head


def _require(reviewer: Reviewer, action: Action) -> None:
    if reviewer.account_id is None or not reviewer.may(action):
        raise AppError("not-permitted")


def _record(session: Session, desa: str, record_id: str) -> Record:
    (found,) = records.records_by_id(session, desa, [record_id])
    return found


def _open_between(session: Session, second: Record, first: Record) -> list[Conflict]:
    return [
        conflict
        for conflict in conflicts.conflicts_of(session, second.desa, [second.id])
        if conflict.is_open and {conflict.record, conflict.twin} == {second.id, first.id}
    ]


def _require_unsigned(session: Session, desa: str, conflict: Conflict) -> None:
    """A decision that a signed village stands on stays, until its round is opened again."""
    made, signed = conflict.decision, frozen.signed_head(session, desa)
    if made is None or signed is None:
        return
    dot = (made.lane, made.lane_seq)
    decided = operations.operations_at(session, desa, [dot]).get(dot)
    if decided is not None and decided.at <= signed:
        raise AppError(
            "already-decided",
            "The village has been signed with this decision; open its round again first.",
        )


# The two-person rule -------------------------------------------------------------------------


def _require_uninvolved(
    session: Session, reviewer: Reviewer, desa: str, conflict: Conflict
) -> None:
    """Nobody decides alone about a statement of their own.

    To have chosen between other people's statements before is no statement; to have typed a value
    is one.
    """
    said = operations.operations_at(session, desa, live_dots(session, desa, conflict))
    if any(one.account_id == reviewer.account_id and _is_own(one) for one in said.values()):
        raise AppError(
            "not-permitted",
            "You made one of the statements that this conflict is about; somebody else has to "
            "decide it.",
            audit=reviewer.entry("refused", code="two-person-rule", conflict=conflict.id),
        )


def live_dots(session: Session, desa: str, conflict: Conflict) -> set[tuple[str, int]]:
    """Operations behind the live claims of a conflict: current, its supporters, candidates."""
    ids = [conflict.record] if conflict.twin is None else [conflict.record, conflict.twin]
    dots = {(c.stamp.lane, c.stamp.lane_seq) for c in conflict.candidates}
    for record in records.records_by_id(session, desa, ids):
        stamps = record.stamps.get(conflict.group) or (record.created,)
        dots |= {(stamp.lane, stamp.lane_seq) for stamp in stamps}
    return dots


def _is_own(operation: LoggedOperation) -> bool:
    if operation.kind != Kind.RESOLVE:
        return True
    decision = operation.body.get("resolve")
    return isinstance(decision, dict) and decision.get("choice") == "value"


# The operation -------------------------------------------------------------------------------


def _decide(
    session: Session,
    reviewer: Reviewer,
    head: int,
    target: Record,
    decision: dict[str, Json],
    *,
    changed: str = "version-changed",
) -> Plan:
    """Write the decision into the reviewer's lane. The village's turn is held."""
    stored = reviewers_lane(session, reviewer, target.desa)
    operation: dict[str, Json] = {
        "seq": stored.lane.last + 1,
        "kind": Kind.RESOLVE.value,
        "entity": target.entity,
        "id": target.id,
        "base": target.seq,
        "resolve": decision,
        # The lane's own number keeps two decisions of one moment from being one operation.
        "source": {
            "by": reviewer.account_id,
            "at": reviewer.now.isoformat(),
            "n": stored.lane.last + 1,
        },
    }
    office = Author(reviewer.sight.scope, VillageScope(target.desa, None))
    turn = Turn(target.desa, head, stored, office, reviewer.now, reviewer.device_id)
    batch = read_batch([operation], server_lane=True)
    plan = decide_batch(session, turn, batch, reviewer.ground)
    assert isinstance(plan, Plan), "the lane was read under the village's turn"
    _, entry = plan.results[0]
    if entry["outcome"] == Outcome.QUARANTINED:
        _refuse(entry, changed)
    store_plan(session, turn, batch, plan)
    return plan


def reviewers_lane(session: Session, reviewer: Reviewer, desa: str) -> StoredLane:
    """The reviewer's own lane in a village, opened on first use and locked."""
    lineage = f"{REVIEW_SOURCE}:{reviewer.account_id}"
    held = lanes.lane_of(session, desa, lineage)
    if held is None:
        name = new_lane_name(reviewer.randomness)
        owner = LaneOwner(lineage, reviewer.account_id, REVIEW_SOURCE)
        lanes.open_lane(session, Lane(name, desa, 0), owner, reviewer.now)
    else:
        name = held.lane.name
    locked = lanes.lane_for_push(session, desa, name)
    assert locked is not None, "lanes are never deleted"
    return locked


def _refuse(entry: Mapping[str, Json], changed: str) -> NoReturn:
    problem = entry.get("problem")
    if problem == Problem.CONFLICT_CHANGED:
        raise AppError(changed)
    if problem == Problem.RECORD_UNKNOWN:
        raise AppError("not-found")
    detail = entry.get("detail")
    raise AppError("value-refused", str(detail) if detail else None, problem=problem)


def _decided(plan: Plan, desa: str, conflict_id: str) -> Decided:
    changed = {conflict.id: conflict for conflict in plan.conflicts}
    return Decided(desa, plan.head, changed.get(conflict_id), bearers(plan.records))


def _note(
    session: Session, reviewer: Reviewer, question: ListedConflict, action: str, **detail: Json
) -> None:
    conflict = question.conflict
    entry = reviewer.entry(action, conflict=conflict.id, record=conflict.record, **detail)
    append(session, question.desa, entry)
