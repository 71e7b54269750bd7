"""Signed-in programs: found by their token's digest, forgotten when they end."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, insert, select
from sqlmodel import Session

from models.queries.accounts import grants_from
from models.tables.accounts import Account, AccountArea
from models.tables.central import CentralSession
from models.tables.columns import table_of
from sync.scope import Scope

_ACCOUNT = table_of(Account)
_AREA = table_of(AccountArea)
_SESSION = table_of(CentralSession)


@dataclass(frozen=True, slots=True)
class KnownProgram:
    """In whose name a program reads, from one statement."""

    account_id: str
    account_name: str
    role: str
    scope: Scope


_BY_TOKEN = (
    select(
        _SESSION.c.account_id,
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
