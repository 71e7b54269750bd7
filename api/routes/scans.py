"""The scan of a signed berita acara: taken as a stream, kept under its hash."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.security import Principal
from api.services.keeping_files import Handover, keep_file
from api.services.reviewers import reviewer_of
from api.shell import AppShell
from api.uploads import Upload, UploadRoute, store_of
from sync.permission import Action

router = APIRouter(tags=["rounds"], responses=ANY_PROBLEM, route_class=UploadRoute)


class KeptScan(BaseModel):
    """What is kept. `sha256` names it in `/v1/files/…`, and is what a signature is bound to."""

    model_config = ConfigDict(from_attributes=True)

    sha256: str
    size: int
    media_type: str


@router.post(
    "/v1/rounds/{desa}/{period}/scan",
    status_code=201,
    operation_id="hand_in_scan",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                media_type: {"schema": {"type": "string", "format": "binary"}}
                for media_type in ("application/pdf", "image/jpeg", "image/png")
            },
        }
    },
)
def hand_in_scan(
    desa: str,
    period: str,  # noqa: ARG001  (the address is the round's; the file is the village's)
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.SIGN_ON_PAPER)],
    upload: Upload,
) -> KeptScan:
    """Keep the scan of the signed paper: a PDF, JPEG or PNG, as the body or in a form.

    The same file again is the same scan.
    """
    reviewer = reviewer_of(principal, shell)
    with shell.database.writing() as session:
        handover = Handover(desa, upload.received)
        held = keep_file(session, store_of(shell), reviewer, handover)
    return KeptScan.model_validate(held)
