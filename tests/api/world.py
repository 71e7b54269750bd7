"""A served village in this process: the real application over a real database, people and phones.

with serving(database_url, folder) as world:
    ani = world.device("ani")
    ani.sync([ani.create(FAMILY, nama_kepala_keluarga="Contoh", rt="003", rw="001")])
"""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog
from typing_extensions import override

from api.app import create_app
from api.clock import SettableClock
from models.queries.accounts import Area
from sync.permission import Role
from tests.api.calling import Answer, Caller
from tests.api.device import (
    FAMILY,
    JSON,
    MEMBER,
    Call,
    Device,
    Operation,
    answered,
    outcomes,
    record_id,
    refused,
    rows_by_id,
)
from tests.api.office import DESA, NOON, OTHER_DESA, OTHER_RT, RT, THREADS, Office, area

__all__ = [
    "DESA",
    "FAMILY",
    "JSON",
    "MEMBER",
    "NOON",
    "OTHER_DESA",
    "OTHER_RT",
    "RT",
    "THREADS",
    "Device",
    "Operation",
    "ServedOffice",
    "World",
    "answered",
    "area",
    "outcomes",
    "record_id",
    "refused",
    "rows_by_id",
    "serving",
]


class ServedOffice(Office):
    """An office whose register is served, whoever serves it: phones can be given out."""

    call: Call
    """How its server is asked."""

    def enrol(self, code: str, key: str | None = None) -> Answer:
        body = {"code": code, "name": "hp", "platform": "test"} | ({"key": key} if key else {})
        return self.call("POST", "/v1/devices", json.dumps(body).encode(), JSON)

    def device(
        self, name: str, role: Role = Role.PETUGAS, areas: Sequence[Area] | None = None
    ) -> Device:
        """A new account with one phone."""
        return self.phone_of(self.account(name, role, areas))

    def phone_of(self, account: str) -> Device:
        """Another phone of an account."""
        answer = self.enrol(self.code(account))
        assert answer.status == 201, answer
        told = answer.json()
        return Device(self, account, told["device"], told["token"], told["lanes"])

    def revoke(self, device: Device) -> None:
        self.revoke_device(device.id)


class World(ServedOffice):
    """The application in this process, and the time that stands still there."""

    def __init__(self, url: str, folder: Path, **settings: object) -> None:
        # One line per request would be most of what these tests do.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        self.clock = SettableClock(NOON)
        super().__init__(url, folder, self.clock, **settings)
        self.app = create_app(
            self.settings, database=self.database, clock=self.clock, randomness=self.randomness
        )
        self.caller = Caller(self.app)
        self.call = self.caller

    @override
    def close(self) -> None:
        self.caller.close()
        super().close()


@contextmanager
def serving(url: str, folder: Path, **settings: object) -> Iterator[World]:
    """A world, closed at the end. `settings` are fields of `Settings`."""
    world = World(url, folder, **settings)
    try:
        yield world
    finally:
        world.close()
