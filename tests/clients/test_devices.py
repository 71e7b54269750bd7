"""Enrolment, tokens, revocation."""

from pathlib import Path

import pytest
from lokus_client import LostAnswer, ServerProblem

from tests.clients.world import DESA, RT, World, assert_all_taken_once, family


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_rotated_token_is_used_and_replaces_the_old_one(world: World) -> None:
    phone, link = world.enrolled("ani")
    world.double.rotates_tokens = True
    for _ in range(3):
        assert phone.sync().code == "ok"
    tokens = [request.headers["Authorization"] for request in link.sent]
    assert len(set(tokens)) == 3
    assert world.device(phone).tokens[0] == tokens[-1].removeprefix("Bearer ")


def test_an_answer_lost_with_its_token_locks_nobody_out(world: World) -> None:
    phone, link = world.enrolled("ani")
    world.double.rotates_tokens = True
    link.fail_next("lost", "lost", "lost")
    phone.sync()
    assert phone.sync().code == "ok"
    assert phone.sync().code == "ok"


def test_a_token_that_the_server_forgot_falls_back_to_the_old_one(world: World) -> None:
    phone, _ = world.enrolled("ani")
    old = world.device(phone).tokens[-1]
    world.double.rotates_tokens = True
    phone.sync()
    world.double.rotates_tokens = False
    world.device(phone).tokens = [old]
    assert phone.sync().code == "ok"
    assert phone.sync().requests == 1


def test_a_lost_answer_to_the_enrolment_is_asked_for_again(world: World) -> None:
    link = world.link()
    phone = world.open("ani", link)
    code = world.double.invite({DESA: [RT]})
    link.fail_next("lost", "lost", "lost")
    with pytest.raises(LostAnswer):
        phone.enrol(code, "ani")
    phone.close()
    phone = world.open("ani", link)
    phone.enrol(code, "ani")
    assert phone.sync().code == "ok"
    assert len(world.double.state.devices) == 1


def test_a_wrong_code_is_refused_with_the_servers_word(world: World) -> None:
    phone = world.open("ani", world.link())
    with pytest.raises(ServerProblem) as caught:
        phone.enrol("SALAH", "ani")
    assert caught.value.code == "code-unknown"


def test_a_revoked_phone_hands_over_its_work_and_keeps_it(world: World) -> None:
    phone, _ = world.enrolled("ani")
    family(phone)
    world.device(phone).is_revoked = True
    report = phone.sync()
    status = phone.status()
    assert (report.code, status.is_revoked, status.unsent) == ("device-revoked", True, 0)
    assert [trouble.reason for trouble in status.quarantined] == ["device-revoked"]
    assert len(phone.operations()) == 1


def test_a_revoked_phone_refills_a_restored_server_though_it_may_read_nothing(
    world: World,
) -> None:
    phone, _ = world.enrolled("ani")
    backup = world.double.backup()
    family(phone)
    phone.sync()
    world.double.restore(backup)
    world.device(phone).is_revoked = True
    family(phone)
    assert phone.sync().code == "device-revoked"
    assert phone.status().unsent == 0
    assert_all_taken_once(world, phone)
    world.double.restore(backup)
    world.device(phone).is_revoked = True
    assert phone.sync().code == "device-revoked"
    assert_all_taken_once(world, phone)


def test_a_revoked_phone_that_was_cloned_hands_over_in_a_lane_of_its_own(world: World) -> None:
    phone, _ = world.enrolled("ani")
    device = world.device(phone)
    world.double.state.lanes[device.lanes[DESA]].entries.append(("x", {"outcome": "applied"}))
    family(phone)
    device.is_revoked = True
    assert phone.sync().code == "device-revoked"
    assert phone.status().unsent == 0


def test_a_new_enrolment_takes_the_unsent_work_along(world: World) -> None:
    phone, _ = world.enrolled("ani")
    family(phone, "terkirim")
    phone.sync()
    family(phone, "belum")
    world.device(phone).tokens = []
    assert phone.sync().code == "unauthorised"
    phone.enrol(world.double.invite({DESA: [RT]}), "ani")
    assert phone.sync().code == "ok"
    assert phone.status().unsent == 0
    names = sorted(str(view.fields["nama_kepala_keluarga"]) for view in phone.records())
    assert names == ["belum", "terkirim"]
