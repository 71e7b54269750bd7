"""`lokus serve` as a process: it says where it is, answers, and leaves in order when asked to."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import orjson
import pytest

from migrations import runner
from models.database import Database
from models.queries.server_state import EPOCH, ensure_state

LINES_MAX = 200


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    """Variables of a migrated server with an epoch, on either database."""
    assert runner.pending(database_url) == []
    database = Database.open(database_url, pool_size=1)
    with database.writing() as session:
        ensure_state(session, EPOCH, "k3f9")
    database.close()
    ours = {"LOKUS_DATA_DIR": str(tmp_path / "var"), "LOKUS_DATABASE_URL": database_url}
    return {**os.environ, **ours}


@pytest.fixture
def served(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running server and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", str(port)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process, f"http://127.0.0.1:{port}"
        process.kill()


def test_a_server_answers_and_stops_when_it_is_asked_to(
    served: tuple[subprocess.Popen[str], str],
) -> None:
    process, address = served
    assert process.stderr is not None
    for _, line in zip(range(LINES_MAX), process.stderr, strict=False):
        if "startup complete" in orjson.loads(line)["event"]:
            break
    with httpx2.Client(base_url=address) as client:
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "ok")
        assert client.get("/v1/me").json()["type"] == "unauthorised"
        assert "server" not in ready.headers
    process.send_signal(signal.SIGTERM)
    rest = process.stderr.read()
    assert process.wait(timeout=30) in {0, -signal.SIGTERM}
    paths = [orjson.loads(line).get("path") for line in rest.splitlines()]
    assert [path for path in paths if path] == ["/health/ready", "/v1/me"]
