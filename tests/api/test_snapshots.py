"""`GET /v1/snapshots/{desa}`: one file, the same for a day, however often a line breaks."""

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from api.services.epochs import new_epoch
from sync.permission import Role
from tests.api.calling import Answer
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
    area,
    record_id,
    refused,
)

TARGET = f"/v1/snapshots/{DESA}"


@pytest.fixture
def ani(world: World) -> Device:
    """A collector of two RTs with some families in each."""
    phone = world.device("ani", areas=[area(DESA, RT, OTHER_RT)])
    phone.push([phone.create(record_id(n)) for n in range(1, 20)])
    phone.push([phone.create(record_id(n), rt="004") for n in range(20, 30)])
    return phone


def loaded(device: Device, target: str = TARGET) -> Copy:
    copy = Copy()
    copy.load(device, target)
    return copy


def test_it_holds_what_pulling_from_the_beginning_would_bring(ani: Device) -> None:
    same = {"nik": "1802210101010001", "tanggal_lahir": "2000-01-01", "jenis_kelamin": "laki_laki"}
    ani.push([ani.add_member(record_id(100 + n), FAMILY, **same) for n in range(2)])
    ani.push([ani.op("end", "keluarga", record_id(2), base=2, end="pindah", date="2026-11-01")])
    copy = loaded(ani)
    assert copy.rows == whole_copy(ani).rows
    assert copy.at == ani.pull()["cursor"]["at"]
    ani.push([ani.edit(FAMILY, copy.at, luas_lantai=40)])
    copy.follow(ani)
    assert copy.rows == whole_copy(ani).rows


def test_one_rt_alone_can_be_had(ani: Device) -> None:
    copy = loaded(ani, f"{TARGET}?rt=004%2F001")
    assert copy.rows.keys() == {record_id(n) for n in range(20, 30)}


def test_an_empty_village_is_an_empty_file(world: World) -> None:
    budi = world.device("budi")
    copy = loaded(budi)
    assert (copy.rows, copy.at) == ({}, 0)


def test_its_headers_say_all_that_a_download_needs(ani: Device) -> None:
    answer = ani.get(TARGET, accept_encoding="gzip")
    assert answer.headers["content-type"] == "application/gzip"
    # Packed once: a second time would cost the phone's battery and shift every range.
    assert "content-encoding" not in answer.headers
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["sync-at"] == "29"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert int(answer.headers["content-length"]) == len(answer.wire)


def test_phones_with_the_same_rts_share_it_and_others_do_not(world: World, ani: Device) -> None:
    twin = world.device("twin", areas=[area(DESA, OTHER_RT, RT)])
    desk = world.device("desk", Role.OPERATOR_DESA, [area(DESA)])
    assert ani.get(TARGET).wire == twin.get(TARGET).wire
    assert ani.get(TARGET).headers["etag"] == twin.get(TARGET).headers["etag"]
    assert ani.get(TARGET).headers["etag"] != desk.get(TARGET).headers["etag"]


def resumed(device: Device, etag: str, first: int) -> Answer:
    return device.get(TARGET, range=f"bytes={first}-", if_range=etag)


def test_taken_up_after_any_cut_it_is_the_same_file(ani: Device) -> None:
    whole = ani.get(TARGET)
    etag, size = whole.headers["etag"], len(whole.wire)
    # Meanwhile the village goes on.
    ani.push([ani.edit(FAMILY, 1, luas_lantai=40), ani.create(record_id(50))])
    for cut in [*range(0, size, 7), size - 1]:
        rest = resumed(ani, etag, cut)
        assert rest.status == 206
        assert rest.headers["content-range"] == f"bytes {cut}-{size - 1}/{size}"
        assert (rest.headers["etag"], rest.headers["sync-at"]) == (etag, "29")
        assert whole.wire[:cut] + rest.wire == whole.wire
    part = ani.get(TARGET, range="bytes=3-5", if_range=etag)
    assert part.wire == whole.wire[3:6]
    assert ani.get(TARGET, range="bytes=3-99999999", if_range=etag).wire == whole.wire[3:]


