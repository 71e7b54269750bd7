"""Tokens are exchanged while phones sync, and no lost answer or late duplicate locks one out."""

from datetime import timedelta

import pytest

from tests.api.world import FAMILY, Device, World, answered, record_id, refused

ROTATION = timedelta(days=30)
READING = {"since": 0, "at": 0}


def works(device: Device, token: str) -> bool:
    answer = device.world.call("GET", "/v1/manifest", b"", {"authorization": f"Bearer {token}"})
    assert answer.status in {200, 401}
    return answer.status == 200


@pytest.mark.parametrize("path", ["/v1/sync", "/v1/push", "/v1/pull"])
def test_after_a_month_every_call_hands_out_the_same_successor(world: World, path: str) -> None:
    ani = world.device("ani")
    assert "token" not in answered(ani.post(path, ani.body([ani.create(FAMILY)], pull=READING)))
    world.clock.advance(ROTATION)
    again = ani.body([ani.create(record_id(2)) | {"seq": ani.last}], pull=READING)
    tokens = {answered(ani.post(path, again))["token"] for _ in range(3)}
    (fresh,) = tokens
    assert works(ani, ani.token)
    assert works(ani, fresh)


def test_the_old_token_goes_when_a_sync_uses_the_new_one(world: World) -> None:
    ani = world.device("ani")
    world.clock.advance(ROTATION)
    old, ani.token = ani.token, ani.sync([ani.create(FAMILY)])["token"]
    assert works(ani, old)
    assert "token" not in ani.sync([])
    assert not works(ani, old)
    assert works(ani, ani.token)


def test_a_phone_that_lost_every_answer_goes_on_with_the_token_it_has(world: World) -> None:
    ani = world.device("ani")
    for _ in range(5):
        world.clock.advance(ROTATION)
        ani.push([ani.create(record_id(ani.last + 1))])
    assert ani.push([])["token"] == ani.push([])["token"]


def test_a_late_duplicate_of_the_old_request_takes_nothing_away(world: World) -> None:
    ani = world.device("ani")
    world.clock.advance(ROTATION)
    late = ani.body([ani.create(FAMILY)])
    old = ani.token
    ani.token = answered(ani.post("/v1/push", late))["token"]
    ani.sync([])
    fresh, ani.token = ani.token, old
    refused(ani.post("/v1/push", late), 401, "unauthorised")
    assert works(ani, fresh)


def test_the_contact_of_a_phone_that_only_reads_is_noted(world: World) -> None:
    ani = world.device("ani")
    ani.sync([])
    ((seen,),) = world.ask("SELECT last_seen_at FROM device")
    assert seen is not None
    world.clock.advance(timedelta(hours=2))
    ani.pull()
    ((later,),) = world.ask("SELECT last_seen_at FROM device")
    assert later > seen


def test_a_revoked_phone_gets_no_successor(world: World) -> None:
    ani = world.device("ani")
    world.clock.advance(ROTATION)
    world.revoke(ani)
    assert "token" not in ani.push([ani.create(FAMILY)])


def test_an_enrolment_repeated_with_its_key_gives_the_same_device_and_a_working_token(
    world: World,
) -> None:
    code, key = world.code(world.account("ani")), "k" * 32
    told = [world.enrol(code, key).json() for _ in range(4)]
    assert len({one["device"] for one in told}) == 1
    assert len({one["lanes"][0]["lane"] for one in told}) == 1
    phone = Device(world, "", told[0]["device"], told[-1]["token"], told[0]["lanes"])
    phone.push([phone.create(FAMILY)])
    assert works(phone, told[-1]["token"])
    assert world.count("device") == world.count("lane") == 1
