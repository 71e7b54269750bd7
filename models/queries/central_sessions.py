"""Signed-in programs: found by their token's digest, forgotten when they end."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert
from sqlmodel import Session

from models.queries.accounts import grants_from
from models.queries.signed_in import account_by_token
from models.tables.central import CentralSession
from models.tables.columns import table_of
from sync.scope import Scope

_SESSION = table_of(CentralSession)


@dataclass(frozen=True, slots=True)
class KnownProgram:
    """In whose name a program reads, from one statement."""

    account_id: str
    account_name: str
    role: str
    scope: Scope


_BY_TOKEN = account_by_token(_SESSION)


def program_by_token(session: Session, digest: str, now: datetime) -> KnownProgram | None:
    """Whose token has that digest, unless it expired or the account was disabled."""
    rows = session.connection().execute(_BY_TOKEN, {"digest": digest, "now": now}).all()
    if not rows:
        return None
    first = rows[0]
    scope = Scope(grants_from(rows), first.scope_version)
    return KnownProgram(first.account_id, first.name, first.role, scope)


def add_program(session: Session, opened: CentralSession) -> None:
    """Insert a session."""
    session.connection().execute(insert(_SESSION), [opened.model_dump()])


def end_program(session: Session, digest: str, account_id: str) -> bool:
    """End one session of an account; was there one?"""
    statement = delete(_SESSION).where(
        _SESSION.c.token_digest == digest, _SESSION.c.account_id == account_id
    )
    return session.connection().execute(statement).rowcount == 1


def end_programs_of(session: Session, account_id: str) -> None:
    """End every session of an account: its password changed, or it was disabled."""
    session.connection().execute(delete(_SESSION).where(_SESSION.c.account_id == account_id))


def drop_expired_programs(session: Session, now: datetime) -> None:
    """Forget sessions that nobody can use any more."""
    session.connection().execute(delete(_SESSION).where(_SESSION.c.expires_at <= now))
