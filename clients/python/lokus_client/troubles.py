"""Outcomes that a person should know of: conflicts, quarantine, values that lost.

They are kept with the operation's own text, also when the operation itself may go, because nothing
that was captured may vanish without a trace on the phone that captured it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lokus_client.outbox import HeldOperation
from lokus_client.store import Row, Store
from lokus_client.values import JsonObject, mapping, text

QUARANTINED: Final = "quarantined"
CONFLICT: Final = "conflict"
_QUIET: Final = ("applied", "no-op", "duplicate")


@dataclass(frozen=True)
class Trouble:
    """``result`` is the server's entry as sent; ``operation`` what was captured, without seq."""

    hash: str
    desa: str
    lane: str
    seq: int
    entity: str
    record: str
    outcome: str
    result: JsonObject
    operation: JsonObject
    noted: str

    @property
    def reason(self) -> str:
        """The stable code of a quarantine (``unknown-field`` …), or the outcome."""
        return text(self.result, "problem") or self.outcome

    @property
    def detail(self) -> str:
        return text(self.result, "detail") or text(self.result, "cause") or ""

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that the server names for this outcome."""
        one = text(self.result, "group")
        several = mapping(self.result, "groups")
        named = (g for g in several if text(mapping(several, g), "outcome") == self.outcome)
        return (one,) if one else tuple(named)


def note(
    store: Store, entries: Iterable[tuple[HeldOperation, str, JsonObject]], noted: str
) -> None:
    """Remember what is not plainly applied; an operation that is fine now is forgotten here."""
    fine: list[tuple[str]] = []
    kept: list[tuple[str | int, ...]] = []
    for operation, outcome, entry in entries:
        if outcome in _QUIET:
            fine.append((operation.hash,))
        else:
            kept.append((
                operation.hash, operation.desa, operation.lane, operation.seq, operation.entity,
                operation.record, operation.body, outcome, json.dumps(entry), noted,
            ))  # fmt: skip
    store.run_many("DELETE FROM troubles WHERE hash = ?", fine)
    store.run_many("INSERT OR REPLACE INTO troubles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kept)


def every(store: Store, outcome: str | None = None) -> list[Trouble]:
    """In the order in which the server answered."""
    found = store.all(
        "SELECT * FROM troubles WHERE ? IS NULL OR outcome = ? ORDER BY noted, lane, seq",
        (outcome, outcome),
    )
    return [_trouble(row) for row in found]


def _trouble(row: Row) -> Trouble:
    return Trouble(
        row["hash"], row["desa"], row["lane"], row["seq"], row["entity"], row["record"],
        row["outcome"], json.loads(row["result"]), json.loads(row["body"]), row["noted"],
    )  # fmt: skip


def decided(store: Store, outcomes: Sequence[tuple[Trouble, str, JsonObject]]) -> None:
    """A released or rejected operation: its stored outcome changes once."""
    store.run_many(
        "UPDATE troubles SET outcome = ?, result = ? WHERE lane = ? AND seq = ?",
        [(new, json.dumps(entry), t.lane, t.seq) for t, new, entry in outcomes],
    )
    store.run("DELETE FROM troubles WHERE outcome IN ('applied', 'no-op', 'duplicate')")
