"""`lokus result`: the ministry's answer, read back onto the rows that were sent."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from api.cli.export import By
from api.cli.office import office, say, say_json
from api.cli.record import reader_of
from api.errors import AppError
from api.formats.exports.results import BYTES_MAX, shipped_words
from api.schemas.exports import TakenView
from api.services.deputies import deputy
from api.services.exporting_pages import taken_view
from api.services.results import Taking, answers_in, names_of, parts_to_answer, take_results
from sync.permission import Action

Word = Annotated[list[str] | None, typer.Option(metavar="WORD", help="A word of *hasil*.")]


def result(  # noqa: PLR0913, PLR0917  (the parameters of a command are its options)
    file: Annotated[Path, typer.Argument(help="The CSV: kecamatan, desa, NIK, program, hasil, …")],
    export: Annotated[str, typer.Option(help="Which export it answers.")] = "",
    area: Annotated[str, typer.Option(help="Or: the exports of this area …")] = "",
    period: Annotated[str, typer.Option(help="… in this period.")] = "",
    diterima: Word = None,
    ditolak: Word = None,
    by: By = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Read an answer back. Refused rows become tasks of their RT; the same file changes nothing."""
    if bool(export) == bool(area and period):
        raise AppError("value-refused", "Name --export ID, or --area CODE and --period P.")
    words = shipped_words()
    words = replace(
        words,
        accepted=(*words.accepted, *(one.lower() for one in diterima or ())),
        rejected=(*words.rejected, *(one.lower() for one in ditolak or ())),
    )
    answers = answers_in(_content(file), words)
    with office() as opened:
        reader = reader_of(opened)
        with opened.database.reading() as session:
            parts = parts_to_answer(session, reader, export=export, area=area, period=period)
            taking = Taking(answers, names_of(session, parts))
        for desa, of_village in parts.items():
            with opened.database.writing() as session:
                who = deputy(session, reader, desa, Action.RECORD_RESULT, by=by)
                take_results(session, who, of_village, taking)
    view = taken_view(taking)
    if as_json:
        say_json(view.model_dump(mode="json"))
    else:
        _tell(view)


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > BYTES_MAX:
            raise AppError("payload-too-large")
        return file.read_bytes()
    except OSError as error:
        raise AppError("value-refused", f"The file cannot be read: {error.strerror}.") from None


def _tell(view: TakenView) -> None:
    say(f"{view.rows} rows, {view.matched} found again, {view.changed} new answers.")
    for outcome, count in view.outcomes.items():
        say(f"  {outcome}: {count}")
    for said, count in view.unclear.items():
        say(f"  not known as yes or no: {said!r} in {count} rows; see --diterima and --ditolak")
    say(f"{view.tasks_opened} tasks for RT heads, {view.tasks_closed} closed; lokus task list")
    if view.unmatched:
        lines = ", ".join(str(line) for line in view.unmatched[:20])
        more = " …" if len(view.unmatched) > 20 else ""
        say(f"No exported row for these lines: {lines}{more}")
