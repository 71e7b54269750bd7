"""Where and what an author may write: now, and on the day when the phone had no signal."""

from datetime import timedelta

import pytest

from sync.permission import Role
from sync.push import Author
from sync.scope import Grant, Scope
from tests.builders import (
    CHILD,
    DESA,
    FAMILY,
    HOME_RT,
    MEASUREMENT,
    NEIGHBOUR_RT,
    OTHER_FAMILY,
    OTHER_PERSON,
    PERSON,
    STRANGER,
    Raw,
    a_family,
    a_measurement,
    a_move,
    a_person,
    a_persons_edit,
    a_visit,
    an_edit,
    an_end,
    an_id,
)
from tests.village import BEGIN, CAMPAIGN, Phone, Village

NEW = an_id(50)


@pytest.fixture
def village() -> Village:
    """A family in RT 003/001 and one in RT 004/001."""
    village = Village()
    village.office().push(
        a_family(FAMILY, rt="003"),
        a_person(PERSON),
        a_person(CHILD, tanggal_lahir="2024-05-01"),
        a_family(OTHER_FAMILY, rt="004"),
        a_person(OTHER_PERSON, family=OTHER_FAMILY),
    )
    return village


@pytest.fixture
def collector(village: Village) -> Phone:
    """A collector of RT 003/001 who has pulled it."""
    return village.phone("A", rts=[HOME_RT]).pull()


def test_a_collector_writes_in_the_own_rt(collector: Phone) -> None:
    assert collector.push(an_edit(luas_lantai=30), a_persons_edit(nama="Ani")).outcomes == [
        "applied",
        "applied",
    ]


@pytest.mark.parametrize("operation", [an_edit(luas_lantai=30), an_end(), a_move(to=FAMILY)])
def test_what_is_foreign_and_what_is_not_there_get_the_same_answer(
    collector: Phone, operation: Raw
) -> None:
    of_person = operation["entity"] == "anggota"
    foreign = {**operation, "id": OTHER_PERSON if of_person else OTHER_FAMILY}
    answers = collector.push(foreign, {**operation, "id": STRANGER}).entries
    assert answers[0] == answers[1]
    assert answers[0]["problem"] == "record-unknown"


def test_a_foreign_record_does_not_even_say_of_which_kind_it_is(collector: Phone) -> None:
    assert collector.push(a_persons_edit(OTHER_FAMILY, nama="x")).problem == "record-unknown"


@pytest.mark.parametrize("operation", [a_person(NEW), a_visit(NEW), a_move()])
def test_a_foreign_parent_and_one_that_is_not_there_get_the_same_answer(
    collector: Phone, operation: Raw
) -> None:
    there = {**operation, "parent": OTHER_FAMILY}
    answers = collector.push(there, {**operation, "parent": STRANGER}).entries
    assert answers[0] == answers[1]
    assert answers[0]["problem"] == "parent-unknown"


def test_new_families_stand_in_the_own_rt(collector: Phone) -> None:
    answer = collector.push(a_family(NEW, rt="004"), a_family(an_id(51), rt="003"))
    assert answer.entries[0]["problem"] == "not-permitted"
    assert answer.outcomes[1] == "applied"


# Late -------------------------------------------------------------------------------------------


def loses_the_rt(phone: Phone) -> None:
    """The collector is given RT 004/001 instead of RT 003/001, now."""
    old = Grant(DESA, frozenset({HOME_RT}), CAMPAIGN, phone.village.now)
    new = Grant(DESA, frozenset({NEIGHBOUR_RT}), phone.village.now)
    phone.scope = Scope((old, new))


@pytest.mark.parametrize(
    "operation", [an_edit(luas_lantai=30), a_person(NEW), a_family(NEW, rt="003")]
)
def test_work_done_while_the_rt_was_theirs_still_counts(collector: Phone, operation: Raw) -> None:
    collector.capture(operation)
    collector.village.later(days=13)
    loses_the_rt(collector)
    collector.village.later(hours=1)
    assert collector.push().outcome == "applied"


@pytest.mark.parametrize(
    "operation", [an_edit(luas_lantai=30), a_person(NEW), a_family(NEW, rt="003")]
)
def test_after_a_fortnight_it_is_for_the_areas_reviewer(collector: Phone, operation: Raw) -> None:
    collector.capture(operation)
    loses_the_rt(collector)
    collector.village.later(days=14, seconds=1)
    collector.capture()
    assert collector.push().problem == "scope-stale"


def test_a_fortnight_is_inclusive(collector: Phone) -> None:
    collector.village.is_examined = False
    collector.capture(an_edit(luas_lantai=30))
    captured_ms_ago = collector.mono - collector.outbox[0]["mono"]  # type: ignore[operator]  # an integer
    loses_the_rt(collector)
    collector.village.later(days=14, milliseconds=-captured_ms_ago)
    assert collector.push().outcome == "applied"


