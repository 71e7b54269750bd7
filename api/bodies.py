"""Request bodies: read as a stream, unpacked under limits, never trusted to say their size.

A gzip of 300 KB can unpack to 300 MB. Here it is unpacked in bounded steps and given up the moment
it passes a limit, so that the memory a request takes is known before it is read.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope
from typing_extensions import override

from api.errors import AppError

STEP_BYTES: Final = 64 * 1024
STALL_SECONDS: Final = 60.0
"""On a bad line a body may trickle for minutes, but something has to come."""
_GZIP = 16 + zlib.MAX_WBITS
_BODILESS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """What one request may carry."""

    bytes_max: int = 256 * 1024
    """Unpacked. Packed bodies may not be larger either."""
    ratio_max: int = 100
    """Unpacked to packed; honest JSON packs about ten to one."""

    def exceeded(self) -> AppError:
        return AppError(
            "payload-too-large",
            limits={"bytes_max": self.bytes_max, "ratio_max": self.ratio_max},
        )


async def read_body(request: Request, limits: BodyLimits) -> bytes:
    """The body, unpacked.

    Raises `AppError`: `payload-too-large`, `encoding-unknown`, `malformed-request` for a gzip that
    is broken or cut off, `request-timeout` when nothing more comes.
    """
    unpack = _unpacker(request.headers.get("content-encoding", ""))
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limits.bytes_max:
        raise limits.exceeded()
    packed = 0
    body = bytearray()
    async for chunk in chunks_of(request):
        packed += len(chunk)
        if packed > limits.bytes_max:
            raise limits.exceeded()
        body += unpack.take(chunk, limits.bytes_max + 1 - len(body))
        if len(body) > limits.bytes_max or len(body) > packed * limits.ratio_max:
            raise limits.exceeded()
    unpack.finish()
    return bytes(body)


class BoundedRequest(Request):
    """A request whose body was read under limits; FastAPI parses that one."""

    def __init__(self, scope: Scope, receive: Receive, body: bytes) -> None:
        super().__init__(scope, receive)
        self._bounded = body

    @override
    async def body(self) -> bytes:
        return self._bounded

    @override
    async def json(self) -> Any:
        # Its error is a json.JSONDecodeError, which FastAPI answers for; NaN, lone surrogates
        # and nesting beyond 1024 levels are errors too.
        return orjson.loads(self._bounded)


def bounded(limits: BodyLimits) -> type[APIRoute]:
    """The class of routes whose bodies stay within `limits`: `APIRouter(route_class=…)`."""

    class BoundedRoute(APIRoute):
        @override
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handle_bounded(request: Request) -> Response:
                try:
                    body = b"" if request.method in _BODILESS else await read_body(request, limits)
                except ClientDisconnect:
                    # Nobody is there to read it, but every request ends with an answer.
                    raise AppError("request-timeout") from None
                return await handle(BoundedRequest(request.scope, request.receive, body))

            return handle_bounded

    return BoundedRoute


class _Plain:
    def take(self, chunk: bytes, _room: int) -> bytes:
        return chunk

    def finish(self) -> None:
        pass


class _Gzip:
    """One or several gzip members, as the format allows."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False

    def take(self, chunk: bytes, room: int) -> bytes:
        unpacked = bytearray()
        # A step that was filled to the brim may have left more inside, without any input left.
        brimming = False
        while (chunk or brimming) and len(unpacked) < room:
            if self._member.eof:
                self._member, self._begun = zlib.decompressobj(_GZIP), False
            step_bytes = min(STEP_BYTES, room - len(unpacked))
            try:
                step = self._member.decompress(chunk, step_bytes)
            except zlib.error:
                raise _broken() from None
            unpacked += step
            self._begun = True
            brimming = len(step) == step_bytes and not self._member.eof
            chunk = self._member.unused_data or self._member.unconsumed_tail
        return bytes(unpacked)

    def finish(self) -> None:
        if self._begun and not self._member.eof:
            raise _broken()


def _broken() -> AppError:
    return AppError("malformed-request", "The gzip body is broken or was cut off.")


def _unpacker(encoding: str) -> _Plain | _Gzip:
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip":
            return _Gzip()
        case _:
            raise AppError("encoding-unknown")


async def chunks_of(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes, which nobody else reads.

    Raises `AppError` ``request-timeout`` when nothing more comes, `ClientDisconnect` when nobody is
    there any more.
    """
    is_over = False
    while not is_over:
        try:
            async with asyncio.timeout(STALL_SECONDS):
                message = await request.receive()
        except TimeoutError:
            raise AppError("request-timeout") from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        is_over = not message.get("more_body", False)
        if chunk := message.get("body", b""):
            yield chunk
