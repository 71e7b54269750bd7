"""What reviewers decide, what becomes of those who come late, and how a decision is undone."""

import pytest

from sync.types import ConflictState
from tests.builders import (
    FAMILY,
    OTHER_FAMILY,
    PERSON,
    Raw,
    a_family,
    a_move,
    a_person,
    an_id,
)
from tests.disputes import GROUP, Scene, a_scene, floor, named
from tests.village import Phone, Village


@pytest.fixture
def scene() -> Scene:
    return a_scene()


@pytest.fixture
def village(scene: Scene) -> Village:
    return scene.village


@pytest.fixture
def phones(scene: Scene) -> list[Phone]:
    return scene.phones


@pytest.fixture
def disputed(scene: Scene) -> Village:
    return scene.quarrel()


# Decided ----------------------------------------------------------------------------------------


def test_a_reviewer_who_takes_the_candidate_makes_it_current(disputed: Village) -> None:
    question = disputed.question
    assert disputed.office().settle(question, "candidate").outcome == "applied"
    settled = disputed.conflicts[question.id]
    assert settled.state is ConflictState.RESOLVED
    assert settled.version == question.version + 1
    assert disputed.fields(FAMILY)[GROUP] == "Budhi"
    assert disputed.record(FAMILY).stamps[GROUP][0].lane == "office"
    assert settled.decision is not None
    assert [claim.stamp.dot for claim in settled.decision.judged] == [("A", 1), ("B", 1)]


def test_a_reviewer_who_keeps_the_current_value_stamps_it_anew(disputed: Village) -> None:
    disputed.office().settle(disputed.question, "current")
    assert disputed.fields(FAMILY)[GROUP] == "Bodi"
    (stamp,) = disputed.record(FAMILY).stamps[GROUP]
    assert stamp.lane == "office"


def test_a_reviewer_may_type_a_third_value(disputed: Village) -> None:
    disputed.office().settle(disputed.question, "value", value={GROUP: "Boedi"})
    assert disputed.fields(FAMILY)[GROUP] == "Boedi"


def test_a_reviewer_may_say_that_nothing_is_known(disputed: Village) -> None:
    disputed.office().settle(disputed.question, "value", value={GROUP: None})
    assert GROUP not in disputed.fields(FAMILY)


def test_a_candidate_is_chosen_by_its_dot(disputed: Village, phones: list[Phone]) -> None:
    phones[2].push(named("Buddy"))
    office = disputed.office()
    assert office.settle(disputed.question, "candidate").problem == "malformed"
    dot: Raw = {"lane": "C", "lane_seq": 1}
    assert office.settle(disputed.question, "candidate", candidate=dot).outcome == "applied"
    assert disputed.fields(FAMILY)[GROUP] == "Buddy"


@pytest.mark.parametrize(
    ("choice", "more", "problem"),
    [
        ("toss a coin", {}, "malformed"),
        ("candidate", {"candidate": {"lane": "Z", "lane_seq": 9}}, "malformed"),
        ("value", {}, "bad-value"),
        ("value", {"value": {"alamat": "Jalan Mawar"}}, "unknown-field"),
        ("value", {"value": {GROUP: 7}}, "bad-value"),
    ],
)
def test_a_decision_that_cannot_be_read_changes_nothing(
    disputed: Village, choice: str, more: Raw, problem: str
) -> None:
    before = disputed.question
    assert disputed.office().settle(before, choice, **more).problem == problem
    assert disputed.question == before


def test_a_stale_version_is_refused(disputed: Village, phones: list[Phone]) -> None:
    stale = disputed.question
    phones[2].push(named("Buddy"))
    assert disputed.office().settle(stale, "candidate").problem == "conflict-changed"


def test_a_decided_conflict_is_not_decided_twice(disputed: Village) -> None:
    question = disputed.question
    office = disputed.office()
    office.settle(question, "candidate")
    again = disputed.conflicts[question.id]
    assert office.settle(again, "current").problem == "conflict-changed"


def test_a_conflict_is_settled_under_its_own_record_only(disputed: Village) -> None:
    disputed.office("import").push(a_family(OTHER_FAMILY))
    answer = disputed.office().resolve(
        OTHER_FAMILY, conflict=disputed.question.id, version=1, choice="current"
    )
    assert answer.problem == "record-unknown"


def test_decisions_belong_to_reviewers_lanes(disputed: Village, phones: list[Phone]) -> None:
    decision: Raw = {"conflict": disputed.question.id, "version": 1, "choice": "current"}
    raw: Raw = {"kind": "resolve", "entity": "keluarga", "id": FAMILY, "resolve": decision}
    assert phones[0].push(raw).problem == "not-permitted"


def test_a_reviewer_decides_between_two_families_for_one_person(village: Village) -> None:
    families = [a_family(OTHER_FAMILY), a_family(an_id(3)), a_person()]
    village.office("import").push(*families)
    for name, target in (("A", OTHER_FAMILY), ("B", an_id(3))):
        phone = village.phone(name)
        phone.copy = {PERSON: village.record(PERSON).created.seq}
        phone.push(a_move(to=target))
    assert village.office().settle(village.question, "candidate").outcome == "applied"
    assert village.record(PERSON).parent == an_id(3)


