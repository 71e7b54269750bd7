"""The live-claims model: what people are asked does not depend on the order of arrival.

After any set of concurrent claims the live values (the current one and the proposals), whether a
question is open, and the value that policy decided alone are the same in every order in which the
lanes' operations can arrive. Small cases are tried exhaustively, longer histories by Hypothesis.

The limit of the law: for measurements it holds while days do not run backwards along what people
knew, that is, while a claim that knew an earlier one with a vouched day has a vouched day that is
not before it. A claim that goes back in time replaces the statement that would have outranked a
third one, and whether the third came before or after decides whether it was outranked. The last
test here shows it. Nothing is lost either way: the log names both.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations_with_replacement, pairwise, product
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.merge import ASK, LATER_DAY, GroupState, Rule, absorbing, merge
from sync.types import Claim, Lane, Stamp
from tests.interleaving import interleavings

DEAD = "meninggal"
MONOTONE = absorbing("field", frozenset({DEAD}))
LANES = "ABC"
CREATED = Stamp(1, "office", 1, "2026-10-01")
DAYS = (None, "2026-11-01", "2026-11-02")

Said = tuple[str, str | None]
"""A value and the day it is about, where a clock vouches for it."""


class Writer(NamedTuple):
    """What one lane says, having pulled the creation (base 1) or nothing (base 0)."""

    base: int
    said: tuple[Said, ...]


def merged(
    rule: Rule, writers: Sequence[Writer], order: Sequence[int], start: GroupState
) -> GroupState:
    """The group after the writers' statements have arrived in that order."""
    state, waiting = start, [iter(enumerate(writer.said, 1)) for writer in writers]
    for seq, writer in enumerate(order, 2):
        lane_seq, (value, day) = next(waiting[writer])
        claim = Claim("field", {"field": value}, Stamp(seq, LANES[writer], lane_seq, day))
        state = merge(state, claim, Lane(LANES[writer], "", 0), writers[writer].base, rule).state
    return state


def live(state: GroupState) -> frozenset[object]:
    """The live values; more than one of them is what it means that a question is open."""
    values = [state.value["field"], *(c.value["field"] for c in state.candidates)]
    assert bool(state.candidates) == (len(set(values)) > 1)
    return frozenset(values)


def never_back(days: Sequence[str | None]) -> bool:
    return all(
        earlier is None or (later is not None and earlier <= later)
        for earlier, later in pairwise(days)
    )


class Vocabulary(NamedTuple):
    """What there is to say, about which days, and with which bases."""

    values: Sequence[str]
    days: Sequence[str | None] = (None,)
    bases: Sequence[int] = (0, 1)

    def writers(self, count: int) -> list[Writer]:
        """Every writer with that many statements, whose days do not run backwards."""
        return [
            Writer(base, tuple(zip(what, when, strict=True)))
            for base in self.bases
            for what in product(self.values, repeat=count)
            for when in product(self.days, repeat=count)
            if never_back(when)
        ]

    def crowds(self, lengths: Sequence[int]) -> Iterator[tuple[Writer, ...]]:
        """Writers with so many statements each. Who of several alike says what is no difference."""
        alike = [
            list(combinations_with_replacement(self.writers(length), lengths.count(length)))
            for length in sorted(set(lengths), reverse=True)
        ]
        for groups in product(*alike):
            yield tuple(writer for group in groups for writer in group)


def assert_order_decides_nothing(
    rule: Rule, vocabulary: Vocabulary, lengths: Sequence[int], start: str
) -> None:
    orders = list(interleavings(lengths))
    state = GroupState({"field": start}, (CREATED,))
    for writers in vocabulary.crowds(lengths):
        outcomes = {live(merged(rule, writers, order, state)) for order in orders}
        assert len(outcomes) == 1, f"{writers} end differently: {outcomes}"


LENGTHS = [(1, 1, 1), (2, 1, 1), (2, 2, 1)]


@pytest.mark.parametrize("lengths", LENGTHS)
def test_identity_three_writers_in_any_order_leave_the_same_claims(lengths: Sequence[int]) -> None:
    values = "abc" if sum(lengths) < 5 else "ab"
    assert_order_decides_nothing(ASK, Vocabulary(values), lengths, start="0")


@pytest.mark.parametrize("start", ["0", DEAD])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_monotone_three_writers_in_any_order_leave_the_same_claims(
    lengths: Sequence[int], start: str
) -> None:
    values = ("a", "b", DEAD) if sum(lengths) < 5 else ("a", DEAD)
    assert_order_decides_nothing(MONOTONE, Vocabulary(values), lengths, start=start)


