"""Signed-in browsers."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, insert, select
from sqlmodel import Session

from models.queries.accounts import grants_from
from models.queries.central_sessions import end_programs_of
from models.tables.accounts import Account, AccountArea, WebSession
from models.tables.columns import table_of
from sync.scope import Scope

_ACCOUNT = table_of(Account)
_AREA = table_of(AccountArea)
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


_BY_TOKEN = (
    select(
        _SESSION.c.account_id,
        _SESSION.c.csrf_digest,
        _SESSION.c.expires_at,
        _ACCOUNT.c.name,
        _ACCOUNT.c.role,
        _ACCOUNT.c.scope_version,
        _AREA.c.kode_wilayah,
        _AREA.c.rts,
        _AREA.c.since,
        _AREA.c.until,
    )
    .select_from(
        _SESSION.join(_ACCOUNT, _ACCOUNT.c.id == _SESSION.c.account_id).outerjoin(
            _AREA, _AREA.c.account_id == _ACCOUNT.c.id
        )
    )
    .where(
        and_(
            _SESSION.c.token_digest == bindparam("digest"),
            _SESSION.c.expires_at > bindparam("now"),
            _ACCOUNT.c.disabled_at.is_(None),
        )
    )
    .order_by(_AREA.c.since, _AREA.c.kode_wilayah)
)


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
