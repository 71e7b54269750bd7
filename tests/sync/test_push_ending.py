"""Closed records: what an end does, and what becomes of those who did not know it."""

import pytest

from sync.types import ConflictKind, ConflictState
from tests.builders import (
    FAMILY,
    MEASUREMENT,
    OTHER_FAMILY,
    PERSON,
    Raw,
    a_death,
    a_family,
    a_measurement,
    a_move,
    a_person,
    a_persons_edit,
    an_edit,
    an_end,
    an_id,
    elements,
)
from tests.village import Phone, Village


@pytest.fixture
def village() -> Village:
    village = Village()
    village.office("import").push(
        a_family(FAMILY, nama_kepala_keluarga="Budi", program=["pkh"]),
        a_family(OTHER_FAMILY, rt="004"),
        a_person(PERSON, nama="Ani", keberadaan="tinggal_bersama_keluarga"),
        a_measurement(MEASUREMENT),
    )
    return village


@pytest.fixture
def phones(village: Village) -> list[Phone]:
    return [village.phone(name).pull() for name in "ABCD"]


def test_an_end_closes_a_record_with_its_reason(village: Village, phones: list[Phone]) -> None:
    answer = phones[0].push(an_end(end="pindah", date="2026-11-02", target="Metro", number="470/7"))
    assert answer.outcome == "applied"
    assert village.record(FAMILY).end == {
        "end": "pindah",
        "date": "2026-11-02",
        "target": "Metro",
        "number": "470/7",
    }


def test_a_double_names_its_twin(village: Village, phones: list[Phone]) -> None:
    phones[0].push(an_end(end="ganda", twin=OTHER_FAMILY))
    end = village.record(FAMILY).end
    assert end is not None
    assert end["twin"] == OTHER_FAMILY


def test_a_measurement_that_was_wrong_is_closed_by_the_office_too(village: Village) -> None:
    wrong = an_end(MEASUREMENT, entity="pengukuran", end="salah")
    assert village.office().push(wrong).outcome == "applied"
    assert village.record(MEASUREMENT).end is not None


def test_death_is_an_end_and_sets_the_presence(village: Village, phones: list[Phone]) -> None:
    phones[0].push(a_death())
    assert village.fields(PERSON)["keberadaan"] == "meninggal"
    assert village.record(PERSON).stamps["keberadaan"][0].dot == ("A", 1)


def test_an_end_of_somebody_who_never_pulled_contradicts_no_creation(village: Village) -> None:
    assert village.phone("Z").push(an_end()).outcome == "applied"
    assert village.conflicts == {}


def test_what_the_end_knew_is_no_question(village: Village, phones: list[Phone]) -> None:
    phones[0].push(an_edit(nama_kepala_keluarga="Bodi"))
    phones[0].push(an_end())
    assert village.open_conflicts() == []


# Edits that did not know it ---------------------------------------------------------------------


def test_an_edit_after_the_end_is_kept_as_a_question(village: Village, phones: list[Phone]) -> None:
    phones[0].push(an_end())
    answer = phones[1].push(an_edit(nama_kepala_keluarga="Bodi", luas_lantai=30))
    question = village.question
    assert question.kind is ConflictKind.EDIT_AFTER_END
    assert answer.outcome == "conflict"
    assert answer.entry["conflict"] == question.id
    assert village.proposals == [{"nama_kepala_keluarga": "Bodi"}, {"luas_lantai": 30}]
    assert village.record(FAMILY).end is not None
    assert village.fields(FAMILY)["nama_kepala_keluarga"] == "Budi"
    assert question.version == 1


def test_an_end_after_the_edit_asks_the_same(village: Village, phones: list[Phone]) -> None:
    phones[1].push(an_edit(nama_kepala_keluarga="Bodi"))
    assert phones[0].push(an_end()).outcome == "applied"
    assert village.question.kind is ConflictKind.EDIT_AFTER_END
    assert village.proposals == [{"nama_kepala_keluarga": "Bodi"}]
    assert village.record(FAMILY).review == ("end",)


def test_even_one_who_knew_of_the_end_only_proposes(phones: list[Phone]) -> None:
    phones[0].push(an_end())
    assert phones[1].pull().push(an_edit(luas_lantai=30)).outcome == "conflict"


