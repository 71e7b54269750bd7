"""History: every value that was ever entered, by whom, when, and what became of it."""

from datetime import timedelta

from tests.api.village import (
    DESA,
    FAMILY,
    MEMBER,
    audited,
    desk,
    record_id,
    two_disagree,
)
from tests.api.world import World, area


def test_history_names_both_sides_of_a_conflict_and_the_decision(world: World) -> None:
    two_disagree(world)
    sari = desk(world)
    page = sari.only_conflict()
    world.clock.advance(timedelta(hours=1))
    sari.resolve(page, "value", value={"nama_kepala_keluarga": "Tiga"})
    told = sari.read(f"/v1/records/{FAMILY}/history")
    assert told["total"] == 4
    lines = [
        (e["voice"]["account_name"], e["kind"], e["outcome"], e["sent"].get("set"))
        for e in told["entries"]
    ]
    assert lines[1:] == [
        ("ani", "set", "applied", {"nama_kepala_keluarga": "Satu"}),
        ("budi", "set", "conflict", {"nama_kepala_keluarga": "Dua"}),
        ("sari", "resolve", "applied", None),
    ]
    decision = told["entries"][3]["sent"]["resolve"]
    assert (decision["choice"], decision["value"]) == ("value", {"nama_kepala_keluarga": "Tiga"})
    assert told["entries"][3]["voice"]["received_at"].startswith("2026-11-03T06:00")
    assert told["entries"][2]["answer"]["conflict"] == page["summary"]["id"]


def test_what_waits_or_was_rejected_is_part_of_it(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY), ani.edit(FAMILY, 0, atap2="seng")])
    told = desk(world).read(f"/v1/records/{FAMILY}/history")
    assert [e["outcome"] for e in told["entries"]] == ["applied", "quarantined"]
    assert told["entries"][1]["sent"]["set"] == {"atap2": "seng"}
    assert told["entries"][1]["answer"]["problem"] == "unknown-field"


def test_operations_on_records_merged_into_it_are_part_of_it(world: World) -> None:
    ani = world.device("ani")
    second, third = record_id(3), record_id(4)
    ani.push([ani.create(FAMILY), ani.create(second), ani.create(third)])
    sari = desk(world)
    assert sari.merge(third, second).status == 200
    assert sari.merge(second, FAMILY).status == 200
    ani.push([ani.edit(third, 3, luas_lantai=40)])
    told = sari.read(f"/v1/records/{FAMILY}/history")
    assert told["aliases"] == [second, third]
    assert [e["record"] for e in told["entries"]] == [FAMILY, second, third, third, second, third]


def test_a_released_operation_stands_where_it_took_effect(world: World) -> None:
    ani, budi = world.device("ani"), world.device("budi", areas=[area(DESA)])
    budi.push([budi.create(FAMILY, rt="004")])
    ani.push([ani.edit(FAMILY, 1, luas_lantai=40)])
    budi.push([budi.edit(FAMILY, 1, nama_kepala_keluarga="Satu")])
    sari = desk(world)
    sari.release(sari.waiting()[0]["id"])
    told = sari.read(f"/v1/records/{FAMILY}/history")
    assert [(e["voice"]["account_name"], e["at"]) for e in told["entries"]] == [
        ("budi", 1),
        ("budi", 2),
        ("ani", 3),
    ]


def test_long_histories_come_in_pages(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY), *(ani.edit(FAMILY, 0, luas_lantai=n) for n in range(5))])
    sari = desk(world)
    told = sari.read(f"/v1/records/{FAMILY}/history?limit=2&offset=4")
    assert told["total"] == 6
    assert [e["sent"]["set"]["luas_lantai"] for e in told["entries"]] == [3, 4]


def test_a_reading_is_written_down(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY), ani.add_member(MEMBER, FAMILY)])
    desk(world).read(f"/v1/records/{MEMBER}/history")
    assert audited(world, "history-read") == [{"entries": 1, "records": [MEMBER]}]


def test_a_suspect_clock_is_told(world: World) -> None:
    ani = world.device("ani")
    edit = ani.create(FAMILY)
    edit["boot"] = "another"
    wall = "2036-11-03T12:00:00+07:00"
    anchors = {"another": {"wall": wall, "mono": edit["mono"]}}
    ani.push([edit], clock={"wall": wall, "mono": edit["mono"], "boot": "b", "boots": anchors})
    (entry,) = desk(world).read(f"/v1/records/{FAMILY}/history")["entries"]
    assert entry["voice"]["clock_suspect"]
