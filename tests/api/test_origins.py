"""The value that two people started from, whatever was decided before they came."""

from typing import Any

import pytest

from tests.api.village import FAMILY, Desk, desk, record_id, two_disagree
from tests.api.world import Device, World, area, rows_by_id


def head_of_family(page: dict[str, Any]) -> object:
    return page["origin"]["value"].get("nama_kepala_keluarga")


def disagree_again(ani: Device, budi: Device, base: int) -> None:
    """Both have pulled the record at `base`, and go on from there without a signal."""
    ani.push([ani.edit(FAMILY, base, nama_kepala_keluarga="Lima")])
    told = budi.push([budi.edit(FAMILY, base, nama_kepala_keluarga="Enam")])
    assert told["results"][0]["outcome"] == "conflict"


def seq_of(device: Device) -> int:
    seq: int = rows_by_id(device.sync())[FAMILY]["seq"]
    return seq


@pytest.mark.parametrize(
    ("choice", "rest", "started"),
    [
        ("current", {}, "Satu"),
        ("candidate", {}, "Dua"),
        ("value", {"value": {"nama_kepala_keluarga": "Tiga"}}, "Tiga"),
    ],
)
def test_a_decision_is_what_later_visits_start_from(
    sqlite_world: World, choice: str, rest: dict[str, object], started: str
) -> None:
    ani, budi = two_disagree(sqlite_world)
    sari = desk(sqlite_world)
    sari.resolve(sari.only_conflict(), choice, **rest)
    disagree_again(ani, budi, seq_of(ani))
    assert head_of_family(sari.only_conflict()) == started


def test_the_chosen_one_of_several_is_what_they_start_from(sqlite_world: World) -> None:
    ani, budi = two_disagree(sqlite_world)
    citra = sqlite_world.device("citra")
    citra.push([citra.edit(FAMILY, 1, nama_kepala_keluarga="Tiga")])
    sari = desk(sqlite_world)
    chosen = {"lane": citra.lane, "lane_seq": 1}
    assert sari.resolve(sari.only_conflict(), "candidate", candidate=chosen).status == 200
    disagree_again(ani, budi, seq_of(ani))
    assert head_of_family(sari.only_conflict()) == "Tiga"


def test_an_undone_decision_leaves_what_was_before_it(sqlite_world: World) -> None:
    ani, _ = two_disagree(sqlite_world)
    sari = desk(sqlite_world)
    page = sari.only_conflict()
    sari.resolve(page, "candidate")
    sari.undo(page["summary"]["id"])
    again = sari.only_conflict()
    sari.resolve(again, "current")
    citra = sqlite_world.device("citra")
    seq = seq_of(ani)
    disagree_again(ani, citra, seq)
    assert head_of_family(sari.only_conflict()) == "Satu"


def test_decisions_about_other_groups_do_not_matter(sqlite_world: World) -> None:
    ani, budi = two_disagree(sqlite_world)
    sari = desk(sqlite_world)
    sari.resolve(sari.only_conflict(), "candidate")
    seq = seq_of(ani)
    ani.push([ani.edit(FAMILY, seq, luas_lantai=30)])
    budi.push([budi.edit(FAMILY, seq, luas_lantai=40)])
    assert sari.only_conflict()["origin"]["value"] == {}


def test_what_was_sent_to_a_merged_record_counts_from_then_on(sqlite_world: World) -> None:
    ani, budi = sqlite_world.device("ani"), sqlite_world.device("budi")
    other = record_id(3)
    ani.push([ani.create(FAMILY), ani.create(other, nama_kepala_keluarga="Contoh")])
    sari = desk(sqlite_world)
    assert sari.merge(other, FAMILY).status == 200
    ani.push([ani.edit(other, 2, nama_kepala_keluarga="Lewat")])
    seq = seq_of(ani)
    disagree_again(ani, budi, seq)
    assert head_of_family(sari.only_conflict()) == "Lewat"


def test_a_later_transaction_was_not_seen_although_no_number_lies_between(
    sqlite_world: World,
) -> None:
    """The base is the record's own number, a little before the end of its transaction."""
    ani = sqlite_world.device("ani")
    ani.push([ani.create(FAMILY), ani.create(record_id(3))])
    ani.push([ani.edit(FAMILY, 1, nama_kepala_keluarga="Satu")])
    budi = sqlite_world.device("budi")
    budi.push([budi.edit(FAMILY, 1, nama_kepala_keluarga="Dua")])
    page = desk(sqlite_world).only_conflict()
    assert (head_of_family(page), page["origin"]["at"]) == ("Contoh", 1)


def test_what_nobody_pulled_started_from_nothing(sqlite_world: World) -> None:
    """A released operation of a phone that never knew the family."""
    ani = sqlite_world.device("ani")
    budi = sqlite_world.device("budi", areas=[area("1802212001", "009/001")])
    ani.push([ani.create(FAMILY)])
    budi.push([budi.edit(FAMILY, 0, nama_kepala_keluarga="Dua")])
    sari: Desk = desk(sqlite_world)
    sari.release(sari.waiting()[0]["id"])
    assert sari.only_conflict()["origin"] == {"value": {}, "at": 0}
