"""Let quarantined operations in, or reject them: a person decides, and says why.

A release replays the stored operation through the engine with its own lane, place and base, and
with whatever waits for it. Its answer in the log changes once; phones read it in `outcomes`. What
still cannot be merged goes on waiting with the reason of today.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from api.errors import AppError
from api.services.lanes import DEVICE_SOURCE
from api.services.origins import parse
from api.services.pushing import Changes, bearers, load, store_changes
from api.services.reviewers import Reviewer
from models.queries import browsing, feeds, lanes, operations, quarantine
from models.queries.auditing import append
from models.queries.lanes import StoredLane
from models.queries.operations import LoggedOperation
from models.queries.quarantine import REJECTED, RELEASED, Quarantined, Verdict
from sync.batch import Incoming, needs, read_batch
from sync.clock import Captured
from sync.permission import Action
from sync.push import duplicate_entry
from sync.release import Released, ReleasePlan, ReleaseView, Waiting, Written, plan_release
from sync.statements import statements
from sync.types import Json, Outcome, Problem, Record, Refusal

RELEASED_AT_ONCE_MAX = 500
"""Operations in one transaction, so that a village's phones wait no longer than for an import."""

Dot = tuple[str, int]


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """What became of one entry: merged with this answer, or waiting on with this problem."""

    id: str
    lane: str
    lane_seq: int
    state: str
    answer: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class ReleaseOutcome:
    """What a release or a rejection in one village did."""

    desa: str
    at: int
    results: tuple[ReleaseResult, ...]
    niks: tuple[Record, ...] = ()
    """Persons whose NIK may now be borne in another village as well."""


def release_one(session: Session, reviewer: Reviewer, entry_id: str) -> ReleaseOutcome:
    """Release one entry and what depends on it.

    Raises `AppError`: `not-found`, `already-decided`, or `not-permitted` for one's own operation.
    """
    return release(session, reviewer, _found(session, reviewer, entry_id).desa, [entry_id])


def release(session: Session, reviewer: Reviewer, desa: str, ids: Sequence[str]) -> ReleaseOutcome:
    """Release entries of one village that are in the reviewer's sight, with what depends on them.

    At most `RELEASED_AT_ONCE_MAX`; dependents beyond it go on waiting and can be released then.
    """
    head = feeds.take_turn(session, desa)
    chosen = _waiting(session, reviewer, desa, ids)
    entries = _with_dependents(session, desa, chosen)
    logged = operations.operations_at(session, desa, [(e.lane, e.lane_seq) for e in entries])
    held = lanes.lanes_named(session, desa, {entry.lane for entry in entries})
    waiting = [_read(logged[e.lane, e.lane_seq], held[e.lane]) for e in entries]
    view = _view(session, desa, head, waiting)
    plan = plan_release(view, waiting)
    _store(session, reviewer, entries, plan, view)
    by_dot = {(r.waiting.lane.name, r.waiting.seq): r for r in plan.results}
    return ReleaseOutcome(
        desa,
        plan.head,
        tuple(_result(entry, by_dot[entry.lane, entry.lane_seq]) for entry in entries),
        bearers(plan.records),
    )


def reject(session: Session, reviewer: Reviewer, entry_id: str, reason: str) -> ReleaseOutcome:
    """Decide that an operation is not to be merged, and with it what depends on it.

    It stays in the log and in the history, where everybody can read it and why it was rejected.
    """
    desa = _found(session, reviewer, entry_id).desa
    head = feeds.take_turn(session, desa)
    chosen = _waiting(session, reviewer, desa, [entry_id])
    entries = _with_dependents(session, desa, chosen)
    verdict = Verdict(REJECTED, reviewer.account_id, reason, reviewer.now)
    quarantine.decide(session, desa, [entry.id for entry in entries], verdict)
    dots: list[Json] = [f"{entry.lane}:{entry.lane_seq}" for entry in entries]
    append(session, desa, reviewer.entry("quarantine-rejected", operations=dots))
    results = (
        ReleaseResult(
            entry.id,
            entry.lane,
            entry.lane_seq,
            REJECTED,
            {"outcome": str(Outcome.QUARANTINED), "problem": entry.problem},
        )
        for entry in entries
    )
    return ReleaseOutcome(desa, head, tuple(results))


def waiting_villages(
    session: Session, reviewer: Reviewer, device_id: str, limit: int
) -> dict[str, list[str]]:
    """What a revoked device had still to hand over: village → ids of entries, in order.

    Raises `AppError` ``not-found`` for a device that nothing in sight waits of.
    """
    _require(reviewer)
    found = quarantine.waiting_of_device(
        session, reviewer.sight, device_id, Problem.DEVICE_REVOKED.value, limit
    )
    if not found:
        raise AppError("not-found")
    villages: dict[str, list[str]] = {}
    for entry in found:
        villages.setdefault(entry.desa, []).append(entry.id)
    return villages


def _require(reviewer: Reviewer) -> None:
    if reviewer.account_id is None or not reviewer.may(Action.DECIDE_QUARANTINE):
        raise AppError("not-permitted")


def _found(session: Session, reviewer: Reviewer, entry_id: str) -> Quarantined:
    _require(reviewer)
    found = quarantine.one(session, reviewer.sight, entry_id)
    if found is None:
        raise AppError("not-found")
    return found


def _waiting(
    session: Session, reviewer: Reviewer, desa: str, ids: Sequence[str]
) -> list[Quarantined]:
    """Those that still wait now that the turn is ours."""
    chosen = quarantine.waiting(session, desa, ids)
    if not chosen:
        raise AppError("already-decided")
    if any(entry.account_id == reviewer.account_id for entry in chosen):
        raise AppError(
            "not-permitted",
            "This operation is your own; somebody else has to decide about it.",
            audit=reviewer.entry("refused", code="two-person-rule", entries=list[Json](ids)),
        )
    return chosen


