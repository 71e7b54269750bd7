"""`GET /v1/manifest`: what a phone has to know, and 304 while it knows it."""

from datetime import timedelta

from sync.permission import Role
from tests.api.world import DESA, FAMILY, OTHER_DESA, OTHER_RT, RT, World, area, refused


def test_it_tells_everything_that_a_phone_needs(world: World) -> None:
    ani = world.device("ani")
    told = ani.manifest()
    assert told["protocol"] == {"min": 1, "max": 1}
    assert (told["schema"], told["epoch"], told["scope_version"]) == (1, "e1", 1)
    assert told["account"] == {"name": "ani", "role": "petugas"}
    assert told["scope"] == [{"kode_wilayah": DESA, "nama": "Contoh Satu", "rt": [RT]}]
    assert told["lanes"] == [{"lane": ani.lane, "desa": DESA, "rt": [RT], "last": 0}]
    assert told["limits"]["operations_per_push"] == 500
    assert told["limits"]["push_bytes"] == 256 * 1024
    assert told["groups"]["keluarga"]["sanitasi"]["class"] == "measurement"
    assert len(told["fields"]) == 141
    assert told["server_time"].startswith("2026-11-03T")


def test_its_lanes_tell_how_far_they_are(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY)])
    assert [lane["last"] for lane in ani.manifest()["lanes"]] == [1]


def test_whoever_has_it_already_hears_so_in_no_bytes(world: World) -> None:
    ani = world.device("ani")
    etag = ani.get("/v1/manifest").headers["etag"]
    world.clock.advance(timedelta(minutes=5))
    for told in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = ani.get("/v1/manifest", if_none_match=told)
        assert (answer.status, answer.wire) == (304, b"")
        assert answer.headers["etag"] == etag
    assert ani.get("/v1/manifest", if_none_match='"other"').status == 200


def test_it_is_another_one_after_whatever_matters(world: World) -> None:
    ani = world.device("ani")
    seen = {ani.get("/v1/manifest").headers["etag"]}
    ani.push([ani.create(FAMILY)])
    seen.add(ani.get("/v1/manifest").headers["etag"])
    world.assign(ani.account, [area(DESA, RT, OTHER_RT)])
    seen.add(ani.get("/v1/manifest").headers["etag"])
    assert len(seen) == 3


def test_villages_that_an_account_lost_are_not_listed_and_new_ones_are(world: World) -> None:
    ani = world.device("ani")
    world.assign(ani.account, [area(OTHER_DESA, RT)])
    told = ani.manifest()
    assert told["lanes"] == []
    assert [one["kode_wilayah"] for one in told["scope"]] == [OTHER_DESA]
    opened = ani.post("/v1/lanes", {"desa": OTHER_DESA}).json()
    assert ani.manifest()["lanes"] == [opened]


def test_an_account_without_rts_covers_the_whole_village(world: World) -> None:
    desk = world.device("desk", Role.OPERATOR_DESA, [area(DESA)])
    assert desk.manifest()["lanes"][0]["rt"] is None


def test_without_a_token_there_is_none(sqlite_world: World) -> None:
    refused(sqlite_world.call("GET", "/v1/manifest"), 401, "unauthorised")
