"""Servers that are born in milliseconds, because they have to die so often.

Making the application takes longer than everything else in a crash test. So one process makes it
once, rehearses some requests in it, and then forks a server whenever it is told to: one that lives
until somebody kills it, one that kills itself between its third COMMIT of a push and the answer
(`commits=3`), or one that dies before the seventh statement of its pushes (`statements=7`).

All of them share one listening socket, so the address stays and a phone that calls while nobody
serves waits in the queue, as it would behind a proxy.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, event
from sqlmodel import Session

from api.app import from_environment
from tests.api.calling import Answer, Caller

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Nursery:
    """The test's side: order servers, kill them, hear that they are gone."""

    process: subprocess.Popen[str]
    port: int
    pids: list[int] = field(default_factory=list)

    def call(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A request that the mother answers herself, before she has any children.

        Whatever only a first request loads and compiles is there for all of them.
        """
        told = {"method": method, "target": target, "body": body.hex(), "headers": headers or {}}
        self._say({"rehearse": told})
        heard = self._hear()
        return Answer(heard["status"], heard["headers"], bytes.fromhex(heard["body"]))

    def bear(self, **fate: int) -> None:
        """Start one more server."""
        self._say({"bear": fate})
        self.pids.append(int(self._hear()["pid"]))

    def kill(self) -> None:
        """kill -9 of all that live, and wait until they are gone."""
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        self.wait()

    def wait(self) -> None:
        """Until all are gone by themselves."""
        while self.pids:
            self._say({"wait": self.pids[-1]})
            assert self._hear() == {"gone": self.pids.pop()}

    def _say(self, word: Mapping[str, object]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(word) + "\n")
        self.process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        heard: dict[str, Any] = json.loads(self.process.stdout.readline())
        return heard


@contextmanager
def nursery(database_url: str, data_dir: Path) -> Iterator[Nursery]:
    """Servers of one register. The register must be migrated and have an epoch."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.nursery", str(listening.fileno())],
            cwd=ROOT,
            env={
                **os.environ,
                "LOKUS_DATABASE_URL": database_url,
                "LOKUS_DATA_DIR": str(data_dir),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=[listening.fileno()],
        )
        mother = Nursery(process, listening.getsockname()[1])
        with process:
            try:
                yield mother
            finally:
                mother.kill()
                assert process.stdin is not None
                process.stdin.close()


def _main(listening: socket.socket) -> None:
    app = from_environment()
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
    config.load()
    for line in sys.stdin:
        match json.loads(line):
            case {"rehearse": asked}:
                _answer(_rehearsed(app, asked))
            case {"bear": fate}:
                pid = os.fork()
                if pid == 0:
                    _serve(config, listening, fate)
                _answer({"pid": pid})
            case {"wait": pid}:
                os.waitpid(pid, 0)
                _answer({"gone": pid})


def _answer(word: Mapping[str, object]) -> None:
    print(json.dumps(word), flush=True)  # noqa: T201 (the test reads it)


def _rehearsed(app: FastAPI, asked: Mapping[str, Any]) -> dict[str, object]:
    with Caller(app) as call:
        body = bytes.fromhex(asked["body"])
        answer = call(asked["method"], asked["target"], body, asked["headers"])
    # No connection may be shared between two processes; the next request opens new ones.
    app.state.shell.database.close()
    return {"status": answer.status, "headers": dict(answer.headers), "body": answer.wire.hex()}


def _serve(config: uvicorn.Config, listening: socket.socket, fate: Mapping[str, int]) -> None:
    _let_die(fate)
    uvicorn.Server(config).run(sockets=[listening])
    os._exit(0)


def _let_die(fate: Mapping[str, int]) -> None:
    """Arrange for the death that was ordered."""
    pushing = threading.local()
    death = _Death(dict(fate))

    def before_statement(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        # Every push takes its village's turn first.
        if "EXISTS (SELECT" in statement and "feed" in statement:
            pushing.now = True
        if getattr(pushing, "now", False):
            death.comes_nearer("statements")

    def before_commit(_connection: object) -> None:
        if getattr(pushing, "now", False):
            death.comes_nearer("statements")

    def after_commit(_session: object) -> None:
        if getattr(pushing, "now", False):
            pushing.now = False
            death.comes_nearer("commits")

    event.listen(Engine, "before_cursor_execute", before_statement)
    event.listen(Engine, "commit", before_commit)
    event.listen(Session, "after_commit", after_commit)


class _Death:
    """Counts down, and kills this process at nothing."""

    def __init__(self, left: dict[str, int]) -> None:
        self._left = left
        self._lock = threading.Lock()

    def comes_nearer(self, by: str) -> None:
        with self._lock:
            self._left[by] = self._left.get(by, 0) - 1
            if self._left[by] == 0:
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    _main(socket.socket(fileno=int(sys.argv[1])))
