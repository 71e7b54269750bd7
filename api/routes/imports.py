"""Lists of the government, brought in by whoever looks after the area: upload, preview, confirm."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.formats.lists.reading import AUTO
from api.schemas.imports import ImportList, ImportView
from api.schemas.reviewing import RecordId
from api.security import Principal
from api.services import import_shelf
from api.services.acts import act_of
from api.services.import_jobs import Job, begin, new_import, work
from api.services.import_runs import Run, area_code
from api.services.import_shelf import Shelf
from api.services.importing import ImportGround
from api.services.reviewers import ground_of
from api.shell import AppShell, Shell
from api.spooling import Spooled, spooled
from models.queries import imports
from models.queries.auditing import append
from models.queries.imports import DISCARDED, IMPORTS_PER_PAGE_MAX, RUNNING, StoredImport
from models.queries.scoping import Sight
from models.tables.audit import NO_VILLAGE
from sync.permission import Action
from sync.types import Json

FILE_BYTES_MAX: Final = 512 * 2**20
NDJSON: Final = "application/x-ndjson"

uploading = APIRouter(
    tags=["lists"],
    responses=ANY_PROBLEM,
    route_class=spooled(Action.IMPORT_LIST, FILE_BYTES_MAX),
)
router = APIRouter(
    tags=["lists"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=1024))
)

Importer = Annotated[Principal, allowed(Action.IMPORT_LIST)]
FileName = Annotated[str, Query(min_length=1, max_length=200)]
FileRole = Annotated[Literal["list", "codes", "map"], Query()]
_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string"}}},
    }
}
_STEPS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A JSON object a line: each step, then the report or a problem.",
        "content": {NDJSON: {"schema": {"type": "string"}}},
    }
}


@uploading.post("/v1/imports", status_code=201, openapi_extra=_FILE)
def post_import(  # noqa: PLR0913, PLR0917 (a parameter for each of the query's)
    request: Request,
    shell: AppShell,
    principal: Importer,
    area: Annotated[str, Query(pattern=r"^[0-9.]{2,13}$")],
    name: FileName = "daftar",
    format: Annotated[str, Query(pattern=r"^[a-z0-9_]{1,40}$")] = AUTO,  # noqa: A002 (the wire's word)
    issued: date | None = None,
) -> ImportView:
    """Upload a list's first file: the body, CSV or xlsx. Nothing is brought in yet.

    `area` is Kemendagri's code; villages outside of it are refused. `format` is a name of the
    catalogue, or `auto`: by the headers. Further files of the list follow at `/files`.
    """
    now, code = shell.now(), area_code(area)
    options: dict[str, Json] = {"format": format, "issued": issued.isoformat() if issued else None}
    stored = new_import(shell.new_id(), code, options, now, principal.account_id)
    shelf = _shelf(shell)
    with shell.database.reading() as session:
        import_shelf.require_area(session, principal, code, now)
    file = _kept(request, shell, stored.id, name, import_shelf.LIST)
    with shell.database.writing() as session:
        import_shelf.sweep(session, shelf, now)
        imports.add_import(session, stored)
        stored = import_shelf.add_file(session, stored, file, now)
        act = act_of(principal, shell)
        append(session, NO_VILLAGE, act.entry("list-uploaded", area=code, **{"import": stored.id}))
    return ImportView.of(stored)


@uploading.post("/v1/imports/{id}/files", status_code=201, openapi_extra=_FILE)
def post_file(
    id: RecordId,  # noqa: A002 (a path's parameter)
    request: Request,
    shell: AppShell,
    principal: Importer,
    name: FileName = "daftar",
    role: FileRole = "list",
) -> ImportView:
    """One more file: the other half of a pair, the office's table of codes, a map of columns."""
    now = shell.now()
    with shell.database.reading() as session:
        import_shelf.import_in_sight(session, principal, id, now)
    file = _kept(request, shell, id, name, role)
    with shell.database.writing() as session:
        stored = import_shelf.import_in_sight(session, principal, id, now)
        stored = import_shelf.add_file(session, stored, file, now)
    return ImportView.of(stored)


