"""A small server in memory, written from the protocol page alone.

It stands in for the real server so that the client's half can be tested on its own: what it knows
of merging is just enough to make conflicts, and everything else follows the page to the letter.
"""

import copy
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lokus_client.canonical import operation_hash
from lokus_client.errors import NotCanonical

FIELDS: Sequence[tuple[str, str, str, str, str]] = (
    ("keluarga", "no_kk", "no_kk", "identity", "digits16"),
    ("keluarga", "nama_kepala_keluarga", "nama_kepala_keluarga", "identity", "name"),
    ("keluarga", "alamat", "alamat", "identity", "text"),
    ("keluarga", "dusun", "alamat", "identity", "text"),
    ("keluarga", "rw", "alamat", "identity", "digits3"),
    ("keluarga", "rt", "alamat", "identity", "digits3"),
    ("keluarga", "jenis_lantai_terluas", "jenis_lantai_terluas", "measurement", "code"),
    ("keluarga", "luas_lantai", "luas_lantai", "measurement", "integer"),
    ("keluarga", "program", "program", "set", "code"),
    ("anggota", "nik", "nik", "identity", "digits16"),
    ("anggota", "nama", "nama", "identity", "name"),
    ("anggota", "hamil", "kehamilan", "measurement", "boolean"),
    ("anggota", "tanggal_mulai_hamil", "kehamilan", "measurement", "date"),
    ("pengukuran", "berat_kg", "berat_kg", "append", "number"),
    ("kunjungan", "waktu", "waktu", "append", "timestamp"),
    ("kunjungan", "catatan", "catatan", "append", "text"),
)
GROUPS = {(entity, name): group for entity, name, group, _, _ in FIELDS}
CLASSES = {(entity, group): kind for entity, _, group, kind, _ in FIELDS}
KEYS = {
    "seq", "kind", "entity", "id", "base", "set", "add", "remove", "parent", "end", "date",
    "number", "twin", "target", "evidence", "observed", "mono", "boot", "visit",
}  # fmt: skip
Raw: TypeAlias = Any
"""JSON as it came over the wire, not yet looked at."""
Object: TypeAlias = dict[str, Raw]


class Refused(Exception):
    """An answer that is a problem."""

    def __init__(self, status: int, code: str, **extra: Raw) -> None:
        super().__init__(code)
        self.status, self.code, self.extra = status, code, extra


@dataclass
class Record:
    entity: str
    id: str
    parent: str | None
    fields: Object
    seq: int
    created: int
    stamps: dict[str, tuple[int, str]] = field(default_factory=dict)
    end: str | None = None
    alias: str | None = None
    review: list[str] = field(default_factory=list)
    entered: int = 0
    left: dict[str, int] = field(default_factory=dict)


@dataclass
class Village:
    head: int = 0
    records: dict[str, Record] = field(default_factory=dict)

    def rt(self, record: Record) -> str:
        while record.parent is not None:
            record = self.records[record.parent]
        rt = record.fields.get("rt")
        return f"{rt}/{record.fields.get('rw') or ''}" if rt else ""

    def beneath(self, record: Record) -> list[Record]:
        under = [child for child in self.records.values() if child.parent == record.id]
        return [record, *(deeper for child in under for deeper in self.beneath(child))]


@dataclass
class Lane:
    name: str
    desa: str
    lineage: str
    entries: list[tuple[str, Object]] = field(default_factory=list)
    durable: int = 0


@dataclass
class Device:
    name: str
    tokens: list[str]
    scope: dict[str, list[str] | None]
    lanes: dict[str, str] = field(default_factory=dict)
    scope_version: int = 1
    is_revoked: bool = False


@dataclass
class State:
    """Everything that a backup holds."""

    epoch: str = "e1"
    villages: dict[str, Village] = field(default_factory=dict)
    lanes: dict[str, Lane] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    codes: dict[str, tuple[dict[str, list[str] | None], str | None, str | None]] = field(
        default_factory=dict
    )
    counter: int = 0


@dataclass(frozen=True)
class Offer:
    """One element of ``ops``, read."""

    seq: int
    hash: str
    operation: Object
    is_malformed: bool


