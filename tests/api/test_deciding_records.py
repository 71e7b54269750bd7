"""Decisions that move more than a value: families, ends, doubles, records merged and parted."""

from tests.api.village import (
    FAMILY,
    FIRST_NIK,
    MEMBER,
    OTHER_DESA,
    SECOND_NIK,
    SOMEBODY,
    Desk,
    a_person,
    assert_sound,
    audited,
    desk,
    doubled,
    promote,
    record_id,
)
from tests.api.world import World, area, outcomes, refused


def test_where_somebody_belongs_can_be_decided(world: World) -> None:
    """Two collectors moved one person to two families; neither family is named by the decision."""
    ani, budi = world.device("ani"), world.device("budi")
    second, third = record_id(3), record_id(4)
    ani.push([ani.create(FAMILY), ani.create(second), ani.create(third)])
    ani.push([ani.add_member(MEMBER, FAMILY)])
    ani.push([ani.op("move", "anggota", MEMBER, base=4, parent=second)])
    told = budi.push([budi.op("move", "anggota", MEMBER, base=4, parent=third)])
    assert outcomes(told) == {1: "conflict"}
    sari = desk(world)
    page = sari.only_conflict()
    assert page["summary"]["group"] == "parent"
    assert sari.resolve(page, "candidate").status == 200
    assert sari.read(f"/v1/records/{MEMBER}")["keluarga"] == third
    assert sari.undo(page["summary"]["id"]).status == 200
    assert sari.read(f"/v1/records/{MEMBER}")["keluarga"] == second
    assert_sound(world)


def test_an_end_can_turn_out_to_be_wrong(world: World) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    ani.push([ani.create(FAMILY)])
    ani.push([ani.op("end", "keluarga", FAMILY, base=1, end="pindah", date="2026-11-01")])
    assert outcomes(budi.push([budi.edit(FAMILY, 1, luas_lantai=40)])) == {1: "conflict"}
    sari = desk(world)
    page = sari.only_conflict()
    assert page["summary"]["kind"] == "edit-after-end"
    assert page["current"][0]["value"]["end"] == "pindah"
    assert page["origin"] is None
    assert sari.resolve(page, "candidate").status == 200
    record = sari.read(f"/v1/records/{FAMILY}")
    assert (record["end"], record["fields"]["luas_lantai"]) == (None, 40)
    assert_sound(world)


def test_a_number_that_a_decision_brings_back_may_be_somebody_elses(world: World) -> None:
    """The NIK stands in no operation of the reviewer, only in a candidate of the question."""
    ani, budi = world.device("ani"), world.device("budi")
    other = record_id(3)
    ani.push([ani.create(FAMILY), ani.create(other)])
    ani.push([a_person(ani, MEMBER, FAMILY, FIRST_NIK)])
    ani.push([a_person(ani, record_id(4), other, SECOND_NIK)])
    ani.push([ani.op("end", "anggota", MEMBER, base=3, end="pindah", date="2026-11-01")])
    budi.push([budi.op("set", "anggota", MEMBER, base=3, set={"nik": SECOND_NIK})])
    sari = desk(world)
    assert sari.resolve(sari.only_conflict(), "candidate").status == 200
    (flag,) = sari.conflicts()
    assert (flag["kind"], flag["record"], flag["twin"]) == (
        "identity-duplicate",
        record_id(4),
        MEMBER,
    )
    assert_sound(world)


def test_two_entries_of_one_person_become_one_and_two_again(world: World) -> None:
    doubled(world)
    sari = desk(world)
    page = sari.only_conflict()
    assert page["summary"]["kind"] == "identity-duplicate"
    assert {page["summary"]["record"], page["summary"]["twin"]} == {MEMBER, record_id(4)}
    assert sari.resolve(page, "candidate").status == 200
    assert sari.read(f"/v1/records/{record_id(4)}")["alias"] == MEMBER
    assert_sound(world)
    assert sari.undo(page["summary"]["id"]).status == 200
    assert sari.read(f"/v1/records/{record_id(4)}")["alias"] is None
    assert len(sari.conflicts()) == 1
    assert_sound(world)


def test_two_entries_may_be_two_people_after_all(world: World) -> None:
    doubled(world)
    sari = desk(world)
    assert sari.resolve(sari.only_conflict(), "current").status == 200
    assert sari.conflicts() == []
    assert sari.read(f"/v1/records/{MEMBER}")["review"] == []
    assert_sound(world)


