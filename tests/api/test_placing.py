"""Families that a list brought without an RT get theirs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync.permission import Role
from tests.api.commanding import commanding
from tests.api.village import Desk, assert_sound, audited, desk
from tests.api.world import (
    DESA,
    FAMILY,
    OTHER_DESA,
    RT,
    Device,
    World,
    answered,
    area,
    record_id,
    serving,
)

SECOND, THIRD = record_id(11), record_id(12)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with serving(database_url, tmp_path / "data") as made:
        made.clock.set(datetime.now(UTC) - timedelta(hours=1))
        yield made


@pytest.fixture
def scout(world: World) -> Device:
    """Somebody of the whole village, who brings three families without an RT."""
    phone = world.device("peladang", Role.OPERATOR_DESA, [area(DESA)])
    phone.push(
        [
            phone.create(FAMILY, alamat="JL MAWAR 3", dusun="II", rt=None, rw=None),
            phone.create(SECOND, alamat="JL MAWAR 5", dusun="II", rt=None, rw=None),
            phone.create(THIRD, alamat="JL MELATI 1", dusun="I", rt=None, rw=None),
        ]
    )
    return phone


def place(office: Desk, rt: str, *families: str) -> dict[str, object]:
    return answered(office.post(f"/v1/rts/{DESA}", {"rt": rt, "families": list(families)}))


def counted(office: Desk) -> dict[str, int]:
    return {one["rt"]: one["families"] for one in office.read(f"/v1/rts/{DESA}")["rts"]}


@pytest.mark.usefixtures("scout")
def test_a_family_without_an_rt_reaches_the_phone_of_the_rt_it_is_given(world: World) -> None:
    ani = world.device("ani")
    assert ani.pull()["changes"] == []
    office = desk(world, "operator", Role.OPERATOR_DESA, code=DESA)
    assert counted(office) == {"": 3}
    told = place(office, RT, FAMILY, SECOND)
    assert (told["placed"], told["same"], told["unknown"], told["disputed"]) == (2, 0, [], [])
    assert counted(office) == {"": 1, RT: 2}
    found = {row["id"]: row["doc"] for row in ani.pull()["changes"]}
    assert found.keys() == {FAMILY, SECOND}
    assert found[FAMILY]["alamat"] == "JL MAWAR 3"
    assert found[FAMILY]["dusun"] == "II"
    assert f"{found[FAMILY]['rt']}/{found[FAMILY]['rw']}" == RT
    assert [one["placed"] for one in audited(world, "families-placed")] == [2]
    assert_sound(world)


@pytest.mark.usefixtures("scout")
def test_to_say_it_again_changes_nothing(world: World) -> None:
    office = desk(world, "operator", Role.OPERATOR_DESA, code=DESA)
    first = place(office, RT, FAMILY)
    again = place(office, RT, FAMILY, FAMILY)
    assert (again["placed"], again["same"], again["at"]) == (0, 1, first["at"])


def test_what_is_not_there_is_named_and_the_rest_is_done(world: World, scout: Device) -> None:
    office = desk(world, "operator", Role.OPERATOR_DESA, code=DESA)
    scout.push([scout.op("end", "keluarga", SECOND, end="pindah", date="2026-11-01", base=3)])
    told = place(office, RT, FAMILY, SECOND, record_id(99))
    assert told["placed"] == 1
    assert told["unknown"] == [SECOND, record_id(99)]


@pytest.mark.usefixtures("scout")
def test_families_are_found_by_what_their_street_is_called(world: World) -> None:
    office = desk(world, "operator", Role.OPERATOR_DESA, code=DESA)
    found = office.read(f"/v1/rts/{DESA}/families?q=mawar")
    assert [one["id"] for one in found["families"]] == [FAMILY, SECOND]
    page = office.read(f"/v1/rts/{DESA}/families?limit=1&offset=1")
    assert ([one["id"] for one in page["families"]], page["total"]) == ([FAMILY], 3)
    assert audited(world, "families-listed")[0]["families"] == 2


@pytest.mark.usefixtures("scout")
@pytest.mark.parametrize("rt", ["", "3/1", "003", "0003/001", "003/01", "RT3"])
def test_what_is_no_rt_is_refused(world: World, rt: str) -> None:
    office = desk(world, "operator", Role.OPERATOR_DESA, code=DESA)
    assert office.post(f"/v1/rts/{DESA}", {"rt": rt, "families": [FAMILY]}).status == 400


@pytest.mark.usefixtures("scout")
def test_somebody_of_another_village_finds_none(world: World) -> None:
    stranger = desk(world, "tetangga", Role.OPERATOR_DESA, code=OTHER_DESA)
    assert stranger.get(f"/v1/rts/{DESA}").status == 404
    assert stranger.get(f"/v1/rts/{DESA}/families").status == 404
    refused = stranger.post(f"/v1/rts/{DESA}", {"rt": RT, "families": [FAMILY]})
    assert refused.status == 404


@pytest.mark.usefixtures("scout")
def test_the_command_places_all_whose_address_fits(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = commanding(world, monkeypatch, capsys)
    asked = ("rt", "assign", "--desa", DESA, "--rt", RT, "--address", "mawar")
    tried = run(*asked, "--dry-run")
    assert (FAMILY in tried.out, THIRD in tried.out) == (True, False)
    assert run(*asked, "--json").json["placed"] == 2
    listed = run("rt", "list", "--desa", DESA, "--json").json
    assert listed == [{"rt": "", "families": 1}, {"rt": RT, "families": 2}]
    assert THIRD in run("rt", "families", "--desa", DESA).out
    assert run("rt", "assign", "--desa", DESA, "--rt", "3", THIRD).code == 1
    assert run("rt", "assign", "--desa", DESA, "--rt", RT).code == 1
    assert run("rt", "assign", "--desa", DESA, "--rt", RT, THIRD).code == 0
    assert_sound(world)


@pytest.mark.usefixtures("scout")
def test_the_operator_ticks_the_families_of_a_street_on_a_page(world: World) -> None:
    office = desk(world, "operator", Role.OPERATOR_DESA, code=DESA)
    shown = office.get(f"/kantor/rt/{DESA}?cari=mawar")
    assert shown.status == 200
    assert FAMILY in shown.body.decode()
    assert THIRD not in shown.body.decode()
    form = f"cari=mawar&rt=3&rw=1&k-{FAMILY}=1&k-{SECOND}=1".encode()
    headers = office.device.headers() | {"content-type": "application/x-www-form-urlencoded"}
    sent = world.call("POST", f"/kantor/rt/{DESA}", form, headers)
    assert sent.status == 303
    assert sent.headers["location"] == f"/kantor/rt/{DESA}?selesai=2&cari=mawar"
    assert counted(office) == {"": 1, RT: 2}
    for wrong in (b"rt=&rw=1", b"rt=3", b"rt=tiga&k-" + THIRD.encode() + b"=1"):
        assert world.call("POST", f"/kantor/rt/{DESA}", wrong, headers).status in (400, 422)
    assert counted(office) == {"": 1, RT: 2}
