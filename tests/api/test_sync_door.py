"""`POST /v1/sync` and `/v1/push`: what is answered to a batch, and what it leaves behind."""

import pytest

from sync.permission import Role
from tests.api.world import (
    DESA,
    FAMILY,
    MEMBER,
    OTHER_DESA,
    OTHER_RT,
    RT,
    World,
    answered,
    area,
    outcomes,
    record_id,
    refused,
    rows_by_id,
)


def test_a_batch_is_acknowledged_and_comes_back_as_rows(world: World) -> None:
    ani = world.device("ani")
    told = ani.sync([ani.create(FAMILY), ani.edit(FAMILY, 0, luas_lantai=40)])
    assert (told["acked"], told["durable"], told["at"], told["results"]) == (2, 0, 1, [])
    (row,) = told["changes"]
    assert (row["entity"], row["id"], row["seq"]) == ("keluarga", FAMILY, 1)
    assert row["doc"]["luas_lantai"] == 40
    assert told["cursor"] == {"since": 0, "at": 1, "more": False}
    assert told["epoch"] == "e1"
    assert told["next_sync_after"] == 900


def test_at_is_where_the_batch_landed_and_for_a_mere_repetition_the_present_head(
    world: World,
) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    first = [ani.create(record_id(1)), ani.create(record_id(2))]
    assert ani.push(first)["at"] == 2
    assert budi.push([budi.create(record_id(3))])["at"] == 3
    assert ani.push(first)["at"] == 3


def test_only_what_is_not_applied_is_listed(world: World) -> None:
    ani = world.device("ani")
    told = ani.push(
        [
            ani.create(FAMILY),
            ani.edit(FAMILY, 0, atap2="seng"),
            ani.edit(FAMILY, 0, luas_lantai=40),
        ]
    )
    (result,) = told["results"]
    assert result == {
        "seq": 2,
        "outcome": "quarantined",
        "problem": "unknown-field",
        "detail": "atap2",
    }


def test_an_operation_on_several_groups_tells_the_outcome_of_each(world: World) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    ani.push([ani.create(FAMILY)])
    ani.push([ani.edit(FAMILY, 1, nama_kepala_keluarga="Satu")])
    edit = budi.edit(FAMILY, 1, nama_kepala_keluarga="Dua", luas_lantai=40)
    (result,) = budi.push([edit])["results"]
    assert (result["outcome"], result["group"]) == ("conflict", "nama_kepala_keluarga")
    assert result["groups"] == {
        "luas_lantai": {"outcome": "applied"},
        "nama_kepala_keluarga": {"outcome": "conflict", "conflict": result["conflict"]},
    }


def test_a_repeated_batch_changes_nothing_and_repeats_every_answer(world: World) -> None:
    ani = world.device("ani")
    batch = [ani.edit(FAMILY, 0, atap2="seng"), ani.create(FAMILY)]
    first, again = ani.push(batch), ani.push(batch)
    assert again["acked"] == first["acked"] == 2
    assert again["receipt"] == first["receipt"]
    assert again["results"] == [
        {**first["results"][0], "outcome": "duplicate", "original": "quarantined"},
        {"seq": 2, "outcome": "duplicate", "original": "applied"},
    ]
    assert world.log(ani.lane) == [(1, "quarantined"), (2, "applied")]
    assert world.count("quarantine") == 1


def test_a_batch_may_begin_with_what_is_known_and_go_on(world: World) -> None:
    ani = world.device("ani")
    known = ani.create(FAMILY)
    ani.push([known])
    told = ani.push([known, ani.edit(FAMILY, 0, luas_lantai=40)])
    assert (told["acked"], outcomes(told)) == (2, {1: "duplicate"})


def test_the_same_operation_at_another_place_of_the_lane_happens_once(world: World) -> None:
    ani = world.device("ani")
    create = ani.create(FAMILY)
    add = ani.op("set", "keluarga", FAMILY, base=0, add={"program": ["pkh"]})
    ani.push([create, add])
    twice = {key: value for key, value in add.items() if key != "seq"}
    assert outcomes(ani.push([{"seq": 3, **twice}, {"seq": 4, **twice}])) == {
        3: "duplicate",
        4: "duplicate",
    }
    assert [outcome for _, outcome in world.log(ani.lane)].count("applied") == 2


def test_another_operation_under_a_known_number_is_a_fork_and_nothing_is_kept(
    world: World,
) -> None:
    ani = world.device("ani")
    ani.push([ani.create(record_id(1)), ani.create(record_id(2))])
    other = ani.create(record_id(3)) | {"seq": 2}
    problem = refused(ani.offer([other, ani.create(record_id(4)) | {"seq": 3}]), 409, "lane-forked")
    assert (problem["last"], problem["incarnation"]) == (2, ani.lane)
    assert world.log(ani.lane) == [(1, "applied"), (2, "applied")]
    assert world.count("record") == 2


