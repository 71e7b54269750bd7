"""Answers and refusals in Central's form: JSON, and `{message, code, details}` for a refusal."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

import orjson
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from typing_extensions import override

from api.bodies import BodyLimits, BoundedRequest, read_body
from api.errors import AppError
from api.formats.odata.refusals import BadQuestion
from api.shell import Shell
from models.database import Busy, StorageFull
from models.queries import auditing
from models.tables.audit import NO_VILLAGE

JSON_MEDIA_TYPE: Final = "application/json"
KEPT_BY_NOBODY: Final = {"Cache-Control": "no-store"}
LIMITS: Final = BodyLimits(bytes_max=64 * 1024)
RETRY_SECONDS: Final = 5

_CODES: Final[Mapping[str, str]] = {
    "malformed-request": "400.1",
    "payload-too-large": "400.36",
    "encoding-unknown": "400.37",
    "unauthorised": "401.2",
    "login-refused": "401.2",
    "not-permitted": "403.1",
    "not-found": "404.1",
    "request-timeout": "408.1",
    "too-many-requests": "429.1",
    "busy": "503.1",
    "storage-full": "507.1",
}
"""Our codes → Central's numbers, which begin with the status. It has none for the last four."""

_EXPECTED: Final = (
    AppError, BadQuestion, RequestValidationError, Busy, StorageFull, ClientDisconnect,
)  # fmt: skip

_log = structlog.get_logger("central")


def told(body: object, status: int = 200) -> Response:
    """An answer. Nobody on the way keeps it: it is about people."""
    return Response(orjson.dumps(body), status, KEPT_BY_NOBODY, JSON_MEDIA_TYPE)


def refused(code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal under Central's number."""
    status, _, _ = code.partition(".")
    body = {"message": message, "code": float(code), "details": {}}
    return Response(
        orjson.dumps(body), int(status), {**KEPT_BY_NOBODY, **(headers or {})}, JSON_MEDIA_TYPE
    )


class CentralRoute(APIRoute):
    """A route whose refusals are Central's, and whose body is small."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                body = b"" if request.method == "GET" else await read_body(request, LIMITS)
                return await handle(BoundedRequest(request.scope, request.receive, body))
            except _EXPECTED as error:
                if isinstance(error, AppError) and error.audit is not None:
                    await run_in_threadpool(_write_down, request.app.state.shell, error)
                return _answer_to(error)

        return answered


def _answer_to(error: Exception) -> Response:
    match error:
        case AppError():
            return refusal(error)
        case BadQuestion():
            return refused(error.code, error.message)
        case RequestValidationError():
            return refused("400.3", "A required parameter is missing or has another form.")
        case Busy():
            _log.warning("busy", reason=error.reason)
            return refusal(AppError("busy"))
        case StorageFull():
            _log.error("storage full")
            return refusal(AppError("storage-full"))
        case _:
            return refusal(AppError("request-timeout"))


def refusal(error: AppError) -> Response:
    """One of our refusals in Central's form."""
    code = _CODES[error.code]
    headers = dict(error.headers)
    if code == "401.2":
        headers["WWW-Authenticate"] = "Bearer"
    if code in {"429.1", "503.1", "507.1"}:
        headers["Retry-After"] = str(max(1, round(error.retry_after_seconds or RETRY_SECONDS)))
    return refused(code, error.detail, headers)


def a_router() -> APIRouter:
    """Routes of this door. They are Central's, so its documentation describes them, not ours."""
    return APIRouter(route_class=CentralRoute, include_in_schema=False)


def _write_down(shell: Shell, error: AppError) -> None:
    assert error.audit is not None, "asked for by the caller"
    with shell.database.writing() as session:
        auditing.append(session, NO_VILLAGE, error.audit)
