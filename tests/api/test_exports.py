"""Files of what a village signed, through the real doors and on both databases."""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from models.queries.frozen import frozen_village
from sync.permission import Role
from tests.api.exporting import (
    NIK,
    SECOND_NIK,
    ask,
    download,
    exported,
    propose,
    sheet,
    signed_village,
)
from tests.api.rounds import (
    BASE,
    DESA,
    FAMILY,
    KECAMATAN,
    PERIOD,
    SECOND,
    Desk,
    Village,
    desk,
    village_in_a_period,
)
from tests.api.village import OTHER_DESA, assert_sound, audited, unguarded
from tests.api.world import refused


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    with signed_village(database_url, tmp_path / "data") as found:
        yield found


@pytest.fixture
def sqlite_village(sqlite_url: str, tmp_path: Path) -> Iterator[Village]:
    with signed_village(sqlite_url, tmp_path / "data") as found:
        yield found


@pytest.fixture
def unsigned(sqlite_url: str, tmp_path: Path) -> Iterator[Village]:
    with village_in_a_period(sqlite_url, tmp_path / "data") as found:
        propose(found)
        yield found


def get(who: Desk, export: dict[str, Any], part: str = "") -> dict[str, Any]:
    return who.read(f"/v1/exports/{export['id']}{part}")


def test_a_signed_village_becomes_a_workbook_a_receipt_and_a_step_of_its_round(
    village: Village,
) -> None:
    told = exported(village.operator)
    export, report = told["export"], told["report"]
    assert village.state() == "diekspor"
    assert (export["state"], export["draft"], export["rows"]) == ("diunduh", False, 2)
    assert [one["name"] for one in export["files"]] == [
        f"usulan-v4-pbi-{DESA}-contoh-satu-{PERIOD}.xlsx"
    ]
    head, *rows = sheet(download(village.operator, export))
    assert head[0] == "NIK"
    assert [row[0] for row in rows] == [NIK, SECOND_NIK]
    with village.world.database.reading() as session:
        signed = frozen_village(session, DESA, PERIOD)
    assert signed is not None
    (part,) = report["villages"]
    assert part == {"desa": DESA, "snapshot": signed.hash, "families": 2, "persons": 2, "rows": 2,
                    "left_out": 0}  # fmt: skip
    receipt = get(village.operator, export, "/receipt")
    assert receipt["receipt"] == export["receipt"]
    assert receipt["files"][0]["sha256"] == export["files"][0]["sha256"]
    assert receipt["created_by"] == village.operator.account
    assert NIK not in str(receipt)
    assert_sound(village.world)


def test_an_export_reads_what_was_signed_and_nothing_that_came_later(village: Village) -> None:
    first = exported(village.operator)["export"]
    before = {one["name"]: download(village.operator, first, one["name"]) for one in first["files"]}
    ani = village.ani
    ani.sync()
    changes = [
        ani.edit(FAMILY, ani.since, alamat="Dusun Baru", nama_kepala_keluarga="Lain"),
        ani.create("01990000-0000-7000-8000-0000000000ff", no_kk="1802212101100009"),
        ani.op("end", "keluarga", SECOND, base=ani.since, end="pindah", date="2026-11-02"),
    ]
    assert ani.push(changes)["results"] == []
    again = exported(village.operator)["export"]
    assert again["id"] != first["id"]
    after = {one["name"]: download(village.operator, again, one["name"]) for one in again["files"]}
    assert after == before
    drafted = exported(village.operator, draft=True, profile="bnba")["export"]
    assert download(village.operator, drafted) != b""
    assert "DUSUN" not in str(sheet(download(village.operator, first)))


def test_rows_of_the_register_may_vanish_and_the_files_stay_the_same(village: Village) -> None:
    first = exported(village.operator, profile="bnba")["export"]
    before = download(village.operator, first)
    with unguarded(village.world), village.world.database.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM record")
    again = exported(village.operator, profile="bnba")["export"]
    assert download(village.operator, again) == before


def test_every_profile_can_be_made_of_a_signed_village(sqlite_village: Village) -> None:
    profiles = sqlite_village.operator.read("/v1/exports/profiles")["profiles"]
    assert len(profiles) == 11
    for profile in profiles:
        told = exported(sqlite_village.operator, profile=profile["name"])
        for file in told["export"]["files"]:
            assert download(sqlite_village.operator, told["export"], file["name"])


def test_a_village_that_has_not_signed_gives_drafts_only(unsigned: Village) -> None:
    operator = unsigned.operator
    problem = refused(ask(operator), 409, "not-signed")
    assert problem["villages"] == [DESA]
    draft = exported(operator, draft=True, profile="bnba")["export"]
    assert (draft["state"], draft["receipt"]) == ("draf", None)
    assert draft["files"][0]["name"].startswith("DRAF-")
    assert "DRAF - BELUM DISAHKAN" in str(sheet(download(operator, draft)))
    assert unsigned.state() == "daftar_terbuka"
    # Nobody was visited yet, so nobody is proposed.
    assert exported(operator, draft=True)["export"]["files"] == []
    refused(operator.get(f"/v1/exports/{draft['id']}/receipt"), 404, "not-found")
    refused(
        operator.post(f"/v1/exports/{draft['id']}/state", {"state": "diunggah"}),
        422,
        "value-refused",
    )


