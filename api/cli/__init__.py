"""The command `lokus`: everything that whoever keeps the server can do from its shell.

Each command has a module of its own, named in one of the two tables below. What can be expected to
go wrong ends with one sentence that says what to do next, on standard error, and exit code 1.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import typer
from sqlalchemy.exc import OperationalError, ProgrammingError

from api.cli import (
    account,
    conflict,
    connect,
    demo,
    designate,
    device,
    doctor,
    durable,
    enrol,
    epoch,
    export,
    form,
    growth,
    held,
    importing,
    migrate,
    period,
    quarantine,
    ranking,
    record,
    result,
    rt,
    serve,
    simulate,
    task,
    verify,
    wilayah,
    worksheet,
)
from api.cli import (
    round as village_round,
)
from api.errors import AppError
from api.settings import SettingsError
from models.database import Busy, StorageFull
from models.queries.server_state import EpochMissing

COMMANDS: Final[Mapping[str, Callable[..., None]]] = MappingProxyType(
    {
        "serve": serve.serve,
        "demo": demo.demo,
        "migrate": migrate.migrate,
        "enrol": enrol.enrol,
        "export": export.export,
        "result": result.result,
        "doctor": doctor.doctor,
        "verify": verify.verify,
        "simulate": simulate.simulate,
        "import": importing.import_list,
        "worksheet": worksheet.worksheet,
        "minutes": worksheet.minutes,
        "designate": designate.designate,
        "designations": designate.designations,
        "ranking": ranking.ranking,
        "growth": growth.growth,
    }
)
GROUPS: Final[Mapping[str, typer.Typer]] = MappingProxyType(
    {
        "wilayah": wilayah.app,
        "account": account.app,
        "device": device.app,
        "epoch": epoch.app,
        "record": record.app,
        "rt": rt.app,
        "conflict": conflict.app,
        "quarantine": quarantine.app,
        "held": held.app,
        "durable": durable.app,
        "exports": export.app,
        "task": task.app,
        "period": period.app,
        "round": village_round.app,
        "form": form.app,
        "connect": connect.app,
    }
)

_NO_TABLES = (
    "the database lacks tables or columns that this version needs: run `lokus migrate`, "
    "after a backup if it holds data"
)


def command_line() -> typer.Typer:
    """The command with all its parts."""
    app = typer.Typer(
        name="lokus",
        help="A register of families that many people keep offline and one server merges. "
        "Settings come from LOKUS_… variables; `lokus doctor` says whether they are sound.",
        no_args_is_help=True,
        add_completion=False,
        # Tracebacks with local variables would print what is in them.
        pretty_exceptions_enable=False,
    )
    for name, command in COMMANDS.items():
        app.command(name)(command)
    for name, group in GROUPS.items():
        app.add_typer(group, name=name)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process."""
    try:
        command_line()(args=None if arguments is None else list(arguments))
    except AppError as error:
        _give_up(error.detail)
    except (SettingsError, EpochMissing, Busy, StorageFull, ValueError) as error:
        _give_up(str(error))
    except (OperationalError, ProgrammingError) as error:
        _give_up(_taught(str(error.orig)))


def _taught(message: str) -> str:
    if "no such table" in message or ("relation" in message and "does not exist" in message):
        return _NO_TABLES
    # A driver's first line names the host and the reason; a statement is never in it.
    return (
        f"the database refused: {message.strip().splitlines()[0]}; is it running, and does "
        "LOKUS_DATABASE_URL name it?"
    )


def _give_up(sentence: str) -> None:
    sys.stderr.write(f"lokus: {sentence}\n")
    sys.exit(1)
