"""New incarnations after a clone or a reinstallation, and the stored outcomes of a lane."""

import pytest

from tests.api.world import (
    DESA,
    FAMILY,
    OTHER_DESA,
    OTHER_RT,
    RT,
    Device,
    World,
    answered,
    area,
    outcomes,
    record_id,
    refused,
)


def new_lane(device: Device, seq: int | None = None, lane: str | None = None) -> str:
    """Open an incarnation behind operation `seq` of a lane; the device goes on in it."""
    body: dict[str, object] = {"desa": DESA}
    if seq is not None:
        body["parent"] = {"lane": lane or device.lane, "seq": seq}
    answer = device.post("/v1/lanes", body)
    assert answer.status == 201, answer
    told = answer.json()
    assert (told["desa"], told["rt"], told["last"]) == (DESA, [RT], 0)
    device.lanes = [told]
    device.last = 0
    return device.lane


def again(op: dict[str, object], seq: int) -> dict[str, object]:
    """The same operation, renumbered."""
    return op | {"seq": seq}


def test_a_clone_s_work_is_kept_once_and_the_rest_is_found_by_hash(world: World) -> None:
    ani = world.device("ani")
    first, second, third = (ani.create(record_id(number)) for number in (1, 2, 3))
    ani.push([first])
    clone = Device(world, ani.account, ani.id, ani.token, ani.lanes, last=1)
    clone_edit = clone.create(record_id(9)) | {"mono": 77}
    ani.push([second, third])
    refused(clone.offer([clone_edit]), 409, "lane-forked")
    new_lane(clone, 1)
    told = clone.push([again(clone_edit, 1), again(second, 2), again(third, 3)])
    assert (told["acked"], outcomes(told)) == (3, {2: "duplicate", 3: "duplicate"})
    assert world.count("record") == 4


def test_an_incarnation_knows_its_ancestor_up_to_the_fork_and_no_further(world: World) -> None:
    ani = world.device("ani")
    old = ani.lane
    ani.push([ani.create(FAMILY)])
    edits = [ani.edit(FAMILY, 1, nama_kepala_keluarga=name) for name in ("Satu", "Dua")]
    ani.push(edits)
    new_lane(ani, 3)
    assert outcomes(ani.push([ani.edit(FAMILY, 1, nama_kepala_keluarga="Tiga")])) == {}
    clone = Device(world, ani.account, ani.id, ani.token, [{"lane": old, "desa": DESA}])
    new_lane(clone, 2, lane=old)
    told = clone.push([clone.edit(FAMILY, 1, nama_kepala_keluarga="Empat")])
    assert outcomes(told) == {1: "conflict"}


def test_nobody_knows_what_an_ancestor_may_yet_write(world: World) -> None:
    ani = world.device("ani")
    old = ani.lanes
    ani.push([ani.create(FAMILY)])
    clone = Device(world, ani.account, ani.id, ani.token, old)
    new_lane(clone, 10**6)
    ani.push([ani.edit(FAMILY, 1, nama_kepala_keluarga="Satu")])
    told = clone.push([clone.edit(FAMILY, 1, nama_kepala_keluarga="Dua")])
    assert outcomes(told) == {1: "conflict"}


def test_an_operation_offered_again_counts_as_known_by_the_new_incarnation(world: World) -> None:
    ani = world.device("ani")
    create = ani.create(FAMILY)
    rename = ani.edit(FAMILY, 0, nama_kepala_keluarga="Satu")
    ani.push([create, rename])
    new_lane(ani)
    last = ani.edit(FAMILY, 0, nama_kepala_keluarga="Dua")
    told = ani.push([again(create, 1), again(rename, 2), again(last, 3)])
    assert outcomes(told) == {1: "duplicate", 2: "duplicate"}


def test_a_grandchild_knows_what_its_ancestors_knew(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY), ani.edit(FAMILY, 0, nama_kepala_keluarga="Satu")])
    new_lane(ani, 2)
    new_lane(ani, 0)
    assert outcomes(ani.push([ani.edit(FAMILY, 0, nama_kepala_keluarga="Dua")])) == {}


