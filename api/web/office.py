"""Signing in without JavaScript, and one page of what waits for whoever has signed in."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from typing_extensions import override

from api.demonstration.stage import stage_of
from api.dependencies import SESSION_COOKIE, allowed, public
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.passwords import DEMONSTRATION_PASSWORD
from api.security import Principal, session_principal
from api.services.disclosing import ToldProgress, told_progress
from api.services.signing_in import sign_in, sign_out
from api.shell import AppShell, Shell
from api.tokens import csrf_token
from api.web.forms import (
    FORM_COOKIE,
    FORM_ROUTE,
    Form,
    form_secret,
    is_from_our_page,
    is_https,
    remember,
)
from api.web.language import Speaking, language_of
from api.web.rendering import kept, page
from models.queries import conflicts
from models.queries.areas import area_names, villages_under
from models.queries.scoping import Sight
from models.queries.statistics import progress, waiting_by_problem
from sync.permission import Action
from sync.types import ConflictState

OFFICE: Final = "/kantor"
SIGN_IN: Final = "/login"
CONFLICTS_SHOWN_MAX: Final = 12
VILLAGES_SHOWN_MAX: Final = 100
EXPLAINED: Final = frozenset({"login-refused", "too-many-requests", "busy"})
"""Refusals that the form explains; any other is answered as everywhere."""
FORM_EXPIRED_STATUS: Final = 400


class SignInFirst(APIRoute):
    """A page that a stranger's browser gets the form for signing in instead of."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_or_ask(request: Request) -> Response:
            try:
                return await handle(request)
            except AppError as refusal:
                is_page = "text/html" in request.headers.get("accept", "")
                if refusal.code != "unauthorised" or not is_page:
                    raise
                asked = Asked(error="unauthorised", status=refusal.status)
                return await run_in_threadpool(_form_page, request, asked)

        return handle_or_ask


pages = APIRouter(tags=["pages"], responses=ANY_PROBLEM, route_class=SignInFirst)
forms = APIRouter(tags=["pages"], responses=ANY_PROBLEM, route_class=FORM_ROUTE)


@dataclass(frozen=True, slots=True)
class Asked:
    """The form for signing in, and why it is shown (again)."""

    error: str | None = None
    name: str = ""
    seconds: int = 0
    status: int = 200


@forms.get(SIGN_IN, dependencies=[public(Action.LOG_IN)], include_in_schema=False)
def sign_in_form(request: Request) -> Response:
    """The form for signing in."""
    return _form_page(request, Asked())


@forms.post(SIGN_IN, dependencies=[public(Action.LOG_IN)], include_in_schema=False)
def sign_in_by_form(request: Request, shell: AppShell, form: Form, language: Speaking) -> Response:
    """Sign in and go to the office; with a mistake, the form once more."""
    name = form.get("nama", "")[:64]
    if not is_from_our_page(form, request.cookies.get(FORM_COOKIE)):
        return _form_page(request, Asked("form-expired", name, status=FORM_EXPIRED_STATUS))
    try:
        signed_in = sign_in(shell, name, form.get("sandi", ""))
    except AppError as refusal:
        if refusal.code not in EXPLAINED:
            raise
        seconds = round(refusal.retry_after_seconds or 0) + 1
        return _form_page(request, Asked(refusal.code, name, seconds, refusal.status))
    response = RedirectResponse(OFFICE + kept(request, language), status_code=303)
    response.set_cookie(
        SESSION_COOKIE,
        signed_in.token,
        max_age=int(shell.session_length.total_seconds()),
        path="/",
        secure=is_https(shell),
        httponly=True,
        samesite="strict",
    )
    return response


@forms.post("/keluar", dependencies=[public(Action.LOG_IN)], include_in_schema=False)
def sign_out_by_form(request: Request, shell: AppShell, form: Form, language: Speaking) -> Response:
    """Sign this browser out. Anybody may ask; only the session's own page knows its token."""
    cookie = request.cookies.get(SESSION_COOKIE)
    if not is_from_our_page(form, cookie):
        return _form_page(request, Asked("form-expired", status=FORM_EXPIRED_STATUS))
    assert cookie is not None, "its token was repeated"
    with shell.database.writing() as session:
        known = session_principal(session, cookie, shell.now())
        if known is not None:
            sign_out(session, cookie, known.principal, shell.now())
    response = RedirectResponse(SIGN_IN + kept(request, language), status_code=303)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


