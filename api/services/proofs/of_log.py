"""The log: dense, unchanged, each operation answered once; quarantine and receipts in step."""

from collections import defaultdict
from collections.abc import Iterator

from api.services.proofs.evidence import Damage, Evidence, LogEntry, by_seq
from api.services.pushing import receipt_code
from models.queries.quarantine import REJECTED, RELEASED, WAITING, quarantine_id
from models.queries.verifying import StoredRow
from sync.types import Outcome


def lanes_are_dense(evidence: Evidence) -> Iterator[Damage]:
    """Every lane holds exactly its operations 1 to ``last``, in the order of the feed."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for row in (stored.row for stored in evidence.village.operations):
        places[str(row["lane"])].append(int(str(row["seq"])))
    for row in evidence.village.lanes:
        name, last = str(row["lane"]), int(str(row["last"]))
        held = sorted(places.pop(name, []))
        if held != list(range(1, last + 1)):
            missing = sorted(set(range(1, last + 1)) - set(held))
            said = f"operations {_few(missing)} are missing" if missing else "it holds too many"
            yield evidence.damage("lane", f"lane {name}", f"its end is {last}, but {said}")
    for name in sorted(places):
        yield evidence.damage("lane", f"lane {name}", "operations name it, but it is not there")


def positions_rise(evidence: Evidence) -> Iterator[Damage]:
    """Within a lane nothing landed before its predecessor, and nothing beyond the head."""
    head, before = evidence.village.head or 0, ("", 0)
    for one in by_seq(evidence):
        at = int(str(one.row["at"]))
        if at > head:
            yield evidence.damage("position", f"operation {one.dot}", "it lies beyond the head")
        if one.lane == before[0] and at < before[1]:
            yield evidence.damage("position", f"operation {one.dot}", "it lies before the last")
        before = (one.lane, at)


def bodies_are_unchanged(evidence: Evidence) -> Iterator[Damage]:
    """The stored hash is that of the stored operation, and its columns repeat it."""
    for one in by_seq(evidence):
        # Encryption at rest writes numbers anew; then the canonical form is what was hashed.
        if one.hash not in (one.body_hash, one.incoming.hash):
            yield evidence.damage("hash", f"operation {one.dot}", "its body is not what was hashed")
        if one.incoming.named != one.row["record"]:
            yield evidence.damage(
                "hash", f"operation {one.dot}", "the record beside it is not the one it names"
            )
        kind = one.operation.kind.value if one.operation is not None else one.row["kind"]
        if one.row["kind"] is not None and one.row["kind"] != kind:
            yield evidence.damage("hash", f"operation {one.dot}", "the kind beside it is another")


def answers_fit(evidence: Evidence) -> Iterator[Damage]:
    """Every operation has one outcome, and its answer tells the same."""
    for one in by_seq(evidence):
        if one.entry.get("outcome") != one.outcome:
            yield evidence.damage(
                "outcome", f"operation {one.dot}", "its answer tells another outcome"
            )
        if one.operation is None and one.outcome not in (Outcome.QUARANTINED, Outcome.DUPLICATE):
            yield evidence.damage(
                "outcome", f"operation {one.dot}", "it counts as merged but cannot be read"
            )


def operations_are_once(evidence: Evidence) -> Iterator[Damage]:
    """Of one device the same operation has one entry that is no duplicate."""
    first: dict[tuple[str, bytes], LogEntry] = {}
    for one in by_seq(evidence):
        key = (str(one.row["lineage"]), one.hash)
        if one.outcome is Outcome.DUPLICATE:
            continue
        if key in first:
            yield evidence.damage(
                "once", f"operation {one.dot}", f"the same as {first[key].dot} took effect twice"
            )
        first[key] = one
    for one in by_seq(evidence):
        key = (str(one.row["lineage"]), one.hash)
        if one.outcome is Outcome.DUPLICATE and key not in first:
            yield evidence.damage("once", f"operation {one.dot}", "what it repeats is not there")


def quarantine_fits(evidence: Evidence) -> Iterator[Damage]:
    """Who waits or was rejected is quarantined in the log, and nobody else is."""
    noted: set[tuple[str, int]] = set()
    for row in evidence.village.quarantine:
        yield from _entry_fits(evidence, row)
        noted.add((str(row["lane"]), int(str(row["lane_seq"]))))
    for one in by_seq(evidence):
        if one.outcome is Outcome.QUARANTINED and (one.lane, one.seq) not in noted:
            yield evidence.damage(
                "quarantine", f"operation {one.dot}", "it is quarantined, but no list has it"
            )


def _entry_fits(evidence: Evidence, row: StoredRow) -> Iterator[Damage]:
    lane, seq, state = str(row["lane"]), int(str(row["lane_seq"])), str(row["state"])
    subject = f"quarantine entry {row['id']}"
    one = evidence.log.get((lane, seq))
    if str(row["id"]) != quarantine_id(evidence.desa, lane, seq):
        yield evidence.damage("quarantine", subject, "its id does not follow from its place")
    if state not in (WAITING, RELEASED, REJECTED):
        yield evidence.damage("quarantine", subject, "it is in no state that there is")
    if one is None:
        yield evidence.damage("quarantine", subject, "its operation is not in the log")
    elif (state == RELEASED) == (one.outcome is Outcome.QUARANTINED):
        said = f"it is {state}, but the log says {one.outcome}"
        yield evidence.damage("quarantine", subject, said)


def receipts_hold(evidence: Evidence, secret: bytes) -> Iterator[Damage]:
    """Every receipt is one that this installation gave out, for operations that are there."""
    for row in evidence.village.receipts:
        lane, acked = str(row["lane"]), int(str(row["acked"]))
        subject = f"receipt for lane {lane} up to {acked}"
        expected = receipt_code(
            secret, lane, acked=acked, at=int(str(row["at"])), epoch=str(row["epoch"])
        )
        if row["code"] != expected:
            yield evidence.damage("receipt", subject, "its code was not made with this secret")
        held = evidence.lanes.get(lane)
        if held is None or held.last < acked:
            yield evidence.damage("receipt", subject, "what it confirms is not in the lane")


def _few(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:5]))
    return shown if len(numbers) <= 5 else f"{shown} and {len(numbers) - 5} more"
