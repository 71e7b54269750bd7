"""`lokus import`: bring a list of the government in, or see what it would do."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api.cli.office import Office, office, say, say_json, say_table
from api.formats.lists.reading import AUTO, InputFile
from api.randomness import new_id
from api.services.import_jobs import Heard, Job, begin, new_import, work
from api.services.import_reports import REMARK_TEXTS, ImportReport
from api.services.import_runs import ListInput, Run, area_code
from api.services.importing import ImportGround
from api.services.reviewers import ground_of
from models.queries import imports
from sync.listing_plan import Verdict
from sync.types import ANGGOTA, KELUARGA, PENGUKURAN, Json

REFUSED_SHOWN_MAX: Final = 10


def import_list(  # noqa: PLR0913, PLR0917 (the parameters of a command are its options)
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…",
            help="The list's files, CSV or xlsx; a pair in any order.",
            exists=True,
            dir_okay=False,
        ),
    ],
    area: Annotated[
        str,
        typer.Option(metavar="CODE", help="Villages outside of this area are refused."),
    ],
    form: Annotated[
        str, typer.Option("--format", help="A format of the catalogue; auto: by its headers.")
    ] = AUTO,
    map_file: Annotated[
        Path | None,
        typer.Option("--map", help="TOML that says what the columns are.", exists=True),
    ] = None,
    codes: Annotated[
        Path | None,
        typer.Option(help="The office's table of codes: kolom, kode, keterangan.", exists=True),
    ] = None,
    issued: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day the list is of; else today."),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where refused rows are written.", file_okay=False)
    ] = Path(),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would do, and change nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Bring a list in: new families are added, what the field has verified stays as it is.

    Where the list differs from what the field has said, it proposes, and a reviewer decides.
    Running it again with the same files changes nothing.
    """
    given = ListInput(
        [InputFile(file) for file in files],
        area_code(area),
        form,
        issued.date() if issued is not None else None,
        map_file,
        codes,
    )
    with office() as opened:
        report = _run(opened, given, out, dry_run=dry_run, quiet=as_json)
    if as_json:
        say_json(_told(report, out))
    else:
        _tell(report, out, dry_run=dry_run)
    if not report.is_complete:
        raise typer.Exit(1)


def _run(
    opened: Office, given: ListInput, out: Path, *, dry_run: bool, quiet: bool
) -> ImportReport:
    now = opened.clock.now()
    at = ImportGround(opened.database, opened.clock, opened.randomness, ground_of(opened.settings))
    options: dict[str, Json] = {"format": given.format, "issued": _day(given.issued)}
    stored = new_import(new_id(now, opened.randomness), given.area, options, now, None)
    with opened.database.writing() as session:
        imports.add_import(session, stored)
        if not dry_run:
            begin(session, stored, now)
    with _meter(quiet=quiet) as heard:
        job = Job(at, stored.id, heard)
        run = Run(stored.id, dry_run, out, job.step, job.begun)
        return work(job, given, run)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


@contextmanager
def _meter(*, quiet: bool) -> Iterator[Heard]:
    """A bar on standard error, so that `--json` stays one document."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(file=sys.stderr, quiet=quiet)
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=quiet) as bar:
        task = bar.add_task("Reading", total=None)

        def heard(step: Mapping[str, Json]) -> None:
            done, total = step["families_done"], step["families_all"]
            assert isinstance(done, int), "a count"
            assert isinstance(total, int), "a count"
            bar.update(task, completed=done, total=total, description=str(step.get("desa", "")))

        yield heard


def _told(report: ImportReport, out: Path) -> dict[str, Json]:
    told = report.told()
    told["refused_files"] = [str(out / name) for name in report.refused_files]
    told["refused_file"] = str(out / report.refused_files[0]) if report.refused_files else None
    return told


def _answered(told: Json) -> Iterator[tuple[str, Json]]:
    """What an answer of the ministry changed, in the words of its report."""
    for name in ("rows", "matched", "changed", "same", "tasks_opened", "tasks_closed"):
        if isinstance(told, dict) and name in told:
            yield name.replace("_", " "), told[name]


def _tell(report: ImportReport, out: Path, *, dry_run: bool) -> None:
    source = report.source
    would = "would do" if dry_run else "did"
    say(f"{source.name} ({source.instrument} {source.version}) {would} in this register:")
    for answered in report.results or ():
        say("  ".join(f"{name} {value}" for name, value in _answered(answered)))
    entities = [e for e in (KELUARGA, ANGGOTA, PENGUKURAN) if any(k == e for k, _ in report.counts)]
    columns = ("rows", *(str(verdict) for verdict in Verdict))
    say_table(
        columns,
        [
            {"rows": entity, **{str(v): str(report.counts[entity, v]) for v in Verdict}}
            for entity in entities
        ],
    )
    for remark, count in sorted(report.remarks.items()):
        say(f"{count} × {remark}: {REMARK_TEXTS[remark]}")
    for warning in report.warnings:
        say(f"{warning.count} × {warning.code}: {warning.text}")
    for row in report.refused[:REFUSED_SHOWN_MAX]:
        say(f"refused: {row.file}, row {row.row}: {row.reason}")
    for name in report.refused_files:
        say(f"all refused rows: {out / name}")
    for desa, village in report.villages.items():
        if village.problem is not None:
            say(f"village {desa} is not complete: {village.problem}; run the same command again")
