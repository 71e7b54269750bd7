"""Ask another server, within limits: one address, no detours, so long and so much.

Each host is resolved once for a run, and its address is kept: TLS still proves the name, because
the certificate is asked for by name and not by address. No redirect is followed, no proxy of the
environment is used, and no answer may be larger or slower than it may.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import httpx
import orjson
from typing_extensions import override

from api.connectors.addresses import (
    AllowList,
    Resolver,
    Unreachable,
    address_of,
    place_of,
    system_resolver,
)
from sync.types import Json

CONNECT_SECONDS_MAX: Final = 5.0
READ_SECONDS_MAX: Final = 30.0
ANSWER_SECONDS_MAX: Final = 60.0
"""Of one answer from its first to its last byte: a trickle ends, too."""
ANSWER_BYTES_MAX: Final = 5 * 2**20
"""Of one answer, unpacked."""
_REDIRECTS: Final = range(300, 400)


class TooLarge(Unreachable):
    """An answer is larger than it may be; half as many rows may fit."""


class SlowDown(Unreachable):
    """The other server has too much to do, or is not there for now; later it may answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    headers: httpx.Headers
    body: bytes

    def json(self) -> Json:
        """Raises `Unreachable` for what is no JSON: a login page, an error of a proxy."""
        try:
            told: Json = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise Unreachable(
                "the other server's answer is no JSON: is its address right?"
            ) from None
        return told


class PinnedTransport(httpx.BaseTransport):
    """Connects to the address that was judged, and names the host to TLS and in the request."""

    def __init__(
        self,
        allowed: AllowList,
        resolve: Resolver = system_resolver,
        inner: httpx.BaseTransport | None = None,
    ) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._inner = inner or httpx.HTTPTransport(retries=0, trust_env=False)
        self._pinned: dict[tuple[str, int], str] = {}

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        place = place_of(str(request.url), self._allowed)
        key = (place.host, place.port)
        if key not in self._pinned:
            self._pinned[key] = address_of(place, self._allowed, self._resolve)
        request.extensions = {**request.extensions, "sni_hostname": place.host}
        request.url = request.url.copy_with(host=self._pinned[key])
        return self._inner.handle_request(request)

    @override
    def close(self) -> None:
        self._inner.close()


@dataclass(slots=True)
class Reach:
    """One other server for one run. ``headers`` hold the credentials and are never shown."""

    base: str
    transport: httpx.BaseTransport
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    clock: Callable[[], float] = time.monotonic
    _client: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.base = self.base.rstrip("/")
        self._client = httpx.Client(
            transport=self.transport,
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(READ_SECONDS_MAX, connect=CONNECT_SECONDS_MAX),
            headers={"User-Agent": "Lokus connector", "Accept-Encoding": "gzip"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Reply:
        return self.ask("GET", path, params=params)

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Json] | None = None,
    ) -> Reply:
        """The answer to one request, whatever its status. Raises `Unreachable`.

        ``path`` is below the base, or a whole address at the same origin (the next page's).
        """
        url = self._address(path)
        sent: dict[str, Any] = {"headers": self.headers}
        if params is not None:
            sent["params"] = dict(params)
        if body is not None:
            sent["content"] = orjson.dumps(body)
            sent["headers"] = {**self.headers, "Content-Type": "application/json"}
        try:
            with self._client.stream(method, url, **sent) as response:
                reply = Reply(response.status_code, response.headers, self._read(response))
        except httpx.TimeoutException:
            raise SlowDown(
                "the other server did not answer in time; the next run goes on"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            kind = type(error).__name__
            raise SlowDown(f"the other server could not be asked ({kind})") from None
        return _usable(reply)

    def _address(self, path: str) -> str:
        if not path.startswith(("http://", "https://")):
            return f"{self.base}/{path.lstrip('/')}"
        there, here = httpx.URL(path), httpx.URL(self.base)
        if (there.scheme, there.host, there.port) != (here.scheme, here.host, here.port):
            raise Unreachable("the other server names another one for its next page; not followed")
        return path

    def _read(self, response: httpx.Response) -> bytes:
        ends = self.clock() + ANSWER_SECONDS_MAX
        declared = response.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > ANSWER_BYTES_MAX:
            raise TooLarge(f"an answer has more than {ANSWER_BYTES_MAX >> 20} MiB")
        body = bytearray()
        for chunk in response.iter_bytes(64 * 1024):
            body += chunk
            if len(body) > ANSWER_BYTES_MAX:
                raise TooLarge(f"an answer has more than {ANSWER_BYTES_MAX >> 20} MiB")
            if self.clock() > ends:
                raise SlowDown("the other server's answer did not end; the next run goes on")
        return bytes(body)


def _usable(reply: Reply) -> Reply:
    if reply.status in _REDIRECTS:
        raise Unreachable(
            "the other server sends us elsewhere, which is not followed: "
            "give the address that it really answers at"
        )
    if reply.status in (429, 502, 503, 504):
        raise SlowDown(f"the other server is busy ({reply.status}); the next run goes on")
    return reply
