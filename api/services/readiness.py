"""Can this server take work? Whoever routes traffic asks often, so it remembers a moment."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.settings import Settings
from migrations import runner
from models.database import Busy, Database, StorageFull
from models.queries import server_state

DISK_FREE_BYTES_MIN: Final = 64 * 1024 * 1024
REMEMBERED_FOR: Final = timedelta(seconds=2)
WRITE_CHECK: Final = "checked_at"

_FAILURES = (Busy, StorageFull, SQLAlchemyError, OSError, server_state.EpochMissing)

_log = structlog.get_logger("health")


@dataclass(slots=True)
class Readiness:
    """The checks of one application; each answers `ok` or a word that says what is wrong."""

    settings: Settings
    database: Database
    _checked_at: datetime | None = None
    _checks: dict[str, str] = field(default_factory=dict)
    _at_head: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def checks(self, now: datetime) -> dict[str, str]:
        """Every check by name; at most one round of checks in two seconds."""
        with self._lock:
            fresh = self._checked_at is not None and now - self._checked_at < REMEMBERED_FOR
            if not fresh:
                self._checks = {
                    "database": self._said("database", lambda: self._write(now)),
                    "migrations": self._said("migrations", self._migrated),
                    "disk": self._said("disk", self._disk),
                }
                self._checked_at = now
            return dict(self._checks)

    def _said(self, name: str, check: Callable[[], str]) -> str:
        try:
            return check()
        except _FAILURES as error:
            _log.warning("not ready", check=name, kind=type(error).__name__)
            return "failed"

    def _write(self, now: datetime) -> str:
        with self.database.writing() as session:
            server_state.set_state(session, WRITE_CHECK, now.isoformat())
            server_state.epoch(session)
        return "ok"

    def _migrated(self) -> str:
        # A running server's schema only moves forward, so once at head is enough.
        self._at_head = self._at_head or not runner.pending(self.settings.database_url)
        return "ok" if self._at_head else "pending"

    def _disk(self) -> str:
        folder = self.settings.data_dir
        while not folder.exists():
            folder = folder.absolute().parent
        return "ok" if shutil.disk_usage(folder).free >= DISK_FREE_BYTES_MIN else "full"
