"""The operations of this phone: frozen when made, kept until the server calls them durable.

``pending → sent → acked → durable``. ``sent`` means that an answer may have been lost; it is
offered again like a pending one, and the server knows it by its hash. An acknowledged operation
stays, so that a server restored from a backup can be refilled from here.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lokus_client.canonical import body_hash
from lokus_client.store import Row, Store
from lokus_client.values import JsonObject


@dataclass(frozen=True, slots=True)
class HeldOperation:
    """An operation as it is kept. ``body`` is canonical JSON without ``seq``; ``n`` its order."""

    n: int
    desa: str
    lane: str
    seq: int
    hash: str
    kind: str
    entity: str
    record: str
    body: str
    state: str
    at: int | None
    outcome: str | None

    def operation(self) -> JsonObject:
        """The operation as an object, without ``seq``."""
        loaded: JsonObject = json.loads(self.body)
        return loaded

    def wire_text(self) -> str:
        """The element of ``ops``: the frozen bytes with the place in the lane put in front."""
        comma = "" if self.body == "{}" else ","
        return f'{{"seq":{self.seq}{comma}{self.body[1:]}'


@dataclass(frozen=True, slots=True)
class Settled:
    """What the server said of one operation that a request carried."""

    n: int
    at: int
    is_exact: bool
    outcome: str


def _held(row: Row) -> HeldOperation:
    return HeldOperation(
        row["n"], row["desa"], row["lane"], row["seq"], row["hash"], row["kind"], row["entity"],
        row["record"], row["body"], row["state"], row["at"], row["outcome"],
    )  # fmt: skip


def append(
    store: Store, desa: str, kind: str, entity: str, record: str, body: str
) -> HeldOperation:
    """Freeze an operation at the end of the village's lane."""
    lane = store.one(
        "UPDATE villages SET next_seq = next_seq + 1 WHERE desa = ? RETURNING lane, next_seq - 1",
        (desa,),
    )
    assert lane is not None, "the caller has checked the village"
    store.run(
        "INSERT INTO operations (desa, lane, seq, hash, kind, entity, record, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (desa, lane[0], lane[1], body_hash(body), kind, entity, record, body),
    )
    row = store.one("SELECT * FROM operations WHERE lane = ? AND seq = ?", (lane[0], lane[1]))
    assert row is not None
    return _held(row)


def next_batch(
    store: Store, desa: str, lane: str, *, operations_max: int, bytes_max: int
) -> list[HeldOperation]:
    """The next operations to offer, in lane order; at least one if there is any."""
    found = store.all(
        "SELECT * FROM operations WHERE desa = ? AND lane = ? AND state IN ('pending', 'sent')"
        " ORDER BY seq LIMIT ?",
        (desa, lane, operations_max),
    )
    batch: list[HeldOperation] = []
    size = 0
    for operation in map(_held, found):
        size += len(operation.wire_text().encode()) + 1
        if batch and size > bytes_max:
            break
        batch.append(operation)
    return batch


def mark_sent(store: Store, batch: Sequence[HeldOperation]) -> None:
    """Note that a request carries these and that its answer may be lost."""
    store.run_many(
        "UPDATE operations SET state = 'sent' WHERE n = ? AND state = 'pending'",
        [(operation.n,) for operation in batch],
    )


def settle(store: Store, settled: Iterable[Settled]) -> None:
    """Acknowledged: out of the queue, still held, still shown until the pull reaches ``at``."""
    store.run_many(
        "UPDATE operations SET state = 'acked', at = ?, at_is_exact = ?, outcome = ? WHERE n = ?",
        [(one.at, int(one.is_exact), one.outcome, one.n) for one in settled],
    )


def reached(store: Store, desa: str, position: int | None) -> None:
    """The pull has come to ``position`` (``None`` = to the head): leave the overlay for good."""
    store.run(
        "UPDATE operations SET landed = 1 WHERE desa = ? AND landed = 0"
        " AND state IN ('acked', 'durable') AND (? IS NULL OR at <= ?)",
        (desa, position, position),
    )


def mark_durable(store: Store, desa: str, lane: str, durable: int) -> int:
    """Operations up to ``durable`` of the lane are in a backup; gives how many more that are.

    A backup is a point of the village's history: what landed before an operation that it covers
    is covered too. So operations of earlier lanes, for which no answer speaks, become durable as
    well. Strictly before, and only where the position is exact: a duplicate landed some time ago.
    """
    covered = store.number(
        "SELECT max(at) FROM operations WHERE lane = ? AND seq <= ? AND at_is_exact = 1"
        " AND state IN ('acked', 'durable')",
        (lane, durable),
    )
    return store.run(
        "UPDATE operations SET state = 'durable' WHERE desa = ? AND state = 'acked'"
        " AND ((lane = ? AND seq <= ?) OR (lane <> ? AND at < ?))",
        (desa, lane, durable, lane, covered),
    )


