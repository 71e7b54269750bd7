"""Aliases, missing rows, differing digests: the copy is mended from the server."""

import sqlite3
from pathlib import Path

import pytest

from tests.clients.world import DESA, RT, World, agreement, assert_same_as_server, family


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_an_alias_is_dropped_and_its_edits_go_to_the_target(world: World) -> None:
    phone, _ = world.enrolled("ani")
    home = family(phone)
    first = phone.create("anggota", {"nama": "Rani"}, parent=home).id
    second = phone.create("anggota", {"nama": "Rani C"}, parent=home).id
    phone.sync()
    world.double.merge_twins(DESA, second, first)
    phone.sync()
    assert {view.id for view in phone.records(entity="anggota")} == {first}
    assert phone.edit("anggota", second, {"nama": "Rani Contoh"}).id == first
    phone.sync(check=True)
    assert phone.record(second).fields["nama"] == "Rani Contoh"
    assert agreement(phone) == {RT: "agrees"}
    assert_same_as_server(world, phone)


def test_a_change_of_an_unknown_record_is_asked_for_whole(world: World) -> None:
    supervisor, _ = world.enrolled("supervisor", {DESA: None})
    home = family(supervisor, alamat="Jalan Mawar")
    supervisor.sync()
    phone, link = world.enrolled("ani")
    damage(world, "DELETE FROM rows WHERE id = ?", home)
    supervisor.edit("keluarga", home, {"luas_lantai": 12})
    supervisor.sync()
    assert phone.sync().code == "ok"
    assert link.paths == ["/v1/sync", "/v1/records"]
    assert_same_as_server(world, phone)


@pytest.mark.parametrize("fault", ["lacks", "stale", "extra"])
def test_a_differing_digest_is_mended(world: World, fault: str) -> None:
    supervisor, _ = world.enrolled("supervisor", {DESA: None})
    homes = [family(supervisor, str(number)) for number in range(5)]
    supervisor.sync()
    phone, link = world.enrolled("ani")
    if fault == "lacks":
        damage(world, "DELETE FROM rows WHERE id = ?", homes[2])
    elif fault == "stale":
        damage(world, "UPDATE rows SET seq = seq + 90, doc = '{}' WHERE id = ?", homes[1])
    else:
        village = world.double.village(DESA)
        del village.records[homes[4]]
    assert phone.sync().code == "ok"
    assert "/v1/digest" in link.paths
    assert agreement(phone) == {RT: "agrees"}
    assert_same_as_server(world, phone)


def damage(world: World, statement: str, record: str) -> None:
    """Change the file of the phone behind its back."""
    connection = sqlite3.connect(world.folder / "ani.db")
    with connection:
        connection.execute(statement, (record,))
    connection.close()
