"""A phone that speaks the protocol as its page describes it and decides nothing.

What it sends and what comes back are the test's own.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from tests.api.calling import Answer
from tests.api.office import RT, Watch

MONO = 10_000_000
"""Where the phones' monotonic clocks stand while they send."""
JSON = {"content-type": "application/json"}
_PACKED = {**JSON, "content-encoding": "gzip"}

Operation = dict[str, Any]


class Call(Protocol):
    """One request to a server and what it answered."""

    def __call__(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer: ...


class Served(Protocol):
    """A server that a phone can talk to."""

    call: Call
    watch: Watch


def record_id(number: int) -> str:
    """A UUIDv7 that a reader can tell apart."""
    return f"01990000-0000-7000-8000-{number:012x}"


FAMILY = record_id(1)
MEMBER = record_id(2)


@dataclass
class Device:
    """A phone with a token. `last` is the last number that it gave to an operation."""

    world: "Served"
    account: str
    id: str
    token: str
    lanes: list[dict[str, Any]]
    last: int = 0
    since: int = 0
    at: int = 0
    scope_version: int | None = None
    _ticks: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def lane(self) -> str:
        name: str = self.lanes[0]["lane"]
        return name

    @property
    def desa(self) -> str:
        code: str = self.lanes[0]["desa"]
        return code

    # What it captures ---------------------------------------------------------------------

    def op(self, kind: str, entity: str, record: str, **rest: object) -> Operation:
        """The lane's next operation."""
        self.last += 1
        clock = {"mono": MONO - 1000 + next(self._ticks), "boot": "b"}
        return {"seq": self.last, "kind": kind, "entity": entity, "id": record, **clock, **rest}

    def create(self, record: str, **values: object) -> Operation:
        """A new family in the device's RT, unless `values` say another."""
        rt, rw = RT.split("/")
        told = {"nama_kepala_keluarga": "Contoh", "rt": rt, "rw": rw} | values
        return self.op("create", "keluarga", record, base=0, set=told)

    def add_member(self, record: str, parent: str, **values: object) -> Operation:
        told = {"nama": "Contoh"} | values
        return self.op("create", "anggota", record, base=0, parent=parent, set=told)

    def edit(self, record: str, base: int, **values: object) -> Operation:
        return self.op("set", "keluarga", record, base=base, set=values)

    # What it sends ------------------------------------------------------------------------

    def body(self, ops: Sequence[object] | None = None, **keys: object) -> dict[str, Any]:
        """A request; keys whose value is `...` are left out."""
        wall = self.world.watch.now().isoformat()
        told: dict[str, Any] = {
            "protocol": 1,
            "schema": 1,
            "epoch": "e1",
            "lane": self.lane,
            "desa": self.desa,
            "clock": {"wall": wall, "mono": MONO, "boot": "b"},
        }
        if self.scope_version is not None:
            told["scope_version"] = self.scope_version
        if ops is not None:
            told["ops"] = list(ops)
        return {key: value for key, value in (told | keys).items() if value is not ...}

    def post(self, path: str, body: object, **headers: str) -> Answer:
        """A request with a JSON body, packed as phones do."""
        packed = gzip.compress(json.dumps(body).encode(), compresslevel=1, mtime=0)
        return self.world.call("POST", path, packed, self.headers(**headers) | _PACKED)

    def get(self, target: str, **headers: str) -> Answer:
        return self.world.call("GET", target, b"", self.headers(**headers))

    def headers(self, **more: str) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"authorization": f"Bearer {self.token}", **named}

    def sync(self, ops: Sequence[object] = (), **keys: object) -> dict[str, Any]:
        """The normal exchange, from where the device stands; it moves its cursor."""
        pull = {"since": self.since, "at": self.at}
        told = answered(self.post("/v1/sync", self.body(ops, **{"pull": pull, **keys})))
        cursor = told.get("cursor")
        if cursor is not None:
            self.at = cursor["at"]
            self.since = self.since if cursor["more"] else self.at
        return told

    def push(self, ops: Sequence[object], **keys: object) -> dict[str, Any]:
        return answered(self.offer(ops, **keys))

    def offer(self, ops: Sequence[object], **keys: object) -> Answer:
        """A push whose answer may be a refusal."""
        return self.post("/v1/push", self.body(ops, **keys))

    def pull(self, since: int = 0, at: int = 0, **keys: object) -> dict[str, Any]:
        """A page from anywhere; the device's own cursor stays where it is."""
        pull = {"since": since, "at": at} | keys
        return answered(self.post("/v1/pull", self.body(pull=pull)))

    def manifest(self) -> dict[str, Any]:
        """Ask what the device may see now, and remember it."""
        told = answered(self.get("/v1/manifest"))
        self.scope_version, self.lanes = told["scope_version"], told["lanes"]
        return told


def answered(answer: Answer) -> dict[str, Any]:
    """The body of an answer that has to be good."""
    assert answer.status == 200, (answer.status, answer.body)
    told: dict[str, Any] = answer.json()
    return told


def refused(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The problem of an answer that has to be this refusal."""
    assert (answer.status, answer.problem) == (status, code), (answer.status, answer.body)
    return answer.json()


def rows_by_id(answer: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The rows of a page by record."""
    return {row["id"]: row for row in answer["changes"]}


def outcomes(answer: Mapping[str, Any]) -> dict[int, str]:
    """Place → outcome, of everything that is not simply applied."""
    return {result["seq"]: result["outcome"] for result in answer["results"]}
