"""KoboToolbox, API v2: the list is the truth, its webhooks are hints.

A submission there keeps no time of its last change, and an edit replaces its `_uuid`. So each run
reads the whole list of `_id`, `_uuid` and validation status (three short values, up to 1000 to a
page) and fetches what differs. `_id` and `meta/rootUuid` stay through every edit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, cast
from urllib.parse import quote

import orjson

from api.connectors.addresses import Unreachable
from api.connectors.filled import FILES_MAX, Filled, file_name, flat_json
from api.connectors.other_server import Page
from api.connectors.reaching import FileReply, Reach, Reply, TooLarge
from models.queries.connector_files import Wanted
from models.queries.connectors import Sighting
from sync.types import Json

KOBO: Final = "kobo"
LISTED_PER_PAGE_MAX: Final = 1000
"""KPI's own limit (`kobo/settings/base.py`)."""
PAGES_MAX: Final = 1000
"""A million submissions; a list without an end is given up."""
FETCHED_PER_REQUEST_MAX: Final = 100
_NO_FILE: Final = frozenset({400, 404, 410})
"""400 is the answer about a question that nobody answered."""
_LISTED: Final = '["_id","_uuid","meta/rootUuid","_validation_status"]'
APPROVED: Final = "validation_status_approved"
NOT_APPROVED: Final = "validation_status_not_approved"


class Kobo:
    """One asset of a KoboToolbox server. ``photos`` are questions whose answers are files."""

    def __init__(self, reach: Reach, asset: str, token: str, photos: Sequence[str] = ()) -> None:
        self._reach = reach
        self._photos = photos
        self._reach.headers["Authorization"] = f"Token {token}"
        self._data = f"api/v2/assets/{quote(asset, safe='')}/data"

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """The whole list: it has no cursor that would show an edit."""
        del cursor
        start = 0
        for _ in range(PAGES_MAX):
            told = self._list({"fields": _LISTED, "start": str(start)}, LISTED_PER_PAGE_MAX)
            seen = tuple(map(_sighting, _results(told)))
            total = told.get("count")
            is_last = not seen or not told.get("next")
            yield Page(seen, total if isinstance(total, int) else None, is_whole=is_last)
            start += len(seen)
            if is_last:
                return
        raise Unreachable("the other server's list has no end")

    def fetch(self, items: Sequence[str]) -> Iterator[Filled]:
        """By their ids, fewer at a time where many would be too large an answer."""
        for start in range(0, len(items), FETCHED_PER_REQUEST_MAX):
            yield from self._fetch(items[start : start + FETCHED_PER_REQUEST_MAX])

    def gone_of(self, items: Sequence[str]) -> Iterable[str]:
        """Asked for by their ids: a list by positions skips one when another is deleted."""
        there: set[str] = set()
        for start in range(0, len(items), FETCHED_PER_REQUEST_MAX):
            ids = _numbers(items[start : start + FETCHED_PER_REQUEST_MAX])
            there |= {str(one["_id"]) for one in self._named(ids, {"fields": '["_id"]'})}
        return [one for one in items if one not in there]

    def file(self, item: str, place: str) -> AbstractContextManager[FileReply | None]:
        """From the server itself: the addresses in its answers are not followed."""
        path = f"{self._data}/{quote(item, safe='')}/attachments/{place}"
        return self._reach.file(path, absent=_NO_FILE)

    def state_for(self, *, accepted: bool) -> str:
        return APPROVED if accepted else NOT_APPROVED

    def tell(self, item: str, state: str) -> None:
        path = f"{self._data}/{quote(item, safe='')}/validation_status/"
        reply = self._reach.ask("PATCH", path, body={"validation_status.uid": state})
        if reply.status not in (200, 404):
            raise _refused(reply)

    def _fetch(self, items: Sequence[str]) -> Iterator[Filled]:
        ids = _numbers(items)
        if not ids:
            return
        try:
            found = self._named(ids, {})
        except TooLarge:
            if len(ids) == 1:
                raise
            half = len(items) // 2
            yield from self._fetch(items[:half])
            yield from self._fetch(items[half:])
            return
        for one in found:
            yield filled_of(one, self._photos)

    def _named(self, ids: Sequence[Json], params: Mapping[str, str]) -> list[Mapping[str, Json]]:
        """Submissions by their ids; a server may have been set to pages that are smaller."""
        found: list[Mapping[str, Json]] = []
        query = orjson.dumps({"_id": {"$in": list(ids)}}).decode()
        for _ in ids:
            asked = {"query": query, "start": str(len(found)), **params}
            told = self._list(asked, len(ids))
            page = _results(told)
            found += page
            if not page or not told.get("next"):
                break
        return found

    def _list(self, params: Mapping[str, str], limit: int) -> Mapping[str, Json]:
        asked = {"format": "json", "sort": '{"_id":1}', "limit": str(limit), **params}
        reply = self._reach.get(f"{self._data}/", asked)
        if reply.status != 200:
            raise _refused(reply)
        told = reply.json()
        if not isinstance(told, dict):
            raise Unreachable("the answer is no list of submissions: is the address right?")
        return told


