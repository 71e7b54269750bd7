"""Children with their growth: listed for those who measure, and on the family's card."""

from typing import Any

import pytest

from sync.permission import Role
from tests.api.listed import (
    A_BOY,
    SHORT,
    TALL,
    listed_family,
    measured_boy,
    measurement,
    new_id,
    put,
)
from tests.api.village import Desk, assert_sound, audited, desk
from tests.api.world import DESA, OTHER_DESA, OTHER_RT, RT, World, area, refused
from tests.builders import a_death, an_end

TOLD = (Role.BIDAN, Role.OPERATOR_DESA, Role.SUPERVISOR, Role.ADMIN)


def growth(who: Desk, query: str = "", desa: str = DESA) -> dict[str, Any]:
    return who.read(f"/v1/growth?desa={desa}{query}")


def only_child(who: Desk) -> dict[str, Any]:
    (child,) = growth(who)["children"]
    return dict(child)


def midwife(world: World, *rts: str) -> Desk:
    return desk(world, "bidan", Role.BIDAN, code=DESA, rts=rts)


def test_what_a_midwife_measures_offline_comes_back_judged(world: World) -> None:
    family = listed_family(1, nama_kepala_keluarga="Kepala Contoh")
    home = str(family[0]["id"])
    put(world, family)
    bidan = world.device("bidan", Role.BIDAN, [area(DESA)])
    child, at = new_id(), world.ask("SELECT head FROM feed")[0][0]
    told = {"tanggal": "2026-11-03", "berat_kg": 9.1, "tinggi_cm": SHORT}
    bidan.push(
        [
            bidan.add_member(child, home, nama="Anak Contoh", **A_BOY),
            bidan.op(
                "create", "pengukuran", new_id(), base=at, parent=child,
                set=told | {"cara_ukur": "terlentang"},
            ),
        ]
    )  # fmt: skip
    found = growth(Desk(bidan))
    (one,) = found["children"]
    assert (one["name"], one["head"], one["rt"]) == ("Anak Contoh", "Kepala Contoh", RT)
    assert (one["id"], one["keluarga"], one["born"]) == (child, home, "2025-05-03")
    assert one["age"] == "1 Tahun - 6 Bulan - 0 Hari"
    latest = one["latest"]
    assert (latest["tbu"]["verdict"], latest["tbu"]["label_id"]) == (
        "sangat_pendek",
        "Sangat pendek",
    )
    assert latest["tbu"]["z"] < -3
    assert latest["bbtb"]["verdict"] == "gizi_baik"
    assert (one["at_risk"], one["trend"], one["due"]) == (True, "pertama", False)
    assert (found["total"], found["at_risk"]) == (1, 1)
    assert "bukan diagnosis" in found["note_id"]
    assert "not a diagnosis" in found["note_en"]
    assert_sound(world)


def test_the_latest_measurement_is_compared_with_the_one_before(world: World) -> None:
    family = listed_family(1)
    child = new_id()
    put(world, [*family, *measured_boy(str(family[0]["id"]), child=child)])
    # They come in any order; the days decide.
    put(world, [measurement(child, "2026-10-01", TALL, berat_kg=10.0)])
    put(world, [measurement(child, "2026-09-01", TALL, berat_kg=9.4)])
    bidan = midwife(world)
    one = only_child(bidan)
    assert (one["latest"]["on"], one["trend"], one["gain_kg"]) == ("2026-10-01", "naik", 0.6)
    put(world, [measurement(child, "2026-11-01", TALL, berat_kg=10.0)])
    one = only_child(bidan)
    assert (one["trend"], one["gain_kg"], one["due_on"]) == ("tidak_naik", 0.0, "2026-12-01")


def test_a_height_of_before_still_tells_the_risk_of_who_was_only_weighed(world: World) -> None:
    family = listed_family(1)
    child = new_id()
    put(world, [*family, *measured_boy(str(family[0]["id"]), SHORT, child=child)])
    put(world, [measurement(child, "2026-11-01")])
    one = only_child(midwife(world))
    assert one["latest"]["tbu"]["missing"] == ["tinggi_cm"]
    assert one["at_risk"] is True


def test_an_implausible_height_is_to_be_measured_again_and_is_no_risk(world: World) -> None:
    family = listed_family(1)
    put(world, [*family, *measured_boy(str(family[0]["id"]), SHORT, 7.4)])
    one = only_child(midwife(world))
    assert (one["latest"]["tbu"]["label_id"], one["at_risk"]) == ("Periksa ukuran", None)


def test_who_is_due_is_found_and_who_was_never_measured_is_due(world: World) -> None:
    family = listed_family(1)
    home = str(family[0]["id"])
    late, fresh, never = new_id(), new_id(), new_id()
    put(
        world,
        [
            *family,
            *measured_boy(home, child=late, nama="Terlambat"),
            measurement(late, "2026-10-03", TALL),
            *measured_boy(home, TALL, child=fresh, nama="Baru"),
            *measured_boy(home, child=never, nama="Belum"),
        ],
    )
    found = growth(midwife(world), "&due=true")
    assert [one["name"] for one in found["children"]] == ["Belum", "Terlambat"]
    assert [one["latest"] is None for one in found["children"]] == [True, False]
    assert (found["total"], found["due"], found["at_risk"]) == (2, 2, 0)
    assert growth(Desk(world.device("b2", Role.BIDAN, [area(DESA)])))["due"] == 2


