"""Few counters serve whoever waits, of any place, and no place is at two of them at a time.

Whoever comes is called after the place: "a1" and "a2" are of the place "a".
"""

import asyncio
from collections import Counter as Tally
from collections.abc import Callable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from api.openrosa.crowds import MOMENTS_MAX, Hall
from tests.openrosa.waiting import (
    Comes,
    Counters,
    Goes,
    IsDone,
    Moments,
    OutOfPaper,
    RushHour,
    in_a_loop,
    place_of,
    rounds,
    settled,
)

MOST = 4
ROUNDS_MAX = 12
"""More than a counter takes from its last answer until it has closed."""
EXAMPLES = 300


def a_hall(counters: int = 1, most: int = MOST) -> tuple[Hall, Counters, Moments]:
    moments = Moments()
    return Hall(counters, most, moments.pass_by), Counters(), moments


async def while_one_is_served(
    hall: Hall, counters: Counters, one: str, *others: str
) -> list[asyncio.Task[str]]:
    """A single one at a counter, and the others behind it."""
    tasks = counters.enter(hall, one)
    await settled()
    tasks += counters.enter(hall, *others)
    await settled()
    return tasks


async def heard(tasks: Sequence[asyncio.Task[str]]) -> list[str | BaseException]:
    """What each of them was told. Who is forgotten fails the test and does not keep it waiting."""
    for _ in tasks:
        await settled()
    assert [task for task in tasks if not task.done()] == []
    return await asyncio.gather(*tasks, return_exceptions=True)


def is_forgotten(hall: Hall) -> bool:
    """Is there nobody in the queue, no busy place and no task?"""
    # What nobody sees must not grow.
    return not (hall._queue or hall._busy or hall._open or hall._away)  # noqa: SLF001


@in_a_loop
async def test_who_comes_first_is_served_at_once_and_alone() -> None:
    hall, counters, _ = a_hall()
    tasks = counters.enter(hall, "a1")
    await settled()
    assert counters.groups == [["a1"]]
    counters.open.set()
    assert await heard(tasks) == ["A1"]


@in_a_loop
async def test_those_of_any_place_who_come_meanwhile_are_served_together_in_their_order() -> None:
    hall, counters, _ = a_hall()
    tasks = await while_one_is_served(hall, counters, "a1", "c1", "a2", "b1")
    assert counters.groups == [["a1"]]
    counters.open.set()
    assert await heard(tasks) == ["A1", "C1", "A2", "B1"]
    assert counters.groups == [["a1"], ["c1", "a2", "b1"]]


@in_a_loop
async def test_never_more_than_so_many_are_served_together_and_nobody_is_passed_over() -> None:
    hall, counters, _ = a_hall()
    names = [f"{'abc'[number % 3]}{number}" for number in range(2 * MOST + 1)]
    tasks = await while_one_is_served(hall, counters, "a", *names)
    counters.open.set()
    assert await heard(tasks) == ["A", *(name.upper() for name in names)]
    assert [len(group) for group in counters.groups] == [1, MOST, MOST, 1]
    assert [name for group in counters.groups for name in group] == ["a", *names]


@in_a_loop
async def test_there_are_so_many_counters_and_no_more() -> None:
    hall, counters, _ = a_hall(counters=2)
    b_is_done = counters.takes_long_with("b1")
    tasks = await while_one_is_served(hall, counters, "a1", "b1")
    tasks += counters.enter(hall, "c1")
    await settled()
    assert counters.present == [["a1"], ["b1"]]
    b_is_done.set()
    await settled()
    assert counters.present == [["a1"], ["c1"]]
    counters.open.set()
    assert await heard(tasks) == ["A1", "B1", "C1"]