def filled_of(document: Mapping[str, Json], photos: Sequence[str] = ()) -> Filled:
    """One submission as the data API and the webhook show it."""
    answers, rows = flat_json(document)
    return Filled(
        item=str(document["_id"]),
        version=_version(document),
        raw=orjson.dumps(document, option=orjson.OPT_SORT_KEYS),
        answers=answers,
        rows=rows,
        submitted=answers.get("_submission_time", ""),
        root=_root(document),
        listed=_version(document),
        files=tuple(_files(document, answers, photos))[:FILES_MAX],
    )


def _files(
    document: Mapping[str, Json], answers: Mapping[str, str], photos: Sequence[str]
) -> Iterator[Wanted]:
    """Its attachments, and those that are named in an answer and have not come there yet.

    An attachment is called what the answer calls it: in the storage its name may have got a suffix.
    """
    named: set[str] = set()
    attached = document.get("_attachments")
    for one in attached if isinstance(attached, list) else ():
        if not isinstance(one, dict) or one.get("is_deleted"):
            continue
        found = one.get("uid") or one.get("id")
        stored = one.get("media_file_basename") or str(one.get("filename") or "").rsplit("/")[-1]
        name = file_name(answers.get(str(one.get("question_xpath"))) or str(stored))
        if found and name and name not in named:
            named.add(name)
            yield Wanted(name, f"{quote(str(found), safe='')[:400]}/")
    for question in photos:
        name = file_name(answers.get(question, ""))
        if name and name not in named:
            named.add(name)
            yield Wanted(name, f"?xpath={quote(question)}"[:500])


def _numbers(items: Sequence[str]) -> list[Json]:
    return [int(one) for one in items if one.isascii() and one.isdigit()]


def hinted(document: Json) -> str | None:
    """Which submission a webhook's body is about."""
    found = document.get("_id") if isinstance(document, dict) else None
    return str(found) if isinstance(found, int) and 0 < found < 2**63 else None


def _results(told: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    found = told.get("results")
    if not isinstance(found, list) or not all(_is_submission(one) for one in found):
        raise Unreachable("the answer is no list of submissions: is the address right?")
    return cast("list[Mapping[str, Json]]", found)


def _is_submission(one: Json) -> bool:
    return isinstance(one, dict) and isinstance(one.get("_id"), int)


def _sighting(document: Mapping[str, Json]) -> Sighting:
    status = document.get("_validation_status")
    state = status.get("uid") if isinstance(status, dict) else None
    return Sighting(
        item=str(document["_id"]),
        version=_version(document),
        state=str(state)[:40] if state else None,
        root=_root(document),
    )


def _version(document: Mapping[str, Json]) -> str:
    return str(document.get("_uuid") or "").removeprefix("uuid:")[:120]


def _root(document: Mapping[str, Json]) -> str | None:
    told = document.get("meta/rootUuid")
    return str(told).removeprefix("uuid:")[:120] if told else None


def _refused(reply: Reply) -> Unreachable:
    if reply.status in (401, 403):
        return Unreachable("KoboToolbox refuses the token: does it belong to who may see the form?")
    if reply.status == 404:
        return Unreachable("KoboToolbox knows no such form: is the asset's uid right?")
    return Unreachable(f"KoboToolbox answered {reply.status}")
