"""Who waits to be served, and who serves them.

No clock runs here: who serves lets nobody go before the test says so, and the moment in which
others may come is the test's own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import assert_never

from typing_extensions import override

from api.openrosa.crowds import Crowds, Hall

PLACE = "1802212001"
REFUSED = "refused"
RUSH_ROUNDS_MAX = 100
"""More groups than there are in a rush hour."""


class OutOfPaper(Exception):
    """Why a group cannot be served."""


def in_a_loop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """The test has an event loop of its own, which it leaves as it found it."""

    @wraps(test)
    def run() -> None:
        async def alone() -> None:
            await test()
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(alone())

    return run


async def rounds(number: int) -> None:
    """Everybody who can go on does one step in each round of the loop."""
    for _ in range(number):
        await asyncio.sleep(0)


async def settled() -> None:
    """Let everybody go on until nobody can; more rounds than any of these tests takes."""
    await rounds(50)


@dataclass
class Counter:
    """Where forms are taken in: it opens when the test says so, and answers who it was."""

    groups: list[list[str]] = field(default_factory=list)
    """Who was served together, the first group first."""
    refuses: set[str] = field(default_factory=set)
    """A group with one of them is not served."""
    open: asyncio.Event = field(default_factory=asyncio.Event)
    slow: dict[str, asyncio.Event] = field(default_factory=dict)
    """A group with one of them is let go by an event of its own."""

    async def serve(self, items: Sequence[str]) -> Sequence[str]:
        self.groups.append(list(items))
        slow = next((self.slow[item] for item in items if item in self.slow), None)
        await (slow or self.open).wait()
        if self.refuses & set(items):
            raise OutOfPaper
        return [item.upper() for item in items]

    def come(
        self, crowds: Crowds | Hall, *items: str, place: str = PLACE
    ) -> list[asyncio.Task[str]]:
        """They stand at the place, one behind the other, before any of them is served."""
        return [asyncio.create_task(crowds.join(place, item, self.serve)) for item in items]

    def takes_long_with(self, item: str) -> asyncio.Event:
        """Whoever is served together with it is let go by this event."""
        return self.slow.setdefault(item, asyncio.Event())


@dataclass
class Moments:
    """The moments in which others are waited for, and who comes in each of them."""

    comings: list[Callable[[], object]] = field(default_factory=list)
    waited: int = 0

    async def pass_by(self) -> None:
        if self.waited < len(self.comings):
            self.comings[self.waited]()
        self.waited += 1
        await settled()


def place_of(item: str) -> str:
    """Whoever comes to a hall is called after the place: "a1" and "a2" are of the place "a"."""
    return item[0]


@dataclass
class Counters(Counter):
    """All counters of a hall, where it is seen who is at them."""

    present: list[list[str]] = field(default_factory=list)
    """Who is being served, a group for each counter."""
    seen: list[list[list[str]]] = field(default_factory=list)
    """Who was present whenever a group came to a counter."""

    @override
    async def serve(self, items: Sequence[str]) -> Sequence[str]:
        group = list(items)
        self.present.append(group)
        self.seen.append(list(self.present))
        try:
            return await super().serve(items)
        finally:
            self.present.remove(group)

    def enter(self, hall: Hall, *items: str) -> list[asyncio.Task[str]]:
        """They come in this order, before any of them is served."""
        return [task for item in items for task in self.come(hall, item, place=place_of(item))]


@dataclass(frozen=True)
class Comes:
    """A phone of the place, which sends each of its forms when the one before is answered."""

    place: str
    forms: int


@dataclass(frozen=True)
class IsDone:
    """One of the groups that are being served."""

    which: int
    refused: bool


@dataclass(frozen=True)
class Goes:
    """One of the phones that came, whether it was answered or not."""

    which: int


@dataclass
class RushHour:
    """Phones of several places in a hall, and what became of their forms."""

    hall: Hall
    counters: Counters = field(default_factory=Counters)
    phones: list[asyncio.Task[None]] = field(default_factory=list)
    came: list[str] = field(default_factory=list)
    """In the order of their coming."""
    heard: list[tuple[str, str]] = field(default_factory=list)
    """What came, and what its phone was told."""
    left: list[str] = field(default_factory=list)
    """What came, and its phone did not stay for the answer."""

    def happens(self, step: Comes | IsDone | Goes) -> None:
        match step:
            case Comes(place, forms):
                self.phones.append(asyncio.create_task(self._sends(place, forms)))
            case IsDone(which, refused):
                for group in self.counters.present[which : which + 1]:
                    self.counters.refuses |= {group[0]} if refused else set()
                    self.counters.slow[group[0]].set()
            case Goes(which):
                for phone in self.phones[which : which + 1]:
                    phone.cancel()
            case _:
                assert_never(step)

    async def ends(self) -> None:
        """Whoever is still there is served, and for whoever left the work is done all the same."""
        for _ in range(RUSH_ROUNDS_MAX):
            await settled()
            if not self.counters.present:
                return
            for group in self.counters.present:
                self.counters.slow[group[0]].set()

    def answers(self) -> list[tuple[str, str]]:
        """What was served, in this order, and what its phone should have been told."""
        return [
            (item, REFUSED if self.counters.refuses & set(group) else item.upper())
            for group in self.counters.groups
            for item in group
        ]

    async def _sends(self, place: str, forms: int) -> None:
        for _ in range(forms):
            item = f"{place}{len(self.came)}"
            self.came.append(item)
            self.counters.takes_long_with(item)
            try:
                answer = await self.hall.join(place, item, self.counters.serve)
            except OutOfPaper:
                answer = REFUSED
            except asyncio.CancelledError:
                self.left.append(item)
                raise
            self.heard.append((item, answer))
