"""Whoever comes to a place while somebody is served there is served together with the others."""

import asyncio
from collections.abc import Callable

import pytest

from api.openrosa.crowds import MOMENTS_MAX, Crowds
from tests.openrosa.waiting import Counter, Moments, OutOfPaper, in_a_loop, settled

MOST = 4
OTHER_PLACE = "1802212002"


def a_place() -> tuple[Crowds, Counter, Moments]:
    moments = Moments()
    return Crowds(MOST, moments.pass_by), Counter(), moments


def is_forgotten(crowds: Crowds) -> bool:
    """Is there neither a queue nor a task?"""
    return not (crowds._queues or crowds._servings)  # noqa: SLF001 (what nobody sees must not grow)


async def while_one_is_served(
    crowds: Crowds, counter: Counter, *others: str
) -> list[asyncio.Task[str]]:
    """A single one at the counter, which is closed, and the others behind it."""
    tasks = counter.come(crowds, "a")
    await settled()
    tasks += counter.come(crowds, *others)
    await settled()
    return tasks


@in_a_loop
async def test_who_comes_first_is_served_at_once_and_alone() -> None:
    crowds, counter, _ = a_place()
    (task,) = counter.come(crowds, "a")
    await settled()
    assert counter.groups == [["a"]]
    counter.open.set()
    assert await task == "A"


@in_a_loop
async def test_those_who_come_meanwhile_are_served_together_in_the_order_of_their_coming() -> None:
    crowds, counter, _ = a_place()
    tasks = await while_one_is_served(crowds, counter, "d", "b", "c")
    assert counter.groups == [["a"]]
    counter.open.set()
    assert await asyncio.gather(*tasks) == ["A", "D", "B", "C"]
    assert counter.groups == [["a"], ["d", "b", "c"]]
    await settled()


@in_a_loop
async def test_never_more_than_so_many_are_served_together_and_nobody_is_passed_over() -> None:
    crowds, counter, _ = a_place()
    names = [f"n{number}" for number in range(2 * MOST + 1)]
    tasks = await while_one_is_served(crowds, counter, *names)
    counter.open.set()
    assert await asyncio.gather(*tasks) == ["A", *(name.upper() for name in names)]
    assert [len(group) for group in counter.groups] == [1, MOST, MOST, 1]
    assert [name for group in counter.groups for name in group] == ["a", *names]
    await settled()


@in_a_loop
async def test_two_places_do_not_wait_for_each_other() -> None:
    crowds, counter, _ = a_place()
    elsewhere = Counter()
    tasks = await while_one_is_served(crowds, counter, "b")
    elsewhere.open.set()
    (there,) = elsewhere.come(crowds, "c", place=OTHER_PLACE)
    assert await there == "C"
    assert not any(task.done() for task in tasks)
    counter.open.set()
    assert await asyncio.gather(*tasks) == ["A", "B"]
    await settled()


@in_a_loop
async def test_what_goes_wrong_for_a_group_each_of_it_hears_and_the_next_one_is_served() -> None:
    crowds, counter, _ = a_place()
    counter.refuses = {"b"}
    tasks = await while_one_is_served(crowds, counter, *"bcdef")
    counter.open.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert counter.groups == [["a"], ["b", "c", "d", "e"], ["f"]]
    assert [told[0], told[5]] == ["A", "F"]
    assert all(isinstance(one, OutOfPaper) for one in told[1:5])
    await settled()


@in_a_loop
async def test_what_goes_wrong_for_one_alone_leaves_the_place_open() -> None:
    crowds, counter, _ = a_place()
    counter.refuses = {"a"}
    counter.open.set()
    (first,) = counter.come(crowds, "a")
    with pytest.raises(OutOfPaper):
        await first
    (second,) = counter.come(crowds, "b")
    assert await second == "B"
    await settled()
    assert is_forgotten(crowds)


@in_a_loop
async def test_who_leaves_while_being_served_disturbs_nobody_and_is_served_all_the_same() -> None:
    crowds, counter, _ = a_place()
    tasks = await while_one_is_served(crowds, counter, "b", "c")
    tasks[0].cancel()
    await settled()
    counter.open.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(told[0], asyncio.CancelledError)
    assert told[1:] == ["B", "C"]
    assert counter.groups == [["a"], ["b", "c"]]
    await settled()
    assert is_forgotten(crowds)