def test_a_reviewer_merges_two_families_and_parts_them_again(world: World) -> None:
    ani = world.device("ani")
    other = record_id(3)
    ani.push([ani.create(FAMILY, luas_lantai=40), ani.create(other, daya_terpasang=None)])
    ani.push([ani.add_member(MEMBER, other)])
    sari = desk(world)
    assert sari.merge(other, FAMILY).status == 200
    assert sari.read(f"/v1/records/{MEMBER}")["keluarga"] == FAMILY
    refused(sari.merge(other, FAMILY), 409, "already-decided")
    # What the phone still sends for the alias reaches the record it became.
    ani.push([ani.edit(other, 2, luas_lantai=50)])
    assert_sound(world)
    assert sari.separate(other).status == 200
    assert sari.read(f"/v1/records/{MEMBER}")["keluarga"] == other
    refused(sari.separate(other), 409, "already-decided")
    assert_sound(world)


def test_who_entered_one_of_two_doubles_does_not_merge_them(world: World) -> None:
    ani = doubled(world)
    promote(world, ani.account)
    collector = Desk(ani)
    refused(collector.merge(record_id(4), MEMBER), 403, "not-permitted")
    assert desk(world).merge(record_id(4), MEMBER).status == 200
    assert_sound(world)


def test_what_was_merged_on_is_parted_from_the_end(world: World) -> None:
    ani = world.device("ani")
    second, third = record_id(3), record_id(4)
    ani.push([ani.create(FAMILY), ani.create(second), ani.create(third)])
    sari = desk(world)
    sari.merge(third, second)
    sari.merge(second, FAMILY)
    refused(sari.separate(third), 409, "already-decided")
    assert sari.separate(second).status == 200
    assert sari.separate(third).status == 200
    assert_sound(world)


def test_visits_are_not_merged(world: World) -> None:
    ani = world.device("ani")
    visits = [record_id(8), record_id(9)]
    ani.push([ani.create(FAMILY)])
    ani.push([ani.op("create", "kunjungan", v, base=0, parent=FAMILY, set={}) for v in visits])
    refused(desk(world).merge(*visits), 422, "value-refused")


def test_what_is_not_there_is_not_parted(world: World) -> None:
    refused(desk(world).separate(SOMEBODY), 404, "not-found")


def test_merging_the_same_pair_again_is_another_decision(world: World) -> None:
    ani = world.device("ani")
    other = record_id(3)
    ani.push([ani.create(FAMILY), ani.create(other)])
    sari = desk(world)
    for _ in range(2):
        assert sari.merge(other, FAMILY).status == 200
        assert sari.separate(other).status == 200
    assert len(audited(world, "records-merged")) == 2
    assert_sound(world)


def test_only_two_records_of_one_kind_and_village_are_merged(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY), ani.add_member(MEMBER, FAMILY)])
    there = world.device("dewi", areas=[area(OTHER_DESA)])
    there.push([there.create(record_id(9))])
    sari = desk(world)
    refused(sari.merge(FAMILY, FAMILY), 422, "value-refused")
    refused(sari.merge(MEMBER, FAMILY), 422, "value-refused")
    refused(sari.merge(FAMILY, record_id(9)), 404, "not-found")
    refused(sari.merge(FAMILY, SOMEBODY), 404, "not-found")


def test_two_taps_that_a_reviewer_parts_stay_apart(world: World) -> None:
    """Twins with one NIK, typed by mistake: the machine must not join them a second time."""
    ani = world.device("ani")
    ani.push([ani.create(FAMILY)])
    ani.push([a_person(ani, MEMBER, FAMILY, "1802210101900001", nama="Ana")])
    ani.push([a_person(ani, record_id(4), FAMILY, "1802210101900001", nama="Ani")])
    sari = desk(world)
    assert sari.read(f"/v1/records/{record_id(4)}")["alias"] == MEMBER
    assert sari.separate(record_id(4)).status == 200
    assert sari.read(f"/v1/records/{record_id(4)}")["alias"] is None
    assert [c["kind"] for c in sari.conflicts()].count("identity-duplicate") == 1
    assert_sound(world)