def test_every_incarnation_is_listed_with_how_far_it_got(world: World) -> None:
    ani = world.device("ani")
    old = ani.lane
    ani.push([ani.create(FAMILY)])
    new_lane(ani, 1)
    ani.push([ani.create(record_id(2)), ani.create(record_id(3))])
    new = ani.lane
    told = {lane["lane"]: lane["last"] for lane in ani.manifest()["lanes"]}
    assert told == {old: 1, new: 2}


def test_lanes_of_others_cannot_be_continued_and_do_not_show(world: World) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    bodies = set()
    for desa, parent in (
        (DESA, {"lane": budi.lane, "seq": 0}),
        (DESA, {"lane": "nobody", "seq": 0}),
        (OTHER_DESA, {"lane": ani.lane, "seq": 0}),
        (OTHER_DESA, None),
        ("9999999999", None),
    ):
        answer = ani.post("/v1/lanes", {"desa": desa, "parent": parent})
        refused(answer, 404, "not-found")
        bodies.add(answer.body)
    assert len(bodies) == 1
    assert world.count("lane") == 2


def test_in_a_lost_village_a_lane_can_still_be_continued_but_none_begun(world: World) -> None:
    ani = world.device("ani")
    world.assign(ani.account, [area(OTHER_DESA, RT)])
    refused(ani.post("/v1/lanes", {"desa": DESA}), 404, "not-found")
    answer = ani.post("/v1/lanes", {"desa": DESA, "parent": {"lane": ani.lane, "seq": 0}})
    assert (answer.status, answer.json()["rt"]) == (201, [])


def test_a_revoked_phone_may_open_the_lane_that_its_work_needs(world: World) -> None:
    ani = world.device("ani")
    world.revoke(ani)
    new_lane(ani, 0)
    told = ani.push([ani.create(FAMILY)])
    assert told["results"][0]["problem"] == "device-revoked"


# Outcomes ---------------------------------------------------------------------------------


def stored(device: Device, after: int = 0) -> dict[str, object]:
    return answered(device.get(f"/v1/lanes/{device.lane}/outcomes?after={after}"))


def test_stored_outcomes_are_what_was_answered(world: World) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    ani.push([ani.create(FAMILY)])
    ani.push([ani.edit(FAMILY, 1, nama_kepala_keluarga="Satu")])
    batch = [
        budi.edit(FAMILY, 1, nama_kepala_keluarga="Dua", luas_lantai=40),
        budi.edit(FAMILY, 1, atap2="seng"),
        budi.edit(FAMILY, 1, luas_lantai=41),
    ]
    told = budi.push(batch)["results"]
    assert stored(budi) == {"results": [*told, {"seq": 3, "outcome": "applied"}], "next": None}
    assert stored(budi, 2) == {"results": [{"seq": 3, "outcome": "applied"}], "next": None}
    assert stored(budi, 3) == {"results": [], "next": None}


def test_long_lanes_tell_their_outcomes_in_pages(sqlite_world: World) -> None:
    ani = sqlite_world.device("ani")
    for start in (1, 501, 1001):
        ani.push([ani.create(record_id(number)) for number in range(start, start + 500)])
    first = stored(ani)
    second = answered(ani.get(f"/v1/lanes/{ani.lane}/outcomes?after={first['next']}"))
    assert (first["next"], second["next"]) == (1000, None)
    listed = [*answered(ani.get(f"/v1/lanes/{ani.lane}/outcomes"))["results"], *second["results"]]
    assert [one["seq"] for one in listed] == list(range(1, 1501))


@pytest.mark.parametrize("lane", ["nobody", "%00", "a%20b", "x" * 40])
def test_outcomes_of_other_lanes_are_not_there(world: World, lane: str) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    foreign = ani.get(f"/v1/lanes/{budi.lane}/outcomes")
    absent = ani.get(f"/v1/lanes/{lane}/outcomes")
    refused(foreign, 404, "not-found")
    assert foreign.body == absent.body


def test_of_a_lost_village_no_outcomes_are_withheld(world: World) -> None:
    ani = world.device("ani", areas=[area(DESA, RT, OTHER_RT)])
    ani.push([ani.create(FAMILY)])
    world.assign(ani.account, [area(OTHER_DESA, RT)])
    assert stored(ani)["results"] == [{"seq": 1, "outcome": "applied"}]
