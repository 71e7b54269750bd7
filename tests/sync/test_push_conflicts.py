"""The life of a conflict while it is open: who joins it, who stands behind what, who closes it."""

import pytest

from sync.types import ConflictState
from tests.builders import (
    FAMILY,
    an_edit,
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


# While it is open -------------------------------------------------------------------------------


def test_another_different_claim_joins_the_same_conflict(
    disputed: Village, phones: list[Phone]
) -> None:
    before = disputed.question
    answer = phones[2].push(named("Buddy"))
    assert answer.entry["conflict"] == before.id
    assert disputed.proposals == [{GROUP: "Budhi"}, {GROUP: "Buddy"}]
    assert disputed.question.version == before.version + 1


def test_a_lane_that_changes_its_mind_replaces_its_own_candidate(
    disputed: Village, phones: list[Phone]
) -> None:
    assert phones[1].push(named("Budhy")).outcome == "conflict"
    assert disputed.proposals == [{GROUP: "Budhy"}]


def test_a_lane_that_comes_round_withdraws_the_conflict(
    disputed: Village, phones: list[Phone]
) -> None:
    question = disputed.question
    assert phones[1].push(named("Bodi")).outcome == "no-op"
    assert disputed.conflicts[question.id].state is ConflictState.WITHDRAWN
    assert disputed.conflicts[question.id].version == question.version + 1
    assert disputed.record(FAMILY).review == ()


def test_a_withdrawn_question_that_arises_again_is_a_new_row(
    disputed: Village, phones: list[Phone]
) -> None:
    withdrawn = disputed.question
    phones[1].push(named("Bodi"))
    phones[2].push(named("Buddy"))
    assert disputed.question.id != withdrawn.id
    assert len(disputed.conflicts) == 2


def test_an_equal_claim_supports_and_is_no_candidate(
    disputed: Village, phones: list[Phone]
) -> None:
    before = disputed.question
    assert phones[2].push(named("Bodi")).outcome == "no-op"
    assert disputed.question == before


def test_whoever_knew_the_current_value_replaces_it_but_closes_nobodys_candidate(
    disputed: Village, phones: list[Phone]
) -> None:
    before = disputed.question
    assert phones[2].pull().push(named("Bondan")).outcome == "applied"
    assert disputed.fields(FAMILY)[GROUP] == "Bondan"
    assert disputed.proposals == [{GROUP: "Budhi"}]
    assert disputed.question.version == before.version + 1


def test_the_author_of_the_candidate_who_then_pulls_withdraws_only_its_own(
    disputed: Village, phones: list[Phone]
) -> None:
    phones[2].push(named("Buddy"))
    assert phones[1].pull().push(named("Bondan")).outcome == "applied"
    assert disputed.proposals == [{GROUP: "Buddy"}]


def test_pulling_a_record_under_review_does_not_make_its_candidates_known(
    disputed: Village, phones: list[Phone]
) -> None:
    """Phones are told that a group is under review, not what was proposed."""
    phones[3].pull().push(named("Bodi"))
    assert disputed.proposals == [{GROUP: "Budhi"}]


def test_the_current_value_stays_while_somebody_unknown_stands_behind_it(
    village: Village, phones: list[Phone]
) -> None:
    """C pulled A's name before B said the same: B's statement is one that C never knew."""
    first, second, third, _ = phones
    first.push(named("Bodi"))
    third.pull()
    second.push(named("Bodi"))
    assert third.push(named("Bondan")).outcome == "conflict"
    assert village.fields(FAMILY)[GROUP] == "Bodi"
    assert [s.dot for s in village.record(FAMILY).stamps[GROUP]] == [("B", 1)]


def test_whoever_knew_all_who_stand_behind_it_replaces_it(
    village: Village, phones: list[Phone]
) -> None:
    first, second, third, fourth = phones
    first.push(named("Bodi"))
    third.pull()
    second.push(named("Bodi"))
    fourth.pull()
    third.push(named("Bondan"))
    assert fourth.push(named("Boedi")).outcome == "applied"
    assert village.proposals == [{GROUP: "Bondan"}]


def test_repeating_what_one_knew_moves_in_front_of_a_supporter_one_did_not_know(
    village: Village, phones: list[Phone]
) -> None:
    first, second, third, _ = phones
    first.push(named("Bodi"))
    third.pull()
    second.push(named("Bodi"))
    assert third.push(named("Bodi")).outcome == "applied"
    assert [s.dot for s in village.record(FAMILY).stamps[GROUP]] == [("C", 1), ("B", 1)]


def test_a_measurement_of_a_strictly_later_day_settles_the_question(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(floor("keramik"), day="2026-11-10")
    phones[1].push(floor("bambu"), day="2026-11-10")
    question = village.question
    assert phones[2].push(floor("kayu_papan"), day="2026-11-11").outcome == "applied"
    assert village.fields(FAMILY)["jenis_lantai_terluas"] == "kayu_papan"
    assert village.conflicts[question.id].state is ConflictState.WITHDRAWN


def test_a_later_day_on_a_suspect_clock_settles_nothing(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(floor("keramik"), day="2026-11-10")
    phones[1].push(floor("bambu"), day="2026-11-10")
    assert phones[2].push(floor("kayu_papan"), day="2026-11-11", suspect=True).outcome == "conflict"
    assert len(village.proposals) == 2


def test_a_later_day_supports_the_current_value_and_outranks_the_candidate(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(floor("keramik"), day="2026-11-10")
    phones[1].push(floor("bambu"), day="2026-11-10")
    assert phones[2].push(floor("keramik"), day="2026-11-11").outcome == "no-op"
    assert village.open_conflicts() == []


def test_what_knew_the_current_value_still_loses_to_a_candidate_of_a_later_day(
    village: Village, phones: list[Phone]
) -> None:
    """A's clock was suspect, so B's later day became a candidate and not the value."""
    phones[0].push(floor("keramik"), day="2026-11-10", suspect=True)
    phones[1].push(floor("bambu"), day="2026-11-12")
    answer = phones[2].pull().push(floor("kayu_papan"), day="2026-11-11")
    assert answer.outcome == "policy-lost"
    assert village.fields(FAMILY)["jenis_lantai_terluas"] == "bambu"
    assert village.open_conflicts() == []
    assert village.record(FAMILY).stamps["jenis_lantai_terluas"][0].seq == village.head


def test_an_equal_claim_that_a_candidate_outranks_adds_nothing(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(floor("keramik"), day="2026-11-10", suspect=True)
    phones[1].push(floor("bambu"), day="2026-11-12")
    before = village.record(FAMILY)
    assert phones[2].push(floor("keramik"), day="2026-11-11").outcome == "no-op"
    assert village.record(FAMILY) == before


def test_other_groups_are_untouched_by_a_conflict(disputed: Village, phones: list[Phone]) -> None:
    before = disputed.question
    assert phones[2].push(floor("keramik"), day="2026-11-10").outcome == "applied"
    assert disputed.question == before


def test_two_groups_in_conflict_are_both_under_review(
    disputed: Village, phones: list[Phone]
) -> None:
    phones[0].push(an_edit(kemampuan="tidak_mampu"))
    phones[1].push(an_edit(kemampuan="mampu"))
    assert disputed.record(FAMILY).review == ("kemampuan", GROUP)
