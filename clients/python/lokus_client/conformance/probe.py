"""A bare client for one lane: it numbers operations, sends what it is told, keeps nothing safe."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx

from lokus_client import copies, villages
from lokus_client.answers import read_rows
from lokus_client.digest import digest_text
from lokus_client.environment import Environment
from lokus_client.fieldtable import FieldTable
from lokus_client.ids import RANDOM_BYTES, uuid7
from lokus_client.manifest import PROTOCOL
from lokus_client.store import Store
from lokus_client.values import Json, JsonObject, integer, mapping, objects, text
from lokus_client.villages import AssignedLane

PROBLEM_TYPE: Final = "application/problem+json"


class Unmet(Exception):
    """The server does something else than the rule says."""


def expect(claim: object, otherwise: str) -> None:
    """Raise ``Unmet`` with these words unless the claim holds."""
    if not claim:
        raise Unmet(otherwise)


@dataclass
class Probe:
    """State of the check: who we are, where lane and cursor stand, and a copy to digest."""

    client: httpx.Client
    code: str
    environment: Environment
    key: str = ""
    token: str = ""
    device: str = ""
    lane: str = ""
    desa: str = ""
    rt: str = "001/001"
    manifest: JsonObject = field(default_factory=dict)
    last_seq: int = 0
    cursor: JsonObject = field(default_factory=lambda: {"since": 0, "at": 0})
    family: str = ""
    sent: list[JsonObject] = field(default_factory=list)
    results: dict[int, JsonObject] = field(default_factory=dict)
    receipt: str = ""
    store: Store = field(default_factory=lambda: Store.open(":memory:"))

    # --- requests ------------------------------------------------------------------------------

    def post(self, path: str, body: Json, *, token: str | None = None) -> httpx.Response:
        return self.post_bytes(path, json.dumps(body).encode(), token=token)

    def post_bytes(
        self, path: str, content: bytes, *, token: str | None = None, gzipped: bool = False
    ) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        if shown := self.token if token is None else token:
            headers["Authorization"] = f"Bearer {shown}"
        if gzipped:
            content, headers["Content-Encoding"] = gzip.compress(content, mtime=0), "gzip"
        return self.client.post(path, content=content, headers=headers)

    def get(self, path: str, **headers: str) -> httpx.Response:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(path, headers={"Authorization": f"Bearer {self.token}", **told})

    def envelope(self, **extra: Json) -> JsonObject:
        """What every request about the village names."""
        return {
            "protocol": PROTOCOL,
            "schema": integer(self.manifest, "schema", 1),
            "epoch": self.manifest.get("epoch"),
            "scope_version": self.manifest.get("scope_version"),
            "lane": self.lane,
            "desa": self.desa,
            **extra,
        }

    def clock(self) -> JsonObject:
        anchor: JsonObject = {
            "wall": self.environment.now_text(),
            "mono": self.environment.mono_ms(),
        }
        boots: JsonObject = {self.environment.boot: anchor}
        return {**anchor, "boot": self.environment.boot, "boots": boots}

    def batch(self, operations: Sequence[Json], **extra: Json) -> JsonObject:
        return self.envelope(clock=self.clock(), ops=list(operations), **extra)

    # --- operations ----------------------------------------------------------------------------

    def operation(self, kind: str, entity: str, record: str, **rest: Json) -> JsonObject:
        """The next operation of the lane; it counts as made whether or not it is sent."""
        self.last_seq += 1
        # A number of its own, so that no two operations of a check are alike by chance.
        mono = self.environment.mono_ms() + self.last_seq
        return {
            "seq": self.last_seq, "kind": kind, "entity": entity, "id": record, "base": 0,
            "mono": mono, "boot": self.environment.boot, **rest,
        }  # fmt: skip

    def new_id(self) -> str:
        return uuid7(self.environment.unix_ms(), self.environment.random(RANDOM_BYTES))

    def edit_of_family(self, **parts: Json) -> JsonObject:
        """An edit that knows all that was pulled of the family; parts are set, add, remove."""
        base = integer(self.row(self.family), "seq")
        return {**self.operation("set", "keluarga", self.family, **parts), "base": base}

    def change_of_family(self, **fields: Json) -> JsonObject:
        """Assign fields of the family."""
        return self.edit_of_family(set=dict(fields))

    def push(self, *operations: Json) -> JsonObject:
        """Push and expect that the lane has taken all of it."""
        answer = answered(self.post("/v1/push", self.batch(operations)))
        expect(
            integer(answer, "acked", -1) == self.last_seq,
            f"acked is {answer.get('acked')}, the lane's last operation is {self.last_seq}",
        )
        self.results |= {integer(entry, "seq"): entry for entry in objects(answer, "results")}
        self.receipt = text(answer, "receipt") or self.receipt
        return answer

    def expect_quarantine(self, seq: int, *problems: str) -> None:
        """The operation was set aside for one of these reasons."""
        entry = self.results.get(seq, {})
        told = f"{text(entry, 'outcome')} {text(entry, 'problem')}"
        expect(
            text(entry, "outcome") == "quarantined" and text(entry, "problem") in problems,
            f"operation {seq} came out as {told}, not quarantined {' or '.join(problems)}",
        )

    # --- what was pulled -----------------------------------------------------------------------

    def take(self, answer: JsonObject) -> None:
        """Rows and cursor of a page into the copy."""
        cursor = mapping(answer, "cursor")
        at = integer(cursor, "at", -1)
        expect(at >= 0, "the answer has no cursor")
        more = cursor.get("more") is True
        self.cursor = {"since": self.cursor["since"] if more else at, "at": at}
        self.take_rows(answer, "changes")

    def take_rows(self, answer: JsonObject, key: str) -> int:
        fields = FieldTable.from_manifest(self.manifest)
        with self.store.writing("rows"):
            villages.assign(self.store, AssignedLane(self.lane, self.desa, None, 0))
            return copies.apply(self.store, self.desa, read_rows(answer, key), fields)

    def pull_all(self) -> None:
        """Page to the head."""
        for _ in range(10_000):
            answer = answered(self.post("/v1/pull", self.envelope(pull=self.cursor)))
            self.take(answer)
            if mapping(answer, "cursor").get("more") is not True:
                return
        raise Unmet("the village has no end")

    def row(self, record: str) -> JsonObject:
        """Seq, fields and marks of a record of the copy; empty if it is not there."""
        row = copies.find(self.store, record)
        return {} if row is None else {"seq": row.seq, "doc": row.doc, "alias": row.alias}

    def digest(self) -> str:
        return digest_text((place.id, place.seq) for place in self.places())

    def places(self) -> list[copies.Place]:
        """The rows of the RT that this check works in."""
        return [place for place in copies.places(self.store, self.desa) if place.rt == self.rt]


def answered(response: httpx.Response, status: int = 200) -> JsonObject:
    """The object that came with the status expected."""
    expect(
        response.status_code == status,
        f"status {response.status_code} instead of {status}: {response.text[:200]}",
    )
    try:
        value = response.json()
    except ValueError:
        raise Unmet("the answer is no JSON") from None
    expect(isinstance(value, dict), "the answer is no object")
    checked: JsonObject = value
    return checked


def expect_problem(response: httpx.Response, status: int, code: str) -> Mapping[str, Json]:
    """An RFC 9457 problem of that status and type."""
    problem = answered(response, status)
    media = response.headers.get("Content-Type", "")
    expect(media.startswith(PROBLEM_TYPE), f"Content-Type is {media}, not {PROBLEM_TYPE}")
    told = (text(problem, "type") or "").rpartition("/")[2]
    expect(told == code, f"the problem is {told}, not {code}")
    expect(problem.get("status") == status, f"status in the body is {problem.get('status')}")
    expect(
        problem.get("retry") in ("same", "after-change", "never"),
        f"retry is {problem.get('retry')}",
    )
    return problem
