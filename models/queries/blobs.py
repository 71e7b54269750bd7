"""Which files a village holds. The bytes themselves are no business of the database."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, bindparam, select
from sqlmodel import Session

from models.queries.inserting import insert_missing
from models.queries.rowsets import among, keys
from models.queries.scoping import Sight, in_areas
from models.tables.blobs import BlobRow
from models.tables.columns import table_of

_BLOB = table_of(BlobRow)


@dataclass(frozen=True, slots=True)
class HeldBlob:
    """One file of a village. `sha256` is lower-case hex, `size` in bytes."""

    desa: str
    sha256: str
    size: int
    media_type: str
    purpose: str
    created_at: datetime
    created_by: str | None


def note_blob(session: Session, held: HeldBlob) -> None:
    """Remember that a village holds a file; the same one again changes nothing."""
    insert_missing(
        session,
        _BLOB,
        [
            {
                "desa": held.desa,
                "sha256": held.sha256,
                "size": held.size,
                "media_type": held.media_type,
                "purpose": held.purpose,
                "created_at": held.created_at,
                "created_by": held.created_by,
            }
        ],
    )


def blob_in_sight(session: Session, sight: Sight, desa: str, sha256: str) -> HeldBlob | None:
    """One file, if its village lies wholly in sight: a scan names people of every RT."""
    statement = select(_BLOB).where(
        _BLOB.c.desa == desa,
        _BLOB.c.sha256 == sha256,
        in_areas(_BLOB.c.desa, sight.whole_areas()),
    )
    row = session.connection().execute(statement).one_or_none()
    return _held(row) if row is not None else None


def held_of(session: Session, desa: str, hashes: Iterable[str]) -> set[str]:
    """Which of these files a village holds already: what somebody who offers many need not send."""
    statement = select(_BLOB.c.sha256).where(
        _BLOB.c.desa == bindparam("village"), among(session, _BLOB.c.sha256, "wanted")
    )
    rows = session.connection().execute(
        statement, {"village": desa, "wanted": keys(session, set(hashes))}
    )
    return set(rows.scalars())


def known_hashes(session: Session, hashes: Iterable[str]) -> set[str]:
    """Which of these files any village holds: the others are leftovers of uploads that failed."""
    wanted = keys(session, set(hashes))
    statement = select(_BLOB.c.sha256).where(among(session, _BLOB.c.sha256, "wanted")).distinct()
    return set(session.connection().execute(statement, {"wanted": wanted}).scalars())


def _held(row: Row[tuple[object, ...]]) -> HeldBlob:
    return HeldBlob(
        row.desa,
        row.sha256,
        row.size,
        row.media_type,
        row.purpose,
        row.created_at,
        row.created_by,
    )
