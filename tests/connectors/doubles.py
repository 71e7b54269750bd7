"""Small doubles of KoboToolbox (API v2) and ODK Central, as far as a connector asks them.

They answer through an httpx transport: no socket, and every request is kept to be looked at.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx

KOBO_HOST = "kf.kobo.example"
CENTRAL_HOST = "central.odk.example"
ASSET = "aBcDeFgHiJkLmNoPqRsTuV"
TOKEN = "0123456789abcdef"
EMAIL, PASSWORD = "dinsos@lampung.example", "sandi rahasia"

Handler = Callable[[httpx.Request], httpx.Response]


def told(status: int, body: object) -> httpx.Response:
    return httpx.Response(status, json=body)


@dataclass
class KoboDouble:
    """One asset: `_id` is for ever, `_uuid` changes with each edit, no time of a change is kept."""

    documents: dict[int, dict[str, Any]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    page_max: int = 1000
    fails: Callable[[httpx.Request], httpx.Response | None] = lambda _request: None

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def add(self, number: int, **answers: Any) -> dict[str, Any]:  # noqa: ANN401 (of a form)
        uuid = f"0b0a0000-0000-4000-8000-{number:012x}"
        self.documents[number] = {
            "_id": number,
            "_uuid": uuid,
            "meta/rootUuid": f"uuid:{uuid}",
            "meta/instanceID": f"uuid:{uuid}",
            "_submission_time": "2026-11-03T03:00:00",
            "_validation_status": {},
            "_attachments": [],
            "_geolocation": [None, None],
            **{name.replace("__", "/"): value for name, value in answers.items()},
        }
        return self.documents[number]

    def edit(self, number: int, version: int, **answers: Any) -> None:  # noqa: ANN401 (of a form)
        one = self.documents[number]
        one["meta/deprecatedID"] = one["meta/instanceID"]
        one["_uuid"] = f"0b0a000{version}-0000-4000-8000-{number:012x}"
        one["meta/instanceID"] = f"uuid:{one['_uuid']}"
        one |= {name.replace("__", "/"): value for name, value in answers.items()}

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        failed = self.fails(request)
        if failed is not None:
            return failed
        assert request.headers["host"] == KOBO_HOST
        if request.headers.get("authorization") != f"Token {TOKEN}":
            return told(401, {"detail": "Invalid token."})
        path = request.url.path
        base = f"/api/v2/assets/{ASSET}/data/"
        if path == base and request.method == "GET":
            return self._list(request)
        patched = re.fullmatch(rf"{base}(\d+)/validation_status/", path)
        if patched and request.method == "PATCH":
            return self._validate(int(patched[1]), json.loads(request.content))
        return told(404, {"detail": "Not found."})

    def _list(self, request: httpx.Request) -> httpx.Response:
        asked = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        start, limit = int(asked.get("start", 0)), int(asked.get("limit", 100))
        found = [self.documents[number] for number in sorted(self.documents)]
        if "query" in asked:
            wanted = json.loads(asked["query"])["_id"]["$in"]
            found = [one for one in found if one["_id"] in wanted]
        page = found[start : start + min(limit, self.page_max)]
        if "fields" in asked:
            names = json.loads(asked["fields"])
            page = [{k: one[k] for k in names if k in one} for one in page]
        more = start + len(page) < len(found)
        following = f"https://{KOBO_HOST}{request.url.path}?start={start + len(page)}"
        return told(
            200,
            {
                "count": len(found),
                "next": following if more else None,
                "previous": None,
                "results": page,
            },
        )

    def _validate(self, number: int, body: dict[str, str]) -> httpx.Response:
        uid = body["validation_status.uid"]
        self.documents[number]["_validation_status"] = {"uid": uid, "label": uid}
        return told(200, {"uid": uid})

    def validated(self, number: int) -> str | None:
        found: str | None = self.documents[number]["_validation_status"].get("uid")
        return found


@dataclass
class CentralDouble:
    """One form of one project: OData for what changed, XML for what was filled in."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    comments: list[tuple[str, str]] = field(default_factory=list)
    page_max: int = 1000
    single_sign_on: bool = False
    now: datetime = datetime(2026, 11, 3, 3, tzinfo=UTC)
    form: str = "/v1/projects/3/forms/sosial"

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def _tick(self) -> str:
        self.now += timedelta(hours=1)
        return self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def add(self, instance: str, xml: str) -> None:
        self.rows[instance] = {
            "xml": xml, "current": instance, "edits": 0, "state": None,
            "created": self._tick(), "updated": None,
        }  # fmt: skip

    def edit(self, instance: str, current: str, xml: str) -> None:
        row = self.rows[instance]
        row |= {"xml": xml, "current": current, "state": "edited", "updated": self._tick()}
        row["edits"] += 1

    def answer(self, request: httpx.Request) -> httpx.Response:  # noqa: PLR0911 (one for each route)
        self.requests.append(request)
        assert request.headers["host"] == CENTRAL_HOST
        path = request.url.path
        if path == "/v1/sessions":
            return self._sign_in(json.loads(request.content))
        if request.headers.get("authorization") != "Bearer session-token":
            return told(401, {"code": 401.2, "message": "Could not authenticate."})
        if path == f"{self.form}.svc/Submissions":
            return self._feed(request)
        below = re.fullmatch(rf"{self.form}/submissions/([^/]+?)(\.xml|/comments)?", path)
        row = self.rows.get(below[1]) if below else None
        if below is None or row is None:
            return told(404, {"code": 404.1, "message": "Could not find the resource."})
        if below[2] == ".xml":
            return httpx.Response(200, content=row["xml"].encode())
        if below[2] == "/comments":
            self.comments.append((below[1], json.loads(request.content)["body"]))
            return told(200, {"body": "…"})
        if request.method == "PATCH":
            row |= {"state": json.loads(request.content)["reviewState"], "updated": self._tick()}
        return told(200, self._shown(below[1], row))

    def _sign_in(self, body: dict[str, str]) -> httpx.Response:
        if self.single_sign_on:
            return told(404, {"code": 404.1, "message": "Could not find the resource."})
        if body != {"email": EMAIL, "password": PASSWORD}:
            return told(401, {"code": 401.2, "message": "Could not authenticate."})
        return told(200, {"token": "session-token", "csrf": "…"})

    def _feed(self, request: httpx.Request) -> httpx.Response:
        asked = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        found = list(self.rows.items())
        if "$filter" in asked:
            asked_for = re.fullmatch(
                r"__system/submissionDate ge (\S+) or __system/updatedAt ge (\S+)", asked["$filter"]
            )
            assert asked_for is not None
            found = [
                (name, row)
                for name, row in found
                if row["created"] >= asked_for[1] or (row["updated"] or "") >= asked_for[2]
            ]
        start = int(asked.get("$skiptoken", 0))
        size = min(self.page_max, int(asked["$top"]))
        page = found[start : start + size]
        body: dict[str, Any] = {
            "value": [self._system(name, row) for name, row in page],
            "@odata.count": len(found),
        }
        if start + size < len(found):
            following = request.url.copy_with(host=CENTRAL_HOST)
            following = following.copy_merge_params({"$skiptoken": str(start + size)})
            body["@odata.nextLink"] = str(following)
        return told(200, body)

    def _system(self, name: str, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "__id": name,
            "__system": {
                "submissionDate": row["created"],
                "updatedAt": row["updated"],
                "reviewState": row["state"],
                "edits": row["edits"],
            },
        }

    def _shown(self, name: str, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "instanceId": name,
            "reviewState": row["state"],
            "createdAt": row["created"],
            "updatedAt": row["updated"],
            "currentVersion": {"instanceId": row["current"], "current": True},
        }
