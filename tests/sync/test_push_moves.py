"""Families that change their RT, people who change their family, and who has to hear of it."""

import pytest

from tests.builders import (
    CHILD,
    FAMILY,
    MEASUREMENT,
    OTHER_FAMILY,
    PERSON,
    VISIT,
    a_family,
    a_measurement,
    a_move,
    a_person,
    a_persons_edit,
    a_visit,
    an_edit,
    an_id,
)
from tests.village import Village

BENEATH = (PERSON, CHILD, VISIT, MEASUREMENT)
THIRD_FAMILY = an_id(3)


@pytest.fixture
def village() -> Village:
    """A family with two members, a visit and a measurement; another one in the next RT."""
    village = Village()
    village.office().push(
        a_family(FAMILY, rt="003"),
        a_person(PERSON),
        a_person(CHILD),
        a_visit(VISIT),
        a_measurement(MEASUREMENT, person=CHILD),
        a_family(OTHER_FAMILY, rt="004"),
        a_family(THIRD_FAMILY, rt="003"),
    )
    return village


def test_every_row_beneath_a_family_follows_it_into_another_rt(village: Village) -> None:
    answer = village.phone("A").pull().push(an_edit(alamat="Jalan Mawar", rt="005", rw="001"))
    assert {record.id for record in answer.plan.records} == {FAMILY, *BENEATH}
    for record_id in (FAMILY, *BENEATH):
        record = village.record(record_id)
        assert record.rt == "005/001"
        assert record.rt_since == record.seq
        assert record.left == {"003/001": record.seq}


def test_an_address_in_the_same_rt_touches_nobody_else(village: Village) -> None:
    answer = village.phone("A").pull().push(an_edit(alamat="Jalan Mawar", rt="003", rw="001"))
    assert [record.id for record in answer.plan.records] == [FAMILY]
    assert village.record(FAMILY).left == {}


def test_a_family_whose_address_lost_its_rt_has_left_it(village: Village) -> None:
    village.phone("A").pull().push(an_edit(alamat="Jalan Mawar"))
    assert village.record(PERSON).rt == ""
    assert set(village.record(PERSON).left) == {"003/001"}


def test_every_rt_ever_left_is_remembered_and_a_return_forgets_it(village: Village) -> None:
    phone = village.phone("A")
    for rt in ("005", "006", "003"):
        phone.pull().push(an_edit(rt=rt, rw="001"))
    record = village.record(VISIT)
    assert record.rt == "003/001"
    assert set(record.left) == {"005/001", "006/001"}
    assert record.rt_since == record.seq


def test_a_disputed_address_moves_nobody_until_it_is_decided(village: Village) -> None:
    first, second = village.phone("A").pull(), village.phone("B").pull()
    first.push(an_edit(rt="005", rw="001"))
    assert second.push(an_edit(rt="006", rw="001")).outcome == "conflict"
    assert village.record(PERSON).rt == "005/001"
    village.office().settle(village.question, "candidate")
    assert village.record(PERSON).rt == "006/001"
    assert set(village.record(MEASUREMENT).left) == {"003/001", "005/001"}


def test_a_person_who_moves_takes_the_measurements_along(village: Village) -> None:
    answer = village.phone("A").pull().push(a_move(CHILD, to=OTHER_FAMILY))
    assert {record.id for record in answer.plan.records} == {CHILD, MEASUREMENT}
    child, measured = village.record(CHILD), village.record(MEASUREMENT)
    assert (child.parent, child.keluarga, child.rt) == (OTHER_FAMILY, OTHER_FAMILY, "004/001")
    assert (measured.parent, measured.keluarga) == (CHILD, OTHER_FAMILY)
    assert set(measured.left) == {"003/001"}


def test_a_move_within_the_rt_still_gives_every_row_beneath_a_number(village: Village) -> None:
    answer = village.phone("A").pull().push(a_move(CHILD, to=THIRD_FAMILY))
    assert {record.id for record in answer.plan.records} == {CHILD, MEASUREMENT}
    assert village.record(CHILD).left == {}


def test_staying_is_a_statement_that_moves_nothing(village: Village) -> None:
    answer = village.phone("A").pull().push(a_move(CHILD, to=FAMILY))
    assert [record.id for record in answer.plan.records] == [CHILD]
    assert village.record(CHILD).stamps["parent"][0].dot == ("A", 1)


def test_a_family_that_moves_takes_the_newcomer_along(village: Village) -> None:
    phone = village.phone("A").pull()
    phone.push(a_move(CHILD, to=OTHER_FAMILY), an_edit(OTHER_FAMILY, rt="007", rw="001"))
    assert village.record(MEASUREMENT).rt == "007/001"
    phone.push(an_edit(FAMILY, rt="008", rw="001"))
    assert village.record(CHILD).rt == "007/001", "it belongs there no more"


def test_two_moves_at_once_are_for_a_person(village: Village) -> None:
    first, second = village.phone("A").pull(), village.phone("B").pull()
    first.push(a_move(CHILD, to=OTHER_FAMILY))
    assert second.push(a_move(CHILD, to=THIRD_FAMILY)).outcome == "conflict"
    assert village.record(CHILD).parent == OTHER_FAMILY
    assert village.proposals == [{"parent": THIRD_FAMILY}]


def test_a_family_is_split_by_a_create_and_moves(village: Village) -> None:
    new = an_id(9)
    answer = (
        village.phone("A")
        .pull()
        .push(a_family(new, rt="003"), a_move(PERSON, to=new), a_move(CHILD, to=new))
    )
    assert answer.outcomes == ["applied"] * 3
    assert village.record(MEASUREMENT).keluarga == new


def test_an_edit_of_somebody_who_has_moved_is_no_conflict(village: Village) -> None:
    away = village.phone("B").pull()
    village.phone("A").pull().push(a_move(CHILD, to=OTHER_FAMILY))
    assert away.push(a_persons_edit(CHILD, nama="Bayu")).outcome == "applied"
