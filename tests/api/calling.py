"""Requests to an application in this process: every guard and route of it, and no socket.

Much cheaper than a test client that builds a stream for each answer, and safe to call from many
threads at once, which is what tests of concurrency do.
"""

import asyncio
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote_to_bytes

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from starlette.types import Message


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `wire` is the body as it was sent, `body` the same unpacked."""

    status: int
    headers: Mapping[str, str]
    wire: bytes

    @property
    def body(self) -> bytes:
        packed = self.headers.get("content-encoding") == "gzip"
        return gzip.decompress(self.wire) if packed else self.wire

    def json(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told

    @property
    def problem(self) -> str:
        """The stable code of a problem; the test fails where there is none."""
        assert self.headers.get("content-type") == "application/problem+json", self
        body = self.json()
        assert body["status"] == self.status
        assert body["retry"] in {"same", "after-change", "never"}
        code: str = body["type"]
        return code


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; `target` is path and query as they stand in a request line."""

    method: str
    target: str
    body: bytes
    headers: Mapping[str, str]


class Caller:
    """A running application. Leave it with `close`."""

    hangs_up: bool = False
    """Go away once the request is sent, without waiting for the answer."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._starting = start_blocking_portal()
        self._portal: BlockingPortal = self._starting.__enter__()
        self._lifespan = app.router.lifespan_context(app)
        self._portal.call(self._lifespan.__aenter__)

    def close(self) -> None:
        self._portal.call(self._lifespan.__aexit__, None, None, None)
        self._starting.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __call__(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; `target` is path and query as they stand in a request line."""
        scope = _scope(method, target, headers or {})
        answer: Answer = self._portal.call(self._exchange, scope, body)
        return answer

    def at_once(self, requests: Sequence[Request]) -> list[Answer]:
        """Requests that are there before any of them is answered, in the order of their coming."""
        answers: list[Answer] = self._portal.call(self._exchange_all, requests)
        return answers

    async def _exchange_all(self, requests: Sequence[Request]) -> list[Answer]:
        exchanges = [
            self._exchange(_scope(one.method, one.target, one.headers), one.body)
            for one in requests
        ]
        return await asyncio.gather(*exchanges)

    async def _exchange(self, scope: dict[str, Any], body: bytes) -> Answer:
        asked = False
        start: Message = {}
        parts: list[bytes] = []

        async def receive() -> Message:
            nonlocal asked
            if asked and self.hangs_up:
                return {"type": "http.disconnect"}
            if asked:
                # Whoever asked listens until the answer is complete.
                await anyio.sleep_forever()
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            else:
                parts.append(bytes(message.get("body", b"")))

        await self._app(scope, receive, send)
        headers = {k.decode().lower(): v.decode() for k, v in start["headers"]}
        return Answer(start["status"], headers, b"".join(parts))


def _scope(method: str, target: str, headers: Mapping[str, str]) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("lokus.test", 80),
    }
