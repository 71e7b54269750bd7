"""Files that somebody at the command line hands in for a village."""

from pathlib import Path
from typing import Final

from sqlmodel import Session

from api.blobs import FOLDER, BlobStore
from api.cli.office import Office
from api.errors import AppError
from api.services.keeping_files import Handover, keep_file
from api.services.reviewers import Reviewer

CHUNK_BYTES: Final = 1 << 20


def hand_in(session: Session, opened: Office, reviewer: Reviewer, desa: str, file: Path) -> str:
    """Keep a file for a village; its SHA-256.

    Raises `AppError` for what cannot be read, is too large or is no scan, and `StorageFull`.
    """
    store = BlobStore(opened.settings.data_dir / FOLDER)
    received = store.receiving(opened.randomness, size_max=opened.settings.scan_bytes_max)
    try:
        with file.open("rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                received.take(chunk)
        received.finish()
        return keep_file(session, store, reviewer, Handover(desa, received)).sha256
    except FileNotFoundError:
        raise AppError("value-refused", f"There is no file {file.name}.") from None
    finally:
        received.drop()
