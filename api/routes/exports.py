"""Files out: asked for, listed, downloaded, followed upstream, and answered."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import FileResponse

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.formats.exports.results import shipped_words
from api.routes.reading import noted
from api.schemas.exports import (
    AreaCode,
    AskExport,
    ExportedView,
    ExportLine,
    ExportList,
    ExportView,
    MoveExport,
    PeriodName,
    ProblemView,
    ProfileList,
    ProfileName,
    ReceiptView,
    ReportView,
    TakenView,
)
from api.schemas.reviewing import RecordId
from api.security import Principal
from api.services import exporting
from api.services.exporting import AskedExport, Place
from api.services.exporting_files import content_of
from api.services.exporting_pages import export_view, profile_views, report_view, taken_view
from api.services.exporting_villages import AskedVillages
from api.services.results import (
    Answers,
    Taking,
    answers_in,
    names_of,
    parts_to_answer,
    take_results,
)
from api.services.reviewers import reviewer_of
from api.shell import AppShell, Shell
from models.queries.exports import (
    EXPORTS_PER_PAGE_MAX,
    WantedExports,
    listed_exports,
    report_of,
)
from sync.permission import Action

router = APIRouter(
    tags=["exports"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=64 * 1024))
)
ANSWER_BYTES_MAX: Final = 4 * 1024 * 1024
"""Over the wire: some 30,000 rows. A larger answer is for the command line."""
answering = APIRouter(
    tags=["exports"],
    responses=ANY_PROBLEM,
    route_class=bounded(BodyLimits(bytes_max=ANSWER_BYTES_MAX)),
)

Exporter = Annotated[Principal, allowed(Action.EXPORT)]
Recorder = Annotated[Principal, allowed(Action.RECORD_RESULT)]

_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The file."}
}
_CSV: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/v1/exports/profiles")
def list_profiles(shell: AppShell, _principal: Exporter) -> ProfileList:
    """What can be made."""
    return ProfileList(profiles=profile_views(exporting.profiles(shell.settings)))


@router.post("/v1/exports", status_code=201)
def post_export(
    body: AskExport, shell: AppShell, principal: Exporter, response: Response
) -> ExportedView:
    """Make files of what villages signed, or a draft; with `check` only the report (200)."""
    if bool(body.desa) == (body.area is not None):
        raise AppError("value-refused", "Name villages (`desa`) or an area (`area`).")
    place = Place(shell.database, shell.settings, reviewer_of(principal, shell))
    villages = AskedVillages(body.period, body.desa, body.area or "", draft=body.draft)
    profile = exporting.profile_named(shell.settings, body.profile)
    asked = AskedExport(profile, villages, body.for_excel)
    if body.check:
        response.status_code = 200
        return ExportedView(export=None, report=checked_report(place, asked))
    with exporting.made(place, asked) as made:
        for desa in made.desas:
            # A transaction for each, because a village's turn is its own.
            with shell.database.writing() as session:
                exporting.note_village(session, place.reviewer, made, desa)
        report = report_view(made)
    with shell.database.reading() as session:
        parts = exporting.found_export(session, place.reviewer, made.id)
        view = export_view(session, parts)
    response.headers["Location"] = f"/v1/exports/{made.id}"
    return ExportedView(export=view, report=report)


@router.get("/v1/exports")
def list_exports(  # noqa: PLR0913, PLR0917  (a parameter for each restriction)
    shell: AppShell,
    principal: Exporter,
    area: Annotated[AreaCode | None, Query()] = None,
    period: Annotated[PeriodName | None, Query()] = None,
    profile: Annotated[ProfileName | None, Query()] = None,
    state: Annotated[str | None, Query(pattern="^[a-z]{1,12}$")] = None,
    limit: Annotated[int, Query(ge=1, le=EXPORTS_PER_PAGE_MAX)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> ExportList:
    """Villages' parts in exports, the latest first."""
    wanted = WantedExports(area or "", period or "", state or "", profile or "")
    with shell.database.reading() as session:
        sight = reviewer_of(principal, shell).sight
        found, total = listed_exports(session, sight, wanted, limit=limit, offset=offset)
    return ExportList(exports=[ExportLine.model_validate(one) for one in found], total=total)