@in_a_loop
async def test_whose_place_is_being_served_waits_and_stands_in_nobodys_way() -> None:
    hall, counters, _ = a_hall(counters=2)
    a_is_done = counters.takes_long_with("a1")
    tasks = await while_one_is_served(hall, counters, "a1", "a2", "b1", "a3", "c1")
    assert counters.present == [["a1"], ["b1", "c1"]]
    a_is_done.set()
    await settled()
    # As soon as the place is free, and in their order; the other counter is still busy.
    assert counters.present == [["b1", "c1"], ["a2", "a3"]]
    counters.open.set()
    assert await heard(tasks) == ["A1", "A2", "B1", "A3", "C1"]


@in_a_loop
async def test_who_is_left_out_is_served_although_the_free_counter_has_closed_meanwhile() -> None:
    hall, counters, _ = a_hall(counters=2)
    a_is_done = counters.takes_long_with("a1")
    tasks = await while_one_is_served(hall, counters, "a1", "a2")
    # The free counter opened for the second one in vain, and opens again for the third.
    tasks += counters.enter(hall, "b1")
    counters.open.set()
    await settled()
    assert counters.groups == [["a1"], ["b1"]]
    assert counters.present == [["a1"]]
    a_is_done.set()
    assert await heard(tasks) == ["A1", "A2", "B1"]


@in_a_loop
async def test_a_place_is_free_while_others_are_waited_for() -> None:
    hall, counters, moments = a_hall(counters=2)
    late: list[asyncio.Task[str]] = []
    served: list[list[str]] = []
    moments.comings = [
        lambda: late.extend(counters.enter(hall, "a4")),
        lambda: served.extend(counters.groups),
    ]
    tasks = await while_one_is_served(hall, counters, "a1", "a2", "a3")
    counters.open.set()
    await heard(tasks)
    assert await heard(late) == ["A4"]
    assert served == [["a1"], ["a2", "a3"], ["a4"]]


@in_a_loop
async def test_a_closed_counter_opens_for_those_left_out_whom_the_other_one_cannot_take() -> None:
    hall, counters, _ = a_hall(counters=2, most=2)
    first, second = counters.takes_long_with("x"), counters.takes_long_with("y")
    both = counters.takes_long_with("a1")
    tasks = await while_one_is_served(hall, counters, "x", "y")
    tasks += counters.enter(hall, "a1", "b1")
    await settled()
    # Two places are served together at one counter, and the other one closes.
    first.set()
    await settled()
    second.set()
    await settled()
    tasks += counters.enter(hall, "a2", "a3", "b2")
    await settled()
    assert counters.present == [["a1", "b1"]]
    both.set()
    await settled()
    assert sorted(counters.present) == [["a2", "a3"], ["b2"]]
    counters.open.set()
    await heard(tasks)


@in_a_loop
async def test_those_of_a_place_are_served_in_their_order_over_several_groups() -> None:
    hall, counters, _ = a_hall(counters=2, most=2)
    a_is_done = counters.takes_long_with("a0")
    tasks = await while_one_is_served(
        hall, counters, "a0", "b0", "a1", "b1", "a2", "c1", "a3", "b2", "a4"
    )
    tasks += counters.enter(hall, "a5")
    counters.open.set()
    await settled()
    a_is_done.set()
    await heard(tasks)
    served = [item for group in counters.groups for item in group]
    assert [item for item in served if place_of(item) == "a"] == [f"a{n}" for n in range(6)]
    assert [item for item in served if place_of(item) == "b"] == [f"b{n}" for n in range(3)]


@in_a_loop
async def test_who_was_answered_and_comes_again_at_once_is_served_again() -> None:
    hall, counters, _ = a_hall()
    counters.open.set()

    async def twice() -> str:
        return "".join([await hall.join("a", item, counters.serve) for item in ("a1", "a2")])

    assert await heard([asyncio.create_task(twice())]) == ["A1A2"]


