"""`lokus doctor`: settings that would lose data or leak it."""

import os
from dataclasses import asdict
from typing import Annotated

import typer

from api.cli.office import office, say, say_json
from api.services.examining import examine

_MARKS = {"ok": "ok     ", "warning": "warning", "problem": "PROBLEM"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Look for settings that would lose data or leak it. Exit code 1 if there is a problem."""
    with office() as opened:
        now = opened.clock.now()
        found = list(examine(opened.settings, opened.database, now, os.environ))
    if as_json:
        say_json([asdict(finding) for finding in found])
    else:
        for finding in found:
            say(f"{_MARKS[finding.level]}  {finding.check}: {finding.text}")
    if any(finding.level == "problem" for finding in found):
        raise typer.Exit(1)
