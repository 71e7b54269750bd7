"""Forms of signed-in people, with or without a file, as a route's body.

A form of ours repeats the page's token in a field, which a program says in a header; here the field
is put where the header would be, so that one rule guards both.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope
from typing_extensions import override

from api.bodies import BodyLimits, read_body
from api.dependencies import CSRF_HEADER
from api.errors import AppError
from api.multipart import Parts, boundary_of
from api.web.forms import FORM_MEDIA_TYPE

PAGE_FIELD: Final = "form"
FIELDS_MAX: Final = 20
FORM_BYTES_MAX: Final = 4 * 1024 * 1024
"""An answer of 30,000 rows; a larger file is for the command line."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form said, and the file that came with it."""

    fields: Mapping[str, str]
    file: bytes = b""

    def get(self, name: str) -> str:
        return self.fields.get(name, "").strip()


class FormRequest(Request):
    """A request whose form was read."""

    def __init__(self, scope: Scope, receive: Receive, sent: Sent) -> None:
        super().__init__(scope, receive)
        self.sent = sent


class FormRoute(APIRoute):
    """Routes that take a form of a signed-in person."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_form(request: Request) -> Response:
            try:
                sent = await _sent(request)
            except ClientDisconnect:
                raise AppError("request-timeout") from None
            scope = _with_token(request.scope, sent.fields.get(PAGE_FIELD))
            return await handle(FormRequest(scope, request.receive, sent))

        return handle_form


async def _form(request: Request) -> Sent:
    # What is no form of ours was refused before, or says nothing.
    return request.sent if isinstance(request, FormRequest) else Sent({})


SentForm = Annotated[Sent, Depends(_form)]
"""The form that came."""


async def _sent(request: Request) -> Sent:
    body = await read_body(request, BodyLimits(bytes_max=FORM_BYTES_MAX))
    media = request.headers.get("content-type", "")
    boundary = boundary_of(media)
    if boundary is not None:
        parts = Parts(_once(body), boundary)
        fields = await parts.fields()
        return Sent(fields, b"".join([chunk async for chunk in parts.file()]))
    if media.split(";")[0].strip() != FORM_MEDIA_TYPE:
        return Sent({})
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        return Sent({})
    return Sent(dict(pairs))


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _with_token(scope: Scope, token: str | None) -> Scope:
    name = CSRF_HEADER.encode()
    if token is None or any(header == name for header, _ in scope["headers"]):
        return scope
    return {**scope, "headers": [*scope["headers"], (name, token.encode("latin-1", "ignore"))]}
