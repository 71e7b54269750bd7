"""The numbers on the first page: shown of a demonstration only, and counted now and then."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from api.demonstration.stage import stage_of
from models.database import Database
from models.queries.statistics import Statistics, statistics

REMEMBERED_FOR: Final = timedelta(seconds=10)
SILENT_AFTER: Final = timedelta(days=3)
"""A phone that was not heard of for so long is called silent."""


@dataclass(slots=True)
class Numbers:
    """Remembers the numbers for a moment: everybody may open the page, and counting reads all."""

    _counted_at: datetime | None = None
    _counted: Statistics | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, database: Database, now: datetime) -> Statistics | None:
        """The numbers; None for a register of real families, whose numbers are not public."""
        with self._lock:
            fresh = self._counted_at is not None and now - self._counted_at < REMEMBERED_FOR
            if not fresh:
                with database.reading() as session:
                    shown = stage_of(session) is not None
                    self._counted = statistics(session, now - SILENT_AFTER) if shown else None
                self._counted_at = now
            return self._counted
