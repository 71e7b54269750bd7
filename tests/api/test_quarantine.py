"""Quarantine: what could not be merged is shown, explained, and decided by a person."""

from sync.permission import Role
from tests.api.village import (
    DESA,
    FAMILY,
    FIRST_NIK,
    MEMBER,
    OTHER_DESA,
    OTHER_RT,
    REASON,
    SOMEBODY,
    a_person,
    assert_sound,
    audited,
    desk,
    record_id,
)
from tests.api.world import Device, World, area, outcomes, refused, rows_by_id


def revoked_with_work(world: World) -> Device:
    """Ani's phone was reported lost, and turns up with a family on it."""
    ani = world.device("ani")
    world.revoke(ani)
    ani.push(
        [
            ani.create(FAMILY),
            ani.add_member(MEMBER, FAMILY),
            ani.edit(FAMILY, 0, luas_lantai=40),
        ]
    )
    return ani


def ends(results: list[dict[str, object]]) -> list[object]:
    return [one["answer"]["outcome"] for one in results]  # type: ignore[index]  # JSON of ours


def test_an_entry_says_what_came_from_whom_and_why_it_waits(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY, atap2="seng", no_kk=FIRST_NIK)])
    sari = desk(world)
    (line,) = sari.waiting()
    assert (line["problem"], line["detail"]) == ("unknown-field", "atap2")
    assert (line["account_name"], line["creates"]) == ("ani", True)
    page = sari.read(f"/v1/quarantine/{line['id']}")
    assert page["kind"] == "create"
    assert page["sent"]["set"]["nama_kepala_keluarga"] == "Contoh"
    assert page["sent"]["set"]["no_kk"] == "*" * 12 + FIRST_NIK[-4:]
    assert FIRST_NIK not in str(page)
    assert "mono" not in page["sent"]
    assert audited(world, "quarantine-read") == [{"entry": line["id"], "records": [FAMILY]}]


def test_what_a_revoked_device_had_still_to_hand_over_is_let_in_at_once(world: World) -> None:
    ani = revoked_with_work(world)
    sari = desk(world)
    assert len(sari.waiting()) == 3
    told = sari.post("/v1/quarantine/release", {"device": ani.id})
    assert told.status == 200
    assert ends(told.json()["results"]) == ["applied", "applied", "applied"]
    assert not told.json()["more"]
    assert sari.fields(FAMILY)["luas_lantai"] == 40
    assert sari.read(f"/v1/records/{MEMBER}")["rt"] == "003/001"
    assert sari.waiting() == []
    assert len(sari.waiting("released")) == 3
    refused(sari.post("/v1/quarantine/release", {"device": ani.id}), 404, "not-found")
    assert_sound(world)


def test_released_work_reaches_other_phones(world: World) -> None:
    budi = world.device("budi")
    ani = revoked_with_work(world)
    desk(world).post("/v1/quarantine/release", {"device": ani.id})
    assert rows_by_id(budi.sync()).keys() == {FAMILY, MEMBER}


def test_a_release_takes_what_depends_on_it_along(world: World) -> None:
    ani = world.device("ani")
    elsewhere = ani.create(FAMILY, rt="009", rw="009")
    told = ani.push([elsewhere, ani.add_member(MEMBER, FAMILY), ani.edit(FAMILY, 0, luas_lantai=9)])
    assert [result["problem"] for result in told["results"]] == [
        "not-permitted",
        "depends-on-quarantined",
        "depends-on-quarantined",
    ]
    sari = desk(world)
    entry = sari.waiting()[0]
    assert len(sari.read(f"/v1/quarantine/{entry['id']}")["dependents"]) == 2
    results = sari.release(entry["id"]).json()["results"]
    assert ends(results) == ["applied", "applied", "applied"]
    assert sari.fields(FAMILY)["luas_lantai"] == 9
    assert_sound(world)


def test_that_something_waits_is_told_to_nobody_who_did_not_send_it(world: World) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    ani.push([ani.create(FAMILY, atap2="seng")])
    edits = [phone.push([phone.edit(FAMILY, 0, luas_lantai=40)]) for phone in (ani, budi)]
    problems = [told["results"][0]["problem"] for told in edits]
    assert problems == ["depends-on-quarantined", "record-unknown"]


def test_another_record_of_that_id_out_of_sight_changes_no_answer(world: World) -> None:
    ani = world.device("ani")
    budi = world.device("budi", areas=[area(DESA, OTHER_RT)])
    rt, rw = OTHER_RT.split("/")
    budi.push([budi.create(FAMILY, rt=rt, rw=rw)])
    ani.push([ani.create(FAMILY)])
    (told,) = ani.push([ani.edit(FAMILY, 0, luas_lantai=40)])["results"]
    assert told["problem"] == "depends-on-quarantined"


