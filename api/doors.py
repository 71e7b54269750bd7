"""A short way to the door: an address is compared with those that begin as it does.

A router compares it with one template after the other, a microsecond each. There are two hundred,
so for the last of them that took longer than all guards together.
"""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute
from starlette.types import Lifespan, Receive, Scope, Send
from typing_extensions import override

SEGMENTS = 2
"""So much of an address says which doors it may mean: `/v1/records`, `/health/live`."""


class Doors(APIRouter):
    """Every route of the application; of those that match, the first in the list answers.

    Slashes at the end of an address count, and nobody is sent elsewhere for the sake of one.
    """

    def __init__(self, routes: Sequence[BaseRoute], *, lifespan: Lifespan[FastAPI]) -> None:
        super().__init__(routes=list(routes), redirect_slashes=False, lifespan=lifespan)
        self._near = _by_beginning(routes)

    @override
    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        near = None
        # Beneath a prefix of somebody's proxy an address begins as that does.
        if scope["type"] == "http" and not scope.get("root_path"):
            near = self._near.get(_beginning(scope["path"]))
        if near is None:
            await super().app(scope, receive, send)
        else:
            scope["router"] = self
            await near.app(scope, receive, send)


def _beginning(path: str) -> str:
    return "/".join(path.split("/", SEGMENTS + 1)[: SEGMENTS + 1])


def _by_beginning(routes: Sequence[BaseRoute]) -> Mapping[str, APIRouter]:
    """For each beginning that a template spells out: what an address with it may mean, in order."""
    templates = [(_beginning(getattr(route, "path", "{}")), route) for route in routes]
    return {
        beginning: APIRouter(
            routes=[route for template, route in templates if _may_mean(beginning, template)],
            redirect_slashes=False,
        )
        for beginning in {template for template, _ in templates}
        if "{" not in beginning
    }


def _may_mean(beginning: str, template: str) -> bool:
    if "{" not in template:
        return beginning == template
    return beginning.startswith(template.partition("{")[0])
