"""`lokus …` in this process, on the database of a test."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.cli import main
from tests.api.world import World

Run = Callable[..., "Ran"]


class Ran:
    """What a command printed and how it ended."""

    def __init__(self, out: str, err: str, code: int) -> None:
        self.out, self.err, self.code = out, err, code

    @property
    def json(self) -> Any:  # noqa: ANN401 (whatever a command prints)
        return orjson.loads(self.out)


def command_line(
    data_dir: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """The command line of an installation; `typed` is what comes from standard input."""
    monkeypatch.setenv("LOKUS_DATA_DIR", str(data_dir))
    monkeypatch.setenv("LOKUS_DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*arguments: str, typed: str = "") -> Ran:
        capsys.readouterr()
        monkeypatch.setattr("sys.stdin", StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        return Ran(out, err, int(ended.value.code or 0))

    return command


def commanding(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """The command line of the world's installation."""
    settings = world.settings
    return command_line(settings.data_dir, settings.database_url, monkeypatch, capsys)
