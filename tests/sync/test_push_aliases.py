"""What happens to the contents of two records that become one, and become two again."""

import pytest

from sync.permission import Role
from sync.types import ConflictKind
from tests.builders import (
    FAMILY,
    MEASUREMENT,
    NIK,
    OTHER_FAMILY,
    OTHER_PERSON,
    PERSON,
    Raw,
    a_family,
    a_measurement,
    a_person,
    a_persons_edit,
    a_twin,
    an_edit,
    an_end,
    an_id,
    elements,
)
from tests.village import Phone, Village

THIRD_PERSON = an_id(14)


@pytest.fixture
def village() -> Village:
    village = Village()
    village.office("import").push(a_family(FAMILY), a_family(OTHER_FAMILY, rt="004"))
    return village


@pytest.fixture
def phones(village: Village) -> list[Phone]:
    return [village.phone(name).pull() for name in "ABC"]


def on(record: str, operation: Raw) -> Raw:
    return {**operation, "id": record, "entity": "anggota"}


def test_what_only_the_second_entry_said_becomes_the_firsts(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(a_twin(PERSON, nama="Ani"))
    phones[1].push(a_twin(OTHER_PERSON, tempat_lahir="Metro"))
    assert village.fields(PERSON)["tempat_lahir"] == "Metro"
    assert village.record(PERSON).stamps["tempat_lahir"][0].dot == ("B", 1)
    assert village.conflicts == {}


def test_what_both_said_differently_is_for_a_person(village: Village, phones: list[Phone]) -> None:
    phones[0].push(a_twin(PERSON, nama="Ani"))
    phones[1].push(a_twin(OTHER_PERSON, nama="Anni"))
    assert village.fields(PERSON)["nama"] == "Ani"
    assert village.question.record == PERSON
    assert village.proposals == [{"nama": "Anni"}]


def test_even_the_same_phone_did_not_know_that_it_spoke_of_one_person(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(a_twin(PERSON, nama="Ani"), a_twin(OTHER_PERSON, nama="Anni"))
    assert village.fields(PERSON)["nama"] == "Ani"
    assert village.proposals == [{"nama": "Anni"}]


def test_measurements_of_both_follow_the_later_day(village: Village, phones: list[Phone]) -> None:
    phones[0].push(a_twin(PERSON, pekerjaan="pelajar_mahasiswa"), day="2026-11-02")
    phones[1].push(a_twin(OTHER_PERSON, pekerjaan="petani_pekebun"), day="2026-11-09")
    assert village.fields(PERSON)["pekerjaan"] == "petani_pekebun"


def test_sets_of_both_are_united(village: Village, phones: list[Phone]) -> None:
    phones[0].push(a_twin(PERSON, disabilitas=["fisik"], program=["pkh"]))
    phones[1].push(a_twin(OTHER_PERSON, disabilitas=["fisik", "mental"]))
    assert village.fields(PERSON)["disabilitas"] == ["fisik", "mental"]
    assert village.fields(PERSON)["program"] == ["pkh"]


def test_what_lists_know_of_the_first_stays(village: Village) -> None:
    office = village.office("import")
    office.push(a_twin(PERSON, padan="ya"), a_twin(OTHER_PERSON, padan="tidak", id_artbdt="7"))
    assert village.fields(PERSON)["padan"] == "ya"
    assert village.fields(PERSON)["id_artbdt"] == "7"


def test_open_questions_about_the_second_are_asked_about_the_first(
    village: Village, phones: list[Phone]
) -> None:
    village.office("import").push(a_person(PERSON), a_person(OTHER_PERSON, nama="Ani"))
    for phone, name in zip(phones, ("Anni", "Anie"), strict=False):
        phone.pull()
        phone.capture(a_persons_edit(OTHER_PERSON, nama=name))
    for phone in phones[:2]:
        phone.push()
    village.office().resolve(OTHER_PERSON, merge=PERSON)
    assert village.question.record == PERSON
    assert village.fields(PERSON)["nama"] == "Anni"
    assert village.proposals == [{"nama": "Anie"}]


def test_rows_beneath_the_second_hang_under_the_first_and_phones_are_told_all(
    village: Village, phones: list[Phone]
) -> None:
    midwife = village.phone("M", role=Role.BIDAN)
    phones[0].push(a_twin(OTHER_PERSON, nik="1802216505900099"))
    midwife.push(a_measurement(MEASUREMENT, person=OTHER_PERSON))
    phones[1].push(a_twin(PERSON))
    village.office().resolve(OTHER_PERSON, merge=PERSON)
    measured = village.record(MEASUREMENT)
    assert measured.parent == PERSON
    assert measured.rt_since == measured.seq


def test_merging_families_brings_their_people_together(village: Village) -> None:
    office = village.office()
    office.push(a_person(PERSON, family=OTHER_FAMILY), a_measurement(MEASUREMENT))
    office.resolve(OTHER_FAMILY, merge=FAMILY)
    assert village.proposals == [{"rt": "004", "rw": "001"}], "the list had it in two places"
    person, measured = village.record(PERSON), village.record(MEASUREMENT)
    assert (person.parent, person.keluarga, person.rt) == (FAMILY, FAMILY, "003/001")
    assert (measured.parent, measured.keluarga, measured.rt) == (PERSON, FAMILY, "003/001")
    assert set(measured.left) == {"004/001"}


def test_a_move_made_before_the_merge_still_knows_where_the_person_was(
    village: Village, phones: list[Phone]
) -> None:
    third = an_id(3)
    village.office("import").push(a_person(PERSON, family=OTHER_FAMILY), a_family(third))
    mover = phones[0].pull()
    village.office().resolve(OTHER_FAMILY, merge=FAMILY)
    move: Raw = {"kind": "move", "entity": "anggota", "id": PERSON, "parent": third}
    assert mover.push(move).outcome == "applied"


# Writing to an alias ----------------------------------------------------------------------------


@pytest.fixture
def merged(village: Village, phones: list[Phone]) -> Village:
    """OTHER_PERSON was pulled by C, and has then become an alias of PERSON."""
    phones[1].push(a_twin(OTHER_PERSON, nik="1802216505900099", nama="Ani", program=["pkh"]))
    phones[2].pull()
    phones[0].push(a_twin(PERSON))
    village.office("reviewer").resolve(OTHER_PERSON, merge=PERSON)
    return village


def test_edits_of_the_alias_reach_the_record_it_became(
    merged: Village, phones: list[Phone]
) -> None:
    assert phones[2].push(a_persons_edit(OTHER_PERSON, pekerjaan="petani_pekebun")).outcome == (
        "applied"
    )
    assert merged.fields(PERSON)["pekerjaan"] == "petani_pekebun"
    assert "pekerjaan" not in merged.fields(OTHER_PERSON)


@pytest.mark.usefixtures("merged")
def test_what_a_phone_had_pulled_of_the_alias_it_knew(phones: list[Phone]) -> None:
    """The alias's statements bear later numbers in their new place."""
    edit = a_persons_edit(OTHER_PERSON, nama="Anni")
    remove = on(OTHER_PERSON, elements(remove=["pkh"]))
    assert phones[2].push(edit, remove).outcomes == ["applied", "applied"]


@pytest.mark.usefixtures("merged")
def test_what_it_had_not_pulled_it_did_not_know(phones: list[Phone]) -> None:
    stranger = phones[2]
    stranger.copy = {}
    assert stranger.push(a_persons_edit(OTHER_PERSON, nama="Anni")).outcome == "conflict"


def test_ends_moves_and_children_of_the_alias_go_there_too(
    merged: Village, phones: list[Phone]
) -> None:
    office = merged.office("import")
    office.push(a_measurement(MEASUREMENT, person=OTHER_PERSON))
    assert merged.record(MEASUREMENT).parent == PERSON
    phones[2].push(an_end(OTHER_PERSON, entity="anggota", end="meninggal"))
    assert merged.record(PERSON).end is not None


def test_members_added_to_an_alias_family_join_the_family_it_became(village: Village) -> None:
    office = village.office()
    office.resolve(OTHER_FAMILY, merge=FAMILY)
    office.push(a_person(PERSON, family=OTHER_FAMILY))
    assert village.record(PERSON).parent == FAMILY


# Separated again --------------------------------------------------------------------------------


def documents(village: Village) -> list[dict[str, object]]:
    return [dict(village.fields(record)) for record in (PERSON, OTHER_PERSON)]


def test_separating_gives_both_back_what_they_had(village: Village, phones: list[Phone]) -> None:
    phones[0].push(
        a_twin(PERSON, nama="Ani", pekerjaan="pelajar_mahasiswa", disabilitas=["fisik"]),
        day="2026-11-02",
    )
    phones[1].push(
        a_person(
            OTHER_PERSON,
            nama="Anni",
            pekerjaan="petani_pekebun",
            tempat_lahir="Metro",
            disabilitas=["mental"],
        )
    )
    before = documents(village)
    office = village.office()
    office.resolve(OTHER_PERSON, merge=PERSON)
    assert documents(village) != before
    office.resolve(OTHER_PERSON, separate=True)
    assert documents(village) == before
    assert village.open_conflicts() == []


def test_phones_are_told_all_of_a_record_that_they_had_dropped(merged: Village) -> None:
    merged.office("reviewer").resolve(OTHER_PERSON, separate=True)
    record = merged.record(OTHER_PERSON)
    assert record.rt_since == record.seq
    assert record.merged is None


def test_restored_values_bear_a_new_number_for_phones_to_hear_of(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(a_twin(PERSON, pekerjaan="pelajar_mahasiswa"), day="2026-11-02")
    phones[1].push(a_person(OTHER_PERSON, pekerjaan="petani_pekebun"), day="2026-11-09")
    office = village.office()
    office.resolve(OTHER_PERSON, merge=PERSON)
    office.resolve(OTHER_PERSON, separate=True)
    (stamp,) = village.record(PERSON).stamps["pekerjaan"]
    assert (stamp.dot, stamp.seq) == (("A", 1), village.record(PERSON).seq)


def test_what_was_said_after_the_merge_stays_with_the_first(
    merged: Village, phones: list[Phone]
) -> None:
    phones[0].pull().push(a_persons_edit(PERSON, nama="Anita"), on(PERSON, elements(add=["bpnt"])))
    merged.office("reviewer").resolve(OTHER_PERSON, separate=True)
    assert merged.fields(PERSON)["nama"] == "Anita"
    assert merged.fields(PERSON)["program"] == ["bpnt"]
    assert merged.fields(OTHER_PERSON)["nama"] == "Ani"


def test_rows_beneath_go_back_unless_they_have_moved_on(village: Village) -> None:
    office = village.office()
    office.push(
        a_person(PERSON, family=OTHER_FAMILY),
        a_person(OTHER_PERSON, family=OTHER_FAMILY),
        a_family(an_id(3)),
    )
    office.resolve(OTHER_FAMILY, merge=FAMILY)
    move: Raw = {"kind": "move", "entity": "anggota", "id": PERSON, "parent": an_id(3)}
    office.pull().push(move)
    office.resolve(OTHER_FAMILY, separate=True)
    assert village.record(PERSON).parent == an_id(3)
    assert village.record(OTHER_PERSON).parent == OTHER_FAMILY
    assert village.record(OTHER_PERSON).rt == "004/001"


def test_questions_that_the_merge_raised_go_and_those_of_others_stay(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(a_twin(PERSON, nama="Ani"))
    phones[2].pull()
    phones[0].push(a_persons_edit(PERSON, nama="Anita"))
    phones[1].push(a_person(OTHER_PERSON, nama="Anni"))
    office = village.office()
    office.resolve(OTHER_PERSON, merge=PERSON)
    phones[2].push(a_persons_edit(PERSON, nama="Anissa"))
    assert len(village.proposals) == 2
    office.resolve(OTHER_PERSON, separate=True)
    assert village.proposals == [{"nama": "Anissa"}]


def test_questions_that_the_merge_settled_are_asked_again(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(a_twin(PERSON, pekerjaan="belum_tidak_bekerja"), day="2026-11-01")
    for phone in phones[:2]:
        phone.pull()
    phones[0].push(a_persons_edit(PERSON, pekerjaan="pelajar_mahasiswa"), day="2026-11-02")
    phones[1].push(a_persons_edit(PERSON, pekerjaan="wiraswasta"), day="2026-11-02")
    phones[2].push(a_person(OTHER_PERSON, pekerjaan="petani_pekebun"), day="2026-11-09")
    office = village.office()
    office.resolve(OTHER_PERSON, merge=PERSON)
    assert village.open_conflicts() == []
    office.resolve(OTHER_PERSON, separate=True)
    assert village.fields(PERSON)["pekerjaan"] == "pelajar_mahasiswa"
    assert village.proposals == [{"pekerjaan": "wiraswasta"}]


def test_questions_about_the_alias_come_back_to_it(village: Village, phones: list[Phone]) -> None:
    village.office("import").push(a_person(PERSON), a_person(OTHER_PERSON, nama="Ani"))
    for phone in phones[:2]:
        phone.pull()
    for phone, name in zip(phones, ("Anni", "Anie"), strict=False):
        phone.push(a_persons_edit(OTHER_PERSON, nama=name))
    earlier = village.question
    office = village.office()
    office.resolve(OTHER_PERSON, merge=PERSON)
    office.resolve(OTHER_PERSON, separate=True)
    assert village.question.record == OTHER_PERSON
    assert village.question.reopens == earlier.id
    assert village.proposals == [{"nama": "Anie"}]
    assert "nama" not in village.fields(PERSON)


def test_merged_and_separated_and_merged_again_every_question_is_a_row_of_its_own(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(a_twin(PERSON, nama="Ani"))
    phones[1].push(a_person(OTHER_PERSON, nama="Anni"))
    office = village.office()
    for _ in range(2):
        office.resolve(OTHER_PERSON, merge=PERSON)
        office.resolve(OTHER_PERSON, separate=True)
    assert len(village.conflicts) == 2


def test_equal_statements_of_the_alias_are_taken_out_of_the_firsts_support(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(a_twin(PERSON))
    phones[0].push(a_persons_edit(PERSON, nama="Ani"))
    phones[1].push(a_person(OTHER_PERSON, nama="Ani"))
    office = village.office()
    office.resolve(OTHER_PERSON, merge=PERSON)
    assert [s.lane for s in village.record(PERSON).stamps["nama"]] == ["A", "B"]
    office.resolve(OTHER_PERSON, separate=True)
    assert [s.lane for s in village.record(PERSON).stamps["nama"]] == ["A"]


def test_what_the_second_said_in_vain_leaves_nothing_to_give_back(
    village: Village, phones: list[Phone]
) -> None:
    phones[0].push(a_twin(PERSON, pekerjaan="pelajar_mahasiswa"), day="2026-11-09")
    phones[1].push(a_person(OTHER_PERSON, pekerjaan="petani_pekebun"), day="2026-11-02")
    office = village.office()
    office.resolve(OTHER_PERSON, merge=PERSON)
    office.resolve(OTHER_PERSON, separate=True)
    assert village.fields(PERSON)["pekerjaan"] == "pelajar_mahasiswa"
    assert village.record(PERSON).stamps == {}


def test_family_cards_are_flagged_again_when_families_are_separated(village: Village) -> None:
    office = village.office().pull()
    office.push(
        an_edit(FAMILY, no_kk=NIK, alamat="Jalan Mawar", rt="003", rw="001"),
        an_edit(OTHER_FAMILY, no_kk=NIK),
    )
    office.settle(village.question, "candidate")
    office.resolve(OTHER_FAMILY, separate=True)
    kinds = [conflict.kind for conflict in village.open_conflicts()]
    assert kinds == [ConflictKind.IDENTITY_DUPLICATE]
