"""Checks, the meeting and PINs as a village works with them, on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from models.database import Database
from tests.api.device import refused
from tests.api.rounds import (
    BASE,
    FAMILY,
    MEMBER,
    PIN,
    SECOND,
    SECOND_MEMBER,
    Role,
    Village,
    desk,
    record_id,
    village_in_a_period,
)
from tests.api.server import PASSWORD, a_server, problem_of
from tests.api.village import assert_sound


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    with village_in_a_period(database_url, tmp_path / "data") as found:
        yield found


def named(village: Village, code: str) -> set[tuple[str | None, str]]:
    """(head's name or family, what) that a check names."""
    checks = village.get(village.operator, "/checks")["checks"]
    found = [one for one in checks if one["code"] == code]
    return {(c["family"], c["what"]) for one in found for c in one["culprits"]}


# Checks ---------------------------------------------------------------------------------------


def test_each_failing_check_names_its_families(village: Village) -> None:
    village.ani.sync()
    ani, base = village.ani, village.ani.since
    met = {"hasil": "ditemukan", "kemampuan": "tidak_mampu"}
    ani.push([
        ani.op("set", "keluarga", FAMILY, base=base, set=met),
        ani.op("set", "anggota", MEMBER, base=base, set={"nik": "123"}),
        ani.op("set", "keluarga", SECOND, base=base, set={"hasil": "data_ganda"}),
        ani.op("set", "anggota", SECOND_MEMBER, base=base, set={"keberadaan": "meninggal"}),
        ani.op("set", "keluarga", record_id(77), base=base, set={"luas_lantai": 1}),
    ])  # fmt: skip
    assert named(village, "person-outcome-missing") == {(FAMILY, "keberadaan")}
    assert named(village, "finding-open") == {(FAMILY, "nik-length")}
    assert named(village, "evidence-missing") == {(FAMILY, "foto.rumah"), (SECOND, "end.date")}
    assert named(village, "twin-unresolved") == {(SECOND, "hasil_kembaran")}
    assert named(village, "death-undated") == {(SECOND, "end.date")}
    assert named(village, "quarantine-waiting") == {(None, "record-unknown")}
    assert named(village, "dispute-undecided") == {(SECOND, "data_ganda")}
    (one,) = [c for c in village.get(village.operator, "/checks")["checks"]
              if c["code"] == "finding-open"]  # fmt: skip
    assert (one["blocks"], one["families"], one["culprits"][0]["name"]) == (
        "pengesahan", 1, "CONTOH",
    )  # fmt: skip


def test_a_long_list_is_told_in_part_and_counted_whole(village: Village) -> None:
    checks = village.get(village.operator, "/checks", limit="1")["checks"]
    (one,) = [c for c in checks if c["code"] == "outcome-missing"]
    assert (one["families"], len(one["culprits"])) == (2, 1)


def test_a_finding_is_explained_in_the_round_and_only_one_that_is_there(village: Village) -> None:
    village.ani.sync()
    edit = {"nik": "123"}
    village.ani.push([*village.visit(FAMILY, 21), *village.visit(SECOND, 22)])
    village.ani.push([village.ani.op("set", "anggota", MEMBER, base=village.ani.since, set=edit)])
    body = {"record": MEMBER, "code": "nik-length", "reason": "KTP rusak, belum diganti"}
    refused(
        village.operator.post(f"{BASE}/reasons", body | {"code": "kk-missing"}), 404, "not-found"
    )
    assert village.operator.post(f"{BASE}/reasons", body).status == 204
    assert "finding-open" not in village.unmet()
    assert village.get(village.operator)["events"][-1]["reason"] == body["reason"]


# The meeting ----------------------------------------------------------------------------------


def test_disputed_families_are_on_the_agenda_until_they_are_decided(village: Village) -> None:
    village.ani.sync()
    gone = {"hasil": "tidak_ditemukan", "hasil_alasan": "pindah"}
    village.ani.push(village.visit(FAMILY, 21, kemampuan="mampu"))
    village.ani.push([village.ani.op("set", "keluarga", SECOND, base=village.ani.since, set=gone)])
    village.step(village.operator, "mulai_verifikasi")
    village.rt_done(village.ani)
    refused(village.decide(FAMILY), 409, "round-elsewhere")
    village.step(village.operator, "buka_musyawarah")
    village.meeting()
    agenda = village.get(village.operator, "/musyawarah")["agenda"]
    assert {(one["family"], *one["why"], one["decision"]) for one in agenda} == {
        (FAMILY, "mampu", None), (SECOND, "tidak_ditemukan", None),
    }  # fmt: skip
    assert village.unmet() == {"dispute-undecided": 2}
    refused(village.decide(FAMILY, "tidak_layak"), 422, "value-refused")
    refused(village.decide(record_id(99)), 404, "not-found")
    assert village.decide(FAMILY, "tidak_layak", reason="sudah mampu").status == 200
    assert village.decide(SECOND, "ditunda", reason="dicari lagi").status == 200
    assert village.unmet() == {}
    # A meeting may change its mind until the village is signed.
    assert village.decide(FAMILY, "layak").json()["version"] == 4
    note = village.freeze()
    assert village.sign(note["hash"]).status == 200
    refused(village.decide(FAMILY, "tidak_layak", reason="x"), 409, "round-elsewhere")
    refused(village.meeting(), 409, "round-elsewhere")
    assert_sound(village.world)


def test_two_who_write_the_meeting_down_at_once_do_not_overwrite_each_other(
    village: Village,
) -> None:
    village.to_musyawarah()
    refused(village.meeting(0, place="Masjid"), 412, "version-changed")
    told = village.get(village.operator, "/musyawarah")
    assert (told["place"], told["version"]) == ("Balai Kampung", 1)
    assert told["attendance"] == [{"nama": "Contoh Satu", "peran": "RT", "tanda_tangan": True}]
    body = {"decisions": [{"family": FAMILY, "decision": "layak"}]}
    refused(
        village.operator.post(f"{BASE}/decisions", body, if_match='"0"'), 412, "version-changed"
    )


def test_a_meeting_is_not_held_tomorrow(village: Village) -> None:
    village.to_musyawarah()
    refused(village.meeting(held_on="2026-11-04"), 422, "value-refused")


def test_a_village_head_reads_the_agenda_and_does_not_write_it(village: Village) -> None:
    village.to_musyawarah()
    assert village.get(village.kades, "/musyawarah")["version"] == 1
    body = {"decisions": [{"family": FAMILY, "decision": "layak"}]}
    refused(village.kades.post(f"{BASE}/decisions", body), 403, "not-permitted")


# PINs -----------------------------------------------------------------------------------------


def test_wrong_pins_wait_longer_and_longer_and_a_right_one_forgives_them(village: Village) -> None:
    village.to_musyawarah()
    note = village.freeze()
    for _ in range(3):
        refused(village.sign(note["hash"], "111222"), 403, "pin-refused")
    waiting = village.sign(note["hash"])
    refused(waiting, 429, "too-many-requests")
    assert waiting.headers["retry-after"] == "1"
    village.world.clock.advance(timedelta(seconds=2))
    assert village.sign(note["hash"]).status == 200
    ((failed,),) = village.world.ask("SELECT failed_count FROM account_pin")
    assert failed == 0


def test_an_account_without_a_pin_is_refused_alike(village: Village) -> None:
    village.to_musyawarah()
    note = village.freeze()
    other = desk(village.world, "baru", Role.KEPALA_DESA, code="1802212001")
    refused(village.sign(note["hash"], who=other), 403, "pin-refused")


def test_a_pin_is_set_with_the_accounts_password_in_a_browser(
    database_url: str, tmp_path: Path
) -> None:
    database = Database.open(database_url, pool_size=8)
    server = a_server(database, tmp_path / "data", database_url)
    server.account("kepala", Role.KEPALA_DESA)
    server.account("sari", Role.SUPERVISOR)
    browser = server.browser("kepala")
    wrong = browser.call("PUT", "/v1/me/pin", {"password": "bukan ini", "pin": PIN})
    assert problem_of(wrong)["type"] == "login-refused"
    easy = browser.call("PUT", "/v1/me/pin", {"password": PASSWORD, "pin": "123456"})
    assert problem_of(easy)["type"] == "value-refused"
    assert browser.call("PUT", "/v1/me/pin", {"password": PASSWORD, "pin": PIN}).status_code == 204
    with database.reading() as session:
        account = server.accounts["kepala"].id
        ((action, actor),) = session.connection().exec_driver_sql(
            "SELECT action, actor FROM audit WHERE action = 'account-pin-set'"
        )
    assert (action, actor) == ("account-pin-set", account)
    other = server.browser("sari").call("PUT", "/v1/me/pin", {"password": PASSWORD, "pin": PIN})
    assert problem_of(other)["type"] == "not-permitted"
    database.close()


def test_a_pin_stands_nowhere_in_clear(village: Village) -> None:
    village.signed()
    ((stored,),) = village.world.ask("SELECT pin_hash FROM account_pin")
    assert stored.startswith("$argon2id$")
    said = village.world.ask("SELECT detail FROM audit")
    assert not any(PIN in detail for (detail,) in said)
