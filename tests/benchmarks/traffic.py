"""Eight phones at a time: raw HTTP, bytes and times counted on the client's side."""

import gzip
import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection
from threading import Lock, local
from typing import Any, Final

from tests.benchmarks.environment import Device, Installation

GZIP_LEVEL: Final = 9


@dataclass(slots=True)
class Phase:
    """What one phase cost."""

    name: str
    things: int
    """Operations, families or changes: what the phase is about."""
    requests: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    seconds: float = 0.0
    server_cpu: float = 0.0
    database_cpu: float = 0.0
    times: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    @property
    def cpu_per_thousand(self) -> float:
        return (self.server_cpu + self.database_cpu) / max(1, self.things) * 1000

    @property
    def per_second(self) -> float:
        return self.things / self.seconds if self.seconds else 0.0


class Phones:
    """A pool of clients, each with a connection that stays open, as on a phone's session."""

    def __init__(self, place: Installation, clients: int) -> None:
        self._place = place
        self._clients = clients
        self._here = local()
        self._lock = Lock()

    def phase(
        self,
        name: str,
        things: int,
        work: Callable[["Phones", Device, Phase], None],
        devices: Iterable[Device],
    ) -> Phase:
        """Let every device do its work once, ``clients`` of them at a time."""
        phase = Phase(name, things)
        before = self._place.cpu_seconds()
        started = time.perf_counter()
        with ThreadPoolExecutor(self._clients) as pool:
            for done in [pool.submit(self._timed, work, device, phase) for device in devices]:
                done.result()
        phase.seconds = time.perf_counter() - started
        after = self._place.cpu_seconds()
        phase.server_cpu, phase.database_cpu = after[0] - before[0], after[1] - before[1]
        return phase

    def _timed(
        self, work: Callable[["Phones", Device, Phase], None], device: Device, phase: Phase
    ) -> None:
        started = time.perf_counter()
        work(self, device, phase)
        with self._lock:
            phase.times.append(time.perf_counter() - started)

    def post(self, device: Device, path: str, body: dict[str, Any], phase: Phase) -> dict[str, Any]:
        packed = gzip.compress(
            json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(),
            GZIP_LEVEL,
            mtime=0,
        )
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        raw, _ = self._request(device, "POST", path, packed, headers, phase)
        answer: dict[str, Any] = json.loads(raw)
        return answer

    def get(self, device: Device, path: str, phase: Phase) -> tuple[bytes, Message]:
        return self._request(device, "GET", path, b"", {}, phase)

    def _request(
        self,
        device: Device,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
        phase: Phase,
    ) -> tuple[bytes, Message]:
        connection: HTTPConnection | None = getattr(self._here, "connection", None)
        if connection is None:
            connection = self._here.connection = HTTPConnection("127.0.0.1", self._place.port)
        connection.request(
            method,
            path,
            body,
            {**headers, "Authorization": f"Bearer {device.token}", "Accept-Encoding": "gzip"},
        )
        answer = connection.getresponse()
        raw = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {raw[:300]!r}")
        with self._lock:
            phase.requests += 1
            phase.bytes_up += len(body)
            phase.bytes_down += len(raw)
        packed = answer.headers.get("Content-Encoding") == "gzip"
        return (gzip.decompress(raw) if packed else raw), answer.headers


def head(device: Device, mono: int) -> dict[str, Any]:
    """What every batch of the benchmark begins with."""
    wall = "2026-11-03T18:02:11+07:00"
    return {
        "protocol": 1,
        "schema": 1,
        "lane": device.lane,
        "desa": device.desa,
        "clock": {
            "wall": wall,
            "mono": mono,
            "boot": "b7",
            "boots": {"b7": {"wall": wall, "mono": mono}},
        },
    }


def families_of(raw: bytes, rt: str) -> tuple[dict[str, int], int]:
    """Family → seq of those in the RT, and how many families the snapshot holds in all."""
    rows: Sequence[dict[str, Any]] = [
        json.loads(line) for line in gzip.decompress(raw).splitlines()
    ]
    families = [row for row in rows if row["entity"] == "keluarga"]
    own = {row["id"]: row["seq"] for row in families if row["doc"].get("rt") == rt[:3]}
    return own, len(families)