@pytest.mark.parametrize(
    ("operation", "problem"),
    [
        (an_edit(luas_lantai=30), "record-unknown"),
        (a_person(NEW), "parent-unknown"),
        (a_family(NEW, rt="003"), "not-permitted"),
    ],
)
def test_work_done_after_the_rt_was_lost_is_a_strangers(
    collector: Phone, operation: Raw, problem: str
) -> None:
    loses_the_rt(collector)
    collector.village.later(hours=1)
    assert collector.push(operation).problem == problem


def test_what_is_in_scope_now_has_no_date(collector: Phone) -> None:
    collector.capture(an_edit(luas_lantai=30))
    collector.village.later(days=300)
    assert collector.push().outcome == "applied"


def test_a_family_that_moved_away_unknowingly_counts_as_still_there(collector: Phone) -> None:
    collector.village.office().pull().push(an_edit(rt="004", rw="001"))
    assert collector.push(an_edit(luas_lantai=30), a_person(NEW)).outcomes == ["applied"] * 2


def test_a_family_that_was_seen_leaving_is_a_strangers(collector: Phone) -> None:
    collector.village.office().pull().push(an_edit(rt="004", rw="001"))
    assert collector.pull().push(an_edit(luas_lantai=30)).problem == "record-unknown"


def test_a_family_that_moved_away_long_ago_is_for_a_reviewer(collector: Phone) -> None:
    collector.capture(an_edit(luas_lantai=30))
    collector.village.office().pull().push(an_edit(rt="004", rw="001"))
    collector.village.later(days=15)
    assert collector.push().problem == "scope-stale"


def test_the_family_moved_and_the_rt_was_lost_and_the_work_still_counts(collector: Phone) -> None:
    collector.capture(an_edit(luas_lantai=30))
    collector.village.office().pull().push(an_edit(rt="005", rw="001"))
    loses_the_rt(collector)
    collector.village.later(days=1)
    assert collector.push().outcome == "applied"


# Roles ------------------------------------------------------------------------------------------


@pytest.fixture
def midwife(village: Village) -> Phone:
    return village.phone("M", role=Role.BIDAN).pull()


@pytest.mark.parametrize(
    "operation",
    [
        a_persons_edit(hamil=True),
        a_persons_edit(CHILD, nama="Bayu"),
        a_measurement(person=CHILD, berat_kg=11),
        an_end(CHILD, entity="anggota", end="meninggal"),
        a_move(CHILD, to=OTHER_FAMILY),
        a_person(NEW, tanggal_lahir="2026-11-01"),
        a_visit(),
    ],
)
def test_a_midwife_writes_what_is_hers(midwife: Phone, operation: Raw) -> None:
    assert midwife.push(operation).outcome == "applied"


@pytest.mark.parametrize(
    "operation",
    [
        an_edit(luas_lantai=30),
        a_persons_edit(nama="Ani"),
        an_end(PERSON, entity="anggota", end="meninggal"),
        a_move(PERSON, to=OTHER_FAMILY),
        a_person(NEW, tanggal_lahir="1990-11-01"),
        a_person(NEW),
        a_family(NEW),
    ],
)
def test_a_midwife_does_not_write_the_rest(midwife: Phone, operation: Raw) -> None:
    assert midwife.push(operation).problem == "not-permitted"


def test_a_collector_does_not_measure_children(collector: Phone) -> None:
    assert collector.push(a_measurement(person=CHILD)).problem == "not-permitted"


def test_one_group_too_many_sets_the_whole_operation_aside(midwife: Phone) -> None:
    answer = midwife.push(a_persons_edit(hamil=True, nama="Ani"))
    assert (answer.problem, answer.entry["detail"]) == (
        "not-permitted",
        "your role does not write nama",
    )


@pytest.mark.parametrize("role", [Role.KEPALA_DESA, Role.SUPERVISOR, Role.TKPK, Role.ADMIN])
def test_who_does_not_collect_does_not_write(village: Village, role: Role) -> None:
    answer = village.phone("Z", role=role).pull().push(an_edit(luas_lantai=30))
    assert answer.problem == "not-permitted"


def test_who_is_a_child_is_judged_on_the_day_it_is_about(midwife: Phone) -> None:
    edit = a_persons_edit(CHILD, nama="Bayu")
    midwife.village.now = BEGIN + timedelta(days=365 * 4)
    assert midwife.push(edit, day="2026-11-20").outcome == "applied"
    assert midwife.push(edit, day="2030-11-01").problem == "not-permitted"


def test_the_office_writes_everywhere(village: Village) -> None:
    office = village.office().pull()
    assert Author(office.scope, office.area).is_server
    answer = office.push(an_edit(OTHER_FAMILY, luas_lantai=30), a_measurement(MEASUREMENT))
    assert answer.outcomes == ["applied", "applied"]
