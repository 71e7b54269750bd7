"""Reviewers at work, through the doors that people in the office use."""

from collections.abc import Mapping
from random import Random
from typing import Any, Final

import httpx
import orjson
from lokus_client.rows import CopyRow

from api.simulation.asgi import Sent
from api.simulation.history import Notes
from api.simulation.network import Network
from api.simulation.office import REVIEWER, Office

REASON: Final = "dilihat di lapangan"
PAGE: Final = 25
_JSON: Final = (b"content-type", b"application/json")


class Reviewer:
    """One supervisor, who sees every village of the run."""

    def __init__(
        self,
        network: Network,
        office: Office,
        chance: Random,
        notes: Notes,
    ) -> None:
        self._network = network
        self._office = office
        self._chance = chance
        self._history = notes.history
        self._counts = notes.counts
        self._trace = notes.trace
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
        page = self._call("GET", f"/v1/conflicts/{question['id']}")
        if page is None:
            return
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
        version = int(question["version"]) - (self._chance.random() < 0.05)
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
        for result in told["results"] if told is not None else ():
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

    def _one(self, path: str, name: str, *, newest: bool = False) -> dict[str, Any] | None:
        """One of a list, mostly of its beginning."""
        listed = self._call("GET", f"{path}&limit={PAGE}")
        found: list[dict[str, Any]] = [] if listed is None else listed[name]
        if not found:
            return None
        few = found[-3:] if newest else found
        return self._chance.choice(few)

    def _call(
        self, method: str, target: str, body: object = None, version: int | None = None
    ) -> dict[str, Any] | None:
        """The answer if it was a success. A device that a restore has forgotten enrols again."""
        if self._token is None:
            self._enrol()
        if self._token is None:
            return None
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
        found: dict[str, Any] = orjson.loads(told)
        return found

    def _enrol(self) -> None:
        code = self._office.code_for(REVIEWER)
        body = {"code": code, "name": REVIEWER, "platform": "python", "key": "0f" * 16}
        sent = Sent("POST", "/v1/devices", (_JSON,), orjson.dumps(body))
        answer = self._network.call(REVIEWER, sent)
        told = answer.read()
        if answer.status_code == 201:
            self._token = orjson.loads(told)["token"]
        else:
            self._trace.note(f"reviewer does not get in {answer.status_code}")
