"""Areas that come and go, families that move, snapshots that break off."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from lokus_client import LostAnswer, snapshots
from typing_extensions import override

from tests.clients.doubled_routes import Routes
from tests.clients.world import (
    DESA,
    OTHER_DESA,
    OTHER_RT,
    RT,
    Clock,
    Link,
    World,
    agreement,
    assert_same_as_server,
    family,
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_new_rt_is_loaded_and_a_lost_one_forgotten(world: World) -> None:
    supervisor, _ = world.enrolled("supervisor", {DESA: None})
    family(supervisor, "tiga", RT)
    family(supervisor, "empat", OTHER_RT)
    supervisor.sync()
    phone, link = world.enrolled("ani", {DESA: [RT]})
    world.double.assign(world.device(phone), {DESA: [OTHER_RT]})
    assert phone.sync().code == "ok"
    assert [view.fields["nama_kepala_keluarga"] for view in phone.records()] == ["empat"]
    world.double.assign(world.device(phone), {DESA: None})
    link.start_afresh()
    assert phone.sync().code == "ok"
    assert link.paths == ["/v1/sync", "/v1/manifest", "/v1/snapshots/1802212001", "/v1/sync"]
    assert len(phone.records()) == 2
    assert_same_as_server(world, phone)


def test_the_cursor_goes_to_the_oldest_snapshot_and_misses_nothing(world: World) -> None:
    supervisor, _ = world.enrolled("supervisor", {DESA: None})
    home = family(supervisor, "tiga", RT)
    family(supervisor, "empat", OTHER_RT)
    supervisor.sync()
    phone, _ = world.enrolled("ani", {DESA: [RT]})
    supervisor.edit("keluarga", home, {"luas_lantai": 33})
    supervisor.sync()
    world.double.assign(world.device(phone), {DESA: [RT, OTHER_RT]})
    phone.sync()
    assert phone.record(home).fields["luas_lantai"] == 33
    assert_same_as_server(world, phone)


def test_pending_work_for_a_lost_village_is_still_sent(world: World) -> None:
    phone, _ = world.enrolled("ani", {DESA: [RT], OTHER_DESA: [RT]})
    for desa in (DESA, OTHER_DESA):
        phone.create("keluarga", {"nama_kepala_keluarga": desa, "rt": "003"}, desa=desa)
    world.double.assign(world.device(phone), {DESA: [RT]})
    assert phone.sync().code == "ok"
    assert phone.status().unsent == 0
    assert phone.server_copy(OTHER_DESA) == []
    assert len(world.double.village(OTHER_DESA).records) == 1


def test_a_family_that_moves_out_of_the_rt_leaves_with_all_beneath_it(world: World) -> None:
    supervisor, _ = world.enrolled("supervisor", {DESA: None})
    home = family(supervisor)
    child = supervisor.create("anggota", {"nama": "Rani"}, parent=home).id
    supervisor.sync()
    phone, _ = world.enrolled("ani")
    phone.edit("anggota", child, {"nama": "Rani Contoh"})
    supervisor.edit("keluarga", home, {"rt": "004"})
    supervisor.sync()
    world.double.mark_durable()
    assert phone.sync().code == "ok"
    assert phone.records() == []
    assert phone.server_copy() == []
    assert phone.status().unsent == 0
    phone.sync(check=True)
    assert agreement(phone) == {RT: "agrees"}


def test_a_record_that_left_and_entered_a_new_assignment_is_shown_again(world: World) -> None:
    supervisor, _ = world.enrolled("supervisor", {DESA: None})
    home = family(supervisor)
    supervisor.sync()
    phone, _ = world.enrolled("ani")
    supervisor.edit("keluarga", home, {"rt": "004"})
    supervisor.sync()
    phone.sync()
    assert phone.records() == []
    world.double.assign(world.device(phone), {DESA: [RT, OTHER_RT]})
    phone.sync()
    assert [view.id for view in phone.records()] == [home]


def test_a_missing_snapshot_is_made_up_for_by_paging(world: World) -> None:
    supervisor, _ = world.enrolled("supervisor", {DESA: None})
    family(supervisor)
    supervisor.sync()
    link = world.link()
    phone = world.open("ani", link)
    phone.enrol(world.double.invite({DESA: [RT]}), "ani")
    link.fail_next("status-404")
    assert phone.sync().code == "ok"
    assert_same_as_server(world, phone)


def test_a_cut_snapshot_goes_on_where_it_stopped(world: World) -> None:
    supervisor, _ = world.enrolled("supervisor", {DESA: None})
    for number in range(50):
        family(supervisor, f"Keluarga {number}", alamat=f"Jalan {number * number}")
    supervisor.sync()
    link = CutDownloads(world.routes, world.clock)
    phone = world.open("ani", link)
    phone.enrol(world.double.invite({DESA: [RT]}), "ani")
    assert phone.sync().code == "ok"
    assert link.ranges == ["", "bytes=100-"]
    assert_same_as_server(world, phone)


class CutDownloads(Link):
    """Lets the first hundred bytes of the first download through."""

    def __init__(self, routes: Routes, clock: Clock) -> None:
        super().__init__(routes, clock)
        self.ranges: list[str] = []

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if "/snapshots/" not in request.url.path:
            return answer
        self.ranges.append(request.headers.get("Range", ""))
        if len(self.ranges) > 1:
            return answer
        content = b"".join(answer.iter_raw())
        return httpx.Response(200, headers=answer.headers, stream=Cut(content[:100]))


class Cut(httpx.SyncByteStream):
    """A body that breaks off."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    @override
    def __iter__(self) -> Iterator[bytes]:
        yield self.content
        raise httpx.ReadError("cut")


ROW = b'{"entity":"keluarga","id":"a","seq":1,"doc":{}}\n'
PACKED = gzip.compress(ROW, mtime=0)


def test_a_snapshot_may_be_plain_or_made_of_several_parts() -> None:
    once = snapshots.read_rows(ROW)
    assert once == snapshots.read_rows(PACKED) == snapshots.read_rows(ROW + b"\n")
    assert snapshots.read_rows(PACKED * 2) == once * 2


@pytest.mark.parametrize(
    "raw",
    [
        PACKED[:-9],
        PACKED[:5] + b"\xff" * 30,
        b"<html>",
        b"[1]\n",
        PACKED + b"rest",
    ],
)
def test_half_a_snapshot_is_none(raw: bytes) -> None:
    with pytest.raises(LostAnswer):
        snapshots.read_rows(raw)
