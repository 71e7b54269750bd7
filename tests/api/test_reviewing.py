"""Conflicts: read, answered at the version that was seen, asked again; nobody judges themselves."""

import pytest

from sync.permission import Role
from tests.api.village import (
    DESA,
    FAMILY,
    MEMBER,
    OTHER_DESA,
    OTHER_RT,
    REASON,
    SOMEBODY,
    assert_sound,
    audited,
    desk,
    promote,
    two_disagree,
)
from tests.api.world import World, outcomes, refused, rows_by_id


def test_a_reviewer_sees_both_statements_and_what_they_started_from(world: World) -> None:
    ani, budi = two_disagree(world)
    page = desk(world).only_conflict()
    assert page["summary"]["kind"] == "value"
    assert page["summary"]["rt"] == "003/001"
    assert page["name"] == "Satu"
    (current,) = page["current"]
    (candidate,) = page["candidates"]
    assert current["value"] == {"nama_kepala_keluarga": "Satu"}
    assert candidate["value"] == {"nama_kepala_keluarga": "Dua"}
    assert (current["voice"]["account_name"], candidate["voice"]["account_name"]) == ("ani", "budi")
    assert (current["voice"]["account"], candidate["voice"]["account"]) == (
        ani.account,
        budi.account,
    )
    assert candidate["voice"]["base"] == 1
    assert candidate["voice"]["observed"] == "2026-11-03"
    assert not candidate["voice"]["clock_suspect"]
    assert not candidate["voice"]["device_forked"]
    assert page["origin"] == {"value": {"nama_kepala_keluarga": "Contoh"}, "at": 1}


def test_the_value_both_started_from_is_found_behind_later_changes(world: World) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    ani.push([ani.create(FAMILY)])
    ani.push([ani.edit(FAMILY, 1, nama_kepala_keluarga="Awal")])
    ani.push([ani.edit(FAMILY, 2, luas_lantai=40)])
    ani.push([ani.edit(FAMILY, 3, nama_kepala_keluarga="Satu")])
    budi.push([budi.edit(FAMILY, 2, nama_kepala_keluarga="Dua")])
    page = desk(world).only_conflict()
    assert page["origin"] == {"value": {"nama_kepala_keluarga": "Awal"}, "at": 2}


def test_the_list_shows_no_value_and_counts_all_pages(world: World) -> None:
    two_disagree(world)
    told = desk(world).read("/v1/conflicts?limit=1")
    assert told["total"] == 1
    assert "Dua" not in str(told)
    assert told["conflicts"][0]["candidates"] == 1


@pytest.mark.parametrize(
    ("choice", "rest", "settled"),
    [
        ("current", {}, "Satu"),
        ("candidate", {}, "Dua"),
        ("value", {"value": {"nama_kepala_keluarga": "Tiga"}}, "Tiga"),
    ],
)
def test_a_decision_reaches_the_record_and_every_phone(
    world: World, choice: str, rest: dict[str, object], settled: str
) -> None:
    ani, _ = two_disagree(world)
    sari = desk(world)
    answer = sari.resolve(sari.only_conflict(), choice, **rest)
    assert answer.status == 200
    assert answer.json()["state"] == "resolved"
    assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
    assert sari.fields(FAMILY)["nama_kepala_keluarga"] == settled
    row = rows_by_id(ani.sync())[FAMILY]
    assert row["doc"]["nama_kepala_keluarga"] == settled
    assert "review" not in row
    assert sari.conflicts() == []
    assert_sound(world)


def test_one_of_several_candidates_is_chosen_by_its_place_in_the_log(world: World) -> None:
    two_disagree(world)
    citra = world.device("citra")
    citra.push([citra.edit(FAMILY, 1, nama_kepala_keluarga="Tiga")])
    sari = desk(world)
    page = sari.only_conflict()
    refused(sari.resolve(page, "candidate"), 422, "value-refused")
    third = next(c for c in page["candidates"] if c["voice"]["account_name"] == "citra")
    dot = {"lane": third["lane"], "lane_seq": third["lane_seq"]}
    assert sari.resolve(page, "candidate", candidate=dot).status == 200
    assert sari.fields(FAMILY)["nama_kepala_keluarga"] == "Tiga"


def test_a_decision_on_an_old_version_keeps_nothing(world: World) -> None:
    two_disagree(world)
    sari = desk(world)
    page = sari.only_conflict()
    citra = world.device("citra")
    citra.push([citra.edit(FAMILY, 1, nama_kepala_keluarga="Tiga")])
    before = world.ask("SELECT count(*) FROM operation")
    problem = refused(sari.resolve(page, "current"), 412, "version-changed")
    assert problem["version"] == 2
    assert world.ask("SELECT count(*) FROM operation") == before
    assert world.ask("SELECT count(*) FROM lane WHERE source = 'review'") == [(0,)]
    assert sari.only_conflict()["summary"]["state"] == "open"


