"""`POST /v1/pull`: which rows a phone is told, how, and in which pages."""

import gzip
import json
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.permission import Role
from tests.api.calling import Answer
from tests.api.copies import Copy, whole_copy
from tests.api.world import (
    DESA,
    FAMILY,
    MEMBER,
    OTHER_RT,
    RT,
    Device,
    World,
    answered,
    area,
    record_id,
    rows_by_id,
)

WHOLE_VILLAGE = [area(DESA)]
NIK = "1802210101010001"


def operator(world: World) -> Device:
    """A phone that sees and writes the whole village."""
    return world.device("operator", Role.OPERATOR_DESA, WHOLE_VILLAGE)


def moved_to(device: Device, family: str, base: int, rt: str) -> dict[str, object]:
    number, rw = rt.split("/")
    return device.edit(family, base, rt=number, rw=rw)


def test_a_row_that_the_phone_may_lack_comes_whole(world: World) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    ani.push([ani.create(FAMILY, luas_lantai=40), ani.add_member(MEMBER, FAMILY)])
    family, member = budi.pull()["changes"]
    assert family["doc"]["luas_lantai"] == 40
    assert "parent" not in family
    assert (member["doc"], member["parent"]) == ({"nama": "Contoh"}, FAMILY)


def test_a_row_that_the_phone_has_comes_as_the_groups_that_changed(world: World) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    ani.push([ani.create(FAMILY, luas_lantai=40, sumber_penerangan_utama="listrik_non_pln")])
    since = budi.pull()["cursor"]["at"]
    ani.push([ani.edit(FAMILY, 1, id_pelanggan_pln="123", daya_terpasang=None)])
    (row,) = budi.pull(since, since)["changes"]
    # The whole group: what the statement did not name is cleared.
    assert row["set"] == {
        "id_pelanggan_pln": "123",
        "sumber_penerangan_utama": None,
        "daya_terpasang": None,
    }
    assert row.keys() == {"entity", "id", "seq", "set"}


def test_sets_come_whole_and_sorted(world: World) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    ani.push([ani.create(FAMILY, program=["pkh"])])
    ani.push([ani.op("set", "keluarga", FAMILY, base=1, add={"program": ["bpnt"]})])
    (row,) = budi.pull(1, 1)["changes"]
    assert row["set"] == {"program": ["bpnt", "pkh"]}


def test_a_phone_gets_its_own_changes_too(world: World) -> None:
    ani = world.device("ani")
    ani.sync([ani.create(FAMILY)])
    told = ani.sync([ani.edit(FAMILY, 1, luas_lantai=40)])
    assert told["changes"] == [
        {"entity": "keluarga", "id": FAMILY, "seq": 2, "set": {"luas_lantai": 40}}
    ]


def test_review_and_end_are_complete_in_every_row(world: World) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    ani.push([ani.create(FAMILY)])
    ani.push([ani.edit(FAMILY, 1, nama_kepala_keluarga="Satu")])
    budi.push([budi.edit(FAMILY, 1, nama_kepala_keluarga="Dua")])
    (row,) = ani.pull(2, 2)["changes"]
    assert (row["set"], row["review"]) == ({}, ["nama_kepala_keluarga"])
    ani.push([ani.op("end", "keluarga", FAMILY, base=3, end="pindah", date="2026-11-02")])
    for told in (ani.pull(3, 3), ani.pull()):
        (row,) = told["changes"]
        assert row["end"] == "pindah"


def test_a_person_entered_twice_becomes_an_alias(world: World) -> None:
    ani = world.device("ani")
    same = {"nik": NIK, "tanggal_lahir": "2000-01-01", "jenis_kelamin": "perempuan"}
    twin = record_id(3)
    ani.push([ani.create(FAMILY), ani.add_member(MEMBER, FAMILY, **same)])
    since = ani.pull()["cursor"]["at"]
    ani.push([ani.add_member(twin, FAMILY, **same)])
    for told in (ani.pull(since, since), ani.pull()):
        row = rows_by_id(told)[twin]
        place = {"entity": "anggota", "id": twin, "seq": row["seq"], "rt": RT}
        assert row == {**place, "alias": MEMBER}


