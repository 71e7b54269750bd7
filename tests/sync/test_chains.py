"""Chains of offline updates: what was seen, what came before, and what has to wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.chains import (
    SPAN_NUMBERS,
    SPAN_VERSIONS,
    VERSION_MAX,
    VERSIONS_PER_NUMBER,
    Declaration,
    Earlier,
    Ready,
    Span,
    Spans,
    Waits,
    key_of,
    keys_settled,
    placed,
)

RECORD = "0c5c0f5e-6a55-4f0b-9f6a-3d6c1b8e0a01"
SPANS = Spans()


def an_update(base: int, trunk: int | None = 160, branch: str | None = "b") -> Declaration:
    return Declaration(RECORD, updates=True, base=base, trunk=trunk, branch=branch)


def landed(
    base: int | None,
    trunk: int | None = 160,
    branch: str | None = "b",
    lane: str = "l",
    at: int = 1,
) -> Earlier:
    return Earlier(base is None, branch, base, trunk, lane, at, at + 1)


def place(declared: Declaration, *earlier: Earlier, **more: bool) -> Ready | Waits:
    told = {"is_known": True} | more
    return placed(declared, earlier, SPANS, lane="l", **told)


def test_a_creation_waits_for_nothing() -> None:
    assert place(Declaration(RECORD, creates=True)) == Ready(0)
    upsert = Declaration(RECORD, creates=True, updates=True)
    assert place(upsert, is_known=False) == Ready(0)


def test_the_first_of_a_chain_knows_what_the_server_had_shown() -> None:
    assert place(an_update(160)) == Ready(10)


def test_without_a_branch_the_base_alone_tells() -> None:
    assert place(an_update(160, trunk=None, branch=None)) == Ready(10)
    assert place(Declaration(RECORD, updates=True)) == Ready(0)


def test_the_next_one_follows_its_predecessor_in_the_phones_own_lane() -> None:
    assert place(an_update(161), landed(160)) == Ready(10)


def test_without_its_predecessor_it_waits_and_says_for_what() -> None:
    assert place(an_update(162), landed(160)) == Waits(key_of(RECORD, "b", 161))
    assert place(an_update(161), landed(160, branch="c")) == Waits(key_of(RECORD, "b", 160))
    assert place(an_update(161, branch="b"), is_known=False) == Waits(RECORD)


def test_what_it_waits_for_is_what_the_predecessor_settles() -> None:
    assert keys_settled(an_update(161)) == (key_of(RECORD, "b", 161),)
    assert keys_settled(Declaration(RECORD, creates=True)) == (RECORD,)
    assert keys_settled(Declaration(RECORD)) == ()


def test_a_reviewer_lets_it_in_with_what_it_really_knew() -> None:
    assert place(an_update(162), landed(160), forced=True) == Ready(
        10, frozenset({("l", 1), ("l", 2)})
    )


def test_an_older_chain_does_not_know_the_newer_one_of_its_own_phone() -> None:
    newer = landed(320, trunk=320, branch="c", at=5)
    assert place(an_update(160), newer) == Ready(10, frozenset())
    assert place(an_update(320, trunk=320, branch="c"), landed(160)) == Ready(20)


def test_a_predecessor_that_comes_late_does_not_know_its_successor() -> None:
    assert place(an_update(160), landed(161)) == Ready(10, frozenset())


def test_an_update_without_a_branch_overtakes_nobody() -> None:
    assert place(an_update(160), landed(160, branch=None)) == Ready(10)


def test_a_chain_goes_on_from_another_lane() -> None:
    elsewhere = landed(160, lane="old")
    assert place(an_update(161), elsewhere) == Ready(10, frozenset({("old", 1), ("old", 2)}))


def test_a_record_that_the_phone_made_itself_is_known_by_its_creation() -> None:
    first = an_update(1, trunk=None)
    assert place(first, landed(None, None, None)) == Ready(0)
    assert place(first, landed(None, None, None, lane="old")) == Ready(
        0, frozenset({("old", 1), ("old", 2)})
    )
    assert place(an_update(2, trunk=None), landed(None, None, None)) == Waits(
        key_of(RECORD, "b", 1)
    )


# Versions ------------------------------------------------------------------------------------


@given(st.integers(0, SPAN_NUMBERS - 1), st.integers(0, 40))
def test_a_version_leads_back_to_its_number(seq: int, corrections: int) -> None:
    assert SPANS.seq_of(SPANS.version_of(seq, corrections)) == seq


@given(st.lists(st.integers(0, 3_000_000), min_size=1, max_size=60))
def test_versions_rise_with_numbers_over_every_restore_and_fit(steps: list[int]) -> None:
    spans, head, shown = Spans(), 0, 0
    for step in steps:
        # A restore leaps by microseconds since 1970, a village's work by ones.
        head += step if step < 2_000_000 else step * 1_000_000
        span = spans.due(head)
        if span is not None:
            spans = Spans((*spans.spans, span))
        version = spans.version_of(head)
        assert shown <= version <= VERSION_MAX
        if step:
            assert version > shown or version % SPAN_VERSIONS == SPAN_VERSIONS - 1
        shown = version


def test_a_lost_history_lies_below_whatever_is_given_out_after_it() -> None:
    restored, lost = 100, 900
    spans = Spans((Span(10**15 - SPAN_NUMBERS // 2, SPAN_VERSIONS),))
    assert Spans().version_of(lost) < spans.version_of(10**15)
    assert restored < spans.seq_of(Spans().version_of(lost)) < 10**15


def test_a_span_ends_when_it_is_full() -> None:
    assert SPANS.due(SPAN_NUMBERS - 1) is None
    assert SPANS.due(SPAN_NUMBERS) == Span(SPAN_NUMBERS, SPAN_VERSIONS)
    assert SPANS.due(10**15) == Span(10**15 - SPAN_NUMBERS // 2, SPAN_VERSIONS)


def test_the_last_span_is_never_left() -> None:
    last = Spans((Span(10, VERSION_MAX - SPAN_VERSIONS),))
    assert last.due(10**15) is None
    assert last.version_of(10**15) <= VERSION_MAX


@pytest.mark.parametrize("updates", range(1, VERSIONS_PER_NUMBER + 1))
def test_one_change_of_the_server_passes_a_phones_own_updates(updates: int) -> None:
    assert SPANS.version_of(11) >= SPANS.version_of(10) + updates


def test_a_version_from_before_the_first_span_is_the_beginning() -> None:
    assert Spans((Span(50, 800),)).seq_of(16) == 1
    assert Spans((Span(50, 800),)).version_of(1) == 16
