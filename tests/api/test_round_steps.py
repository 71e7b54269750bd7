"""Periods, RTs that are done, steps, locks: who may do what when, on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.device import refused
from tests.api.rounds import (
    BASE,
    DESA,
    FAMILY,
    KECAMATAN,
    PERIOD,
    RT,
    SECOND,
    Desk,
    Role,
    Village,
    desk,
    import_list,
    record_id,
    village_in_a_period,
)
from tests.api.village import assert_sound, audited


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    with village_in_a_period(database_url, tmp_path / "data") as found:
        yield found


def a_period(name: str, code: str = KECAMATAN, **rest: object) -> dict[str, object]:
    return {"period": name, "area": code, "opens": "2026-12-01", "closes": "2026-12-15", **rest}


# Periods --------------------------------------------------------------------------------------


def test_a_village_has_one_period_of_a_name_at_most(village: Village) -> None:
    for code in (KECAMATAN, DESA):
        refused(village.sari.post("/v1/periods", a_period(PERIOD, code)), 409, "name-taken")
    assert village.sari.post("/v1/periods", a_period("2026-12", DESA)).status == 201
    refused(village.sari.post("/v1/periods", a_period("2026-12")), 409, "name-taken")


def test_a_period_is_opened_by_whoever_looks_after_the_area(village: Village) -> None:
    refused(village.operator.post("/v1/periods", a_period("2026-12")), 403, "not-permitted")
    refused(village.sari.post("/v1/periods", a_period("x", "1804")), 422, "area-unknown")
    refused(village.sari.post("/v1/periods", a_period("x", "1802")), 422, "area-unknown")
    backwards = a_period("x", closes="2026-11-01")
    refused(village.sari.post("/v1/periods", backwards), 422, "value-refused")
    refused(
        village.sari.post("/v1/periods", a_period("x", opens="kemarin!!!")), 422, "value-refused"
    )
    refused(village.sari.post("/v1/periods", a_period("x", profile="foto")), 422, "value-refused")


def test_a_day_begins_and_ends_at_the_kabupatens_midnight(village: Village) -> None:
    (period,) = village.operator.read("/v1/periods")["periods"]
    assert period["window"] == {"opens": "2026-10-31T17:00:00Z", "closes": "2026-11-30T17:00:00Z"}
    village.sari.post("/v1/periods", a_period("2026-12", opens="2026-12-01T08:00:00+07:00"))
    latest = village.operator.read("/v1/periods?area=1802")["periods"][0]
    assert latest["window"]["opens"] == "2026-12-01T01:00:00Z"


def test_periods_of_other_places_are_nobody_elses(village: Village) -> None:
    other = desk(village.world, "jauh", Role.OPERATOR_DESA, code="1802212002")
    village.sari.post("/v1/periods", a_period("2026-12", DESA))
    assert [one["id"] for one in other.read("/v1/periods")["periods"]] == [PERIOD]


def test_an_extension_gives_everybody_or_one_role_more_time(village: Village) -> None:
    path = f"/v1/periods/{KECAMATAN}/{PERIOD}/extension"
    body = {"closes": "2026-12-05", "role": "petugas"}
    told = village.sari.post(path, body).json()
    assert told["window"]["closes"] == "2026-11-30T17:00:00Z"
    assert told["roles"]["petugas"]["closes"] == "2026-12-05T17:00:00Z"
    assert village.sari.post(path, {"closes": "2026-12-02"}).json()["version"] == 3
    refused(village.sari.post(path, {"closes": "2026-12-01"}), 422, "value-refused")
    nowhere = f"/v1/periods/{DESA}/{PERIOD}/extension"
    refused(village.sari.post(nowhere, body), 404, "not-found")
    assert len(audited(village.world, "period-extended")) == 2


# The window -----------------------------------------------------------------------------------


def test_after_its_window_the_village_is_locked_until_somebody_unlocks_it(
    village: Village,
) -> None:
    village.verify_all()
    village.step(village.operator, "mulai_verifikasi")
    village.world.clock.advance(timedelta(days=40))
    assert not village.get(village.operator)["is_open"]
    refused(village.rt_done(village.ani), 423, "village-locked")
    refused(village.step(village.operator, "buka_musyawarah"), 423, "village-locked")
    # What phones send is kept all the same.
    assert village.ani.push(village.visit(FAMILY, 31))["results"] == []
    body = {"until": "2026-12-20", "reason": "jalan putus karena banjir"}
    refused(village.operator.post(f"{BASE}/unlock", body), 403, "not-permitted")
    assert village.sari.post(f"{BASE}/unlock", body).status == 200
    assert village.rt_done(village.ani).status == 200
    assert village.step(village.operator, "buka_musyawarah").status == 200
    past = body | {"until": "2026-11-30"}
    refused(village.sari.post(f"{BASE}/unlock", past), 422, "value-refused")
    assert_sound(village.world)


# RT first -------------------------------------------------------------------------------------


def test_an_rt_head_states_his_own_rt_as_done_and_what_lacked_then_is_noted(
    village: Village,
) -> None:
    village.ani.sync()
    village.ani.push(village.visit(FAMILY, 21))
    told = village.rt_done(village.ani).json()
    assert (told["families"], told["lacking"], told["on_behalf"]) == (2, 1, False)
    (line,) = village.get(village.operator)["rts"]
    assert (line["done"], line["stated_by"], line["lacking_then"]) == (True, "ani", 1)
    # A phone that did not hear the answer says it again.
    assert village.rt_done(village.ani).json() == told
    assert len(village.get(village.operator)["events"]) == 1


def test_the_operator_states_it_in_the_heads_name_and_that_stays_visible(
    village: Village,
) -> None:
    assert village.rt_done(village.operator).json()["on_behalf"] is True
    (line,) = village.get(village.sari)["rts"]
    assert (line["stated_by"], line["on_behalf"]) == ("operator", True)


def test_a_statement_is_withdrawn_before_the_musyawarah_and_not_after(village: Village) -> None:
    refused(village.rt_done(village.ani, done=False), 404, "not-found")
    village.rt_done(village.ani)
    assert village.rt_done(village.ani, done=False, reason="lupa satu").json()["withdrawn_at"]
    assert village.rt_done(village.ani, done=False).status == 200
    assert village.unmet()["rt-not-done"] == 1
    village.to_musyawarah()
    refused(village.rt_done(village.ani, done=False), 409, "round-elsewhere")
    assert_sound(village.world)


def test_nobody_states_an_rt_that_is_not_theirs_or_has_no_family(village: Village) -> None:
    refused(village.rt_done(village.ani, "004/001"), 404, "not-found")
    refused(village.rt_done(village.operator, "009/001"), 404, "not-found")
    refused(village.rt_done(village.kades), 403, "not-permitted")
    refused(village.rt_done(village.sari), 403, "not-permitted")


def test_the_musyawarah_waits_for_every_rt_unless_a_supervisor_says_why(village: Village) -> None:
    village.verify_all()
    village.step(village.operator, "mulai_verifikasi")
    for who in (village.operator, village.kades):
        problem = refused(village.step(who, "buka_musyawarah", reason="x"), 409, "rts-not-done")
        assert problem["rts"] == [RT]
    refused(village.step(village.sari, "buka_musyawarah"), 422, "value-refused")
    assert village.step(village.sari, "buka_musyawarah", reason="ketua RT sakit").status == 200
    opened = village.get(village.operator)["events"][-1]
    assert (opened["reason"], opened["detail"]) == ("ketua RT sakit", {"without": [RT]})


# Steps ----------------------------------------------------------------------------------------


def test_whoever_saw_an_older_version_is_told_and_nothing_is_kept(village: Village) -> None:
    assert village.step(village.operator, "mulai_verifikasi", 0).status == 200
    problem = refused(village.step(village.kades, "mulai_verifikasi", 0), 412, "version-changed")
    assert problem["version"] == 1
    bare = village.operator.post(f"{BASE}/steps", {"step": "mulai_verifikasi"})
    refused(bare, 428, "precondition-required")
    assert len(village.get(village.operator)["events"]) == 1


def test_a_step_that_leads_nowhere_says_what_is_possible(village: Village) -> None:
    problem = refused(village.step(village.operator, "diekspor"), 409, "round-elsewhere")
    assert (problem["state"], problem["steps"]) == ("daftar_terbuka", ["mulai_verifikasi"])
    refused(village.step(village.operator, "disahkan"), 422, "value-refused")


def test_after_the_signature_the_office_takes_over_up_to_the_bupatis_letter(
    village: Village,
) -> None:
    village.signed()
    assert village.step(village.operator, "diekspor").status == 200
    refused(village.step(village.operator, "difinalkan"), 403, "not-permitted")
    assert village.step(village.sari, "difinalkan").status == 200
    refused(village.step(village.sari, "disahkan_bupati"), 422, "value-refused")
    letter: dict[str, Any] = {"nomor": "400/12/2026", "tanggal": "2026-12-01", "scan": "aa" * 32}
    assert village.step(village.sari, "disahkan_bupati", **letter).json()["state"] == (
        "disahkan_bupati"
    )
    assert village.get(village.operator)["events"][-1]["detail"] == letter
    refused(village.step(village.sari, "dibuka_kembali", reason="x"), 403, "not-permitted")
    assert_sound(village.world)


def test_going_back_needs_a_reason_and_the_right_role(village: Village) -> None:
    village.signed()
    refused(village.step(village.operator, "dibuka_kembali", reason="x"), 403, "not-permitted")
    refused(village.step(village.sari, "dibuka_kembali"), 422, "value-refused")
    assert village.step(village.sari, "dibuka_kembali", reason="keberatan").status == 200
    assert village.state() == "verifikasi"


# The next round -------------------------------------------------------------------------------


def test_the_next_round_asks_again(village: Village) -> None:
    village.signed()
    village.sari.post("/v1/periods", a_period("2026-12"))
    village.world.clock.advance(timedelta(days=29))
    checks = village.operator.read(f"/v1/rounds/{DESA}/2026-12/checks")["checks"]
    lacking = next(one for one in checks if one["code"] == "outcome-missing")
    assert {one["family"] for one in lacking["culprits"]} == {FAMILY, SECOND}
    rows = village.sari.read("/v1/rounds?period=2026-12")["villages"]
    assert [(one["state"], one["families"], one["done"]) for one in rows] == [
        ("daftar_terbuka", 2, 0)
    ]


# What is seen ---------------------------------------------------------------------------------


def test_a_collector_sees_his_own_rt_and_no_other(village: Village) -> None:
    other = record_id(40)
    import_list(village.world, [
        {"kind": "create", "entity": "keluarga", "id": other,
         "set": {"nama_kepala_keluarga": "RAHASIA", "rt": "004", "rw": "001"}},
    ])  # fmt: skip
    ani = Desk(village.ani)
    told = ani.read(f"{BASE}/checks")
    assert told["families"] == 2
    assert {one["family"] for check in told["checks"] for one in check["culprits"]} <= {
        FAMILY, SECOND, None,
    }  # fmt: skip
    assert [one["rt"] for one in ani.read(BASE)["rts"]] == [RT]
    assert village.unmet()["outcome-missing"] == 3


def test_what_lies_elsewhere_looks_like_what_is_not_there(village: Village) -> None:
    other = desk(village.world, "jauh", Role.OPERATOR_DESA, code="1802212002")
    nowhere = f"/v1/rounds/1899999999/{PERIOD}"
    for path in ("", "/checks", "/musyawarah", "/late"):
        there, absent = other.get(BASE + path), other.get(nowhere + path)
        assert (there.status, there.body) == (absent.status, absent.body)
    for path, body in (
        ("/rt", {"rt": RT}),
        ("/frozen", {}),
        ("/approval", {"hash": "0" * 64}),
        ("/decisions", {"decisions": [{"family": FAMILY, "decision": "layak"}]}),
        ("/paper-signature", {"hash": "0" * 64, "scan": "0" * 64}),
        ("/reasons", {"record": FAMILY, "code": "nik-length", "reason": "x"}),
    ):
        there, absent = other.post(BASE + path, body), other.post(nowhere + path, body)
        assert (there.status, there.body) == (404, absent.body), path
    assert village.world.count("round") == 0


def test_a_period_that_does_not_cover_the_village_is_not_there(village: Village) -> None:
    refused(village.operator.get(f"/v1/rounds/{DESA}/2099-01"), 404, "not-found")


def test_the_district_sees_where_villages_stand_and_no_small_number(village: Village) -> None:
    village.to_musyawarah()
    tkpk = desk(village.world, "tkpk", Role.TKPK, code="1802")
    for who, numbers in ((village.sari, (2, 2)), (tkpk, (None, None))):
        told = who.read(f"/v1/rounds?period={PERIOD}&area=1802")
        (row,) = told["villages"]
        assert (row["desa"], row["state"], row["rts"], row["rts_done"]) == (
            DESA,
            "musyawarah",
            1,
            1,
        )
        assert (row["families"], row["done"]) == numbers
        (kecamatan,) = told["kecamatan"]
        assert (kecamatan["kode"], kecamatan["states"]) == (KECAMATAN, {"musyawarah": 1})
        assert (kecamatan["families"], kecamatan["done"]) == numbers
    assert village.sari.read(f"/v1/rounds?period={PERIOD}&area=1804")["villages"] == []
    refused(tkpk.get(BASE), 403, "not-permitted")


def test_progress_counts_outcomes_of_this_round_however_they_were_stated(village: Village) -> None:
    village.ani.sync()
    village.ani.push(village.visit(FAMILY, 21))
    village.ani.push([village.ani.create(record_id(41), hasil="usulan_baru")])
    (row,) = village.sari.read(f"/v1/rounds?period={PERIOD}")["villages"]
    assert (row["families"], row["done"]) == (3, 2)
    village.step(village.operator, "mulai_verifikasi")
    (row,) = village.sari.read(f"/v1/rounds?period={PERIOD}&limit=1")["villages"]
    assert (row["state"], row["families"], row["done"]) == ("verifikasi", 3, 2)
