"""One request, one answer: the thin layer over httpx.

Bodies go up gzipped with a fixed header, so the same text is always the same bytes, and a repeated
request can be recognised on the wire. Snapshots are taken as raw bytes, because a download that
broke off goes on from the byte where it stopped.
"""

import gzip
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from lokus_client.errors import LostAnswer, ServerBusy, ServerProblem, Unreachable
from lokus_client.values import Json, JsonObject, integer, text

GZIP_BYTES_MIN: Final = 200
"""Below this the gzip header costs more than it saves."""
TIMEOUT: Final = httpx.Timeout(60.0, connect=20.0)
"""A link that moves nothing for a minute counts as cut (reliability: a stall of 60 s is seen)."""
RETRY_AFTER_DEFAULT_S: Final = 30.0
USER_AGENT: Final = "lokus-client/0.1"
_BUSY: Final = (429, 503)
_TIMED_OUT: Final = 408
_NOT_MODIFIED: Final = 304


@dataclass(frozen=True)
class Outgoing:
    """A request that can be sent more than once with the same bytes."""

    method: str
    path: str
    content: bytes = b""
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def json_request(method: str, path: str, body: str) -> Outgoing:
    """A JSON body as it goes on the wire: gzipped where that pays."""
    content, headers = body.encode("utf-8"), {"Content-Type": "application/json"}
    if len(content) >= GZIP_BYTES_MIN:
        content = gzip.compress(content, compresslevel=9, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Outgoing(method, path, content, headers=headers)


@dataclass(frozen=True)
class Answer:
    """``body`` is decoded; ``wire_bytes`` counts what came over the link, before decoding."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    wire_bytes: int

    def json_object(self) -> JsonObject:
        """The body as an object. Raises ``LostAnswer``: half a body is no answer."""
        try:
            value = json.loads(self.body)
        except ValueError:
            raise LostAnswer("the answer is not readable") from None
        if not isinstance(value, dict):
            raise LostAnswer("the answer is not an object")
        return value


@dataclass
class Sink:
    """The raw bytes of a download so far, and the version of the file that they belong to."""

    content: bytearray = field(default_factory=bytearray)
    etag: str = ""

    def start_again(self) -> None:
        self.content.clear()
        self.etag = ""

    def headers(self) -> dict[str, str]:
        """Ask for the rest, or for all of it if the file has changed meanwhile.

        Files are compressed as they lie; compressing them once more on the way would make ranges
        of other bytes.
        """
        headers = {"Accept-Encoding": "identity"}
        if not (self.content and self.etag):
            self.start_again()
            return headers
        return {**headers, "Range": f"bytes={len(self.content)}-", "If-Range": self.etag}


class Transport:
    """Speaks to one server. ``transport`` replaces the network (simulations, tests)."""

    def __init__(self, server: str, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(
            base_url=server,
            transport=transport,
            verify=_authorities(server),
            timeout=TIMEOUT,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
        )

    def close(self) -> None:
        self._client.close()

    def send(self, outgoing: Outgoing, token: str | None, sink: Sink | None = None) -> Answer:
        """One try. ``sink`` collects a download's raw bytes, also of one that breaks off.

        Raises ``LostAnswer`` when no whole answer came back.
        """
        headers = dict(outgoing.headers)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        request = self._client.build_request(
            outgoing.method,
            outgoing.path,
            content=outgoing.content or None,
            params=outgoing.params or None,
            headers=headers,
        )
        try:
            response = self._client.send(request, stream=True)
            try:
                body = _body(response, sink)
            finally:
                response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unreachable(type(error).__name__) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise LostAnswer(type(error).__name__) from error
        return Answer(response.status_code, response.headers, body, response.num_bytes_downloaded)


def _authorities(server: str) -> ssl.SSLContext | bool:
    """Whom to trust with TLS: the usual authorities, and nobody where TLS is not spoken.

    Reading the list of authorities costs a tenth of a second, more than a sync.
    """
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if server.startswith("http://") else True


def _body(response: httpx.Response, sink: Sink | None) -> bytes:
    if sink is None or response.status_code not in (200, 206):
        return response.read()
    if response.status_code == httpx.codes.OK:
        sink.start_again()
    elif not _continues(response, len(sink.content)):
        sink.start_again()
        raise LostAnswer("another range than the one asked for")
    sink.etag = str(response.headers.get("ETag", ""))
    for chunk in response.iter_raw():
        sink.content += chunk
    return b""


def _continues(response: httpx.Response, held_bytes: int) -> bool:
    return str(response.headers.get("Content-Range", "")).startswith(f"bytes {held_bytes}-")


def refused(answer: Answer) -> LostAnswer | ServerBusy | ServerProblem | None:
    """What a status other than success means for the caller; ``None`` for success."""
    if answer.status < 300 or answer.status == _NOT_MODIFIED:
        return None
    if answer.status < 400:
        told = "the server has moved: check its address"
        return ServerProblem(answer.status, f"http-{answer.status}", told, {})
    if answer.status in _BUSY:
        return ServerBusy(_retry_after_s(answer.headers))
    if answer.status >= 500 or answer.status == _TIMED_OUT:
        return LostAnswer(f"status {answer.status}")
    problem = _problem(answer)
    # A type may be a bare code or an address that ends in it.
    code = (text(problem, "type") or "").rstrip("/").rpartition("/")[2] or f"http-{answer.status}"
    return ServerProblem(answer.status, code, text(problem, "detail") or "", problem)


def _problem(answer: Answer) -> JsonObject:
    try:
        return answer.json_object()
    except LostAnswer:
        return {}


def _retry_after_s(headers: Mapping[str, str]) -> float:
    # The HTTP-date form would need a right wall clock, which phones do not have.
    told = headers.get("Retry-After", "")
    return float(told) if told.isdecimal() else RETRY_AFTER_DEFAULT_S


def problem_last(problem: Mapping[str, Json]) -> int | None:
    """``last`` of ``lane-forked`` and ``lane-hole``: the lane's last operation on the server."""
    last = integer(problem, "last", -1)
    return None if last < 0 else last