@pytest.mark.parametrize(
    ("vocabulary", "lengths"),
    [
        (Vocabulary("abc", DAYS, bases=(0,)), (1, 1, 1)),
        (Vocabulary("ab", DAYS, bases=(0,)), (2, 1, 1)),
    ],
    ids=["once", "twice"],
)
def test_measurement_three_writers_in_any_order_leave_the_same_claims(
    vocabulary: Vocabulary, lengths: Sequence[int]
) -> None:
    assert_order_decides_nothing(LATER_DAY, vocabulary, lengths, start="0")


# Longer histories -------------------------------------------------------------------------------


class Round(NamedTuple):
    """What arrives between two pulls: per writer what is said and whether it pulls afterwards.

    Instead of a day, how many days after the latest one that the writer knows of.
    """

    said: tuple[tuple[tuple[str, int], ...], ...]
    pulls: tuple[bool, ...]


def rounds(values: Sequence[str]) -> st.SearchStrategy[list[Round]]:
    said = st.tuples(st.sampled_from(values), st.integers(0, 3))
    one = st.builds(
        Round,
        st.tuples(*[st.lists(said, max_size=2).map(tuple)] * 3),
        st.tuples(*[st.booleans()] * 3),
    )
    return st.lists(one, min_size=1, max_size=4)


class History:
    """One order of a history. A phone's base is what it last pulled, in this order's numbers."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.state = GroupState({"field": "0"}, (CREATED,))
        self.seq = 1
        self.bases = [1, 1, 1]
        self.spoken = [0, 0, 0]
        self.known_day = [0, 0, 0]
        self.latest = 0

    def arrive(self, round_: Round, order: Sequence[int]) -> None:
        waiting = [iter(said) for said in round_.said]
        for writer in order:
            value, later = next(waiting[writer])
            self.seq += 1
            self.spoken[writer] += 1
            self.known_day[writer] += later
            self.latest = max(self.latest, self.known_day[writer])
            day = f"2026-11-{1 + self.known_day[writer]:02}"
            stamp = Stamp(self.seq, LANES[writer], self.spoken[writer], day)
            claim = Claim("field", {"field": value}, stamp)
            lane = Lane(LANES[writer], "", 0)
            self.state = merge(self.state, claim, lane, self.bases[writer], self.rule).state

    def pull(self, round_: Round) -> None:
        for writer, pulls in enumerate(round_.pulls):
            if pulls:
                self.bases[writer] = self.seq
                self.known_day[writer] = self.latest


def orders_of(draw: Callable[..., tuple[int, ...]], round_: Round) -> Iterator[tuple[int, ...]]:
    arrivals = [writer for writer, said in enumerate(round_.said) for _ in said]
    yield tuple(arrivals)
    yield draw(st.permutations(arrivals).map(tuple))


@pytest.mark.parametrize(
    ("rule", "values"), [(ASK, "abc"), (LATER_DAY, "abc"), (MONOTONE, ("a", "b", DEAD))]
)
@settings(max_examples=100)
@given(data=st.data())
def test_longer_histories_with_pulls_in_between_end_alike(
    rule: Rule, values: Sequence[str], data: st.DataObject
) -> None:
    """Once a question is open, what a phone pulls (which of the values is the current one) does
    depend on the order, so histories are compared up to the first pull of an open question.
    """
    one, other = History(rule), History(rule)
    for round_ in data.draw(rounds(values)):
        for history, order in zip((one, other), orders_of(data.draw, round_), strict=True):
            history.arrive(round_, order)
        assert live(one.state) == live(other.state)
        if one.state.candidates:
            return
        one.pull(round_)
        other.pull(round_)


def test_the_limit_a_lane_whose_days_run_backwards_may_be_judged_by_arrival() -> None:
    """A said "5th: tile", then corrected itself to "3rd: earth"; B said "4th: wood" meanwhile.

    If B arrives before the correction, the 5th outranks it and the correction replaces the 5th. If
    B arrives after the correction, the 4th outranks the 3rd.
    """
    writers = [
        Writer(1, (("tile", "2026-11-05"), ("earth", "2026-11-03"))),
        Writer(1, (("wood", "2026-11-04"),)),
    ]
    start = GroupState({"field": "0"}, (CREATED,))
    assert live(merged(LATER_DAY, writers, (0, 1, 0), start)) == {"earth"}
    assert live(merged(LATER_DAY, writers, (0, 0, 1), start)) == {"wood"}
