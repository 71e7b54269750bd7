"""Reviewers at work, through the doors that people in the office use."""

from collections.abc import Mapping
from random import Random
from typing import Final, NotRequired, TypedDict

import httpx
import orjson
from lokus_client.rows import CopyRow
from lokus_client.values import JsonObject

from api.simulation.asgi import Sent
from api.simulation.history import History
from api.simulation.network import Network
from api.simulation.office import REVIEWER, Office
from api.simulation.tracing import Counts, Trace

REASON: Final = "dilihat di lapangan"
PAGE: Final = 25
_JSON: Final = (b"content-type", b"application/json")


class _Listed(TypedDict):
    """A question or an entry of the quarantine, as lists show it."""

    id: str
    kind: NotRequired[str]
    version: NotRequired[int]


class _Claim(TypedDict):
    lane: str
    lane_seq: int
    value: JsonObject


class _Page(TypedDict):
    """One question with everything that is claimed."""

    current: list[_Claim]
    candidates: list[_Claim]


class _Released(TypedDict):
    results: list[dict[str, str]]


class Reviewer:
    """One supervisor, who sees every village of the run."""

    def __init__(
        self,
        network: Network,
        office: Office,
        chance: Random,
        history: History,
        counts: Counts,
        trace: Trace,
    ) -> None:
        self._network = network
        self._office = office
        self._chance = chance
        self._history = history
        self._counts = counts
        self._trace = trace
        self._token: str | None = None

    def work(self, copies: Mapping[str, CopyRow]) -> None:
        """Decide one thing. ``copies``: records as somebody's phone shows them."""
        tasks = (
            (self._settle, 10), (self._undo, 2), (self._release, 5), (self._reject, 1),
            (lambda: self._merge(copies), 1), (lambda: self._separate(copies), 1),
        )  # fmt: skip
        (task,) = self._chance.choices([task for task, _ in tasks], [w for _, w in tasks])
        try:
            task()
        except httpx.TransportError as error:
            self._trace.note(f"reviewer cut off {type(error).__name__}")

    # --- questions -------------------------------------------------------------------------------

    def _settle(self) -> None:
        question = self._one("/v1/conflicts?state=open", "conflicts")
        if question is None:
            return
        told = self._call("GET", f"/v1/conflicts/{question['id']}")
        if told is None:
            return
        page: _Page = orjson.loads(told)
        kinds = ["current", "candidate", "candidate"]
        if question["kind"] == "value" and len(page["current"][0]["value"]) == 1:
            kinds.append("value")
        answer: dict[str, object] = {"choice": self._chance.choice(kinds), "reason": REASON}
        if answer["choice"] == "candidate" and page["candidates"]:
            chosen = self._chance.choice(page["candidates"])
            answer["candidate"] = {"lane": chosen["lane"], "lane_seq": chosen["lane_seq"]}
        if answer["choice"] == "value":
            chosen = self._chance.choice([*page["current"], *page["candidates"]])
            answer["value"] = chosen["value"]
        version = question["version"] - (self._chance.random() < 0.05)
        path = f"/v1/conflicts/{question['id']}/resolution"
        if self._call("POST", path, answer, version) is not None:
            self._counts.add("resolved")

    def _undo(self) -> None:
        question = self._one("/v1/conflicts?state=resolved", "conflicts", newest=True)
        if question is not None:
            path = f"/v1/conflicts/{question['id']}/undo"
            if self._call("POST", path, {"reason": REASON}) is not None:
                self._counts.add("undone")

    # --- quarantine ------------------------------------------------------------------------------

    def _release(self) -> None:
        entry = self._one("/v1/quarantine?state=waiting", "entries")
        if entry is None:
            return
        told = self._call("POST", f"/v1/quarantine/{entry['id']}/release", {})
        if told is None:
            return
        released: _Released = orjson.loads(told)
        for result in released["results"]:
            self._counts.add("released" if result["state"] == "released" else "still-waiting")

    def _reject(self) -> None:
        entry = self._one("/v1/quarantine?state=waiting", "entries")
        if entry is not None:
            path = f"/v1/quarantine/{entry['id']}/reject"
            if self._call("POST", path, {"reason": REASON}) is not None:
                self._counts.add("rejected")

    # --- two records or one ----------------------------------------------------------------------

    def _merge(self, copies: Mapping[str, CopyRow]) -> None:
        entity = self._chance.choice(("keluarga", "anggota"))
        rows = [r for r in copies.values() if r.entity == entity and not (r.alias or r.ended)]
        if len(rows) < 6:
            return
        first, second = self._chance.sample(sorted(rows, key=lambda row: row.id), 2)
        if first.desa != second.desa:
            return
        self._history.put_apart.update((first.id, second.id))
        body = {"into": second.id, "reason": REASON}
        if self._call("POST", f"/v1/records/{first.id}/merge", body) is not None:
            self._counts.add("merged-by-reviewer")

    def _separate(self, copies: Mapping[str, CopyRow]) -> None:
        rows = sorted((row for row in copies.values() if row.alias), key=lambda row: row.id)
        if not rows:
            return
        row = self._chance.choice(rows)
        self._history.put_apart.update((row.id, row.alias or row.id))
        path = f"/v1/records/{row.id}/separate"
        if self._call("POST", path, {"reason": REASON}) is not None:
            self._counts.add("separated")

    # --- the wire --------------------------------------------------------------------------------

    def _one(self, path: str, name: str, *, newest: bool = False) -> _Listed | None:
        """One of a list, mostly of its beginning."""
        listed = self._call("GET", f"{path}&limit={PAGE}")
        found: list[_Listed] = [] if listed is None else orjson.loads(listed)[name]
        if not found:
            return None
        few = found[-3:] if newest else found
        return self._chance.choice(few)

    def _call(
        self, method: str, target: str, body: object = None, version: int | None = None
    ) -> bytes | None:
        """The answer if it was a success. A device that a restore has forgotten enrols again."""
        if self._token is None:
            self._enrol()
        headers = [_JSON, (b"authorization", f"Bearer {self._token}".encode())]
        if version is not None:
            headers.append((b"if-match", f'"{version}"'.encode()))
        content = b"" if body is None else orjson.dumps(body)
        answer = self._network.call(REVIEWER, Sent(method, target, tuple(headers), content))
        told = answer.read()
        if answer.status_code == 401:
            self._token = None
        if answer.status_code not in {200, 201}:
            self._trace.note(f"reviewer refused {answer.status_code}")
            return None
        return told

    def _enrol(self) -> None:
        code = self._office.code_for(REVIEWER)
        body = {"code": code, "name": REVIEWER, "platform": "python", "key": "0f" * 16}
        sent = Sent("POST", "/v1/devices", (_JSON,), orjson.dumps(body))
        answer = self._network.call(REVIEWER, sent)
        self._token = str(orjson.loads(answer.read()).get("token"))
