"""`lokus worksheet` and `lokus minutes`: one HTML file that any browser prints."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli.office import Office, office, say
from api.cli.record import reader_of
from api.services.minutes import minutes as read_minutes
from api.services.worksheets import Asked, known_rt, rt_of_text
from api.services.worksheets import worksheet as read_worksheet
from api.web.printing.minutes_page import minutes_html
from api.web.printing.papers import Paper
from api.web.printing.spelling import local_moment
from api.web.printing.worksheet_page import Look, worksheet_html
from models.queries.auditing import append
from models.queries.rt_lists import rt_counts

STANDARD_OUTPUT: Final = "-"

PaperOption = Annotated[Paper, typer.Option("--paper", help="A4, or F4 (215 × 330 mm).")]
OutOption = Annotated[
    str | None, typer.Option("--out", metavar="FILE", help="Where to; - is standard output.")
]


def worksheet(
    desa: Annotated[str, typer.Option(help="The village's code.")],
    rt: Annotated[str, typer.Option(help="The RT: 003/001, or 003 where that says enough.")],
    period: Annotated[str | None, typer.Option(help="Printed in the head of each page.")] = None,
    paper: PaperOption = Paper.A4,
    full: Annotated[bool, typer.Option(help="With house, assets and criteria.")] = False,
    out: OutOption = None,
) -> None:
    """Print the worksheet of an RT: its families with the last values, and boxes to fill in."""
    with office() as opened:
        reader = reader_of(opened)
        with opened.database.reading() as session:
            wanted = known_rt(rt_of_text(rt), rt_counts(session, reader.sight, desa))
            asked = Asked(desa, wanted, period)
            sheet, reading = read_worksheet(session, opened.settings, reader, asked)
        with opened.database.writing() as session:
            append(session, desa, reading)
        printed_at = local_moment(sheet.made_at, opened.settings.zone)
    html = worksheet_html(sheet, Look(paper, full, printed_at))
    name = f"lembar-kerja-{desa}-{wanted.replace('/', '-').strip('-')}.html"
    _write(html, out or name, f"{len(sheet.open_families)} families")


def minutes(
    desa: Annotated[str, typer.Option(help="The village's code.")],
    period: Annotated[str, typer.Option(help="The period.")],
    digest: Annotated[
        str | None, typer.Option("--hash", help="Of one frozen village; else what stands now.")
    ] = None,
    paper: PaperOption = Paper.A4,
    out: OutOption = None,
) -> None:
    """Print the berita acara of a village's round with its lists by name."""
    with office() as opened:
        html, told = _minutes(opened, (desa, period), digest, paper)
    _write(html, out or f"berita-acara-{desa}-{period}.html", told)


def _minutes(
    opened: Office, round_of: tuple[str, str], digest: str | None, paper: Paper
) -> tuple[str, str]:
    reader = reader_of(opened)
    with opened.database.reading() as session:
        found, reading = read_minutes(session, opened.settings, reader, round_of, digest)
    with opened.database.writing() as session:
        append(session, round_of[0], reading)
    html = minutes_html(found, reader.role, opened.settings.zone, paper)
    return html, f"{len(found.village.families)} families, {found.standing.value}"


def _write(html: str, out: str, told: str) -> None:
    if out == STANDARD_OUTPUT:
        sys.stdout.write(html)
        return
    path = Path(out)
    # It names people: nobody else on the machine reads it.
    path.touch(mode=0o600)
    path.write_text(html, encoding="utf-8")
    say(f"{path}: {told}. Open it in any browser and print it.")
