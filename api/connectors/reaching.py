"""Ask another server, within limits: one address, no detours, so long and so much.

Each host is resolved once for a run, and its address is kept: TLS still proves the name, because
the certificate is asked for by name and not by address. No proxy of the environment is used, and no
answer may be larger or slower than it may.

No redirect is followed, but for files: servers that keep them in a storage elsewhere answer with
its address. That host has to be on the operator's list like any other and is judged and pinned like
any other, and it never sees the credentials: the address bears what it needs. A server outside
sends nobody into the own network, whatever else may be asked there.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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
    plain_host,
    system_resolver,
)
from sync.types import Json

CONNECT_SECONDS_MAX: Final = 5.0
READ_SECONDS_MAX: Final = 30.0
ANSWER_SECONDS_MAX: Final = 60.0
"""Of one answer from its first to its last byte: a trickle ends, too."""
ANSWER_BYTES_MAX: Final = 5 * 2**20
"""Of one answer, unpacked."""
FILE_BYTES_MAX: Final = 100 * 2**20
"""Of one file; what a phone may send."""
FILE_SECONDS_MAX: Final = 300.0
REDIRECTS_MAX: Final = 2
"""Of a file: to its place, and once within that."""
SENT_BY: Final = "lokus_sent_by"
"""Of a request: the host whose answer led to it."""
NO_FILE: Final = frozenset({404, 410})
"""Answers that say that there is no such file."""
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


@dataclass(frozen=True, slots=True)
class FileReply:
    """A file that is coming. `chunks` raise `Unreachable` where it does not come to its end."""

    media_type: str
    chunks: Iterator[bytes]


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
        sender = plain_host(str(request.extensions.get(SENT_BY, place.host)))
        if place.host in self._allowed.inside and sender not in self._allowed.inside:
            raise Unreachable(f"{sender} sends us into the own network, to {place.host}")
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

    @contextmanager
    def file(self, path: str, absent: frozenset[int] = NO_FILE) -> Iterator[FileReply | None]:
        """A file, or nothing where there is none. Raises `Unreachable`."""
        url, headers = self._address(path), {**self.headers, "Accept-Encoding": "identity"}
        for _ in range(REDIRECTS_MAX + 1):
            with self._asked(url, headers) as response:
                if response.status_code not in _REDIRECTS:
                    yield None if response.status_code in absent else self._file(response)
                    return
                there = _elsewhere(url, response.headers.get("location", ""))
            if not _same_origin(there, url):
                headers = {"Accept-Encoding": "identity"}
            url = str(there)
        raise Unreachable("a file's address leads on and on; not followed")

    @contextmanager
    def _asked(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        try:
            sent_by = {SENT_BY: httpx.URL(self.base).host}
            request = self._client.build_request("GET", url, headers=headers, extensions=sent_by)
            response = self._client.send(request, stream=True)
        except httpx.TimeoutException:
            raise SlowDown(
                "the other server did not answer in time; the next run goes on"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            kind = type(error).__name__
            raise SlowDown(f"the other server could not be asked ({kind})") from None
        except Unreachable as problem:
            if _same_origin(httpx.URL(url), self.base):
                raise
            raise Unreachable(f"its files lie on another host: {problem}") from None
        try:
            yield response
        finally:
            response.close()

    def _file(self, response: httpx.Response) -> FileReply:
        if response.status_code != 200:
            _usable(Reply(response.status_code, response.headers, b""))
            raise Unreachable(f"a file was answered with {response.status_code}")
        limits = (FILE_BYTES_MAX, FILE_SECONDS_MAX)
        kind = response.headers.get("content-type", "")[:100]
        return FileReply(kind, self._chunks(response, *limits))

    def _address(self, path: str) -> str:
        if not path.startswith(("http://", "https://")):
            return f"{self.base}/{path.lstrip('/')}"
        if not _same_origin(path, self.base):
            raise Unreachable("the other server names another one for its next page; not followed")
        return path

    def _read(self, response: httpx.Response) -> bytes:
        return b"".join(self._chunks(response, ANSWER_BYTES_MAX, ANSWER_SECONDS_MAX))

    def _chunks(
        self, response: httpx.Response, bytes_max: int, seconds_max: float
    ) -> Iterator[bytes]:
        ends = self.clock() + seconds_max
        declared = response.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > bytes_max:
            raise TooLarge(f"an answer has more than {bytes_max >> 20} MiB")
        read = 0
        try:
            for chunk in response.iter_bytes(64 * 1024):
                read += len(chunk)
                if read > bytes_max:
                    raise TooLarge(f"an answer has more than {bytes_max >> 20} MiB")
                if self.clock() > ends:
                    raise SlowDown("the other server's answer did not end; the next run goes on")
                yield chunk
        except httpx.TimeoutException:
            raise SlowDown(
                "the other server stopped in the middle of an answer; the next run goes on"
            ) from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            kind = type(error).__name__
            raise SlowDown(f"an answer of the other server broke off ({kind})") from None


def _elsewhere(url: str, location: str) -> httpx.URL:
    try:
        return httpx.URL(url).join(location)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise Unreachable("a file's address leads nowhere") from None


def _same_origin(there: httpx.URL | str, here: httpx.URL | str) -> bool:
    one, other = httpx.URL(there), httpx.URL(here)
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


def _usable(reply: Reply) -> Reply:
    if reply.status in _REDIRECTS:
        raise Unreachable(
            "the other server sends us elsewhere, which is not followed: "
            "give the address that it really answers at"
        )
    if reply.status in (429, 502, 503, 504):
        raise SlowDown(f"the other server is busy ({reply.status}); the next run goes on")
    return reply
