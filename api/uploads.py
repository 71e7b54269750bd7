"""Files that come over the wire: who sends them is asked first, then they are taken as a stream.

A route that takes a file has `upload: Upload` behind its principal. FastAPI settles dependencies
in the order of the parameters, so a stranger's bytes are never read. `UploadRoute` reads no more
beforehand than the small fields of a form, because the token of the page is one of them.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import anyio.to_thread
from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope
from typing_extensions import override

from api.blobs import FOLDER, BlobStore, Received
from api.bodies import chunks_of
from api.errors import AppError
from api.multipart import Parts, boundary_of
from api.shell import AppShell, Shell

CSRF_FIELD: Final = "form"
"""The field of our forms that repeats the page's token."""
CSRF_HEADER: Final = b"x-csrf-token"
_NO_FIELDS: Final[Mapping[str, str]] = {}


class UploadRequest(Request):
    """A request whose fields were read and whose file has not come yet."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        fields: Mapping[str, str],
        file: AsyncIterator[bytes],
    ) -> None:
        super().__init__(scope, receive)
        self.fields = fields
        self.file = file


class UploadRoute(APIRoute):
    """Routes that take a file: as the body itself, or as the last part of a form."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_upload(request: Request) -> Response:
            try:
                return await handle(await _begun(request))
            except ClientDisconnect:
                raise AppError("request-timeout") from None

        return handle_upload


async def _begun(request: Request) -> Request:
    if request.method in {"GET", "HEAD"}:
        return request
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise AppError("encoding-unknown", "A file is sent as it is, without Content-Encoding.")
    boundary = boundary_of(request.headers.get("content-type", ""))
    chunks = chunks_of(request)
    if boundary is None:
        return UploadRequest(request.scope, request.receive, _NO_FIELDS, chunks)
    parts = Parts(chunks, boundary)
    fields = await parts.fields()
    scope = with_page_token(request.scope, fields)
    return UploadRequest(scope, request.receive, fields, parts.file())


def with_page_token(scope: Scope, fields: Mapping[str, str]) -> Scope:
    """A form of ours says in a field what a program says in the header."""
    token = fields.get(CSRF_FIELD)
    if token is None or any(name == CSRF_HEADER for name, _ in scope["headers"]):
        return scope
    header = (CSRF_HEADER, token.encode("ascii", "replace"))
    return {**scope, "headers": [*scope["headers"], header]}


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """What came: the file, not yet kept, and the fields of the form around it."""

    received: Received
    fields: Mapping[str, str]


async def _uploaded(request: Request, shell: AppShell) -> AsyncIterator[UploadedFile]:
    assert isinstance(request, UploadRequest), "routes that take files are UploadRoutes"
    received = store_of(shell).receiving(shell.randomness, size_max=shell.settings.scan_bytes_max)
    try:
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > 2 * received.size_max:
            raise AppError("payload-too-large", limits={"bytes_max": received.size_max})
        async for chunk in request.file:
            await anyio.to_thread.run_sync(received.take, chunk)
        await anyio.to_thread.run_sync(received.finish)
        yield UploadedFile(received, request.fields)
    finally:
        await anyio.to_thread.run_sync(received.drop)


Upload = Annotated[UploadedFile, Depends(_uploaded)]
"""The file of a request, whole and on disk; gone after the answer unless it was kept."""


def store_of(shell: Shell) -> BlobStore:
    """The files of this installation."""
    return BlobStore(shell.settings.data_dir / FOLDER)
