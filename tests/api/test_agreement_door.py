"""Do phone and server hold the same? Digests on the way, and the list that finds what differs."""

import base64
import hashlib
from typing import Any

from sync.permission import Role
from tests.api.copies import Copy, whole_copy
from tests.api.world import (
    DESA,
    FAMILY,
    MEMBER,
    OTHER_DESA,
    OTHER_RT,
    RT,
    Device,
    World,
    answered,
    area,
    record_id,
    refused,
)

EMPTY = f"0:{0:032x}"


def list_of(copy: Copy, rt: str) -> list[str]:
    """Six bytes of the id and six of the row's hash, for each row of an RT."""
    told = []
    for row in copy.rows.values():
        if copy.rt_of(row) == rt:
            raw = bytes.fromhex(row["id"].replace("-", ""))
            hashed = hashlib.sha256(raw + row["seq"].to_bytes(8, "big")).digest()
            told.append(base64.b64encode(raw[:6] + hashed[:6]).decode())
    return told


def compare(device: Device, rt: str = RT, **keys: object) -> dict[str, Any]:
    return answered(device.post("/v1/digest", {"desa": DESA, "rt": rt} | keys))


def digest_ok(
    device: Device, at: int, digests: dict[str, str], *ops: object, path: str = "/v1/sync"
) -> bool | None:
    """What the server says of the digests of a copy that stands at `at`."""
    body = device.body(ops, pull={"since": at, "at": at}, digest=digests)
    verdict: bool | None = answered(device.post(path, body))["digest_ok"]
    return verdict


def test_equal_copies_agree_with_and_without_a_batch(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY), ani.add_member(MEMBER, FAMILY), ani.create(record_id(3))])
    copy = whole_copy(ani)
    assert digest_ok(ani, copy.at, copy.digests()) is True
    assert digest_ok(ani, copy.at, copy.digests(), path="/v1/pull") is True
    # Compared before the push, so the batch itself is no difference.
    assert digest_ok(ani, copy.at, copy.digests(), ani.edit(FAMILY, 1, luas_lantai=40)) is True


def test_a_copy_that_lacks_or_doubles_something_disagrees(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY), ani.create(record_id(3))])
    copy = whole_copy(ani)
    for wrong in (EMPTY, copy.digests()[RT].replace("2:", "3:"), "nonsense"):
        assert digest_ok(ani, copy.at, {RT: wrong}) is False
    del copy.rows[FAMILY]
    assert digest_ok(ani, copy.at, copy.digests()) is False


def test_nothing_is_said_of_an_rt_that_has_changed_since(world: World) -> None:
    ani, desk = world.device("ani"), world.device("desk", Role.OPERATOR_DESA, [area(DESA)])
    ani.push([ani.create(FAMILY), ani.create(record_id(3))])
    copy = whole_copy(ani)
    ani.push([ani.edit(FAMILY, 1, luas_lantai=40)])
    assert digest_ok(ani, copy.at, copy.digests()) is None
    # Nor of one that a row has left: the phone still counts it.
    copy.follow(ani)
    desk.push([desk.edit(FAMILY, 3, rt="004", rw="001")])
    assert digest_ok(ani, copy.at, copy.digests()) is None


def test_of_several_rts_one_that_surely_differs_outweighs_one_that_may(world: World) -> None:
    desk = world.device("desk", Role.OPERATOR_DESA, [area(DESA)])
    desk.push([desk.create(FAMILY), desk.create(record_id(3), rt="004")])
    copy = whole_copy(desk)
    assert digest_ok(desk, copy.at, copy.digests()) is True
    desk.push([desk.edit(FAMILY, 1, luas_lantai=40)])
    digests = copy.digests()
    for told in (digests, dict(reversed(digests.items()))):
        assert digest_ok(desk, copy.at, told) is None
        assert digest_ok(desk, copy.at, told | {OTHER_RT: EMPTY}) is False


def test_ended_and_aliased_rows_count(world: World) -> None:
    ani = world.device("ani")
    same = {
        "nik": "1802210101010001",
        "tanggal_lahir": "2000-01-01",
        "jenis_kelamin": "perempuan",
    }
    ani.push([ani.create(FAMILY)])
    ani.push([ani.add_member(record_id(n), FAMILY, **same) for n in (2, 3)])
    ani.push([ani.op("end", "keluarga", FAMILY, base=1, end="pindah", date="2026-11-02")])
    copy = whole_copy(ani)
    assert copy.rows[record_id(3)].keys() == {"entity", "id", "seq", "alias"}
    assert copy.rows[FAMILY]["end"] == "pindah"
    assert copy.digests()[RT].startswith("3:")
    assert digest_ok(ani, copy.at, copy.digests()) is True


