"""Calling an ASGI application without a network, on the caller's own thread.

The application hands blocking work to threads. Here there is one caller at a time, so a thread
would only add waiting and a second source of order; the work is done on the spot instead.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote

import anyio.to_thread
from starlette.types import ASGIApp

Headers = list[tuple[bytes, bytes]]
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it goes over the wire; it can be delivered more than once."""

    method: str
    target: str
    """Path and query, percent-encoded."""
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Answered:
    """The whole answer to one."""

    status: int
    headers: Headers
    body: bytes


class InProcess:
    """Delivers requests to an application, one after the other."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        self._loop.close()

    def deliver(self, app: ASGIApp, sent: Sent) -> Answered:
        """Let the application answer. What it raises reaches the caller."""
        told: list[MutableMapping[str, Any]] = []
        unread = [sent.body]

        async def receive() -> MutableMapping[str, Any]:
            if unread:
                return {"type": "http.request", "body": unread.pop(), "more_body": False}
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            told.append(message)

        with _on_this_thread():
            self._loop.run_until_complete(_called(app, _scope(sent), receive, send))
        start = told[0]
        body = b"".join(message.get("body", b"") for message in told[1:])
        return Answered(start["status"], list(start["headers"]), body)


async def _called(
    app: ASGIApp,
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    await app(scope, receive, send)


def _scope(sent: Sent) -> MutableMapping[str, Any]:
    raw_path, _, query = sent.target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": sent.method,
        "scheme": "http",
        "path": unquote(raw_path),
        "raw_path": raw_path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in sent.headers],
        "client": ("127.0.0.1", 1),
        "server": ("lokus.simulated", 80),
    }


async def _here(
    function: Callable[..., _Result], *arguments: object, **_options: object
) -> _Result:
    return function(*arguments)


@contextmanager
def _on_this_thread() -> Iterator[None]:
    in_threads = anyio.to_thread.run_sync
    anyio.to_thread.run_sync = _here  # type: ignore[assignment]  # without its limits on threads
    try:
        yield
    finally:
        anyio.to_thread.run_sync = in_threads
