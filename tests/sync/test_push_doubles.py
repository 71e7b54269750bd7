"""The same person or card twice: what the machine merges, what it flags, what people decide."""

import pytest

from sync.types import Conflict, ConflictKind, ConflictState
from tests.builders import (
    FAMILY,
    NIK,
    NO_KK,
    OTHER_FAMILY,
    OTHER_NIK,
    OTHER_PERSON,
    PERSON,
    Raw,
    a_family,
    a_move,
    a_person,
    a_persons_edit,
    a_twin,
    a_visit,
    an_edit,
    an_end,
    an_id,
)
from tests.village import Phone, Village

THIRD_PERSON = an_id(14)
THIRD_FAMILY = an_id(3)


@pytest.fixture
def village() -> Village:
    village = Village()
    families = [a_family(FAMILY), a_family(OTHER_FAMILY, rt="004"), a_family(THIRD_FAMILY)]
    village.office("import").push(*families)
    return village


@pytest.fixture
def phone(village: Village) -> Phone:
    return village.phone("A").pull()


def flags(village: Village) -> list[tuple[str, str | None]]:
    found = village.open_conflicts(ConflictKind.IDENTITY_DUPLICATE)
    return sorted((flag.record, flag.twin) for flag in found)


def the_flag(village: Village) -> Conflict:
    (flag,) = village.open_conflicts(ConflictKind.IDENTITY_DUPLICATE)
    return flag


# A double tap -----------------------------------------------------------------------------------


def test_the_same_person_added_twice_becomes_an_alias(village: Village, phone: Phone) -> None:
    answer = phone.push(a_twin(PERSON), a_twin(OTHER_PERSON))
    assert answer.outcomes == ["applied", "applied"]
    assert village.record(OTHER_PERSON).alias == PERSON
    assert village.record(PERSON).alias is None
    assert village.conflicts == {}


def test_so_it_does_across_phones_and_days(village: Village, phone: Phone) -> None:
    phone.push(a_twin(PERSON))
    village.later(days=3)
    village.phone("B").push(a_twin(OTHER_PERSON))
    assert village.record(OTHER_PERSON).alias == PERSON


def test_a_third_tap_leads_to_the_first_as_well(village: Village, phone: Phone) -> None:
    phone.push(a_twin(PERSON), a_twin(OTHER_PERSON), a_twin(THIRD_PERSON))
    assert village.record(THIRD_PERSON).alias == PERSON


@pytest.mark.parametrize(
    "other",
    [
        a_twin(OTHER_PERSON, tanggal_lahir="1990-05-26"),
        a_twin(OTHER_PERSON, jenis_kelamin="laki_laki"),
        a_twin(OTHER_PERSON, tanggal_lahir=None),
        a_twin(OTHER_PERSON, family=OTHER_FAMILY),
    ],
    ids=["birth date", "sex", "birth date unknown", "family"],
)
def test_anything_less_alike_is_flagged_on_both_and_stays(
    village: Village, phone: Phone, other: Raw
) -> None:
    answer = phone.push(a_twin(PERSON), other)
    assert answer.outcomes == ["applied", "applied"], "nothing is wrong with the operation"
    assert flags(village) == [(OTHER_PERSON, PERSON)]
    assert village.record(PERSON).review == village.record(OTHER_PERSON).review == ("nik",)
    assert village.record(OTHER_PERSON).alias is None


@pytest.mark.parametrize("nik", ["0000000000000000", "1802", "180221650590000x", "²" * 16])
def test_what_is_no_number_identifies_nobody(village: Village, phone: Phone, nik: str) -> None:
    phone.push(a_twin(PERSON, nik=nik), a_twin(OTHER_PERSON, nik=nik))
    assert village.conflicts == {}
    assert village.record(OTHER_PERSON).alias is None


def test_an_edit_that_makes_two_look_alike_merges_them_too(village: Village, phone: Phone) -> None:
    phone.push(a_twin(PERSON), a_twin(OTHER_PERSON, nik=OTHER_NIK))
    phone.push(a_persons_edit(OTHER_PERSON, nik=NIK))
    assert village.record(OTHER_PERSON).alias == PERSON


def test_where_people_were_asked_the_machine_keeps_out(village: Village, phone: Phone) -> None:
    phone.push(a_twin(PERSON), a_twin(OTHER_PERSON, tanggal_lahir=None))
    phone.push(a_persons_edit(OTHER_PERSON, tanggal_lahir="1990-05-25"))
    assert village.record(OTHER_PERSON).alias is None
    assert flags(village) == [(OTHER_PERSON, PERSON)]


