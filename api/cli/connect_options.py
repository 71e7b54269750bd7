"""What the commands of `lokus connect` ask for, and how they read it."""

from pathlib import Path
from typing import Annotated

import typer

from api.connectors.central_entities import DATASETS
from api.connectors.credentials import FILE, VARIABLE
from api.errors import AppError

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
ConnectorId = Annotated[str, typer.Argument(metavar="ID", help="What the connector is called.")]
Url = Annotated[str, typer.Option(help="Where the other server is, https://…")]
AccountName = Annotated[
    str, typer.Option(help="In whose name its forms speak, and in whose areas.")
]
MapFile = Annotated[
    Path,
    typer.Option("--map", exists=True, dir_okay=False, help="TOML: which question is which field."),
]
CredentialsFile = Annotated[
    Path | None,
    typer.Option(dir_okay=False, help="A file of mode 600 with the credentials."),
]
CredentialsVariable = Annotated[
    str | None,
    typer.Option(help="Or the environment variable they are in (not one of LOKUS_…)."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would merge, and merge nothing.")
]
NewUrl = Annotated[str | None, typer.Option(help="Where the other server is now.")]
NewAccount = Annotated[str | None, typer.Option(help="In whose name its forms speak from now on.")]
NewMap = Annotated[
    Path | None,
    typer.Option("--map", exists=True, dir_okay=False, help="What comes is read with this map."),
]
Anew = Annotated[
    bool, typer.Option("--anew", help="Also read all forms again, as edits of what they said.")
]


def central_form(project: int, form: str | None, entities: str | None) -> str | None:
    """What Central's own addresses call a form or a list of a project."""
    if form is not None and entities is not None:
        raise AppError("value-refused", "A connector fetches a form or an entity list, not both.")
    if entities is not None:
        return f"{project}/{DATASETS}{entities}"
    return f"{project}/{form}" if form is not None else None


def where_from(file: Path | None, variable: str | None) -> str:
    """Where credentials are read from: a file or a variable, never the command line."""
    if (file is None) == (variable is None):
        raise AppError("value-refused", "Say where the credentials are: a file or a variable.")
    return f"{FILE}{file.resolve()}" if file is not None else f"{VARIABLE}{variable}"


def text_of(path: Path) -> str:
    """A map's text; what is no UTF-8 is seen when it is read."""
    return path.read_bytes().decode("utf-8", "replace")
