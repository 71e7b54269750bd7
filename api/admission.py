"""The door: a request beyond what can be worked on is turned away before it costs memory."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import AppError
from api.problems import ProblemAnswers

ALWAYS_ADMITTED: Final = "/health/"
"""Whoever asks whether the server is alive must not hear that it is busy."""


class Admission:
    """At most `requests_max` requests at a time; the rest hear `busy` and when to come again."""

    def __init__(self, app: ASGIApp, *, answers: ProblemAnswers, requests_max: int) -> None:
        self._app = app
        self._answers = answers
        self._requests_max = requests_max
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(ALWAYS_ADMITTED):
            await self._app(scope, receive, send)
            return
        if self._inside >= self._requests_max:
            await self._answers.answer(AppError("busy"))(scope, receive, send)
            return
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1
