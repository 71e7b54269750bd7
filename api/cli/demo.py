"""`lokus demo`: a fictional district to try everything on, from an empty folder to a server."""

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from api.cli import serve
from api.cli.migrate import migrate_to
from api.cli.office import Office, office
from api.demonstration.loading import STORY_COLLECTORS, STORY_DESA, STORY_RT
from api.demonstration.loading import Progress as Told
from api.demonstration.preparing import Wish, prepare
from api.demonstration.stage import Stage
from api.errors import AppError
from api.passwords import DEMONSTRATION_PASSWORD
from api.services.enrolling import enrolling_of, enrolment_link
from api.services.our_forms import examining
from api.services.publishing import publish
from api.settings import Settings, variable_of
from models.queries import accounts, pulling
from models.queries.forms import current_summaries
from models.tables.accounts import Account
from sync.scope import VillageScope
from sync.types import KELUARGA

PHONES: Final = ("ani.db", "budi.db")
"""The files of the story's two phones."""
FLOORS: Final = ("keramik", "semen_bata_merah")
"""What the two collectors see on one day in one house."""
SHOWN: Final = (
    *STORY_COLLECTORS,
    "bidan.tanjungharapan",
    "operator.tanjungharapan",
    "kepala.tanjungharapan",
    "supervisor.anaktuha",
    "tkpk.lampungtengah",
    "admin",
)
"""One account of every role; all others are like one of these."""
ANY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104  # recognised, not listened on

_out = Console(highlight=False, soft_wrap=True)


def demo(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    seed: Annotated[
        int | None, typer.Option(help="Another seed gives another district.", min=1)
    ] = None,
    field_day: Annotated[
        bool, typer.Option(help="Play a day of field work, so that there is something to see.")
    ] = True,
) -> None:
    """Try Lokus: migrate, load a fictional district if the database is empty, and serve it."""
    _require_free(host, port)
    shown_host = "127.0.0.1" if host in ANY_ADDRESS else host
    os.environ.setdefault(variable_of("public_url"), f"http://{shown_host}:{port}")
    settings = Settings.from_environment()
    migrate_to(settings)
    with office(settings) as opened:
        _out.print("Preparing the demonstration district")
        wish = Wish(seed=seed, with_field_day=field_day)
        with _offering_forms(opened):
            stage = prepare(settings, opened.database, opened.clock.now(), wish, _meter)
        if stage is Stage.PLAYING:
            _out.print("The field day was interrupted at an earlier start; it stays as it is.")
        guide = _guide(opened)
    _show(settings, guide)
    serve.require_servable(settings, workers=1)
    serve.run(host, port, workers=1)


@contextmanager
def _offering_forms(opened: Office) -> Iterator[None]:
    """Convert our forms while the district is loaded, and offer them to phones at the end.

    Where any form is on offer already, somebody has chosen, and it stays so.
    """
    with opened.database.reading() as session:
        is_chosen = bool(current_summaries(session))
    with ThreadPoolExecutor() as pool:
        forms = [] if is_chosen else [*examining(pool)]
        yield
        for form in forms:
            with opened.database.writing() as session:
                publish(session, form.result(), {}, opened.act())


def _require_free(host: str, port: int) -> None:
    """Better now than after the district was loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise AppError(
                "value-refused",
                f"Cannot listen on {host}, port {port} ({error.strerror}): another server may be "
                "running there. Choose another port with --port.",
            ) from None


@contextmanager
def _meter(operations: int) -> Iterator[Told]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=_out) as bar:
        task = bar.add_task("Loading", total=operations)
        yield lambda more: bar.advance(task, more)


@dataclass(frozen=True, slots=True)
class Guide:
    """What a newcomer needs: who there is, a code per collector, and a house to begin with."""

    people: tuple[Account, ...]
    codes: tuple[str, ...]
    family: str


def _guide(opened: Office) -> Guide:
    enrolling = enrolling_of(opened.settings, opened.randomness)
    with opened.database.writing() as session:
        found = [accounts.account_by_name(session, name) for name in SHOWN]
        people = tuple(account for account in found if account is not None)
        codes = tuple(
            enrolling.issue_code(session, account.id, opened.act()).code
            for account in people
            if account.name in STORY_COLLECTORS
        )
        rows = pulling.snapshot_rows(session, VillageScope(STORY_DESA, frozenset({STORY_RT})))
        family = next(row.id for row in rows if row.entity == KELUARGA and row.review is None)
    return Guide(people, codes, family)


def _show(settings: Settings, guide: Guide) -> None:
    url = settings.public_url
    _out.print(f"\n[bold]Lokus runs at {url}[/bold]   API documentation: {url}/docs")
    _out.print("A fictional district: the places exist, families and people do not.\n")
    _out.print(f"Sign in at {url}/login, everybody with the password {DEMONSTRATION_PASSWORD}")
    _out.print(_people(guide.people))
    _out.print("[bold]Try it in another shell:[/bold] two collectors, two phones, one house.")
    for line in _story(url, guide):
        _out.print(f"  {line}", markup=False)
    _out.print("Each code enrols one phone; the next start prints new ones. Stop with Ctrl+C.\n")


def _story(url: str, guide: Guide) -> Iterator[str]:
    """The commands from two codes to one conflict, settled and agreed upon."""
    client, lokus = _command("lokus-client"), _command("lokus")
    for code, phone in zip(guide.codes, PHONES, strict=True):
        yield f"{client} enrol '{enrolment_link(url, code)}' --store {phone}"
    for phone in PHONES:
        yield f"{client} sync --store {phone}"
    for floor, phone in zip(FLOORS, PHONES, strict=True):
        yield f"{client} edit {guide.family[-8:]} jenis_lantai_terluas={floor} --store {phone}"
    for phone in PHONES:
        yield f"{client} sync --store {phone}"
    yield f"{lokus} conflict list --desa {STORY_DESA}"
    yield f"{lokus} conflict resolve ID --choose candidate"
    for phone in PHONES:
        yield f"{client} sync --store {phone} && {client} status --store {phone}"


def _people(people: tuple[Account, ...]) -> Table:
    table = Table("name", "role", "who", box=None, padding=(0, 3, 0, 2))
    for account in people:
        table.add_row(account.name, account.role, account.display_name)
    return table


def _command(name: str) -> str:
    """How to call a command of this installation from the present folder."""
    if shutil.which(name):
        return name
    beside = Path(sys.executable).parent / name
    return os.path.relpath(beside)
