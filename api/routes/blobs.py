"""Files of a village, handed out to its office: always as a download, never as a page of ours."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from api.blobs import EXTENSIONS
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.security import Principal
from api.services.keeping_files import file_of
from api.services.reviewers import reviewer_of
from api.shell import AppShell
from api.uploads import store_of
from models.queries.auditing import append
from sync.permission import Action

router = APIRouter(tags=["files"], responses=ANY_PROBLEM)

# A PDF can hold scripts and links: whoever opens it does so outside of our pages.
_INERT: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file, as a download.",
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in EXTENSIONS
        },
    },
    206: {"description": "The part of it that `Range` asked for."},
}


@router.get(
    "/v1/files/{desa}/{sha256}",
    response_class=Response,
    responses=_BYTES,
    operation_id="read_file",
)
def read_file(
    desa: str,
    sha256: str,
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.PRINT)],
) -> Response:
    """A file that a village holds, by the SHA-256 of its bytes. The reading is audited."""
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        held = file_of(session, reviewer, desa, sha256)
    if not store_of(shell).has(held.sha256):
        raise AppError("not-found", "The register knows this file, but its bytes are not here.")
    with shell.database.writing() as session:
        append(session, desa, reviewer.entry("file-read", sha256=held.sha256))
    # No name that somebody gave: the village and the head of the hash say enough.
    name = f"{held.purpose}-{held.desa}-{held.sha256[:8]}.{EXTENSIONS[held.media_type]}"
    return FileResponse(
        store_of(shell).path_of(held.sha256),
        media_type=held.media_type,
        filename=name,
        headers=_INERT,
    )
