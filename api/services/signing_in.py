"""Sign people in and out of browsers.

A try is counted before the password is looked at, in a transaction of its own: forty requests at
once are forty tries, and the slow check happens while nobody waits for the database.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from api.errors import AppError
from api.passwords import password_matches
from api.randomness import Randomness
from api.security import Principal
from api.shell import Shell
from api.throttling import password_delay
from api.tokens import SESSION_MARK, csrf_token, digest, new_token
from models.queries import accounts, auditing, sessions
from models.queries.auditing import AuditEntry
from models.tables.accounts import Account, WebSession
from models.tables.audit import NO_VILLAGE


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a browser gets: the cookie's value, and the token its page sends back."""

    account: Account
    token: str
    csrf: str
    expires_at: datetime


def sign_in(shell: Shell, name: str, password: str) -> SignIn:
    """Check a password and open a session.

    Raises `AppError`: `login-refused`, the same for a wrong name, a wrong password and a disabled
    account; `too-many-requests` when it is too early for another try.
    """
    account = _proven(shell, name.strip().lower(), password)
    with shell.database.writing() as session:
        return _open(session, account, shell)


def prove_password(shell: Shell, name: str, password: str) -> Account:
    """The account, if this is its password: for what a session alone may not change.

    A wrong one counts as a wrong login. Raises `AppError` as `sign_in` does.
    """
    account = _proven(shell, name, password)
    with shell.database.writing() as session:
        accounts.set_tries(session, account.id, failed_count=0, next_try_at=None)
    return account


def sign_out(session: Session, token: str, principal: Principal, now: datetime) -> None:
    """Close one browser's session."""
    sessions.end_session(session, digest(token))
    _note(session, "signed-out", principal.account_id, now)


def _proven(shell: Shell, name: str, password: str) -> Account:
    account = _begin(shell, name)
    stored = None if account is None else account.password_hash
    if not password_matches(password, stored) or account is None or account.disabled_at:
        _refuse(shell, account)
        raise AppError("login-refused")
    return account


def _begin(shell: Shell, name: str) -> Account | None:
    """Count the try against the account or the stranger; `too-many-requests` if it is too early."""
    now = shell.now()
    with shell.database.writing() as session:
        account = accounts.account_by_name(session, name, lock=True)
        if account is not None:
            wait_until = _too_early(account, now)
            if wait_until is None:
                failed = account.failed_count + 1
                delay = password_delay(failed)
                next_try_at = now + delay if delay else None
                accounts.set_tries(
                    session, account.id, failed_count=failed, next_try_at=next_try_at
                )
        else:
            wait_until = shell.strangers.begin(name, now)
        if wait_until is not None:
            _note(session, "login-delayed", account.id if account else None, now)
    if wait_until is not None:
        raise AppError("too-many-requests", retry_after_seconds=(wait_until - now).total_seconds())
    return account


def _too_early(account: Account, now: datetime) -> datetime | None:
    next_try_at = account.next_try_at
    return next_try_at if next_try_at is not None and now < next_try_at else None


def _refuse(shell: Shell, account: Account | None) -> None:
    with shell.database.writing() as session:
        _note(session, "login-refused", account.id if account else None, shell.now())


def _open(session: Session, account: Account, shell: Shell) -> SignIn:
    now = shell.now()
    accounts.set_tries(session, account.id, failed_count=0, next_try_at=None)
    sessions.drop_expired(session, now)
    signed_in = _new_sign_in(account, now, shell.session_length, shell.randomness)
    sessions.add_session(
        session,
        WebSession(
            token_digest=digest(signed_in.token),
            csrf_digest=digest(signed_in.csrf),
            account_id=account.id,
            created_at=now,
            expires_at=signed_in.expires_at,
        ),
    )
    _note(session, "signed-in", account.id, now)
    return signed_in


def _new_sign_in(
    account: Account, now: datetime, length: timedelta, randomness: Randomness
) -> SignIn:
    token = new_token(SESSION_MARK, randomness)
    return SignIn(account, token, csrf_token(token), now + length)


def _note(session: Session, action: str, account_id: str | None, now: datetime) -> None:
    auditing.append(session, NO_VILLAGE, AuditEntry(at=now, action=action, actor=account_id))
