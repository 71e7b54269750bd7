"""`lokus import`: what whoever keeps the server types, sees, and can rely on."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from api.cli import main
from models.queries import imports
from sync.types import Json
from tests.api.small_lists import Household, a_card, a_nik, write_pair
from tests.api.world import World, serving


class Ran:
    """What a command printed and how it ended."""

    def __init__(self, out: str, err: str, code: int) -> None:
        self.out, self.err, self.code = out, err, code

    @property
    def json(self) -> dict[str, Json]:
        told: dict[str, Json] = orjson.loads(self.out)
        return told


Run = Callable[..., Ran]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with serving(database_url, tmp_path / "data") as opened:
        opened.clock.set(datetime.now(UTC) - timedelta(hours=1))
        yield opened


@pytest.fixture
def run(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """`lokus import …` in this process, refused rows beside the files."""
    monkeypatch.setenv("LOKUS_DATA_DIR", str(world.settings.data_dir))
    monkeypatch.setenv("LOKUS_DATABASE_URL", world.settings.database_url)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*arguments: object) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["import", *map(str, arguments), "--out", str(tmp_path / "refused")])
        out, err = capsys.readouterr()
        return Ran(out, err, int(ended.value.code or 0))

    return command


def test_a_dry_run_says_what_the_import_then_does(world: World, run: Run, tmp_path: Path) -> None:
    files = write_pair(tmp_path, Household(1), Household(2, "1871012001"))
    tried = run(*files, "--area", "18.02.21", "--dry-run", "--json")
    assert tried.code == 0
    assert world.count("record") == 0
    brought = run(*files, "--area", "180221", "--json")
    assert brought.json == tried.json
    assert brought.json["keluarga"] == {
        "new": 1, "changed": 0, "same": 0, "proposed": 0, "refused": 1,
    }  # fmt: skip
    assert brought.json["anggota"] == brought.json["keluarga"]
    told = brought.json["refused"]
    assert isinstance(told, list)
    assert all(isinstance(row, dict) and row.keys() == {"file", "row", "reason"} for row in told)
    refused = Path(str(brought.json["refused_file"]))
    assert "alasan_ditolak" in refused.read_text(encoding="utf-8-sig").splitlines()[0]


def test_for_people_it_is_a_table_without_names_or_numbers(run: Run, tmp_path: Path) -> None:
    files = write_pair(tmp_path, Household(1), Household(2, "1871012001"))
    shown = run(*files, "--area", "1802")
    assert shown.code == 0
    assert "did in this register" in shown.out
    assert "refused: keluarga.csv, row 3" in shown.out
    for hidden in (a_card(1), a_card(2), a_nik(10), "Warga"):
        assert hidden not in shown.out + shown.err


def test_an_area_or_a_format_that_nobody_knows_is_explained(run: Run, tmp_path: Path) -> None:
    files = write_pair(tmp_path, Household(1))
    unknown = run(*files, "--area", "9999")
    assert (unknown.code, "table of areas" in unknown.err) == (1, True)
    unknown = run(*files, "--area", "1802", "--format", "dtsen_1999")
    assert unknown.code == 1
    assert "dtsen_2026" in unknown.err


def test_half_a_pair_is_no_list(world: World, run: Run, tmp_path: Path) -> None:
    families, _ = write_pair(tmp_path, Household(1))
    refused = run(families, "--area", "1802")
    assert refused.code == 1
    assert world.ask("SELECT state, problem FROM list_import") == [("failed", "list-unreadable")]


def test_beside_an_import_at_work_on_the_area_it_does_not_begin(
    world: World, run: Run, tmp_path: Path
) -> None:
    files = write_pair(tmp_path, Household(1))
    run(*files, "--area", "1802", "--dry-run")
    with world.database.writing() as session:
        ((first,),) = world.ask("SELECT id FROM list_import")
        now = datetime.now(UTC)
        imports.change_import(session, str(first), now, state=imports.RUNNING)
    refused = run(*files, "--area", "180221")
    assert (refused.code, "Another import" in refused.err) == (1, True)
    assert world.count("record") == 0