def test_a_hole_is_refused_and_nothing_is_kept(world: World) -> None:
    ani = world.device("ani")
    batch = [ani.create(record_id(1)), ani.create(record_id(2)), ani.create(record_id(3))]
    problem = refused(ani.offer([batch[0], batch[2]]), 409, "lane-hole")
    assert problem["last"] == 0
    assert world.count("operation") == world.count("record") == 0
    assert refused(ani.offer(batch[1:]), 409, "lane-hole")["last"] == 0
    assert ani.push(batch)["acked"] == 3


def test_another_epoch_is_refused_before_anything_is_taken(world: World) -> None:
    ani = world.device("ani")
    for path in ("/v1/sync", "/v1/push", "/v1/pull"):
        body = ani.body([ani.create(FAMILY) | {"seq": 1}], epoch="e0", pull={"since": 0, "at": 0})
        assert refused(ani.post(path, body), 409, "epoch-changed")["epoch"] == "e1"
    assert world.count("operation") == 0


def test_a_cursor_beyond_the_head_proves_a_restore(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY)])
    ahead = {"since": 0, "at": 2}
    for path, ops in (("/v1/sync", []), ("/v1/sync", [ani.edit(FAMILY, 1)]), ("/v1/pull", [])):
        answer = ani.post(path, ani.body(ops, pull=ahead))
        assert refused(answer, 409, "cursor-ahead")["head"] == 1
    assert world.log(ani.lane) == [(1, "applied")]


@pytest.mark.parametrize("protocol", [0, 2, 99])
def test_a_protocol_that_the_server_does_not_speak_is_refused(
    sqlite_world: World, protocol: int
) -> None:
    ani = sqlite_world.device("ani")
    answer = ani.offer([ani.create(FAMILY)], protocol=protocol)
    assert refused(answer, 426, "protocol-too-old")["protocol"] == [1, 1]
    assert sqlite_world.count("operation") == 0


@pytest.mark.parametrize("schema", [0, 2])
def test_a_table_of_fields_that_the_server_does_not_know_is_refused(
    sqlite_world: World, schema: int
) -> None:
    ani = sqlite_world.device("ani")
    refused(ani.offer([ani.create(FAMILY)], schema=schema), 409, "schema-unknown")
    assert sqlite_world.count("operation") == 0


def test_a_careless_client_may_leave_out_what_has_a_default(world: World) -> None:
    ani = world.device("ani")
    keys = {"protocol": ..., "schema": ..., "epoch": ..., "clock": ..., "colour": "blue"}
    told = ani.sync([ani.create(FAMILY)], **keys)
    assert (told["acked"], told["results"]) == (1, [])


def test_an_old_scope_lets_work_in_and_no_rows_out(world: World) -> None:
    ani = world.device("ani")
    old = ani.manifest()["scope_version"]
    world.assign(ani.account, [area(DESA, RT, OTHER_RT)])
    told = ani.sync([ani.create(FAMILY)], pull={"since": 0, "at": 0})
    assert (told["acked"], told["scope"], told["changes"]) == (1, "changed", [])
    assert told["cursor"] == {"since": 0, "at": 0, "more": False}
    nothing = ani.sync([], pull={"since": 0, "at": 0})
    assert (nothing["scope"], nothing["changes"]) == ("changed", [])
    problem = refused(ani.post("/v1/pull", ani.body()), 409, "scope-changed")
    assert problem["scope_version"] == old + 1
    assert ani.manifest()["scope_version"] == old + 1
    assert rows_by_id(ani.sync([], pull={"since": 0, "at": 0})).keys() == {FAMILY}


def test_malformed_elements_keep_their_places_and_the_lane_moves_on(world: World) -> None:
    ani = world.device("ani")
    create = ani.create(FAMILY) | {"seq": 1}
    batch = [create, 7, None, [], {"kind": "set"}, {"seq": "6"}, ani.edit(FAMILY, 0) | {"seq": 7}]
    told = ani.push(batch)
    assert told["acked"] == 7
    assert outcomes(told) == dict.fromkeys(range(2, 8), "quarantined")
    assert {result["problem"] for result in told["results"]} == {"malformed"}
    again = ani.push(batch)
    assert outcomes(again) == dict.fromkeys(range(1, 8), "duplicate")
    assert world.count("operation") == 7


