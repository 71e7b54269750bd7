"""A session with an ODK Central server, and its OData feeds.

Where single sign-on is on, Central has no route to log in with a password: `POST /v1/sessions` is
answered like any unknown path, 404 with Central's own code 404.1, and Basic with 401.5. Tokens of
sessions that a browser began go on working for as long as the server lets a session live.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from api.connectors.addresses import Unreachable
from api.connectors.reaching import FileReply, Reach, Reply
from sync.types import Json

LISTED_PER_PAGE_MAX: Final = 500
PAGES_MAX: Final = 2000
OVERLAP: Final = timedelta(minutes=5)
SINGLE_SIGN_ON: Final = (
    "this ODK Central has no login by password: single sign-on is switched on, which switches it "
    "off for programs too. Sign in with a browser and put the session's token (its cookie "
    "`__Host-session`) alone on one line into the credentials; Central ends a session after 24 "
    "hours unless its administrator set another time, so a timer needs a new one each day"
)
_NO_SUCH_ROUTE: Final = 404.1
_NO_BASIC: Final = 401.5


@dataclass(frozen=True, slots=True)
class FeedPage:
    """A page of a feed. `is_last` where no link leads on."""

    rows: tuple[dict[str, Json], ...]
    total: int | None
    is_last: bool


class CentralSession:
    """Signs in when something is first asked, once for a run.

    ``credentials`` are an e-mail address and a password, or the token of a session.
    """

    def __init__(self, reach: Reach, credentials: Sequence[str]) -> None:
        self._reach = reach
        self._credentials = credentials
        self._signed_in = False

    def get(
        self, path: str, params: Mapping[str, str] | None = None, *, gone: bool = False
    ) -> Reply:
        """An answer of 200, or of 404 where that is one. Raises `Unreachable`."""
        self._sign_in()
        reply = self._reach.get(path, params)
        if reply.status != 200 and not (gone and reply.status == 404):
            raise self.refused(reply)
        return reply

    def ask(self, method: str, path: str, body: Mapping[str, Json]) -> Reply:
        self._sign_in()
        return self._reach.ask(method, path, body=body)

    def file(self, path: str) -> AbstractContextManager[FileReply | None]:
        self._sign_in()
        return self._reach.file(path)

    def feed(self, path: str, params: Mapping[str, str]) -> Iterator[FeedPage]:
        """Pages of an OData feed, until there is no next one."""
        reply = self.get(path, {"$top": str(LISTED_PER_PAGE_MAX), "$count": "true", **params})
        for _ in range(PAGES_MAX):
            rows, following, total = _listed(reply)
            yield FeedPage(rows, total, following is None)
            if following is None:
                return
            reply = self.get(following)
        raise Unreachable("the other server's list has no end")

    def refused(self, reply: Reply) -> Unreachable:
        """Why an answer is none that can be used, and what to do."""
        if reply.status == 401 and len(self._credentials) == 1:
            return Unreachable(
                "ODK Central does not take the session's token: it ends after a day, so put a new "
                "one into the credentials"
            )
        if reply.status in (401, 403):
            return Unreachable("ODK Central refuses us: may this account read what is asked for?")
        if reply.status == 404:
            return Unreachable(
                "ODK Central knows no such form or list: are project and name right?"
            )
        return Unreachable(f"ODK Central answered {reply.status}")

    def _sign_in(self) -> None:
        if self._signed_in:
            return
        token = self._credentials[0]
        if len(self._credentials) > 1:
            body: dict[str, Json] = {"email": token, "password": self._credentials[1]}
            token = _token(self._reach.ask("POST", "v1/sessions", body=body))
        self._reach.headers["Authorization"] = f"Bearer {token}"
        self._signed_in = True


def since(cursor: str | None) -> str | None:
    """A little before the cursor: what was being written meanwhile may bear an earlier time."""
    if cursor is None:
        return None
    moment = datetime.fromisoformat(cursor) - OVERLAP
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def system_of(row: Mapping[str, Json]) -> Mapping[str, Json]:
    """What Central says about a row of a feed."""
    told = row.get("__system")
    return told if isinstance(told, dict) else {}


def latest_of(row: Mapping[str, Json], *names: str) -> str:
    """The latest of some times of a row; they are ISO texts of one width."""
    times = (system_of(row).get(name) for name in names)
    return max(one if isinstance(one, str) else "" for one in times)


def _token(reply: Reply) -> str:
    code = _code(reply)
    if code == _NO_BASIC or (reply.status == 404 and code == _NO_SUCH_ROUTE):
        raise Unreachable(SINGLE_SIGN_ON)
    if reply.status in (400, 401):
        raise Unreachable("ODK Central refuses the e-mail address or the password")
    told = reply.json() if reply.status == 200 else None
    token = told.get("token") if isinstance(told, dict) else None
    if not isinstance(token, str) or not (token.isascii() and token.isprintable()):
        raise Unreachable(f"ODK Central did not sign us in ({reply.status}): is its address right?")
    return token


def _code(reply: Reply) -> float | None:
    """The code of a problem, if it is Central that says it: a proxy's 404 has none."""
    if reply.status == 200:
        return None
    try:
        told = reply.json()
    except Unreachable:
        return None
    code = told.get("code") if isinstance(told, dict) else None
    return float(code) if isinstance(code, int | float) else None


def _listed(reply: Reply) -> tuple[tuple[dict[str, Json], ...], str | None, int | None]:
    told = reply.json()
    rows = told.get("value") if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(rows, list):
        raise Unreachable("the answer is no list of submissions: is the address right?")
    good = (row for row in rows if isinstance(row, dict) and isinstance(row.get("__id"), str))
    following, total = told.get("@odata.nextLink"), told.get("@odata.count")
    return (
        tuple(good),
        following if isinstance(following, str) else None,
        total if isinstance(total, int) else None,
    )