def test_dependents_of_dependents_come_along_too(world: World) -> None:
    ani = world.device("ani")
    measured = record_id(7)
    ani.push(
        [
            ani.create(FAMILY, rt="009", rw="009"),
            ani.add_member(MEMBER, FAMILY),
            ani.op("create", "pengukuran", measured, base=0, parent=MEMBER, set={"berat_kg": 9.5}),
        ]
    )
    sari = desk(world)
    results = sari.release(sari.waiting()[0]["id"]).json()["results"]
    assert ends(results) == ["applied", "applied", "applied"]
    assert sari.read(f"/v1/records/{measured}")["fields"] == {"berat_kg": 9.5}
    assert_sound(world)


def test_the_phone_learns_what_became_of_it_and_where_that_landed(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY, rt="009", rw="009")])
    sari = desk(world)
    sari.release(sari.waiting()[0]["id"])
    told = ani.get(f"/v1/lanes/{ani.lane}/outcomes?after=0").json()
    assert told["results"] == [{"seq": 1, "outcome": "applied", "at": 1}]


def test_the_same_operation_offered_again_gets_the_new_answer(world: World) -> None:
    ani = world.device("ani")
    batch = [ani.create(FAMILY, rt="009", rw="009")]
    ani.push(batch)
    sari = desk(world)
    sari.release(sari.waiting()[0]["id"])
    (result,) = ani.push(batch)["results"]
    assert (result["outcome"], result["original"]) == ("duplicate", "applied")


def test_a_repetition_under_a_new_lane_is_answered_anew_as_well(world: World) -> None:
    ani = world.device("ani")
    created = ani.create(FAMILY, rt="009", rw="009")
    ani.push([created])
    parent = {"lane": ani.lane, "seq": 0}
    lane = ani.post("/v1/lanes", {"desa": DESA, "parent": parent}).json()["lane"]
    ani.push([created], lane=lane)
    sari = desk(world)
    sari.release(sari.waiting()[0]["id"])
    (result,) = ani.get(f"/v1/lanes/{lane}/outcomes?after=0").json()["results"]
    assert (result["outcome"], result["original"]) == ("duplicate", "applied")
    assert_sound(world)


def test_what_its_own_lane_has_said_since_stands(world: World) -> None:
    """Set aside for its RT, and said anew after the RT came back: the later word counts."""
    ani, budi = world.device("ani"), world.device("budi", areas=[area(DESA)])
    budi.push([budi.create(FAMILY, rt="004")])
    early = ani.op("set", "keluarga", FAMILY, base=1, set={"hasil": None, "luas_lantai": 40})
    assert outcomes(ani.push([early])) == {1: "quarantined"}
    world.assign(ani.account, [area(DESA)])
    ani.push([ani.edit(FAMILY, 1, luas_lantai=50)])
    sari = desk(world)
    (result,) = sari.release(sari.waiting()[0]["id"]).json()["results"]
    assert result["answer"]["groups"] == {
        "hasil": {"outcome": "applied"},
        "luas_lantai": {"outcome": "policy-lost"},
    }
    assert sari.fields(FAMILY)["luas_lantai"] == 50
    assert sari.conflicts() == []
    assert_sound(world)


def test_what_still_cannot_be_merged_waits_on_with_the_reason_of_today(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.edit(FAMILY, 0, atap2="seng")])
    sari = desk(world)
    entry = sari.waiting()[0]["id"]
    (result,) = sari.release(entry).json()["results"]
    assert (result["state"], result["answer"]["problem"]) == ("waiting", "unknown-field")
    # The same operation, once it can be read: now the family is missing.
    ani.push([ani.edit(record_id(8), 0, luas_lantai=40)])
    second = sari.waiting()[1]
    (result,) = sari.release(second["id"]).json()["results"]
    assert result["answer"]["problem"] == "record-unknown"
    assert len(sari.waiting()) == 2
    assert_sound(world)


def test_a_dependent_released_alone_names_what_it_waits_for(world: World) -> None:
    ani = revoked_with_work(world)
    sari = desk(world)
    edit = sari.waiting()[2]
    (result,) = sari.release(edit["id"]).json()["results"]
    assert result["answer"]["problem"] == "depends-on-quarantined"
    assert result["answer"]["cause"] == f"{ani.lane}:1"
    # From now on it comes along with what it waits for.
    results = sari.release(sari.waiting()[0]["id"]).json()["results"]
    assert [one["lane_seq"] for one in results] == [1, 3]
    assert_sound(world)


def test_something_unreadable_stays_unreadable(world: World) -> None:
    ani = world.device("ani")
    ani.push([17, {"seq": 2, "kind": "teleport"}])
    sari = desk(world)
    for entry in sari.waiting():
        page = sari.read(f"/v1/quarantine/{entry['id']}")
        assert page["voice"]["account_name"] == "ani"
        (result,) = sari.release(entry["id"]).json()["results"]
        assert result["state"] == "waiting"
    assert [e["problem"] for e in sari.waiting()] == ["malformed", "unknown-kind"]
    assert_sound(world)