def test_the_report_comes_without_files_where_only_it_is_asked_for(village: Village) -> None:
    answer = ask(village.operator, check=True)
    assert answer.status == 200
    told = answer.json()
    assert told["export"] is None
    assert told["report"]["rows"] == 2
    assert village.world.count("export") == 0
    assert village.state() == "disahkan"
    (entry,) = audited(village.world, "export-checked")
    assert entry == {"profile": "usulan-v4", "period": PERIOD}


def test_a_row_with_a_blocking_problem_stays_out_and_is_named(
    sqlite_url: str, tmp_path: Path
) -> None:
    with village_in_a_period(sqlite_url, tmp_path / "data") as village:
        propose(village)
        ani = village.ani
        ani.sync()
        address = ani.edit(SECOND, ani.since, alamat=None, rt="003", rw="001")
        assert ani.push([address])["results"] == []
        village.signed()
        told = exported(village.operator)
        assert (told["export"]["rows"], told["export"]["left_out"]) == (1, 1)
        (problem,) = [one for one in told["report"]["problems"] if one["blocks"]]
        assert (problem["field"], problem["keluarga"], problem["rt"]) == (
            "ALAMAT", SECOND, "003/001",
        )  # fmt: skip
        assert "aplikasi RT" in problem["fix"]
        stored = village.operator.read(f"/v1/exports/{told['export']['id']}/report")
        assert problem in stored


def test_the_state_goes_on_one_step_at_a_time(village: Village) -> None:
    export = exported(village.operator)["export"]
    path = f"/v1/exports/{export['id']}/state"
    refused(village.operator.post(path, {"state": "diterima"}), 422, "value-refused")
    moved = village.operator.post(path, {"state": "diunggah", "note": "lewat SIKS-NG"})
    assert (moved.status, moved.json()["state"]) == (200, "diunggah")
    assert village.sari.post(path, {"state": "ditolak"}).json()["state"] == "ditolak"
    refused(village.sari.post(path, {"state": "diterima"}), 422, "value-refused")
    (uploaded, turned_down) = audited(village.world, "export-state")
    assert (uploaded["state"], turned_down["before"]) == ("diunggah", "diunggah")


def test_files_and_downloads_are_on_record_without_a_number(village: Village) -> None:
    export = exported(village.operator)["export"]
    download(village.operator, export)
    (made,) = audited(village.world, "export")
    (taken,) = audited(village.world, "export-downloaded")
    assert (made["export"], made["rows"], made["profile"]) == (export["id"], 2, "usulan-v4")
    assert taken["file"] == export["files"][0]["sha256"]
    told = str(village.world.ask("SELECT detail FROM audit"))
    assert NIK not in told


def test_the_database_holds_no_number_of_those_who_were_sent(village: Village) -> None:
    exported(village.operator)
    for table in ("export", "export_result"):
        assert NIK not in str(village.world.ask(f"SELECT * FROM {table}"))


def test_a_village_that_was_opened_again_gives_nothing_until_it_signs_anew(
    sqlite_village: Village,
) -> None:
    village = sqlite_village
    exported(village.operator)
    assert village.step(village.sari, "dibuka_kembali", reason="ada yang salah").status == 200
    refused(ask(village.operator), 409, "not-signed")


def test_a_kecamatan_takes_its_signed_villages_and_names_the_others(
    sqlite_village: Village,
) -> None:
    told = exported(sqlite_village.sari, profile="rekap-bupati", desa=None, area=KECAMATAN)
    assert told["report"]["not_signed"] == [OTHER_DESA]
    (file,) = told["export"]["files"]
    head, row, total = sheet(download(sqlite_village.sari, told["export"]))
    assert (row[head.index("KELUARGA")], total[0]) == (2, "JUMLAH")
    assert file["rows"] == 1


def test_what_lies_outside_of_somebodys_area_is_not_there(sqlite_village: Village) -> None:
    village = sqlite_village
    export = exported(village.operator)["export"]
    stranger = desk(village.world, "jauh", Role.OPERATOR_DESA, code=OTHER_DESA)
    refused(ask(stranger), 404, "not-found")
    for part in ("", "/receipt", "/report", "/files/0"):
        refused(stranger.get(f"/v1/exports/{export['id']}{part}"), 404, "not-found")
    assert stranger.read("/v1/exports")["exports"] == []
    part_of_it = desk(village.world, "rt", Role.OPERATOR_DESA, code=DESA, rts=("004/001",))
    refused(ask(part_of_it), 404, "not-found")
    refused(part_of_it.get(f"/v1/exports/{export['id']}"), 404, "not-found")