@router.get("/v1/exports/{export}")
def get_export(export: RecordId, shell: AppShell, principal: Exporter) -> ExportView:
    """One export with its files, and what the ministry answered so far."""
    with shell.database.reading() as session:
        parts = exporting.found_export(session, reviewer_of(principal, shell), export)
        return export_view(session, parts)


@router.get("/v1/exports/{export}/report")
def get_report(export: RecordId, shell: AppShell, principal: Exporter) -> list[ProblemView]:
    """What was wrong when the files were made, row by row."""
    with shell.database.reading() as session:
        reviewer = reviewer_of(principal, shell)
        exporting.found_export(session, reviewer, export)
        found = report_of(session, reviewer.sight, export)
    return [ProblemView.model_validate(one) for one in found]


@router.get("/v1/exports/{export}/receipt")
def get_receipt(export: RecordId, shell: AppShell, principal: Exporter) -> ReceiptView:
    """The receipt of a final export: hashes, rows, who, when. It names nobody's family."""
    with shell.database.reading() as session:
        parts = exporting.found_export(session, reviewer_of(principal, shell), export)
    return ReceiptView.model_validate(exporting.receipt_of(parts))


@router.get("/v1/exports/{export}/files/{n}", response_class=FileResponse, responses=_FILE)
def get_file(
    export: RecordId,
    n: Annotated[int, Path(ge=0, le=100_000)],
    shell: AppShell,
    principal: Exporter,
) -> FileResponse:
    """One file. The download is on record."""
    return downloaded(shell, principal, export, n)


@router.post("/v1/exports/{export}/state")
def post_state(
    export: RecordId, body: MoveExport, shell: AppShell, principal: Recorder
) -> ExportView:
    """Say that the files were uploaded, taken or refused."""
    with shell.database.writing() as session:
        reviewer = reviewer_of(principal, shell)
        parts = exporting.move(session, reviewer, export, body.state, body.note)
        return export_view(session, parts)


async def _body(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_body)]
"""The bytes that came, read under the route's limit."""


@answering.post("/v1/exports/{export}/result", openapi_extra=_CSV)
def post_result(export: RecordId, shell: AppShell, principal: Recorder, content: Body) -> TakenView:
    """Read the ministry's answer back onto the rows that were sent; refused rows become tasks."""
    return taken_view(answered(shell, principal, export, answers_in(content, shipped_words())))


def checked_report(place: Place, asked: AskedExport) -> ReportView:
    """The report alone; who read it is on record before it leaves."""
    found = exporting.examined(place, asked)
    for desa in found.desas:
        with place.database.writing() as session:
            exporting.note_check(session, place.reviewer, found, desa)
    return report_view(found)


def downloaded(shell: Shell, principal: Principal, export: str, n: int) -> FileResponse:
    """A file of an export for somebody who came through a door; on record before it leaves."""
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        parts = exporting.found_export(session, reviewer, export)
    files = parts[0].files
    if n >= len(files):
        raise AppError("not-found")
    file = files[n]
    path = content_of(shell.settings.data_dir, str(file["sha256"]))
    for part in parts:
        entry = reviewer.entry("export-downloaded", export=export, file=file["sha256"])
        noted(shell, part.desa, entry)
    return FileResponse(
        path,
        media_type=str(file["media_type"]),
        # The name is ours: ASCII, without quotes or separators.
        headers={
            "Content-Disposition": f'attachment; filename="{file["name"]}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def answered(shell: Shell, principal: Principal, export: str, answers: Answers) -> Taking:
    """Take an answer village by village, each in a transaction of its own."""
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        parts = parts_to_answer(session, reviewer, export=export)
        taking = Taking(answers, names_of(session, parts))
    for of_village in parts.values():
        with shell.database.writing() as session:
            take_results(session, reviewer, of_village, taking)
    return taking