def test_what_hangs_under_a_person_moves_with_it_when_two_become_one(world: World) -> None:
    desk, bidan = operator(world), world.device("bidan", Role.BIDAN, WHOLE_VILLAGE)
    born = {"tanggal_lahir": "2025-01-01", "jenis_kelamin": "perempuan"}
    child, twin, weight = record_id(2), record_id(3), record_id(4)
    desk.push([desk.create(FAMILY), desk.add_member(child, FAMILY, nik=NIK, **born)])
    desk.push([desk.add_member(twin, FAMILY, **born)])
    measured = {"tanggal": "2026-11-02", "berat_kg": 9.5}
    bidan.push([bidan.op("create", "pengukuran", weight, base=0, parent=twin, set=measured)])
    copy = whole_copy(bidan)
    assert copy.rows[weight]["parent"] == twin
    desk.push([desk.op("set", "anggota", twin, base=3, set={"nik": NIK})])
    copy.follow(bidan)
    assert copy.rows[weight]["parent"] == child
    assert copy.rows == whole_copy(bidan).rows


def test_a_family_that_leaves_the_rt_leaves_the_phone_and_says_no_more(world: World) -> None:
    ani, desk = world.device("ani"), operator(world)
    ani.push([ani.create(FAMILY), ani.add_member(MEMBER, FAMILY)])
    since = ani.pull()["cursor"]["at"]
    desk.push([moved_to(desk, FAMILY, 1, OTHER_RT)])
    rows = ani.pull(since, since)["changes"]
    assert sorted(row["id"] for row in rows) == [FAMILY, MEMBER]
    for row in rows:
        assert row.keys() == {"entity", "id", "seq", "leave"}
    after = ani.pull(since, since)["cursor"]["at"]
    desk.push([desk.edit(FAMILY, 4, luas_lantai=40)])
    assert ani.pull(after, after)["changes"] == []
    # Whoever pulls from the beginning may hold it from a snapshot, so they hear it as well.
    assert all(row.keys() == {"entity", "id", "seq", "leave"} for row in ani.pull()["changes"])


def test_a_family_that_enters_the_rt_comes_whole(world: World) -> None:
    ani, desk = world.device("ani"), operator(world)
    rt, rw = OTHER_RT.split("/")
    desk.push([desk.create(FAMILY, rt=rt, rw=rw), desk.add_member(MEMBER, FAMILY)])
    since = ani.pull()["cursor"]["at"]
    desk.push([moved_to(desk, FAMILY, 1, RT)])
    rows = rows_by_id(ani.pull(since, since))
    assert rows[FAMILY]["doc"]["rt"] == "003"
    assert (rows[MEMBER]["doc"], rows[MEMBER]["parent"]) == ({"nama": "Contoh"}, FAMILY)


def test_every_phone_that_held_a_family_hears_that_it_left(world: World) -> None:
    ani, desk = world.device("ani"), operator(world)
    budi = world.device("budi", areas=[area(DESA, OTHER_RT)])
    ani.push([ani.create(FAMILY)])
    start = ani.pull()["cursor"]["at"]
    desk.push([moved_to(desk, FAMILY, 1, OTHER_RT)])
    middle = budi.pull()["cursor"]["at"]
    desk.push([moved_to(desk, FAMILY, 2, "005/001")])
    for phone, since in ((ani, start), (budi, middle)):
        (row,) = phone.pull(since, since)["changes"]
        assert (row["id"], row["leave"]) == (FAMILY, True)


def test_a_row_that_left_and_came_back_between_two_pulls_comes_whole(world: World) -> None:
    ani, desk = world.device("ani"), operator(world)
    ani.push([ani.create(FAMILY)])
    since = ani.pull()["cursor"]["at"]
    desk.push([moved_to(desk, FAMILY, 1, OTHER_RT)])
    desk.push([moved_to(desk, FAMILY, 2, RT)])
    (row,) = ani.pull(since, since)["changes"]
    assert row["doc"]["rt"] == "003"


# Pages ------------------------------------------------------------------------------------


def packed_size(answer: Answer) -> int:
    """Bytes of the body as a phone receives it, before headers."""
    return len(gzip.compress(answer.body, compresslevel=6, mtime=0))


