"""`lokus durable mark`: after a backup."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from api.cli.office import Office, office, say, say_json
from api.errors import AppError
from api.services.safekeeping import mark_durable

OPEN_TRANSACTION: Final = timedelta(minutes=1)
"""Longer than any push may take: what came in so late may have been committed behind the backup."""

app = typer.Typer(help="Tell phones what a backup covers.", no_args_is_help=True)


@app.callback()
def durable() -> None:
    """Tell phones what a backup covers."""


@app.command("mark")
def mark(
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When the backup began (ISO 8601, in the district's time zone unless it says "
            "another); without it, now: only right if nobody pushed since the backup.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Promise that no backup from before TIME will ever be restored.

    Phones then let go of what they sent before it. Run it after a backup was made and checked.
    What came within the last minute before TIME is left for the next backup: it may still have
    been on its way into the database.
    """
    with office() as opened:
        moment = _moment(opened, as_of)
        covered = mark_durable(opened.database, moment, opened.act())
    if as_json:
        say_json(
            {
                "as_of": covered.as_of.isoformat(),
                "assumed": as_of is None,
                "lanes": covered.lanes,
                "villages": covered.villages,
            }
        )
        return
    assumed = ", the present moment," if as_of is None else ""
    say(
        f"What came before {covered.as_of.isoformat(timespec='seconds')}{assumed} is durable: "
        f"{covered.lanes} lanes in {covered.villages} villages have news of it."
    )


def _moment(opened: Office, as_of: str | None) -> datetime:
    now = opened.clock.now()
    if as_of is None:
        return now
    try:
        moment = datetime.fromisoformat(as_of)
    except ValueError:
        raise AppError("value-refused", "TIME is written like 2026-11-03T18:00+07:00.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=opened.settings.zone)
    if moment > now:
        raise AppError("value-refused", "TIME lies in the future; no backup can reach there.")
    return moment.astimezone(UTC) - OPEN_TRANSACTION
