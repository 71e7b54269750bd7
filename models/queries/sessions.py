"""Signed-in browsers."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert
from sqlmodel import Session

from models.queries.accounts import grants_from
from models.queries.central_sessions import end_programs_of
from models.queries.signed_in import account_by_token
from models.tables.accounts import WebSession
from models.tables.columns import table_of
from sync.scope import Scope

_SESSION = table_of(WebSession)


@dataclass(frozen=True, slots=True)
class KnownSession:
    """Who is signed in, from one statement."""

    account_id: str
    account_name: str
    role: str
    scope: Scope
    csrf_digest: str
    expires_at: datetime


_BY_TOKEN = account_by_token(_SESSION, _SESSION.c.csrf_digest, _SESSION.c.expires_at)


def session_by_token(session: Session, digest: str, now: datetime) -> KnownSession | None:
    """The session of that token's digest, unless it expired or its account was disabled."""
    rows = session.connection().execute(_BY_TOKEN, {"digest": digest, "now": now}).all()
    if not rows:
        return None
    first = rows[0]
    return KnownSession(
        account_id=first.account_id,
        account_name=first.name,
        role=first.role,
        scope=Scope(grants_from(rows), first.scope_version),
        csrf_digest=first.csrf_digest,
        expires_at=first.expires_at,
    )


def add_session(session: Session, web_session: WebSession) -> None:
    """Insert a session."""
    session.connection().execute(insert(_SESSION), [web_session.model_dump()])


def end_session(session: Session, digest: str) -> None:
    """Sign one browser out."""
    session.connection().execute(delete(_SESSION).where(_SESSION.c.token_digest == digest))


def end_sessions_of(session: Session, account_id: str) -> int:
    """Sign an account out everywhere: its password changed, or it was disabled.

    Tells how many browsers that were; programs are signed out as well.
    """
    end_programs_of(session, account_id)
    result = session.connection().execute(
        delete(_SESSION).where(_SESSION.c.account_id == account_id)
    )
    return result.rowcount


def drop_expired(session: Session, now: datetime) -> int:
    """Forget sessions that nobody can use any more."""
    result = session.connection().execute(delete(_SESSION).where(_SESSION.c.expires_at <= now))
    return result.rowcount
