"""A list comes in: what is new, what is said again, and what the field has answered meanwhile."""

from dataclasses import replace

import pytest

from sync.listing import MEMBERS_PER_FAMILY_MAX
from sync.listing_plan import Remark, Verdict
from sync.listing_words import last_words
from sync.types import ANGGOTA, KELUARGA, Json, Record
from tests.builders import NIK, NO_KK, OTHER_NIK, an_edit, an_end, an_id, elements
from tests.lists_in_memory import NOVEMBER, OCTOBER, Lists, a_listed, a_member
from tests.village import Phone, Village


@pytest.fixture
def village() -> Village:
    return Village()


@pytest.fixture
def lists(village: Village) -> Lists:
    return Lists(village)


@pytest.fixture
def collector(village: Village) -> Phone:
    return village.phone("collector")


def the(village: Village, entity: str) -> Record:
    """The only record of its kind that stands for itself."""
    (found,) = (r for r in village.records.values() if r.entity == entity and r.alias is None)
    return found


def said_by(phone: Phone, record: Record, **fields: Json) -> None:
    """Somebody in the field, who sees the village as it is, states fields."""
    answer = phone.pull().push(an_edit(record.id, entity=record.entity, **fields))
    assert answer.outcome == "applied"


def test_a_list_begins_its_families_and_people_with_where_they_come_from(
    village: Village, lists: Lists
) -> None:
    arrived = lists.bring(a_listed())
    assert arrived.verdict is Verdict.NEW
    family, person = the(village, KELUARGA), the(village, ANGGOTA)
    assert family.fields["program"] == ["pkh"]
    assert person.parent == family.id
    assert family.created.observed is None, "a list vouches for no day"
    assert arrived.operations[0]["source"] == {
        "list": "dtsen_2026",
        "instrument": "dtsen",
        "version": "2026-10",
        "import": an_id(1),
        "row": 2,
    }


def test_the_same_list_twice_says_nothing(village: Village, lists: Lists) -> None:
    lists.bring(a_listed())
    head = village.head
    again = lists.bring(a_listed())
    assert again.operations == []
    assert again.verdicts(KELUARGA) + again.verdicts(ANGGOTA) == [Verdict.SAME] * 2
    assert village.head == head


def test_a_newer_list_updates_what_only_lists_have_said(village: Village, lists: Lists) -> None:
    lists.bring(a_listed())
    assert lists.bring(a_listed(jenis_lantai_terluas="semen_bata_merah")).verdict is Verdict.CHANGED
    assert the(village, KELUARGA).fields["jenis_lantai_terluas"] == "semen_bata_merah"
    assert not village.open_conflicts()


def test_a_list_that_goes_back_to_what_it_said_first_is_heard(
    village: Village, lists: Lists
) -> None:
    for floor in ("keramik", "tanah", "keramik"):
        lists.bring(a_listed(jenis_lantai_terluas=floor))
        assert the(village, KELUARGA).fields["jenis_lantai_terluas"] == floor


@pytest.mark.parametrize(
    ("field", "first", "seen", "newer"),
    [
        ("jenis_lantai_terluas", "keramik", "tanah", "semen_bata_merah"),
        ("nama_kepala_keluarga", "Sutrisno", "Sutrisna", "Trisno"),
    ],
)
def test_what_the_field_has_verified_stays_and_a_newer_list_proposes(
    village: Village, lists: Lists, collector: Phone, field: str, first: str, seen: str, newer: str
) -> None:
    told = a_listed()
    lists.bring(replace(told, fields={**told.fields, field: first}))
    said_by(collector, the(village, KELUARGA), **{field: seen})
    changed = replace(told, fields={**told.fields, field: newer})
    assert lists.bring(changed, source=NOVEMBER).verdict is Verdict.PROPOSED
    assert the(village, KELUARGA).fields[field] == seen
    assert village.proposals == [{field: newer}]


def test_a_verified_value_that_the_list_shares_is_verified_all_the_same(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed())
    said_by(collector, the(village, KELUARGA), jenis_lantai_terluas="keramik")
    newer = lists.bring(a_listed(jenis_lantai_terluas="tanah"), source=NOVEMBER)
    assert newer.verdict is Verdict.PROPOSED


def test_the_same_list_is_silent_about_what_the_field_has_corrected(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed())
    said_by(collector, the(village, KELUARGA), jenis_lantai_terluas="tanah")
    assert lists.bring(a_listed()).operations == []


def test_a_newer_list_that_still_says_so_asks_once(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed())
    said_by(collector, the(village, KELUARGA), jenis_lantai_terluas="tanah")
    assert lists.bring(a_listed(), source=NOVEMBER).verdict is Verdict.PROPOSED
    assert lists.bring(a_listed(), source=NOVEMBER).operations == []
    assert len(village.proposals) == 1


