"""The transition table of a round: every state × step × role, windows, the two-person rule."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.permission import ROLE_ACTIONS, Action, Role
from sync.signoff import (
    ASKED_FOR,
    NOTES,
    SIGNED,
    TRANSITIONS,
    VILLAGE_ROLES,
    Attempt,
    Calendar,
    Event,
    Refused,
    State,
    Window,
    after,
    follows,
    may_reopen,
    only_by_their_editors,
    steps_from,
)

NOVEMBER = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
INSIDE = datetime(2026, 11, 20, tzinfo=UTC)
AFTER = datetime(2026, 12, 1, tzinfo=UTC)
ABOVE = {Role.SUPERVISOR, Role.ADMIN}
VILLAGE = {Role.OPERATOR_DESA, Role.KEPALA_DESA}

EXPECTED: Mapping[tuple[Event, State], tuple[State, set[Role]]] = {
    (Event.MULAI_VERIFIKASI, State.DAFTAR_TERBUKA): (State.VERIFIKASI, VILLAGE | ABOVE),
    (Event.BUKA_MUSYAWARAH, State.VERIFIKASI): (State.MUSYAWARAH, VILLAGE | ABOVE),
    (Event.DISAHKAN, State.MUSYAWARAH): (State.DISAHKAN, VILLAGE),
    (Event.DIEKSPOR, State.DISAHKAN): (State.DIEKSPOR, {Role.OPERATOR_DESA} | ABOVE),
    (Event.DIFINALKAN, State.DIEKSPOR): (State.DIFINALKAN, ABOVE),
    (Event.DISAHKAN_BUPATI, State.DIFINALKAN): (State.DISAHKAN_BUPATI, ABOVE),
    (Event.DIBUKA_KEMBALI, State.MUSYAWARAH): (State.VERIFIKASI, VILLAGE | ABOVE),
    (Event.DIBUKA_KEMBALI, State.DISAHKAN): (State.VERIFIKASI, {Role.KEPALA_DESA} | ABOVE),
    (Event.DIBUKA_KEMBALI, State.DIEKSPOR): (State.VERIFIKASI, ABOVE),
    (Event.DIBUKA_KEMBALI, State.DIFINALKAN): (State.VERIFIKASI, ABOVE),
    (Event.DIBUKA_KEMBALI, State.DISAHKAN_BUPATI): (State.VERIFIKASI, {Role.ADMIN}),
}
"""Written down a second time on purpose: the table cannot be changed by a slip."""


def attempt(event: Event, role: Role, moment: datetime = INSIDE, reason: str = "sebab") -> Attempt:
    return Attempt(event, role, moment, reason)


@pytest.mark.parametrize(("event", "state"), [*product(Event, State)])
def test_a_step_leads_where_the_table_says_and_only_for_its_roles(
    event: Event, state: State
) -> None:
    if event in NOTES:
        return
    for role in Role:
        answer = after(state, attempt(event, role), Calendar(NOVEMBER))
        if (event, state) not in EXPECTED:
            assert answer is Refused.NOT_FROM_HERE
            continue
        target, roles = EXPECTED[event, state]
        assert answer is (target if role in roles else Refused.NOT_THIS_ROLE)


def test_every_role_of_a_step_may_knock_at_a_door_that_takes_it() -> None:
    doors = {Event.DISAHKAN: (Action.SIGN, Action.SIGN_ON_PAPER)}
    for one in TRANSITIONS:
        for role in one.roles:
            actions = doors.get(one.event, (Action.MOVE_ROUND,))
            assert ROLE_ACTIONS[role] & set(actions), (one.event, role)


def test_nobody_goes_back_without_saying_why() -> None:
    for state in State:
        for role in may_reopen(state):
            asked = attempt(Event.DIBUKA_KEMBALI, role, reason="  ")
            assert after(state, asked, Calendar(NOVEMBER)) is Refused.REASON_MISSING


def test_a_signature_is_nothing_to_be_asked_for() -> None:
    assert Event.DISAHKAN not in ASKED_FOR
    assert {Event.DIEKSPOR, Event.DIBUKA_KEMBALI} <= ASKED_FOR


def test_what_a_role_can_do_next_is_told_in_the_order_of_the_table() -> None:
    assert steps_from(State.MUSYAWARAH, Role.OPERATOR_DESA) == (
        Event.DISAHKAN,
        Event.DIBUKA_KEMBALI,
    )
    assert steps_from(State.DAFTAR_TERBUKA, Role.TKPK) == ()


# Windows --------------------------------------------------------------------------------------


def test_after_its_window_a_village_is_locked_for_its_own_people_only() -> None:
    calendar = Calendar(NOVEMBER)
    for role in Role:
        assert calendar.is_open(role, AFTER) is (role not in VILLAGE_ROLES)
    late = attempt(Event.BUKA_MUSYAWARAH, Role.OPERATOR_DESA, AFTER)
    assert after(State.VERIFIKASI, late, calendar) is Refused.CLOSED
    late = attempt(Event.BUKA_MUSYAWARAH, Role.SUPERVISOR, AFTER)
    assert after(State.VERIFIKASI, late, calendar) is State.MUSYAWARAH


def test_a_window_includes_its_first_moment_and_not_its_last() -> None:
    assert NOVEMBER.covers(NOVEMBER.opens)
    assert not NOVEMBER.covers(NOVEMBER.closes)
    assert not NOVEMBER.covers(NOVEMBER.opens - timedelta(microseconds=1))


def test_a_role_with_a_window_of_its_own_is_held_to_that_one() -> None:
    week = Window(NOVEMBER.opens, NOVEMBER.opens + timedelta(days=7))
    calendar = Calendar(NOVEMBER, {Role.PETUGAS: week, Role.SUPERVISOR: NOVEMBER})
    assert not calendar.is_open(Role.PETUGAS, INSIDE)
    assert calendar.is_open(Role.KEPALA_DESA, INSIDE)
    assert not calendar.is_open(Role.SUPERVISOR, AFTER)


def test_an_unlocked_village_goes_on_until_that_time() -> None:
    until = AFTER + timedelta(days=1)
    calendar = Calendar(NOVEMBER, unlocked_until=until)
    assert calendar.is_open(Role.KEPALA_DESA, AFTER)
    assert not calendar.is_open(Role.KEPALA_DESA, until)


def test_export_and_what_follows_happen_after_the_window_as_well() -> None:
    late = attempt(Event.DIEKSPOR, Role.OPERATOR_DESA, AFTER)
    assert after(State.DISAHKAN, late, Calendar(NOVEMBER)) is State.DIEKSPOR


# Notes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("event", "state"), [*product(NOTES, State)])
def test_a_note_changes_no_state_and_has_its_time(event: Event, state: State) -> None:
    answer = after(state, attempt(event, Role.SUPERVISOR), Calendar(NOVEMBER))
    assert answer is (state if state in NOTES[event] else Refused.NOT_FROM_HERE)


def test_the_key_to_a_closed_village_is_the_offices_and_needs_a_reason() -> None:
    def unlocking(role: Role, reason: str) -> State | Refused:
        asked = attempt(Event.KUNCI_DIBUKA, role, AFTER, reason)
        return after(State.VERIFIKASI, asked, Calendar(NOVEMBER))

    assert unlocking(Role.OPERATOR_DESA, "sebab") is Refused.NOT_THIS_ROLE
    assert unlocking(Role.SUPERVISOR, "") is Refused.REASON_MISSING
    assert unlocking(Role.SUPERVISOR, "jalan putus") is State.VERIFIKASI


def test_a_village_head_signs_and_does_not_approve() -> None:
    asked = attempt(Event.DISETUJUI, Role.KEPALA_DESA)
    assert after(State.MUSYAWARAH, asked, Calendar(NOVEMBER)) is Refused.NOT_THIS_ROLE


def test_a_note_after_the_window_is_refused_as_well() -> None:
    asked = attempt(Event.RT_SELESAI, Role.PETUGAS, AFTER)
    assert after(State.VERIFIKASI, asked, Calendar(NOVEMBER)) is Refused.CLOSED


# The log --------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(Event), max_size=12))
def test_a_log_is_a_history_if_and_only_if_every_step_of_it_was_possible(
    events: list[Event],
) -> None:
    state, log = State.DAFTAR_TERBUKA, list[tuple[str, str, str]]()
    for event in events:
        answer = after(state, attempt(event, Role.ADMIN), Calendar(NOVEMBER))
        signing = after(state, attempt(event, Role.KEPALA_DESA), Calendar(NOVEMBER))
        answer = signing if answer is Refused.NOT_THIS_ROLE else answer
        if isinstance(answer, Refused):
            assert follows([*log, (event.value, state.value, state.value)]) is None
            return
        log.append((event.value, state.value, answer.value))
        state = answer
    assert follows(log) is state


def test_a_log_that_leaps_or_lies_is_no_history() -> None:
    step = (Event.MULAI_VERIFIKASI.value, State.DAFTAR_TERBUKA.value, State.VERIFIKASI.value)
    assert follows([step]) is State.VERIFIKASI
    assert follows([step, step]) is None
    assert follows([("dicoret", State.DAFTAR_TERBUKA.value, State.VERIFIKASI.value)]) is None
    assert follows([(step[0], step[1], State.DISAHKAN.value)]) is None


def test_signed_states_are_those_that_come_after_the_signature() -> None:
    reached = {State.DISAHKAN}
    for one in TRANSITIONS:
        if one.source in reached and one.event is not Event.DIBUKA_KEMBALI:
            reached.add(one.target)
    assert reached == SIGNED


# Two persons ----------------------------------------------------------------------------------

PEOPLE = st.frozensets(st.sampled_from("abcde"), max_size=4)


@given(st.dictionaries(st.sampled_from(["k1", "k2", "k3"]), PEOPLE), PEOPLE)
def test_no_family_is_approved_by_its_editors_alone(
    editors: dict[str, frozenset[str]], approvers: frozenset[str]
) -> None:
    alone = only_by_their_editors(editors, approvers)
    for family, by in editors.items():
        somebody_else = any(approver not in by for approver in approvers)
        assert (family in alone) is (bool(by) and not somebody_else)


@given(st.dictionaries(st.sampled_from(["k1", "k2"]), PEOPLE), PEOPLE, PEOPLE)
def test_another_approver_never_hurts(
    editors: dict[str, frozenset[str]], approvers: frozenset[str], more: frozenset[str]
) -> None:
    before = only_by_their_editors(editors, approvers)
    assert only_by_their_editors(editors, approvers | more) <= before
