"""`lokus form`: publish, check, list, show, close; faults are told by cell in two languages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.cli import main
from clients.odk.build import PLACE
from migrations import runner
from tests.odk.workbooks import an_update, question, xlsx

Run = Callable[..., tuple[str, str, int]]


@pytest.fixture
def run(
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs `lokus …` in this process, on a machine without Java."""
    monkeypatch.setenv("LOKUS_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("LOKUS_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("PATH", str(tmp_path))
    runner.upgrade(sqlite_url)

    def command(*arguments: str) -> tuple[str, str, int]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["form", *arguments])
        out, err = capsys.readouterr()
        return out, err, int(ended.value.code or 0)

    return command


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., str]:
    def save(*rows: dict[str, str], version: str = "1") -> str:
        path = tmp_path / f"coba{version}.xlsx"
        path.write_bytes(xlsx(an_update(*rows, version=version)))
        return str(path)

    return save


def told(out: str) -> Any:  # noqa: ANN401 (JSON)
    return orjson.loads(out)


def test_a_form_is_published_listed_shown_and_closed(run: Run, saved: Callable[..., str]) -> None:
    out, _, code = run("publish", saved())
    assert code == 0
    assert "coba 1 is published" in out
    assert "warning: ODK Validate did not run" in out
    assert "was published before" in run("publish", saved())[0]
    assert "1 is closed" in run("publish", saved(version="2"))[0]
    (listed,) = told(run("list", "--json")[0])
    assert (listed["form"], listed["version"], listed["state"]) == ("coba", "2", "published")
    assert [one["state"] for one in told(run("list", "--all", "--json")[0])] == [
        "closed",
        "published",
    ]
    shown = run("show", "coba")[0]
    assert "/data/luas" in shown
    assert "keluarga.luas_lantai (field)" in shown
    assert run("show", "coba", "--xml")[0].startswith("<?xml")
    assert told(run("show", "coba", "--version", "1", "--json")[0])["version"] == "1"
    assert told(run("close", "coba", "--json")[0]) == {
        "form": "coba",
        "version": "2",
        "state": "closed",
    }
    assert "No forms" in run("list")[0]
    _, err, code = run("close", "coba")
    assert (code, "offered to phones" in err) == (1, True)


def test_a_draft_and_a_check_are_offered_to_nobody(run: Run, saved: Callable[..., str]) -> None:
    assert "can be published" in run("check", saved())[0]
    assert told(run("check", saved(), "--json", "--no-validate")[0])["outcome"] == "fit"
    done = told(run("publish", saved(), "--draft", "--json")[0])
    assert (done["outcome"], done["kind"], done["entities_version"]) == (
        "draft",
        "update",
        "2024.1",
    )
    assert "No forms" in run("list")[0]


def test_what_is_wrong_is_told_by_cell_in_both_languages(
    run: Run, saved: Callable[..., str]
) -> None:
    wrong = question("integer", "desil", lokus="keluarga.desil_nasional")
    out, err, code = run("publish", saved(wrong))
    assert code == 1
    assert "coba1.xlsx: survey, row 4, lokus: keluarga.desil_nasional belongs to" in out
    assert "hanya diisi dari daftar resmi" in out
    assert "nothing was published" in err
    faults = told(run("check", saved(wrong), "--json")[0])["faults"]
    assert [(one["sheet"], one["row"], one["column"]) for one in faults] == [("survey", 4, "lokus")]
    assert run("show", "coba")[2] == 1


def test_the_same_version_with_other_questions_is_refused(
    run: Run, saved: Callable[..., str]
) -> None:
    run("publish", saved())
    _, err, code = run("publish", saved(question("text", "catatan", lokus="kunjungan.catatan")))
    assert code == 1
    assert "give the form a new version" in err


def test_a_form_that_kobocollect_cannot_open_is_published_with_a_warning(run: Run) -> None:
    done = told(run("publish", str(PLACE / "verifikasi_keluarga_2025.xlsx"), "--json")[0])
    assert done["outcome"] == "published"
    assert "KoboCollect" in done["warnings"][0]
