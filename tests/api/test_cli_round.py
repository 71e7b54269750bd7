"""`lokus period`, `lokus round`, `lokus account pin`: a whole round from the command line."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.api.commanding import Ran, Run, commanding
from tests.api.rounds import (
    BIRTHS,
    DESA,
    FAMILY,
    MEMBER,
    PIN,
    RT,
    SECOND,
    SECOND_MEMBER,
    SHEET,
    Role,
    desk,
    import_list,
    listed,
    record_id,
)
from tests.api.village import assert_sound
from tests.api.world import OTHER_RT, World, serving

AT = ("--desa", DESA, "--period", "2026-11")
TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture
def village(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """A list came in, and people are there; doors and queries are tested on both databases."""
    with serving(sqlite_url, tmp_path / "data") as world:
        world.clock.set(datetime.now(UTC) - timedelta(days=40))
        import_list(world, [*listed(FAMILY, MEMBER), *listed(SECOND, SECOND_MEMBER)])
        world.clock.set(datetime.now(UTC) - timedelta(hours=1))
        desk(world, "operator", Role.OPERATOR_DESA, code=DESA)
        desk(world, "kades", Role.KEPALA_DESA, code=DESA)
        desk(world, "sari")
        yield world


@pytest.fixture
def run(village: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return commanding(village, monkeypatch, capsys)


def begin(run: Run) -> None:
    opens = (datetime.now(UTC) - timedelta(days=5)).date().isoformat()
    closes = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()
    window = ("--opens", opens, "--closes", closes, "--profile", "tanpa-foto")
    own = ("--role", f"petugas={opens}..{closes}")
    told = run("period", "add", "2026-11", "--area", "1802", *window, *own, "--json").json
    assert (told["area"], told["profile"], list(told["roles"])) == (
        "1802",
        "tanpa-foto",
        ["petugas"],
    )


def visit(world: World) -> None:
    ani = world.device("ani")
    ani.sync()
    for family, member in ((FAMILY, MEMBER), (SECOND, SECOND_MEMBER)):
        told = {"hasil": "ditemukan", "kemampuan": "mampu"}
        ani.push([ani.op("set", "keluarga", family, base=ani.since, set=told)])
        here = {"keberadaan": "tinggal_bersama_keluarga"}
        ani.push([ani.op("set", "anggota", member, base=ani.since, set=here)])


def to_musyawarah(run: Run, world: World) -> None:
    begin(run)
    visit(world)
    run("round", "step", "mulai_verifikasi", *AT)
    run("round", "rt", *AT, "--rt", RT)
    told = run("round", "step", "buka_musyawarah", *AT, "--by", "operator", "--json").json
    assert told["state"] == "musyawarah"
    who = ("--signed", "Contoh Satu:ketua RT", "--who", "Contoh Dua:warga")
    assert run("round", "attend", *AT, "--place", "Balai", "--date", TODAY, *who).code == 0
    decided = run("round", "decide", *AT, "--decision", "layak", "--all-of", "mampu", "--json")
    assert decided.json == {"version": 2}


def test_the_head_of_an_rt_states_it_in_his_own_name_and_no_other_rt(
    run: Run, village: World
) -> None:
    begin(run)
    visit(village)
    run("round", "step", "mulai_verifikasi", *AT)
    assert run("round", "rt", *AT, "--rt", RT, "--by", "ani").code == 0
    assert run("round", "rt", *AT, "--rt", OTHER_RT, "--by", "ani").code == 1
    (row,) = village.ask("SELECT rt FROM rt_done")
    assert row[0] == RT


def test_a_round_is_worked_through_from_the_command_line(run: Run, village: World) -> None:
    assert run("account", "pin", "kades", typed=f"{PIN}\n").code == 0
    to_musyawarah(run, village)
    agenda = run("round", "agenda", *AT, "--json").json["agenda"]
    assert {one["decision"] for one in agenda} == {"layak"}
    nobody = run("round", "decide", *AT, "--decision", "layak", "--all-of", "mampu")
    assert "Nobody undecided is on the agenda" in nobody.err
    assert "Every check is met." in run("round", "check", *AT).out
    note = run("round", "freeze", *AT, "--json").json
    assert (note["families"], note["unmet"]) == (2, {})
    wrong = run("round", "sign", *AT, "--hash", note["hash"], typed="999111\n")
    assert (wrong.code, "PIN is wrong" in wrong.err) == (1, True)
    signed = run("round", "sign", *AT, "--hash", note["hash"], "--json", typed=f"{PIN}\n").json
    assert (signed["method"], signed["is_current"]) == ("pin", True)
    shown = run("round", "show", *AT).out
    assert "disahkan" in shown
    assert f"signed (pin): {note['hash']} code {note['code']}" in shown
    assert run("round", "late", *AT, "--json").json["total"] == 0
    (row,) = run("round", "list", "--period", "2026-11", "--json").json
    assert (row["desa"], row["state"], row["done"]) == (DESA, "disahkan", 2)
    again = run("round", "reopen", *AT, "--reason", "keberatan warga", "--json").json
    assert (again["state"], again["signed_hash"]) == ("verifikasi", None)
    assert run("verify").code == 0
    assert_sound(village)


def test_a_sheet_of_paper_is_handed_in_after_somebody_else_approved(
    run: Run, village: World, tmp_path: Path
) -> None:
    to_musyawarah(run, village)
    note = run("round", "freeze", *AT, "--by", "operator", "--json").json
    assert run("round", "approve", *AT, "--hash", note["hash"]).code == 0
    scan = tmp_path / "ba.pdf"
    asked = ("round", "sign", *AT, "--hash", note["hash"], "--scan", str(scan))
    assert "no file ba.pdf" in run(*asked).err
    scan.write_text("no scan of anything")
    assert run(*asked).code == 1
    scan.write_bytes(SHEET)
    paper = run(*asked, "--json").json
    assert paper["method"] == "kertas"
    events = run("round", "show", *AT, "--json").json["events"]
    assert [one["by"] for one in events[-2:]] == ["sari", "operator"]


def test_what_lacks_is_told_by_family_and_what_to_do(run: Run) -> None:
    begin(run)
    out = run("round", "check", *AT).out
    assert "outcome-missing: 2 (before pengesahan)  There is no outcome in this period" in out
    assert f"003/001  CONTOH  {FAMILY}" in out
    assert {one["code"] for one in run("round", "check", *AT, "--json").json["checks"]} >= {
        "outcome-missing", "rt-not-done",
    }  # fmt: skip


def test_a_finding_is_explained_and_an_rt_withdrawn(run: Run, village: World) -> None:
    begin(run)
    visit(village)
    nik = {"nik": "123", "tanggal_lahir": BIRTHS[FAMILY]}
    budi = village.device("budi")
    budi.sync()
    budi.push([budi.op("set", "anggota", MEMBER, base=budi.since, set={"nik": nik["nik"]})])
    about = ("--record", MEMBER, "--code", "nik-length", "--reason", "KTP rusak")
    assert run("round", "explain", *AT, *about).out == "Noted.\n"
    assert "is done, 0 without an outcome" in run("round", "rt", *AT, "--rt", RT).out
    assert "is not done" in run("round", "rt", *AT, "--rt", RT, "--withdraw").out
    assert run("round", "rt", *AT, "--rt", RT, "--json").json["on_behalf"] is True


def day(distance: int) -> str:
    return (datetime.now(UTC) + timedelta(days=distance)).date().isoformat()


def add(run: Run, closes: str, *rest: str, opens: str = "", period: str = "2026-11") -> Ran:
    window = ("--opens", opens or day(-5), "--closes", closes)
    return run("period", "add", period, "--area", "1802", *window, *rest)


def test_adding_a_period_again_with_the_flag_lets_it_close_later(run: Run) -> None:
    begin(run)
    before = run("period", "list", "--json").json[0]
    told = add(run, day(12), "--extend", "--json").json
    assert told["window"]["opens"] == before["window"]["opens"]
    assert told["window"]["closes"] > before["window"]["closes"]
    assert told["roles"] == before["roles"], "who has a window of his own keeps it"
    assert told["profile"] == "tanpa-foto"
    again = add(run, day(12), "--extend")
    assert (again.code, "already" in again.err) == (1, True)


def test_the_flag_extends_roles_too_each_from_where_it_stood(run: Run) -> None:
    begin(run)
    roles = (f"petugas={day(-5)}..{day(8)}", f"operator_desa={day(-5)}..{day(9)}")
    told = add(run, day(5), "--role", roles[0], "--role", roles[1], "--extend", "--json").json
    both = add(run, day(20), "--role", f"supervisor={day(-5)}..{day(7)}", "--extend", "--json").json
    closes = {role: window["closes"] for role, window in both["roles"].items()}
    assert closes["supervisor"] < closes["petugas"] < closes["operator_desa"]
    assert told["window"]["closes"] < closes["supervisor"] < both["window"]["closes"]


def test_without_the_flag_a_period_that_is_there_is_not_touched_and_the_flag_is_named(
    run: Run,
) -> None:
    begin(run)
    before = run("period", "list", "--json").out
    refused = add(run, day(12))
    assert refused.code == 1
    assert "--area 1802 … --extend" in refused.err
    assert run("period", "list", "--json").out == before


def test_the_flag_opens_no_period_moves_no_opening_and_closes_nothing_sooner(run: Run) -> None:
    begin(run)
    before = run("period", "list", "--json").out
    for refused, why in (
        (add(run, day(12), "--extend", period="2026-12"), "Leave --extend out to open it"),
        (add(run, day(12), "--extend", opens=day(-6)), "moves no opening: the period opens"),
        (add(run, day(3), "--extend"), "at that time or later already"),
        (add(run, day(12), "--extend", "--profile", "standar"), "evidence stays what it is"),
    ):
        assert refused.code == 1
        assert why in refused.err.replace("\n", " ")
    assert run("period", "list", "--json").out == before


def test_a_period_is_extended_listed_and_a_village_unlocked(run: Run) -> None:
    assert "No periods" in run("period", "list").out
    begin(run)
    later = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    extend = ("period", "extend", "2026-11", "--area", "1802", "--closes", later)
    assert run(*extend, "--json").json["version"] == 2
    assert "petugas" in run("period", "list").out
    assert [one["id"] for one in run("period", "list", "--area", DESA, "--json").json] == [
        "2026-11"
    ]
    unlock = ("round", "unlock", *AT, "--until", later, "--reason", "banjir", "--json")
    assert run(*unlock).json["unlocked_until"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("round", "show", *AT), "No period of that name"),
        (("round", "step", "terbang", *AT), "Steps are "),
        (("period", "add", "x", "--area", "1802", "--opens", "a", "--closes", "b"), "A time is"),
        (("period", "add", "x", "--area", "1802", "--opens", TODAY, "--closes", TODAY, "--role",
          "rt=1"), "Say --role"),
        (("account", "pin", "sari"), "Only who signs"),
        (("account", "pin", "kades"), "six digits"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_ends_with_a_sentence(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    typed = f"{PIN}\n" if arguments[-1] == "sari" else "123\n"
    ran = run(*arguments, typed=typed)
    assert (ran.code, said in ran.err) == (1, True), ran.err


def test_pins_that_everybody_tries_first_are_refused(run: Run) -> None:
    for pin in ("123456", "000000", "112112", "987654", "890123"):
        assert "tried first" in run("account", "pin", "kades", typed=f"{pin}\n").err, pin


def test_a_day_and_an_attendant_are_written_as_asked(run: Run, village: World) -> None:
    to_musyawarah(run, village)
    place = ("round", "attend", *AT, "--place", "Balai")
    assert "YYYY-MM-DD" in run(*place, "--date", "kemarin").err
    assert "NAME:ROLE" in run(*place, "--date", TODAY, "--who", "Contoh").err
    some = ("round", "decide", *AT, "--decision", "layak", "--family", record_id(99))
    assert "not on this village's list" in run(*some).err