@pytest.mark.parametrize("role", [Role.PETUGAS, Role.BIDAN, Role.KEPALA_DESA, Role.TKPK])
def test_only_who_may_export_can(sqlite_village: Village, role: Role) -> None:
    somebody = desk(sqlite_village.world, "pengamat", role, code=DESA)
    refused(ask(somebody), 403, "not-permitted")
    refused(somebody.get("/v1/exports"), 403, "not-permitted")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"profile": "tidak-ada"}, 422, "profile-refused"),
        ({"desa": []}, 422, "value-refused"),
        ({"area": "180221"}, 422, "value-refused"),
        ({"desa": ["9999999999"]}, 404, "not-found"),
        ({"period": "2031-01"}, 409, "not-signed"),
        ({"desa": ["18"]}, 400, "malformed-request"),
    ],
)
def test_what_cannot_be_exported_is_refused_with_a_reason(
    sqlite_village: Village, body: dict[str, object], status: int, code: str
) -> None:
    refused(ask(sqlite_village.operator, **body), status, code)


def test_the_list_shows_the_latest_first_and_by_period(sqlite_village: Village) -> None:
    operator = sqlite_village.operator
    first = exported(operator, profile="bnba")["export"]["id"]
    second = exported(operator, profile="tindakan")["export"]["id"]
    listed = operator.read("/v1/exports?limit=1")
    assert listed["total"] == 2
    assert {one["id"] for one in operator.read(f"/v1/exports?period={PERIOD}")["exports"]} == {
        first, second,
    }  # fmt: skip
    assert operator.read("/v1/exports?profile=bnba")["total"] == 1
    assert operator.read("/v1/exports?period=2020-01")["total"] == 0


def test_files_lie_under_their_hash_where_only_the_server_looks(sqlite_village: Village) -> None:
    export = exported(sqlite_village.operator)["export"]
    exported(sqlite_village.operator)
    folder = sqlite_village.world.settings.data_dir / "exports"
    digest = export["files"][0]["sha256"]
    path = folder / digest[:2] / digest
    assert path.stat().st_mode & 0o777 == 0o600
    assert len([one for one in folder.rglob("*") if one.is_file()]) == 1
    path.unlink()
    refused(sqlite_village.operator.get(f"/v1/exports/{export['id']}/files/0"), 404, "not-found")
    refused(sqlite_village.operator.get(f"/v1/exports/{export['id']}/files/7"), 404, "not-found")


def test_what_a_killed_process_left_behind_is_swept_away(sqlite_village: Village) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    making = sqlite_village.world.settings.data_dir / "exports" / "making"
    left, other = making / f"{ended.pid}-half", making / f"{os.getpid()}-mine"
    for folder in (left, other):
        folder.mkdir(parents=True)
    exported(sqlite_village.operator, profile="bnba")
    assert list(making.iterdir()) == [other]


def test_a_later_step_of_the_round_follows_with_the_bupatis_letter(
    sqlite_village: Village,
) -> None:
    village = sqlite_village
    exported(village.operator)
    assert village.step(village.sari, "difinalkan").status == 200
    version = village.get(village.sari)["version"]
    body = {
        "step": "disahkan_bupati",
        "nomor": "460/12",
        "tanggal": "2026-12-01",
        "scan": "5c" * 32,
    }
    done = village.sari.post(f"{BASE}/steps", body, if_match=f'"{version}"')
    assert done.status == 200, done.body
    exported(village.operator)
    assert village.state() == "disahkan_bupati"


def test_an_answer_is_not_packed_twice(sqlite_village: Village) -> None:
    export = exported(sqlite_village.operator)["export"]
    answer = sqlite_village.operator.device.world.call(
        "GET",
        f"/v1/exports/{export['id']}/files/0",
        b"",
        sqlite_village.operator.device.headers(accept_encoding="gzip"),
    )
    body = answer.wire if answer.headers.get("content-encoding") is None else answer.body
    packed = answer.headers.get("content-encoding") == "gzip"
    content = gzip.decompress(body) if packed and body[:2] == b"\x1f\x8b" else body
    assert content[:2] == b"PK"
    assert answer.headers["content-disposition"].startswith('attachment; filename="usulan-v4-')
    assert answer.headers["cache-control"] == "no-store"


def test_two_first_exports_at_once_take_the_step_once(village: Village) -> None:
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask, village.operator, profile=one) for one in ("bnba", "tindakan")]
        answers = [one.result() for one in asked]
    assert [one.status for one in answers] == [201, 201]
    assert village.state() == "diekspor"
    events = village.world.ask("SELECT event FROM round_event WHERE event = 'diekspor'")
    assert len(events) == 1
    assert_sound(village.world)
