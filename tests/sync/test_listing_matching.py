"""Whom a list means: numbers change, cards are split, people are registered twice."""

from dataclasses import replace

import pytest

from sync.listed import ListedMember
from sync.listing_plan import Remark, Verdict
from sync.types import ANGGOTA, KELUARGA, ConflictKind, Json, Record
from tests.builders import NIK, NO_KK, OTHER_NIK, a_death, an_edit, an_end
from tests.lists_in_memory import NOVEMBER, Lists, a_listed, a_member
from tests.village import Phone, Village

NEW_KK = "1802212101100077"
THIRD_NIK = "1802214101900009"


@pytest.fixture
def village() -> Village:
    return Village()


@pytest.fixture
def lists(village: Village) -> Lists:
    return Lists(village)


@pytest.fixture
def collector(village: Village) -> Phone:
    return village.phone("collector")


def all_of(village: Village, entity: str) -> list[Record]:
    return [r for r in village.records.values() if r.entity == entity and r.alias is None]


def named(village: Village, name: str) -> Record:
    (found,) = (r for r in all_of(village, ANGGOTA) if r.fields.get("nama") == name)
    return found


def wife(row: int = 3, **fields: Json) -> ListedMember:
    told: dict[str, Json] = {"nik": OTHER_NIK, "nama": "Siti", "jenis_kelamin": "perempuan"}
    return a_member(row, **{**told, "hubungan_keluarga": "istri_suami", **fields})


def son(row: int = 4, **fields: Json) -> ListedMember:
    told: dict[str, Json] = {"nik": THIRD_NIK, "nama": "Budi", "tanggal_lahir": "2004-01-01"}
    return a_member(row, **{**told, "hubungan_keluarga": "anak", **fields})


def test_a_family_with_a_new_card_is_the_same_family(village: Village, lists: Lists) -> None:
    lists.bring(a_listed(a_member(), wife()))
    arrived = lists.bring(a_listed(a_member(), wife(), no_kk=NEW_KK))
    assert arrived.verdict is Verdict.CHANGED
    (family,) = all_of(village, KELUARGA)
    assert family.fields["no_kk"] == NEW_KK
    assert len(all_of(village, ANGGOTA)) == 2


def test_a_card_that_was_corrected_in_the_field_is_found_by_its_people(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed(a_member(), wife()))
    (family,) = all_of(village, KELUARGA)
    collector.pull().push(an_edit(family.id, no_kk=NEW_KK))
    assert lists.bring(a_listed(a_member(), wife())).operations == []


def test_a_family_is_found_by_the_id_of_an_earlier_list(village: Village, lists: Lists) -> None:
    lists.bring(a_listed(a_member(nik=None), id_dtks="ID-1"))
    arrived = lists.bring(a_listed(a_member(nik=None), no_kk=NEW_KK, id_dtks="ID-1"))
    assert arrived.verdict is Verdict.CHANGED
    assert len(all_of(village, KELUARGA)) == 1


def test_a_card_that_was_split_moves_whom_only_lists_have_spoken_about(
    village: Village, lists: Lists
) -> None:
    lists.bring(a_listed(a_member(), wife(), son()))
    split = a_listed(son(hubungan_keluarga="kepala_keluarga"), no_kk=NEW_KK)
    arrived = lists.bring(a_listed(a_member(), wife()), split)
    assert Remark.MOVED in arrived.remarks
    assert len(all_of(village, ANGGOTA)) == 3, "nobody was doubled"
    assert named(village, "Budi").fields["hubungan_keluarga"] == "kepala_keluarga"
    homes = {r.id: r.fields["no_kk"] for r in all_of(village, KELUARGA)}
    assert homes[named(village, "Budi").keluarga] == NEW_KK
    assert not village.open_conflicts()
    assert lists.bring(a_listed(a_member(), wife()), split).operations == []


def test_whoever_the_field_has_seen_stays_where_they_were_seen(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed(a_member(), wife(), son()))
    seen = named(village, "Budi")
    collector.pull().push(an_edit(seen.id, entity=ANGGOTA, keberadaan="tinggal_bersama_keluarga"))
    split = a_listed(son(hubungan_keluarga="kepala_keluarga"), no_kk=NEW_KK)
    arrived = lists.bring(split, source=NOVEMBER)
    assert Remark.NIK_IN_OTHER_FAMILY in arrived.remarks
    assert village.record(seen.id).keluarga == seen.keluarga
    (question,) = village.open_conflicts(ConflictKind.IDENTITY_DUPLICATE)
    assert question.twin == seen.id
    assert lists.bring(split, source=NOVEMBER).operations == []


