"""Forms for clients that are no Collect: which there are, and each as JSON or as its XForm.

A version that was published never changes, so whoever has it never needs to ask again. Drafts are
not served here; closed versions are, because somebody may still have half of one filled in.
"""

import hashlib
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.schemas.forms import FormList, FormView
from api.security import Principal
from api.shell import AppShell
from models.queries import forms
from models.queries.forms import DRAFT
from sync.permission import Action

router = APIRouter(tags=["forms"], responses=ANY_PROBLEM)

FOR_EVER: Final = "private, max-age=31536000, immutable"
_NAME: Final = r"^[A-Za-z0-9_.-]{1,64}$"
FormId = Annotated[str, Path(pattern=_NAME)]
Version = Annotated[str, Path(pattern=_NAME)]
_JSON: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}},
    304: {"description": "What the client has is still right."},
}
_XML: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/xml": {"schema": {"type": "string"}}}},
    304: {"description": "What the client has is still right."},
}


@router.get("/v1/forms")
def list_forms(shell: AppShell, _: Annotated[Principal, allowed(Action.READ_MANIFEST)]) -> FormList:
    """The forms that phones are offered, one version of each."""
    with shell.database.reading() as session:
        found = forms.current_summaries(session)
    return FormList(forms=[FormView.of(one) for one in found])


@router.get("/v1/forms/{form_id}/{version}.json", response_class=Response, responses=_JSON)
def read_form(
    request: Request,
    shell: AppShell,
    _: Annotated[Principal, allowed(Action.READ_MANIFEST)],
    form_id: FormId,
    version: Version,
) -> Response:
    """A form as compact JSON: pages, questions, choices, and every expression as a tree.

    `api/formats/xform/compact.py` describes the members, `sync/expressions.py` the trees and the
    one list of functions that they call.
    """
    with shell.database.reading() as session:
        found = forms.compact_form(session, form_id, version)
    if found is None or found[0] == DRAFT:
        raise AppError("not-found")
    return _kept(request, found[1], "application/json")


@router.get("/v1/forms/{form_id}/{version}.xml", response_class=Response, responses=_XML)
def read_xform(
    request: Request,
    shell: AppShell,
    _: Annotated[Principal, allowed(Action.READ_MANIFEST)],
    form_id: FormId,
    version: Version,
) -> Response:
    """A form as the XForm that ODK Collect gets, byte for byte."""
    with shell.database.reading() as session:
        found = forms.published_form(session, form_id, version)
    if found is None or found.state == DRAFT:
        raise AppError("not-found")
    return _kept(request, found.xml, "text/xml; charset=utf-8")


def _kept(request: Request, content: bytes, media_type: str) -> Response:
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": FOR_EVER}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
