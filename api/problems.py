"""Turn whatever was raised into a problem that goes over the wire.

Nothing that was sent is repeated, and nothing that was raised is shown: a message of the database
or of a parser may hold somebody's name.
"""

import re
import traceback
from typing import Final, cast

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import PROBLEM_MEDIA_TYPE, AppError
from api.randomness import Randomness
from models.database import Busy, Database, StorageFull
from models.queries import auditing
from models.tables.audit import NO_VILLAGE
from sync.types import Json

RETRY_SECONDS: Final = 5.0
"""Of Retry-After where nothing better is known."""
ERRORS_SHOWN_MAX: Final = 20

_OWN_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_STATUS_CODES = {
    400: "malformed-request",
    401: "unauthorised",
    403: "not-permitted",
    404: "not-found",
    405: "method-not-allowed",
    413: "payload-too-large",
    416: "range-unsatisfiable",
}

_log = structlog.get_logger("api")


class ProblemAnswers:
    """Everything that is not the answer somebody asked for."""

    def __init__(self, database: Database, randomness: Randomness) -> None:
        self._database = database
        self._randomness = randomness

    def register(self, app: FastAPI) -> None:
        """Answer for every exception that routes and dependencies are known to raise."""
        app.add_exception_handler(AppError, self._refused)
        app.add_exception_handler(RequestValidationError, self._malformed)
        app.add_exception_handler(HTTPException, self._by_status)
        app.add_exception_handler(Busy, self._busy)
        app.add_exception_handler(StorageFull, self._full)

    def answer(self, error: AppError) -> Response:
        """The problem of an `AppError`, with the headers that belong to its status."""
        headers = dict(error.headers)
        if error.status in {429, 503, 507}:
            headers["Retry-After"] = str(self._spread(error.retry_after_seconds or RETRY_SECONDS))
        if error.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return Response(
            orjson.dumps(error.body()),
            status_code=error.status,
            headers=headers,
            media_type=PROBLEM_MEDIA_TYPE,
        )

    def unexpected(self, error: Exception) -> Response:
        """A mistake of ours: a line in the log, and its reference in the answer.

        The log gets the kind of exception and where it was raised, never its message.
        """
        reference = self._randomness(4).hex()
        frames = traceback.extract_tb(error.__traceback__)[-12:]
        _log.error(
            "unexpected error",
            reference=reference,
            kind=f"{type(error).__module__}.{type(error).__qualname__}",
            at=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        )
        return self.answer(AppError("internal", reference=reference))

    def _spread(self, seconds: float) -> int:
        """One to two times as long: who is turned away together must not come back together."""
        return max(1, round(seconds * (1 + self._randomness(1)[0] / 255)))

    async def _refused(self, _: Request, error: Exception) -> Response:
        refusal = cast("AppError", error)
        if refusal.audit is not None:
            await run_in_threadpool(self._write_down, refusal)
        return self.answer(refusal)

    def _write_down(self, refusal: AppError) -> None:
        assert refusal.audit is not None
        with self._database.writing() as session:
            auditing.append(session, NO_VILLAGE, refusal.audit)

    async def _malformed(self, _: Request, error: Exception) -> Response:
        found = cast("RequestValidationError", error).errors()[:ERRORS_SHOWN_MAX]
        places: list[Json] = [
            {"at": _place(one["loc"], one["type"]), "problem": str(one["type"])} for one in found
        ]
        return self.answer(AppError("malformed-request", errors=places))

    async def _by_status(self, _: Request, error: Exception) -> Response:
        raised = cast("HTTPException", error)
        code = _STATUS_CODES.get(raised.status_code)
        if code is None:
            return self.unexpected(raised)
        return self.answer(AppError(code, headers=raised.headers))

    async def _busy(self, _: Request, error: Exception) -> Response:
        _log.warning("busy", reason=cast("Busy", error).reason)
        return self.answer(AppError("busy"))

    async def _full(self, _: Request, __: Exception) -> Response:
        _log.error("storage full")
        return self.answer(AppError("storage-full"))


class UnexpectedErrors:
    """The last net, inside all other middleware, so that a 500 has their headers too."""

    def __init__(self, app: ASGIApp, answers: ProblemAnswers) -> None:
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            response = self._answers.unexpected(error)
            if started:
                raise  # half an answer is no answer: the connection has to break
            await response(scope, receive, send)


def _place(location: tuple[object, ...], kind: str) -> str:
    """Where a value was wrong, in names of ours only: an unknown key may be somebody's NIK."""
    parts = location[:-1] if kind == "extra_forbidden" else location
    return ".".join(
        str(part) if isinstance(part, int) or _OWN_NAME.fullmatch(str(part)) else "…"
        for part in parts
    )
