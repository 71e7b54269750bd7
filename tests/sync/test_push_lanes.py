"""Lanes are dense; what comes twice is answered twice and done once; clones are found out."""

from dataclasses import replace

import pytest

from sync.push import Forked, Hole
from sync.types import Lane
from tests.builders import DESA, FAMILY, OTHER_FAMILY, Raw, a_family, an_edit, an_id
from tests.village import Phone, Refused, Village


@pytest.fixture
def village() -> Village:
    return Village()


@pytest.fixture
def phone(village: Village) -> Phone:
    return village.phone("A")


def named(name: str) -> Raw:
    return an_edit(nama_kepala_keluarga=name)


def test_a_lane_moves_on_by_one_with_every_operation(village: Village, phone: Phone) -> None:
    answer = phone.push(a_family(), named("Bodi"), an_edit(atap2="seng"))
    assert [seq for seq, _ in answer.plan.results] == [1, 2, 3]
    assert answer.plan.acked == 3
    assert village.lanes["A"].last == 3


def test_an_empty_push_changes_nothing(phone: Phone) -> None:
    answer = phone.send()
    assert (answer.plan.acked, answer.plan.records) == (0, ())


def test_a_hole_rolls_the_batch_back(phone: Phone) -> None:
    phone.push(a_family())
    phone.capture(named("Bodi"), named("Budhi"))
    with pytest.raises(Refused) as refused:
        phone.send(phone.outbox[1])
    assert refused.value.why == Hole(1)


def test_a_hole_inside_a_batch_rolls_all_of_it_back(village: Village, phone: Phone) -> None:
    phone.capture(a_family(), named("Bodi"), named("Budhi"))
    with pytest.raises(Refused):
        phone.send(phone.outbox[0], phone.outbox[2])
    assert village.records == {}


def test_a_lost_answer_costs_a_repetition_and_nothing_else(village: Village, phone: Phone) -> None:
    phone.push(a_family())
    phone.capture(named("Bodi"), an_edit(atap2="seng"))
    sent = list(phone.outbox)
    first = phone.send(*sent)
    before = village.record(FAMILY)
    again = phone.send(*sent)
    assert village.record(FAMILY) == before
    assert again.entries == [
        {"outcome": "duplicate", "original": "applied"},
        {**first.entries[1], "outcome": "duplicate", "original": "quarantined"},
    ]
    assert again.plan.acked == 3
    assert again.plan.settled == ()


def test_a_batch_may_overlap_with_what_was_stored(phone: Phone) -> None:
    phone.capture(a_family(), named("Bodi"))
    first, second = phone.outbox
    phone.send(first)
    assert phone.send(first, second).outcomes == ["duplicate", "applied"]


def test_the_same_place_with_other_content_is_a_fork(village: Village, phone: Phone) -> None:
    phone.push(a_family(), named("Bodi"))
    clone = village.phone("A")
    clone.capture(named("Budhi"))
    with pytest.raises(Refused) as refused:
        clone.send({**clone.outbox[0], "seq": 2})
    assert refused.value.why == Forked(2)
    assert village.fields(FAMILY)["nama_kepala_keluarga"] == "Bodi"


def test_a_fork_is_noticed_behind_operations_that_match(phone: Phone) -> None:
    phone.capture(a_family(), named("Bodi"))
    first, second = phone.outbox
    phone.send(first, second)
    with pytest.raises(Refused):
        phone.send(first, {**second, "mono": 1})


def test_a_place_before_the_first_is_no_place(phone: Phone) -> None:
    phone.push(a_family())
    phone.capture(named("Bodi"))
    with pytest.raises(Refused) as refused:
        phone.send("rubbish", {**phone.outbox[0], "seq": 1})
    assert isinstance(refused.value.why, Forked)


def test_the_same_element_twice_in_one_batch_is_done_once(village: Village, phone: Phone) -> None:
    phone.capture(a_family())
    (raw,) = phone.outbox
    village.is_examined = False
    assert phone.send(raw, raw).outcomes == ["applied"]
    phone.capture(named("Bodi"))
    with pytest.raises(Refused):
        phone.send(phone.outbox[-1], {**phone.outbox[-1], "mono": 1})


def test_the_same_content_at_two_places_of_one_batch_is_done_once(phone: Phone) -> None:
    phone.capture(a_family())
    (raw,) = phone.outbox
    answer = phone.send(raw, {**raw, "seq": 2}, {**raw, "seq": 3})
    assert answer.outcomes == ["applied", "duplicate", "duplicate"]
    assert [entry.get("original") for entry in answer.entries] == [None, "applied", "applied"]


# A new incarnation of the same device -----------------------------------------------------------


@pytest.fixture
def clone(village: Village, phone: Phone) -> Phone:
    """A second lane of the same device, forked after the first operation."""
    phone.push(a_family(nama_kepala_keluarga="Budi"))
    village.lanes["A2"] = Lane("A2", DESA, 0, known={"A": 1})
    clone = village.phone("A2")
    clone.device = "A"
    return clone


