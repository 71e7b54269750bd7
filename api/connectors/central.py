"""ODK Central's forms: the OData feed says what changed, the exact XML says what was filled in.

`updatedAt` is empty until the first change, so both times are asked about. Lists are not ordered
by either, so the cursor moves when a list was read to its end, and the next one begins a little
before it: what was being written meanwhile may bear an earlier time. What was deleted is in a feed
only where `deletedAt` is asked about, for the 30 days that Central keeps it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Final
from urllib.parse import quote
from xml.etree.ElementTree import Element

from api.connectors.central_session import CentralSession, latest_of, since, system_of
from api.connectors.filled import FILES_MAX, Filled, file_name, flat_xml
from api.connectors.other_server import Page
from api.connectors.reaching import FileReply, Reach, Reply
from api.formats.xform.submission import Node, Refused, Unreadable, parsed
from models.queries.connector_files import Wanted
from models.queries.connectors import Sighting
from sync.types import Json

CENTRAL: Final = "central"
APPROVED: Final = "approved"
REJECTED: Final = "rejected"
PLACE_CHARACTERS_MAX: Final = 400
"""Of a file's name; no file system has longer ones."""
_COMMENT: Final = "Diputuskan di Lokus oleh pemeriksa."


class Central:
    """One form of an ODK Central server."""

    def __init__(
        self, reach: Reach, form: str, credentials: Sequence[str], repeats: Sequence[str]
    ) -> None:
        project, _, form_id = form.partition("/")
        self._repeats = repeats
        self._form = f"v1/projects/{quote(project, safe='')}/forms/{quote(form_id, safe='')}"
        self._session = CentralSession(reach, credentials)

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """What changed since the cursor, then what was deleted since then."""
        begin = since(cursor)
        latest = cursor or ""
        changed = {"$select": "__id,__system"}
        if begin is not None:
            changed["$filter"] = (
                f"__system/submissionDate ge {begin} or __system/updatedAt ge {begin}"
            )
        for page in self._session.feed(f"{self._form}.svc/Submissions", changed):
            times = [latest_of(row, "submissionDate", "updatedAt") for row in page.rows]
            latest = max([latest, *times])
            yield Page(tuple(map(_sighting, page.rows)), page.total)
        asked = f"__system/deletedAt {f'ge {begin}' if begin is not None else 'ne null'}"
        deleted = {**changed, "$filter": asked}
        for page in self._session.feed(f"{self._form}.svc/Submissions", deleted):
            yield Page((), gone=tuple(str(row["__id"])[:120] for row in page.rows))
        yield Page((), cursor=latest or None, is_whole=cursor is None)

    def fetch(self, items: Sequence[str]) -> Iterator[Filled]:
        """Three requests each: the XML is the only place where everything is as it was sent."""
        for item in items:
            place = self._place(item)
            about = self._session.get(place, gone=True)
            xml = self._session.get(f"{place}.xml", gone=True)
            files = self._session.get(f"{place}/attachments", gone=True)
            if about.status == 200 and xml.status == 200:
                yield self._filled(item, about, xml.body, _files(files))

    def gone_of(self, items: Sequence[str]) -> Iterable[str]:
        return [
            one for one in items if self._session.get(self._place(one), gone=True).status == 404
        ]

    def file(self, item: str, place: str) -> AbstractContextManager[FileReply | None]:
        """From Central, or from the storage that it sends us to."""
        return self._session.file(f"{self._place(item)}/attachments/{quote(place, safe='')}")

    def state_for(self, *, accepted: bool) -> str | None:
        return APPROVED if accepted else REJECTED

    def tell(self, item: str, state: str) -> None:
        place = self._place(item)
        reply = self._session.ask("PATCH", place, {"reviewState": state})
        if reply.status == 404:
            return
        if reply.status != 200:
            raise self._session.refused(reply)
        reply = self._session.ask("POST", f"{place}/comments", {"body": _COMMENT})
        if reply.status != 200:
            raise self._session.refused(reply)

    def _place(self, item: str) -> str:
        return f"{self._form}/submissions/{quote(item, safe='')}"

    def _filled(self, item: str, about: Reply, raw: bytes, files: tuple[Wanted, ...]) -> Filled:
        told = about.json()
        current = told.get("currentVersion") if isinstance(told, dict) else None
        instance = current.get("instanceId") if isinstance(current, dict) else None
        try:
            root = parsed(raw)
        except (Refused, Unreadable):
            root = Node(Element("data"))
        meta = root.child("meta")
        version = instance if isinstance(instance, str) else meta.said("instanceID") if meta else ""
        answers, rows = flat_xml(root, self._repeats)
        created = told.get("createdAt") if isinstance(told, dict) else None
        return Filled(
            item, version[:120], raw, answers, rows, str(created or ""), item, files=files
        )


def _files(reply: Reply) -> tuple[Wanted, ...]:
    """Those that the form expects, whether they have come there or not."""
    told = reply.json() if reply.status == 200 else None
    named = [
        str(one["name"])
        for one in (told if isinstance(told, list) else ())
        if isinstance(one, dict) and isinstance(one.get("name"), str)
    ]
    files = {
        file_name(name): name
        for name in named
        if len(name) <= PLACE_CHARACTERS_MAX and name not in (".", "..")
    }
    return tuple(Wanted(name, place) for name, place in files.items() if name)[:FILES_MAX]


def _sighting(row: dict[str, Json]) -> Sighting:
    """Edits are counted, and counting is all that the feed says of them."""
    system = system_of(row)
    state, edits = system.get("reviewState"), system.get("edits")
    item = str(row["__id"])[:120]
    return Sighting(item, f"#{edits or 0}", str(state)[:40] if state else None, item)
