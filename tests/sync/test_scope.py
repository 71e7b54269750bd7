"""What an account may see: prefixes of areas, RTs, and the moments when grants were open."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.scope import Grant, Scope, VillageScope

NOW = datetime(2026, 11, 3, tzinfo=UTC)
DAY = timedelta(days=1)
DESA = "1802172001"


def a_grant(
    area: str = DESA,
    rts: set[str] | None = None,
    since: datetime = NOW - 10 * DAY,
    until: datetime | None = None,
) -> Grant:
    return Grant(area, None if rts is None else frozenset(rts), since, until)


def test_an_area_covers_what_begins_with_its_code() -> None:
    assert a_grant("1802").covers(DESA, "001/001")
    assert a_grant("180217").covers(DESA, "001/001")
    assert not a_grant("1804").covers(DESA, "001/001")
    assert not a_grant("180218").covers(DESA, "001/001")


def test_a_grant_with_rts_covers_those_only() -> None:
    grant = a_grant(rts={"003/001"})
    assert grant.covers(DESA, "003/001")
    assert not grant.covers(DESA, "003/002")
    assert not grant.covers(DESA, "003/")


def test_a_grant_without_a_single_rt_covers_nothing() -> None:
    assert not a_grant(rts=set()).covers(DESA, "003/001")


def test_a_grant_is_open_from_its_first_to_before_its_last_moment() -> None:
    grant = a_grant(since=NOW, until=NOW + DAY)
    assert not grant.open_at(NOW - timedelta(microseconds=1))
    assert grant.open_at(NOW)
    assert not grant.open_at(NOW + DAY)


def test_rts_of_several_grants_add_up() -> None:
    scope = Scope((a_grant(rts={"001/001"}), a_grant(rts={"002/001"})))
    assert scope.village(DESA, NOW) == VillageScope(DESA, frozenset({"001/001", "002/001"}))


def test_one_whole_grant_makes_the_rts_of_others_irrelevant() -> None:
    scope = Scope((a_grant(rts={"001/001"}), a_grant("1802")))
    assert scope.village(DESA, NOW) == VillageScope(DESA, None)
    assert scope.village(DESA, NOW).covers("099/099")


def test_a_closed_grant_gives_nothing_now_and_everything_then() -> None:
    scope = Scope((a_grant(until=NOW - DAY),))
    assert scope.village(DESA, NOW) == VillageScope(DESA, frozenset())
    assert not scope.touches(DESA, NOW)
    assert scope.areas(NOW) == ()
    assert scope.covered_at(DESA, "001/001", NOW - 2 * DAY)
    assert not scope.covered_at(DESA, "001/001", NOW)


def test_an_account_without_grants_sees_nothing() -> None:
    assert Scope(()).village(DESA, NOW).rts == frozenset()
    assert Scope(()).areas(NOW) == ()


def test_an_rt_kept_through_a_change_of_areas_was_never_uncovered() -> None:
    before = a_grant(rts={"001/001", "002/001"}, until=NOW)
    after = a_grant(rts={"002/001", "003/001"}, since=NOW)
    scope = Scope((before, after))
    for moment in (NOW - DAY, NOW - timedelta(microseconds=1), NOW, NOW + DAY):
        assert scope.covered_at(DESA, "002/001", moment)
    assert not scope.covered_at(DESA, "001/001", NOW)
    assert not scope.covered_at(DESA, "003/001", NOW - DAY)


def test_a_village_outside_is_not_touched() -> None:
    scope = Scope((a_grant(rts={"001/001"}),))
    assert scope.touches(DESA, NOW)
    assert not scope.touches("1802172002", NOW)
    assert not scope.village("1802172002", NOW).covers("001/001")


def test_areas_are_listed_once_and_in_order() -> None:
    scope = Scope((a_grant("1804"), a_grant("1802"), a_grant("1802", rts={"001/001"})))
    assert scope.areas(NOW) == ("1802", "1804")


@pytest.mark.parametrize("area", ["18", "1802", "180217", DESA])
def test_every_level_covers_its_village(area: str) -> None:
    assert Scope((a_grant(area),)).village(DESA, NOW).rts is None


codes = st.sampled_from(["18", "1802", "180217", DESA, "1802172002", "1804"])
rt_texts = st.sampled_from(["001/001", "002/001", "003/"])
moments = st.integers(-3, 3).map(lambda days: NOW + days * DAY)
grants = st.builds(
    Grant,
    codes,
    st.none() | st.frozensets(rt_texts),
    moments,
    st.none() | moments,
)


@given(st.lists(grants, max_size=5), rt_texts, moments)
def test_the_present_scope_is_what_was_covered_at_that_moment(
    given_grants: list[Grant], rt: str, moment: datetime
) -> None:
    scope = Scope(tuple(given_grants))
    for desa in (DESA, "1802172002"):
        assert scope.village(desa, moment).covers(rt) == scope.covered_at(desa, rt, moment)