# Late -------------------------------------------------------------------------------------------


@pytest.fixture
def decided(disputed: Village) -> Village:
    """The reviewer has taken B's name; A, C and D do not know that."""
    disputed.office().settle(disputed.question, "candidate")
    return disputed


def test_late_and_equal_to_the_decision_is_a_no_op(decided: Village, phones: list[Phone]) -> None:
    assert phones[2].push(named("Budhi")).outcome == "no-op"
    assert decided.open_conflicts() == []


def test_late_with_a_value_that_was_judged_is_not_asked_again(
    decided: Village, phones: list[Phone]
) -> None:
    before = decided.record(FAMILY)
    assert phones[2].push(named("Bodi")).entry == {"outcome": "already-judged", "group": GROUP}
    assert decided.record(FAMILY) == before


def test_late_with_a_judged_value_of_a_later_day_asks_again(
    decided: Village, phones: list[Phone]
) -> None:
    decided.later(days=1)
    assert phones[2].push(named("Bodi"), day="2026-11-21").outcome == "conflict"


def test_late_with_something_new_reopens_with_the_earlier_decision_attached(
    decided: Village, phones: list[Phone]
) -> None:
    (earlier,) = decided.conflicts.values()
    assert phones[2].push(named("Bondan")).outcome == "conflict"
    assert decided.question.reopens == earlier.id
    assert decided.question.id != earlier.id
    assert decided.conflicts[earlier.id] == earlier
    assert decided.fields(FAMILY)[GROUP] == "Budhi"


def test_a_reopened_question_takes_further_candidates(
    decided: Village, phones: list[Phone]
) -> None:
    phones[2].push(named("Bondan"))
    reopened = decided.question
    assert phones[3].push(named("Boedi")).entry["conflict"] == reopened.id
    assert phones[3].push(named("Bodi")).outcome == "already-judged"
    assert decided.proposals == [{GROUP: "Bondan"}, {GROUP: "Boedi"}]


def test_even_a_later_day_does_not_overrule_a_reviewer_it_did_not_know(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(floor("keramik"), day="2026-11-10")
    phones[1].push(floor("bambu"), day="2026-11-10")
    village.office().settle(village.question, "candidate")
    assert phones[2].push(floor("kayu_papan"), day="2026-11-12").outcome == "conflict"
    assert village.fields(FAMILY)["jenis_lantai_terluas"] == "bambu"


def test_whoever_knows_the_decision_may_go_beyond_it(decided: Village, phones: list[Phone]) -> None:
    assert phones[2].pull().push(named("Bodi")).outcome == "applied"
    assert decided.open_conflicts() == []


def test_after_that_the_decision_judges_nobody_any_more(
    decided: Village, phones: list[Phone]
) -> None:
    phones[2].pull().push(named("Bondan"))
    assert phones[3].push(named("Bodi")).outcome == "conflict"
    assert decided.question.reopens is None


# Undone -----------------------------------------------------------------------------------------


def test_a_decision_can_be_taken_back_and_asks_the_same_again(decided: Village) -> None:
    (earlier,) = decided.conflicts.values()
    assert decided.office().resolve(FAMILY, undo=earlier.id, reason="wrong door").outcome == (
        "applied"
    )
    assert decided.fields(FAMILY)[GROUP] == "Bodi"
    assert decided.proposals == [{GROUP: "Budhi"}]
    assert decided.question.reopens == earlier.id
    assert decided.conflicts[earlier.id].state is ConflictState.WITHDRAWN


def test_an_undone_decision_brings_supporters_back(disputed: Village, phones: list[Phone]) -> None:
    phones[2].push(named("Bodi"))
    question = disputed.question
    office = disputed.office()
    office.settle(question, "candidate")
    office.resolve(FAMILY, undo=question.id)
    lanes = [stamp.lane for stamp in disputed.record(FAMILY).stamps[GROUP]]
    assert lanes == ["office", "C"]


def test_a_decision_that_was_built_upon_is_not_undone(
    decided: Village, phones: list[Phone]
) -> None:
    (earlier,) = decided.conflicts.values()
    phones[2].pull().push(named("Bondan"))
    assert decided.office().resolve(FAMILY, undo=earlier.id).problem == "conflict-changed"


def test_a_decision_is_undone_once(decided: Village) -> None:
    (earlier,) = decided.conflicts.values()
    office = decided.office()
    office.resolve(FAMILY, undo=earlier.id)
    assert office.resolve(FAMILY, undo=earlier.id).problem == "conflict-changed"


@pytest.mark.parametrize("undone", ["open", "unknown", "elsewhere"])
def test_only_a_decision_about_the_record_can_be_undone(disputed: Village, undone: str) -> None:
    office = disputed.office()
    conflict = disputed.question
    if undone == "elsewhere":
        office.settle(conflict, "current")
        disputed.office("import").push(a_family(OTHER_FAMILY))
    record = OTHER_FAMILY if undone == "elsewhere" else FAMILY
    asked = an_id(404) if undone == "unknown" else conflict.id
    assert office.resolve(record, undo=asked).problem == "record-unknown"
