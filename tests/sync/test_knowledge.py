"""The concurrency test: by stamp, never by value or clock."""

import pytest

from sync.knowledge import NOT_SHOWN, knows
from sync.types import Lane, Stamp

LANE = Lane("B2", "1802212001", 9, known={"B1": 4}, extra=frozenset({("B1", 7)}))


def known(seq: int, lane: str, lane_seq: int, *, base: int = 10, at: int = 5) -> bool:
    """Does operation ``at`` of lane B2, made upon ``base``, know the statement?"""
    return knows(LANE, at, base, Stamp(seq, lane, lane_seq, None))


@pytest.mark.parametrize(("seq", "is_known"), [(9, True), (10, True), (11, False)])
def test_what_had_been_pulled_is_known(seq: int, is_known: bool) -> None:
    assert known(seq, "A", 1) is is_known


@pytest.mark.parametrize(("lane_seq", "is_known"), [(4, True), (5, False), (6, False)])
def test_what_the_own_lane_said_earlier_is_known(lane_seq: int, is_known: bool) -> None:
    assert known(99, "B2", lane_seq) is is_known


@pytest.mark.parametrize(("lane_seq", "is_known"), [(4, True), (5, False)])
def test_what_an_ancestor_lane_said_before_the_fork_is_known(lane_seq: int, is_known: bool) -> None:
    assert known(99, "B1", lane_seq) is is_known


def test_what_was_offered_again_under_this_lane_is_known() -> None:
    assert known(99, "B1", 7)
    assert not known(99, "B1", 8)


def test_other_lanes_are_unknown_whatever_their_number() -> None:
    assert not known(99, "A", 1)


def test_a_base_of_nothing_knows_nothing_that_was_pulled() -> None:
    assert not known(1, "A", 1, base=0)


def test_what_no_phone_was_shown_is_known_to_its_own_lane_only() -> None:
    assert not known(NOT_SHOWN, "A", 1, base=10**9)
    assert known(NOT_SHOWN, "B2", 4)
