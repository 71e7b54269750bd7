"""Lost answers, forks, holes and restores: nothing lost, nothing doubled."""

from pathlib import Path

import pytest

from tests.clients.doubled_routes import body_of
from tests.clients.world import (
    DESA,
    RT,
    World,
    agreement,
    assert_all_taken_once,
    assert_same_as_server,
    family,
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_same_bytes_go_again_after_a_lost_answer(world: World) -> None:
    phone, link = world.enrolled("ani")
    family(phone)
    link.fail_next("lost", "status-502")
    assert phone.sync().code == "ok"
    assert link.paths == ["/v1/sync"] * 3
    assert len({request.content for request in link.sent}) == 1
    assert len(phone.server_copy()) == 1
    assert_all_taken_once(world, phone)


def test_three_lost_answers_end_the_session_and_nothing_is_called_sent(world: World) -> None:
    phone, link = world.enrolled("ani")
    family(phone)
    link.fail_next("lost", "lost", "lost")
    report = phone.sync()
    assert (report.code, report.unsent, report.requests) == ("offline", 1, 3)
    assert phone.status().unsent == 1
    assert phone.sync().code == "ok"
    assert phone.status().unsent == 0
    assert_same_as_server(world, phone)


def test_without_a_link_nothing_is_lost_and_the_batch_keeps_its_size(world: World) -> None:
    phone, link = world.enrolled("ani")
    for number in range(20):
        family(phone, str(number))
    for _ in range(5):
        link.fail_next("unreachable", "unreachable", "unreachable")
        assert phone.sync().code == "offline"
    link.start_afresh()
    assert phone.sync().code == "ok"
    assert link.paths == ["/v1/sync"]


def test_lost_answers_halve_the_batch(world: World) -> None:
    phone, link = world.enrolled("ani")
    for number in range(20):
        family(phone, str(number))
    link.fail_next("lost", "lost", "lost")
    phone.sync()
    link.start_afresh()
    assert phone.sync().code == "ok"
    assert [len(body_of(request).get("ops", [])) for request in link.sent] == [10, 10]


def test_a_busy_server_is_given_the_time_it_asks_for(world: World) -> None:
    phone, link = world.enrolled("ani")
    link.fail_next("status-503", "status-429")
    world.clock.slept_s.clear()
    assert phone.sync().code == "ok"
    assert len(world.clock.slept_s) == 2
    assert all(3 <= seconds <= 3.75 for seconds in world.clock.slept_s)


def test_a_refused_batch_is_halved_until_it_fits(world: World) -> None:
    phone, _ = world.enrolled("ani")
    for number in range(20):
        family(phone, str(number))
    world.routes.operations_max = 6
    assert phone.sync().code == "ok"
    assert phone.status().unsent == 0


def test_only_what_a_request_carried_is_acknowledged(world: World) -> None:
    phone, link = world.enrolled("ani")
    for number in range(30):
        family(phone, str(number))
    world.routes.boasts_of = 30
    link.fail_next("", "lost", "lost", "lost")
    phone.sync()
    assert phone.status().unsent == 10


def test_a_cloned_phone_gets_a_lane_of_its_own(world: World, tmp_path: Path) -> None:
    phone, link = world.enrolled("ani")
    family(phone, "Sebelum")
    phone.sync()
    family(phone, "Disalin")
    phone.close()
    for suffix in ("", "-wal", "-shm"):
        if (original := tmp_path / f"ani.db{suffix}").exists():
            (tmp_path / f"clone.db{suffix}").write_bytes(original.read_bytes())
    phone, clone = world.open("ani", link), world.open("clone", world.link(), boot="b9")
    family(phone, "Asli")
    family(clone, "Salinan")
    for _ in range(2):
        assert phone.sync().code == "ok"
        assert clone.sync().code == "ok"
    names = {view.fields["nama_kepala_keluarga"] for view in phone.records()}
    assert names == {"Sebelum", "Disalin", "Asli", "Salinan"}
    assert {view.id for view in clone.records()} == {view.id for view in phone.records()}
    assert_all_taken_once(world, phone)
    assert_all_taken_once(world, clone)


def test_a_fork_names_the_last_operation_that_was_seen_acknowledged(world: World) -> None:
    phone, link = world.enrolled("ani")
    family(phone)
    phone.sync()
    lane = world.double.state.lanes[world.device(phone).lanes[DESA]]
    lane.entries.append(("another hash", {"outcome": "applied"}))
    family(phone)
    link.start_afresh()
    assert phone.sync().code == "ok"
    assert link.paths == ["/v1/sync", "/v1/lanes", "/v1/sync"]
    assert body_of(link.sent[1])["parent"] == {"lane": lane.name, "seq": 1}
    assert [op["seq"] for op in body_of(link.sent[2])["ops"]] == [1]


def test_a_hole_is_filled_from_what_is_still_held(world: World) -> None:
    phone, link = world.enrolled("ani")
    for name in ("satu", "dua"):
        family(phone, name)
        phone.sync()
    before = world.double.backup()
    lane = before.lanes[world.device(phone).lanes[DESA]]
    del lane.entries[1:]
    before.villages[DESA].records.popitem()
    world.double.state = before
    family(phone, "tiga")
    link.start_afresh()
    assert phone.sync().code == "ok"
    assert link.paths[:2] == ["/v1/sync", "/v1/sync"]
    assert "/v1/lanes" not in link.paths
    assert_all_taken_once(world, phone)
    phone.sync(check=True)
    assert agreement(phone) == {RT: "agrees"}
    assert_same_as_server(world, phone)


def test_a_hole_that_cannot_be_filled_opens_a_lane(world: World) -> None:
    phone, link = world.enrolled("ani")
    family(phone, "satu")
    phone.sync()
    world.double.mark_durable()
    phone.sync()
    assert phone.operations() == []
    lane = world.double.state.lanes[world.device(phone).lanes[DESA]]
    lane.entries.clear()
    lane.durable = 0
    family(phone, "dua")
    link.start_afresh()
    assert phone.sync().code == "ok"
    assert "/v1/lanes" in link.paths
    assert_all_taken_once(world, phone)


def test_durable_operations_are_let_go_and_others_kept(world: World) -> None:
    phone, _ = world.enrolled("ani")
    family(phone, "satu")
    phone.sync()
    world.double.mark_durable()
    family(phone, "dua")
    phone.sync()
    status = phone.status()
    assert (status.acked, status.durable, status.unsent) == (1, 1, 0)
    assert [operation.state for operation in phone.operations()] == ["acked"]


def test_a_restored_server_is_refilled_by_the_phone(world: World) -> None:
    phone, link = world.enrolled("ani")
    home = family(phone, "satu")
    phone.sync()
    backup = world.double.backup()
    family(phone, "dua")
    phone.edit("keluarga", home, {"luas_lantai": 99})
    phone.sync()
    world.double.restore(backup)
    family(phone, "tiga")
    link.start_afresh()
    assert phone.sync().code == "ok"
    assert link.paths[:2] == ["/v1/sync", "/v1/manifest"]
    assert "/v1/lanes" not in link.paths
    assert len(phone.server_copy()) == 3
    assert phone.record(home).fields["luas_lantai"] == 99
    assert_all_taken_once(world, phone)
    assert_same_as_server(world, phone)


def test_after_a_restore_operations_of_an_earlier_lane_are_offered_too(world: World) -> None:
    phone, _ = world.enrolled("ani")
    backup = world.double.backup()
    family(phone, "satu")
    phone.sync()
    lane = world.double.state.lanes[world.device(phone).lanes[DESA]]
    lane.entries.append(("another hash", {"outcome": "applied"}))
    family(phone, "dua")
    phone.sync()
    world.double.restore(backup)
    assert phone.sync().code == "ok"
    assert len(phone.server_copy()) == 2
    assert_all_taken_once(world, phone)


def test_what_a_clone_put_in_its_place_after_a_restore_is_not_its_own_past(world: World) -> None:
    phone, link = world.enrolled("ani")
    backup = world.double.backup()
    family(phone, "satu")
    phone.sync()
    world.double.restore(backup)
    lane = world.double.state.lanes[world.device(phone).lanes[DESA]]
    lane.entries.append(("what the clone was the first to offer", {"outcome": "applied"}))
    link.start_afresh()
    assert phone.sync().code == "ok"
    (opened,) = [sent for sent in link.sent if sent.url.path == "/v1/lanes"]
    assert body_of(opened)["parent"] == {"lane": lane.name, "seq": 0}


def test_a_second_restore_to_the_same_backup_is_survived_too(world: World) -> None:
    phone, _ = world.enrolled("ani")
    backup = world.double.backup()
    for name in ("satu", "dua", "tiga"):
        family(phone, name)
        phone.sync()
        world.double.restore(backup)
    assert phone.sync().code == "ok"
    assert len(phone.server_copy()) == 3
    assert_same_as_server(world, phone)


def test_an_undeclared_restore_is_said_and_waits_for_the_operator(world: World) -> None:
    phone, _ = world.enrolled("ani")
    backup = world.double.backup()
    family(phone, "satu")
    phone.sync()
    world.double.restore(backup, declared=False)
    family(phone, "dua")
    assert phone.sync().code == "cursor-ahead"
    assert phone.status().unsent == 1
    world.double.restore(backup)
    assert phone.sync().code == "ok"
    assert len(phone.server_copy()) == 2


def test_what_a_backup_covers_in_a_new_lane_covers_the_old_lane_too(world: World) -> None:
    phone, _ = world.enrolled("ani")
    family(phone, "satu")
    phone.sync()
    lane = world.double.state.lanes[world.device(phone).lanes[DESA]]
    lane.entries.append(("another hash", {"outcome": "applied"}))
    for name in ("dua", "tiga"):
        family(phone, name)
        phone.sync()
    assert len(phone.operations()) == 3
    world.double.mark_durable()
    phone.sync()
    assert phone.operations() == []


def test_a_server_of_an_older_schema_is_spoken_to_in_its_own(world: World) -> None:
    world.routes.schema = 2
    phone, _ = world.enrolled("ani")
    world.routes.schema = 1
    family(phone)
    assert phone.sync().code == "ok"
    assert phone.status().unsent == 0


def test_a_lane_that_the_server_lost_is_replaced(world: World) -> None:
    phone, link = world.enrolled("ani")
    family(phone)
    device = world.device(phone)
    del world.double.state.lanes[device.lanes[DESA]]
    world.double.new_lane(device, DESA)
    link.start_afresh()
    assert phone.sync().code == "ok"
    assert link.paths.count("/v1/lanes") == 2, "with its parent, then without"
    assert phone.status().unsent == 0


def test_a_server_that_contradicts_itself_is_left(world: World) -> None:
    phone, link = world.enrolled("ani")
    family(phone)
    lane = world.double.state.lanes[world.device(phone).lanes[DESA]]
    del world.double.state.lanes[lane.name]
    world.double.state.lanes[lane.name] = lane
    lane.lineage = "somebody else"
    report = phone.sync()
    assert (report.code, report.unsent) == ("not-found", 1)
    assert len(link.sent) < 10
