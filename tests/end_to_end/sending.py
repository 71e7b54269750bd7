"""Phones that offer the same bytes until they are acknowledged, and whoever counts afterwards.

"Acknowledged" is what a phone means by it: an answer with `acked` arrived whole. The judge looks
into the database with SQL of its own and with `lokus verify`, never through the doors.
"""

import base64
import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from typing_extensions import override

from api.services.verifying import verify
from tests.api.device import Call, Device, Operation
from tests.api.office import Office
from tests.api.world import ServedOffice
from tests.end_to_end.wire import Lost, Wire

DELIVERED_WITHIN_SECONDS = 60.0


class MachineClock:
    """The time of a server in a process of its own."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Remote(ServedOffice):
    """A register that a server in another process serves."""

    @override
    def close(self) -> None:
        self.wire.close()
        super().close()

    wire: Wire

    def serve_at(self, port: int, rehearsing: Call | None = None) -> None:
        """Phones call there from now on; until `go_live` somebody may answer in its place."""
        self.wire = Wire(port)
        self.call = rehearsing or self.wire

    def go_live(self) -> None:
        self.call = self.wire


@dataclass
class Sender:
    """One phone with an outbox. What it saw acknowledged stands in `acked`, with its hash."""

    office: ServedOffice
    device: Device
    acked: dict[int, str] = field(default_factory=dict)
    repeats: int = 0
    statuses: set[int] = field(default_factory=set)

    def deliver(self, batch: Sequence[Operation], path: str = "/v1/push") -> dict[str, Any]:
        """Offer a batch until its acknowledgement arrives."""
        deadline = time.monotonic() + DELIVERED_WITHIN_SECONDS
        while time.monotonic() < deadline:
            try:
                told = self.offer(batch, path)
            except Lost:
                told = None
            if told is not None:
                return told
            self.repeats += 1
        raise AssertionError("the server never took it")

    def offer(self, batch: Sequence[Operation], path: str) -> dict[str, Any] | None:
        """Offer a batch once; nothing where the server is busy. Raises `Lost`."""
        body = self.device.body(batch)
        if path == "/v1/sync":
            body["pull"] = {"since": 0, "at": 0, "max_bytes": 1}
        answer = self.device.post(path, body)
        self.statuses.add(answer.status)
        if answer.status == 503:
            return None
        assert answer.status == 200, answer
        told = answer.json()
        assert told["acked"] >= batch[-1]["seq"]
        self.acked |= {op["seq"]: hash_of(op) for op in batch}
        return told


def hash_of(operation: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form without `seq`, as it is stored; for plain ASCII operations."""
    bare = {key: value for key, value in operation.items() if key != "seq"}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def assert_nothing_lost_or_doubled(office: Office, senders: Iterable[Sender]) -> int:
    """I1, I2 and I6, and everything that the register can prove; how many were acknowledged."""
    stored = {
        (lane, seq): digest
        for lane, seq, digest in office.ask("SELECT lane, seq, hash FROM operation")
    }
    acked = 0
    for sender in senders:
        lane = sender.device.lane
        for seq, digest in sender.acked.items():
            assert stored.get((lane, seq)) == digest, (lane, seq)
        acked += len(sender.acked)
    doubled = office.ask(
        "SELECT lineage, hash FROM operation WHERE outcome <> 'duplicate' "
        "GROUP BY desa, lineage, hash HAVING count(*) > 1"
    )
    assert doubled == []
    holes = office.ask(
        "SELECT lane FROM operation GROUP BY desa, lane "
        "HAVING min(seq) <> 1 OR max(seq) <> count(*)"
    )
    assert holes == []
    report = verify(office.database, office.settings.secret)
    assert report.is_sound, report.damage[:5]
    return acked