def test_a_decision_needs_the_version_it_was_made_on(world: World) -> None:
    two_disagree(world)
    sari = desk(world)
    page = sari.only_conflict()
    path = f"/v1/conflicts/{page['summary']['id']}/resolution"
    body = {"choice": "current", "reason": REASON}
    refused(sari.post(path, body), 428, "precondition-required")
    refused(sari.post(path, body, if_match="tomorrow"), 412, "version-changed")


@pytest.mark.parametrize(
    "body",
    [
        {"choice": "value", "value": {"luas_lantai": 40}, "reason": REASON},
        {"choice": "value", "value": {"nama_kepala_keluarga": 7}, "reason": REASON},
        {"choice": "value", "reason": REASON},
        {"choice": "candidate", "candidate": {"lane": "none", "lane_seq": 1}, "reason": REASON},
    ],
)
def test_a_value_that_cannot_be_is_refused_and_nothing_waits_in_quarantine(
    world: World, body: dict[str, object]
) -> None:
    two_disagree(world)
    sari = desk(world)
    page = sari.only_conflict()
    rest = {key: value for key, value in body.items() if key not in {"choice", "reason"}}
    refused(sari.resolve(page, str(body["choice"]), **rest), 422, "value-refused")
    assert sari.waiting() == []
    assert world.ask("SELECT count(*) FROM operation WHERE kind = 'resolve'") == [(0,)]


def test_who_decides_first_decides(world: World) -> None:
    two_disagree(world)
    sari, tono = desk(world), desk(world, "tono")
    page = sari.only_conflict()
    assert sari.resolve(page, "current").status == 200
    refused(tono.resolve(page, "candidate"), 412, "version-changed")
    decided = sari.read(f"/v1/conflicts/{page['summary']['id']}")
    refused(tono.resolve(decided, "candidate"), 409, "already-decided")


def test_a_decision_is_asked_again_with_the_claims_of_that_time(world: World) -> None:
    two_disagree(world)
    sari = desk(world)
    page = sari.only_conflict()
    assert sari.resolve(page, "candidate").status == 200
    answer = sari.undo(page["summary"]["id"])
    assert answer.json()["state"] == "open"
    again = sari.only_conflict()
    assert again["summary"]["id"] == answer.json()["conflict"]
    assert again["current"][0]["value"] == {"nama_kepala_keluarga": "Satu"}
    assert [c["value"] for c in again["candidates"]] == [{"nama_kepala_keluarga": "Dua"}]
    assert again["reopens"]["id"] == page["summary"]["id"]
    assert again["reopens"]["decision"]["choice"] == "candidate"
    assert again["reopens"]["decision"]["reason"] == REASON
    assert again["reopens"]["decision"]["voice"]["account_name"] == "sari"
    refused(sari.undo(page["summary"]["id"]), 409, "already-decided")
    assert_sound(world)


def test_decided_conflicts_are_listed_by_state(world: World) -> None:
    two_disagree(world)
    sari = desk(world)
    sari.resolve(sari.only_conflict(), "current")
    assert [c["state"] for c in sari.conflicts(state="resolved")] == ["resolved"]
    assert len(sari.conflicts(state="all", desa=DESA)) == 1
    assert sari.conflicts(state="all", desa=OTHER_DESA) == []


def test_an_undo_may_name_the_version_it_was_decided_on(world: World) -> None:
    two_disagree(world)
    sari = desk(world)
    page = sari.only_conflict()
    sari.resolve(page, "current")
    path = f"/v1/conflicts/{page['summary']['id']}/undo"
    refused(sari.post(path, {"reason": REASON}, if_match='"1"'), 412, "version-changed")
    assert sari.post(path, {"reason": REASON}, if_match='"2"').status == 200


def test_a_decision_that_was_built_upon_stays(world: World) -> None:
    ani, _ = two_disagree(world)
    sari = desk(world)
    page = sari.only_conflict()
    sari.resolve(page, "candidate")
    seq = rows_by_id(ani.sync())[FAMILY]["seq"]
    ani.push([ani.edit(FAMILY, seq, nama_kepala_keluarga="Empat")])
    refused(sari.undo(page["summary"]["id"]), 409, "already-decided")
    assert sari.fields(FAMILY)["nama_kepala_keluarga"] == "Empat"


def test_a_late_statement_reopens_with_the_earlier_decision_attached(world: World) -> None:
    two_disagree(world)
    sari = desk(world)
    sari.resolve(sari.only_conflict(), "candidate")
    citra = world.device("citra")
    assert outcomes(citra.push([citra.edit(FAMILY, 1, nama_kepala_keluarga="Satu")])) == {
        1: "already-judged"
    }
    assert outcomes(citra.push([citra.edit(FAMILY, 1, nama_kepala_keluarga="Tiga")])) == {
        2: "conflict"
    }
    page = sari.only_conflict()
    assert page["reopens"]["decision"]["choice"] == "candidate"
    assert page["origin"]["value"] == {"nama_kepala_keluarga": "Contoh"}
    assert page["current"][0]["voice"]["source"] == "review"
    assert_sound(world)