@pages.get(OFFICE, include_in_schema=False)
def office(
    request: Request,
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.READ_OWN_ACCOUNT)],
    language: Speaking,
) -> Response:
    """What waits for the signed-in person, in their own area. No names, no numbers of people."""
    sight = Sight(principal.scope, shell.now())
    with shell.database.reading() as session:
        waits = _waiting_for(session, principal, sight)
        areas = _areas(session, principal, sight.now)
        rounds = _villages(session, principal, sight.now)
    values = {
        "signed_in": True,
        "name": principal.name,
        "role": principal.role.value,
        "areas": areas,
        "conflicts": waits.conflicts,
        "conflicts_total": waits.conflicts_total,
        "waiting": waits.quarantine,
        "villages": waits.villages,
        "rounds": rounds,
        "may_place": principal.may(Action.ASSIGN_RT),
        "may_export": principal.may(Action.EXPORT),
        "may_read_tasks": principal.may(Action.READ_TASKS),
        "form": csrf_token(request.cookies.get(SESSION_COOKIE, "")),
    }
    return page(request, "office.html", language, values)


@dataclass(frozen=True, slots=True)
class AskedConflict:
    """One open conflict as a line of a list."""

    kind: str
    entity: str
    group: str
    village: str
    rt: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Waits:
    """What waits in somebody's area; None is what the role does not look at."""

    conflicts: Sequence[AskedConflict] | None
    conflicts_total: int
    quarantine: Sequence[tuple[str, int]] | None
    villages: Sequence[ToldProgress] | None


def _waiting_for(session: Session, principal: Principal, sight: Sight) -> Waits:
    asked: list[AskedConflict] | None = None
    total = 0
    if principal.may(Action.READ_CONFLICTS):
        asked, total = _open_conflicts(session, sight)
    quarantine = None
    if principal.may(Action.READ_QUARANTINE):
        quarantine = waiting_by_problem(session, sight)
    villages = None
    if principal.may(Action.READ_AGGREGATES):
        found = progress(session, sight, limit=VILLAGES_SHOWN_MAX)
        villages = [told_progress(one, principal.role) for one in found]
    return Waits(asked, total, quarantine, villages)


def _open_conflicts(session: Session, sight: Sight) -> tuple[list[AskedConflict], int]:
    """The newest: what the imported list brought along has waited longest and is known."""
    _, total = conflicts.listed(session, sight, state=ConflictState.OPEN, limit=1)
    found, _ = conflicts.listed(
        session,
        sight,
        state=ConflictState.OPEN,
        limit=CONFLICTS_SHOWN_MAX,
        offset=max(total - CONFLICTS_SHOWN_MAX, 0),
    )
    names = area_names(session, {one.desa for one in found})
    asked = [
        AskedConflict(
            kind=one.conflict.kind.value,
            entity=one.entity,
            group=one.conflict.group.replace("_", " "),
            village=names.get(one.desa, one.desa),
            rt=one.rt,
            since=one.opened_at,
        )
        for one in reversed(found)
    ]
    return asked, total


def _areas(session: Session, principal: Principal, now: datetime) -> list[str]:
    grants = [grant for grant in principal.scope.grants if grant.open_at(now)]
    names = area_names(session, [grant.kode_wilayah for grant in grants])
    return [
        " ".join(
            (
                names.get(grant.kode_wilayah, grant.kode_wilayah),
                *(f"RT {rt}" for rt in sorted(grant.rts or ())),
            )
        )
        for grant in grants
    ]


def _villages(session: Session, principal: Principal, now: datetime) -> dict[str, str]:
    """Villages whose rounds the person looks at: code → name."""
    if not principal.may(Action.READ_ROUND):
        return {}
    codes: list[str] = []
    for area in principal.scope.areas(now):
        codes += villages_under(session, area, VILLAGES_SHOWN_MAX - len(codes))
    names = area_names(session, codes)
    return {code: names.get(code, code) for code in codes}


def _form_page(request: Request, asked: Asked) -> Response:
    shell: Shell = request.app.state.shell
    secret = form_secret(request, shell)
    with shell.database.reading() as session:
        demonstration = stage_of(session) is not None
    values: dict[str, object] = {
        "form": csrf_token(secret),
        "error": asked.error,
        "name": asked.name,
        "seconds": asked.seconds,
        "demonstration": demonstration,
        "password": DEMONSTRATION_PASSWORD,
    }
    if request.method == "POST":
        values["path"] = SIGN_IN  # where the language is changed by a link
    response = page(request, "sign_in.html", language_of(request), values, status=asked.status)
    remember(response, secret, shell, SIGN_IN)
    if asked.seconds:
        response.headers["Retry-After"] = str(asked.seconds)
    return response
