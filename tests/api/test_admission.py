"""Beyond its capacity the server says so at once, and says when to come again."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

from starlette.types import Receive, Scope, Send

from api.admission import Admission
from api.problems import ProblemAnswers
from models.database import Database


def test_a_request_too_many_is_turned_away_and_a_later_one_is_not(
    sqlite_database: Database,
) -> None:
    assert asyncio.run(_crowd(sqlite_database)) == [200, 200, 503, 200, 200]


async def _crowd(database: Database) -> list[int]:
    """Two that stay inside, one too many, one that asks for health, one after they left."""
    leave = asyncio.Event()
    arrived = asyncio.Semaphore(0)

    async def slow(scope: Scope, _: Receive, send: Send) -> None:
        if scope["path"] == "/slow":
            arrived.release()
            await leave.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    admission = Admission(slow, answers=ProblemAnswers(database, bytes), requests_max=2)

    async def ask(path: str) -> int:
        started: list[int] = []

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                started.append(message["status"])

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        await admission({"type": "http", "path": path, "method": "GET"}, receive, send)
        return started[0]

    inside = [asyncio.create_task(ask("/slow")) for _ in range(2)]
    for _ in inside:
        await arrived.acquire()
    refused, healthy = await ask("/any"), await ask("/health/live")
    leave.set()
    first, second = await asyncio.gather(*inside)
    return [first, second, refused, healthy, await ask("/any")]
