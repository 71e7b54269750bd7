"""`lokus verify`: everything that a database can prove about itself."""

import sys
from dataclasses import asdict, replace
from typing import Annotated

import typer

from api.blobs import FOLDER, BlobStore
from api.cli.office import Office, office, say, say_json
from api.cli.record import reader_of
from api.services.claiming import complete_claims
from api.services.proofs.of_files import files_are_whole
from api.services.verifying import Report
from api.services.verifying import verify as verify_database
from models.queries.verifying import villages


def verify(
    complete: Annotated[
        bool,
        typer.Option(
            "--complete-claims",
            help="First note NIKs for other villages that a killed server had no time to note.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Recompute every invariant from the log up, and name what is wrong; then exit 1.

    Reads the whole database, village by village, while the server may go on serving.
    """
    with office() as opened:
        if complete:
            _complete(opened)
        report = verify_database(opened.database, opened.settings.secret)
        store = BlobStore(opened.settings.data_dir / FOLDER)
        with opened.database.reading() as session:
            files = tuple(files_are_whole(session, store))
    report = replace(report, damage=(*report.damage, *files))
    if as_json:
        say_json({"sound": report.is_sound, **asdict(report)})
    else:
        _tell(report)
    if not report.is_sound:
        sys.exit(1)


def _complete(opened: Office) -> None:
    reader = reader_of(opened)
    with opened.database.reading() as session:
        desas = villages(session)
    for desa in desas:
        with opened.database.writing() as session:
            complete_claims(session, reader.sight, desa)


def _tell(report: Report) -> None:
    for one in report.damage:
        where = f"village {one.desa}: " if one.desa else ""
        say(f"{one.check}: {where}{one.subject}: {one.detail}")
    looked = f"{report.villages} villages, {report.records} records, {report.operations} operations"
    if report.is_sound:
        say(f"Everything fits: {looked}, and the audit chains.")
    else:
        say(f"{len(report.damage)} things are wrong in {looked}.")