def test_a_rejected_operation_stays_readable_with_the_reason(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY, rt="009", rw="009"), ani.add_member(MEMBER, FAMILY)])
    sari = desk(world)
    entry = sari.waiting()[0]["id"]
    told = sari.post(f"/v1/quarantine/{entry}/reject", {"reason": REASON})
    assert [one["state"] for one in told.json()["results"]] == ["rejected", "rejected"]
    assert sari.waiting() == []
    (first, _) = sari.waiting("rejected")
    assert (first["reason"], first["decided_by"]) == (REASON, sari.account)
    refused(sari.release(entry), 409, "already-decided")
    assert audited(world, "quarantine-rejected") == [
        {"operations": [f"{ani.lane}:1", f"{ani.lane}:2"]}
    ]
    assert_sound(world)


def test_a_release_conflicts_like_any_other_late_statement(world: World) -> None:
    ani, budi = world.device("ani"), world.device("budi")
    budi.push([budi.create(FAMILY)])
    budi.push([budi.edit(FAMILY, 1, nama_kepala_keluarga="Satu")])
    world.revoke(ani)
    ani.push([ani.edit(FAMILY, 1, nama_kepala_keluarga="Dua")])
    sari = desk(world)
    (result,) = sari.release(sari.waiting()[0]["id"]).json()["results"]
    assert result["answer"]["outcome"] == "conflict"
    page = sari.only_conflict()
    assert page["candidates"][0]["value"] == {"nama_kepala_keluarga": "Dua"}
    assert page["origin"]["value"] == {"nama_kepala_keluarga": "Contoh"}
    assert_sound(world)


def test_a_nik_that_comes_in_by_release_is_found_in_other_villages(world: World) -> None:
    here, there = world.device("ani"), world.device("dewi", areas=[area(OTHER_DESA)])
    there.push([there.create(record_id(8)), a_person(there, record_id(9), record_id(8), FIRST_NIK)])
    world.revoke(here)
    here.push([here.create(FAMILY), a_person(here, MEMBER, FAMILY, FIRST_NIK)])
    sari = desk(world)
    assert sari.read("/v1/duplicates")["shared"] == []
    sari.post("/v1/quarantine/release", {"device": here.id})
    (shared,) = sari.read("/v1/duplicates")["shared"]
    assert {bearer["desa"] for bearer in shared["bearers"]} == {DESA, OTHER_DESA}


def test_nobody_lets_in_their_own_operation(world: World) -> None:
    sari, tono = desk(world), desk(world, "tono")
    phone = sari.device
    lane = next(one for one in phone.lanes if one["desa"] == DESA)["lane"]
    phone.push([phone.create(FAMILY)], lane=lane, desa=DESA)
    (entry,) = tono.waiting()
    refused(sari.release(entry["id"]), 403, "not-permitted")
    assert tono.release(entry["id"]).status == 200


def test_quarantine_outside_the_area_looks_like_nothing(world: World) -> None:
    ani = revoked_with_work(world)
    entry = desk(world).waiting()[0]["id"]
    stranger = desk(world, "tono", code=OTHER_DESA)
    assert stranger.waiting() == []
    hidden = stranger.get(f"/v1/quarantine/{entry}")
    nothing = stranger.get(f"/v1/quarantine/{SOMEBODY}")
    assert (hidden.status, hidden.body) == (nothing.status, nothing.body) == (404, nothing.body)
    refused(stranger.release(entry), 404, "not-found")
    refused(stranger.post("/v1/quarantine/release", {"device": ani.id}), 404, "not-found")


def test_an_account_of_some_rts_sees_what_names_their_records(world: World) -> None:
    ani = world.device("ani")
    ani.push(
        [ani.create(FAMILY), ani.edit(FAMILY, 0, atap2="seng"), ani.edit(SOMEBODY, 0, hasil=1)]
    )
    operator = desk(world, "operator", Role.OPERATOR_DESA, code=DESA, rts=("003/001",))
    assert [entry["record"] for entry in operator.waiting()] == [FAMILY]
    assert len(desk(world).waiting()) == 2


def test_who_may_read_may_not_always_decide(world: World) -> None:
    revoked_with_work(world)
    operator = desk(world, "operator", Role.OPERATOR_DESA, code=DESA)
    refused(operator.release(operator.waiting()[0]["id"]), 403, "not-permitted")


def test_many_operations_are_let_in_by_chunks(world: World) -> None:
    ani = world.device("ani")
    world.revoke(ani)
    for start in range(0, 600, 300):
        ani.push([ani.create(record_id(1000 + start + n)) for n in range(300)])
    told = desk(world).post("/v1/quarantine/release", {"device": ani.id}).json()
    assert len(told["results"]) == 600
    assert world.ask("SELECT count(*) FROM record") == [(600,)]
    assert len(audited(world, "quarantine-released")) == 2
    assert_sound(world)