def test_what_is_offered_again_under_a_new_lane_is_a_duplicate(
    village: Village, phone: Phone, clone: Phone
) -> None:
    phone.capture(named("Bodi"))
    (raw,) = phone.outbox
    phone.push()
    answer = clone.send({**raw, "seq": 1})
    assert answer.entry == {"outcome": "duplicate", "original": "applied"}
    assert village.lanes["A2"].extra == {("A", 2)}
    assert answer.plan.records == ()
    assert len(answer.plan.settled) == 1, "it has its place in the new lane"


def test_an_operation_offered_again_is_known_to_those_after_it(phone: Phone, clone: Phone) -> None:
    phone.capture(named("Bodi"))
    (raw,) = phone.outbox
    phone.push()
    clone.send({**raw, "seq": 1})
    assert clone.push(named("Budhi")).outcome == "applied"


def test_what_the_clone_never_had_is_concurrent(phone: Phone, clone: Phone) -> None:
    phone.push(named("Bodi"))
    assert clone.push(named("Budhi")).outcome == "conflict"


def test_what_came_before_the_fork_is_known(village: Village, clone: Phone) -> None:
    assert clone.push(named("Budhi")).outcome == "applied"
    assert village.conflicts == {}


def test_a_duplicate_under_a_third_lane_still_tells_the_first_answer(
    village: Village, phone: Phone, clone: Phone
) -> None:
    phone.capture(an_edit(atap2="seng"))
    (raw,) = phone.outbox
    phone.push()
    clone.send({**raw, "seq": 1})
    village.lanes["A3"] = Lane("A3", DESA, 0, known={"A": 1, "A2": 1})
    third = village.phone("A3")
    third.device = "A"
    entry = third.send({**raw, "seq": 1}).entry
    assert (entry["original"], entry["problem"]) == ("quarantined", "unknown-field")


def test_another_device_that_says_the_same_is_not_a_duplicate(village: Village) -> None:
    phones = village.phone("A"), village.phone("B")
    raw = {**a_family(), "seq": 1, "mono": 1, "boot": "b", "base": 0}
    assert phones[0].send(raw).outcome == "applied"
    assert phones[1].send(raw).problem == "id-taken"


# Elements that no lane could expect -------------------------------------------------------------


@pytest.mark.parametrize("rubbish", ["text", 7, None, [], {"kind": "set"}, {"seq": "3"}, True])
def test_rubbish_takes_the_next_place_and_the_lane_moves_on(
    village: Village, phone: Phone, rubbish: object
) -> None:
    phone.push(a_family())
    phone.capture(named("Bodi"), named("Budhi"))
    first, second = phone.outbox
    answer = phone.send(first, rubbish, {**second, "seq": 4})
    assert answer.outcomes == ["applied", "quarantined", "applied"]
    assert answer.entries[1]["problem"] == "malformed"
    assert village.lanes["A"].last == 4


def test_rubbish_alone_goes_to_the_end_of_the_lane_and_counts_once(phone: Phone) -> None:
    phone.push(a_family())
    answer = phone.send("rubbish", 7)
    assert [seq for seq, _ in answer.plan.results] == [2, 3]
    again = phone.send("rubbish", 7)
    assert [seq for seq, _ in again.plan.results] == [4, 5], "nobody can tell where it was"
    assert again.outcomes == ["duplicate", "duplicate"]


def test_rubbish_in_front_stays_in_front_when_it_is_sent_again(phone: Phone) -> None:
    phone.push(a_family())
    phone.capture(named("Bodi"))
    sent = ["rubbish", {**phone.outbox[0], "seq": 3}]
    assert phone.send(*sent).outcomes == ["quarantined", "applied"]
    assert phone.send(*sent).outcomes == ["duplicate", "duplicate"]


def test_a_revoked_device_hands_its_work_over_into_quarantine(
    village: Village, phone: Phone
) -> None:
    phone.push(a_family())
    phone.is_revoked = True
    answer = phone.push(named("Bodi"), an_edit(atap2="seng"))
    assert [entry["problem"] for entry in answer.entries] == ["device-revoked"] * 2
    assert village.lanes["A"].last == 3


def test_a_stored_answer_that_was_released_is_repeated_as_it_is_now(
    village: Village, phone: Phone
) -> None:
    phone.capture(an_edit(OTHER_FAMILY, atap2="seng"))
    sent = list(phone.outbox)
    phone.push()
    released: Raw = {"outcome": "applied", "at": 9}
    village.log["A", 1] = replace(village.log["A", 1], entry=released)
    village.is_examined = False
    assert phone.send(*sent).entry == {"outcome": "duplicate", "original": "applied", "at": 9}


def test_conflicts_are_named_alike_when_history_is_replayed() -> None:
    ids = []
    for _ in range(2):
        village = Village()
        village.office().push(a_family(nama_kepala_keluarga="Budi"))
        phones = [village.phone(name).pull() for name in "AB"]
        for name, phone in zip(("Bodi", "Budhi"), phones, strict=True):
            phone.push(named(name))
        ids.append(village.question.id)
    assert ids[0] == ids[1]
    assert ids[0] != an_id(0)
