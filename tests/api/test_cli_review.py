"""The command line of reviewers: see a conflict, settle it, decide quarantine, prove the rest."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from sync.permission import Role
from tests.api.commanding import Run, commanding
from tests.api.village import (
    DESA,
    FAMILY,
    FIRST_NIK,
    KECAMATAN,
    MEMBER,
    OTHER_DESA,
    SECOND_NIK,
    SOMEBODY,
    a_person,
    audited,
    record_id,
    two_disagree,
)
from tests.api.world import World, area, serving


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A world whose clock shows the present, as the command line's does; on both databases."""
    with serving(database_url, tmp_path / "data") as world:
        world.clock.set(datetime.now(UTC) - timedelta(hours=1))
        yield world


@pytest.fixture
def run(village: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return commanding(village, monkeypatch, capsys)


def supervisor(world: World, name: str = "sari", code: str = KECAMATAN) -> str:
    return world.account(name, Role.SUPERVISOR, [area(code)])


# Conflicts -----------------------------------------------------------------------------------


def test_the_story_of_the_first_screen(village: World, run: Run) -> None:
    """Two collectors, one field: seen, settled, and both phones agree."""
    sari = supervisor(village)
    ani, budi = two_disagree(village)
    shown = run("conflict", "list")
    assert shown.code == 0
    for word in ("Satu", "Dua", "ani", "budi", "nama_kepala_keluarga", "both started from"):
        assert word in shown.out
    (page,) = run("conflict", "list", "--desa", DESA, "--json").json
    conflict = page["summary"]["id"]
    settled = run("conflict", "resolve", conflict, "--choose", "candidate", "--candidate", "1")
    assert (settled.code, settled.err) == (0, "")
    assert run("conflict", "list").out == "No open conflicts.\n"
    for phone in (ani, budi):
        (row,) = phone.pull()["changes"]
        assert row["doc"]["nama_kepala_keluarga"] == "Dua"
    assert village.ask("SELECT account_id FROM operation WHERE kind = 'resolve'") == [(sari,)]
    assert "candidate" in run("conflict", "list", "--all").out
    assert run("verify").code == 0


def test_a_list_of_conflicts_shows_the_last_digits_of_a_number(village: World, run: Run) -> None:
    ani, budi = village.device("ani"), village.device("budi")
    ani.push([ani.create(FAMILY)])
    ani.push([ani.edit(FAMILY, 1, no_kk=FIRST_NIK)])
    budi.push([budi.edit(FAMILY, 1, no_kk=SECOND_NIK)])
    for options in ((), ("--json",)):
        shown = run("conflict", "list", *options).out
        assert FIRST_NIK not in shown
        assert SECOND_NIK[-4:] in shown
    assert FIRST_NIK in run("conflict", "list", "--numbers").out


def test_a_value_is_typed_field_by_field(village: World, run: Run) -> None:
    supervisor(village)
    two_disagree(village, luas_lantai=40, nama_kepala_keluarga="Dua")
    (page,) = run("conflict", "list", "--json").json
    conflict = page["summary"]["id"]
    told = run(
        "conflict", "resolve", conflict, "--choose", "value", "--value",
        "nama_kepala_keluarga=Tiga", "--reason", "kartu keluarga", "--json",
    ).json  # fmt: skip
    assert told["state"] == "resolved"
    record = run("record", "show", FAMILY, "--json").json
    assert record["fields"]["nama_kepala_keluarga"] == "Tiga"


def test_numbers_and_answers_are_typed_as_they_are(village: World, run: Run) -> None:
    supervisor(village)
    ani, budi = village.device("ani"), village.device("budi")
    ani.push([ani.create(FAMILY)])
    ani.push([ani.edit(FAMILY, 1, luas_lantai=30)])
    budi.push([budi.edit(FAMILY, 1, luas_lantai=40)])
    (page,) = run("conflict", "list", "--json").json
    run("conflict", "resolve", page["summary"]["id"], "--choose", "value", "--value",
        "luas_lantai=54")  # fmt: skip
    assert run("record", "show", FAMILY, "--json").json["fields"]["luas_lantai"] == 54


@pytest.mark.parametrize(
    ("arguments", "teaching"),
    [
        (("--choose", "value"), "needs at least one"),
        (("--choose", "value", "--value", "atap2=seng"), "a field of the group"),
        (("--choose", "value", "--value", "luas_lantai=x"), "group"),
        (("--choose", "candidate", "--candidate", "9"), "There are 1 candidates"),
        (("--choose", "current", "--by", "nobody"), "account list"),
        (("--choose", "current", "--by", "ani"), "may not decide"),
        (("--choose", "current", "--by", "tono"), "may not decide"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    village: World, run: Run, arguments: tuple[str, ...], teaching: str
) -> None:
    supervisor(village)
    supervisor(village, "tono", OTHER_DESA)
    two_disagree(village)
    (page,) = run("conflict", "list", "--json").json
    told = run("conflict", "resolve", page["summary"]["id"], *arguments)
    assert told.code == 1
    assert teaching in told.err
    assert len(told.err.splitlines()) == 1


def test_the_nearest_supervisor_decides(village: World, run: Run) -> None:
    supervisor(village, "kabupaten", "1802")
    near = supervisor(village, "kecamatan")
    supervisor(village, "tetangga", OTHER_DESA)
    two_disagree(village)
    (page,) = run("conflict", "list", "--json").json
    assert run("conflict", "resolve", page["summary"]["id"], "--choose", "current").code == 0
    assert village.ask("SELECT account_id FROM operation WHERE kind = 'resolve'") == [(near,)]


def test_without_a_supervisor_somebody_has_to_be_named(village: World, run: Run) -> None:
    two_disagree(village)
    (page,) = run("conflict", "list", "--json").json
    told = run("conflict", "resolve", page["summary"]["id"], "--choose", "current")
    assert (told.code, "--by" in told.err) == (1, True)


@pytest.mark.parametrize("conflict", ["17", SOMEBODY])
def test_a_conflict_that_is_none(run: Run, conflict: str) -> None:
    assert run("conflict", "resolve", conflict, "--choose", "current").code == 1


# Records -------------------------------------------------------------------------------------


def test_a_record_is_shown_with_its_history(village: World, run: Run) -> None:
    two_disagree(village)
    shown = run("record", "show", FAMILY, "--history")
    for word in ("nama_kepala_keluarga", "under review", "ani", "budi", "open conflict"):
        assert word in shown.out
    told = run("record", "show", FAMILY, "--history", "--json").json
    assert [entry["outcome"] for entry in told["history"]] == ["applied", "applied", "conflict"]
    assert len(audited(village, "record-read")) == 2
    assert len(audited(village, "history-read")) == 2


def test_members_ends_and_aliases_are_shown(village: World, run: Run) -> None:
    ani = village.device("ani")
    ani.push([ani.create(FAMILY), a_person(ani, MEMBER, FAMILY, FIRST_NIK)])
    ani.push([a_person(ani, record_id(4), FAMILY, FIRST_NIK)])
    ani.push([ani.op("end", "anggota", MEMBER, base=2, end="meninggal", date="2026-01-01")])
    assert MEMBER in run("record", "show", FAMILY).out
    assert "closed: end=meninggal" in run("record", "show", MEMBER).out
    assert f"merged into {MEMBER}" in run("record", "show", record_id(4)).out


@pytest.mark.parametrize("record", ["17", SOMEBODY])
def test_a_record_that_is_none(run: Run, record: str) -> None:
    assert run("record", "show", record).code == 1


# Quarantine ----------------------------------------------------------------------------------


def test_quarantine_is_listed_released_and_rejected(village: World, run: Run) -> None:
    supervisor(village)
    ani = village.device("ani")
    ani.push([ani.create(FAMILY, rt="009"), ani.add_member(MEMBER, FAMILY)])
    ani.push([ani.edit(FAMILY, 0, atap2="seng")])
    shown = run("quarantine", "list")
    for word in ("not-permitted", "depends-on-quarantined", "unknown-field", "ani"):
        assert word in shown.out
    first, _, third = run("quarantine", "list", "--desa", DESA, "--json").json
    told = run("quarantine", "release", first["id"], "--json").json
    assert [one["outcome"] for one in told] == ["applied", "applied"]
    rejected = run("quarantine", "reject", third["id"], "--reason", "salah ketik")
    assert (rejected.code, "rejected" in rejected.out) == (0, True)
    assert run("quarantine", "list", "--json").json == []
    states = [entry["state"] for entry in run("quarantine", "list", "--all", "--json").json]
    assert sorted(states) == ["rejected", "released", "released"]
    assert run("verify").code == 0


def test_a_revoked_device_is_released_as_a_whole(village: World, run: Run) -> None:
    supervisor(village)
    ani = village.device("ani")
    village.revoke(ani)
    ani.push([ani.create(FAMILY), ani.edit(FAMILY, 0, luas_lantai=40)])
    told = run("quarantine", "release", "--device", ani.id, "--json").json
    assert [one["outcome"] for one in told] == ["applied", "applied"]
    assert run("quarantine", "release", "--device", ani.id).code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("17",),
        (SOMEBODY,),
        (SOMEBODY, "--device", SOMEBODY),
        ("--device", SOMEBODY),
    ],
)
def test_what_cannot_be_released(run: Run, arguments: tuple[str, ...]) -> None:
    told = run("quarantine", "release", *arguments)
    assert told.code == 1
    assert told.err.startswith("lokus: ")


# Proof and promise ---------------------------------------------------------------------------


def test_verify_names_what_is_wrong_and_fails(village: World, run: Run) -> None:
    ani = village.device("ani")
    ani.push([ani.create(FAMILY), a_person(ani, MEMBER, FAMILY, FIRST_NIK)])
    sound = run("verify", "--json")
    assert (sound.code, sound.json["sound"], sound.json["operations"]) == (0, True, 2)
    with village.database.writing() as session:
        session.connection().execute(text("DELETE FROM nik_claim"))
        session.connection().execute(text("DELETE FROM operation WHERE seq = 2"))
    told = run("verify")
    assert told.code == 1
    assert f"nik-claim: village {DESA}: record {MEMBER}" in told.out
    assert "operations 2 are missing" in told.out
    assert FIRST_NIK not in told.out
    checks = {one["check"] for one in run("verify", "--json").json["damage"]}
    assert {"lane", "stamp", "nik-claim", "replay"} <= checks
    assert "nik-claim" not in run("verify", "--complete-claims").out


def test_what_came_before_a_backup_becomes_durable(village: World, run: Run) -> None:
    ani = village.device("ani")
    ani.push([ani.create(FAMILY)])
    village.clock.advance(timedelta(minutes=10))
    backup = village.clock.now() + timedelta(seconds=1)
    # This one was received before the backup began, and maybe committed after it.
    ani.push([ani.edit(FAMILY, 1, luas_lantai=40)])
    told = run("durable", "mark", "--as-of", backup.isoformat(), "--json").json
    assert (told["lanes"], told["villages"], told["assumed"]) == (1, 1, False)
    assert ani.sync()["durable"] == 1
    shown = run("durable", "mark")
    assert "the present moment" in shown.out
    assert ani.sync()["durable"] == 2
    assert run("durable", "mark", "--json").json["lanes"] == 0
    assert len(audited(village, "durable-marked")) == 3


def test_a_moment_without_a_zone_is_the_districts(run: Run) -> None:
    told = run("durable", "mark", "--as-of", "2025-11-03T12:00", "--json").json
    assert told["as_of"] == "2025-11-03T04:59:00+00:00"


@pytest.mark.parametrize("moment", ["yesterday", "2999-01-01"])
def test_a_moment_that_no_backup_can_have(run: Run, moment: str) -> None:
    assert run("durable", "mark", "--as-of", moment).code == 1


def test_the_latest_conflicts_are_shown_first_to_people_and_all_to_programs(
    village: World, run: Run
) -> None:
    ani, budi = two_disagree(village)
    village.clock.advance(timedelta(minutes=1))
    ani.push([ani.edit(FAMILY, 2, luas_lantai=30)])
    budi.push([budi.edit(FAMILY, 2, luas_lantai=40)])
    shown = run("conflict", "list", "--limit", "1").out
    assert "1 older ones are not shown" in shown
    assert "about luas_lantai" in shown
    assert "about nama_kepala_keluarga" not in shown
    assert len(run("conflict", "list", "--json").json) == 2
