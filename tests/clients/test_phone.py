"""A phone through its day: capture, sync, and what the field does to both."""

from pathlib import Path

import pytest
from lokus_client import InvalidEdit, NotEnrolled, UnknownRecord
from lokus_client.values import Fields

from tests.clients.doubled_routes import body_of
from tests.clients.world import (
    DESA,
    OTHER_DESA,
    OTHER_RT,
    RT,
    World,
    agreement,
    assert_same_as_server,
    family,
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_one_phone_captured_another_phone_of_the_rt_sees(world: World) -> None:
    ani, _ = world.enrolled("ani")
    budi, _ = world.enrolled("budi")
    home = family(ani, "Suryani", luas_lantai=54)
    ani.create("anggota", {"nama": "Rahmat"}, parent=home)
    assert ani.sync().code == "ok"
    assert budi.sync().code == "ok"
    assert [view.fields for view in budi.records()] == [view.fields for view in ani.records()]
    assert {view.rt for view in budi.records()} == {RT}
    assert_same_as_server(world, budi)


def test_a_normal_sync_is_one_request(world: World) -> None:
    phone, link = world.enrolled("ani")
    family(phone)
    report = phone.sync()
    assert link.paths == ["/v1/sync"]
    assert (report.sent, report.acked, report.requests, report.unsent) == (1, 1, 1, 0)


def test_a_long_queue_goes_up_in_growing_batches_and_comes_down_with_the_last(
    world: World,
) -> None:
    phone, link = world.enrolled("ani")
    for number in range(100):
        family(phone, f"Keluarga {number}")
    assert phone.sync().code == "ok"
    assert link.paths == ["/v1/push", "/v1/push", "/v1/sync"]
    assert phone.status().unsent == 0
    assert_same_as_server(world, phone)


def test_a_slow_link_does_not_grow_the_batch(world: World) -> None:
    phone, link = world.enrolled("ani")
    link.takes_ms = 11_000
    for number in range(45):
        family(phone, f"Keluarga {number}")
    phone.sync()
    assert link.paths == ["/v1/push", "/v1/push", "/v1/sync"]


def test_pages_are_pulled_until_there_is_no_more(world: World) -> None:
    ani, _ = world.enrolled("ani")
    budi, link = world.enrolled("budi")
    for number in range(300):
        family(ani, f"Keluarga {number}", alamat="Jalan Contoh " * 10)
    ani.sync()
    assert budi.sync().rows == 300
    assert link.paths[0] == "/v1/sync"
    assert set(link.paths[1:]) == {"/v1/pull"}
    assert_same_as_server(world, budi)


def test_naming_one_field_states_the_whole_group_as_it_is_shown(world: World) -> None:
    phone, _ = world.enrolled("ani")
    home = family(phone, alamat="Jalan Melati")
    phone.edit("keluarga", home, {"dusun": "Satu"})
    phone.sync()
    assert phone.record(home).fields["alamat"] == "Jalan Melati"
    phone.edit("keluarga", home, {"dusun": "Dua", "rt": "003", "rw": "001"}, complete_groups=False)
    phone.sync()
    assert "alamat" not in phone.record(home).fields
    assert_same_as_server(world, phone)


def test_sets_are_added_to_and_removed_from(world: World) -> None:
    phone, _ = world.enrolled("ani")
    home = family(phone)
    phone.edit("keluarga", home, add={"program": ["pkh", "bpnt"]})
    phone.edit("keluarga", home, remove={"program": ["pkh"]})
    assert phone.record(home).fields["program"] == ["bpnt"]
    phone.sync()
    assert phone.record(home).fields["program"] == ["bpnt"]
    assert_same_as_server(world, phone)


@pytest.mark.parametrize(
    ("assigned", "added"),
    [({"atap2": "seng"}, {}), ({"program": ["pkh"]}, {}), ({}, {"luas_lantai": ["pkh"]}), ({}, {})],
)
def test_what_no_operation_can_carry_is_refused_at_once(
    world: World, assigned: Fields, added: Fields
) -> None:
    phone, _ = world.enrolled("ani")
    home = family(phone)
    with pytest.raises(InvalidEdit):
        phone.edit("keluarga", home, assigned, added)
    assert phone.status().unsent == 1


def test_records_have_the_parents_that_their_kind_wants(world: World) -> None:
    phone, _ = world.enrolled("ani")
    home = family(phone)
    child = phone.create("anggota", {"nama": "Rani"}, parent=home).id
    weight = phone.create("pengukuran", {"berat_kg": 11.5}, parent=child).id
    phone.create("kunjungan", {"catatan": "bertemu ibu"}, parent=home)
    with pytest.raises(InvalidEdit):
        phone.create("anggota", {"nama": "Rani"})
    with pytest.raises(InvalidEdit):
        phone.create("pengukuran", {"berat_kg": 11.5}, parent=home)
    with pytest.raises(UnknownRecord):
        phone.record("0199a0a0-0000-7000-8000-000000000000")
    assert phone.record(weight).rt == RT
    assert phone.sync().code == "ok"
    assert phone.record(weight).fields == {"berat_kg": 11.5}


def test_two_phones_on_one_identity_field_see_it_under_review(world: World) -> None:
    ani, _ = world.enrolled("ani")
    budi, _ = world.enrolled("budi")
    home = family(ani, "Suryani")
    ani.sync()
    budi.sync()
    ani.edit("keluarga", home, {"nama_kepala_keluarga": "Suriyani"})
    budi.edit("keluarga", home, {"nama_kepala_keluarga": "Suryanti"})
    for phone in (ani, budi, ani):
        assert phone.sync().code == "ok"
    for phone in (ani, budi):
        (review,) = phone.status().under_review
        assert (review.record, review.groups) == (home, ("nama_kepala_keluarga",))
        assert phone.record(home).fields["nama_kepala_keluarga"] == "Suriyani"
    (own,) = budi.status().under_review[0].own
    assert own.operation["set"] == {"nama_kepala_keluarga": "Suryanti"}
    assert ani.status().under_review[0].own == ()


def test_a_settled_conflict_is_no_longer_shown(world: World) -> None:
    ani, _ = world.enrolled("ani")
    budi, _ = world.enrolled("budi")
    home = family(ani, "Suryani")
    for phone in (ani, budi):
        phone.sync()
        phone.edit("keluarga", home, {"nama_kepala_keluarga": phone.status().device})
    ani.sync()
    budi.sync()
    record = world.double.village(DESA).records[home]
    world.double.village(DESA).head += 1
    record.review, record.seq = [], world.double.village(DESA).head
    budi.sync()
    assert budi.status().under_review == ()


def test_quarantine_is_shown_with_its_reason_and_the_lane_moves_on(world: World) -> None:
    phone, _ = world.enrolled("ani")
    home = family(phone)
    phone.offer(DESA, {"kind": "set", "entity": "keluarga", "id": home, "set": {"atap2": "x"}})
    phone.edit("keluarga", home, {"luas_lantai": 60})
    assert phone.sync().code == "ok"
    (trouble,) = phone.status().quarantined
    assert (trouble.reason, trouble.detail, trouble.record) == ("unknown-field", "atap2", home)
    assert phone.record(home).fields["luas_lantai"] == 60


def test_a_released_operation_leaves_quarantine_on_the_phone_too(world: World) -> None:
    phone, link = world.enrolled("ani")
    home = family(phone)
    phone.offer(DESA, {"kind": "set", "entity": "keluarga", "id": home, "set": {"atap2": "x"}})
    phone.sync()
    lane = world.double.state.lanes[world.device(phone).lanes[DESA]]
    lane.entries[1] = (lane.entries[1][0], {"outcome": "applied"})
    link.start_afresh()
    phone.sync()
    assert phone.status().quarantined != (), "asked a moment ago: not asked again yet"
    world.clock.elapsed_ms += 3_600_000
    phone.sync()
    assert phone.status().quarantined == ()
    phone.sync()
    assert link.paths.count(f"/v1/lanes/{lane.name}/outcomes") == 1


def test_closing_and_moving_are_shown_at_once_and_after_the_sync(world: World) -> None:
    phone, _ = world.enrolled("ani")
    old, new = family(phone, "Lama"), family(phone, "Baru")
    child = phone.create("anggota", {"nama": "Rani"}, parent=old).id
    phone.sync()
    phone.move(child, new)
    phone.end("keluarga", old, "salah", "2026-11-03")
    for _ in range(2):
        assert phone.record(child).parent == new
        assert phone.record(old).ended == "salah"
        phone.sync()
    assert_same_as_server(world, phone)


def test_operations_carry_the_phones_clock_and_the_local_day(world: World) -> None:
    phone, _ = world.enrolled("ani")
    world.clock.elapsed_ms = 7 * 3_600_000
    first, second = family(phone), family(phone)
    operations = [operation.operation() for operation in phone.operations()]
    assert [operation["observed"] for operation in operations] == ["2026-11-04"] * 2
    assert operations[0]["mono"] != operations[1]["mono"], "two edits stay two, however quick"
    assert first != second


def test_a_clock_that_is_known_to_be_wrong_states_no_day(world: World) -> None:
    phone, _ = world.enrolled("ani")
    world.clock.skew -= world.clock.wall() - world.clock.wall().replace(year=2016)
    family(phone)
    assert "observed" not in phone.operations()[-1].operation()


def test_every_boot_of_a_batch_has_its_anchor(world: World) -> None:
    phone, link = world.enrolled("ani")
    family(phone)
    phone.close()
    phone = world.open("ani", link, boot="b2")
    family(phone)
    phone.sync()
    clock = body_of(link.sent[-1])["clock"]
    assert clock["boot"] == "b2"
    assert set(clock["boots"]) == {"b1", "b2"}


def test_two_villages_have_a_lane_and_a_cursor_each(world: World) -> None:
    phone, _ = world.enrolled("bidan", {DESA: None, OTHER_DESA: None})
    with pytest.raises(InvalidEdit):
        family(phone)
    for desa in (DESA, OTHER_DESA):
        phone.create("keluarga", {"nama_kepala_keluarga": "X", "rt": "001"}, desa=desa)
    assert phone.sync().code == "ok"
    for desa in (DESA, OTHER_DESA):
        assert len(phone.server_copy(desa)) == 1
        assert_same_as_server(world, phone, desa)


def test_digests_agree_once_nothing_changed_in_between(world: World) -> None:
    phone, _ = world.enrolled("ani")
    family(phone)
    phone.sync()
    phone.sync()
    assert agreement(phone) == {RT: "agrees"}


def test_a_check_compares_at_once(world: World) -> None:
    phone, _ = world.enrolled("ani")
    family(phone)
    assert phone.sync(check=True).code == "ok"
    assert agreement(phone) == {RT: "agrees"}


def test_search_finds_records_by_words_whatever_the_case(world: World) -> None:
    phone, _ = world.enrolled("ani")
    home = family(phone, "Siti Aminah", alamat="Jalan Mawar")
    family(phone, "Wayan")
    assert [view.id for view in phone.records(search="mawar siti")] == [home]
    assert phone.records(search="mawar wayan") == []
    assert len(phone.records(entity="keluarga", rt=RT)) == 2
    assert phone.records(rt=OTHER_RT) == []


def test_the_sync_log_keeps_counters_and_no_names(world: World) -> None:
    phone, _ = world.enrolled("ani")
    family(phone, "Suryani")
    for _ in range(205):
        phone.sync()
    log = phone.sync_log()
    assert len(log) == 200
    assert "Suryani" not in repr(log)
    assert phone.status().last_sync == log[-1]


def test_a_bundle_carries_the_outbox_to_another_store(world: World, tmp_path: Path) -> None:
    lost, _ = world.enrolled("lost")
    home = family(lost, "Suryani")
    lost.edit("keluarga", home, {"luas_lantai": 70})
    assert lost.export_outbox(tmp_path / "outbox.jsonl") == 2
    found, _ = world.enrolled("found")
    assert found.import_outbox(tmp_path / "outbox.jsonl") == 2
    assert found.import_outbox(tmp_path / "outbox.jsonl") == 0
    found.sync()
    assert found.record(home).fields["luas_lantai"] == 70


def test_a_cut_bundle_is_refused_whole(world: World, tmp_path: Path) -> None:
    phone, _ = world.enrolled("ani")
    family(phone)
    family(phone)
    path = tmp_path / "outbox.jsonl"
    phone.export_outbox(path)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(InvalidEdit):
        phone.import_outbox(path)


def test_an_unenrolled_store_says_so(world: World) -> None:
    phone = world.open("new", world.link())
    with pytest.raises(NotEnrolled):
        phone.sync()
    assert not phone.status().is_enrolled