def test_two_that_a_reviewer_has_joined_are_not_parted_by_the_next_list(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed(a_member(), wife(), son()))
    seen = named(village, "Budi")
    collector.pull().push(an_edit(seen.id, entity=ANGGOTA, keberadaan="tinggal_bersama_keluarga"))
    split = a_listed(son(hubungan_keluarga="kepala_keluarga"), no_kk=NEW_KK)
    lists.bring(split, source=NOVEMBER)
    (question,) = village.open_conflicts(ConflictKind.IDENTITY_DUPLICATE)
    village.office("reviewer").resolve(question.record, merge=seen.id, reason="one and the same")
    people = len(all_of(village, ANGGOTA))
    lists.bring(split, source=NOVEMBER)
    assert len(all_of(village, ANGGOTA)) == people
    assert lists.bring(split, source=NOVEMBER).operations == []


def test_a_closed_family_is_not_begun_again(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed(a_member(), wife()))
    (family,) = all_of(village, KELUARGA)
    collector.pull().push(an_end(family.id))
    arrived = lists.bring(a_listed(a_member(), wife(), son()), source=NOVEMBER)
    assert arrived.operations == []
    assert Remark.CLOSED in arrived.remarks


def test_the_dead_do_not_come_back_with_a_list(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed(a_member(), wife()))
    collector.pull().push(a_death(named(village, "Siti").id))
    moved = a_listed(wife(), no_kk=NEW_KK)
    arrived = lists.bring(a_listed(a_member(), wife()), source=NOVEMBER)
    assert arrived.operations == []
    arrived = lists.bring(moved, source=NOVEMBER)
    assert Remark.DEAD in arrived.remarks
    assert len(all_of(village, ANGGOTA)) == 2


def test_a_person_with_a_corrected_number_and_name_is_the_one_the_list_meant(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed(a_member(), wife()))
    person = named(village, "Siti")
    edit = an_edit(person.id, entity=ANGGOTA, nik=THIRD_NIK, nama="Siti Aminah")
    collector.pull().push(edit)
    assert lists.bring(a_listed(a_member(), wife())).operations == []
    assert len(all_of(village, ANGGOTA)) == 2


def test_a_person_without_a_number_is_known_by_name_and_birth_date(
    village: Village, lists: Lists
) -> None:
    without = [a_member(nik=None), wife(nik=None, tanggal_lahir=None)]
    lists.bring(a_listed(*without))
    assert lists.bring(a_listed(*without)).operations == []
    arrived = lists.bring(a_listed(a_member(nama="  SUTRISNO. ")))
    assert arrived.verdicts(ANGGOTA) == [Verdict.CHANGED]
    assert len(all_of(village, ANGGOTA)) == 2


def test_a_malformed_number_goes_in_and_is_known_again(village: Village, lists: Lists) -> None:
    broken = a_listed(a_member(nik="180221650590", nama=None))
    lists.bring(broken)
    assert lists.bring(broken).operations == []
    assert len(all_of(village, ANGGOTA)) == 1


def test_two_of_a_family_under_one_number_do_not_write_over_each_other(
    village: Village, lists: Lists
) -> None:
    listed = a_listed(a_member(), son(nik=NIK))
    arrived = lists.bring(listed)
    assert Remark.NIK_TWICE in arrived.remarks
    assert sorted(str(r.fields["nama"]) for r in all_of(village, ANGGOTA)) == ["Budi", "Sutrisno"]
    assert lists.bring(listed).operations == []
    (question,) = village.open_conflicts()
    assert question.kind is ConflictKind.IDENTITY_DUPLICATE


def test_a_row_that_stands_twice_is_one_person(village: Village, lists: Lists) -> None:
    arrived = lists.bring(a_listed(a_member(), a_member(row=3)))
    assert sorted(arrived.verdicts(ANGGOTA)) == [Verdict.NEW, Verdict.SAME]
    assert len(all_of(village, ANGGOTA)) == 1
    arrived = lists.bring(a_listed(a_member(), a_member(row=3)))
    assert arrived.verdicts(ANGGOTA) == [Verdict.SAME] * 2


