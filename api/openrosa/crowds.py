"""Whoever comes to a place while somebody is served there, is served together with the others.

Who comes first is served at once; those who come meanwhile are the next ones, all of them. So a
place that is quiet is as quick as ever, and the more there are, the less each of them costs.

A crowd stays a crowd: a phone that has been answered sends its next form at once. So after several
were served together, the next ones are waited for, as long as more of them keep coming.

`Crowds` have a queue at each place, `Hall` has one for all of them.
"""

import asyncio
from collections import Counter, deque
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
COUNTERS: Final = 1
"""Of a hall. What a counter waits for is the database, which has its own work meanwhile."""


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


class Hall:
    """One queue for all places, and few counters; each serves ``most`` together at most.

    No place is at two counters at a time, so nobody who belongs to it stands in another's way. Who
    gets None for an answer has to be served elsewhere; nobody else of that place is served here
    until `come_back` was said for each of them.
    """

    def __init__(
        self, counters: int, most: int, moment: Callable[[], Awaitable[None]] = _a_moment
    ) -> None:
        self._counters = counters
        self._most = most
        self._moment = moment
        self._queue: deque[tuple[str, Any, asyncio.Future[Any]]] = deque()
        self._busy: set[str] = set()
        self._away: Counter[str] = Counter()
        self._arrived = 0
        self._open = 0
        self._how: Serve[Any, Any] | None = None
        # A task that nobody holds may be collected while it runs.
        self._servings: set[asyncio.Task[None]] = set()

    async def join(self, place: str, item: Item, serve: Serve[Item, Answer]) -> Answer:
        """Wait to be served, and return the own answer."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append((place, item, answer))
        self._arrived += 1
        self._how = serve
        self._open_another()
        try:
            return await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled() and answer.result() is None:
                self.come_back(place)  # he was sent elsewhere, and left instead
            raise

    def come_back(self, place: str) -> None:
        """One who was sent elsewhere has been served there, or has left."""
        self._away[place] -= 1
        if not self._away[place]:
            del self._away[place]
            self._open_another()

    def _open_another(self) -> None:
        if self._queue and self._open < self._counters:
            self._open += 1
            assert self._how is not None, "somebody has come who said how"
            serving = asyncio.create_task(self._serve(self._how))
            self._servings.add(serving)
            serving.add_done_callback(self._servings.discard)

    async def _serve(self, serve: Serve[Any, Any]) -> None:
        try:
            await self._serve_while_somebody_waits(serve)
        finally:
            # In the same breath in which nobody was found: whoever comes now opens it again.
            self._open -= 1

    async def _serve_while_somebody_waits(self, serve: Serve[Any, Any]) -> None:
        while group := self._next():
            places = {place for place, _, _ in group}
            self._busy |= places
            # Who was left out for the sake of a place that is free again now, need not wait.
            self._open_another()
            await _serve_all([(item, answer) for _, item, answer in group], serve)
            self._away.update(place for place, _, answer in group if _is_sent_away(answer))
            self._busy -= places
            if len(group) > 1:
                await self._let_them_come()

    def _next(self) -> list[tuple[str, Any, asyncio.Future[Any]]]:
        """Those who have waited longest, and whose place is at no counter."""
        group: list[tuple[str, Any, asyncio.Future[Any]]] = []
        others: list[tuple[str, Any, asyncio.Future[Any]]] = []
        while self._queue and len(group) < self._most:
            one = self._queue.popleft()
            is_out = one[0] in self._busy or one[0] in self._away
            (others if is_out else group).append(one)
        self._queue.extendleft(reversed(others))
        return group

    async def _let_them_come(self) -> None:
        for _ in range(MOMENTS_MAX):
            if len(self._queue) >= self._most:
                return
            arrived = self._arrived
            await self._moment()
            if self._arrived == arrived:
                return


def _is_sent_away(answer: asyncio.Future[Any]) -> bool:
    if not answer.done() or answer.cancelled() or answer.exception() is not None:
        return False
    return answer.result() is None


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
