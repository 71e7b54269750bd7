import pytest

from api.services.disclosing import told_progress
from models.queries.statistics import VillageProgress
from sync.permission import Role
from tests.api.world import (
    DESA,
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

KECAMATAN = "180221"
FAMILIES = 12
DONE = 6


@pytest.fixture
def visited(world: World) -> World:
    """Twelve families of one RT, half of them with an outcome; four of another, none with one."""
    first = world.device("ani", areas=[area(DESA, RT)])
    ids = [record_id(n) for n in range(1, FAMILIES + 1)]
    first.push([first.create(one) for one in ids])
    first.push([first.edit(one, 0, hasil="ditemukan") for one in ids[:DONE]])
    second = world.device("budi", areas=[area(DESA, OTHER_RT)])
    rt, rw = OTHER_RT.split("/")
    second.push([second.create(record_id(100 + n), rt=rt, rw=rw) for n in range(4)])
    return world


def read(device: Device, query: str = "") -> dict[str, object]:
    return answered(device.get(f"/v1/progress{query}"))


def only_village(device: Device) -> dict[str, object]:
    villages = read(device)["villages"]
    assert isinstance(villages, list)
    (village,) = villages
    assert isinstance(village, dict)
    return village


def test_a_supervisor_reads_how_far_the_villages_are(visited: World) -> None:
    supervisor = visited.device("sri", Role.SUPERVISOR, [area(KECAMATAN)])
    assert only_village(supervisor) == {
        "desa": DESA,
        "name": "Contoh Satu",
        "families": FAMILIES + 4,
        "done": DONE,
        "conflicts": 0,
        "designations": [],
    }
    assert read(supervisor)["cells_min"] is None


def test_a_family_that_is_closed_is_done_and_one_that_ended_in_another_is_not_counted(
    visited: World,
) -> None:
    collector = visited.device("citra", areas=[area(DESA, RT)])
    gone = record_id(FAMILIES)
    day = "2026-11-03"
    collector.push([collector.op("end", "keluarga", gone, end="pindah", date=day, base=0)])
    supervisor = visited.device("sri", Role.SUPERVISOR, [area(KECAMATAN)])
    village = only_village(supervisor)
    assert (village["families"], village["done"]) == (FAMILIES + 4, DONE + 1)


def test_only_the_rts_of_an_account_are_counted(visited: World) -> None:
    operator = visited.device("edi", Role.OPERATOR_DESA, [area(DESA, OTHER_RT)])
    village = only_village(operator)
    assert (village["families"], village["done"]) == (4, 0)


def test_villages_elsewhere_are_not_told(visited: World) -> None:
    head = visited.device("tono", Role.KEPALA_DESA, [area(OTHER_DESA)])
    assert read(head)["villages"] == []


def test_the_district_is_told_no_number_below_five(visited: World) -> None:
    district = visited.device("ida", Role.TKPK, [area("1802")])
    assert only_village(district)["done"] == DONE
    assert only_village(district)["conflicts"] is None
    assert read(district)["cells_min"] == 5
    small = visited.device("umi", Role.TKPK, [area(DESA, OTHER_RT)])
    assert only_village(small) | {"name": None} == {
        "desa": DESA,
        "name": None,
        "families": None,
        "done": None,
        "conflicts": None,
        "designations": [],
    }


@pytest.mark.parametrize(
    ("families", "done", "told"),
    [
        (100, 4, (100, None)),
        (100, 5, (100, 5)),
        # Who knows 100 and 97 knows 3.
        (100, 97, (100, None)),
        (100, 95, (100, 95)),
        (100, 100, (100, 100)),
        (4, 4, (None, None)),
    ],
)
def test_no_small_cell_follows_from_the_others(
    families: int, done: int, told: tuple[int | None, int | None]
) -> None:
    shown = told_progress(VillageProgress(DESA, None, families, done), Role.TKPK)
    assert (shown.families, shown.done) == told
    assert told_progress(VillageProgress(DESA, None, families, done), Role.SUPERVISOR).done == done


def test_open_conflicts_are_counted(visited: World) -> None:
    first = visited.device("dewi", areas=[area(DESA, RT)])
    second = visited.device("eko", areas=[area(DESA, RT)])
    head = first.sync()["cursor"]["at"]
    for device, name in ((first, "A"), (second, "B")):
        device.push([device.edit(record_id(1), head, nama_kepala_keluarga=name)])
    supervisor = visited.device("sri", Role.SUPERVISOR, [area(KECAMATAN)])
    assert only_village(supervisor)["conflicts"] == 1


def test_pages_follow_each_other(visited: World) -> None:
    elsewhere = visited.device("fajar", areas=[area(OTHER_DESA)])
    elsewhere.push([elsewhere.create(record_id(200))])
    supervisor = visited.device("sri", Role.SUPERVISOR, [area(KECAMATAN)])
    first = read(supervisor, "?limit=1")
    assert first["next"] == DESA
    second = read(supervisor, f"?limit=1&after={DESA}")
    assert [one["desa"] for one in second["villages"]] == [OTHER_DESA]  # type: ignore[attr-defined]  # JSON


def test_collectors_and_midwives_are_not_asked_here(visited: World) -> None:
    for role in (Role.PETUGAS, Role.BIDAN):
        phone = visited.device(f"x{role.value}", role, [area(DESA)])
        refused(phone.get("/v1/progress"), 403, "not-permitted")


def test_the_number_of_statements_does_not_grow_with_the_villages(
    visited: World, statements: list[str]
) -> None:
    supervisor = visited.device("sri", Role.SUPERVISOR, [area(KECAMATAN)])
    statements.clear()
    read(supervisor)
    before = len([one for one in statements if one.startswith("SELECT")])
    elsewhere = visited.device("fajar", areas=[area(OTHER_DESA)])
    elsewhere.push([elsewhere.create(record_id(200))])
    statements.clear()
    read(supervisor)
    assert len([one for one in statements if one.startswith("SELECT")]) == before
