"""A program signs in, asks who it is, and signs out."""

from typing import Annotated

from fastapi import Request, Response
from pydantic import BaseModel, Field

from api.central.addresses import BASE
from api.central.answers import a_router, told
from api.central.holders import bearer_of, program
from api.dependencies import public
from api.errors import AppError
from api.formats.odata.rows import zulu
from api.security import Principal
from api.services.programs import sign_program_in, sign_program_out
from api.shell import AppShell
from models.queries import accounts
from models.queries.numbers_of_people import number_of
from sync.permission import Action

router = a_router()


class Credentials(BaseModel):
    """What a program signs in with: `email` is the name of an account."""

    email: str = Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")
    password: str = Field(min_length=1, max_length=1024)


@router.post(f"{BASE}/sessions", dependencies=[public(Action.LOG_IN)])
def open_session(body: Credentials, shell: AppShell) -> Response:
    """Sign in for a day."""
    opened = sign_program_in(shell, body.email, body.password)
    return told(
        {
            "token": opened.token,
            "createdAt": zulu(opened.created_at),
            "expiresAt": zulu(opened.expires_at),
        }
    )


@router.delete(f"{BASE}/sessions/current")
def close_current(
    request: Request, shell: AppShell, principal: Annotated[Principal, program(Action.LOG_OUT)]
) -> Response:
    """End the session that asks."""
    return _closed(shell, bearer_of(request), principal)


@router.delete(f"{BASE}/sessions/{{token}}")
def close_session(
    token: str, shell: AppShell, principal: Annotated[Principal, program(Action.LOG_OUT)]
) -> Response:
    """End a session of the same account; whether another's is there is not told."""
    return _closed(shell, token, principal)


@router.get(f"{BASE}/users/current")
def read_current_user(
    shell: AppShell, principal: Annotated[Principal, program(Action.READ_OWN_ACCOUNT)]
) -> Response:
    """In whose name the program reads."""
    with shell.database.reading() as session:
        account = accounts.account_by_id(session, principal.account_id)
    assert account is not None, "its session was found just now"
    return told(
        {
            "id": number_of(account.id),
            "type": "user",
            "displayName": account.display_name,
            "email": account.name,
            "createdAt": zulu(account.created_at),
            "updatedAt": None,
            "deletedAt": None,
        }
    )


def _closed(shell: AppShell, token: str, principal: Principal) -> Response:
    with shell.database.writing() as session:
        ended = sign_program_out(session, token, principal, shell.now())
    if not ended:
        raise AppError("not-permitted")
    return told({"success": True})
