"""Files of a village: kept under their hash, noted in the register, handed out to its office.

The file is on disk before the row that speaks of it is committed. The other order would leave a
row that promises what is not there.
"""

from dataclasses import dataclass

from sqlmodel import Session

from api.blobs import BlobStore, Received
from api.errors import AppError
from api.services.reviewers import Reviewer
from models.queries import blobs
from models.queries.auditing import append
from models.queries.blobs import HeldBlob
from models.queries.scoping import Sight

SIGNED_PAPER = "berita-acara"
"""Purpose of the scan of a signed berita acara."""


@dataclass(frozen=True, slots=True)
class Handover:
    """A file that somebody hands in for a village, and what for."""

    desa: str
    received: Received
    purpose: str = SIGNED_PAPER


def require_village(sight: Sight, desa: str) -> None:
    """The whole village lies in sight. Raises `AppError` ``not-found`` otherwise."""
    if not any(desa.startswith(area) for area in sight.whole_areas()):
        raise AppError("not-found")


def keep_file(
    session: Session, store: BlobStore, reviewer: Reviewer, handover: Handover
) -> HeldBlob:
    """Keep a file for a village and note who brought it. The same one again changes nothing.

    Raises `AppError` ``not-found`` for a village out of sight, and `StorageFull`.
    """
    desa, received = handover.desa, handover.received
    require_village(reviewer.sight, desa)
    known = blobs.blob_in_sight(session, reviewer.sight, desa, received.sha256)
    if known is not None and store.has(known.sha256):
        return known
    held = HeldBlob(
        desa,
        store.keep(received),
        received.size,
        received.media_type,
        handover.purpose,
        reviewer.now,
        reviewer.account_id,
    )
    blobs.note_blob(session, held)
    entry = reviewer.entry("file-kept", sha256=held.sha256, size=held.size, purpose=held.purpose)
    append(session, desa, entry)
    return held


def file_of(session: Session, reviewer: Reviewer, desa: str, sha256: str) -> HeldBlob:
    """A file of a village. Raises `AppError` ``not-found``."""
    held = blobs.blob_in_sight(session, reviewer.sight, desa, sha256)
    if held is None:
        raise AppError("not-found")
    return held
