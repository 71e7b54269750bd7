"""The short way to a door ends where trying one door after the other does."""

import asyncio
import re
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final

from fastapi import FastAPI
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message

from api.app import routers
from api.doors import Doors
from api.settings import Settings


def _nothing(_: FastAPI) -> AbstractAsyncContextManager[None]:
    return nullcontext()


def _stand_in(template: str, methods: set[str], number: int) -> Route:
    """A route that only says which one it is, and what it found in the address."""

    async def endpoint(request: Request) -> JSONResponse:
        return JSONResponse([number, request.path_params])

    return Route(template, endpoint, methods=methods)


OURS: Final = [
    (route.path, route.methods or set())
    for router in routers(Settings())
    for route in router.routes
    if isinstance(route, Route)
]
STAND_INS: Final = [_stand_in(*route, number) for number, route in enumerate(OURS)]
ONE_AFTER_THE_OTHER: Final = Router(STAND_INS, redirect_slashes=False)
DOORS: Final = Doors(STAND_INS, lifespan=_nothing)

WORDS: Final = sorted({word for path, _ in OURS for word in path.split("/") if "{" not in word})
_segments = st.sampled_from(WORDS) | st.sampled_from(["1", "x.csv", "ä", "\n", "x\n", "{code}"])
_templates = st.sampled_from([path for path, _ in OURS])
_endings = st.sampled_from(["", "/", "//", "\n", "/x"])


@st.composite
def addresses(draw: st.DrawFn) -> str:
    """An address that fits a template, nearly fits one, or only has words of ours."""
    template = draw(_templates | st.lists(_segments, max_size=6).map("/".join).map("/{}".format))
    filled = re.sub(r"\{[^{}]*\}", lambda _: draw(_segments), template)
    return filled + draw(_endings)


@given(st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE"]), addresses())
@example("GET", "/health/live\n")
def test_the_same_door_answers(method: str, path: str) -> None:
    assert _asked(DOORS, method, path) == _asked(ONE_AFTER_THE_OTHER, method, path)


@given(_templates)
def test_the_same_door_answers_beneath_a_proxys_prefix(path: str) -> None:
    theirs = _asked(ONE_AFTER_THE_OTHER, "GET", "/v1/key" + path, root_path="/v1/key")
    assert _asked(DOORS, "GET", "/v1/key" + path, root_path="/v1/key") == theirs


# Few words, so that several templates fit the same address.
_parts = st.sampled_from(["a", "b", "{x}", "a{x}", "{x:path}"])
_small = st.lists(_parts, min_size=1, max_size=3, unique=True).map("/".join).map("/{}".format)
_templates_of_few_words = st.lists(
    _small.filter(lambda template: template.count("{") < 2), min_size=1, max_size=6
)
_addresses_of_few_words = (
    st.lists(st.sampled_from("ab"), max_size=3).map("/".join).map("/{}".format)
)


@settings(max_examples=300)
@given(_templates_of_few_words, _addresses_of_few_words)
def test_the_first_of_several_answers(templates: list[str], address: str) -> None:
    stand_ins = [_stand_in(template, {"GET"}, n) for n, template in enumerate(templates)]
    theirs = _asked(Router(stand_ins, redirect_slashes=False), "GET", address)
    assert _asked(Doors(stand_ins, lifespan=_nothing), "GET", address) == theirs


def _asked(app: ASGIApp, method: str, path: str, root_path: str = "") -> tuple[int, bytes]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "root_path": root_path, "headers": []}
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]  # a coroutine, all the same
    return sent[0]["status"], sent[1]["body"]
