"""The first sync of a phone: everything in its scope as one compressed file.

A file is made once for a scope and a position of the feed, and kept for a day, so that a download
over a bad line can be taken up where it broke off. Phones with the same RTs share it. After a
restore the same position may mean something else, so a file belongs to its epoch.
"""

import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from sqlmodel import Session

from api.services.pulling import row_bytes
from models.queries import feeds, pulling
from models.queries.server_state import epoch
from sync.pull import Delivery
from sync.scope import VillageScope

GZIP_LEVEL: Final = 6
SWEPT_EVERY: Final = timedelta(hours=1)
_SUFFIX: Final = ".ndjson.gz"
_SWEPT: Final = ".swept"
_GZIP: Final = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Gzip'd NDJSON of `doc` rows; the village's feed stood at ``at`` when it was made."""

    at: int
    etag: str
    body: bytes
    rows: int | None = None
    """``None`` for one that was made earlier."""


class SnapshotShelf:
    """Where snapshots lie for as long as their bytes are promised to stay the same.

    ``keep`` counts from the moment at which a file was last handed out from its beginning.
    """

    def __init__(self, folder: Path, keep: timedelta, now: datetime) -> None:
        self._folder = folder
        self._keep = keep
        self._now = now

    def latest(self, session: Session, scope: VillageScope) -> Snapshot:
        """The scope as the transaction sees it."""
        at = feeds.head_of(session, scope.desa)
        etag = self._etag(scope, epoch(session), at)
        body = self._read(etag)
        if body is not None:
            self._promise(self._path(etag))
            return Snapshot(at, etag, body)
        body, rows = _packed(session, scope)
        self._write(etag, body)
        return Snapshot(at, etag, body, rows)

    def earlier(self, session: Session, scope: VillageScope, etag: str) -> Snapshot | None:
        """A snapshot of this very scope that is still promised, or nothing."""
        at = etag.rpartition("-")[2]
        if not (at.isascii() and at.isdecimal()):
            return None
        if self._etag(scope, epoch(session), int(at)) != etag:
            return None
        body = self._read(etag)
        return Snapshot(int(at), etag, body) if body is not None else None

    def _sweep(self) -> None:
        """Remove what is no longer promised; an hour passes before anybody looks again."""
        swept = self._folder / _SWEPT
        if swept.exists() and self._made(swept) > self._now - SWEPT_EVERY:
            return
        swept.touch()
        self._promise(swept)
        for path in self._folder.iterdir():
            # Another process may sweep, too.
            with suppress(FileNotFoundError):
                if path != swept and self._made(path) < self._now - self._keep:
                    path.unlink()

    def _made(self, path: Path) -> datetime:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def _promise(self, path: Path) -> None:
        """From now on. Whoever swept it a moment ago hands out one more whole body, no more."""
        moment = self._now.timestamp()
        with suppress(OSError):
            os.utime(path, (moment, moment))

    def _etag(self, scope: VillageScope, present_epoch: str, at: int) -> str:
        rts = ["*"] if scope.rts is None else sorted(scope.rts)
        key = hashlib.sha256("\n".join((present_epoch, *rts)).encode()).hexdigest()[:16]
        return f"{scope.desa}-{key}-{at}"

    def _path(self, etag: str) -> Path:
        return self._folder / f"{etag}{_SUFFIX}"

    def _read(self, etag: str) -> bytes | None:
        try:
            return self._path(etag).read_bytes()
        except OSError:
            return None

    def _write(self, etag: str, body: bytes) -> None:
        """Keep it, unless there is no room: then the next download starts from the beginning.

        It appears under its name whole, also for whoever makes the same one at the same time.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep()
            with NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as part:
                part.write(body)
                part.flush()
                os.fsync(part.fileno())
            self._promise(Path(part.name))
            Path(part.name).replace(self._path(etag))
        except OSError:
            return


def _packed(session: Session, scope: VillageScope) -> tuple[bytes, int]:
    compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP)
    packed = bytearray()
    rows = 0
    for line in _lines(session, scope):
        packed += compressor.compress(line)
        rows += 1
    packed += compressor.flush()
    return bytes(packed), rows


def _lines(session: Session, scope: VillageScope) -> Iterator[bytes]:
    for row in pulling.snapshot_rows(session, scope):
        kind = Delivery.ALIAS if row.place.alias is not None else Delivery.DOC
        yield row_bytes(row, kind, 0) + b"\n"
