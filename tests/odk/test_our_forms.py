"""The forms that come with Lokus: in a wheel as in a clone, and published with one command."""

import json
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from typer.testing import CliRunner

from api.cli import command_line
from api.services import our_forms
from clients.odk.build import FORMS, PLACE

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel of this repository unpacks to."""
    folder = tmp_path_factory.mktemp("wheel")
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(folder))
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def test_a_wheel_holds_every_workbook_of_a_clone_and_nothing_of_their_making(
    installed: Path,
) -> None:
    held = {path.name: path.read_bytes() for path in (installed / "api" / "our_forms").iterdir()}
    assert held == {path.name: path.read_bytes() for path in PLACE.glob("*.xlsx")}
    assert held.keys() == {f"{name}.xlsx" for name in FORMS}
    assert not (installed / "clients").exists()


def test_an_installation_finds_them_where_they_are(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_the_clone = our_forms.our_workbooks()
    monkeypatch.setattr(our_forms, "PLACES", (installed / "api" / "our_forms",))
    assert our_forms.our_workbooks() == of_the_clone


def test_one_command_publishes_them_all_and_again_changes_nothing(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOKUS_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("LOKUS_DATA_DIR", str(tmp_path))
    run = CliRunner().invoke
    said = run(command_line(), ["form", "publish", "--ours"])
    assert said.exit_code == 0, said.output
    listed = json.loads(run(command_line(), ["form", "list", "--json"]).output)
    assert {one["form"] for one in listed} == set(FORMS)
    again = run(command_line(), ["form", "publish", "--ours"]).output
    assert again.count("was published before, with the same bytes") == len(FORMS)
    refused = run(command_line(), ["form", "publish"])
    assert refused.exit_code != 0
