"""Large files that come in: onto the disk while they arrive, under limits, never under their names.

A list of a district has 150 MB; it is never held in memory. Who may not bring lists in is told so
before the first byte is taken, since until then a stranger could fill the disk.
"""

import hashlib
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

import anyio.to_thread
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope
from typing_extensions import override

from api.bodies import chunks_of
from api.dependencies import authenticated
from api.errors import AppError
from api.shell import Shell
from sync.permission import Action

UPLOADS_FOLDER: Final = "uploads"


@dataclass(frozen=True, slots=True)
class Spooled:
    """A file that has arrived; whoever wants to keep it moves it away."""

    path: Path
    size_bytes: int
    sha256: str


def spooled(action: Action, bytes_max: int) -> type[APIRoute]:
    """The class of routes whose body is a file: `request.state.upload` is a `Spooled`."""

    class SpooledRoute(APIRoute):
        @override
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handle_spooled(request: Request) -> Response:
                shell: Shell = request.app.state.shell
                principal = await anyio.to_thread.run_sync(authenticated, request, shell)
                if not principal.may(action):
                    # The route's own rule says so, and writes it down.
                    return await handle(_Taken(request.scope, request.receive))
                upload = await _spool(request, shell.settings.data_dir / UPLOADS_FOLDER, bytes_max)
                try:
                    request.state.upload = upload
                    return await handle(_Taken(request.scope, request.receive))
                finally:
                    with suppress(FileNotFoundError):
                        upload.path.unlink()

            return handle_spooled

    return SpooledRoute


class _Taken(Request):
    """A request whose body lies on the disk: nothing is left to be read."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)

    @override
    async def body(self) -> bytes:
        return b""


class _Spool:
    """A file of a random name that grows up to a limit."""

    def __init__(self, folder: Path, bytes_max: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115 (it is kept)
        self._digest = hashlib.sha256()
        self._bytes_max = bytes_max
        self._size = 0

    def write(self, chunk: bytes) -> None:
        """Add a chunk. Raises `AppError` `payload-too-large`."""
        self._size += len(chunk)
        if self._size > self._bytes_max:
            raise _too_large(self._bytes_max)
        self._digest.update(chunk)
        self._file.write(chunk)

    def finish(self) -> Spooled:
        """What has arrived."""
        self._file.close()
        return Spooled(Path(self._file.name), self._size, self._digest.hexdigest())

    def discard(self) -> None:
        """Nobody wants it."""
        self._file.close()
        Path(self._file.name).unlink(missing_ok=True)


async def _spool(request: Request, folder: Path, bytes_max: int) -> Spooled:
    """The body as a file.

    Raises `AppError`: `payload-too-large`, `encoding-unknown`, `request-timeout`.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise AppError("encoding-unknown", "A list is sent as it is, without Content-Encoding.")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > bytes_max:
        raise _too_large(bytes_max)
    spool = await anyio.to_thread.run_sync(_Spool, folder, bytes_max)
    try:
        async for chunk in chunks_of(request):
            await anyio.to_thread.run_sync(spool.write, chunk)
    except ClientDisconnect:
        await anyio.to_thread.run_sync(spool.discard)
        raise AppError("request-timeout") from None
    except AppError:
        await anyio.to_thread.run_sync(spool.discard)
        raise
    return await anyio.to_thread.run_sync(spool.finish)


def _too_large(bytes_max: int) -> AppError:
    return AppError("payload-too-large", limits={"bytes_max": bytes_max})
