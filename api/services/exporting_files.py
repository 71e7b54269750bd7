"""Where exported files lie: each under the hash of its bytes, whole or not there.

A file is flushed to disk, renamed into its place, and the folder is flushed too; only then may a
row of the database speak of it. The same file twice is one file.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from api.errors import AppError
from api.formats.exports.producing import ProducedFile

FOLDER: Final = "exports"
MAKING: Final = "making"
_HASH_LENGTH: Final = 64


@contextmanager
def workshop(data_dir: Path) -> Iterator[Path]:
    """A folder in which files are made; it is gone afterwards with whatever was not kept.

    It lies in the data directory and not in the machine's: half a list is a list of people too.
    """
    making = data_dir / FOLDER / MAKING
    making.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(making)
    with TemporaryDirectory(dir=making, prefix=f"{os.getpid()}-") as folder:
        yield Path(folder)


def _sweep(making: Path) -> None:
    """Remove what a killed process left behind: half a list would lie there for ever."""
    for folder in making.iterdir():
        owner = folder.name.partition("-")[0]
        if owner.isdecimal() and not _is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def keep_file(data_dir: Path, made: ProducedFile) -> None:
    """Put a finished file in its place for ever."""
    place = path_of(data_dir, made.sha256)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _flush(made.path)
    made.path.chmod(0o600)
    made.path.rename(place)
    _flush(place.parent)


def path_of(data_dir: Path, sha256: str) -> Path:
    """Where a file of that hash lies, if it does."""
    assert len(sha256) == _HASH_LENGTH, "a hash of our own"
    return data_dir / FOLDER / sha256[:2] / sha256


def content_of(data_dir: Path, sha256: str) -> Path:
    """A kept file. Raises `AppError` `not-found` where it was removed from the disk."""
    path = path_of(data_dir, sha256)
    if not path.is_file():
        raise AppError("not-found", "The file is no longer on the server: export again.")
    return path


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