@router.get("/v1/imports")
def list_imports(
    shell: AppShell,
    principal: Importer,
    limit: Annotated[int, Query(ge=1, le=IMPORTS_PER_PAGE_MAX)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> ImportList:
    """Imports of areas that are wholly the caller's, the newest first."""
    areas = Sight(principal.scope, shell.now()).whole_areas()
    with shell.database.reading() as session:
        found, total = imports.imports_in(session, areas, limit=limit, offset=offset)
    return ImportList(imports=[ImportView.of(one) for one in found], total=total)


@router.get("/v1/imports/{id}")
def get_import(id: RecordId, shell: AppShell, principal: Importer) -> ImportView:  # noqa: A002 (a path's parameter)
    """Where an import stands; while it runs, how far it is."""
    with shell.database.reading() as session:
        return ImportView.of(import_shelf.import_in_sight(session, principal, id, shell.now()))


@router.post("/v1/imports/{id}/preview", responses=_STEPS, response_class=StreamingResponse)
def post_preview(id: RecordId, shell: AppShell, principal: Importer) -> StreamingResponse:  # noqa: A002 (a path's parameter)
    """Say what the import would do, and change nothing. Answers with each step, then the report."""
    now = shell.now()
    with shell.database.reading() as session:
        stored = import_shelf.import_in_sight(session, principal, id, now)
    if stored.state == RUNNING:
        raise AppError("import-running", other=stored.id)
    return _steps(shell, principal, stored, dry_run=True)


@router.post("/v1/imports/{id}/confirm", responses=_STEPS, response_class=StreamingResponse)
def post_confirm(id: RecordId, shell: AppShell, principal: Importer) -> StreamingResponse:  # noqa: A002 (a path's parameter)
    """Bring the list in, as previewed. Answers with each step, then the report.

    It goes on when nobody listens. One that died, or could not finish, may be confirmed again: what
    is in the register is not brought in twice.
    """
    now = shell.now()
    with shell.database.writing() as session:
        stored = import_shelf.import_in_sight(session, principal, id, now)
        import_shelf.require_confirmable(stored, now)
        begin(session, stored, now)
        act = act_of(principal, shell)
        entry = act.entry("list-confirmed", area=stored.area, **{"import": stored.id})
        append(session, NO_VILLAGE, entry)
    return _steps(shell, principal, stored, dry_run=False)


@router.get("/v1/imports/{id}/refused/{number}", response_class=FileResponse)
def get_refused(
    id: RecordId,  # noqa: A002 (a path's parameter)
    number: Annotated[int, "place among `refused_files`"],
    shell: AppShell,
    principal: Importer,
) -> Response:
    """Refused rows of one file, in its own form, with the reason beside each."""
    with shell.database.reading() as session:
        stored = import_shelf.import_in_sight(session, principal, id, shell.now())
    told = stored.report or stored.preview or {}
    names = told.get("refused_files")
    if not isinstance(names, list) or not 0 <= number < len(names):
        raise AppError("not-found")
    path = _shelf(shell).refused(id) / str(names[number])
    if not path.is_file():
        raise AppError("not-found")
    with shell.database.writing() as session:
        act = act_of(principal, shell)
        append(session, NO_VILLAGE, act.entry("refused-rows-read", **{"import": stored.id}))
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


@router.delete("/v1/imports/{id}", status_code=204)
def delete_import(id: RecordId, shell: AppShell, principal: Importer) -> None:  # noqa: A002 (a path's parameter)
    """Give an import up. What it has brought in already stays."""
    now = shell.now()
    with shell.database.writing() as session:
        stored = import_shelf.import_in_sight(session, principal, id, now)
        if stored.state == RUNNING:
            raise AppError("import-running", other=stored.id)
        imports.change_import(session, id, now, state=DISCARDED, files=[], finished_at=now)
    _shelf(shell).empty(id, refused_too=True)


def _shelf(shell: Shell) -> Shelf:
    return Shelf(shell.settings.data_dir)


def _kept(request: Request, shell: Shell, import_id: str, name: str, role: str) -> dict[str, Json]:
    upload: Spooled = request.state.upload
    return {
        "name": import_shelf.plain_file_name(name),
        "role": role,
        "stored": _shelf(shell).keep(import_id, upload, shell.randomness),
        "bytes": upload.size_bytes,
        "sha256": upload.sha256,
    }


def _steps(
    shell: Shell, principal: Principal, stored: StoredImport, *, dry_run: bool
) -> StreamingResponse:
    shelf = _shelf(shell)
    given = import_shelf.input_of(shelf, stored)
    at = ImportGround(
        shell.database,
        shell.clock,
        shell.randomness,
        ground_of(shell.settings),
        principal.account_id,
    )

    def walk(heard: Callable[[dict[str, Json]], None]) -> dict[str, Json]:
        job = Job(at, stored.id, lambda step: heard(dict(step)))
        refused = shelf.refused(stored.id)
        report = work(job, given, Run(stored.id, dry_run, refused, job.step, job.begun))
        if not dry_run and report.is_complete:
            shelf.empty(stored.id)
        return {"report": report.told()}

    # Named, so that nothing on the way holds steps back to pack them together.
    headers = {"Content-Encoding": "identity"}
    steps: Iterator[bytes] = import_shelf.streamed(walk)
    return StreamingResponse(steps, media_type=NDJSON, headers=headers)