# Flags come and go ------------------------------------------------------------------------------


@pytest.fixture
def flagged(village: Village, phone: Phone) -> Village:
    """One NIK in two families."""
    phone.push(a_twin(PERSON, nama="Ani"), a_twin(OTHER_PERSON, family=OTHER_FAMILY, nama="Anni"))
    return village


@pytest.mark.parametrize("corrected", [PERSON, OTHER_PERSON])
def test_a_corrected_number_withdraws_the_flag(
    flagged: Village, phone: Phone, corrected: str
) -> None:
    flag = the_flag(flagged)
    phone.push(a_persons_edit(corrected, nik=OTHER_NIK))
    assert flagged.conflicts[flag.id].state is ConflictState.WITHDRAWN
    assert flagged.record(PERSON).review == flagged.record(OTHER_PERSON).review == ()


@pytest.mark.parametrize("ended", [PERSON, OTHER_PERSON])
def test_an_end_withdraws_the_flag(flagged: Village, phone: Phone, ended: str) -> None:
    phone.push(an_end(ended, entity="anggota", end="ganda", twin=PERSON))
    assert flags(flagged) == []


def test_an_edit_of_something_else_leaves_the_flag_alone(flagged: Village, phone: Phone) -> None:
    flag = the_flag(flagged)
    phone.push(a_persons_edit(PERSON, pekerjaan="petani_pekebun"))
    phone.push(a_persons_edit(PERSON, tempat_lahir="Metro", jenis_kelamin="perempuan"))
    assert the_flag(flagged) == flag


def test_a_number_borne_again_is_asked_again(flagged: Village, phone: Phone) -> None:
    earlier = the_flag(flagged)
    phone.push(a_persons_edit(OTHER_PERSON, nik=OTHER_NIK), a_persons_edit(OTHER_PERSON, nik=NIK))
    assert the_flag(flagged).id != earlier.id


def test_every_later_bearer_is_flagged_against_the_first(flagged: Village, phone: Phone) -> None:
    phone.push(a_twin(THIRD_PERSON, family=THIRD_FAMILY))
    assert flags(flagged) == [(OTHER_PERSON, PERSON), (THIRD_PERSON, PERSON)]
    phone.push(an_end(PERSON, entity="anggota", end="salah"))
    assert flags(flagged) == [(THIRD_PERSON, OTHER_PERSON)]


def test_an_older_record_that_comes_to_bear_the_number_is_the_one_to_compare_with(
    flagged: Village, phone: Phone
) -> None:
    earlier = the_flag(flagged)
    oldest = flagged.records[PERSON]
    phone.push(a_persons_edit(PERSON, nik=OTHER_NIK), a_twin(THIRD_PERSON, family=THIRD_FAMILY))
    assert flags(flagged) == [(THIRD_PERSON, OTHER_PERSON)]
    phone.push(a_persons_edit(PERSON, nik=NIK))
    assert flags(flagged) == [(OTHER_PERSON, PERSON), (THIRD_PERSON, PERSON)]
    assert not flagged.conflicts[earlier.id].is_open
    assert flagged.records[PERSON].created == oldest.created


def test_moving_together_does_not_merge_those_who_were_flagged(
    flagged: Village, phone: Phone
) -> None:
    phone.push(a_move(OTHER_PERSON, to=FAMILY))
    assert flagged.record(OTHER_PERSON).alias is None
    assert flags(flagged) == [(OTHER_PERSON, PERSON)]


def test_families_with_one_card_are_flagged_and_never_merged(
    village: Village, phone: Phone
) -> None:
    phone.push(an_edit(FAMILY, no_kk=NO_KK), an_edit(OTHER_FAMILY, no_kk=NO_KK))
    assert flags(village) == [(OTHER_FAMILY, FAMILY)]
    assert village.record(FAMILY).review == ("no_kk",)
    phone.push(an_edit(OTHER_FAMILY, no_kk=None))
    assert flags(village) == []


# A reviewer decides -----------------------------------------------------------------------------


def test_two_different_people_after_all_are_not_flagged_again(
    flagged: Village, phone: Phone
) -> None:
    flagged.office().settle(the_flag(flagged), "current")
    assert flagged.record(PERSON).review == ()
    phone.push(a_move(OTHER_PERSON, to=FAMILY))
    phone.push(a_persons_edit(OTHER_PERSON, tanggal_lahir="1990-05-25"))
    assert flags(flagged) == []
    assert flagged.record(OTHER_PERSON).alias is None