def test_a_range_beyond_the_end_is_refused_and_says_how_long_the_file_is(ani: Device) -> None:
    whole = ani.get(TARGET)
    answer = resumed(ani, whole.headers["etag"], len(whole.wire))
    refused(answer, 416, "range-unsatisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(whole.wire)}"


@pytest.mark.parametrize(
    "asked", ["bytes=-5", "bytes=5-3", "bytes=0-1,3-4", "rows=0-5", "bytes=a-", "bytes=1-2-3", ""]
)
def test_other_ranges_get_the_whole(sqlite_world: World, asked: str) -> None:
    budi = sqlite_world.device("budi")
    budi.push([budi.create(FAMILY)])
    whole = budi.get(TARGET)
    answer = budi.get(TARGET, range=asked, if_range=whole.headers["etag"])
    assert (answer.status, answer.wire) == (200, whole.wire)


def test_without_a_range_the_present_is_sent_whatever_version_is_named(ani: Device) -> None:
    etag = ani.get(TARGET).headers["etag"]
    ani.push([ani.create(record_id(50))])
    assert ani.get(TARGET, if_range=etag).headers["sync-at"] == "30"


@pytest.mark.parametrize("etag", ['"unknown"', '"1802212001-x-29"', '"1802212001-x-²"', '""'])
def test_a_version_that_nobody_made_gets_the_whole_present_one(ani: Device, etag: str) -> None:
    answer = ani.get(TARGET, range="bytes=5-", if_range=etag)
    assert (answer.status, answer.headers["sync-at"]) == (200, "29")


def test_the_version_of_another_scope_is_not_handed_out(world: World, ani: Device) -> None:
    desk = world.device("desk", Role.OPERATOR_DESA, [area(DESA)])
    desk.push([desk.create(record_id(60), rt="005")])
    etag = desk.get(TARGET).headers["etag"]
    ani.push([ani.create(record_id(61))])
    answer = ani.get(TARGET, range="bytes=0-", if_range=etag)
    assert answer.status == 200
    lines = [json.loads(line) for line in gzip.decompress(answer.wire).splitlines()]
    assert record_id(60) not in {line["id"] for line in lines}


def files(world: World) -> Iterator[Path]:
    return (world.settings.data_dir / "snapshots").glob("*.ndjson.gz")


def test_its_bytes_are_kept_for_a_day_and_then_swept(world: World, ani: Device) -> None:
    whole = ani.get(TARGET)
    etag = whole.headers["etag"]
    ani.push([ani.create(record_id(50))])
    world.clock.advance(timedelta(hours=23))
    ani.get(TARGET)
    assert resumed(ani, etag, 10).wire == whole.wire[10:]
    world.clock.advance(timedelta(hours=2))
    ani.push([ani.create(record_id(51))])
    ani.get(TARGET)
    answer = resumed(ani, etag, 10)
    assert (answer.status, answer.headers["sync-at"]) == (200, "31")
    assert len(list(files(world))) == 2


def test_who_got_it_late_may_finish_it_too(world: World, ani: Device) -> None:
    whole = ani.get(TARGET)
    world.clock.advance(timedelta(hours=23))
    assert ani.get(TARGET).wire == whole.wire
    ani.push([ani.create(record_id(50))])
    world.clock.advance(timedelta(hours=2))
    ani.get(TARGET)
    assert resumed(ani, whole.headers["etag"], 10).wire == whole.wire[10:]


def test_files_of_people_are_for_the_server_alone(world: World, ani: Device) -> None:
    ani.get(TARGET)
    for path in files(world):
        assert path.stat().st_mode & 0o077 == 0


def test_after_a_restore_a_number_may_mean_something_else(world: World, ani: Device) -> None:
    before = ani.get(TARGET).headers["etag"]
    with world.database.writing() as session:
        new_epoch(session, world.act())
        # The worst case: the numbers have come round to the same head.
        session.connection().exec_driver_sql("UPDATE feed SET head = 29, previous = 29")
    assert ani.get(TARGET).headers["etag"] != before
    assert resumed(ani, before, 5).status == 200


def test_without_room_on_the_disk_it_is_sent_all_the_same(world: World, ani: Device) -> None:
    folder = world.settings.data_dir / "snapshots"
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("no folder can be made here")
    first, second = ani.get(TARGET), ani.get(TARGET)
    assert first.status == 200
    assert first.wire == second.wire


@pytest.mark.parametrize(
    "target",
    [
        f"{TARGET}?rt=009%2F001",
        f"{TARGET}?rt=",
        f"/v1/snapshots/{OTHER_DESA}",
        "/v1/snapshots/9999999999",
        f"/v1/snapshots/{OTHER_DESA}?rt=003%2F001",
    ],
)
def test_what_lies_outside_of_the_scope_is_not_there(world: World, target: str) -> None:
    budi = world.device("budi")
    desk = world.device("desk", Role.OPERATOR_DESA, [area(OTHER_DESA)])
    desk.push([desk.create(MEMBER)])
    answer = budi.get(target)
    refused(answer, 404, "not-found")
    assert answer.body == budi.get("/v1/snapshots/0000000000").body


@pytest.mark.parametrize("rt", ["3", "003/001/002", "x" * 40, "%00", "003%2F00%00"])
def test_what_is_no_rt_is_malformed(world: World, rt: str) -> None:
    desk = world.device("desk", Role.OPERATOR_DESA, [area(DESA)])
    refused(desk.get(f"{TARGET}?rt={rt}"), 400, "malformed-request")