# The two-person rule -------------------------------------------------------------------------


def test_who_made_one_of_the_statements_does_not_decide_between_them(world: World) -> None:
    """A collector became a supervisor, and her phone's statement is still in question."""
    _, budi = two_disagree(world)
    tono = desk(world, "tono")
    promote(world, budi.account)
    page = tono.only_conflict()
    path = f"/v1/conflicts/{page['summary']['id']}/resolution"
    body = {"choice": "current", "reason": REASON}
    answer = budi.post(path, body, if_match='"1"')
    problem = refused(answer, 403, "not-permitted")
    assert "somebody else" in problem["detail"]
    assert audited(world, "refused")[-1]["code"] == "two-person-rule"
    assert tono.resolve(page, "current").status == 200


def test_having_chosen_is_no_statement_but_having_typed_is_one(world: World) -> None:
    two_disagree(world)
    sari, tono = desk(world), desk(world, "tono")
    sari.resolve(sari.only_conflict(), "candidate")
    citra = world.device("citra")
    citra.push([citra.edit(FAMILY, 1, nama_kepala_keluarga="Tiga")])
    typed = {"nama_kepala_keluarga": "Empat"}
    assert sari.resolve(sari.only_conflict(), "value", value=typed).status == 200
    citra.push([citra.edit(FAMILY, 1, nama_kepala_keluarga="Lima")])
    refused(sari.resolve(sari.only_conflict(), "current"), 403, "not-permitted")
    assert tono.resolve(tono.only_conflict(), "current").status == 200


# Who sees what -------------------------------------------------------------------------------


def test_what_lies_outside_the_area_looks_like_nothing(world: World) -> None:
    two_disagree(world)
    conflict = desk(world).conflicts()[0]["id"]
    stranger = desk(world, "tono", code=OTHER_DESA)
    assert stranger.conflicts() == []
    hidden = stranger.get(f"/v1/conflicts/{conflict}")
    nothing = stranger.get(f"/v1/conflicts/{SOMEBODY}")
    assert (hidden.status, hidden.body) == (nothing.status, nothing.body) == (404, nothing.body)
    body = {"choice": "current", "reason": REASON}
    path = f"/v1/conflicts/{conflict}/resolution"
    refused(stranger.post(path, body, if_match='"1"'), 404, "not-found")
    refused(stranger.undo(conflict), 404, "not-found")


def test_an_account_of_some_rts_sees_conflicts_of_those(world: World) -> None:
    two_disagree(world)
    here = desk(world, "operator", Role.OPERATOR_DESA, code=DESA, rts=("003/001",))
    there = desk(world, "operator2", Role.OPERATOR_DESA, code=DESA, rts=(OTHER_RT,))
    assert len(here.conflicts()) == 1
    assert there.conflicts() == []
    conflict = here.conflicts()[0]["id"]
    refused(there.get(f"/v1/conflicts/{conflict}"), 404, "not-found")


def test_only_who_may_decide_decides(world: World) -> None:
    two_disagree(world)
    operator = desk(world, "operator", Role.OPERATOR_DESA, code=DESA)
    refused(operator.resolve(operator.only_conflict(), "current"), 403, "not-permitted")


def test_a_village_head_sees_that_there_is_health_data_but_not_what_it_says(world: World) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    ani.push([ani.create(FAMILY), ani.add_member(MEMBER, FAMILY)])
    for phone, code in ((ani, "hamil"), (budi, "tidak")):
        edit = phone.op("set", "anggota", MEMBER, base=2, set={"hamil": code == "hamil"})
        phone.push([edit])
    head = desk(world, "kepala", Role.KEPALA_DESA, code=DESA).only_conflict()
    assert head["current"][0]["value"] == {"hamil": "***"}
    assert head["candidates"][0]["value"] == {"hamil": "***"}
    full = desk(world).only_conflict()
    assert full["current"][0]["value"] == {"hamil": True}


def test_every_reading_and_every_decision_is_written_down(world: World) -> None:
    two_disagree(world)
    sari = desk(world)
    page = sari.only_conflict()
    conflict = page["summary"]["id"]
    sari.resolve(page, "current")
    sari.undo(conflict)
    assert audited(world, "conflict-read") == [{"conflict": conflict, "records": [FAMILY]}]
    (resolved,) = audited(world, "conflict-resolved")
    assert resolved == {"choice": "current", "conflict": conflict, "record": FAMILY}
    assert audited(world, "conflict-undone") == [{"conflict": conflict, "record": FAMILY}]


def test_a_forked_device_is_shown_as_such(world: World) -> None:
    _, budi = two_disagree(world)
    parent = {"lane": budi.lane, "seq": 1}
    assert budi.post("/v1/lanes", {"desa": DESA, "parent": parent}).status == 201
    page = desk(world).only_conflict()
    assert page["candidates"][0]["voice"]["device_forked"]
    assert not page["current"][0]["voice"]["device_forked"]
