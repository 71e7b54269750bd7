"""Everything a village has, as it is stored: what `lokus verify` proves against each other.

Stored forms are handed out beside what they mean, because a form that means nothing any more is
one of the things to be found.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Row, Table, select, type_coerce
from sqlalchemy.types import NullType
from sqlmodel import Session

from models.queries.conflicts import conflict_of
from models.queries.records import record_of
from models.sealing import Vault, vault_of
from models.tables.columns import table_of
from models.tables.register import Feed, RecordRow
from models.tables.review import ConflictRow
from models.tables.sync import LaneRow, OperationRow, QuarantineRow, Receipt
from sync.types import Conflict, Record
from sync.workspace import natural_key

_FEED = table_of(Feed)
_RECORD = table_of(RecordRow)
_CONFLICT = table_of(ConflictRow)
_LANE = table_of(LaneRow)
_OPERATION = table_of(OperationRow)
_QUARANTINE = table_of(QuarantineRow)
_RECEIPT = table_of(Receipt)
_OF_VILLAGES: Final = (_FEED, _RECORD, _CONFLICT, _LANE, _OPERATION, _QUARANTINE, _RECEIPT)

StoredRow = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record, the columns that repeat something of it, and what that should be."""

    record: Record
    created_seq: int
    natural_key: str | None
    natural_key_expected: str | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class StoredOperation:
    """One row of the log; ``body`` is opened, ``hash`` as it is stored."""

    row: StoredRow
    body: str


@dataclass(frozen=True, slots=True)
class StoredVillage:
    """All rows of one village, as one instant saw them.

    ``unreadable`` says which rows hold no form that can be read: (table, key).
    """

    desa: str
    head: int | None
    records: Mapping[str, StoredRecord]
    conflicts: Mapping[str, Conflict]
    lanes: tuple[StoredRow, ...]
    operations: tuple[StoredOperation, ...]
    quarantine: tuple[StoredRow, ...]
    receipts: tuple[StoredRow, ...]
    unreadable: tuple[tuple[str, str], ...]


def villages(session: Session) -> list[str]:
    """Every village that has a row anywhere, also where its feed is gone."""
    found: set[str] = set()
    for table in _OF_VILLAGES:
        found.update(session.connection().execute(select(table.c.desa).distinct()).scalars())
    return sorted(found)


def stored_village(session: Session, desa: str) -> StoredVillage:
    """All rows of a village."""
    vault = vault_of(session)
    unreadable: list[tuple[str, str]] = []
    records: dict[str, StoredRecord] = {}
    for row in session.connection().execute(select(_RECORD).where(_RECORD.c.desa == desa)):
        try:
            records[row.id] = _record(desa, row, vault)
        except (ValueError, TypeError, KeyError, AttributeError):
            unreadable.append(("record", row.id))
    conflicts: dict[str, Conflict] = {}
    for row in session.connection().execute(select(_CONFLICT).where(_CONFLICT.c.desa == desa)):
        try:
            conflicts[row.id] = conflict_of(row, vault)
        except (ValueError, TypeError, KeyError, AttributeError, AssertionError):
            unreadable.append(("conflict", row.id))
    head = session.connection().execute(select(_FEED.c.head).where(_FEED.c.desa == desa))
    return StoredVillage(
        desa,
        head.scalar_one_or_none(),
        records,
        conflicts,
        tuple(_rows(session, _LANE, desa, ("lane",))),
        tuple(
            StoredOperation(row, vault.open(str(row["body"])))
            for row in _rows(session, _OPERATION, desa, ("at", "lane", "seq"))
        ),
        tuple(_rows(session, _QUARANTINE, desa, ("lane", "lane_seq"))),
        tuple(_rows(session, _RECEIPT, desa, ("code",))),
        tuple(unreadable),
    )


def _record(desa: str, row: Row[tuple[object, ...]], vault: Vault) -> StoredRecord:
    record = record_of(desa, row, vault)
    number = natural_key(record)
    return StoredRecord(
        record,
        row.created_seq,
        row.natural_key,
        vault.natural_key(number) if number is not None else None,
        row.end_reason,
    )


def _rows(session: Session, table: Table, desa: str, order: tuple[str, ...]) -> Iterable[StoredRow]:
    # Stored forms of instants: text that was tampered with must be reported, not fail to parse.
    columns = [
        type_coerce(c, NullType()).label(c.name) if c.name.endswith("_at") else c for c in table.c
    ]
    statement = select(*columns).where(table.c.desa == desa)
    statement = statement.order_by(*(table.c[name] for name in order))
    for row in session.connection().execute(statement):
        yield dict(row._mapping)  # noqa: SLF001 (SQLAlchemy's public name for it)
