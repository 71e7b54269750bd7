"""Who is sent elsewhere from a hall takes the place along: nobody of it is served meanwhile."""

import asyncio
from collections.abc import Sequence

from api.openrosa.crowds import Hall
from tests.openrosa.waiting import Moments, in_a_loop, rounds, settled


class Sends:
    """Answers everybody with the own name, but those whose name ends with a question mark."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []

    async def serve(self, items: Sequence[str]) -> Sequence[str | None]:
        self.groups.append(list(items))
        await rounds(1)
        return [None if item.endswith("?") else item for item in items]

    def enter(self, hall: Hall, *items: str) -> list[asyncio.Task[str | None]]:
        return [asyncio.create_task(hall.join(item[0], item, self.serve)) for item in items]


def a_hall() -> tuple[Hall, Sends]:
    return Hall(1, 4, Moments().pass_by), Sends()


def is_forgotten(hall: Hall) -> bool:
    return not (hall._queue or hall._busy or hall._open or hall._away)  # noqa: SLF001


@in_a_loop
async def test_others_of_the_place_wait_until_who_was_sent_elsewhere_comes_back() -> None:
    hall, sends = a_hall()
    (away,) = sends.enter(hall, "a1?")
    assert await away is None
    waiting, elsewhere = sends.enter(hall, "a2", "b1")
    assert await elsewhere == "b1"
    await settled()
    assert not waiting.done()
    hall.come_back("a")
    assert await waiting == "a2"
    await settled()
    assert is_forgotten(hall)


@in_a_loop
async def test_each_of_those_who_were_sent_elsewhere_has_to_come_back() -> None:
    hall, sends = a_hall()
    assert await asyncio.gather(*sends.enter(hall, "a1?", "a2", "a3?")) == [None, "a2", None]
    (waiting,) = sends.enter(hall, "a4")
    hall.come_back("a")
    await settled()
    assert not waiting.done()
    hall.come_back("a")
    assert await waiting == "a4"


@in_a_loop
async def test_nobody_of_the_place_slips_in_before_who_was_sent_elsewhere_has_heard_it() -> None:
    hall, sends = a_hall()
    tasks = sends.enter(hall, "a1?", "b1")
    await rounds(1)
    tasks += sends.enter(hall, "a2")
    for _ in range(3):
        await settled()
    assert [task.done() for task in tasks] == [True, True, False]
    hall.come_back("a")
    assert await tasks[2] == "a2"


@in_a_loop
async def test_who_was_sent_elsewhere_and_leaves_instead_keeps_nobody_out() -> None:
    hall, sends = a_hall()
    answer = asyncio.Event()

    async def slow(items: Sequence[str]) -> Sequence[str | None]:
        await answer.wait()
        # He leaves in the very moment in which he is answered.
        asyncio.get_running_loop().call_soon(leaving.cancel)
        return [None for _ in items]

    leaving = asyncio.create_task(hall.join("a", "a1?", slow))
    await settled()
    answer.set()
    await settled()
    assert leaving.cancelled()
    (waiting,) = sends.enter(hall, "a2")
    assert await waiting == "a2"
    await settled()
    assert is_forgotten(hall)


@in_a_loop
async def test_who_left_before_the_answer_was_sent_nowhere() -> None:
    hall, sends = a_hall()
    answer = asyncio.Event()

    async def slow(items: Sequence[str]) -> Sequence[str | None]:
        await answer.wait()
        return [None for _ in items]

    leaving = asyncio.create_task(hall.join("a", "a1?", slow))
    await settled()
    leaving.cancel()
    await settled()
    answer.set()
    await settled()
    (waiting,) = sends.enter(hall, "a2")
    assert await waiting == "a2"
    await settled()
    assert is_forgotten(hall)
