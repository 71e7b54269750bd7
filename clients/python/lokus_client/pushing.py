"""The way up: offering operations and taking in what the server says of them.

Acknowledged is only what this request carried and the answer covers. Everything else stays in the
queue, whatever the answer claims about the lane.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lokus_client import outbox, troubles, villages
from lokus_client.answers import SyncAnswer, read_answer
from lokus_client.errors import LostAnswer, NoProgress, ServerProblem, Unreachable
from lokus_client.outbox import HeldOperation, Settled
from lokus_client.session import Session
from lokus_client.values import JsonObject, text
from lokus_client.villages import Village

HEAD_BYTES_MAX: Final = 16 * 1024
"""Room in a push for everything but its operations (digests of a large village included)."""


@dataclass(frozen=True)
class Offer:
    """A request's operations and the answer to them."""

    village: Village
    batch: Sequence[HeldOperation]
    answer: SyncAnswer


def offer(session: Session, village: Village, path: str, extra: JsonObject) -> Offer:
    """Send the next batch (which may be empty) and read the answer; nothing is stored of it yet.

    Raises ``ExchangeFailed`` after the batch size was halved for the next try.
    """
    limits = session.manifest.limits
    batch = outbox.next_batch(
        session.store,
        village.desa,
        village.lane,
        operations_max=session.batch_size(),
        bytes_max=limits.push_bytes - min(HEAD_BYTES_MAX, limits.push_bytes // 2),
    )
    if any(operation.state == "pending" for operation in batch):
        with session.store.writing("sent"):
            outbox.mark_sent(session.store, batch)
    session.tally.sent += len(batch)
    try:
        raw = session.caller.post(path, session.batch_text(village, batch, extra))
    except Unreachable:
        raise
    except LostAnswer:
        if batch:
            session.halve_batch()
        raise
    except ServerProblem as problem:
        if problem.code == "payload-too-large" and batch and session.halve_batch():
            return offer(session, village, path, extra)
        raise
    answer = read_answer(raw)
    session.expect_epoch(answer)
    return Offer(village, batch, answer)


def push_all(session: Session, desa: str) -> None:
    """Empty the queue by ``/v1/push``. Raises ``ExchangeFailed``."""
    while outbox.unsent(session.store, desa):
        _push_some(session, desa)


def push_all_but_a_batch(session: Session, desa: str) -> None:
    """A long queue goes up first, so that the last batch and the pull share one request."""
    while outbox.unsent(session.store, desa) > session.batch_size():
        _push_some(session, desa)


def push_unread(session: Session, desa: str) -> None:
    """Empty the queue of a phone that may read nothing. Raises ``ExchangeFailed``.

    It knocks even with empty hands: that is its only way to hear of a restore, after which what it
    holds has to be offered again.
    """
    _push(session, desa, heeds_scope=False)
    while outbox.unsent(session.store, desa):
        _push_some(session, desa, heeds_scope=False)


def _push_some(session: Session, desa: str, *, heeds_scope: bool = True) -> None:
    if not _push(session, desa, heeds_scope=heeds_scope):
        raise NoProgress("what is unsent does not stand in the lane of its village")


def _push(session: Session, desa: str, *, heeds_scope: bool) -> int:
    offered = offer(session, villages.get(session.store, desa), "/v1/push", {})
    with session.store.writing("push-answer"):
        take(session, offered)
    check(offered, heeds_scope=heeds_scope)
    return len(offered.batch)


def take(session: Session, offered: Offer) -> None:
    """Store what the answer says of the push. Inside the writing block of the answer."""
    store, village, answer = session.store, offered.village, offered.answer
    session.take_common(answer)
    settled = list(_settled(offered))
    outbox.settle(store, settled)
    session.tally.acked += len(settled)
    if settled:
        acked = max(op.seq for op in offered.batch if _is_covered(op, answer))
        villages.set_position(store, village.desa, acked=max(village.acked, acked))
        troubles.note(store, _entries(offered), session.environment.now_text())
        _keep_receipt(session, offered)
        session.batch_went_well(len(offered.batch))
    if answer.durable > 0:
        more = outbox.mark_durable(store, village.desa, village.lane, answer.durable)
        villages.set_durable(store, village.desa, answer.durable)
        store.remember(durable_total=store.fact_number("durable_total") + more)
    outbox.reached(store, village.desa, village.cursor.at)
    outbox.purge(store, village.desa)


def check(offered: Offer, *, heeds_scope: bool = True) -> None:
    """After the answer is stored: does it ask for more than going on? Raises ``ExchangeFailed``."""
    answer = offered.answer
    if offered.batch and not any(_is_covered(op, answer) for op in offered.batch):
        raise NoProgress("the server acknowledged nothing of what it was sent")
    if answer.scope_changed and heeds_scope:
        raise ServerProblem(409, "scope-changed", "the assignment of this phone has changed", {})


def _is_covered(operation: HeldOperation, answer: SyncAnswer) -> bool:
    return answer.acked is not None and operation.seq <= answer.acked


def _settled(offered: Offer) -> Iterator[Settled]:
    for operation in offered.batch:
        if _is_covered(operation, offered.answer):
            entry = offered.answer.results.get(operation.seq, {})
            is_repeat = text(entry, "outcome") == "duplicate"
            yield Settled(operation.n, offered.answer.at, not is_repeat, outcome_of(entry))


def outcome_of(entry: Mapping[str, object]) -> str:
    """The outcome for people: a repeated operation has the one it was given the first time."""
    outcome, original = entry.get("outcome"), entry.get("original")
    if outcome == "duplicate":
        return original if isinstance(original, str) else "duplicate"
    return outcome if isinstance(outcome, str) else "applied"


def _entries(offered: Offer) -> Iterator[tuple[HeldOperation, str, JsonObject]]:
    for operation in offered.batch:
        if _is_covered(operation, offered.answer):
            entry = offered.answer.results.get(operation.seq, {})
            yield operation, outcome_of(entry), entry


def _keep_receipt(session: Session, offered: Offer) -> None:
    answer = offered.answer
    if answer.receipt is None or answer.acked is None:
        return
    session.store.run(
        "INSERT INTO receipts (lane, acked, at, epoch, receipt, noted) VALUES (?, ?, ?, ?, ?, ?)",
        (
            offered.village.lane, answer.acked, answer.at,
            session.store.fact_text("epoch"), answer.receipt, session.environment.now_text(),
        ),
    )  # fmt: skip
    session.store.run("DELETE FROM receipts WHERE n <= (SELECT max(n) FROM receipts) - 1000")
