"""A route that leaves the event loop once, for whoever comes with many small bodies.

A phone that comes home sends its forms one after the other, each a few kilobytes. A thread for the
question who it is, another for what it says, and a stack for what the two of them opened cost more
than reading a form does. So a small body is taken in first, and one thread does all the rest. A
body that is not small is only read once its sender is known.

Forms have threads of their own, a share of all there are: more at a time would only stand in each
other's way, and a crowd of phones leaves the other threads to whoever looks at a page.
"""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Annotated, Any, Final

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from fastapi import Depends, Request, Response
from typing_extensions import override

from api.openrosa.answers import OpenRosaRoute
from api.openrosa.bodies import Body, fits_in_memory, received
from api.openrosa.holders import KeyHolder
from api.services.submitting_places import SenderChanged
from api.settings import Settings
from api.shell import Shell

SHARE: Final = 4
"""One of so many threads is for forms."""

_threads: RunVar[CapacityLimiter] = RunVar("threads for forms")


def threads_for_forms(settings: Settings) -> int:
    """How many of the threads work on forms, and on nothing else."""
    return max(1, settings.threads_max // SHARE)


def _by_route() -> Body:
    raise AssertionError("only a OneHopRoute hands a body over")


Received = Annotated[Body, Depends(_by_route)]
"""The whole body of the request, as a `OneHopRoute` hands it over."""


class OneHopRoute(OpenRosaRoute):
    """For `def endpoint(request, shell, sender, body)`, whose sender a `KeyHolder` asks for."""

    @override
    def handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answered: Callable[..., Response] = self.endpoint
        (rule,) = (d.call for d in self.dependant.dependencies if isinstance(d.call, KeyHolder))

        def at_once(request: Request, shell: Shell, body: Body) -> Response:
            remembered = rule.recall(request, shell)
            if remembered is not None:
                with suppress(SenderChanged):
                    return answered(request, shell, remembered, body)
                rule.forget(request, shell)
            return answered(request, shell, rule(request), body)

        async def handle(request: Request) -> Response:
            shell: Shell = request.app.state.shell
            threads = _threads.get(None)
            if threads is None:
                threads = CapacityLimiter(threads_for_forms(shell.settings))
                _threads.set(threads)
            if fits_in_memory(request):
                async with received(request) as body:
                    ask = partial(at_once, request, shell, body)
                    return await anyio.to_thread.run_sync(ask, limiter=threads)
            sender = await anyio.to_thread.run_sync(rule, request, limiter=threads)
            async with received(request) as body:
                ask = partial(answered, request, shell, sender, body)
                return await anyio.to_thread.run_sync(ask, limiter=threads)

        return handle
