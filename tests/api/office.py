"""The office of a register that is being tested: its database, its people, its codes.

Everything here goes straight to the services, as the command line does; nothing is asked over the
wire. Who serves the register, and whether anybody does, is another matter.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Protocol

from api.randomness import Randomness
from api.services.accounts import NewAccount, add_account, change_areas
from api.services.acts import Act, act_of_operator
from api.services.devices import revoke_device
from api.services.enrolling import enrolling_of
from api.settings import Settings
from models.database import Database
from models.queries import server_state
from models.queries.accounts import Area
from models.queries.areas import load_areas
from models.sealing import Vault
from sync.permission import Role

DESA = "1802212001"
OTHER_DESA = "1802212002"
RT = "003/001"
OTHER_RT = "004/001"
NOON = datetime(2026, 11, 3, 5, tzinfo=UTC)
"""Twelve o'clock in Lampung."""
THREADS = 8


class Watch(Protocol):
    """Whoever knows the time: a clock that stands still, or the machine's."""

    def now(self) -> datetime: ...


class Office:
    """One register with two villages, at the time that `watch` shows."""

    def __init__(self, url: str, folder: Path, watch: Watch, **settings: object) -> None:
        chosen: dict[str, object] = {"data_dir": folder, "database_url": url}
        self.settings = Settings.model_validate({"threads_max": THREADS} | chosen | settings)
        self.watch = watch
        self.randomness: Randomness = Random(7).randbytes
        self.database = Database.open(
            url, pool_size=self.settings.threads_max, vault=Vault(self.settings.secret)
        )
        with self.database.writing() as session:
            load_areas(session, _areas())
            server_state.ensure_state(session, server_state.EPOCH, "e1")

    def close(self) -> None:
        self.database.close()

    @property
    def epoch(self) -> str:
        with self.database.reading() as session:
            return server_state.epoch(session)

    def act(self) -> Act:
        """An act of whoever keeps the server."""
        return act_of_operator(self.watch.now(), self.randomness)

    def add_village(self, code: str) -> None:
        """One more village beside the two that are always there."""
        with self.database.writing() as session:
            load_areas(session, [_area_row(code, code, "desa", code[:6])])

    def account(
        self, name: str, role: Role = Role.PETUGAS, areas: Sequence[Area] | None = None
    ) -> str:
        """Somebody who works here; a collector of `RT` unless said otherwise."""
        held = tuple(areas) if areas is not None else (area(DESA, RT),)
        with self.database.writing() as session:
            return add_account(session, NewAccount(name, role, held), self.act()).id

    def code(self, account: str) -> str:
        """A one-time code for the account's next phone."""
        with self.database.writing() as session:
            enrolling = enrolling_of(self.settings, self.randomness)
            return enrolling.issue_code(session, account, self.act()).code

    def assign(self, account: str, areas: Sequence[Area]) -> None:
        """Give the account other areas; its phones learn of it with their next sync."""
        with self.database.writing() as session:
            change_areas(session, account, tuple(areas), self.act())

    def revoke_device(self, device: str) -> None:
        with self.database.writing() as session:
            revoke_device(session, device, self.act())

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        """What the database really holds: the rows that answer a question in SQL."""
        with self.database.reading() as session:
            return [tuple(row) for row in session.connection().exec_driver_sql(question)]

    def count(self, table: str) -> int:
        """How many rows a table has."""
        ((rows,),) = self.ask(f'SELECT count(*) FROM "{table}"')
        return int(rows)

    def log(self, lane: str) -> list[tuple[int, str]]:
        """Place and outcome of every operation that a lane brought."""
        question = f"SELECT seq, outcome FROM operation WHERE lane = '{lane}' ORDER BY seq"
        return [(seq, outcome) for seq, outcome in self.ask(question)]


def area(code: str, *rts: str) -> Area:
    """An area as accounts hold it; without RTs all of it."""
    return Area(code, frozenset(rts) if rts else None)


def _areas() -> list[dict[str, str | None]]:
    return [
        _area_row("18", "Lampung", "provinsi", None),
        _area_row("1802", "Lampung Tengah", "kabupaten", "18"),
        _area_row("180221", "Anak Tuha", "kecamatan", "1802"),
        _area_row(DESA, "Contoh Satu", "desa", "180221"),
        _area_row(OTHER_DESA, "Contoh Dua", "desa", "180221"),
    ]


def _area_row(code: str, name: str, level: str, parent: str | None) -> dict[str, str | None]:
    return {
        "kode": code,
        "nama": name,
        "tingkat": level,
        "induk": parent,
        "kode_bps": None,
        "nama_lain": None,
    }
