"""Villages are designated by decree, by whom the district trusts with it; nothing is forgotten."""

import json
from typing import Any

import pytest

from sync.permission import Role
from tests.api.village import Desk, audited, desk
from tests.api.world import DESA, JSON, OTHER_DESA, RT, World, refused

DISTRICT = "1802"
ELSEWHERE = "1804052001"
BODY: dict[str, Any] = {
    "programme": "stunting",
    "year": 2026,
    "decree": "SK Bupati B/88/2026",
    "decreed_on": "2026-01-15",
    "villages": [DESA, "18.02.21.2002"],
}


def team(world: World, name: str = "ida", code: str = DISTRICT) -> Desk:
    return desk(world, name, Role.TKPK, code=code)


def designate(who: Desk, **changes: object) -> dict[str, str]:
    """Village → outcome."""
    answer = who.post("/v1/designations", BODY | changes)
    assert answer.status == 200, answer.json()
    return {one["desa"]: one["outcome"] for one in answer.json()["villages"]}


def revoke(who: Desk, *villages: str) -> list[dict[str, Any]]:
    body = {"programme": "stunting", "year": 2026, "villages": villages, "reason": "salah desa"}
    answer = who.post("/v1/designations/revocations", body)
    assert answer.status == 200, answer.json()
    told: list[dict[str, Any]] = answer.json()["villages"]
    return told


def listed(who: Desk, query: str = "") -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = who.read(f"/v1/designations{query}")["designations"]
    return told


def test_a_district_team_designates_villages_and_everybody_in_the_area_sees_it(
    world: World,
) -> None:
    ida = team(world)
    assert designate(ida) == {DESA: "new", OTHER_DESA: "new"}
    head = desk(world, "tono", Role.KEPALA_DESA, code=DESA)
    (one,) = listed(head)
    assert (one["desa"], one["programme"], one["year"]) == (DESA, "stunting", 2026)
    assert (one["decree"], one["decreed_on"]) == (BODY["decree"], "2026-01-15")
    assert (one["in_force"], one["account"], one["closed_at"]) == (True, ida.account, None)


def test_who_covers_one_rt_sees_the_designation_of_his_village(world: World) -> None:
    designate(team(world))
    operator = desk(world, "edi", Role.OPERATOR_DESA, code=DESA, rts=(RT,))
    assert [one["desa"] for one in listed(operator)] == [DESA]


def test_repeating_a_designation_changes_nothing(world: World) -> None:
    ida = team(world)
    designate(ida)
    before = world.count("audit")
    assert designate(ida) == {DESA: "same", OTHER_DESA: "same"}
    assert world.count("designation") == 2
    assert world.count("audit") == before


def test_another_decree_replaces_the_first_which_is_kept(world: World) -> None:
    ida = team(world)
    designate(ida)
    assert designate(ida, decree="SK Bupati B/99/2026", villages=[DESA]) == {DESA: "replaced"}
    assert [one["decree"] for one in listed(ida, f"?area={DESA}")] == ["SK Bupati B/99/2026"]
    history = listed(ida, f"?area={DESA}&closed=true")
    closed = next(one for one in history if one["closed_at"] is not None)
    assert (closed["decree"], closed["closed_by"]) == (BODY["decree"], ida.account)
    assert closed["reason"] == "replaced by: SK Bupati B/99/2026"


def test_what_is_revoked_stays_in_the_history_with_its_reason(world: World) -> None:
    ida = team(world)
    designate(ida)
    told = revoke(ida, DESA, OTHER_DESA)
    assert all(one["designation"] for one in told)
    assert listed(ida) == []
    assert {one["reason"] for one in listed(ida, "?closed=true")} == {"salah desa"}
    assert [one["designation"] for one in revoke(ida, DESA)] == [None]
    assert designate(ida, villages=[DESA]) == {DESA: "new"}
    assert world.count("designation") == 3


def test_programmes_and_years_stand_beside_each_other(world: World) -> None:
    ida = team(world)
    designate(ida)
    assert designate(ida, programme="kemiskinan_ekstrem")[DESA] == "new"
    assert designate(ida, year=2025)[DESA] == "new"
    assert len(listed(ida, "?year=2026")) == 4
    assert len(listed(ida, "?programme=kemiskinan_ekstrem")) == 2


