"""Records as people in the office look them up: by id, by village and name, with their family."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import JSON, ColumnElement, bindparam, cast, func, or_, select
from sqlmodel import Session

from models.queries.records import RECORD_COLUMNS, record_of
from models.queries.rowsets import among, is_sqlite, keys
from models.queries.scoping import Sight, in_sight
from models.sealing import vault_of
from models.tables.accounts import Account
from models.tables.areas import Wilayah
from models.tables.columns import table_of
from models.tables.register import Feed, RecordRow
from sync.types import ANGGOTA, KELUARGA, Record

RECORDS_PER_PAGE_MAX: Final = 200
ALIAS_ROUNDS_MAX: Final = 8
KECAMATAN_CODE_LENGTH: Final = 6
ACCOUNTS_MAX: Final = 10_000
"""Indonesia has 7,288 kecamatan; an installation has fewer supervisors than that."""

_RECORD = table_of(RecordRow)
_FEED = table_of(Feed)
_ACCOUNT = table_of(Account)
_AREA = table_of(Wilayah)
_LISTED = (KELUARGA, ANGGOTA)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a village is listed: families, persons or both (`None`), by part of the name."""

    desa: str
    entity: str | None = None
    name: str | None = None


def record_in_sight(session: Session, sight: Sight, record_id: str) -> Record | None:
    """One record, if it lies in sight."""
    # The feeds list the villages that there are, so that each of them is asked by its key.
    statement = (
        select(_RECORD.c.desa, *RECORD_COLUMNS)
        .join(_FEED, _FEED.c.desa == _RECORD.c.desa)
        .where(_RECORD.c.id == record_id, in_sight(_RECORD.c.desa, _RECORD.c.rt, sight))
    )
    row = session.connection().execute(statement).one_or_none()
    return record_of(row.desa, row, vault_of(session)) if row is not None else None


def listed_records(
    session: Session, sight: Sight, wanted: Wanted, *, limit: int, offset: int = 0
) -> tuple[list[Record], int]:
    """A page of a village's families and persons by RT and family, and how many there are."""
    where = [
        _RECORD.c.desa == wanted.desa,
        _RECORD.c.entity.in_(_LISTED if wanted.entity is None else [wanted.entity]),
        _RECORD.c.alias.is_(None),
        in_sight(_RECORD.c.desa, _RECORD.c.rt, sight),
    ]
    if wanted.name:
        where.append(_named_like(session, wanted.name))
    connection = session.connection()
    total = connection.execute(select(func.count()).select_from(_RECORD).where(*where))
    rows = connection.execute(
        select(_RECORD.c.desa, *RECORD_COLUMNS)
        .where(*where)
        .order_by(_RECORD.c.rt, _RECORD.c.keluarga, _RECORD.c.entity.desc(), _RECORD.c.id)
        .limit(min(limit, RECORDS_PER_PAGE_MAX))
        .offset(offset)
    )
    vault = vault_of(session)
    return [record_of(row.desa, row, vault) for row in rows], int(total.scalar_one())


def _named_like(session: Session, part: str) -> ColumnElement[bool]:
    names = [_text(session, "nama"), _text(session, "nama_kepala_keluarga")]
    return or_(*(func.lower(name).contains(part.lower(), autoescape=True) for name in names))


def _text(session: Session, field: str) -> ColumnElement[str]:
    if is_sqlite(session):
        extracted: ColumnElement[str] = func.json_extract(_RECORD.c.doc, f"$.{field}")
    else:
        extracted = cast(_RECORD.c.doc, JSON)[field].as_string()
    return extracted


def active_records(session: Session, sight: Sight, desa: str, entity: str) -> list[Record]:
    """Every record of a kind in a village that is neither closed nor merged away."""
    statement = select(*RECORD_COLUMNS).where(
        _RECORD.c.desa == desa,
        _RECORD.c.entity == entity,
        _RECORD.c.alias.is_(None),
        _RECORD.c.end_reason.is_(None),
        in_sight(_RECORD.c.desa, _RECORD.c.rt, sight),
    )
    vault = vault_of(session)
    return [record_of(desa, row, vault) for row in session.connection().execute(statement)]


def family_rows(session: Session, desa: str, keluarga: str) -> list[Record]:
    """A family with everything beneath it, ended and merged rows included."""
    statement = select(*RECORD_COLUMNS).where(
        _RECORD.c.desa == desa, _RECORD.c.keluarga == keluarga
    )
    vault = vault_of(session)
    rows = session.connection().execute(statement)
    return sorted((record_of(desa, row, vault) for row in rows), key=lambda r: r.created.seq)


def with_aliases(session: Session, desa: str, ids: Iterable[str]) -> dict[str, int]:
    """The ids themselves and those of all records merged into them → the seq of each row."""
    found: dict[str, int] = {}
    fresh = set(ids)
    statement = select(_RECORD.c.id, _RECORD.c.seq).where(
        _RECORD.c.desa == bindparam("village"),
        or_(among(session, _RECORD.c.id, "wanted"), among(session, _RECORD.c.alias, "wanted")),
    )
    for _ in range(ALIAS_ROUNDS_MAX):
        if not fresh:
            break
        rows = session.connection().execute(
            statement, {"village": desa, "wanted": keys(session, fresh)}
        )
        told = {row.id: int(row.seq) for row in rows}
        fresh = told.keys() - found.keys() - fresh
        found |= told
    return found


def account_names(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Account id → the name of the account, for those that exist."""
    statement = select(_ACCOUNT.c.id, _ACCOUNT.c.name).where(_ACCOUNT.c.id.in_(sorted(set(ids))))
    return {row.id: row.name for row in session.connection().execute(statement)}


def active_accounts(session: Session, roles: Iterable[str]) -> list[Account]:
    """Accounts of these roles that are not disabled, by name."""
    statement = (
        select(_ACCOUNT)
        .where(_ACCOUNT.c.role.in_(sorted(roles)), _ACCOUNT.c.disabled_at.is_(None))
        .order_by(_ACCOUNT.c.name)
        .limit(ACCOUNTS_MAX)
    )
    return [Account(**row) for row in session.connection().execute(statement).mappings()]


def kecamatan_codes(session: Session) -> Sequence[str]:
    """Every district that the table of areas knows."""
    statement = select(_AREA.c.kode).where(func.length(_AREA.c.kode) == KECAMATAN_CODE_LENGTH)
    return session.connection().execute(statement).scalars().all()