@pytest.mark.parametrize("bytes_max", [0, 1, 600, 1024, 4096, 20_000])
def test_pages_have_at_least_a_row_and_at_most_the_bytes(
    sqlite_world: World, bytes_max: int
) -> None:
    ani = sqlite_world.device("ani")
    chance = Random(3)
    letters = "abcdefghijklmnopqrstuvwxyz "
    for start in range(0, 80, 40):
        names = ["".join(chance.choices(letters, k=60)).strip() for _ in range(40)]
        ani.push(
            [
                ani.create(record_id(start + n), nama_kepala_keluarga=name)
                for n, name in enumerate(names)
            ]
        )
    copy = Copy()
    while True:
        pull = {"since": copy.since, "at": copy.at, "max_bytes": bytes_max}
        answer = ani.post("/v1/pull", ani.body(pull=pull), accept_encoding="gzip")
        told = answered(answer)
        assert len(told["changes"]) == 1 or packed_size(answer) <= bytes_max
        assert len(told["changes"]) >= 1
        if copy.take_page(told):
            break
    assert len(copy.rows) == 80


def test_no_page_is_larger_than_the_server_allows_whatever_is_asked(sqlite_world: World) -> None:
    ani = sqlite_world.device("ani")
    chance = Random(4)
    for start in range(0, 1200, 300):
        batch = [
            ani.create(record_id(start + n), telepon=chance.randbytes(60).hex()) for n in range(300)
        ]
        ani.push(batch)
    pull = {"since": 0, "at": 0, "max_bytes": 10**9}
    answer = ani.post("/v1/pull", ani.body(pull=pull), accept_encoding="gzip")
    assert 16_000 < len(answer.wire) <= 32 * 1024
    assert answered(answer)["cursor"]["more"]


def test_rows_ascend_and_pages_continue_where_the_last_one_ended(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(record_id(number)) for number in range(1, 40)])
    told = ani.pull(max_bytes=700)
    seqs = [row["seq"] for row in told["changes"]]
    assert seqs == sorted(seqs)
    assert told["cursor"] == {"since": 0, "at": seqs[-1], "more": True}
    following = ani.pull(0, seqs[-1], max_bytes=700)
    assert following["changes"][0]["seq"] == seqs[-1] + 1


class Village:
    """A village that changes between the pages of two followers."""

    def __init__(self, world: World, number: int) -> None:
        code = f"18022{number:05d}"
        world.add_village(code)
        self.desk = world.device(f"desk{number}", Role.OPERATOR_DESA, [area(code)])
        self.ani = world.device(f"ani{number}", areas=[area(code, RT)])
        self.known: dict[str, int] = {}
        self.world = world

    def change(self, chance: Random) -> None:
        """Some families are added, edited, moved in and out of the RT, closed."""
        ops: list[dict[str, object]] = []
        for _ in range(chance.randint(1, 4)):
            family = record_id(chance.randint(1, 12))
            if family not in self.known:
                ops.append(self.desk.create(family))
                self.known[family] = 0
            elif chance.random() < 0.3:
                rt = chance.choice([RT, OTHER_RT])
                ops.append(moved_to(self.desk, family, self.known[family], rt))
            else:
                values: dict[str, object] = chance.choice(
                    [
                        {"luas_lantai": chance.randint(10, 99)},
                        {"nama_kepala_keluarga": f"Contoh {chance.randint(1, 99)}"},
                        {"fasilitas_bab": "ada_di_mck_umum"},
                    ]
                )
                ops.append(self.desk.edit(family, self.known[family], **values))
        self.desk.push(ops)


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.randoms(use_true_random=False))
def test_no_field_is_lost_when_rows_change_between_pages(world: World, chance: Random) -> None:
    number = world.count("account")
    village = Village(world, number)
    copy = Copy()
    for _ in range(chance.randint(2, 10)):
        village.change(chance)
        for _ in range(chance.randint(0, 3)):
            copy.take_page(village.ani.pull(copy.since, copy.at, max_bytes=chance.choice([1, 700])))
    copy.follow(village.ani)
    assert not copy.missing
    assert canonical(copy) == canonical(whole_copy(village.ani))


def canonical(copy: Copy) -> str:
    return json.dumps(copy.rows, sort_keys=True)