@in_a_loop
async def test_whoever_comes_just_when_a_counter_closes_is_served() -> None:
    for behind in ([], ["a2", "b1"]):
        for passed in range(ROUNDS_MAX):
            counters = Counters()
            hall = Hall(1, MOST, lambda: rounds(1))
            tasks = await while_one_is_served(hall, counters, "a1", *behind)
            counters.open.set()
            await rounds(passed)
            tasks += counters.enter(hall, "c1")
            assert (await heard(tasks))[-1] == "C1"


@in_a_loop
async def test_what_goes_wrong_for_a_group_each_of_it_hears_and_the_next_one_is_served() -> None:
    hall, counters, _ = a_hall()
    counters.refuses = {"b1"}
    tasks = await while_one_is_served(hall, counters, "a1", "b1", "c1", "a2", "d1", "b2")
    counters.open.set()
    told = await heard(tasks)
    assert counters.groups == [["a1"], ["b1", "c1", "a2", "d1"], ["b2"]]
    assert [told[0], told[5]] == ["A1", "B2"]
    assert all(isinstance(one, OutOfPaper) for one in told[1:5])
    assert is_forgotten(hall)


@in_a_loop
async def test_where_there_are_not_as_many_answers_as_items_each_of_the_group_hears_it() -> None:
    hall, counters, _ = a_hall()

    async def loses_count(items: Sequence[str]) -> Sequence[str]:
        await counters.open.wait()
        return [] if len(items) == 1 else [*items, "one more"]

    tasks = [asyncio.create_task(hall.join(place, place, loses_count)) for place in "a"]
    await settled()
    tasks += [asyncio.create_task(hall.join(place, place, loses_count)) for place in "bc"]
    counters.open.set()
    assert all(isinstance(one, ValueError) for one in await heard(tasks))
    assert is_forgotten(hall)


@in_a_loop
async def test_who_leaves_while_being_served_disturbs_nobody_and_is_served_all_the_same() -> None:
    hall, counters, _ = a_hall()
    tasks = await while_one_is_served(hall, counters, "a1", "a2", "b1")
    tasks[0].cancel()
    await settled()
    assert counters.present == [["a1"]]
    counters.open.set()
    told = await heard(tasks)
    assert isinstance(told[0], asyncio.CancelledError)
    assert told[1:] == ["A2", "B1"]
    assert is_forgotten(hall)


@in_a_loop
async def test_who_leaves_while_waiting_disturbs_nobody() -> None:
    hall, counters, _ = a_hall()
    tasks = await while_one_is_served(hall, counters, "a1", "b1", "a2", "c1")
    tasks[2].cancel()
    counters.open.set()
    told = await heard(tasks)
    assert isinstance(told[2], asyncio.CancelledError)
    assert [told[0], told[1], told[3]] == ["A1", "B1", "C1"]
    assert is_forgotten(hall)


@in_a_loop
async def test_who_left_hears_nothing_of_what_went_wrong_for_the_others() -> None:
    hall, counters, _ = a_hall()
    counters.refuses = {"b1", "c1"}
    tasks = await while_one_is_served(hall, counters, "a1", "b1", "c1")
    tasks[1].cancel()
    counters.open.set()
    told = await heard(tasks)
    assert [type(one) for one in told] == [str, asyncio.CancelledError, OutOfPaper]
    assert is_forgotten(hall)


@in_a_loop
async def test_after_several_those_who_keep_coming_are_waited_for() -> None:
    hall, counters, moments = a_hall()
    late: list[asyncio.Task[str]] = []
    moments.comings = [
        lambda: late.extend(counters.enter(hall, "d1")),
        lambda: late.extend(counters.enter(hall, "a2")),
    ]
    tasks = await while_one_is_served(hall, counters, "a1", "b1", "c1")
    counters.open.set()
    await heard(tasks)
    assert await heard(late) == ["D1", "A2"]
    assert counters.groups == [["a1"], ["b1", "c1"], ["d1", "a2"]]


