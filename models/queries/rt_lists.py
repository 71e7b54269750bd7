"""The list of one RT: its families with their members, and the people who look after it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlmodel import Session

from models.queries.accounts import grants_from
from models.queries.records import RECORD_COLUMNS, record_of
from models.queries.scoping import Sight, in_sight
from models.sealing import vault_of
from models.tables.accounts import Account, AccountArea
from models.tables.areas import Wilayah
from models.tables.columns import table_of
from models.tables.register import RecordRow
from sync.scope import Scope
from sync.types import ANGGOTA, KELUARGA, Record

_RECORD = table_of(RecordRow)
_ACCOUNT = table_of(Account)
_HELD = table_of(AccountArea)
_AREA = table_of(Wilayah)
_ON_A_LIST = (KELUARGA, ANGGOTA)


def rt_records(session: Session, sight: Sight, desa: str, rt: str) -> list[Record]:
    """Families and persons of an RT, closed ones included and merged ones left out."""
    statement = select(*RECORD_COLUMNS).where(
        _RECORD.c.desa == desa,
        _RECORD.c.rt == rt,
        _RECORD.c.entity.in_(_ON_A_LIST),
        _RECORD.c.alias.is_(None),
        in_sight(_RECORD.c.desa, _RECORD.c.rt, sight),
    )
    vault = vault_of(session)
    return [record_of(desa, row, vault) for row in session.connection().execute(statement)]


def rt_counts(session: Session, sight: Sight, desa: str) -> dict[str, int]:
    """RT → how many open families it has, for the RTs of a village that lie in sight."""
    statement = (
        select(_RECORD.c.rt, func.count())
        .where(
            _RECORD.c.desa == desa,
            _RECORD.c.entity == KELUARGA,
            _RECORD.c.alias.is_(None),
            _RECORD.c.end_reason.is_(None),
            in_sight(_RECORD.c.desa, _RECORD.c.rt, sight),
        )
        .group_by(_RECORD.c.rt)
        .order_by(_RECORD.c.rt)
    )
    return {rt: int(count) for rt, count in session.connection().execute(statement)}


def accounts_of_rt(
    session: Session, roles: Sequence[str], desa: str, rt: str, now: datetime
) -> list[tuple[Account, Scope]]:
    """Active accounts of these roles that are assigned to single RTs, this one among them.

    An account with the whole village is nobody's RT head. By name, each with its scope.
    """
    statement = (
        select(_ACCOUNT, _HELD.c.kode_wilayah, _HELD.c.rts, _HELD.c.since, _HELD.c.until)
        .join(_HELD, _HELD.c.account_id == _ACCOUNT.c.id)
        .where(
            _ACCOUNT.c.role.in_(sorted(roles)),
            _ACCOUNT.c.disabled_at.is_(None),
            _HELD.c.kode_wilayah == desa,
            or_(_HELD.c.until.is_(None), _HELD.c.until > now),
        )
        .order_by(_ACCOUNT.c.name, _HELD.c.since)
    )
    rows: dict[str, list[object]] = {}
    found: dict[str, Account] = {}
    for row in session.connection().execute(statement):
        values = {column.name: getattr(row, column.name) for column in _ACCOUNT.c}
        found.setdefault(row.id, Account(**values))
        rows.setdefault(row.id, []).append(row)
    listed = []
    for account_id, account in found.items():
        grants = grants_from(rows[account_id])  # type: ignore[arg-type]  # rows of an area
        if any(g.rts is not None and rt in g.rts and g.open_at(now) for g in grants):
            listed.append((account, Scope(grants, account.scope_version)))
    return listed


def accounts_of_village(session: Session, role: str, desa: str, now: datetime) -> list[Account]:
    """Active accounts of a role whose area is exactly this village, all of it; by name."""
    statement = (
        select(_ACCOUNT)
        .join(_HELD, _HELD.c.account_id == _ACCOUNT.c.id)
        .where(
            _ACCOUNT.c.role == role,
            _ACCOUNT.c.disabled_at.is_(None),
            _HELD.c.kode_wilayah == desa,
            _HELD.c.rts.is_(None),
            or_(_HELD.c.until.is_(None), _HELD.c.until > now),
        )
        .order_by(_ACCOUNT.c.name)
        .distinct()
    )
    return [Account(**row) for row in session.connection().execute(statement).mappings()]


def family_with_card(session: Session, sight: Sight, desa: str, no_kk: str) -> str | None:
    """The open family of a village that bears a No KK; the oldest where several do."""
    statement = (
        select(_RECORD.c.id)
        .where(
            _RECORD.c.desa == desa,
            _RECORD.c.entity == KELUARGA,
            _RECORD.c.natural_key == vault_of(session).natural_key(no_kk),
            _RECORD.c.alias.is_(None),
            _RECORD.c.end_reason.is_(None),
            in_sight(_RECORD.c.desa, _RECORD.c.rt, sight),
        )
        .order_by(_RECORD.c.created_seq, _RECORD.c.id)
        .limit(1)
    )
    return session.connection().execute(statement).scalar_one_or_none()


def areas_above(session: Session, desa: str) -> dict[str, tuple[str, str]]:
    """The village and the areas around it: code → (name, what the level is called there)."""
    codes = [desa[:length] for length in (2, 4, 6, 10)]
    statement = select(_AREA.c.kode, _AREA.c.nama, _AREA.c.tingkat).where(_AREA.c.kode.in_(codes))
    rows = session.connection().execute(statement)
    return {row.kode: (row.nama, row.tingkat) for row in rows}
