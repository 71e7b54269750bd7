"""Accounts and their areas: found, listed inside a manager's reach, changed.

A change of areas closes rows and opens new ones in one moment, so that an account covers an RT
that it keeps without a gap, and the past stays readable for late operations.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    bindparam,
    exists,
    false,
    insert,
    or_,
    select,
    update,
)
from sqlmodel import Session

from models.queries.inserting import insert_missing
from models.standing import Row as StandingRow
from models.tables.accounts import Account, AccountArea
from models.tables.columns import table_of
from sync.scope import Grant, Scope

ACCOUNTS_PER_PAGE_MAX: Final = 200

_ACCOUNT = table_of(Account)
_AREA = table_of(AccountArea)


@dataclass(frozen=True, slots=True)
class Area:
    """An area to be held: `rts` (`"003/001"`) or, with `None`, all of it."""

    kode_wilayah: str
    rts: frozenset[str] | None = None


def add_account(session: Session, account: Account) -> bool:
    """Insert an account; False if its name is taken, also by a writer a moment ago."""
    insert_missing(session, _ACCOUNT, [account.model_dump()])
    stored = account_by_name(session, account.name)
    return stored is not None and stored.id == account.id


def account_by_name(session: Session, name: str, *, lock: bool = False) -> Account | None:
    """The account of that name. With `lock` nobody else changes it until the end."""
    return _one(session, _ACCOUNT.c.name == bindparam("wanted"), name, lock=lock)


def account_by_id(session: Session, account_id: str, *, lock: bool = False) -> Account | None:
    """The account of that id. With `lock` nobody else changes it until the end."""
    return _one(session, _ACCOUNT.c.id == bindparam("wanted"), account_id, lock=lock)


def accounts_within(
    session: Session, areas: Sequence[str] | None, *, after: str, limit: int
) -> list[Account]:
    """Accounts whose open areas all lie within `areas`, by name from `after` on.

    `None` means no restriction (the command line). An account that reaches beyond a manager's
    own areas is not his to see, and neither is one without any area.
    """
    statement = select(_ACCOUNT).where(_ACCOUNT.c.name > after)
    if areas is not None:
        statement = statement.where(within_reach(areas))
    statement = statement.order_by(_ACCOUNT.c.name).limit(min(limit, ACCOUNTS_PER_PAGE_MAX))
    return [Account(**row) for row in session.connection().execute(statement).mappings()]


def within_reach(areas: Sequence[str]) -> ColumnElement[bool]:
    """SQL: the row's account has open areas, and all of them lie within `areas`."""
    if not areas:
        return false()
    open_area = and_(_AREA.c.account_id == _ACCOUNT.c.id, _AREA.c.until.is_(None))
    inside = or_(*(_AREA.c.kode_wilayah.startswith(code, autoescape=True) for code in areas))
    return and_(exists().where(open_area), ~exists().where(open_area, ~inside))


def open_areas(session: Session, account_ids: Collection[str]) -> dict[str, list[Area]]:
    """Account id → the areas it holds now, ordered by code."""
    statement = (
        select(_AREA.c.account_id, _AREA.c.kode_wilayah, _AREA.c.rts)
        .where(_AREA.c.account_id.in_(sorted(account_ids)), _AREA.c.until.is_(None))
        .order_by(_AREA.c.kode_wilayah, _AREA.c.since)
    )
    held: dict[str, list[Area]] = defaultdict(list)
    for account_id, code, rts in session.connection().execute(statement):
        held[account_id].append(Area(code, _rts(rts)))
    return dict(held)


def scope_of(session: Session, account: Account) -> Scope:
    """All grants of an account, past and present."""
    statement = select(_AREA).where(_AREA.c.account_id == account.id).order_by(_AREA.c.since)
    rows = session.connection().execute(statement)
    return Scope(grants_from(rows), account.scope_version)


def grants_from(rows: Iterable[Row[*tuple[Any, ...]] | StandingRow]) -> tuple[Grant, ...]:
    """Stored areas as the core knows them; an outer join's empty row is no area."""
    return tuple(
        Grant(row.kode_wilayah, _rts(row.rts), row.since, row.until)
        for row in rows
        if row.kode_wilayah is not None
    )


def replace_areas(
    session: Session, account_id: str, areas: Sequence[Area], ids: Sequence[str], now: datetime
) -> bool:
    """Make `areas` the open ones; `ids` are spare ids, one per area. Was there a change?

    Raises the account's `scope_version` if so.
    """
    connection = session.connection()
    wanted = set(areas)
    held = select(_AREA).where(_AREA.c.account_id == account_id, _AREA.c.until.is_(None))
    closing: list[str] = []
    for row in connection.execute(held):
        area = Area(row.kode_wilayah, _rts(row.rts))
        if area in wanted:
            wanted.discard(area)
        else:
            closing.append(row.id)
    if not wanted and not closing:
        return False
    if closing:
        connection.execute(update(_AREA).where(_AREA.c.id.in_(closing)).values(until=now))
    opening = [area for area in dict.fromkeys(areas) if area in wanted]
    if opening:
        rows = [
            _area_row(area_id, account_id, area, now)
            for area_id, area in zip(ids, opening, strict=False)
        ]
        connection.execute(insert(_AREA), rows)
    connection.execute(
        update(_ACCOUNT)
        .where(_ACCOUNT.c.id == account_id)
        .values(scope_version=_ACCOUNT.c.scope_version + 1)
    )
    return True


def password_hashes(session: Session, limit: int) -> list[str]:
    """Distinct hashes of accounts that can sign in."""
    statement = (
        select(_ACCOUNT.c.password_hash)
        .where(_ACCOUNT.c.password_hash.is_not(None), _ACCOUNT.c.disabled_at.is_(None))
        .distinct()
        .limit(limit)
    )
    return list(session.connection().execute(statement).scalars())


def set_password(session: Session, account_id: str, password_hash: str) -> None:
    """A new password forgives the wrong ones before it."""
    _change(session, account_id, password_hash=password_hash, failed_count=0, next_try_at=None)


def set_disabled(session: Session, account_id: str, disabled_at: datetime | None) -> None:
    """Disable an account, or with `None` enable it again."""
    _change(session, account_id, disabled_at=disabled_at)


def set_tries(
    session: Session, account_id: str, *, failed_count: int, next_try_at: datetime | None
) -> None:
    """How many wrong passwords so far, and when the next one will be looked at."""
    _change(session, account_id, failed_count=failed_count, next_try_at=next_try_at)


def _change(session: Session, account_id: str, **values: object) -> None:
    session.connection().execute(
        update(_ACCOUNT).where(_ACCOUNT.c.id == account_id).values(**values)
    )


def _one(
    session: Session, condition: ColumnElement[bool], wanted: str, *, lock: bool
) -> Account | None:
    statement = select(_ACCOUNT).where(condition)
    if lock:
        statement = statement.with_for_update()
    row = session.connection().execute(statement, {"wanted": wanted}).mappings().one_or_none()
    return None if row is None else Account(**row)


def _rts(stored: list[str] | None) -> frozenset[str] | None:
    return None if stored is None else frozenset(stored)


def _area_row(area_id: str, account_id: str, area: Area, now: datetime) -> dict[str, object]:
    return {
        "id": area_id,
        "account_id": account_id,
        "kode_wilayah": area.kode_wilayah,
        "rts": None if area.rts is None else sorted(area.rts),
        "since": now,
        "until": None,
    }