@in_a_loop
async def test_after_a_single_one_nobody_is_waited_for() -> None:
    hall, counters, moments = a_hall()
    tasks = await while_one_is_served(hall, counters, "a1", "b1")
    counters.open.set()
    assert await heard(tasks) == ["A1", "B1"]
    assert counters.groups == [["a1"], ["b1"]]
    assert moments.waited == 0


@in_a_loop
async def test_a_full_group_is_not_kept_waiting_for_more() -> None:
    hall, counters, moments = a_hall()
    tasks = await while_one_is_served(hall, counters, "z", *"abcdefgh")
    counters.open.set()
    await heard(tasks)
    assert [len(group) for group in counters.groups] == [1, MOST, MOST]
    # After the second full group nobody is left, which is seen in one moment.
    assert moments.waited == 1


@in_a_loop
async def test_however_long_others_keep_coming_the_first_of_them_waits_so_many_moments() -> None:
    hall, counters, moments = a_hall(most=MOMENTS_MAX + 10)
    late: list[asyncio.Task[str]] = []
    names = [f"{'abc'[number % 3]}{number}" for number in range(MOMENTS_MAX + 1)]

    def comes(name: str) -> Callable[[], None]:
        return lambda: late.extend(counters.enter(hall, name))

    moments.comings = [comes(name) for name in names]
    tasks = await while_one_is_served(hall, counters, "x", "y", "z")
    counters.open.set()
    await heard(tasks)
    for _ in names:
        await settled()
    await heard(late)
    assert counters.groups[2:] == [names[:MOMENTS_MAX], names[MOMENTS_MAX:]]


@in_a_loop
async def test_a_quiet_hall_leaves_nothing_behind() -> None:
    hall, counters, _ = a_hall(counters=2)
    tasks = await while_one_is_served(hall, counters, "a1", "a2", "b1", "c1")
    assert not is_forgotten(hall)
    counters.open.set()
    await heard(tasks)
    assert is_forgotten(hall)
    again = counters.enter(hall, "a3")
    assert await heard(again) == ["A3"]
    assert is_forgotten(hall)


steps = st.one_of(
    st.builds(Comes, st.sampled_from("abcd"), forms=st.integers(1, 3)),
    st.builds(IsDone, st.integers(0, 2), refused=st.booleans()),
    st.builds(Goes, st.integers(0, 9)),
)


@settings(max_examples=EXAMPLES)
@given(
    counters=st.integers(1, 3),
    most=st.integers(1, MOST),
    happens=st.lists(st.tuples(steps, st.integers(0, 5)), max_size=30),
)
def test_everyone_is_answered_once_with_the_own_answer_and_no_place_is_at_two_counters(
    counters: int, most: int, happens: list[tuple[Comes | IsDone | Goes, int]]
) -> None:
    @in_a_loop
    async def a_rush_hour() -> None:
        hall = Hall(counters, most, lambda: rounds(2))
        rush = RushHour(hall)
        for step, passed in happens:
            rush.happens(step)
            await rounds(passed)
        await rush.ends()
        assert all(phone.done() for phone in rush.phones)
        assert_fair(rush, counters, most)
        assert is_forgotten(hall)

    a_rush_hour()


def assert_fair(rush: RushHour, counters: int, most: int) -> None:
    answers = rush.answers()
    # Whether somebody who left was served before or not at all, the others were, in their order.
    assert sorted(rush.heard) == sorted(one for one in answers if one[0] not in rush.left)
    assert Tally(rush.came) == Tally([*(item for item, _ in rush.heard), *rush.left])
    for place in {place_of(item) for item in rush.came}:
        served = [item for item, _ in answers if place_of(item) == place]
        assert served == [
            item for item in rush.came if place_of(item) == place and item in set(served)
        ]
    assert all(len(group) <= most for group in rush.counters.groups)
    for present in rush.counters.seen:
        places = Tally(place for group in present for place in set(map(place_of, group)))
        assert len(present) <= counters
        assert all(times == 1 for times in places.values())
