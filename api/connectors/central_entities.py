"""ODK Central's entities: a list of families over there, read like filled forms.

An entity is one text per property, so it is a form without repeats; its version is a number that
each change raises. `updatedAt` is empty until the first change, therefore both times are asked
about. Nothing is written to a list there: Lokus serves lists of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final
from urllib.parse import quote

import orjson

from api.connectors.central_session import CentralSession, latest_of, since, system_of
from api.connectors.filled import Filled
from api.connectors.other_server import Page
from api.connectors.reaching import FileReply, Reach
from models.queries.connectors import Sighting
from sync.operation import is_uuid
from sync.types import Json

DATASETS: Final = "datasets/"
"""Between a project and the name of a list, as in Central's own addresses."""
FETCHED_PER_REQUEST_MAX: Final = 50
"""Their ids stand in one address, which proxies bound to 8 KB."""


class CentralEntities:
    """One entity list of an ODK Central server."""

    def __init__(self, reach: Reach, form: str, credentials: Sequence[str]) -> None:
        project, _, named = form.partition("/")
        name = quote(named.removeprefix(DATASETS), safe="")
        self._feed = f"v1/projects/{quote(project, safe='')}/datasets/{name}.svc/Entities"
        self._session = CentralSession(reach, credentials)

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """What changed since the cursor, then what was deleted since then."""
        begin = since(cursor)
        latest = cursor or ""
        changed = {"$select": "__id,__system"}
        if begin is not None:
            changed["$filter"] = f"__system/createdAt ge {begin} or __system/updatedAt ge {begin}"
        for page in self._session.feed(self._feed, changed):
            times = [latest_of(row, "createdAt", "updatedAt") for row in page.rows]
            latest = max([latest, *times])
            yield Page(tuple(map(_sighting, page.rows)), page.total)
        asked = f"__system/deletedAt {f'ge {begin}' if begin is not None else 'ne null'}"
        for page in self._session.feed(self._feed, {**changed, "$filter": asked}):
            yield Page((), gone=tuple(str(row["__id"])[:120] for row in page.rows))
        yield Page((), cursor=latest or None, is_whole=cursor is None)

    def fetch(self, items: Sequence[str]) -> Iterator[Filled]:
        for row in self._rows(items, {}):
            yield _filled(row)

    def gone_of(self, items: Sequence[str]) -> Iterable[str]:
        there = {str(row["__id"]) for row in self._rows(items, {"$select": "__id"})}
        return [one for one in items if one not in there]

    def file(self, item: str, place: str) -> AbstractContextManager[FileReply | None]:
        """Entities have no files."""
        del item, place
        return nullcontext(None)

    def state_for(self, *, accepted: bool) -> str | None:
        """Entities have no review."""
        del accepted
        return None

    def tell(self, item: str, state: str) -> None:
        """Nothing to tell."""

    def _rows(self, items: Sequence[str], params: Mapping[str, str]) -> Iterator[dict[str, Json]]:
        ids = [one for one in items if is_uuid(one)]
        for start in range(0, len(ids), FETCHED_PER_REQUEST_MAX):
            some = ids[start : start + FETCHED_PER_REQUEST_MAX]
            asked = " or ".join(f"__id eq '{one}'" for one in some)
            for page in self._session.feed(self._feed, {**params, "$filter": asked}):
                yield from page.rows


def _sighting(row: Mapping[str, Json]) -> Sighting:
    item = str(row["__id"])[:120]
    return Sighting(item, f"#{system_of(row).get('version') or 1}", None, item)


def _filled(row: Mapping[str, Json]) -> Filled:
    system = system_of(row)
    answers = {name: told for name, told in row.items() if isinstance(told, str)}
    return Filled(
        item=str(row["__id"])[:120],
        version=f"v{system.get('version') or 1}",
        raw=orjson.dumps(row, option=orjson.OPT_SORT_KEYS),
        answers=answers,
        submitted=str(system.get("updatedAt") or system.get("createdAt") or ""),
        root=str(row["__id"])[:120],
        listed=f"#{system.get('version') or 1}",
    )