def test_a_batch_of_nothing_readable_drains_too(world: World) -> None:
    ani = world.device("ani")
    assert ani.push([7, "x"])["acked"] == 2
    ani.last = 2
    told = ani.push([ani.create(FAMILY)])
    assert (told["acked"], told["results"]) == (3, [])


def test_what_depends_on_a_quarantined_creation_waits_with_it(world: World) -> None:
    ani = world.device("ani")
    odd = ani.create(FAMILY, atap2="seng")
    told = ani.push([odd, ani.add_member(MEMBER, FAMILY)])
    later = ani.push([ani.op("set", "anggota", MEMBER, base=0, set={"nama": "Baru"})])
    (_, member), (edit,) = told["results"], later["results"]
    assert (member["problem"], member["cause"]) == ("depends-on-quarantined", f"{ani.lane}:1")
    assert (edit["problem"], edit["cause"]) == ("depends-on-quarantined", f"{ani.lane}:2")


def test_no_more_operations_than_the_limit_come_in_one_batch(world: World) -> None:
    ani = world.device("ani")
    batch = [ani.create(record_id(number)) for number in range(1, 502)]
    problem = refused(ani.offer(batch), 413, "payload-too-large")
    assert problem["limits"]["operations_per_push"] == 500
    assert world.count("operation") == 0
    told = ani.push(batch[:500])
    assert (told["acked"], told["at"], told["results"]) == (500, 500, [])


def test_a_push_without_operations_is_an_answer_and_leaves_nothing(world: World) -> None:
    ani = world.device("ani")
    told = ani.push([])
    assert (told["acked"], told["at"], told["results"]) == (0, 0, [])
    assert "changes" not in told


def test_lanes_of_others_and_lanes_of_nobody_are_alike(world: World) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    wrong = [
        {"lane": budi.lane},
        {"lane": "nobody"},
        {"desa": OTHER_DESA},
        {"desa": "9999999999"},
        {"lane": budi.lane, "desa": OTHER_DESA},
    ]
    bodies = set()
    for keys in wrong:
        for path in ("/v1/sync", "/v1/push", "/v1/pull"):
            answer = ani.post(path, ani.body([ani.create(FAMILY) | {"seq": 1}], **keys))
            refused(answer, 404, "not-found")
            bodies.add(answer.body)
    assert len(bodies) == 1
    assert world.count("operation") == 0
    assert world.ask("SELECT desa FROM feed") == []


def test_a_revoked_phone_hands_over_its_work_and_reads_nothing(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY)])
    world.revoke(ani)
    edit = ani.edit(FAMILY, 1, luas_lantai=40)
    told = answered(ani.post("/v1/sync", ani.body([edit], pull={"since": 0, "at": 0})))
    assert (told["acked"], told["results"][0]["problem"]) == (2, "device-revoked")
    assert told.keys().isdisjoint({"changes", "cursor", "token", "digest_ok"})
    assert ani.push([edit])["results"][0]["original"] == "quarantined"
    reading = ani.body([], pull={"since": 0, "at": 0})
    for path, body in (
        ("/v1/sync", reading),
        ("/v1/pull", reading),
        ("/v1/records", {"desa": DESA, "ids": [FAMILY]}),
        ("/v1/digest", {"desa": DESA, "rt": RT}),
    ):
        refused(ani.post(path, body), 403, "device-revoked")
    for target in ("/v1/manifest", f"/v1/snapshots/{DESA}", f"/v1/lanes/{ani.lane}/outcomes"):
        refused(ani.get(target), 403, "device-revoked")


@pytest.mark.parametrize("role", [Role.TKPK, Role.KEPALA_DESA, Role.SUPERVISOR, Role.ADMIN])
def test_roles_that_get_no_rows_get_none_by_syncing_either(world: World, role: Role) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY)])
    chief = world.device("chief", role, [area(DESA)])
    reading = chief.body([], pull={"since": 0, "at": 0}, digest={RT: "0:0"})
    for path in ("/v1/sync", "/v1/pull"):
        refused(chief.post(path, reading), 403, "not-permitted")
    edit = chief.edit(FAMILY, 1, luas_lantai=40)
    told = answered(chief.post("/v1/sync", reading | {"ops": [edit]}))
    assert told["results"][0]["problem"] == "not-permitted"
    assert told.keys().isdisjoint({"changes", "cursor", "digest_ok"})


def test_acknowledged_work_is_in_the_log_before_the_answer_leaves(world: World) -> None:
    ani = world.device("ani")
    for number in range(1, 6):
        told = ani.push([ani.create(record_id(number))])
        assert world.log(ani.lane)[-1] == (told["acked"], "applied")