@in_a_loop
async def test_who_leaves_while_waiting_disturbs_nobody() -> None:
    crowds, counter, _ = a_place()
    tasks = await while_one_is_served(crowds, counter, "b", "c", "d")
    tasks[2].cancel()
    counter.open.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(told[2], asyncio.CancelledError)
    assert [told[0], told[1], told[3]] == ["A", "B", "D"]
    await settled()
    assert is_forgotten(crowds)


@in_a_loop
async def test_who_left_hears_nothing_of_what_went_wrong_for_the_others() -> None:
    crowds, counter, _ = a_place()
    counter.refuses = {"b", "c"}
    tasks = await while_one_is_served(crowds, counter, "b", "c")
    tasks[1].cancel()
    counter.open.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in told] == [str, asyncio.CancelledError, OutOfPaper]
    await settled()


@in_a_loop
async def test_after_a_crowd_those_who_keep_coming_are_waited_for() -> None:
    crowds, counter, moments = a_place()
    late: list[asyncio.Task[str]] = []
    moments.comings = [
        lambda: late.extend(counter.come(crowds, "d")),
        lambda: late.extend(counter.come(crowds, "e")),
    ]
    tasks = await while_one_is_served(crowds, counter, "b", "c")
    counter.open.set()
    assert await asyncio.gather(*tasks) == ["A", "B", "C"]
    await settled()
    assert await asyncio.gather(*late) == ["D", "E"]
    await settled()
    assert counter.groups == [["a"], ["b", "c"], ["d", "e"]]


@in_a_loop
async def test_after_a_single_one_nobody_is_waited_for() -> None:
    crowds, counter, moments = a_place()
    tasks = await while_one_is_served(crowds, counter, "b")
    counter.open.set()
    assert await asyncio.gather(*tasks) == ["A", "B"]
    await settled()
    assert counter.groups == [["a"], ["b"]]
    assert moments.waited == 0


@in_a_loop
async def test_a_full_group_is_not_kept_waiting_for_more() -> None:
    crowds, counter, moments = a_place()
    tasks = await while_one_is_served(crowds, counter, *"bcdefghi")
    counter.open.set()
    await asyncio.gather(*tasks)
    assert [len(group) for group in counter.groups] == [1, MOST, MOST]
    # After the second full group nobody is left, which is seen in one moment.
    await settled()
    assert moments.waited == 1


@in_a_loop
async def test_however_long_others_keep_coming_the_first_of_them_waits_so_many_moments() -> None:
    moments = Moments()
    crowds, counter = Crowds(MOMENTS_MAX + 10, moments.pass_by), Counter()
    late: list[asyncio.Task[str]] = []
    names = [f"n{number}" for number in range(MOMENTS_MAX + 1)]

    def comes(name: str) -> Callable[[], None]:
        return lambda: late.extend(counter.come(crowds, name))

    moments.comings = [comes(name) for name in names]
    tasks = await while_one_is_served(crowds, counter, "b", "c")
    counter.open.set()
    await asyncio.gather(*tasks)
    while len(late) < len(names):
        await settled()
    await asyncio.gather(*late)
    await settled()
    assert counter.groups[2:] == [names[:MOMENTS_MAX], names[MOMENTS_MAX:]]


@in_a_loop
async def test_a_quiet_place_leaves_nothing_behind() -> None:
    crowds, counter, _ = a_place()
    tasks = await while_one_is_served(crowds, counter, "b", "c")
    assert not is_forgotten(crowds)
    counter.open.set()
    await asyncio.gather(*tasks)
    await settled()
    assert is_forgotten(crowds)


@in_a_loop
async def test_who_comes_to_a_place_that_was_left_is_served_at_once_again() -> None:
    crowds, counter, _ = a_place()
    counter.open.set()
    for name in ("a", "b"):
        (task,) = counter.come(crowds, name)
        assert await task == name.upper()
        await settled()
        assert is_forgotten(crowds)
    assert counter.groups == [["a"], ["b"]]
