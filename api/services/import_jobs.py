"""An import as something on record: begun, at work, ended, found dead and begun again.

At most one import works on an area at a time, whether it was asked for at a door or at the command
line. Whoever works shows life by changing the record; one that has shown none for some minutes has
died with its process. It may be started again, from the beginning: what is in the register already
is not said twice.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.import_reports import ImportReport
from api.services.import_runs import ListInput, Run, run_list
from api.services.importing import ImportGround, patiently
from models.queries import imports
from models.queries.imports import DONE, FAILED, PREVIEWED, RUNNING, StoredImport
from sync.listed import ListSource
from sync.types import Json

ALIVE_WITHIN: Final = timedelta(minutes=15)
"""A chunk takes a second, but the files are read whole before the first, without a sign of life."""
SIGN_OF_LIFE_SECONDS: Final = 2.0
INTERRUPTED: Final = "interrupted"

Heard = Callable[[Mapping[str, Json]], None]
"""Told each step of an import: `{"rows_done", "rows_all", "desa"}`."""


@dataclass(slots=True)
class Job:
    """One walk through a list that is on record."""

    at: ImportGround
    import_id: str
    heard: Heard = lambda _step: None
    ticks: Callable[[], float] = time.monotonic
    done: int = 0
    all: int = 0
    _shown: float = field(default=float("-inf"))

    def begun(self, source: ListSource, families: int) -> None:
        """The list was recognised and counted."""
        self.all = families
        told: dict[str, Json] = {
            "list": source.name,
            "instrument": source.instrument,
            "version": source.version,
        }
        self.record(source=told, rows_all=families, rows_done=0)
        self.heard({"families_done": 0, "families_all": families, **told})

    def step(self, desa: str, families: int) -> None:
        """Some more families are done."""
        self.done += families
        self.heard({"families_done": self.done, "families_all": self.all, "desa": desa})
        if self.ticks() - self._shown >= SIGN_OF_LIFE_SECONDS:
            self._shown = self.ticks()
            self.record(rows_done=self.done)

    def record(self, **changes: object) -> None:
        """Change the import's columns."""

        def write() -> None:
            with self.at.database.writing() as session:
                imports.change_import(session, self.import_id, self.at.clock.now(), **changes)

        patiently(write, self.at.pause)


def begin(session: Session, stored: StoredImport, now: datetime) -> None:
    """Put an import to work. Raises `AppError` `import-running` if the area is being worked on."""
    imports.take_imports_turn(session, now)
    other = imports.running_over(session, stored.area, now - ALIVE_WITHIN)
    if other is not None:
        raise AppError("import-running", other=other)
    imports.change_import(
        session, stored.id, now, state=RUNNING, problem=None, report=None, finished_at=None
    )


def work(job: Job, given: ListInput, run: Run) -> ImportReport:
    """Walk through the list and write down how it ended, also when it ended badly.

    Of a preview that is the preview, of an import its report.
    """
    now = job.at.clock.now
    try:
        report = run_list(job.at, given, run)
    except BaseException as error:
        code = error.code if isinstance(error, AppError) else INTERRUPTED
        if not run.dry_run:
            job.record(state=FAILED, problem=code, finished_at=now())
        raise
    told = report.told()
    if run.dry_run:
        job.record(state=PREVIEWED, preview=told, rows_done=job.done)
    else:
        state = DONE if report.is_complete else FAILED
        problem = None if report.is_complete else "villages-left"
        job.record(state=state, report=told, rows_done=job.done, problem=problem, finished_at=now())
    return report


def new_import(
    import_id: str, area: str, options: Mapping[str, Json], now: datetime, account: str | None
) -> StoredImport:
    """An import without files yet."""
    return StoredImport(
        id=import_id,
        area=area,
        state=imports.UPLOADED,
        account_id=account,
        options=options,
        files=(),
        source=None,
        preview=None,
        report=None,
        rows_done=0,
        rows_all=0,
        problem=None,
        created_at=now,
        changed_at=now,
        finished_at=None,
    )
