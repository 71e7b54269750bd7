"""`lokus demo` as a process: from an empty folder to a district that somebody can try."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from api.cli import command_line, main
from api.demonstration.loading import STORY_COLLECTORS, STORY_DESA, STORY_RT
from api.passwords import DEMONSTRATION_PASSWORD
from clients.odk.build import FORMS

LINES_MAX = 200


@dataclass
class Demo:
    """A running demonstration: where it is, and what it printed until it served."""

    address: str
    printed: str

    @property
    def codes(self) -> list[str]:
        return re.findall(rf"{re.escape(self.address)}/enrol#([A-Z2-7]{{10}})'", self.printed)


@contextmanager
def running(folder: Path, port: int) -> Iterator[Demo]:
    """`lokus demo`, stopped as people stop it."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from api.cli import main; main()", "demo", "--port", str(port)],
        env={**os.environ, "LOKUS_DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        for _, line in zip(range(LINES_MAX), process.stderr, strict=False):
            if "startup complete" in line:
                break
        else:
            process.kill()
            pytest.fail("the demonstration did not start")
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl+C" in line:
                break
        yield Demo(f"http://127.0.0.1:{port}", "".join(lines))
        process.send_signal(signal.SIGINT)


def a_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def enrol(demo: Demo, code: str) -> httpx2.Response:
    body = {"code": code, "name": "HP", "platform": "test"}
    return httpx2.post(f"{demo.address}/v1/devices", json=body)


def test_one_command_makes_a_district_that_two_collectors_can_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, port = tmp_path / "var", a_free_port()
    with running(folder, port) as demo:
        assert f"{demo.address}/docs" in demo.printed
        assert DEMONSTRATION_PASSWORD in demo.printed
        assert all(name in demo.printed for name in (*STORY_COLLECTORS, "admin"))

        home = httpx2.get(f"{demo.address}/?lang=en").text
        families = re.search(r"Families</dt><dd>([\d,]+)</dd>", home)
        assert families is not None
        assert 3_300 < int(families[1].replace(",", "")) < 3_700
        assert home.count('<th scope="row">') == 26

        answers = [enrol(demo, code) for code in demo.codes]
        assert [answer.status_code for answer in answers] == [201, 201]
        for answer in answers:
            (lane,) = answer.json()["lanes"]
            assert (lane["desa"], lane["rt"]) == (STORY_DESA, [STORY_RT])

        monkeypatch.setenv("LOKUS_DATA_DIR", str(folder))
        forms = json.loads(CliRunner().invoke(command_line(), ["form", "list", "--json"]).output)
        assert {one["form"] for one in forms} == set(FORMS)

    with running(folder, port) as again:
        assert len(again.codes) == 2
        assert not set(again.codes) & set(demo.codes)
        assert enrol(again, again.codes[0]).status_code == 201


def test_a_port_that_is_taken_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "var"
    monkeypatch.setenv("LOKUS_DATA_DIR", str(folder))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SystemExit):
            main(["demo", "--port", str(other.getsockname()[1])])
    assert "another server may be running there" in capsys.readouterr().err
    assert not folder.exists()
