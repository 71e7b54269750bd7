"""Pages of the office: forms that say their page's token in a field, refusals that people can read.

The rule of a route asks a session for its token in a header, which a form cannot send. `OfficePage`
reads the form under a limit and says in the header what the form says in its field, so pages and
programs pass the same guard.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from typing_extensions import override

from api.bodies import BodyLimits, BoundedRequest, read_body
from api.dependencies import SESSION_COOKIE
from api.errors import AppError
from api.shell import Shell
from api.tokens import csrf_token
from api.uploads import UploadRoute, with_page_token
from api.web.forms import FORM_MEDIA_TYPE
from api.web.language import language_of
from api.web.office import SignInFirst
from api.web.rendering import page
from models.queries.auditing import append
from models.tables.audit import NO_VILLAGE

LIMITS: Final = BodyLimits(bytes_max=512 * 1024)
FIELDS_MAX: Final = 4000
"""A family of twenty with everything on the form has some 700."""


class WideRequest(BoundedRequest):
    """A request with the fields of its form."""

    fields: Mapping[str, str]


class OfficePage(SignInFirst):
    """A page of the office, and the forms on it."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_page(request: Request) -> Response:
            try:
                return await handle(await _with_fields(request))
            except AppError as refusal:
                return await refused(request, refusal)

        return handle_page


class OfficeUpload(UploadRoute):
    """A form of the office with a file in it."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_upload(request: Request) -> Response:
            try:
                return await handle(request)
            except AppError as refusal:
                return await refused(request, refusal)

        return handle_upload


async def refused(request: Request, refusal: AppError) -> Response:
    """A page that says what was refused; for programs the problem, as everywhere."""
    if "text/html" not in request.headers.get("accept", ""):
        raise refusal
    if refusal.audit is not None:
        await run_in_threadpool(_write_down, request, refusal)
    return await run_in_threadpool(_refusal_page, request, refusal)


def _refusal_page(request: Request, refusal: AppError) -> Response:
    values = {
        "title": refusal.title,
        "detail": refusal.detail,
        "rts": refusal.extra.get("rts") or [],
        "signed_in": True,
        "back": _back_of(request),
    }
    return page(request, "refused.html", language_of(request), values, status=refusal.status)


def _back_of(request: Request) -> str:
    """The page whose form was refused: forms of a round go to addresses beneath its own."""
    path = request.url.path
    parts = path.split("/")
    is_deed = request.method == "POST" and path.startswith("/kantor/putaran/")
    return "/".join(parts[:5]) if is_deed else path


def _write_down(request: Request, refusal: AppError) -> None:
    shell: Shell = request.app.state.shell
    assert refusal.audit is not None
    with shell.database.writing() as session:
        append(session, NO_VILLAGE, refusal.audit)


async def _with_fields(request: Request) -> Request:
    if request.method in {"GET", "HEAD"}:
        return request
    body = await read_body(request, LIMITS)
    fields = _fields(request, body)
    wide = WideRequest(with_page_token(request.scope, fields), request.receive, body)
    wide.fields = fields
    return wide


def _fields(request: Request, body: bytes) -> Mapping[str, str]:
    content_type = request.headers.get("content-type", "").split(";", maxsplit=1)[0].strip()
    if content_type != FORM_MEDIA_TYPE:
        return {}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:
        raise AppError("malformed-request", "The form could not be read.") from None


async def _fields_of(request: Request) -> Mapping[str, str]:
    return request.fields if isinstance(request, WideRequest) else {}


Fields = Annotated[Mapping[str, str], Depends(_fields_of)]
"""The fields of the form that was sent; none for what is no form."""


def page_token(request: Request) -> str:
    """What a form on a page of this session repeats."""
    return csrf_token(request.cookies.get(SESSION_COOKIE, ""))
