"""Every route says what it does, in one way, and that decides who may call it.

`principal: Annotated[Principal, allowed(Action.SYNC)]` asks for somebody whose role allows it;
`dependencies=[public(Action.LOG_IN)]` says that anybody may. `route_rules` lists what all routes
said; the application does not start while one of them is silent.

Authentication reads in a transaction of its own that is closed before the route begins. Nothing
here ever writes: what a dependency writes is committed after the answer has left.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

from fastapi import Depends, FastAPI, Request, params
from fastapi.routing import APIRoute, iter_route_contexts

from api.errors import AppError
from api.security import Principal, device_principal, session_principal
from api.shell import Shell
from api.tokens import digest, same
from models.queries.auditing import AuditEntry
from sync.permission import PUBLIC_ACTIONS, Action

SESSION_COOKIE: Final = "lokus_session"
CSRF_HEADER: Final = "x-csrf-token"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Allowed:
    """Lets a request pass whose sender's role allows the action, and says who it is."""

    own_door = False
    """Does a door of its own ask who is there, in the words of its own protocol?"""

    def __init__(self, action: Action, *, device_only: bool = False) -> None:
        self.action = action
        self._device_only = device_only

    def __call__(self, request: Request) -> Principal:
        shell: Shell = request.app.state.shell
        principal = authenticated(request, shell)
        if principal.may(self.action) and not (self._device_only and principal.session):
            return principal
        code = "device-revoked" if principal.revoked else "not-permitted"
        raise AppError(code, audit=refusal_entry(shell, principal, request, code))


class Public:
    """Says that anybody may do this; only an action that is public in the table can be."""

    def __init__(self, action: Action) -> None:
        if action not in PUBLIC_ACTIONS:
            raise ValueError(f"{action} is not public: sync.permission decides what is")
        self.action = action

    async def __call__(self) -> None:
        return None


def allowed(action: Action, *, device_only: bool = False) -> params.Depends:
    """The rule of a route for people and devices; with `device_only` not for browsers."""
    return cast("params.Depends", Depends(Allowed(action, device_only=device_only)))


def public(action: Action) -> params.Depends:
    """The rule of a route for everybody."""
    return cast("params.Depends", Depends(Public(action)))


def authenticated(request: Request, shell: Shell) -> Principal:
    """The sender of a request: a device's bearer token, or a browser's session.

    Raises `AppError` `unauthorised`, or `csrf-missing` for a session that would change something
    without its page's token.
    """
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme:
        return _device(shell, scheme, bearer.strip())
    cookie = request.cookies.get(SESSION_COOKIE)
    if cookie is None:
        raise AppError("unauthorised")
    with shell.database.reading() as session:
        signed_in = session_principal(session, cookie, shell.now())
    if signed_in is None:
        raise AppError("unauthorised")
    if request.method not in _READING:
        shown = request.headers.get(CSRF_HEADER, "")
        if not same(digest(shown), signed_in.csrf_digest):
            audit = refusal_entry(shell, signed_in.principal, request, "csrf-missing")
            raise AppError("csrf-missing", audit=audit)
    return signed_in.principal


def _device(shell: Shell, scheme: str, token: str) -> Principal:
    if scheme.lower() != "bearer":
        raise AppError("unauthorised")
    with shell.database.asking() as session:
        principal = device_principal(session, token)
    if principal is None:
        raise AppError("unauthorised")
    return principal


def refusal_entry(shell: Shell, principal: Principal, request: Request, code: str) -> AuditEntry:
    """That somebody was turned away, for the audit chain."""
    route = getattr(request.scope.get("route"), "path", "")
    return AuditEntry(
        at=shell.now(),
        action="refused",
        actor=principal.account_id,
        device=principal.device_id,
        detail={"code": code, "method": request.method, "route": route},
    )


@dataclass(frozen=True, slots=True)
class RouteRule:
    """One route and what it said about itself."""

    path: str
    methods: frozenset[str]
    action: Action
    is_public: bool
    own_door: bool = False
    """Who calls is asked in the words of another protocol (`api.openrosa`)."""


class RouteWithoutRule(Exception):
    """A route that does not say what it does could be called by anybody."""

    def __init__(self, path: str | None) -> None:
        super().__init__(
            f"{path} has no rule: add `principal: Annotated[Principal, allowed(Action.…)]` or "
            "`dependencies=[public(Action.…)]`, exactly one"
        )


def route_rules(app: FastAPI) -> list[RouteRule]:
    """The rule of every route of the application. Raises `RouteWithoutRule`."""
    return list(_rules(app))


def _rules(app: FastAPI) -> Iterator[RouteRule]:
    for context in iter_route_contexts(app.routes):
        if not isinstance(context.original_route, APIRoute):
            raise RouteWithoutRule(context.path)
        rules = [
            dependency.call
            for dependency in context.dependant.dependencies
            if isinstance(dependency.call, Allowed | Public)
        ]
        if len(rules) != 1 or context.path is None:
            raise RouteWithoutRule(context.path)
        (rule,) = rules
        methods = frozenset(context.methods or ())
        own_door = isinstance(rule, Allowed) and rule.own_door
        is_public = isinstance(rule, Public)
        yield RouteRule(context.path, methods, rule.action, is_public, own_door)
