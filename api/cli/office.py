"""What a command works with: settings, the open database, and an act of whoever sits here."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import orjson
import typer
from rich.console import Console
from rich.table import Table

from api.clock import Clock, SystemClock
from api.randomness import SYSTEM_RANDOMNESS, Randomness
from api.services.acts import Act, act_of_operator
from api.settings import Settings
from models.database import Database
from models.sealing import Vault


@dataclass(frozen=True, slots=True)
class Office:
    """The server's back office, opened for one command."""

    settings: Settings
    database: Database
    clock: Clock
    randomness: Randomness

    def act(self) -> Act:
        """An act without limits; the audit chain shows no account beside it."""
        return act_of_operator(self.clock.now(), self.randomness)


@contextmanager
def office(settings: Settings | None = None) -> Iterator[Office]:
    """Open the database that the environment names."""
    settings = settings or Settings.from_environment()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    vault = Vault(settings.secret)
    database = Database.open(settings.database_url, pool_size=2, vault=vault)
    try:
        yield Office(settings, database, SystemClock(), SYSTEM_RANDOMNESS)
    finally:
        database.close()


def say(text: str) -> None:
    """A line for people."""
    typer.echo(text)


def say_json(value: object) -> None:
    """For programs: one JSON document."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def say_table(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    """Rows for people, as wide as the terminal; whole lines where there is none."""
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(row[column] for column in columns))
    width = None if sys.stdout.isatty() else 200
    Console(file=sys.stdout, width=width, highlight=False, markup=False).print(table)
