"""The order of villages: people in decile 1, stunting locations first, and what may be told."""

from typing import Any

import pytest

from sync.permission import Role
from tests.api.listed import (
    SHORT,
    TALL,
    listed_family,
    measured_boy,
    measurement,
    new_id,
    poor_family,
    put,
)
from tests.api.test_designations import designate, team
from tests.api.village import Desk, desk
from tests.api.world import DESA, OTHER_DESA, OTHER_RT, World, refused
from tests.builders import a_death, an_end

COUNTS = {
    "families": 0, "families_poor": 0, "people_poor": 0, "families_unranked": 0,
    "families_left_out": 0, "children": 0, "children_judged": 0, "children_at_risk": 0,
}  # fmt: skip


def supervisor(world: World) -> Desk:
    return desk(world, "sri", Role.SUPERVISOR, code="180221")


def ranking(who: Desk, query: str = "") -> dict[str, Any]:
    return who.read(f"/v1/ranking{query}")


def counts(who: Desk, query: str = "", desa: str = DESA) -> dict[str, Any]:
    """Of one village, without what is zero."""
    (village,) = [one for one in ranking(who, query)["villages"] if one["desa"] == desa]
    return {name: told for name, told in village["counts"].items() if told != 0}


def test_more_people_in_decile_one_come_first_and_a_stunting_location_before_all(
    world: World,
) -> None:
    put(world, [*poor_family(2), *poor_family(1)])
    put(world, poor_family(5), OTHER_DESA)
    sri = supervisor(world)
    told = ranking(sri)
    assert [(one["place"], one["desa"], one["name"]) for one in told["villages"]] == [
        (1, OTHER_DESA, "Contoh Dua"),
        (2, DESA, "Contoh Satu"),
    ]
    designate(team(world), villages=[DESA])
    told = ranking(sri)
    assert [(one["desa"], one["designations"]) for one in told["villages"]] == [
        (DESA, ["stunting"]),
        (OTHER_DESA, []),
    ]
    assert [one["desa"] for one in ranking(sri, "?year=2025")["villages"]] == [OTHER_DESA, DESA]
    assert told["rule"]["id"] == "desil1-stunting"
    assert "desil 1" in told["rule"]["text_id"]


def test_equals_follow_by_code_and_the_limit_cuts_the_end(world: World) -> None:
    put(world, poor_family(3), OTHER_DESA)
    put(world, poor_family(3))
    told = ranking(supervisor(world), "?limit=1")
    assert ([one["desa"] for one in told["villages"]], told["total"]) == ([DESA], 2)
    assert told["totals"]["people_poor"] == 6


def test_every_field_of_deciles_is_counted_by_itself(world: World) -> None:
    put(world, [*listed_family(2, desil_nasional=1, desil_kabupaten_kota=10), *listed_family(1)])
    put(world, listed_family(1, desil_nasional=10, desil_kabupaten_kota=1))
    sri = supervisor(world)
    told = {"families": 3, "families_poor": 1, "families_unranked": 1}
    assert counts(sri) == told | {"people_poor": 2}
    assert counts(sri, "?field=desil_kabupaten_kota") == told | {"people_poor": 1}
    assert counts(sri, "?field=desil_provinsi") == {"families": 3, "families_unranked": 3}
    refused(sri.get("/v1/ranking?field=percentil"), 400, "malformed-request")


def test_a_name_that_looks_like_a_field_is_a_name(world: World) -> None:
    put(world, listed_family(1, alamat='","desil_nasional":1,"x":"', desil_nasional=2))
    assert counts(supervisor(world)) == {"families": 1}


def test_families_that_are_gone_or_there_twice_are_left_out_with_their_people(
    world: World,
) -> None:
    moved, missing, twice, here = (poor_family(2) for _ in range(4))
    put(world, [*moved, *missing, *twice, *here])
    edits = [("tidak_ditemukan", missing), ("data_ganda", twice), ("ditemukan", here)]
    put(world, [an_end(str(moved[0]["id"]), end="pindah")])
    put(
        world,
        [
            {"kind": "set", "entity": "keluarga", "id": family[0]["id"], "set": {"hasil": said}}
            for said, family in edits
        ],
    )
    assert counts(supervisor(world)) == {
        "families": 4,
        "families_poor": 1,
        "people_poor": 2,
        "families_left_out": 3,
    }


def test_members_who_died_or_live_elsewhere_are_no_people_of_the_village(world: World) -> None:
    family = poor_family(4)
    put(world, family)
    ids = [str(one["id"]) for one in family[1:]]
    put(
        world,
        [
            a_death(ids[0]),
            {
                "kind": "set",
                "entity": "anggota",
                "id": ids[1],
                "set": {"keberadaan": "pindah_wilayah"},
            },
            {
                "kind": "set",
                "entity": "anggota",
                "id": ids[2],
                "set": {"keberadaan": "tinggal_bersama_keluarga"},
            },
        ],
    )
    assert counts(supervisor(world))["people_poor"] == 2


