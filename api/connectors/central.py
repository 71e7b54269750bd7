"""ODK Central: its OData feed says what changed, the exact XML says what was filled in.

`updatedAt` is empty until the first change, so both times are asked about. Lists are not ordered
by either, so the cursor moves when a list was read to its end, and the next one begins a little
before it: what was being written meanwhile may bear an earlier time.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from api.connectors.addresses import Unreachable
from api.connectors.filled import Filled, flat_xml
from api.connectors.other_server import Page
from api.connectors.reaching import Reach, Reply
from api.formats.xform.submission import Node, Refused, Unreadable, parsed
from models.queries.connectors import Sighting
from sync.types import Json

CENTRAL: Final = "central"
LISTED_PER_PAGE_MAX: Final = 500
PAGES_MAX: Final = 2000
OVERLAP: Final = timedelta(minutes=5)
APPROVED: Final = "approved"
REJECTED: Final = "rejected"
_COMMENT: Final = "Diputuskan di Lokus oleh pemeriksa."
SINGLE_SIGN_ON: Final = (
    "this ODK Central has no login by password: single sign-on is switched on, which switches it "
    "off for programs too. Ask its administrator for a login without single sign-on, or put a "
    "session's token, alone on one line, into the credentials"
)


class Central:
    """One form of an ODK Central server.

    ``credentials`` are an e-mail address and a password, or the token of a session.
    """

    def __init__(
        self, reach: Reach, form: str, credentials: Sequence[str], repeats: Sequence[str]
    ) -> None:
        project, _, form_id = form.partition("/")
        self._reach = reach
        self._repeats = repeats
        self._form = f"v1/projects/{quote(project, safe='')}/forms/{quote(form_id, safe='')}"
        self._credentials = credentials
        self._signed_in = False

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Pages of the feed, until there is no next one."""
        params = {"$select": "__id,__system", "$top": str(LISTED_PER_PAGE_MAX), "$count": "true"}
        if cursor is not None:
            since = _before(cursor)
            params["$filter"] = (
                f"__system/submissionDate ge {since} or __system/updatedAt ge {since}"
            )
        latest = cursor or ""
        reply = self._get(f"{self._form}.svc/Submissions", params)
        for _ in range(PAGES_MAX):
            rows, following, total = _listed(reply)
            latest = max([latest, *(_changed(row) for row in rows)])
            seen = tuple(map(_sighting, rows))
            if following is None:
                yield Page(seen, total, latest or None)
                return
            yield Page(seen, total)
            reply = self._get(following)
        raise Unreachable("the other server's list has no end")

    def fetch(self, items: Sequence[str]) -> Iterator[Filled]:
        """One request each: the XML is the only place where everything is as it was sent."""
        for item in items:
            place = f"{self._form}/submissions/{quote(item, safe='')}"
            about, xml = self._get(place, gone=True), self._get(f"{place}.xml", gone=True)
            if about.status == 200 and xml.status == 200:
                yield self._filled(item, about, xml.body)

    def state_for(self, *, accepted: bool) -> str:
        return APPROVED if accepted else REJECTED

    def tell(self, item: str, state: str) -> None:
        self._sign_in()
        place = f"{self._form}/submissions/{quote(item, safe='')}"
        reply = self._reach.ask("PATCH", place, body={"reviewState": state})
        if reply.status == 404:
            return
        if reply.status != 200:
            raise _refused(reply)
        reply = self._reach.ask("POST", f"{place}/comments", body={"body": _COMMENT})
        if reply.status != 200:
            raise _refused(reply)

    def _filled(self, item: str, about: Reply, raw: bytes) -> Filled:
        told = about.json()
        current = told.get("currentVersion") if isinstance(told, dict) else None
        instance = current.get("instanceId") if isinstance(current, dict) else None
        try:
            root = parsed(raw)
        except (Refused, Unreadable):
            root = Node("data", {})
        meta = root.child("meta")
        version = instance if isinstance(instance, str) else meta.said("instanceID") if meta else ""
        answers, rows = flat_xml(root, self._repeats)
        created = told.get("createdAt") if isinstance(told, dict) else None
        return Filled(item, version[:120], raw, answers, rows, str(created or ""), item)

    def _get(self, path: str, params: dict[str, str] | None = None, *, gone: bool = False) -> Reply:
        self._sign_in()
        reply = self._reach.get(path, params)
        if reply.status != 200 and not (gone and reply.status == 404):
            raise _refused(reply)
        return reply

    def _sign_in(self) -> None:
        if self._signed_in:
            return
        token = self._credentials[0]
        if len(self._credentials) > 1:
            body: dict[str, Json] = {"email": token, "password": self._credentials[1]}
            token = _token(self._reach.ask("POST", "v1/sessions", body=body))
        self._reach.headers["Authorization"] = f"Bearer {token}"
        self._signed_in = True


def _token(reply: Reply) -> str:
    if reply.status == 404 or (reply.status != 200 and b"OpenID" in reply.body):
        raise Unreachable(SINGLE_SIGN_ON)
    if reply.status in (400, 401):
        raise Unreachable("ODK Central refuses the e-mail address or the password")
    told = reply.json() if reply.status == 200 else None
    token = told.get("token") if isinstance(told, dict) else None
    if not isinstance(token, str) or not (token.isascii() and token.isprintable()):
        raise Unreachable(f"ODK Central did not sign us in ({reply.status}): is its address right?")
    return token


def _listed(reply: Reply) -> tuple[list[dict[str, Json]], str | None, int | None]:
    told = reply.json()
    rows = told.get("value") if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(rows, list):
        raise Unreachable("the answer is no list of submissions: is the address right?")
    good = [row for row in rows if isinstance(row, dict) and isinstance(row.get("__id"), str)]
    following, total = told.get("@odata.nextLink"), told.get("@odata.count")
    return (
        good,
        following if isinstance(following, str) else None,
        total if isinstance(total, int) else None,
    )


def _system(row: dict[str, Json]) -> dict[str, Json]:
    told = row.get("__system")
    return told if isinstance(told, dict) else {}


def _sighting(row: dict[str, Json]) -> Sighting:
    """Edits are counted, and counting is all that the feed says of them."""
    system = _system(row)
    state, edits = system.get("reviewState"), system.get("edits")
    item = str(row["__id"])[:120]
    return Sighting(item, f"#{edits or 0}", str(state)[:40] if state else None, item)


def _changed(row: dict[str, Json]) -> str:
    system = _system(row)
    times = (system.get("submissionDate"), system.get("updatedAt"))
    return max(one if isinstance(one, str) else "" for one in times)


def _before(cursor: str) -> str:
    moment = datetime.fromisoformat(cursor) - OVERLAP
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _refused(reply: Reply) -> Unreachable:
    if reply.status in (401, 403):
        return Unreachable("ODK Central refuses us: may this account read the form's submissions?")
    if reply.status == 404:
        return Unreachable("ODK Central knows no such form: are project and form right?")
    return Unreachable(f"ODK Central answered {reply.status}")