def purge(store: Store, desa: str) -> int:
    """Let go of what is durable and out of the overlay; gives how many.

    Only from the front of each lane, so that what stays is one unbroken run.
    """
    return store.run(
        "DELETE FROM operations WHERE desa = ? AND state = 'durable' AND landed = 1 AND seq <"
        " (SELECT ifnull(front.kept, operations.seq + 1) FROM"
        "   (SELECT lane, min(iif(state = 'durable' AND landed = 1, NULL, seq)) AS kept"
        "    FROM operations WHERE desa = ? GROUP BY lane) AS front"
        "  WHERE front.lane = operations.lane)",
        (desa, desa),
    )


def offer_again(store: Store, desa: str, *, lane: str | None = None, above: int = 0) -> int:
    """Back into the queue (of one lane above a position, or all that is held of the village)."""
    return store.run(
        "UPDATE operations SET state = 'pending', at = NULL, at_is_exact = 0, landed = 0,"
        " outcome = NULL WHERE desa = ? AND (? IS NULL OR (lane = ? AND seq > ?))",
        (desa, lane, lane, above),
    )


def renumber(store: Store, desa: str, lane: str) -> int:
    """Move the queue of a village into a new lane, from 1, in the order it was made.

    Gives the next free place. What is acknowledged stays in the lane that it was acknowledged in.
    """
    queue = store.all(
        "SELECT n FROM operations WHERE desa = ? AND state IN ('pending', 'sent') ORDER BY n",
        (desa,),
    )
    store.run_many(
        "UPDATE operations SET lane = ?, seq = ? WHERE n = ?",
        [(lane, seq, row["n"]) for seq, row in enumerate(queue, start=1)],
    )
    return len(queue) + 1


def held_range(store: Store, desa: str, lane: str) -> tuple[int, int] | None:
    """First and last place of the lane still held here, ``None`` if nothing is."""
    row = store.one(
        "SELECT min(seq), max(seq) FROM operations WHERE desa = ? AND lane = ?", (desa, lane)
    )
    return None if row is None or row[0] is None else (int(row[0]), int(row[1]))


def has_other_lanes(store: Store, desa: str, lane: str) -> bool:
    """Is anything held that was numbered in an earlier lane?"""
    found = "SELECT 1 FROM operations WHERE desa = ? AND lane <> ? LIMIT 1"
    return store.one(found, (desa, lane)) is not None


def in_overlay(store: Store, records: Sequence[str] | None = None) -> list[HeldOperation]:
    """What the screen still has to lay over the copy (of some records), in the order made."""
    if records is None:
        found = store.all("SELECT * FROM operations WHERE landed = 0 ORDER BY n")
    else:
        found = store.all(
            "SELECT * FROM operations WHERE landed = 0"
            " AND record IN (SELECT value FROM json_each(?)) ORDER BY n",
            (json.dumps(list(records)),),
        )
    return [_held(row) for row in found]


def villages_held(store: Store) -> list[str]:
    """The villages for which any operation is held, in the order of codes."""
    found = store.all("SELECT DISTINCT desa FROM operations ORDER BY desa")
    return [str(row["desa"]) for row in found]


def unsent(store: Store, desa: str | None = None) -> int:
    """How many operations are not acknowledged."""
    return store.number(
        "SELECT count(*) FROM operations WHERE state IN ('pending', 'sent')"
        " AND (? IS NULL OR desa = ?)",
        (desa, desa),
    )


def awaits_echo(store: Store, desa: str) -> bool:
    """Is something acknowledged that the pull has not come to yet?"""
    found = (
        "SELECT 1 FROM operations WHERE desa = ? AND state IN ('acked', 'durable')"
        " AND landed = 0 LIMIT 1"
    )
    return store.one(found, (desa,)) is not None


def counts(store: Store) -> dict[str, int]:
    """State → number of operations held."""
    found = store.all("SELECT state, count(*) AS held FROM operations GROUP BY state")
    return {str(row["state"]): int(row["held"]) for row in found}


def everything(store: Store) -> list[HeldOperation]:
    """All operations held, in the order in which they were made."""
    return [_held(row) for row in store.all("SELECT * FROM operations ORDER BY n")]


def holds(store: Store, hash_: str) -> bool:
    """Is an operation of that hash held?"""
    return store.one("SELECT 1 FROM operations WHERE hash = ?", (hash_,)) is not None