def test_a_family_merged_into_another_is_not_counted_again(world: World) -> None:
    one, other = poor_family(1), poor_family(1)
    put(world, [*one, *other])
    sri = supervisor(world)
    assert sri.merge(str(other[0]["id"]), str(one[0]["id"])).status == 200
    assert counts(sri) == {"families": 1, "families_poor": 1, "people_poor": 2}


def test_children_at_risk_are_counted_by_their_latest_height(world: World) -> None:
    family = poor_family(1)
    home = str(family[0]["id"])
    grew, stays, unmeasured, weighed = new_id(), new_id(), new_id(), new_id()
    put(
        world,
        [
            *family,
            *measured_boy(home, SHORT, TALL, child=grew),
            *measured_boy(home, TALL, SHORT, child=stays),
            *measured_boy(home, child=unmeasured),
            *measured_boy(home, SHORT, child=weighed),
            # Only weighed since: the height of before still says what it says.
            measurement(weighed, "2026-10-25"),
            *measured_boy(home, 7.4),  # metres and centimetres mixed up
            *measured_boy(home, SHORT, tanggal_lahir="2021-01-01"),  # older than 60 months
        ],
    )
    told = counts(supervisor(world))
    assert (told["children"], told["children_judged"], told["children_at_risk"]) == (5, 3, 2)


def test_a_measurement_entered_by_mistake_counts_no_longer(world: World) -> None:
    family = poor_family(1)
    wrong = measured_boy(str(family[0]["id"]), TALL, SHORT)
    put(world, [*family, *wrong])
    mistake = an_end(str(wrong[-1]["id"]), entity="pengukuran", end="salah")
    put(world, [mistake])
    told = counts(supervisor(world))
    assert (told["children_judged"], told.get("children_at_risk", 0)) == (1, 0)


def test_a_designated_village_without_a_list_stands_in_the_ranking(world: World) -> None:
    designate(team(world), villages=[OTHER_DESA])
    (one,) = ranking(supervisor(world))["villages"]
    assert (one["desa"], one["counts"]) == (OTHER_DESA, COUNTS)


def test_only_villages_and_rts_in_sight_are_counted(world: World) -> None:
    put(world, [*poor_family(2), *listed_family(3, rt=OTHER_RT, desil_nasional=1)])
    put(world, poor_family(1), OTHER_DESA)
    operator = desk(world, "edi", Role.OPERATOR_DESA, code=DESA, rts=(OTHER_RT,))
    (one,) = ranking(operator)["villages"]
    assert (one["desa"], one["counts"]["people_poor"]) == (DESA, 3)
    sri = supervisor(world)
    assert len(ranking(sri, "?area=180221")["villages"]) == 2
    assert len(ranking(sri, f"?area={DESA}")["villages"]) == 1
    assert ranking(sri, "?area=1804")["villages"] == []
    refused(sri.get("/v1/ranking?area=18x"), 400, "malformed-request")


def test_the_district_team_is_told_no_small_number_and_no_order_among_them(world: World) -> None:
    put(world, [raw for _ in range(3) for raw in poor_family(2)])
    put(world, [raw for _ in range(4) for raw in poor_family(4)], OTHER_DESA)
    told = ranking(team(world))
    assert told["cells_min"] == 5
    # The second has more people in decile 1, but neither number is told: the order is the code's.
    assert [one["desa"] for one in told["villages"]] == [DESA, OTHER_DESA]
    assert all(one["counts"] == dict.fromkeys(COUNTS) for one in told["villages"])
    assert told["totals"]["people_poor"] == 0
    assert ranking(supervisor(world))["cells_min"] is None


def test_a_village_head_is_told_of_families_and_not_of_two_short_children(world: World) -> None:
    family = poor_family(1)
    put(world, [*family, *measured_boy(str(family[0]["id"]), SHORT)])
    head = desk(world, "tono", Role.KEPALA_DESA, code=DESA)
    told = ranking(head)
    assert told["cells_min"] == 5
    counted = told["villages"][0]["counts"]
    assert (counted["people_poor"], counted["children_at_risk"]) == (2, None)


@pytest.mark.parametrize("role", [Role.PETUGAS, Role.BIDAN])
def test_collectors_and_midwives_are_told_no_aggregates(sqlite_world: World, role: Role) -> None:
    refused(desk(sqlite_world, "lain", role, code=DESA).get("/v1/ranking"), 403, "not-permitted")


def test_the_ranking_takes_as_many_statements_for_many_villages(
    world: World, statements: list[str]
) -> None:
    put(world, poor_family(2))
    sri = supervisor(world)
    statements.clear()
    ranking(sri)
    before = len(statements)
    family = poor_family(2)
    put(world, [*family, *measured_boy(str(family[0]["id"]), SHORT)], OTHER_DESA)
    statements.clear()
    ranking(sri)
    assert len(statements) == before
