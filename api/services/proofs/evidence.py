"""One village's rows, read once for all proofs. What cannot be read is damage already."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import orjson

from api.services.lanes import DEVICE_SOURCE
from models.queries.operations import entry_of_row
from models.queries.rowsets import hash_bytes
from models.queries.verifying import StoredOperation, StoredRow, StoredVillage
from sync.batch import Incoming, read_batch
from sync.clock import Captured
from sync.operation import Operation
from sync.replay import Logged
from sync.statements import statements
from sync.types import GroupValue, Json, Lane, Outcome, Problem, Refusal

Dot = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it has to be. ``subject`` names the row, never a value in it."""

    check: str
    desa: str
    subject: str
    detail: str


class LogEntry:
    """One operation of the log, with what it says."""

    def __init__(self, stored: StoredOperation, *, server_lane: bool) -> None:
        row = stored.row
        self.row = row
        self.lane, self.seq = str(row["lane"]), int(str(row["seq"]))
        self.outcome = Outcome(str(row["outcome"]))
        text = row["entry"]
        self.entry: Mapping[str, Json] = entry_of_row(
            str(self.outcome), text if isinstance(text, str) else None
        )
        self.incoming = _incoming(stored, self.seq, server_lane=server_lane)
        given = row["captured_at"]
        at = given if isinstance(given, datetime) else datetime.fromisoformat(str(given))
        observed = str(row["observed"])
        self.captured = Captured(at, observed, None if row["suspect"] else observed)
        self.hash = hash_bytes(str(row["hash"]))
        self.body_hash = hashlib.sha256(stored.body.encode()).digest()

    @property
    def dot(self) -> str:
        return f"{self.lane}:{self.seq}"

    @property
    def operation(self) -> Operation | None:
        parsed = self.incoming.parsed
        return None if isinstance(parsed, Refusal) else parsed

    @cached_property
    def said(self) -> Mapping[str, GroupValue]:
        """Group → what the operation said; nothing where it cannot be read."""
        return statements(self.operation) if self.operation is not None else {}

    def logged(self) -> Logged:
        return Logged(
            self.lane,
            self.seq,
            str(self.row["lineage"]),
            self.hash,
            self.incoming,
            self.captured,
            int(str(self.row["at"])),
            self.entry,
            str(self.row["received_at"]),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """A village as all proofs see it."""

    village: StoredVillage
    log: Mapping[Dot, LogEntry]
    lanes: Mapping[str, Lane]
    broken: tuple[Damage, ...]
    """What could not even be read."""

    @property
    def desa(self) -> str:
        return self.village.desa

    def damage(self, check: str, subject: str, detail: str) -> Damage:
        return Damage(check, self.desa, subject, detail)


def evidence_of(village: StoredVillage) -> Evidence:
    """Read every row of a village."""
    broken: list[Damage] = [
        Damage("unreadable", village.desa, f"{table} {key}", "its stored form cannot be read")
        for table, key in village.unreadable
    ]
    lanes: dict[str, Lane] = {}
    sources: dict[str, str] = {}
    for row in village.lanes:
        name = str(row["lane"])
        sources[name] = str(row["source"])
        try:
            lanes[name] = _lane(row)
        except (ValueError, TypeError):
            broken.append(
                Damage("unreadable", village.desa, f"lane {name}", "its dots cannot be read")
            )
    log: dict[Dot, LogEntry] = {}
    for stored in village.operations:
        name, seq = str(stored.row["lane"]), int(str(stored.row["seq"]))
        try:
            server_lane = sources.get(name, DEVICE_SOURCE) != DEVICE_SOURCE
            log[name, seq] = LogEntry(stored, server_lane=server_lane)
        except (ValueError, TypeError, KeyError):
            broken.append(
                Damage(
                    "outcome",
                    village.desa,
                    f"operation {name}:{seq}",
                    "its outcome, answer or time cannot be read",
                )
            )
    return Evidence(village, log, lanes, tuple(broken))


def _lane(row: StoredRow) -> Lane:
    extra, known = row["extra"], row["known"]
    return Lane(
        name=str(row["lane"]),
        desa=str(row["desa"]),
        last=int(str(row["last"])),
        known=orjson.loads(str(known)) if known else {},
        extra=frozenset((str(lane), int(seq)) for lane, seq in orjson.loads(str(extra)))
        if extra
        else frozenset(),
    )


def _incoming(stored: StoredOperation, seq: int, *, server_lane: bool) -> Incoming:
    try:
        body = orjson.loads(stored.body)
    except orjson.JSONDecodeError:
        body = None
    if isinstance(body, dict):
        (incoming,) = read_batch([{**body, "seq": seq}], server_lane=server_lane)
        return incoming
    digest = hashlib.sha256(stored.body.encode()).digest()
    record = stored.row["record"]
    named = record if isinstance(record, str) else None
    return Incoming(seq, digest, stored.body, Refusal(Problem.MALFORMED, ""), named)


def by_seq(evidence: Evidence) -> Iterator[LogEntry]:
    """The log in the order of lanes and places."""
    for dot in sorted(evidence.log):
        yield evidence.log[dot]