def test_what_a_reviewer_has_judged_is_not_asked_again(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed())
    said_by(collector, the(village, KELUARGA), jenis_lantai_terluas="tanah")
    lists.bring(a_listed(), source=NOVEMBER)
    village.office("reviewer").settle(village.question, "current")
    assert lists.bring(a_listed()).operations == []
    assert not village.open_conflicts()
    said_by(collector, the(village, KELUARGA), jenis_lantai_terluas="bambu")
    assert lists.bring(a_listed(), source=NOVEMBER).operations == []
    changed = lists.bring(a_listed(jenis_lantai_terluas="semen_bata_merah"), source=NOVEMBER)
    assert changed.verdict is Verdict.PROPOSED


def test_what_a_reviewer_refused_of_a_collector_is_not_asked_for_a_list(
    village: Village, lists: Lists
) -> None:
    lists.bring(a_listed())
    phones = [village.phone(name).pull() for name in ("one", "two")]
    family = the(village, KELUARGA).id
    for phone, name in zip(phones, ("Sutrisna", "Trisno"), strict=True):
        phone.push(an_edit(family, nama_kepala_keluarga=name))
    village.office("reviewer").settle(village.question, "current")
    listed = lists.bring(a_listed(nama_kepala_keluarga="Trisno"), source=NOVEMBER)
    assert listed.operations == []


def test_a_list_that_comes_round_takes_its_proposal_back(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed())
    said_by(collector, the(village, KELUARGA), jenis_lantai_terluas="tanah")
    lists.bring(a_listed(), source=NOVEMBER)
    assert lists.bring(a_listed(jenis_lantai_terluas="tanah")).verdict is Verdict.CHANGED
    assert not village.open_conflicts()
    assert lists.bring(a_listed(jenis_lantai_terluas="tanah")).operations == []


def test_server_owned_groups_follow_the_newest_list_also_in_closed_records(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed())
    said_by(collector, the(village, KELUARGA), jenis_lantai_terluas="tanah")
    collector.pull().push(an_end(the(village, KELUARGA).id))
    arrived = lists.bring(a_listed(desil_nasional=4, alamat="Dusun III"), source=NOVEMBER)
    assert arrived.verdict is Verdict.CHANGED
    assert Remark.CLOSED in arrived.remarks
    family = the(village, KELUARGA)
    assert (family.fields["desil_nasional"], family.fields["alamat"]) == (4, "Dusun II")
    assert family.end is not None
    assert not village.open_conflicts(), "a closed record is neither reopened nor asked about"


def test_what_the_office_wrote_about_its_own_group_gives_way_to_a_list(
    village: Village, lists: Lists
) -> None:
    lists.bring(a_listed())
    family = the(village, KELUARGA)
    village.office().pull().push(an_edit(family.id, desil_nasional=9))
    assert lists.bring(a_listed(desil_nasional=3)).verdict is Verdict.CHANGED
    assert the(village, KELUARGA).fields["desil_nasional"] == 3
    assert not village.open_conflicts()


def test_a_set_only_grows_and_what_the_field_took_out_stays_out(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed(program=["pkh"]))
    collector.pull().push(elements(record=the(village, KELUARGA).id, add=["pbi"], remove=["pkh"]))
    arrived = lists.bring(a_listed(program=["pkh", "bpnt"]), source=NOVEMBER)
    assert arrived.verdict is Verdict.CHANGED
    assert the(village, KELUARGA).fields["program"] == ["bpnt", "pbi"]
    assert lists.bring(a_listed(program=["pkh", "bpnt"]), source=NOVEMBER).operations == []


def test_a_list_without_a_column_says_nothing_about_it(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed())
    said_by(collector, the(village, KELUARGA), alamat="Dusun II", rt="003", rw="001")
    assert lists.bring(a_listed(), source=NOVEMBER).operations == [], "the address is the same"
    lists.bring(a_listed(alamat="Dusun V"), source=NOVEMBER)
    assert village.proposals == [{"alamat": "Dusun V", "rt": "003", "rw": "001"}]


def test_a_number_takes_the_place_of_why_it_was_missing(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed(a_member(nik=None)))
    said_by(collector, the(village, ANGGOTA), nik_alasan="belum punya")
    lists.bring(a_listed(a_member()), source=NOVEMBER)
    assert village.proposals == [{"nik": NIK}]


def test_a_list_is_silent_about_who_is_there_once_the_field_has_spoken(
    village: Village, lists: Lists, collector: Phone
) -> None:
    lists.bring(a_listed())
    said_by(collector, the(village, ANGGOTA), keberadaan="tinggal_bersama_keluarga")
    arrived = lists.bring(a_listed(a_member(keberadaan="meninggal")), source=NOVEMBER)
    assert arrived.verdicts(ANGGOTA) == [Verdict.SAME]
    assert the(village, ANGGOTA).fields["keberadaan"] == "tinggal_bersama_keluarga"


