"""Lists come into a real register: repeatable, previewed, in the field's favour, provable."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from api.demonstration.wilayah import areas
from api.randomness import new_id
from api.services import importing
from api.services.import_runs import run_list
from models.database import Database
from models.engines import Patience
from models.queries import feeds, listing
from models.queries.areas import load_areas
from models.sealing import Vault
from sync.listing_plan import Remark, Verdict
from sync.permission import Role
from sync.types import ANGGOTA, KELUARGA
from tests.api.importing import a_run, bring, counts, ground, list_of
from tests.api.office import DESA, OTHER_DESA
from tests.api.recording import recorded
from tests.api.small_lists import Household, a_card, a_nik, write_pair
from tests.api.village import assert_sound, audited, desk
from tests.api.world import World, area, serving
from tests.lists import dtsen_pair

KECAMATAN = "180221"


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with serving(database_url, tmp_path / "data") as opened:
        yield opened


def test_a_list_comes_in_once_and_says_nothing_the_second_time(
    world: World, tmp_path: Path
) -> None:
    files = write_pair(
        tmp_path, Household(1), Household(2, people=({}, {})), Household(3, OTHER_DESA)
    )
    preview = bring(world, files, dry_run=True)
    assert world.count("record") == 0
    report = bring(world, files)
    assert counts(preview) == counts(report) == {"new": 3}
    assert counts(preview, ANGGOTA) == counts(report, ANGGOTA) == {"new": 4}
    assert world.count("record") == 7
    operations = world.count("operation")
    again = bring(world, files)
    assert counts(again) == {"same": 3}
    assert world.count("operation") == operations
    assert world.count("nik_claim") == 4
    assert_sound(world)


def test_what_a_phone_has_verified_stays_and_the_newer_list_is_a_question(
    world: World, tmp_path: Path
) -> None:
    bring(world, write_pair(tmp_path, Household(1), Household(2)))
    ani = world.device("ani", areas=[area(DESA)])
    rows = {row["doc"]["no_kk"]: row for row in ani.pull()["changes"] if row["entity"] == KELUARGA}
    seen = rows[a_card(1)]
    ani.push([ani.edit(seen["id"], seen["seq"], jenis_lantai_terluas="tanah")])
    newer = write_pair(tmp_path, Household(1, floor="Bambu"), Household(2, floor="Bambu"))
    report = bring(world, newer)
    assert counts(report) == {"proposed": 1, "changed": 1}
    sari = desk(world)
    page = sari.only_conflict()
    assert page["candidates"][0]["value"] == {"jenis_lantai_terluas": "bambu"}
    assert sari.fields(seen["id"])["jenis_lantai_terluas"] == "tanah"
    assert counts(bring(world, newer)) == {"same": 2}
    sari.resolve(page, "current")
    assert counts(bring(world, newer)) == {"same": 2}
    assert not sari.conflicts()
    assert_sound(world)


def test_an_operation_of_a_list_vouches_for_no_day_and_says_which_codes_stood_there(
    world: World, tmp_path: Path
) -> None:
    bring(world, write_pair(tmp_path, Household(1)), issued=date(2026, 9, 1))
    found = world.ask("SELECT observed, suspect FROM operation")
    assert {(day, bool(suspect)) for day, suspect in found} == {("2026-09-01", True)}
    with world.database.reading() as session:
        ((lane,),) = world.ask("SELECT lane FROM lane")
        ids = [record for (record,) in world.ask("SELECT id FROM record")]
        bodies = listing.operations_of_lists(session, DESA, [lane], map(str, ids))
    source = bodies[0]["source"]
    assert isinstance(source, dict)
    assert (source["list"], source["version"], source["row"]) == ("dtsen_2026", "v3/2026", 2)
    assert source["codes"]["jenis_lantai_terluas"] == "Keramik"  # type: ignore[call-overload, index]


def test_families_that_a_list_lacks_are_counted_and_left_alone(
    world: World, tmp_path: Path
) -> None:
    bring(world, write_pair(tmp_path, Household(1), Household(2)))
    report = bring(world, write_pair(tmp_path, Household(2)))
    assert report.villages[DESA].absent == 1
    assert world.ask("SELECT count(*) FROM record WHERE end_reason IS NOT NULL") == [(0,)]


def test_numbers_that_another_village_has_are_remarked_without_being_told(
    world: World, tmp_path: Path
) -> None:
    shared = {"nomor_induk_kependudukan": a_nik(10)}
    bring(world, write_pair(tmp_path, Household(1)))
    report = bring(world, write_pair(tmp_path, Household(2, OTHER_DESA, people=(shared,))))
    assert report.remarks == {Remark.NIK_IN_OTHER_VILLAGE: 1}
    assert a_nik(10) not in str(report.told())


def test_villages_outside_the_area_are_refused(world: World, tmp_path: Path) -> None:
    files = write_pair(tmp_path, Household(1), Household(2, OTHER_DESA), Household(3, "1871012001"))
    report = bring(world, files, where=DESA)
    assert counts(report) == {"new": 1, "refused": 2}
    assert counts(report, ANGGOTA) == {"new": 1, "refused": 2}
    assert {row.row for row in report.refused} >= {3, 4}


@contextmanager
def impatient(url: str, world: World) -> Iterator[Database]:
    """The same register for somebody who waits a moment only."""
    moment = Patience(turn_seconds=0.05, lock_seconds=0.05)
    opened = Database.open(url, patience=moment, vault=Vault(world.settings.secret))
    yield opened
    opened.close()


def test_a_busy_village_is_tried_again(world: World, database_url: str, tmp_path: Path) -> None:
    files = write_pair(tmp_path, Household(1))
    holding = ExitStack()
    session = holding.enter_context(world.database.writing())
    feeds.take_turn(session, DESA)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            holding.close()

    with impatient(database_url, world) as database:
        at = replace(ground(world), database=database, pause=pause)
        report = run_list(at, list_of(files), a_run(world))
    assert counts(report) == {"new": 1}
    assert pauses == sorted(set(pauses)), "each time it waits longer"


def test_a_village_that_stays_busy_is_left_and_the_rest_goes_on(
    postgres_url: str, tmp_path: Path
) -> None:
    files = write_pair(tmp_path, Household(1), Household(2, OTHER_DESA))
    with serving(postgres_url, tmp_path / "data") as world:
        with world.database.writing() as session, impatient(postgres_url, world) as database:
            feeds.take_turn(session, DESA)
            at = replace(ground(world), database=database)
            report = run_list(at, list_of(files), a_run(world))
        assert report.villages[DESA].problem == "busy (lock timeout)"
        assert not report.is_complete
        assert report.villages[OTHER_DESA].problem is None
        assert counts(bring(world, files)) == {"new": 1, "same": 1}
        assert_sound(world)


class Killed(BaseException):
    """The process is gone."""


def test_an_import_that_died_goes_on_from_the_beginning_and_changes_nothing_twice(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "ROWS_PER_CHUNK_MAX", 4)
    files = write_pair(tmp_path, *(Household(n) for n in range(1, 12)))
    chunks = 0

    def die(_desa: str, _families: int) -> None:
        nonlocal chunks
        chunks += 1
        if chunks == 3:
            raise Killed

    with pytest.raises(Killed):
        run_list(ground(world), list_of(files), replace(a_run(world), told=die))
    before = world.count("record")
    assert 0 < before < 22
    assert counts(bring(world, files)) == {"new": 11 - before // 2, "same": before // 2}
    assert world.count("record") == 22
    assert_sound(world)


def test_a_chunk_costs_the_same_number_of_statements_however_many_rows(
    world: World, tmp_path: Path
) -> None:
    seen = []
    for place, size in enumerate((3, 60)):
        files = write_pair(
            tmp_path / str(size), *(Household(1000 * (place + 1) + n) for n in range(size))
        )
        bring(world, files)
        changed = write_pair(
            tmp_path / str(size),
            *(Household(1000 * (place + 1) + n, floor="Bambu") for n in range(size)),
        )
        with recorded() as statements:
            bring(world, changed)
        seen.append([one.summary for one in statements])
    assert seen[0] == seen[1]


def test_phones_push_between_the_chunks_of_an_import(world: World, tmp_path: Path) -> None:
    ani = world.device("ani", areas=[area(DESA)])
    files = write_pair(tmp_path, *(Household(n, people=({},) * 4) for n in range(1, 120)))
    pushed: list[str] = []

    def phone_syncs(desa: str, _families: int) -> None:
        if desa == DESA:
            record = new_id(world.clock.now(), world.randomness)
            pushed.append(record)
            assert ani.push([ani.create(record)])["results"] == []

    run_list(ground(world), list_of(files), replace(a_run(world), told=phone_syncs))
    assert len(pushed) >= 2
    assert_sound(world)


def test_one_entry_of_the_audit_chain_tells_each_village_and_nobody_by_name(
    world: World, tmp_path: Path
) -> None:
    bring(world, write_pair(tmp_path, Household(1), Household(2, OTHER_DESA)))
    entries = audited(world, "list-imported")
    assert len(entries) == 2
    assert entries[0]["rows"] == {"anggota new": 1, "keluarga new": 1}
    assert "Warga" not in str(entries)


@pytest.fixture
def lampung(world: World) -> World:
    """The world with the villages that the generator writes about."""
    with world.database.writing() as session:
        load_areas(
            session,
            [
                {
                    "kode": one.kode,
                    "nama": one.nama,
                    "tingkat": one.tingkat,
                    "induk": None,
                    "kode_bps": one.kode_bps or None,
                    "nama_lain": "; ".join(one.nama_lain) or None,
                }
                for one in areas()
            ],
        )
    return world


def test_families_with_planted_flaws_come_in_as_previewed(lampung: World, tmp_path: Path) -> None:
    pair = dtsen_pair.write_pair(tmp_path, families=400, labels=True)
    files = [pair.families, pair.members]
    preview = bring(lampung, files, dry_run=True, where="1802")
    report = bring(lampung, files, where="1802")
    assert preview.told() == report.told()
    refused = pair.flaws["scientific_kk"] + pair.flaws["unknown_village"]
    assert counts(report).get("refused", 0) == refused
    again = bring(lampung, files, where="1802")
    assert counts(again)["same"] == 400 - refused
    assert again.counts[ANGGOTA, Verdict.NEW] == 0
    assert_sound(lampung)


def test_two_thousand_families_come_in(lampung: World, tmp_path: Path) -> None:
    pair = dtsen_pair.write_pair(tmp_path, families=2000, labels=True)
    report = bring(lampung, [pair.families, pair.members], where="1802")
    refused = pair.flaws["scientific_kk"] + pair.flaws["unknown_village"]
    assert counts(report) == {"new": 2000 - refused, "refused": refused}
    assert report.set_aside == 0
    ((people,),) = lampung.ask("SELECT count(*) FROM record WHERE entity = 'anggota'")
    assert report.counts[ANGGOTA, Verdict.NEW] == people


def test_a_supervisor_sees_whose_word_a_proposal_is(world: World, tmp_path: Path) -> None:
    bring(world, write_pair(tmp_path, Household(1)))
    ani = world.device("ani", Role.PETUGAS, [area(DESA)])
    (row,) = [row for row in ani.pull()["changes"] if row["entity"] == KELUARGA]
    ani.push([ani.edit(row["id"], row["seq"], nama_kepala_keluarga="Benar")])
    bring(world, write_pair(tmp_path, Household(1, told={"nama_anggota_keluarga": "Lain"})))
    (candidate,) = desk(world).only_conflict()["candidates"]
    assert candidate["value"] == {"nama_kepala_keluarga": "Lain"}
    assert candidate["voice"]["source"] == "import"
