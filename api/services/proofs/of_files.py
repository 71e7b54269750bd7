"""Files that villages hold: their bytes are here and are those that the register names."""

from collections.abc import Iterator

from sqlmodel import Session

from api.blobs import BlobStore
from api.services.proofs.evidence import Damage
from models.queries import blobs

FILE_MISSING = "file-missing"
FILE_CHANGED = "file-changed"
SCAN_MISSING = "scan-missing"


def files_are_whole(session: Session, store: BlobStore) -> Iterator[Damage]:
    """Read every file that a village holds, and look for scans that signatures stand on."""
    for desa, sha256 in blobs.held_files(session):
        if not store.has(sha256):
            yield Damage(FILE_MISSING, desa, sha256, "the register names it; restore blobs/")
        elif not store.is_whole(sha256):
            yield Damage(FILE_CHANGED, desa, sha256, "its bytes are not those of its name")
    for desa, scan in blobs.scans_without_file(session):
        yield Damage(SCAN_MISSING, desa, scan, "a paper was signed, but its scan was not handed in")