def test_an_open_question_about_a_value_moves_into_that_of_the_end(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(an_edit(nama_kepala_keluarga="Bodi"))
    phones[1].push(an_edit(nama_kepala_keluarga="Budhi"))
    earlier = village.question
    phones[2].push(an_end())
    assert village.conflicts[earlier.id].state is ConflictState.WITHDRAWN
    names = [proposal["nama_kepala_keluarga"] for proposal in village.proposals]
    assert names == ["Bodi", "Budhi"]


def test_a_lane_that_goes_on_editing_replaces_what_it_proposed(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(an_end())
    phones[1].push(an_edit(nama_kepala_keluarga="Bodi"))
    version = village.question.version
    phones[1].push(an_edit(nama_kepala_keluarga="Budhi"))
    assert village.proposals == [{"nama_kepala_keluarga": "Budhi"}]
    assert village.question.version == version + 1


def test_measurements_after_the_end_outrank_each_other_as_ever(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(an_end())
    phones[1].push(an_edit(jenis_lantai_terluas="keramik"), day="2026-11-12")
    lost = phones[2].push(an_edit(jenis_lantai_terluas="bambu"), day="2026-11-10")
    assert lost.outcome == "policy-lost"
    phones[3].push(an_edit(jenis_lantai_terluas="kayu_papan"), day="2026-11-13")
    assert village.proposals == [{"jenis_lantai_terluas": "kayu_papan"}]


def test_a_dead_persons_presence_is_asked_about_and_not_outranked_by_the_end(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(a_death())
    answer = phones[1].push(a_persons_edit(keberadaan="pindah_wilayah"))
    assert answer.outcome == "conflict"
    assert village.proposals == [{"keberadaan": "pindah_wilayah"}]


def test_a_move_after_the_end_is_a_proposal(village: Village, phones: list[Phone]) -> None:
    phones[0].push(a_death())
    assert phones[1].push(a_move(to=OTHER_FAMILY)).outcome == "conflict"
    assert village.record(PERSON).parent == FAMILY
    assert village.proposals == [{"parent": OTHER_FAMILY}]


def test_what_was_said_about_sets_after_the_end_adds_up(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(an_end())
    phones[1].push(elements(add=["bpnt", "bst"], remove=["pkh"]))
    phones[1].push(elements(remove=["bst"]))
    phones[2].push(elements(add=["pbi"]))
    assert village.proposals == [
        {"add": ["bpnt"], "remove": []},
        {"add": [], "remove": ["bst", "pkh"]},
        {"add": ["pbi"], "remove": []},
    ]


def test_elements_that_the_end_did_not_know_are_asked_about(
    village: Village, phones: list[Phone]
) -> None:
    phones[1].push(elements(add=["bpnt"]))
    phones[2].push(elements(remove=["pkh"]))
    phones[0].push(an_end())
    asked = {(c.stamp.dot, str(c.value["add"])) for c in village.question.candidates}
    assert asked == {(("B", 1), "['bpnt']"), (("C", 1), "[]")}


def test_lists_go_on_writing_into_closed_records_and_ask_nobody(
    village: Village, phones: list[Phone]
) -> None:
    village.office("import").pull().push(an_edit(desil_nasional=2))
    phones[0].push(an_end())
    answer = village.office("import").pull().push(an_edit(desil_nasional=3))
    assert answer.outcome == "applied"
    assert village.fields(FAMILY)["desil_nasional"] == 3
    assert village.conflicts == {}


# Several ends -----------------------------------------------------------------------------------


def test_two_who_end_it_alike_agree(phones: list[Phone]) -> None:
    phones[0].push(an_end())
    assert phones[1].push(an_end()).outcome == "no-op"


def test_two_who_end_it_differently_are_asked(village: Village, phones: list[Phone]) -> None:
    phones[0].push(an_end(end="pindah"))
    assert phones[1].push(an_end(end="salah")).outcome == "conflict"
    assert village.question.kind is ConflictKind.VALUE
    village.office().settle(village.question, "candidate")
    end = village.record(FAMILY).end
    assert end is not None
    assert end["end"] == "salah"


def test_who_knew_the_end_may_correct_it(village: Village, phones: list[Phone]) -> None:
    phones[0].push(a_death())
    answer = phones[1].pull().push(an_end(PERSON, entity="anggota", end="pindah"))
    assert answer.outcome == "applied"
    assert "keberadaan" not in village.fields(PERSON), "whether they are here is to be asked again"


def test_an_end_corrected_to_death_sets_the_presence(village: Village, phones: list[Phone]) -> None:
    phones[0].push(an_end(PERSON, entity="anggota", end="pindah"))
    phones[1].pull().push(a_death())
    assert village.fields(PERSON)["keberadaan"] == "meninggal"


def test_a_second_end_that_knew_the_edit_withdraws_the_question(
    village: Village, phones: list[Phone]
) -> None:
    phones[1].push(an_edit(nama_kepala_keluarga="Bodi"))
    phones[0].push(an_end())
    question = village.question
    assert phones[1].push(an_end()).outcome == "no-op"
    assert village.conflicts[question.id].state is ConflictState.WITHDRAWN


# Decided ----------------------------------------------------------------------------------------


@pytest.fixture
def disputed(village: Village, phones: list[Phone]) -> Village:
    """A's end stands against an edit by B."""
    phones[0].push(an_end())
    phones[1].push(an_edit(nama_kepala_keluarga="Bodi", luas_lantai=30))
    return village


def test_the_end_holds_if_the_reviewer_says_so(disputed: Village) -> None:
    disputed.office().settle(disputed.question, "current")
    record = disputed.record(FAMILY)
    assert record.end is not None
    assert record.stamps["end"][0].lane == "office"
    assert disputed.fields(FAMILY)["nama_kepala_keluarga"] == "Budi"


def test_otherwise_the_record_is_open_again_and_takes_the_edits(disputed: Village) -> None:
    dot: Raw = {"lane": "B", "lane_seq": 1}
    disputed.office().settle(disputed.question, "candidate", candidate=dot)
    assert disputed.record(FAMILY).end is None
    assert disputed.fields(FAMILY)["nama_kepala_keluarga"] == "Bodi"
    assert disputed.fields(FAMILY)["luas_lantai"] == 30
    assert disputed.open_conflicts() == []


def test_no_third_answer_is_possible(disputed: Village) -> None:
    office = disputed.office()
    assert office.settle(disputed.question, "value", value={}).problem == "malformed"
    nobody: Raw = {"lane": "Z", "lane_seq": 1}
    assert office.settle(disputed.question, "candidate", candidate=nobody).problem == "malformed"


def test_reopening_takes_sets_and_moves_and_gives_the_presence_back_to_the_field(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(a_death())
    phones[1].push(
        a_move(to=OTHER_FAMILY),
        elements("disabilitas", add=["fisik"], record=PERSON, entity="anggota"),
    )
    phones[2].push(elements("disabilitas", add=["mental"], record=PERSON, entity="anggota"))
    dot: Raw = {"lane": "B", "lane_seq": 1}
    village.office().settle(village.question, "candidate", candidate=dot)
    assert village.record(PERSON).parent == OTHER_FAMILY
    assert village.fields(PERSON)["disabilitas"] == ["fisik", "mental"]
    assert "keberadaan" not in village.fields(PERSON)


def test_where_several_disagreed_about_another_group_that_is_asked_afterwards(
    disputed: Village, phones: list[Phone]
) -> None:
    phones[2].push(an_edit(nama_kepala_keluarga="Budhi"))
    phones[3].push(an_edit(luas_lantai=30))
    chosen: Raw = {"lane": "D", "lane_seq": 1}
    disputed.office().settle(disputed.question, "candidate", candidate=chosen)
    assert disputed.record(FAMILY).end is None
    assert disputed.fields(FAMILY)["nama_kepala_keluarga"] == "Budhi"
    assert disputed.question.kind is ConflictKind.VALUE
    assert disputed.proposals == [{"nama_kepala_keluarga": "Bodi"}]


def test_late_edits_that_were_judged_with_the_end_are_not_asked_again(
    disputed: Village, phones: list[Phone]
) -> None:
    disputed.office().settle(disputed.question, "current")
    answer = phones[2].push(an_edit(luas_lantai=30))
    assert answer.outcome == "already-judged"
    assert disputed.open_conflicts() == []


def test_late_edits_with_something_new_reopen_the_question(
    disputed: Village, phones: list[Phone]
) -> None:
    earlier = disputed.question
    disputed.office().settle(earlier, "current")
    answer = phones[2].push(an_edit(nama_kepala_keluarga="Budhi", luas_lantai=30))
    groups = answer.entry["groups"]
    assert isinstance(groups, dict)
    assert groups["luas_lantai"] == {"outcome": "already-judged"}
    assert disputed.question.reopens == earlier.id
    assert disputed.proposals == [{"nama_kepala_keluarga": "Budhi"}]


def test_who_knows_that_the_end_was_confirmed_and_says_the_same_again_is_heard(
    disputed: Village, phones: list[Phone]
) -> None:
    disputed.office().settle(disputed.question, "current")
    assert phones[2].pull().push(an_edit(luas_lantai=30)).outcome == "conflict"


def test_a_late_end_against_a_record_that_was_reopened_is_judged_already(
    disputed: Village, phones: list[Phone]
) -> None:
    disputed.office().settle(disputed.question, "candidate", candidate={"lane": "B", "lane_seq": 1})
    assert phones[2].push(an_end()).outcome == "already-judged"
    assert disputed.record(FAMILY).end is None


def test_a_late_end_of_another_kind_reopens_the_question_of_the_end(
    disputed: Village, phones: list[Phone]
) -> None:
    earlier = disputed.question
    disputed.office().settle(earlier, "candidate", candidate={"lane": "B", "lane_seq": 1})
    assert phones[2].push(an_end(end="salah")).outcome == "conflict"
    assert disputed.question.reopens == earlier.id
    assert disputed.record(FAMILY).end is None
    disputed.office().settle(disputed.question, "candidate")
    assert disputed.record(FAMILY).end is not None


def test_undoing_a_reopening_closes_the_record_and_asks_again(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(a_death())
    phones[1].push(a_persons_edit(nama="Anni"))
    question, office = village.question, village.office()
    office.settle(question, "candidate")
    assert "keberadaan" not in village.fields(PERSON)
    assert office.resolve(PERSON, undo=question.id).outcome == "applied"
    assert village.record(PERSON).end is not None
    assert village.fields(PERSON)["keberadaan"] == "meninggal"
    assert village.question.reopens == question.id
    assert village.proposals == [{"nama": "Anni"}]


def test_rows_can_still_be_added_beneath_a_closed_record(phones: list[Phone]) -> None:
    phones[0].push(an_end())
    assert phones[1].push(a_person(an_id(77))).outcome == "applied"