def read_offer(raw: Raw, follows: int) -> Offer:
    operation = raw if isinstance(raw, dict) else {}
    seq = operation.get("seq")
    try:
        if isinstance(seq, int):
            return Offer(seq, operation_hash(operation), operation, is_malformed=False)
        mark = json.dumps(raw)
    except (NotCanonical, ValueError):
        mark = repr(raw)
    place = seq if isinstance(seq, int) else follows
    return Offer(place, hashlib.sha256(mark.encode()).hexdigest(), operation, is_malformed=True)


class Double:
    """The server's state and what operations do to it. Speaks no HTTP."""

    def __init__(self) -> None:
        self.state = State()
        self.rotates_tokens = False
        self.now = "2026-11-03T18:00:00+07:00"

    def name(self, prefix: str) -> str:
        self.state.counter += 1
        return f"{prefix}{self.state.counter}"

    def invite(self, scope: Mapping[str, list[str] | None]) -> str:
        """A one-time code for an account with that scope."""
        code = self.name("CODE")
        self.state.codes[code] = (dict(scope), None, None)
        return code

    def village(self, desa: str) -> Village:
        return self.state.villages.setdefault(desa, Village())

    def new_lane(self, device: Device, desa: str) -> Lane:
        lane = Lane(self.name("lane"), desa, device.name)
        self.state.lanes[lane.name] = lane
        device.lanes[desa] = lane.name
        return lane

    def assign(self, device: Device, scope: Mapping[str, list[str] | None]) -> None:
        device.scope = dict(scope)
        device.scope_version += 1
        for desa in scope:
            if desa not in device.lanes:
                self.new_lane(device, desa)

    def backup(self) -> State:
        return copy.deepcopy(self.state)

    def restore(self, backup: State, *, declared: bool = True) -> None:
        counter = self.state.counter
        self.state = copy.deepcopy(backup)
        self.state.counter = counter + 100
        if declared:
            self.state.epoch = self.name("e")
            for village in self.state.villages.values():
                village.head += 1_000_000

    def mark_durable(self) -> None:
        for lane in self.state.lanes.values():
            lane.durable = len(lane.entries)

    # --- push ------------------------------------------------------------------------------------

    def push(self, device: Device, lane: Lane, operations: Sequence[Raw]) -> list[Object]:
        """Merge a batch; gives the entries of ``results``. Refused whole or taken whole."""
        offers: list[Offer] = []
        for raw in operations:
            before = offers[-1].seq if offers else len(lane.entries)
            offer = read_offer(raw, before + 1)
            self._check_place(lane, offer, len(lane.entries) + len(offers))
            offers.append(offer)
        answered = [(offer, self._taken(device, lane, offer)) for offer in offers]
        return [{"seq": o.seq, **entry} for o, entry in answered if entry["outcome"] != "applied"]

    def _check_place(self, lane: Lane, offer: "Offer", taken: int) -> None:
        last = len(lane.entries)
        if offer.seq <= last and lane.entries[offer.seq - 1][0] != offer.hash:
            raise Refused(409, "lane-forked", incarnation=self.name("i"), last=last)
        if offer.seq > taken + 1:
            raise Refused(409, "lane-hole", last=last)

    def _taken(self, device: Device, lane: Lane, offer: "Offer") -> Object:
        if offer.seq <= len(lane.entries):
            return repeated(lane.entries[offer.seq - 1][1])
        for other in self.state.lanes.values():
            if other.lineage == lane.lineage and other is not lane:
                twin = next((e for h, e in other.entries if h == offer.hash), None)
                if twin is not None:
                    lane.entries.append((offer.hash, twin))
                    return repeated(twin)
        if offer.is_malformed:
            entry = quarantined("malformed")
        else:
            entry = self._judged(device, lane, offer.operation)
        lane.entries.append((offer.hash, entry))
        return entry

    def _judged(self, device: Device, lane: Lane, operation: Object) -> Object:
        if device.is_revoked:
            return quarantined("device-revoked")
        unknown = next((key for key in operation if key not in KEYS), None)
        if unknown:
            return quarantined("unknown-key", unknown)
        kinds: Mapping[str, Callable[[Lane, Object], Object]] = {
            "create": self._create,
            "set": self._set,
            "end": self._end,
            "move": self._move,
        }
        merge = kinds.get(str(operation.get("kind")))
        if merge is None:
            return quarantined("unknown-kind")
        for part in ("set", "add", "remove"):
            for name in operation.get(part, {}):
                if (operation["entity"], name) not in GROUPS:
                    return quarantined("unknown-field", name)
        return merge(lane, operation)

    def _create(self, lane: Lane, operation: Object) -> Object:
        village, id_ = self.village(lane.desa), operation["id"]
        parent = operation.get("parent")
        if parent is not None and parent not in village.records:
            return quarantined("parent-unknown")
        if id_ in village.records:
            return quarantined("id-taken")
        village.head += 1
        fields = {key: value for key, value in operation["set"].items() if value is not None}
        village.records[id_] = Record(
            operation["entity"], id_, parent, fields, village.head, village.head,
            entered=village.head,
        )  # fmt: skip
        return {"outcome": "applied"}

    def _set(self, lane: Lane, operation: Object) -> Object:
        village = self.village(lane.desa)
        record = village.records.get(operation["id"])
        if record is None:
            return quarantined("record-unknown")
        if record.alias is not None:
            record = village.records[record.alias]
        before = village.rt(record)
        village.head += 1
        groups = sorted({GROUPS[record.entity, name] for name in operation.get("set", {})})
        conflicts = [g for g in groups if self._write(lane, record, g, operation, village.head)]
        for part in ("add", "remove"):
            for name, elements in operation.get(part, {}).items():
                had = set(record.fields.get(name, []))
                now = had | set(elements) if part == "add" else had - set(elements)
                record.fields[name] = sorted(now)
                record.stamps[name] = (village.head, lane.name)
        record.seq = village.head
        self._moved(village, record, before)
        if conflicts:
            return {"outcome": "conflict", "conflict": f"c{village.head}", "group": conflicts[0]}
        return {"outcome": "applied"}

    def _write(self, lane: Lane, record: Record, group: str, operation: Object, seq: int) -> bool:
        """Write a group; true if that is a conflict and the present value stays."""
        stamp, writer = record.stamps.get(group, (record.created, lane.name))
        names = [n for (entity, n), g in GROUPS.items() if entity == record.entity and g == group]
        assigned = {n: operation["set"].get(n) for n in names}
        is_known = stamp <= operation["base"] or writer == lane.name
        differs = any(record.fields.get(n) != value for n, value in assigned.items())
        if CLASSES[record.entity, group] == "identity" and differs and not is_known:
            record.review = sorted({*record.review, group})
            return True
        for name, value in assigned.items():
            record.fields.pop(name, None)
            if value is not None:
                record.fields[name] = value
        record.stamps[group] = (seq, lane.name)
        return False

    def _moved(self, village: Village, record: Record, before: str) -> None:
        if village.rt(record) == before:
            return
        for below in village.beneath(record):
            village.head += below is not record
            below.seq = below.entered = below.left[before] = village.head

    def _end(self, lane: Lane, operation: Object) -> Object:
        village = self.village(lane.desa)
        record = village.records.get(operation["id"])
        if record is None:
            return quarantined("record-unknown")
        village.head += 1
        record.end, record.seq = operation["end"], village.head
        return {"outcome": "applied"}

    def _move(self, lane: Lane, operation: Object) -> Object:
        village = self.village(lane.desa)
        record = village.records.get(operation["id"])
        if record is None or operation["parent"] not in village.records:
            return quarantined("record-unknown" if record is None else "parent-unknown")
        before = village.rt(record)
        village.head += 1
        record.parent, record.seq = operation["parent"], village.head
        record.stamps["parent"] = (village.head, lane.name)
        self._moved(village, record, before)
        return {"outcome": "applied"}

    def merge_twins(self, desa: str, alias: str, target: str) -> None:
        """What a reviewer does with a person who was registered twice."""
        village = self.village(desa)
        village.head += 2
        village.records[alias].alias, village.records[alias].seq = target, village.head - 1
        village.records[target].seq = village.head


def repeated(entry: Object) -> Object:
    return {**entry, "outcome": "duplicate", "original": entry["outcome"]}


def quarantined(problem: str, detail: str = "") -> Object:
    return {"outcome": "quarantined", "problem": problem, "detail": detail}


def lenient(text: str) -> Raw:
    """JSON with NaN allowed: the operation that holds it is judged, not the batch."""
    return json.loads(text, parse_constant=lambda _: math.nan)
