"""`lokus wilayah load`: the table of areas."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.office import office, say
from api.services.loading_areas import load_areas, read_area_rows

app = typer.Typer(help="The table of areas.", no_args_is_help=True)


@app.callback()
def wilayah() -> None:
    """The table of areas."""


@app.command("load")
def load(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv",
            help="CSV with columns kode (Kemendagri's, dots allowed) and nama; tingkat, kode_bps "
            "and nama_lain are read too.",
            exists=True,
            dir_okay=False,
        ),
    ],
) -> None:
    """Add or replace areas by their code. Areas that the file does not name stay as they are."""
    # Spreadsheets put a byte order mark before the first column's name.
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = read_area_rows(lines)
    with office() as opened, opened.database.writing() as session:
        count = load_areas(session, rows, opened.act())
    say(f"{count} areas loaded from {file.name}")
