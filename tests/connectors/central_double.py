"""A small double of ODK Central, as far as a connector and pyodk ask it.

It answers through an httpx transport, and every request is kept to be looked at. What it answers
follows Central's own code (2026.2): lists come newest first and are read on by a `$skiptoken` that
names the last row, deleted rows show only where `deletedAt` is asked about, and a problem is a
message with a code of its own.
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree as ET

import httpx

CENTRAL_HOST = "central.odk.example"
STORAGE_HOST = "berkas.penyimpanan.example"
EMAIL, PASSWORD = "dinsos@lampung.example", "sandi rahasia"
SESSION = "session-token"
ACTOR = 5
PROJECT, FORM, DATASET = 3, "sosial", "keluarga"
_FORM = f"/v1/projects/{PROJECT}/forms/{FORM}"
_DATASET = f"/v1/projects/{PROJECT}/datasets/{DATASET}"
_CLAUSE = re.compile(r"(\S+) (ge|gt|le|lt|eq|ne) (\S+)")
Row = dict[str, Any]


def told(status: int, body: object, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body, headers=headers)


def problem(code: float, message: str) -> httpx.Response:
    return told(int(code), {"message": message, "code": code})


NOT_FOUND = (404.1, "Could not find the resource you were looking for.")
NOT_AUTHENTICATED = (401.2, "Could not authenticate with the provided credentials.")


@dataclass
class CentralDouble:
    """One form and one entity list of one project."""

    rows: dict[str, Row] = field(default_factory=dict)
    entities: dict[str, Row] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    comments: list[tuple[str, Row]] = field(default_factory=list)
    page_max: int = 1000
    single_sign_on: bool = False
    stores_elsewhere: bool = False
    """Do files lie in a storage of another host, that answers with them are sent to?"""
    now: datetime = datetime(2026, 11, 3, 3, tzinfo=UTC)
    domain: str = f"https://{CENTRAL_HOST}"

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def _tick(self) -> str:
        self.now += timedelta(hours=1)
        return self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    # What people do over there ------------------------------------------------------------

    def add(self, instance: str, xml: str, **files: bytes | None) -> None:
        """A submission; `None` is a file that the form names and that has not come."""
        self.rows[instance] = {
            "xml": xml, "current": instance, "edits": 0, "state": None, "created": self._tick(),
            "updated": None, "deleted": None, "files": {
                name.replace("__", "."): content for name, content in files.items()
            },
        }  # fmt: skip

    def edit(self, instance: str, current: str, xml: str) -> None:
        row = self.rows[instance]
        row |= {"xml": xml, "current": current, "state": "edited", "updated": self._tick()}
        row["edits"] += 1

    def enter(self, uuid: str, label: str, **data: str) -> None:
        """An entity."""
        self.entities[uuid] = {
            "label": label, "data": data, "version": 1, "created": self._tick(), "updated": None,
            "deleted": None,
        }  # fmt: skip

    def change(self, uuid: str, **data: str) -> None:
        row = self.entities[uuid]
        row |= {"data": row["data"] | data, "updated": self._tick()}
        row["version"] += 1

    def delete(self, name: str) -> None:
        """Into the trash: it is in no list but that of what was deleted."""
        (self.rows if name in self.rows else self.entities)[name]["deleted"] = self._tick()

    # What the server answers --------------------------------------------------------------

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.headers["host"] == STORAGE_HOST:
            return self._stored(request)
        assert request.headers["host"] == CENTRAL_HOST
        if request.url.path == "/v1/sessions" and request.method == "POST":
            return self._sign_in(json.loads(request.content))
        return self._refused(request) or self._resource(request, request.url.path)

    def _refused(self, request: httpx.Request) -> httpx.Response | None:
        said = request.headers.get("authorization", "")
        if said.startswith("Basic ") and self.single_sign_on:
            return problem(401.5, "This authentication method is not available on this server.")
        return problem(*NOT_AUTHENTICATED) if said != f"Bearer {SESSION}" else None

    def _resource(self, request: httpx.Request, path: str) -> httpx.Response:
        if path == f"{_FORM}.svc/Submissions":
            return self._feed(request, "Submissions", self.rows)
        if path == f"{_DATASET}.svc/Entities":
            return self._feed(request, "Entities", self.entities)
        if path == f"{_FORM}/submissions":
            living = [one for one in self.rows.items() if one[1]["deleted"] is None]
            return told(200, [_shown(*one) for one in reversed(living)])
        return self._of_submission(request, path)

    def _of_submission(self, request: httpx.Request, path: str) -> httpx.Response:
        below = re.fullmatch(
            rf"{_FORM}/submissions/([^/]+?)(\.xml|/comments|/attachments.*)?", path
        )
        name = unquote(below[1]) if below else ""
        row = self.rows.get(name)
        if below is None or row is None or row["deleted"] is not None:
            return problem(*NOT_FOUND)
        if below[2] == ".xml":
            return httpx.Response(
                200, content=row["xml"].encode(), headers={"content-type": "application/xml"}
            )
        if below[2] == "/comments":
            return self._comment(request, name)
        if below[2]:
            return self._file(row, below[2].removeprefix("/attachments").lstrip("/"))
        if request.method == "PATCH":
            row |= {"state": json.loads(request.content)["reviewState"], "updated": self._tick()}
        return told(200, _shown(name, row))

    def _sign_in(self, body: dict[str, str]) -> httpx.Response:
        if self.single_sign_on:
            # The route does not exist then: the answer is that of any unknown path.
            return problem(*NOT_FOUND)
        if body != {"email": EMAIL, "password": PASSWORD}:
            return problem(*NOT_AUTHENTICATED)
        lives = {"createdAt": self._tick(), "expiresAt": self._tick()}
        return told(200, {"token": SESSION, "csrf": "csrf-token", **lives})

    def _comment(self, request: httpx.Request, name: str) -> httpx.Response:
        if request.method == "GET":
            mine = [comment for about, comment in self.comments if about == name]
            return told(200, mine[::-1])
        body = json.loads(request.content)["body"]
        comment = {"body": body, "actorId": ACTOR, "createdAt": self._tick()}
        self.comments.append((name, comment))
        return told(200, comment)

    def _file(self, row: Row, name: str) -> httpx.Response:
        files: dict[str, bytes | None] = row["files"]
        if not name:
            listed = [{"name": n, "exists": files[n] is not None} for n in sorted(files)]
            return told(200, listed)
        content = files.get(unquote(name))
        if content is None:
            return problem(*NOT_FOUND)
        if self.stores_elsewhere:
            signed = f"https://{STORAGE_HOST}/odk/{name}?X-Amz-Signature=0a1b"
            return httpx.Response(307, headers={"location": signed})
        return httpx.Response(200, content=content, headers={"content-type": "image/jpeg"})

    def _stored(self, request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers, "the storage is no business of the session"
        name = unquote(request.url.path.rsplit("/")[-1])
        found = (row["files"].get(name) for row in self.rows.values())
        content: bytes | None = next((one for one in found if one is not None), None)
        return httpx.Response(200 if content is not None else 403, content=content or b"")

    # Feeds --------------------------------------------------------------------------------

    def _feed(self, request: httpx.Request, table: str, rows: dict[str, Row]) -> httpx.Response:
        asked = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        found = [one for one in reversed(rows.items()) if _is_asked(asked.get("$filter"), *one)]
        key = "instanceId" if table == "Submissions" else "uuid"
        rest, token = found, asked.get("$skiptoken")
        if token is not None:
            assert token.startswith("01")
            last = json.loads(base64.b64decode(token[2:]))[key]
            rest = found[1 + [name for name, _ in found].index(last) :]
        skipped = int(asked.get("$skip", 0)) if token is None else 0
        size = min(self.page_max, int(asked.get("$top", len(found))))
        page = rest[skipped : skipped + size]
        describe = _odata if table == "Submissions" else _entity
        root = f"{request.url.path.partition('.svc')[0]}.svc"
        body: Row = {
            "value": [_selected(describe(*one), asked.get("$select")) for one in page],
            "@odata.context": f"{self.domain}{root}/$metadata#{table}",
        }
        if page and len(rest) > skipped + size:
            following = base64.b64encode(json.dumps({key: page[-1][0]}).encode()).decode()
            kept = {n: v for n, v in asked.items() if n != "$skip"} | {
                "$skiptoken": f"01{following}"
            }
            query = httpx.QueryParams(kept)
            body["@odata.nextLink"] = f"{self.domain}{request.url.path}?{query}"
        if asked.get("$count", "").lower() == "true":
            body["@odata.count"] = len(found)
        return told(200, body)


def _is_asked(said: str | None, name: str, row: Row) -> bool:
    """`a ge b or c eq d`; a comparison with nothing is never true."""
    if said is None or "deletedAt" not in said:
        if row["deleted"] is not None:
            return False
        if said is None:
            return True
    values = {
        "__id": name,
        "__system/submissionDate": row["created"],
        "__system/createdAt": row["created"],
        "__system/updatedAt": row["updated"],
        "__system/deletedAt": row["deleted"],
        "__system/reviewState": row.get("state"),
    }
    return any(_holds(values, clause) for clause in said.split(" or "))


def _holds(values: dict[str, str | None], clause: str) -> bool:
    parts = _CLAUSE.fullmatch(clause)
    assert parts is not None, clause
    value = values[parts[1]]
    wanted = None if parts[3] == "null" else parts[3].strip("'")
    if parts[2] in {"eq", "ne"}:
        return (value == wanted) is (parts[2] == "eq")
    if value is None or wanted is None:
        return False
    return {
        "ge": value >= wanted, "gt": value > wanted, "le": value <= wanted, "lt": value < wanted,
    }[parts[2]]  # fmt: skip


def _selected(row: Row, asked: str | None) -> Row:
    if asked is None:
        return row
    named = [one.strip() for one in asked.split(",")]
    return {name: row[name] for name in named if name in row}


def _odata(name: str, row: Row) -> Row:
    files = row["files"]
    return {
        "__id": name,
        "__system": {
            "submissionDate": row["created"],
            "updatedAt": row["updated"],
            "submitterId": str(ACTOR),
            "submitterName": "Dinsos",
            "attachmentsPresent": sum(one is not None for one in files.values()),
            "attachmentsExpected": len(files),
            "status": None,
            "reviewState": row["state"],
            "deviceId": None,
            "edits": row["edits"],
            "formVersion": "7",
            "deletedAt": row["deleted"],
        },
        **dict(_answers(row["xml"])),
    }


def _answers(xml: str) -> Iterator[tuple[str, Any]]:
    """Groups as objects; repeats are tables of their own and not shown."""
    if "<!DOCTYPE" in xml:
        return
    for child in ET.fromstring(xml):
        name = child.tag.rpartition("}")[2]
        if name in {"meta", "anggota"}:
            continue
        yield name, {c.tag: c.text for c in child} if len(child) else child.text


def _entity(name: str, row: Row) -> Row:
    return {
        "__id": name,
        "label": row["label"],
        "__system": {
            "createdAt": row["created"],
            "creatorId": str(ACTOR),
            "creatorName": "Dinsos",
            "updates": row["version"] - 1,
            "updatedAt": row["updated"],
            "deletedAt": row["deleted"],
            "version": row["version"],
            "conflict": None,
        },
        **row["data"],
    }


def _shown(name: str, row: Row) -> Row:
    return {
        "instanceId": name,
        "submitterId": ACTOR,
        "deviceId": None,
        "createdAt": row["created"],
        "updatedAt": row["updated"],
        "reviewState": row["state"],
        "userAgent": None,
        "deletedAt": row["deleted"],
        "currentVersion": {
            "submitterId": ACTOR,
            "createdAt": row["updated"] or row["created"],
            "instanceName": None,
            "instanceId": row["current"],
            "current": True,
            "deviceId": None,
            "userAgent": None,
        },
    }