def test_one_and_the_same_becomes_an_alias(flagged: Village) -> None:
    flag = the_flag(flagged)
    flagged.office().settle(flag, "candidate")
    assert flagged.record(OTHER_PERSON).alias == PERSON
    assert flagged.conflicts[flag.id].state is ConflictState.RESOLVED
    assert flags(flagged) == []
    assert flagged.question.group == "nama", "they still disagree about the name"


def test_a_flag_knows_two_answers(flagged: Village) -> None:
    assert flagged.office().settle(the_flag(flagged), "value").problem == "malformed"


def test_a_flag_whose_twin_was_merged_into_the_flagged_one_is_stale(flagged: Village) -> None:
    """Decided under a version that nobody could have seen any more."""
    flag = the_flag(flagged)
    office = flagged.office()
    office.resolve(PERSON, merge=OTHER_PERSON)
    assert office.settle(flag, "candidate").problem == "conflict-changed"


def test_undoing_the_merge_asks_again(flagged: Village) -> None:
    flag = the_flag(flagged)
    office = flagged.office()
    office.settle(flag, "candidate")
    assert office.resolve(OTHER_PERSON, undo=flag.id).outcome == "applied"
    assert flagged.record(OTHER_PERSON).alias is None
    assert the_flag(flagged).reopens == flag.id


def test_undoing_different_after_all_asks_again(flagged: Village) -> None:
    flag = the_flag(flagged)
    office = flagged.office()
    office.settle(flag, "current")
    assert office.resolve(OTHER_PERSON, undo=flag.id).outcome == "applied"
    assert the_flag(flagged).reopens == flag.id


def test_a_reviewer_merges_where_no_number_says_so(village: Village, phone: Phone) -> None:
    phone.push(a_person(PERSON, nama="Ani"), a_person(OTHER_PERSON, nama="Ani"))
    assert village.office().resolve(OTHER_PERSON, merge=PERSON).outcome == "applied"
    assert village.record(OTHER_PERSON).alias == PERSON


@pytest.mark.parametrize(
    ("record", "partner", "problem"),
    [
        (PERSON, PERSON, "record-unknown"),
        (PERSON, an_id(404), "record-unknown"),
        (PERSON, "Ani", "record-unknown"),
        (PERSON, FAMILY, "record-unknown"),
        (an_id(21), an_id(22), "kind-mismatch"),
    ],
)
def test_only_two_records_of_one_kind_are_merged(
    village: Village, record: str, partner: str, problem: str
) -> None:
    office = village.office()
    office.push(a_person(PERSON), a_visit(an_id(21)), a_visit(an_id(22)))
    assert office.resolve(record, merge=partner).problem == problem


def test_a_double_tap_that_was_separated_is_asked_about_and_not_merged_again(
    village: Village, phone: Phone
) -> None:
    phone.push(a_twin(PERSON), a_twin(OTHER_PERSON))
    assert village.office().resolve(OTHER_PERSON, separate=True).outcome == "applied"
    assert village.record(OTHER_PERSON).alias is None
    assert flags(village) == [(OTHER_PERSON, PERSON)]


def test_separating_those_without_a_number_asks_nobody(village: Village, phone: Phone) -> None:
    phone.push(a_person(PERSON), a_person(OTHER_PERSON))
    office = village.office()
    office.resolve(PERSON, merge=OTHER_PERSON)
    office.resolve(PERSON, separate=True)
    assert village.open_conflicts() == []


@pytest.mark.parametrize("record", [PERSON, an_id(404)])
def test_only_an_alias_can_be_separated(village: Village, phone: Phone, record: str) -> None:
    phone.push(a_person(PERSON))
    village.is_examined = False
    raw: Raw = {"kind": "resolve", "entity": "anggota", "id": record, "resolve": {"separate": True}}
    assert village.office().push(raw).problem == "record-unknown"


def test_a_merge_that_was_merged_on_is_separated_from_the_outside_in(
    flagged: Village, phone: Phone
) -> None:
    flag = the_flag(flagged)
    office = flagged.office()
    office.settle(flag, "candidate")
    phone.push(a_person(THIRD_PERSON))
    office.resolve(PERSON, merge=THIRD_PERSON)
    assert office.resolve(OTHER_PERSON, separate=True).problem == "conflict-changed"
    assert office.resolve(OTHER_PERSON, undo=flag.id).problem == "conflict-changed"
    office.resolve(PERSON, separate=True)
    assert office.resolve(OTHER_PERSON, separate=True).outcome == "applied"
