"""The command line of whoever brings the files upstream, and the answers back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.commanding import Run, commanding
from tests.api.exporting import NIK, an_answer, sheet, signed_village
from tests.api.rounds import DESA, KECAMATAN, PERIOD, SECOND, Village
from tests.api.village import OTHER_DESA, audited


@pytest.fixture
def village(sqlite_url: str, tmp_path: Path) -> Iterator[Village]:
    with signed_village(sqlite_url, tmp_path / "data") as found:
        yield found


@pytest.fixture
def run(
    village: Village, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    return commanding(village.world, monkeypatch, capsys)


HERE = ("--desa", DESA, "--period", PERIOD)


def test_the_story_of_a_file(village: Village, run: Run, tmp_path: Path) -> None:
    """Made, uploaded, answered: what is refused comes back as a task."""
    out = tmp_path / "out"
    made = run("export", "usulan-v4", *HERE, "--out", str(out))
    assert made.code == 0, made.err
    assert "2 families, 2 persons in the snapshot; 2 rows, 0 left out" in made.out
    (book,) = out.glob("*.xlsx")
    assert sheet(book.read_bytes())[1][0] == NIK
    (receipt,) = out.glob("resi-*.json")
    export = json.loads(receipt.read_text())["export"]
    assert export in made.out
    assert village.state() == "diekspor"
    assert run("exports", "state", export, "diunggah").out == f"Export {export} is diunggah.\n"
    result = tmp_path / "hasil.csv"
    result.write_bytes(an_answer((NIK, "PBI", "Ditolak", "tidak padan")))
    told = run("result", str(result), "--export", export)
    assert "1 rows, 1 found again, 1 new answers." in told.out
    assert "1 tasks for RT heads" in told.out
    listed = run("task", "list", "--desa", DESA, "--rt", "003/001")
    assert "tidak padan" in listed.out
    (task,) = run("task", "list", "--json").json
    assert run("task", "close", task["id"], "--note", "KTP baru").code == 0
    assert run("task", "list").out == "No open tasks.\n"
    assert run("verify").code == 0
    for part in (made.out, told.out, listed.out, receipt.read_text()):
        assert NIK not in part


def test_json_tells_programs_everything(village: Village, run: Run, tmp_path: Path) -> None:
    told = run("export", "bnba", *HERE, "--out", str(tmp_path), "--json").json
    assert {
        "export",
        "receipt",
        "files",
        "villages",
        "problems",
        "left_out",
        "counts",
    } <= told.keys()
    assert Path(told["files"][0]["path"]).is_file()
    assert told["villages"][0]["rows"] == 2
    (line,) = run("exports", "list", "--json").json
    assert (line["id"], line["state"]) == (told["export"], "diunduh")
    assert line["id"] in run("exports", "list", "--area", KECAMATAN).out
    receipt = run("exports", "receipt", told["export"]).json
    assert receipt["receipt"] == told["receipt"]
    (entry,) = audited(village.world, "export-receipt")
    assert entry == {"export": told["export"]}


def test_the_report_alone_makes_nothing(village: Village, run: Run, tmp_path: Path) -> None:
    told = run("export", "usulan-v4", *HERE, "--check", "--out", str(tmp_path / "none"))
    assert "2 rows, 0 left out" in told.out
    assert "belum diisi" in told.out
    assert not (tmp_path / "none").exists()
    assert village.world.count("export") == 0
    report = run("export", "usulan-v4", *HERE, "--check", "--json").json
    assert report["rows"] == 2


def test_a_draft_says_that_it_is_one(village: Village, run: Run, tmp_path: Path) -> None:
    told = run("export", "bnba", *HERE, "--draft", "--out", str(tmp_path))
    assert "This is a draft" in told.out
    assert [one.name[:5] for one in tmp_path.glob("*.xlsx")] == ["DRAF-"]
    assert not list(tmp_path.glob("resi-*"))
    assert village.state() == "disahkan"


def test_an_area_takes_all_its_signed_villages(run: Run, tmp_path: Path) -> None:
    told = run("export", "rekap-bupati", "--area", KECAMATAN, "--period", PERIOD,
               "--out", str(tmp_path))  # fmt: skip
    assert f"Not signed, so not in it: {OTHER_DESA}" in told.out


def test_a_profile_may_come_in_a_file(run: Run, tmp_path: Path) -> None:
    profile = tmp_path / "baru.toml"
    profile.write_text(
        'name = "baru"\nversion = "2027.1"\ntitle = "Templat baru"\nsource = "surat"\n[[files]]\n'
        'format = "csv"\nstem = "baru"\ncolumns = [\n  { header = "NIK", value = "anggota.nik" },\n'
        ']\n[files.rows]\nsource = "anggota"\n'
    )
    out = tmp_path / "out"
    run("export", "baru", *HERE, "--profile-file", str(profile), "--excel", "--out", str(out))
    (file,) = out.glob("*.csv")
    assert f"'{NIK}" in file.read_text(encoding="utf-8-sig")
    profile.write_text(profile.read_text().replace("anggota.nik", "anggota.nkk"))
    told = run("export", "baru", *HERE, "--profile-file", str(profile))
    assert told.code == 1
    assert "baru.toml, line 9, column 21" in told.err


def test_profiles_are_listed_with_their_sources(run: Run) -> None:
    assert "usulan template V.4 (2022)" in run("exports", "profiles").out
    assert len(run("exports", "profiles", "--json").json) == 11


def test_answers_are_found_by_area_and_period_and_words_can_be_taught(
    run: Run, tmp_path: Path
) -> None:
    run("export", "usulan-v4", *HERE, "--out", str(tmp_path))
    result = tmp_path / "hasil.csv"
    result.write_bytes(an_answer((NIK, "PBI", "Dikembalikan"), ("1802210101900098", "PBI", "x")))
    where = ("--area", KECAMATAN, "--period", PERIOD)
    told = run("result", str(result), *where)
    assert "'Dikembalikan' in 1 rows" in told.out
    assert "No exported row for these lines: 3" in told.out
    # Other words are another reading of it; the file's own hash says that it was taken.
    taught = run("result", str(result), *where, "--ditolak", "dikembalikan", "--json").json
    assert (taught["same"], taught["tasks_opened"]) == (1, 0)
    result.write_bytes(result.read_bytes() + b"\r\n")
    taught = run("result", str(result), *where, "--ditolak", "dikembalikan", "--json").json
    assert taught["outcomes"] == {"ditolak": 1}


@pytest.mark.parametrize(
    ("arguments", "teaching"),
    [
        (("export", "bnba", "--period", PERIOD), "--desa"),
        (("export", "bnba", *HERE, "--area", KECAMATAN), "--area"),
        (("export", "tidak-ada", *HERE), "usulan-v4"),
        (("export", "bnba", "--desa", OTHER_DESA, "--period", PERIOD), "sign it first"),
        (("export", "bnba", "--desa", "18.02", "--period", PERIOD), "ten digits"),
        (("export", "bnba", *HERE, "--by", "ani"), "may not"),
        (("exports", "state", "x", "diunggah"), "exports list"),
        (("exports", "state", SECOND, "diunggah"), "no such thing"),
        (("result", "tidak-ada.csv", "--export", SECOND), "cannot be read"),
        (("result", "tidak-ada.csv"), "--export ID"),
        (("task", "close", "x", "--note", "y"), "task list"),
        (("task", "close", SECOND, "--note", "y"), "no such thing"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    run: Run, arguments: tuple[str, ...], teaching: str
) -> None:
    told = run(*arguments)
    assert told.code == 1
    assert teaching in told.err
    assert len(told.err.splitlines()) == 1
