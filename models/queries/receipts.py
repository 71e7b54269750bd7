"""Receipts that were handed out, so that anybody who holds one can have it confirmed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session

from models.queries.inserting import insert_missing
from models.tables.columns import table_of
from models.tables.sync import Receipt

_RECEIPT = table_of(Receipt)


@dataclass(frozen=True, slots=True)
class IssuedReceipt:
    """What a receipt confirms: operations up to ``acked`` of a lane are in the register."""

    desa: str
    lane: str
    acked: int
    at: int
    epoch: str
    issued_at: datetime


def note_receipt(session: Session, code: str, receipt: IssuedReceipt) -> None:
    """Remember a receipt; the same one again changes nothing."""
    insert_missing(
        session,
        _RECEIPT,
        [
            {
                "desa": receipt.desa,
                "code": code,
                "lane": receipt.lane,
                "acked": receipt.acked,
                "at": receipt.at,
                "epoch": receipt.epoch,
                "issued_at": receipt.issued_at,
            }
        ],
    )


def receipt_by_code(session: Session, code: str) -> IssuedReceipt | None:
    """What a code confirms, or nothing."""
    row = (
        session.connection()
        .execute(select(_RECEIPT).where(_RECEIPT.c.code == code).limit(1))
        .one_or_none()
    )
    if row is None:
        return None
    return IssuedReceipt(row.desa, row.lane, row.acked, row.at, row.epoch, row.issued_at)
