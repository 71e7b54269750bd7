"""One run of ``sync``: what it works with, what it has done, and the requests that it sends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from lokus_client import clocks
from lokus_client import manifest as manifests
from lokus_client.answers import SyncAnswer
from lokus_client.calling import Caller
from lokus_client.environment import Environment
from lokus_client.errors import ServerProblem
from lokus_client.fieldtable import FieldTable
from lokus_client.manifest import Manifest, as_text
from lokus_client.outbox import HeldOperation
from lokus_client.store import Store
from lokus_client.values import Json, JsonObject
from lokus_client.villages import Village

BATCH_START: Final = 20
QUICK_MS: Final = 10_000
"""While a full batch takes less than this, the next one may be twice as large."""


@dataclass
class Tally:
    """``sent`` counts operations offered, repeats included; ``rows`` what changed in the copy."""

    sent: int = 0
    acked: int = 0
    rows: int = 0


@dataclass
class Session:
    """``manifest`` follows the server; ``checks_agreement`` asks more than comes in passing."""

    caller: Caller
    manifest: Manifest
    checks_agreement: bool = False
    tally: Tally = field(default_factory=Tally)

    @property
    def store(self) -> Store:
        return self.caller.store

    @property
    def environment(self) -> Environment:
        return self.caller.environment

    @property
    def fields(self) -> FieldTable:
        return self.manifest.fields

    def batch_size(self) -> int:
        wanted = self.store.fact_number("batch_size", BATCH_START)
        return min(max(1, wanted), self.manifest.limits.operations)

    def batch_went_well(self, operations: int) -> None:
        """A full batch in good time: dare a larger one. Inside a writing block."""
        size = self.batch_size()
        if operations >= size and self.caller.traffic.last_ms < QUICK_MS:
            self.store.remember(batch_size=min(size * 2, self.manifest.limits.operations))

    def halve_batch(self) -> bool:
        """After a failure; tells whether there was anything left to halve."""
        size = self.batch_size()
        with self.store.writing("batch-size"):
            self.store.remember(batch_size=max(1, size // 2))
        return size > 1

    def take_common(self, answer: SyncAnswer) -> None:
        """What every answer may carry. Inside the writing block of the answer."""
        facts: JsonObject = {}
        if answer.token is not None:
            facts["token_next"] = answer.token
        if answer.server_time is not None:
            facts["server_time"] = answer.server_time
        if answer.next_sync_after_s is not None:
            facts["next_sync_after_s"] = answer.next_sync_after_s
        self.store.remember(**facts)

    def expect_epoch(self, answer: SyncAnswer) -> None:
        """An answer from another epoch is not to be believed. Raises ``ServerProblem``."""
        if answer.epoch is not None and answer.epoch != self.store.fact_text("epoch"):
            raise ServerProblem(409, "epoch-changed", "the answer is of another epoch", {})

    def head(self, desa: str) -> JsonObject:
        """What every request about a village names."""
        return {
            "protocol": manifests.PROTOCOL,
            "schema": self.manifest.schema,
            "epoch": self.store.fact("epoch"),
            "scope_version": self.store.fact("scope_version"),
            "desa": desa,
        }

    def batch_text(
        self, village: Village, batch: Sequence[HeldOperation], extra: JsonObject
    ) -> str:
        """The body of a push or a sync; the operations go in as the bytes that were frozen."""
        boots = (str(operation.operation().get("boot", "")) for operation in batch)
        head: JsonObject = {
            **self.head(village.desa),
            "lane": village.lane,
            "clock": clocks.batch_clock(self.store, self.environment, _told(boots)),
            **extra,
        }
        operations = ",".join(operation.wire_text() for operation in batch)
        return f'{as_text(head)[:-1]},"ops":[{operations}]}}'

    def pull_keys(self, village: Village) -> dict[str, Json]:
        """``pull``: the cursor unchanged, and how much one page may weigh."""
        cursor = village.cursor
        page: JsonObject = {
            "since": cursor.since,
            "at": cursor.at,
            "max_bytes": self.manifest.limits.page_bytes,
        }
        return {"pull": page}


def _told(boots: Iterable[str]) -> set[str]:
    return {boot for boot in boots if boot}
