"""`lokus export` makes files of what villages signed; `lokus exports` says how far they came."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli.office import Office, office, say, say_json, say_table
from api.cli.record import reader_of
from api.errors import AppError
from api.schemas.exports import ExportLine, ReceiptView, ReportView
from api.services import exporting
from api.services.deputies import deputy
from api.services.exporting import AskedExport, Made, Place
from api.services.exporting_files import path_of
from api.services.exporting_pages import profile_views, report_view
from api.services.exporting_villages import AskedVillages
from models.queries.auditing import append
from models.queries.exports import EXPORTS_PER_PAGE_MAX, WantedExports, listed_exports
from sync.operation import is_uuid
from sync.permission import Action

PROBLEMS_SHOWN_MAX: Final = 40

app = typer.Typer(help="What was exported, and how far it came.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
By = Annotated[
    str | None,
    typer.Option(metavar="ACCOUNT", help="In whose name; else the nearest who may do it."),
]
ExportId = Annotated[str, typer.Argument(help="The export's id, from `lokus exports list`.")]


def export(  # noqa: PLR0913, PLR0917  (the parameters of a command are its options)
    profile: Annotated[str, typer.Argument(help="A profile; `lokus exports profiles` lists them.")],
    period: Annotated[str, typer.Option(help="The period, like 2026-11.")],
    desa: Annotated[list[str] | None, typer.Option(help="A village; may be repeated.")] = None,
    area: Annotated[
        str | None, typer.Option(help="Every signed village of a kecamatan or kabupaten.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the files go.")] = Path(),
    draft: Annotated[
        bool, typer.Option("--draft", help="Of the register as it is now, marked as a draft.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="The report alone; nothing is made.")
    ] = False,
    for_excel: Annotated[
        bool, typer.Option("--excel", help="CSV that Excel opens without changing a digit.")
    ] = False,
    profile_file: Annotated[
        Path | None, typer.Option(help="A profile in a file instead of an installed one.")
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Make the files of a profile of what villages signed. The report comes first."""
    if bool(desa) == (area is not None):
        raise AppError("value-refused", "Name villages with --desa or an area with --area.")
    villages = AskedVillages(period, desa or (), area or "", draft=draft)
    with office() as opened:
        chosen = exporting.profile_named(opened.settings, profile, profile_file)
        asked = AskedExport(chosen, villages, for_excel)
        place = Place(opened.database, opened.settings, reader_of(opened))
        if check:
            found = exporting.examined(place, asked)
            for code in found.desas:
                with opened.database.writing() as session:
                    exporting.note_check(session, place.reviewer, found, code)
            _tell_report(report_view(found), as_json)
            return
        with exporting.made(place, asked) as made:
            report = report_view(made)
            if not as_json:
                _tell_report(report, as_json)
            _note(opened, made, by)
            paths = _hand_over(opened, made, out)
    _tell_files(made, report, paths, as_json)


def _note(opened: Office, made: Made, by: str | None) -> None:
    """Write each village's part down, in somebody's name: an export is never nobody's."""
    for desa in made.desas:
        with opened.database.writing() as session:
            who = deputy(session, reader_of(opened), desa, Action.EXPORT, by=by)
            exporting.note_village(session, who, made, desa)


def _hand_over(opened: Office, made: Made, out: Path) -> list[Path]:
    """Copy the files, and the receipt beside them, to where they were asked for."""
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for file in made.production.files:
        target = out / file.name
        shutil.copyfile(path_of(opened.settings.data_dir, file.sha256), target)
        target.chmod(0o600)
        paths.append(target)
    if made.receipt is not None:
        with opened.database.reading() as session:
            parts = exporting.found_export(session, reader_of(opened), made.id)
        view = ReceiptView.model_validate(exporting.receipt_of(parts))
        receipt = out / f"resi-{made.receipt}.json"
        receipt.write_text(view.model_dump_json(indent=2) + "\n", encoding="utf-8")
        paths.append(receipt)
    return paths