def test_a_family_that_only_the_field_has_entered_is_proposed_to(
    village: Village, lists: Lists, collector: Phone
) -> None:
    family: dict[str, Json] = {"kind": "create", "entity": KELUARGA, "id": an_id(7)}
    collector.push({**family, "set": {"no_kk": NO_KK, "alamat": "Dusun I"}})
    arrived = lists.bring(a_listed(alamat="Dusun II"))
    assert arrived.verdict is Verdict.PROPOSED
    record = the(village, KELUARGA)
    assert record.fields["alamat"] == "Dusun I"
    assert record.fields["desil_nasional"] == 2, "who fills an empty group contradicts nobody"
    assert village.proposals == [{"alamat": "Dusun II"}]


def test_proposals_add_programmes_and_begin_families_as_newly_proposed(
    village: Village, lists: Lists
) -> None:
    lists.bring(a_listed())
    other = a_listed(a_member(nik=OTHER_NIK), no_kk="1802212101100009", program_diusulkan=["pkh"])
    listed = a_listed(a_member(nama="Lain"), alamat="lain", program_diusulkan=["bpnt"])
    arrived = lists.bring(listed, other, proposals=True)
    assert arrived.verdicts() == [Verdict.CHANGED, Verdict.NEW]
    known, new = (r for r in village.records.values() if r.entity == KELUARGA)
    assert (known.fields["alamat"], known.fields["program_diusulkan"]) == ("Dusun II", ["bpnt"])
    assert "hasil" not in known.fields
    assert new.fields["hasil"] == "usulan_baru"


def test_a_preview_is_the_import_without_its_last_step(village: Village, lists: Lists) -> None:
    lists.bring(a_listed())
    listed = [a_listed(alamat="Dusun V"), a_listed(no_kk="1802212101100009"), a_listed()]
    head = village.head
    preview = lists.preview(*listed)
    assert village.head == head
    imported = lists.bring(*listed)
    assert [one[:4] for one in preview.judged] == [one[:4] for one in imported.judged]
    assert preview.remarks == imported.remarks


def test_rows_that_nobody_could_recognise_again_are_refused(lists: Lists) -> None:
    arrived = lists.bring(a_listed(a_member(nik=None, nama=None)))
    assert arrived.verdicts(ANGGOTA) == [Verdict.REFUSED]
    crowd = [a_member(row=n, nik=f"{n:016d}") for n in range(MEMBERS_PER_FAMILY_MAX + 1)]
    arrived = lists.bring(a_listed(*crowd, no_kk="1802212101100009"))
    assert {one.verdict for one in arrived.judged} == {Verdict.REFUSED}
    assert arrived.operations == []


def test_a_list_too_thin_to_begin_a_family_only_adds_to_known_ones(
    village: Village, lists: Lists
) -> None:
    thin = type(OCTOBER)("desil", "dtsen", "2026-11", only_known=True)
    assert lists.bring(a_listed(), source=thin).verdict is Verdict.REFUSED
    lists.bring(a_listed())
    assert lists.bring(a_listed(desil_nasional=7), source=thin).verdict is Verdict.CHANGED
    assert the(village, KELUARGA).fields["desil_nasional"] == 7


def test_codes_of_the_instrument_stay_with_the_operation(lists: Lists) -> None:
    told = replace(a_listed(), codes={"jenis_lantai_terluas": "2"})
    created = lists.bring(told).operations[0]
    source = created["source"]
    assert isinstance(source, dict)
    assert source["codes"] == {"jenis_lantai_terluas": "2"}


def test_what_an_operation_of_another_kind_of_list_said_has_no_edition() -> None:
    body: dict[str, Json] = {"entity": KELUARGA, "id": an_id(1), "set": {"alamat": "Dusun"}}
    (words,) = last_words([{**body, "source": "form"}]).values()
    assert words["alamat"].issue == ""


def test_others_may_argue_about_a_group_that_the_list_only_proposes_to(
    village: Village, lists: Lists
) -> None:
    lists.bring(a_listed())
    family = the(village, KELUARGA).id
    phones = [village.phone(name).pull() for name in ("one", "two")]
    for phone, name in zip(phones, ("Sutrisna", "Trisno"), strict=True):
        phone.push(an_edit(family, nama_kepala_keluarga=name))
    assert lists.bring(a_listed(nama_kepala_keluarga="Tris")).verdict is Verdict.PROPOSED
    assert len(village.proposals) == 2
    assert lists.bring(a_listed(nama_kepala_keluarga="Tris")).operations == []