def _with_dependents(
    session: Session, desa: str, chosen: Sequence[Quarantined]
) -> list[Quarantined]:
    """The chosen entries and everything that waits for them, in the order of their coming."""
    entries = {entry.id: entry for entry in chosen[:RELEASED_AT_ONCE_MAX]}
    fresh = list(entries.values())
    while fresh:
        causes = [f"{entry.lane}:{entry.lane_seq}" for entry in fresh if entry.creates]
        found = quarantine.dependents(session, desa, causes) if causes else []
        room = RELEASED_AT_ONCE_MAX - len(entries)
        fresh = [entry for entry in found if entry.id not in entries][:room]
        entries |= {entry.id: entry for entry in fresh}
    return sorted(entries.values(), key=lambda e: (e.received_at, e.lane, e.lane_seq))


def _read(logged: LoggedOperation, stored: StoredLane) -> Waiting:
    """The stored operation, read again with the field table of today."""
    captured = Captured(
        logged.captured_at, logged.observed, None if logged.suspect else logged.observed
    )
    element = {**logged.body, "seq": logged.seq}
    (incoming,) = read_batch([element], server_lane=stored.source != DEVICE_SOURCE)
    if "unreadable" in logged.body:
        refusal = Refusal(Problem.MALFORMED, "what was sent cannot be read as an operation")
        incoming = Incoming(logged.seq, logged.hash, "", refusal, logged.record)
    return Waiting(stored.lane, logged.seq, incoming, captured, logged.at)


def _view(session: Session, desa: str, head: int, waiting: Sequence[Waiting]) -> ReleaseView:
    batch = [one.incoming for one in waiting]
    loaded = load(session, desa, batch, needs(batch))
    blocked = quarantine.quarantined_creates(session, desa, loaded.unknown)
    own = {one.dot for one in waiting}
    return ReleaseView(
        desa,
        head,
        loaded.records,
        loaded.conflicts,
        {record: dot for record, dot in blocked.items() if dot not in own},
        _written(session, desa, loaded.records, batch),
    )


def _written(
    session: Session, desa: str, found: Iterable[Record], batch: Iterable[Incoming]
) -> tuple[Written, ...]:
    """What the log says about the records that the released operations name."""
    named = {one.named for one in batch if one.named is not None}
    targets = {alias for r in found if r.id in named and (alias := r.alias) is not None}
    ids = browsing.with_aliases(session, desa, named | targets)
    logged = [
        one
        for one in operations.history(session, desa, ids)
        if one.entry["outcome"] not in (Outcome.QUARANTINED, Outcome.DUPLICATE)
    ]
    held = lanes.lanes_named(session, desa, {one.lane for one in logged})
    written: list[Written] = []
    for one in logged:
        operation = parse(one)
        if not isinstance(operation, Refusal):
            lane = held[one.lane].lane
            groups = statements(operation)
            written += (Written(lane, one.seq, operation.id, group) for group in groups)
    return tuple(written)


def _store(
    session: Session,
    reviewer: Reviewer,
    entries: Sequence[Quarantined],
    plan: ReleasePlan,
    view: ReleaseView,
) -> None:
    desa = view.desa
    changes = Changes(view.head, plan.head, plan.records, plan.conflicts)
    store_changes(session, desa, changes, reviewer.now)
    merged = [result for result in plan.results if result.is_merged]
    _rewrite(session, desa, merged)
    ids = {(entry.lane, entry.lane_seq): entry.id for entry in entries}
    released = [ids[r.waiting.lane.name, r.waiting.seq] for r in merged]
    quarantine.decide(
        session, desa, released, Verdict(RELEASED, reviewer.account_id, "", reviewer.now)
    )
    refused = {
        ids[r.waiting.lane.name, r.waiting.seq]: r.entry for r in plan.results if not r.is_merged
    }
    quarantine.requarantine(session, desa, refused)
    dots: list[Json] = [result.waiting.dot for result in merged]
    append(
        session,
        desa,
        reviewer.entry("quarantine-released", operations=dots, refused=len(refused), at=plan.head),
    )


def _rewrite(session: Session, desa: str, merged: Sequence[Released]) -> None:
    """Change the stored answers, also where the same operation had come again meanwhile."""
    answers: dict[str, dict[int, Mapping[str, Json]]] = {}
    by_hash: dict[tuple[str, bytes], Mapping[str, Json]] = {}
    held = operations.operations_at(
        session, desa, [(r.waiting.lane.name, r.waiting.seq) for r in merged]
    )
    for result in merged:
        lane, seq = result.waiting.lane.name, result.waiting.seq
        answers.setdefault(lane, {})[seq] = result.entry
        logged = held[lane, seq]
        by_hash[logged.lineage, logged.hash] = result.entry
    again = operations.repetitions(
        session, desa, {lineage for lineage, _ in by_hash}, {digest for _, digest in by_hash}
    )
    for lineage, digest, lane, seq in again:
        entry = by_hash.get((lineage, digest))
        if entry is not None:
            answers.setdefault(lane, {})[seq] = duplicate_entry(entry)
    for lane, entries in answers.items():
        operations.rewrite_answers(session, desa, lane, entries)


def _result(entry: Quarantined, released: Released) -> ReleaseResult:
    state = RELEASED if released.is_merged else entry.state
    return ReleaseResult(entry.id, entry.lane, entry.lane_seq, state, released.entry)