def _tell_files(made: Made, report: ReportView, paths: Sequence[Path], as_json: bool) -> None:
    profile = made.asked.profile.profile
    if as_json:
        say_json(
            {
                "export": made.id,
                "profile": profile.name,
                "profile_version": profile.version,
                "period": made.asked.villages.period,
                "draft": made.is_draft,
                "receipt": made.receipt,
                "files": [
                    {**file, "path": str(path)}
                    for file, path in zip(made.files, paths, strict=False)
                ],
                **report.model_dump(mode="json"),
            }
        )
        return
    for path, file in zip(paths, made.files, strict=False):
        say(f"{path}  {file['rows']} rows")
    if not made.files:
        say("No rows, so no files.")
    if made.is_draft:
        say("This is a draft: it has no receipt, and nothing of it may be uploaded.")
    else:
        say(f"Export {made.id}, receipt {made.receipt} ({paths[-1]}).")
        say(f"Once it is uploaded: lokus exports state {made.id} diunggah")


def _tell_report(report: ReportView, as_json: bool) -> None:
    if as_json:
        say_json(report.model_dump(mode="json"))
        return
    for village in report.villages:
        say(
            f"{village.desa}: {village.families} families, {village.persons} persons in the "
            f"snapshot; {village.rows} rows, {village.left_out} left out"
        )
    if report.not_signed:
        say(f"Not signed, so not in it: {', '.join(report.not_signed)}")
    columns = ("", "desa", "RT", "nama", "isian", "masalah", "perbaikan")
    rows = [
        {
            "": "BLOKIR" if one.blocks else "ingat",
            "desa": one.desa,
            "RT": one.rt,
            "nama": one.nama,
            "isian": one.field,
            "masalah": one.message,
            "perbaikan": one.fix,
        }
        for one in report.problems[:PROBLEMS_SHOWN_MAX]
    ]
    if rows:
        say_table(columns, rows)
    total = sum(report.counts.values())
    if total > len(rows):
        say(f"… and {total - len(rows)} more; --json tells them.")


@app.command("profiles")
def list_profiles(as_json: AsJson = False) -> None:
    """Which files can be made, and where their layout comes from."""
    with office() as opened:
        views = profile_views(exporting.profiles(opened.settings))
    if as_json:
        say_json([one.model_dump(mode="json") for one in views])
        return
    say_table(
        ("name", "version", "title", "source"), [one.model_dump(mode="json") for one in views]
    )


@app.command("list")
def list_exports(
    area: Annotated[str, typer.Option(help="Only those of this area.")] = "",
    period: Annotated[str, typer.Option(help="Only those of this period.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=EXPORTS_PER_PAGE_MAX)] = 50,
    as_json: AsJson = False,
) -> None:
    """Exports, the latest first."""
    with office() as opened, opened.database.reading() as session:
        sight = reader_of(opened).sight
        wanted = WantedExports(area, period)
        found, total = listed_exports(session, sight, wanted, limit=limit)
        lines = [ExportLine.model_validate(one).model_dump(mode="json") for one in found]
    if as_json:
        say_json(lines)
        return
    columns = ("id", "desa", "profile", "period", "state", "rows", "left_out", "created_at")
    say_table(columns, [{name: str(line[name]) for name in columns} for line in lines])
    if total > len(lines):
        say(f"{total - len(lines)} older ones are not shown, see --limit.")


@app.command("state")
def move(
    export_id: ExportId,
    state: Annotated[str, typer.Argument(help="diunggah, diterima or ditolak.")],
    note: Annotated[str, typer.Option(help="What was said about it.")] = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Say how far the files came upstream."""
    with office() as opened, opened.database.writing() as session:
        reader = reader_of(opened)
        parts = exporting.found_export(session, reader, _id(export_id))
        who = deputy(session, reader, parts[0].desa, Action.RECORD_RESULT, by=by)
        moved = exporting.move(session, who, export_id, state, note)
    if as_json:
        say_json({"export": export_id, "state": moved[0].state})
    else:
        say(f"Export {export_id} is {moved[0].state}.")


@app.command("receipt")
def receipt(export_id: ExportId) -> None:
    """The receipt of a final export, as JSON."""
    with office() as opened:
        reader = reader_of(opened)
        with opened.database.reading() as session:
            parts = exporting.found_export(session, reader, _id(export_id))
            told = ReceiptView.model_validate(exporting.receipt_of(parts))
        for part in parts:
            with opened.database.writing() as session:
                append(session, part.desa, reader.entry("export-receipt", export=export_id))
    say_json(told.model_dump(mode="json"))


def _id(text: str) -> str:
    if not is_uuid(text):
        raise AppError("value-refused", "An export's id is a UUID; `lokus exports list` shows it.")
    return text
