"""A small double of KoboToolbox (API v2), as far as a connector asks it.

It answers through an httpx transport: no socket, and every request is kept to be looked at.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx

KOBO_HOST = "kf.kobo.example"
ASSET = "aBcDeFgHiJkLmNoPqRsTuV"
TOKEN = "0123456789abcdef"
LABELS = {
    "validation_status_approved": "Approved",
    "validation_status_not_approved": "Not approved",
    "validation_status_on_hold": "On hold",
}

Handler = Callable[[httpx.Request], httpx.Response]


def told(status: int, body: object) -> httpx.Response:
    return httpx.Response(status, json=body)


@dataclass
class KoboDouble:
    """One asset: `_id` is for ever, `_uuid` changes with each edit, no time of a change is kept."""

    documents: dict[int, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    """By their uid."""
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

    def attach(self, number: int, question: str, content: bytes, stored: str = "") -> str:
        """A file that the answer to a question names; in the storage it may be called otherwise.

        Its addresses are of the server itself, which hands the file over from wherever it lies.
        """
        one = self.documents[number]
        uid = f"att{number:04d}{len(one['_attachments']):018d}"
        basename = stored or str(one[question])
        base = f"https://{KOBO_HOST}/api/v2/assets/{ASSET}/data/{number}/attachments/{uid}"
        one["_attachments"].append(
            {
                "download_url": f"{base}/",
                "download_large_url": f"{base}/large/",
                "mimetype": "image/jpeg",
                "filename": f"dinsos/attachments/f/{one['_uuid']}/{basename}",
                "media_file_basename": basename,
                "uid": uid,
                "is_deleted": False,
                "question_xpath": question,
            }
        )
        self.files[uid] = content
        return uid

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
        filed = re.fullmatch(rf"{base}(\d+)/attachments/(?:(\w+)/)?", path)
        if filed and request.method == "GET":
            return self._file(int(filed[1]), filed[2], request)
        return told(404, {"detail": "Not found."})

    def _file(self, number: int, uid: str | None, request: httpx.Request) -> httpx.Response:
        if uid is None:
            # By its question: 400 where nobody answered it, 404 where the file has not come.
            question = parse_qs(request.url.query.decode())["xpath"][0]
            one = self.documents[number]
            if question not in one:
                return told(400, {"detail": "The path could not be found in the submission"})
            found = (a["uid"] for a in one["_attachments"] if a["question_xpath"] == question)
            uid = next(found, None)
        if uid not in self.files:
            return told(404, {"detail": "Not found."})
        headers = {"content-type": "image/jpeg", "content-disposition": "inline"}
        return httpx.Response(200, content=self.files[uid], headers=headers)

    def _list(self, request: httpx.Request) -> httpx.Response:
        asked = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        start, limit = int(asked.get("start", 0)), int(asked.get("limit", 100))
        found = [self.documents[number] for number in sorted(self.documents)]
        if "query" in asked:
            wanted = json.loads(asked["query"])["_id"]["$in"]
            found = [one for one in found if one["_id"] in wanted]
        limit = min(limit, self.page_max)
        page = found[start : start + limit]
        if "fields" in asked:
            names = json.loads(asked["fields"])
            page = [{k: one[k] for k in names if k in one} for one in page]
        more = start + len(page) < len(found)
        links = {
            name: str(
                request.url.copy_with(host=KOBO_HOST).copy_merge_params(
                    {"start": str(at), "limit": str(limit)}
                )
            )
            for name, at in (("next", start + limit), ("previous", start - limit))
        }
        return told(
            200,
            {
                "count": len(found),
                "next": links["next"] if more else None,
                "previous": links["previous"] if start > 0 else None,
                "results": page,
            },
        )

    def _validate(self, number: int, body: dict[str, str]) -> httpx.Response:
        if number not in self.documents:
            return told(404, {"detail": f"No submission found with ID: {number}"})
        uid = body["validation_status.uid"]
        if uid not in LABELS:
            return told(400, {"detail": f"Invalid validation status: `{uid}`"})
        status = {"timestamp": 1793674800, "uid": uid, "by_whom": "dinsos", "label": LABELS[uid]}
        self.documents[number]["_validation_status"] = status
        return told(200, status)

    def validated(self, number: int) -> str | None:
        found: str | None = self.documents[number]["_validation_status"].get("uid")
        return found
