"""Signing in and out of a browser, and who is signed in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response

from api.bodies import BodyLimits, bounded
from api.dependencies import SESSION_COOKIE, allowed, public
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.schemas.accounts import AreaView, OwnAccount, SignInRequest
from api.security import Principal
from api.services.signing_in import sign_in, sign_out
from api.shell import AppShell, Shell
from api.tokens import csrf_token
from models.queries import accounts, areas
from models.queries.accounts import Area
from sync.permission import ROLE_ACTIONS, Action, Role

router = APIRouter(
    tags=["sessions"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=4 * 1024))
)


@router.post("/v1/sessions", status_code=201, dependencies=[public(Action.LOG_IN)])
def open_session(body: SignInRequest, shell: AppShell, response: Response) -> OwnAccount:
    """Sign in with name and password: sets the session's cookie and tells its CSRF token."""
    signed_in = sign_in(shell, body.name, body.password)
    response.set_cookie(
        SESSION_COOKIE,
        signed_in.token,
        max_age=int(shell.session_length.total_seconds()),
        path="/",
        secure=shell.settings.public_url.startswith("https://"),
        httponly=True,
        samesite="strict",
    )
    account = signed_in.account
    who = (account.id, account.name, Role(account.role))
    return _own_account(shell, who, signed_in.csrf, signed_in.expires_at)


@router.get("/v1/me")
def read_own_account(
    request: Request,
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.READ_OWN_ACCOUNT)],
) -> OwnAccount:
    """Who is asking, what they may do and where; for a session also its CSRF token."""
    cookie = request.cookies.get(SESSION_COOKIE)
    csrf = csrf_token(cookie) if principal.session and cookie is not None else None
    return _own_account(shell, (principal.account_id, principal.name, principal.role), csrf)


@router.delete("/v1/sessions", status_code=204)
def close_session(
    request: Request,
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.LOG_OUT)],
) -> Response:
    """Sign out of this browser."""
    cookie = request.cookies.get(SESSION_COOKIE)
    if not principal.session or cookie is None:
        raise AppError("not-permitted", "A device has no session; revoke it instead.")
    with shell.database.writing() as session:
        sign_out(session, cookie, principal, shell.now())
    response = Response(status_code=204)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def area_views(held: Sequence[Area], names: dict[str, str]) -> list[AreaView]:
    """Areas with their names, as people read them."""
    return [
        AreaView(
            area=area.kode_wilayah,
            name=names.get(area.kode_wilayah),
            rt=None if area.rts is None else sorted(area.rts),
        )
        for area in held
    ]


def _own_account(
    shell: Shell, who: tuple[str, str, Role], csrf: str | None, expires_at: datetime | None = None
) -> OwnAccount:
    account_id, name, role = who
    with shell.database.reading() as session:
        held = accounts.open_areas(session, [account_id]).get(account_id, [])
        names = areas.area_names(session, [area.kode_wilayah for area in held])
    return OwnAccount(
        id=account_id,
        name=name,
        role=role,
        areas=area_views(held, names),
        actions=sorted(ROLE_ACTIONS[role]),
        csrf=csrf,
        expires_at=expires_at,
    )
