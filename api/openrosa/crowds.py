"""Whoever comes to a place while somebody is served there, is served together with the others.

Who comes first is served at once; those who come meanwhile are the next ones, all of them. So a
place that is quiet is as quick as ever, and the more there are, the less each of them costs.

A crowd stays a crowd: a phone that has been answered sends its next form at once. So after several
were served together, the next ones are waited for, as long as more of them keep coming.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Serve: TypeAlias = Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]]
"""Answers in the order of its items. What it raises, all of them raise."""
_Queue: TypeAlias = deque[tuple[Item, asyncio.Future[Answer]]]

MOMENT_SECONDS: Final = 0.002
"""Who has just been answered comes again within about so long, where the network is near."""
MOMENTS_MAX: Final = 4


async def _a_moment() -> None:
    await asyncio.sleep(MOMENT_SECONDS)


class Crowds:
    """Queues by place, in one event loop. ``most`` are served together at most."""

    def __init__(self, most: int, moment: Callable[[], Awaitable[None]] = _a_moment) -> None:
        self._most = most
        self._moment = moment
        self._queues: dict[str, _Queue[Any, Any]] = {}
        # A task that nobody holds may be collected while it runs.
        self._servings: set[asyncio.Task[None]] = set()

    async def join(self, place: str, item: Item, serve: Serve[Item, Answer]) -> Answer:
        """Wait to be served at a place, and return the own answer."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        queue = self._queues.get(place)
        if queue is None:
            queue = self._queues[place] = deque()
            serving = asyncio.create_task(self._serve(place, queue, serve))
            self._servings.add(serving)
            serving.add_done_callback(self._servings.discard)
        queue.append((item, answer))
        return await answer

    async def _serve(
        self, place: str, queue: _Queue[Item, Answer], serve: Serve[Item, Answer]
    ) -> None:
        while queue:
            group = [queue.popleft() for _ in range(min(len(queue), self._most))]
            await _serve_all(group, serve)
            if len(group) > 1:
                await self._let_them_come(queue)
        del self._queues[place]

    async def _let_them_come(self, queue: _Queue[Item, Answer]) -> None:
        for _ in range(MOMENTS_MAX):
            present = len(queue)
            if present >= self._most:
                return
            await self._moment()
            if len(queue) == present:
                return


async def _serve_all(
    group: Sequence[tuple[Item, asyncio.Future[Answer]]], serve: Serve[Item, Answer]
) -> None:
    try:
        answers = await serve([item for item, _ in group])
        answered = list(zip(group, answers, strict=True))
    except Exception as error:  # noqa: BLE001 (it is everybody's)
        for _, waiting in group:
            if not waiting.done():
                waiting.set_exception(error)
        return
    for (_, waiting), answer in answered:
        # Who has left meanwhile was served all the same.
        if not waiting.done():
            waiting.set_result(answer)