@pytest.mark.parametrize("code", [ELSEWHERE, "1802219999", "1802"])
def test_a_village_out_of_reach_looks_like_one_that_does_not_exist(world: World, code: str) -> None:
    world.add_village(ELSEWHERE)
    ida = team(world)
    answer = ida.post("/v1/designations", BODY | {"villages": [DESA, code]})
    if code == "1802":
        refused(answer, 422, "area-unknown")
    else:
        refused(answer, 404, "not-found")
        assert code in answer.json()["detail"]
    assert world.count("designation") == 0


def test_who_covers_rts_alone_designates_nothing(world: World) -> None:
    limited = desk(world, "umi", Role.TKPK, code=DESA, rts=(RT,))
    refused(limited.post("/v1/designations", BODY | {"villages": [DESA]}), 404, "not-found")


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.TKPK, Role.ADMIN}))
def test_other_roles_designate_nothing(sqlite_world: World, role: Role) -> None:
    other = desk(sqlite_world, "lain", role, code=DISTRICT)
    refused(other.post("/v1/designations", BODY), 403, "not-permitted")


@pytest.mark.parametrize(
    "changes",
    [
        {"decreed_on": "2026-11-04"},
        {"until": "2026-01-14"},
        {"decree": "   "},
        {"decree": "a\u200eb"},
        {"decree": "SK\n1"},
        {"year": 1990},
        {"villages": []},
        {"programme": "gizi"},
        {"unknown": 1},
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_written(
    sqlite_world: World, changes: dict[str, object]
) -> None:
    answer = team(sqlite_world).post("/v1/designations", BODY | changes)
    assert answer.status in {400, 422}
    assert sqlite_world.count("designation") == 0


def test_an_act_is_on_record_once_with_its_villages(world: World) -> None:
    ida = team(world)
    designate(ida)
    revoke(ida, DESA)
    (made,) = audited(world, "villages-designated")
    assert (made["programme"], made["villages"]) == ("stunting", [DESA, OTHER_DESA])
    (closed,) = audited(world, "designations-revoked")
    assert closed["villages"] == [DESA]
    assert len(closed["designations"]) == 1


def test_the_progress_of_a_village_carries_what_it_is_designated_for(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create("01990000-0000-7000-8000-000000000001")])
    ida = team(world)
    designate(ida)
    designate(ida, programme="kemiskinan_ekstrem", until="2026-11-02")
    (village,) = ida.read("/v1/progress")["villages"]
    assert village["designations"] == ["stunting"]


def test_the_number_of_statements_does_not_grow_with_the_villages(
    world: World, statements: list[str]
) -> None:
    ida = team(world)
    statements.clear()
    designate(ida, villages=[DESA])
    one = len(statements)
    codes = [f"1802229{n:03}" for n in range(20)]
    for code in codes:
        world.add_village(code)
    statements.clear()
    designate(ida, year=2025, villages=codes)
    assert len(statements) == one


def test_two_who_designate_at_once_leave_one_open_designation(world: World) -> None:
    """The second waits for the villages' rows, and finds what the first has written."""
    ida, umi = team(world), team(world, "umi")
    assert designate(ida, villages=[DESA]) == {DESA: "new"}
    assert designate(umi, villages=[DESA], decree="SK 2") == {DESA: "replaced"}
    open_now = world.ask("SELECT count(*) FROM designation WHERE closed_at IS NULL")
    assert open_now == [(1,)]


def test_pages_of_designations_follow_each_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.queries.designations.DESIGNATIONS_PER_PAGE_MAX", 1)
    monkeypatch.setattr("api.routes.designations.DESIGNATIONS_PER_PAGE_MAX", 1)
    ida = team(world)
    designate(ida)
    first = ida.read("/v1/designations")
    assert [one["desa"] for one in first["designations"]] == [DESA]
    second = ida.read(f"/v1/designations?after={first['next']}")
    assert [one["desa"] for one in second["designations"]] == [OTHER_DESA]
    refused(ida.get("/v1/designations?after=1"), 400, "malformed-request")


def test_a_body_beyond_the_limit_is_not_read(sqlite_world: World) -> None:
    ida = team(sqlite_world)
    body = json.dumps(BODY | {"decree": "x" * 40_000}).encode()
    answer = sqlite_world.call("POST", "/v1/designations", body, ida.device.headers() | JSON)
    refused(answer, 413, "payload-too-large")