def test_an_rt_outside_of_the_scope_is_neither_compared_nor_there(world: World) -> None:
    ani, desk = world.device("ani"), world.device("desk", Role.OPERATOR_DESA, [area(DESA)])
    desk.push([desk.create(FAMILY, rt="004")])
    assert digest_ok(ani, 0, {OTHER_RT: EMPTY}) is None
    assert digest_ok(ani, 0, {"rt\x00": EMPTY}) is None
    foreign = ani.post("/v1/digest", {"desa": DESA, "rt": OTHER_RT})
    absent = ani.post("/v1/digest", {"desa": DESA, "rt": "999/999"})
    elsewhere = ani.post("/v1/digest", {"desa": OTHER_DESA, "rt": RT})
    refused(foreign, 404, "not-found")
    assert foreign.body == absent.body == elsewhere.body


def test_the_list_of_a_copy_brings_what_differs_and_nothing_else(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(record_id(number)) for number in range(1, 9)])
    copy = whole_copy(ani)
    assert compare(ani, digest=copy.digests()[RT], at=copy.at)["ok"] is True
    del copy.rows[record_id(2)]
    copy.rows[record_id(3)] |= {"seq": 1, "doc": {}}
    assert compare(ani, digest=copy.digests()[RT])["ok"] is False
    told = compare(ani, records=list_of(copy, RT))
    assert told["ok"] is False
    assert sorted(row["id"] for row in told["rows"]) == [record_id(2), record_id(3)]
    assert told["unknown"] == []
    copy.take(told["rows"])
    assert copy.rows == whole_copy(ani).rows
    mended = compare(ani, records=list_of(copy, RT))
    assert (mended["ok"], mended["rows"]) == (True, [])
    assert mended["digest"] == copy.digests()[RT]


def test_the_list_tells_a_copy_what_it_holds_too_much(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY)])
    copy = whole_copy(ani)
    stray = base64.b64encode(bytes(range(12))).decode()
    told = compare(ani, records=[*list_of(copy, RT), stray])
    assert (told["ok"], told["rows"], told["unknown"]) == (False, [], [stray])


def test_a_comparison_without_anything_to_compare_tells_the_digest(world: World) -> None:
    ani = world.device("ani")
    assert compare(ani) == {"ok": None, "digest": EMPTY, "rows": [], "unknown": []}


def test_entries_of_a_list_that_are_none_are_refused(sqlite_world: World) -> None:
    ani = sqlite_world.device("ani")
    for entry in ("", "AAAA", "!" * 16, "A" * 17, base64.b64encode(bytes(13)).decode()):
        answer = ani.post("/v1/digest", {"desa": DESA, "rt": RT, "records": [entry]})
        assert refused(answer, 400, "malformed-request")["errors"] == ["records"]


def test_whole_records_come_by_id_within_the_scope_alone(world: World) -> None:
    ani, desk = world.device("ani"), world.device("desk", Role.OPERATOR_DESA, [area(DESA)])
    foreign, absent = record_id(3), record_id(4)
    desk.push([desk.create(FAMILY), desk.create(foreign, rt="004")])
    asked = {"desa": DESA, "ids": [FAMILY, foreign, absent, "no id", "\x00", FAMILY]}
    (row,) = answered(ani.post("/v1/records", asked))["rows"]
    assert row == rows_of_a_fresh_phone(ani)[FAMILY]


def rows_of_a_fresh_phone(device: Device) -> dict[str, Any]:
    return {row["id"]: row for row in device.pull()["changes"]}


def test_at_most_a_hundred_records_come_at_once(sqlite_world: World) -> None:
    ani = sqlite_world.device("ani")
    ids = [record_id(number) for number in range(101)]
    assert answered(ani.post("/v1/records", {"desa": DESA, "ids": ids[:100]}))["rows"] == []
    refused(ani.post("/v1/records", {"desa": DESA, "ids": ids}), 400, "malformed-request")


def test_repairs_are_refused_to_a_phone_that_lives_in_the_past(world: World) -> None:
    ani = world.device("ani")
    old = ani.manifest()["scope_version"]
    world.assign(ani.account, [area(DESA, RT, OTHER_RT)])
    for path, body in (
        ("/v1/records", {"desa": DESA, "ids": [FAMILY]}),
        ("/v1/digest", {"desa": DESA, "rt": RT}),
    ):
        refused(ani.post(path, body | {"scope_version": old}), 409, "scope-changed")
        refused(ani.post(path, body | {"epoch": "e0"}), 409, "epoch-changed")
        answered(ani.post(path, body | {"scope_version": old + 1, "epoch": "e1"}))


def test_who_read_which_records_is_written_down(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY)])
    ani.pull()
    ani.post("/v1/records", {"desa": DESA, "ids": [FAMILY]})
    compare(ani, records=[])
    ani.get(f"/v1/snapshots/{DESA}")
    read = world.ask(
        f"SELECT action, device FROM audit WHERE chain = '{DESA}' AND action <> 'push' ORDER BY n"
    )
    assert read == [(action, ani.id) for action in ("pull", "repair", "repair", "snapshot")]
    before = world.count("audit")
    ani.pull(1, 1)
    assert world.count("audit") == before
