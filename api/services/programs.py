"""Sign programs in and out that read in ODK Central's words.

The password is checked as at every other login, with the same waits after wrong ones. A program
gets a bearer token for a day; it opens that one door, and ends when the account's password changes
or the account is disabled.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from api.security import Principal, person
from api.services.signing_in import prove_password
from api.shell import Shell
from api.tokens import CENTRAL_MARK, CENTRAL_TOKEN_PATTERN, digest, new_token
from models.queries import auditing, central_sessions
from models.queries.auditing import AuditEntry
from models.tables.audit import NO_VILLAGE
from models.tables.central import CentralSession

LENGTH: Final = timedelta(hours=24)
DOOR: Final = "central"


@dataclass(frozen=True, slots=True)
class Program:
    """What a program is given."""

    token: str = field(repr=False)
    created_at: datetime
    expires_at: datetime


def sign_program_in(shell: Shell, name: str, password: str) -> Program:
    """Check a password and open a session for a day.

    Raises `AppError`: `login-refused`, or `too-many-requests` when it is too early for another try.
    """
    account = prove_password(shell, name.strip().lower(), password)
    now = shell.now()
    program = Program(new_token(CENTRAL_MARK, shell.randomness), now, now + LENGTH)
    opened = CentralSession(
        token_digest=digest(program.token),
        account_id=account.id,
        created_at=program.created_at,
        expires_at=program.expires_at,
    )
    with shell.database.writing() as session:
        central_sessions.drop_expired_programs(session, now)
        central_sessions.add_program(session, opened)
        _note(session, "signed-in", account.id, now)
    return program


def sign_program_out(session: Session, token: str, principal: Principal, now: datetime) -> bool:
    """End a session of the same account; was that one?"""
    ended = CENTRAL_TOKEN_PATTERN.fullmatch(token) is not None and central_sessions.end_program(
        session, digest(token), principal.account_id
    )
    if ended:
        _note(session, "signed-out", principal.account_id, now)
    return ended


def program_principal(session: Session, token: str, now: datetime) -> Principal | None:
    """In whose name does a program with this token read? One statement."""
    if not CENTRAL_TOKEN_PATTERN.fullmatch(token):
        return None
    known = central_sessions.program_by_token(session, digest(token), now)
    return person(known) if known is not None else None


def _note(session: Session, action: str, account_id: str, now: datetime) -> None:
    entry = AuditEntry(at=now, action=action, actor=account_id, detail={"door": DOOR})
    auditing.append(session, NO_VILLAGE, entry)
