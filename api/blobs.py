"""Where files lie: one directory, each file under the hash of its bytes, whole or not there.

A file is written beside its place, flushed to disk, renamed, and the directories above it are
flushed too; only then may a row of the database speak of it. A server that dies in between leaves
a file in ``incoming`` that nobody names, never half a file under a name that promises the whole.
Because the name is the content, the same file twice is one file, and nothing is ever overwritten.

Nothing a sender says about a file is believed: its type follows from its first bytes, its name is
not looked at, and its size is counted while it comes.
"""

import errno
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final

from api.errors import AppError
from api.randomness import Randomness
from models.database import StorageFull

PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
MAGIC: Final[Mapping[bytes, str]] = MappingProxyType(
    {b"%PDF-": PDF, b"\xff\xd8\xff": JPEG, b"\x89PNG\r\n\x1a\n": PNG}
)
"""First bytes → media type: everything that is accepted, whoever calls it what."""
EXTENSIONS: Final[Mapping[str, str]] = MappingProxyType({PDF: "pdf", JPEG: "jpg", PNG: "png"})

FOLDER: Final = "blobs"
"""Beneath the data directory."""
INCOMING: Final = "incoming"
_NAME: Final = re.compile(r"[0-9a-f]{64}")
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_HEAD_BYTES: Final = max(map(len, MAGIC))


@dataclass(slots=True)
class Received:
    """A file that is coming, or has come and is not yet kept. `finish` before `keep`."""

    path: Path
    size_max: int
    any_type: bool = False
    """Whatever it is: files beside a filled form are kept, and never shown as what they say."""
    size: int = 0
    _file: BinaryIO | None = None
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _head: bytes = b""

    @property
    def sha256(self) -> str:
        """Of all bytes so far, lower-case hex."""
        return self._hash.hexdigest()

    @property
    def media_type(self) -> str:
        """What the first bytes say. Raises `AppError` ``media-type-refused``."""
        for magic, media_type in MAGIC.items():
            if self._head.startswith(magic):
                return media_type
        raise AppError("media-type-refused")

    def take(self, chunk: bytes) -> None:
        """The next bytes. Raises `AppError` for too many or the wrong ones, and `StorageFull`."""
        self.size += len(chunk)
        if self.size > self.size_max:
            raise AppError("payload-too-large", limits={"bytes_max": self.size_max})
        if len(self._head) < _HEAD_BYTES:
            self._head += chunk[: _HEAD_BYTES - len(self._head)]
            if len(self._head) == _HEAD_BYTES and not self.any_type:
                _ = self.media_type  # what is no scan is not even read to its end
        self._hash.update(chunk)
        with _a_full_disk_is_told():
            if self._file is None:
                _make_folders(self.path.parent, self.path.parent.parent)
                self._file = os.fdopen(os.open(self.path, _NEW, 0o600), "wb")
            self._file.write(chunk)

    def finish(self) -> None:
        """All bytes are there and on the disk. Raises as `take`."""
        if not self.any_type:
            _ = self.media_type
        elif self._file is None:
            self.take(b"")
        assert self._file is not None, "a file with a type has bytes"
        with _a_full_disk_is_told():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def drop(self) -> None:
        """Forget what came, unless it was kept."""
        if self._file is not None:
            with suppress(OSError):  # closing flushes, and the disk may be full
                self._file.close()
        self.path.unlink(missing_ok=True)


_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL


@dataclass(frozen=True, slots=True)
class BlobStore:
    """The directory with all files of the installation."""

    folder: Path

    def receiving(
        self, randomness: Randomness, *, size_max: int, any_type: bool = False
    ) -> Received:
        """Begin to take a file of at most `size_max` bytes; nothing touches the disk yet."""
        return Received(self.folder / INCOMING / randomness(16).hex(), size_max, any_type)

    def keep(self, received: Received) -> str:
        """Put a finished file in its place for ever; its hash. Raises `StorageFull`."""
        sha256 = received.sha256
        place = self.path_of(sha256)
        with _a_full_disk_is_told():
            _make_folders(place.parent, self.folder)
            # Whoever wrote the same bytes before wrote this very file.
            received.path.replace(place)
            _flush_folder(place.parent)
        return sha256

    def path_of(self, sha256: str) -> Path:
        """Where a file of that hash lies, if it lies here. Raises ValueError for no hash."""
        if not _NAME.fullmatch(sha256):
            raise ValueError("a file is named by 64 hexadecimal digits")
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def has(self, sha256: str) -> bool:
        """Is the file there?"""
        return self.path_of(sha256).is_file()

    def names(self) -> Iterator[str]:
        """The hashes of all files that are kept, in order."""
        for path in sorted(self.folder.glob("??/??/*")):
            if _NAME.fullmatch(path.name):
                yield path.name

    def is_whole(self, sha256: str) -> bool:
        """Are the bytes still those that the name promises?"""
        with self.path_of(sha256).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256


@contextmanager
def _a_full_disk_is_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull from error
        raise


def _make_folders(folder: Path, root: Path) -> None:
    """Make a folder beneath the root; each new one is noted on disk in the one above it."""
    missing = [one for one in (folder, *folder.parents) if root in (one, *one.parents)]
    for one in reversed(missing):
        if not one.is_dir():
            one.mkdir(mode=0o700, parents=True, exist_ok=True)
            _flush_folder(one.parent)


def _flush_folder(folder: Path) -> None:
    """A rename is on disk only when its directory is."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
