"""`lokus epoch new`: after a backup was restored."""

from typing import Annotated

import typer

from api.cli.office import office, say, say_json
from api.services.epochs import new_epoch

app = typer.Typer(help="Begin a new history after a restore.", no_args_is_help=True)


@app.callback()
def epoch() -> None:
    """Begin a new history after a restore."""


@app.command("new")
def new(
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Begin a new epoch: run this once after restoring a backup, before serving again.

    Every phone then offers again all that it still holds, which refills what the backup lacked.
    Run without need it only costs the phones one long sync.
    """
    with office() as opened, opened.database.writing() as session:
        begun = new_epoch(session, opened.act())
    if as_json:
        say_json({"before": begun.before, "epoch": begun.epoch, "villages": begun.villages})
    else:
        say(
            f"Epoch {begun.before} ended, {begun.epoch} begins; {begun.villages} village feeds "
            "were raised. Phones notice with their next sync."
        )
