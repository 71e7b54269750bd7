"""Files that come beside a filled form: kept under their hash, whatever they are.

What a form names is expected, what it does not name is kept as well: `audit.csv`, or a photograph
of a question that the form no longer has. Of one name there may be several contents, when a phone
sends the same record again with another file; both stay.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.blobs import BlobStore
from api.formats.xform.statements import Photo
from api.randomness import Randomness
from models.queries import blobs, submissions
from models.queries.blobs import HeldBlob
from models.queries.submissions import StoredFile, StoredSubmission

PHOTO: Final = "foto"
"""Purpose of a picture that came with a form."""
_PICTURES: Final = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


FILE_BYTES_MAX: Final = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Offered:
    """A file as it stands in a request; `name` is harmless text, and no path."""

    name: str
    media_type: str
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that came and is on disk."""

    name: str
    sha256: str
    size: int
    media_type: str
    picture: str | None
    """Its type by the first bytes, if it is a photograph."""


def keep_files(
    store: BlobStore, randomness: Randomness, offered: Iterable[Offered]
) -> list[Arrived]:
    """Put every file in its place, before any row speaks of it. Raises `StorageFull`."""
    return [_keep(store, randomness, one) for one in offered]


def _keep(store: BlobStore, randomness: Randomness, offered: Offered) -> Arrived:
    received = store.receiving(randomness, size_max=FILE_BYTES_MAX, any_type=True)
    head = b""
    try:
        for chunk in offered.chunks:
            head = head or chunk[:8]
            received.take(chunk)
        if not store.has(received.sha256):
            received.finish()
            store.keep(received)
    finally:
        received.drop()
    picture = next((kind for magic, kind in _PICTURES.items() if head.startswith(magic)), None)
    return Arrived(offered.name, received.sha256, received.size, offered.media_type, picture)


def note_files(
    session: Session,
    stored: StoredSubmission,
    arrived: Sequence[Arrived],
    named: frozenset[str],
    now: datetime,
) -> None:
    """Note what came with a submission; what is there already stays as it was noted."""
    if not arrived:
        return
    files = {
        (one.name, one.sha256): StoredFile(
            one.name, one.sha256, one.size, one.media_type, one.name in named, now
        )
        for one in arrived
    }
    submissions.add_files(session, stored.desa, stored.id, files.values())
    for one in arrived:
        if one.picture is not None and stored.desa:
            held = HeldBlob(
                stored.desa, one.sha256, one.size, one.picture, PHOTO, now, stored.account_id
            )
            blobs.note_blob(session, held)


def photos_of(
    session: Session, stored: StoredSubmission, arrived: Sequence[Arrived] = ()
) -> Mapping[str, Photo]:
    """Files by name, those of earlier requests included; of one name the one that came first."""
    photos = {
        one.name: Photo(one.sha256, one.size)
        for one in reversed(submissions.files_of(session, stored.desa, stored.id))
    }
    for one in arrived:
        photos.setdefault(one.name, Photo(one.sha256, one.size))
    return photos