@pytest.mark.parametrize("per_chunk", [1, 2])
def test_a_card_that_stands_twice_is_one_family(
    village: Village, lists: Lists, per_chunk: int
) -> None:
    listed = [a_listed(a_member()), a_listed(wife(), row=9)]
    arrived = lists.bring(*listed, per_chunk=per_chunk)
    assert len(all_of(village, KELUARGA)) == 1
    assert len(all_of(village, ANGGOTA)) == 2
    assert arrived.verdicts() == [Verdict.NEW, Verdict.SAME]
    assert lists.bring(*listed, per_chunk=per_chunk).operations == []


def test_a_number_on_two_cards_does_not_send_a_person_to_and_fro(lists: Lists) -> None:
    listed = [a_listed(a_member()), a_listed(wife(), a_member(row=9), no_kk=NEW_KK)]
    assert Remark.NIK_TWICE in lists.bring(*listed).remarks
    assert lists.bring(*listed).operations == []
    assert lists.bring(*reversed(listed)).operations == []


def test_a_number_that_another_village_has_is_remarked_and_goes_in(
    village: Village, lists: Lists
) -> None:
    lists.elsewhere = frozenset({NIK})
    arrived = lists.bring(a_listed())
    assert arrived.remarks == [Remark.NIK_IN_OTHER_VILLAGE]
    assert arrived.verdicts(ANGGOTA) == [Verdict.NEW]
    assert len(all_of(village, ANGGOTA)) == 1


def test_a_list_that_calls_somebody_dead_ends_no_record(village: Village, lists: Lists) -> None:
    lists.bring(a_listed())
    dead = ListedMember(2, a_member().fields, {}, end={"end": "meninggal"})
    arrived = lists.bring(a_listed(dead), source=NOVEMBER)
    assert arrived.remarks == [Remark.ENDED_IN_LIST]
    assert named(village, "Sutrisno").end is None
    stranger = ListedMember(3, wife().fields, {}, end={"end": "meninggal"})
    arrived = lists.bring(a_listed(a_member(), stranger), source=NOVEMBER)
    assert arrived.verdicts(ANGGOTA) == [Verdict.SAME, Verdict.REFUSED]


def test_families_that_a_reviewer_has_joined_are_both_found_under_the_one(
    village: Village, lists: Lists
) -> None:
    listed = [a_listed(a_member()), a_listed(wife(), no_kk=NEW_KK)]
    lists.bring(*listed)
    first, second = all_of(village, KELUARGA)
    village.office("reviewer").resolve(second.id, merge=first.id, reason="one card in truth")
    assert first.fields["no_kk"] == NO_KK
    lists.bring(*listed)
    assert lists.bring(*listed).operations == []
    assert len(all_of(village, ANGGOTA)) == 2


def test_a_family_without_any_number_is_known_by_head_and_address(
    village: Village, lists: Lists
) -> None:
    nameless = a_listed(a_member(nik=None), no_kk=None)
    lists.bring(nameless)
    assert lists.bring(nameless).operations == []
    lists.bring(a_listed(a_member(nik=None), no_kk=None, alamat="Dusun Lain"))
    assert len(all_of(village, KELUARGA)) == 2


def test_a_name_does_not_take_the_record_of_somebody_whom_the_list_numbers(
    village: Village, lists: Lists
) -> None:
    lists.bring(a_listed(a_member(), wife(nama="Sutrisno", tanggal_lahir="1980-05-25")))
    twin = wife(nama="Sutrisno", tanggal_lahir="1980-05-25")
    lists.bring(a_listed(a_member(), twin, replace(twin, fields={**twin.fields, "nik": None})))
    assert len(all_of(village, ANGGOTA)) == 3


def test_both_of_two_that_were_joined_inside_a_family_are_the_one(
    village: Village, lists: Lists
) -> None:
    listed = a_listed(a_member(), son(), son(row=5, nik=OTHER_NIK))
    lists.bring(listed)
    first, second = (r for r in all_of(village, ANGGOTA) if r.fields["nama"] == "Budi")
    village.office("reviewer").resolve(second.id, merge=first.id, reason="one boy")
    lists.bring(listed)
    assert lists.bring(listed).operations == []
    assert len(all_of(village, ANGGOTA)) == 2