def test_only_living_children_of_up_to_sixty_months_in_families_of_the_village_are_followed(
    world: World,
) -> None:
    family, gone = listed_family(1), listed_family(1)
    home = str(family[0]["id"])
    dead = new_id()
    put(
        world,
        [
            *family,
            *gone,
            *measured_boy(home, TALL, nama="Diikuti"),
            *measured_boy(home, TALL, nama="Besar", tanggal_lahir="2021-10-03"),
            *measured_boy(home, TALL, nama="Pindah", keberadaan="pindah_wilayah"),
            *measured_boy(home, TALL, nama="Wafat", child=dead),
            *measured_boy(str(gone[0]["id"]), TALL, nama="Ikut Pindah"),
        ],
    )
    put(world, [a_death(dead), an_end(str(gone[0]["id"]), end="pindah")])
    assert only_child(midwife(world))["name"] == "Diikuti"


def test_children_are_listed_by_rt_and_name_of_the_own_rts_and_paged(world: World) -> None:
    first, second = listed_family(1, rt=OTHER_RT), listed_family(1)
    put(
        world,
        [
            *first,
            *measured_boy(str(first[0]["id"]), TALL, nama="Anak A"),
            *second,
            *measured_boy(str(second[0]["id"]), SHORT, nama="Anak C"),
            *measured_boy(str(second[0]["id"]), TALL, nama="Anak B"),
        ],
    )
    operator = desk(world, "edi", Role.OPERATOR_DESA, code=DESA)
    names = [one["name"] for one in growth(operator)["children"]]
    assert names == ["Anak B", "Anak C", "Anak A"]
    page = growth(operator, "&limit=1&offset=1")
    assert ([one["name"] for one in page["children"]], page["total"]) == (["Anak C"], 3)
    assert [one["name"] for one in growth(operator, "&at_risk=true")["children"]] == ["Anak C"]
    assert growth(operator, f"&rt={OTHER_RT}")["total"] == 1
    bidan = midwife(world, OTHER_RT)
    assert [one["name"] for one in growth(bidan)["children"]] == ["Anak A"]
    assert growth(operator, desa=OTHER_DESA)["children"] == []


def test_the_reading_is_on_record_and_no_number_is_told(world: World) -> None:
    family = listed_family(1)
    child = new_id()
    nik = "1802210305250001"
    put(world, [*family, *measured_boy(str(family[0]["id"]), TALL, child=child, nik=nik)])
    assert nik not in str(growth(midwife(world)))
    assert audited(world, "growth-read") == [{"records": [child]}]


@pytest.mark.parametrize("role", sorted(set(Role) - set(TOLD)))
def test_other_roles_are_not_told_of_growth(sqlite_world: World, role: Role) -> None:
    other = desk(sqlite_world, "lain", role, code=DESA)
    refused(other.get(f"/v1/growth?desa={DESA}"), 403, "not-permitted")


def test_the_number_of_statements_does_not_grow_with_the_children(
    world: World, statements: list[str]
) -> None:
    family = listed_family(1)
    put(world, [*family, *measured_boy(str(family[0]["id"]), TALL)])
    bidan = midwife(world)
    statements.clear()
    growth(bidan)
    before = len(statements)
    put(world, [raw for _ in range(5) for raw in measured_boy(str(family[0]["id"]), TALL, SHORT)])
    statements.clear()
    assert growth(bidan)["total"] == 6
    assert len(statements) == before


def test_an_installation_says_how_often_children_are_measured(world: World) -> None:
    assert (world.settings.growth_months_under_two, world.settings.growth_months_older) == (1, 3)


# The family's card ------------------------------------------------------------------------------


@pytest.fixture
def home(world: World) -> str:
    """A family with a short child, a tall one, and one that nobody measured."""
    family = listed_family(1)
    record = str(family[0]["id"])
    put(
        world,
        [
            *family,
            *measured_boy(record, TALL, SHORT),
            *measured_boy(record, SHORT, TALL),
            *measured_boy(record),
        ],
    )
    return record


@pytest.mark.parametrize("role", TOLD)
def test_a_family_s_card_carries_the_risk_for_who_reads_specific_data(
    world: World, home: str, role: Role
) -> None:
    card = desk(world, "petugas", role, code=DESA).read(f"/v1/records/{home}")["growth"]
    told = {name: value for name, value in card.items() if not name.startswith("note")}
    assert told == {"berisiko_stunting": True, "children": 3, "judged": 2, "at_risk": 1}
    assert "bukan diagnosis" in card["note_id"]


def test_no_other_role_is_told_the_risk(world: World, home: str) -> None:
    head = desk(world, "tono", Role.KEPALA_DESA, code=DESA)
    page = head.get(f"/v1/records/{home}")
    assert page.json()["growth"] is None
    assert b"berisiko" not in page.body
    for role in (Role.PETUGAS, Role.TKPK):
        other = desk(world, f"x{role.value}", role, code=DESA)
        refused(other.get(f"/v1/records/{home}"), 403, "not-permitted")


def test_a_person_a_closed_family_and_a_merged_one_have_no_card(world: World, home: str) -> None:
    other = listed_family(1)
    put(world, other)
    sri = desk(world)
    member, record = str(other[1]["id"]), str(other[0]["id"])
    assert sri.read(f"/v1/records/{member}")["growth"] is None
    assert sri.read(f"/v1/records/{record}")["growth"]["children"] == 0
    put(world, [an_end(record, end="pindah")])
    assert sri.read(f"/v1/records/{record}")["growth"] is None
    put(world, [an_end(home, end="salah")])
    assert sri.read(f"/v1/records/{home}")["growth"] is None
