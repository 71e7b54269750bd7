"""A route that leaves the event loop once, for whoever comes with many small bodies.

A phone that comes home sends its forms one after the other, each a few kilobytes. A thread for the
question who it is, another for what it says, and a stack for what the two of them opened cost more
than reading a form does. So a small body is taken in first, and one thread does all the rest. A
body that is not small is only read once its sender is known.

Who was here a moment ago, and belongs to one village, is served together with others
(`api.openrosa.crowds`): with those of any villages where forms are decided ahead of their turn,
then, if that did not answer, with those of the same village.

Forms have threads of their own, a share of all there are: more at a time would only stand in each
other's way, and a crowd of phones leaves the other threads to whoever looks at a page.
"""

from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final, TypeAlias

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from fastapi import Depends, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from api.openrosa.answers import OpenRosaRoute
from api.openrosa.bodies import Body, fits_in_memory, received
from api.openrosa.holders import KeyHolder
from api.security import Principal
from api.services.submitting_places import SenderChanged, only_village
from api.settings import Settings
from api.shell import Shell

SHARE: Final = 4
"""One of so many threads is for forms."""

_threads: RunVar[CapacityLimiter] = RunVar("threads for forms")


def threads_for_forms(settings: Settings) -> int:
    """How many of the threads work on forms, and on nothing else."""
    return max(1, settings.threads_max // SHARE)


def _by_route() -> Body:
    raise AssertionError("only a route of `one_hop` hands a body over")


Received = Annotated[Body, Depends(_by_route)]
"""The whole body of the request, as a route of `one_hop` hands it over."""


@dataclass(frozen=True, slots=True)
class Knock:
    """A small request of somebody who was here a moment ago."""

    request: Request
    sender: Principal
    village: str
    body: Body


Answers: TypeAlias = Callable[[Shell, Sequence[Knock]], Sequence[Response | None]]
"""Answers several requests in their order."""


@dataclass(frozen=True, slots=True)
class Company:
    """How requests that come at the same time are answered: those of a body that ``joins``."""

    joins: Callable[[Body], bool]
    ahead: Answers
    """Of any villages; nothing for a request that its village has to hear."""
    together: Answers
    """Of one village; nothing for a request that has to be asked alone."""


def one_hop(company: Company) -> type[OpenRosaRoute]:
    """The class of a route `def endpoint(request, shell, sender, body)`.

    A `KeyHolder` asks for its sender.
    """

    class OneHopRoute(OpenRosaRoute):
        def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 (FastAPI's)
            super().__init__(*arguments, **options)
            # Nothing of what FastAPI opens around an endpoint is asked for by `_Door`.
            self.app = _answering(self.get_route_handler())

        @override
        def handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            (rule,) = (d.call for d in self.dependant.dependencies if isinstance(d.call, KeyHolder))
            return _Door(self.endpoint, rule, company).handle

    return OneHopRoute


def _answering(handle: Callable[[Request], Coroutine[Any, Any, Response]]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handle(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


@dataclass(frozen=True, slots=True)
class _Door:
    answered: Callable[..., Response]
    rule: KeyHolder
    company: Company

    async def handle(self, request: Request) -> Response:
        shell: Shell = request.app.state.shell
        if not fits_in_memory(request):
            threads = _threads_of(shell)
            sender = await anyio.to_thread.run_sync(self.rule, request, limiter=threads)
            async with received(request) as body:
                ask = partial(self.answered, request, shell, sender, body)
                return await anyio.to_thread.run_sync(ask, limiter=threads)
        async with received(request) as body:
            answer = await self._with_others(request, shell, body)
            if answer is not None:
                return answer
            ask = partial(self._at_once, request, shell, body)
            return await anyio.to_thread.run_sync(ask, limiter=_threads_of(shell))

    async def _with_others(self, request: Request, shell: Shell, body: Body) -> Response | None:
        """The answer, where it is known at once to which village the request belongs."""
        if not self.company.joins(body):
            return None
        sender = self.rule.recall(request, shell)
        if sender is None and self.rule.was_here(request, shell):
            # Asked anew now, and not in its turn: that would be one of its own, and whatever came
            # to its village at the same time would have to come again.
            await anyio.to_thread.run_sync(self.rule, request, limiter=_threads_of(shell))
            sender = self.rule.recall(request, shell)
        village = only_village(sender.scope) if sender is not None else None
        if sender is None or village is None:
            return None

        knock = Knock(request, sender, village, body)
        if shell.decides_ahead:
            answer = await shell.hall.join(
                village, knock, partial(_served, shell, self.company.ahead)
            )
            if answer is not None:
                return answer
        try:
            together = partial(_served, shell, self.company.together)
            return await shell.crowds.join(village, knock, together)
        finally:
            if shell.decides_ahead:
                shell.hall.come_back(village)

    def _at_once(self, request: Request, shell: Shell, body: Body) -> Response:
        remembered = self.rule.recall(request, shell)
        if remembered is not None:
            with suppress(SenderChanged):
                return self.answered(request, shell, remembered, body)
            self.rule.forget(request, shell)
        return self.answered(request, shell, self.rule(request), body)


async def _served(
    shell: Shell, answers: Answers, knocks: Sequence[Knock]
) -> Sequence[Response | None]:
    return await anyio.to_thread.run_sync(answers, shell, knocks, limiter=_threads_of(shell))


def _threads_of(shell: Shell) -> CapacityLimiter:
    threads = _threads.get(None)
    if threads is None:
        threads = CapacityLimiter(threads_for_forms(shell.settings))
        _threads.set(threads)
    return threads
