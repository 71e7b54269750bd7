"""`lokus migrate`: make the tables, or bring them to this version's shape."""

from typing import Annotated

import typer

from api.cli.office import office, say
from api.errors import AppError
from api.services.epochs import begin_epoch
from api.settings import Settings
from migrations import distribution, runner


def migrate(
    to: Annotated[
        str, typer.Option(help="Revision to go to; a lower one, -1 or base goes down.")
    ] = "head",
    distributed: Annotated[
        bool,
        typer.Option("--distributed", help="Spread the tables over a Citus cluster, by village."),
    ] = False,
) -> None:
    """Bring the database to this version's schema. Repeating it changes nothing."""
    settings = Settings.from_environment()
    applied = migrate_to(settings, to)
    if distributed:
        say(f"{len(distribute_over(settings))} statements spread the tables over the cluster")
    said = ", ".join(applied) if applied else "nothing to do"
    say(f"{said}; the database is at {runner.current(settings.database_url) or 'base'}")


def distribute_over(settings: Settings) -> list[str]:
    """Spread the tables; `AppError` where the database is no cluster."""
    try:
        return distribution.distribute(settings.database_url)
    except distribution.NotACluster as error:
        raise AppError("value-refused", str(error)) from None


def migrate_to(settings: Settings, revision: str = "head") -> list[str]:
    """Migrate; the revisions that were applied. A fresh database gets its first epoch."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    url = settings.database_url
    waiting = runner.pending(url)
    current = runner.current(url)
    if revision == "head" or revision in waiting:
        runner.upgrade(url, revision)
    elif revision != current:
        runner.downgrade(url, revision)
    still_waiting = runner.pending(url)
    if not still_waiting:
        with office(settings) as opened, opened.database.writing() as session:
            begin_epoch(session, opened.randomness)
    return [one for one in waiting if one not in still_waiting]
