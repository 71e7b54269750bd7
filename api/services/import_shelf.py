"""Imports that come over the wire: their files on the shelf, their steps in order.

An import has a folder of its own under the data directory; the files in it have random names, and
what a client called them is only ever shown. Files go when the import is done or given up, refused
rows and everything else some days later.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Final

import orjson
from sqlmodel import Session

from api.errors import AppError
from api.formats.lists.reading import InputFile
from api.randomness import Randomness, new_lane_name
from api.security import Principal
from api.services.import_jobs import ALIVE_WITHIN
from api.services.import_runs import ListInput
from api.spooling import Spooled
from models.queries import imports
from models.queries.areas import known_codes
from models.queries.imports import (
    DISCARDED,
    DONE,
    FAILED,
    PREVIEWED,
    RUNNING,
    UPLOADED,
    StoredImport,
)
from models.queries.scoping import Sight
from sync.types import Json

IMPORTS_FOLDER: Final = "imports"
REFUSED_FOLDER: Final = "refused"
KEPT_FOR: Final = timedelta(days=14)
FILES_PER_IMPORT_MAX: Final = 12
FILE_NAME_CHARACTERS_MAX: Final = 120
LIST, CODES, MAP = "list", "codes", "map"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the files of imports lie."""

    data_dir: Path

    def folder(self, import_id: str) -> Path:
        return self.data_dir / IMPORTS_FOLDER / import_id

    def refused(self, import_id: str) -> Path:
        return self.folder(import_id) / REFUSED_FOLDER

    def keep(self, import_id: str, upload: Spooled, randomness: Randomness) -> str:
        """Take a file in; the name that it got."""
        folder = self.folder(import_id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = new_lane_name(randomness)
        shutil.move(upload.path, folder / name)
        return name

    def empty(self, import_id: str, *, refused_too: bool = False) -> None:
        """Remove an import's files; refused rows are kept for who asks for them."""
        folder = self.folder(import_id)
        if refused_too:
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.is_dir():
            for path in folder.iterdir():
                if path.is_file():
                    path.unlink(missing_ok=True)


def require_area(session: Session, principal: Principal, area: str, now: datetime) -> None:
    """Raises `AppError` `not-found` unless the whole area is the caller's and is known."""
    held = Sight(principal.scope, now).whole_areas()
    if not any(area.startswith(own) for own in held) or not known_codes(session, [area]):
        raise AppError("not-found")


def import_in_sight(
    session: Session, principal: Principal, import_id: str, now: datetime
) -> StoredImport:
    """An import of an area that is wholly the caller's. Raises `AppError` `not-found`."""
    stored = imports.import_by_id(session, import_id)
    if stored is None:
        raise AppError("not-found")
    require_area(session, principal, stored.area, now)
    return stored


def add_file(
    session: Session, stored: StoredImport, file: dict[str, Json], now: datetime
) -> StoredImport:
    """Note one more file; what was previewed before is no longer what would happen."""
    if stored.state not in (UPLOADED, PREVIEWED):
        raise AppError("already-decided", "Files are added before an import is confirmed.")
    if len(stored.files) >= FILES_PER_IMPORT_MAX:
        raise AppError("value-refused", f"An import has at most {FILES_PER_IMPORT_MAX} files.")
    files = [*stored.files, file]
    imports.change_import(session, stored.id, now, files=files, state=UPLOADED, preview=None)
    found = imports.import_by_id(session, stored.id)
    assert found is not None, "it was changed a moment ago"
    return found


def plain_file_name(name: str) -> str:
    """A client's name for a file, as it may be shown: no path, nothing unprintable."""
    last = name.replace("\\", "/").rsplit("/", maxsplit=1)[-1]
    shown = "".join(c for c in last if c.isprintable()).strip(". ")
    return shown[-FILE_NAME_CHARACTERS_MAX:] or "daftar"


def input_of(shelf: Shelf, stored: StoredImport) -> ListInput:
    """The list that an import's files are. Raises `AppError` if it has none."""
    folder = shelf.folder(stored.id)
    by_role: dict[str, list[InputFile]] = {LIST: [], CODES: [], MAP: []}
    for file in stored.files:
        by_role[str(file["role"])].append(
            InputFile(folder / str(file["stored"]), str(file["name"]))
        )
    if not by_role[LIST] or not all(f.path.exists() for files in by_role.values() for f in files):
        raise AppError("import-not-ready", "Its files are gone: upload the list again.")
    issued = stored.options.get("issued")
    return ListInput(
        by_role[LIST],
        stored.area,
        str(stored.options["format"]),
        date.fromisoformat(issued) if isinstance(issued, str) else None,
        by_role[MAP][0].path if by_role[MAP] else None,
        by_role[CODES][0].path if by_role[CODES] else None,
    )


def require_confirmable(stored: StoredImport, now: datetime) -> None:
    """Is it previewed, or did it end before its end?"""
    died = stored.state == RUNNING and now - stored.changed_at > ALIVE_WITHIN
    if stored.state == RUNNING and not died:
        raise AppError("import-running", other=stored.id)
    if stored.state in (DONE, DISCARDED):
        raise AppError("already-decided", "This import has ended; upload the list again.")
    if not died and stored.state not in (PREVIEWED, FAILED):
        raise AppError("import-not-ready")


def sweep(session: Session, shelf: Shelf, now: datetime) -> None:
    """Remove what nobody has asked for in a fortnight."""
    for import_id in imports.finished_before(session, now - KEPT_FOR):
        shelf.empty(import_id, refused_too=True)
        imports.change_import(session, import_id, now, files=[])


def streamed(
    work: Callable[[Callable[[dict[str, Json]], None]], dict[str, Json]],
) -> Iterator[bytes]:
    """The steps of a piece of work as NDJSON, its answer last.

    The work has a thread of its own: it goes on when nobody listens any more.
    """
    said: SimpleQueue[dict[str, Json] | None] = SimpleQueue()

    def do() -> None:
        try:
            said.put(work(said.put))
        except AppError as error:
            said.put({"problem": error.body()})
        except Exception:
            said.put({"problem": AppError("internal").body()})
            raise
        finally:
            said.put(None)

    # Before anybody listens: who asked may be gone already.
    Thread(target=do, name="import", daemon=True).start()
    return _lines(said)


def _lines(said: "SimpleQueue[dict[str, Json] | None]") -> Iterator[bytes]:
    while (step := said.get()) is not None:
        yield orjson.dumps(step) + b"\n"
