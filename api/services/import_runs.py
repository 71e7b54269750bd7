"""One list from its files to its report: open, walk through its villages, say what came of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.formats.lists.areas import Area, AreaBook
from api.formats.lists.mapping import read_map
from api.formats.lists.office_codes import read_codes
from api.formats.lists.reading import AUTO, InputFile, ListOptions, ListReader, read_lists
from api.services.import_reports import ImportReport
from api.services.import_results import take_answers
from api.services.importing import ImportGround, Importing, Told
from api.services.importing_persons import GrowthImport, MatchImport
from models.queries import areas
from sync.listed import ListedFamily, ListedGrowth, ListedMatch, ListSource
from sync.listing_plan import Issue
from sync.types import ANGGOTA, KELUARGA, PENGUKURAN
from sync.values import KodeWilayah

_OF_FAMILIES: Final = frozenset({"keluarga", "rumah_tangga", "desil"})
"""What a file's rows are called in the catalogue, where they are families."""


Begun = Callable[[ListSource, int], None]
"""Told which list it is and how many families it has."""


@dataclass(frozen=True, slots=True)
class ListInput:
    """A list to bring in, or to look at."""

    files: Sequence[InputFile]
    area: str
    """Kemendagri's code without dots; villages outside are refused."""
    format: str = AUTO
    issued: date | None = None
    map_file: Path | None = None
    codes_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One walk through a list."""

    import_id: str
    dry_run: bool = False
    refused_folder: Path | None = None
    """Where refused rows are given back, a file for each file that has some."""
    told: Told = lambda _desa, _rows: None
    begun: Begun = lambda _source, _families: None


def run_list(at: ImportGround, given: ListInput, run: Run) -> ImportReport:
    """Walk through a list. Raises `ListUnreadable` for what is no list, `AppError` for the area."""
    with at.database.reading() as session:
        book = _book(session, given.area)
    with read_lists(given.files, _options(given, book)) as reader:
        run.begun(reader.source, sum(reader.sizes.values()))
        report = ImportReport(reader.source)
        today = at.clock.now().astimezone(at.ground.zone).date()
        observed = (given.issued or today).isoformat()
        issue = Issue(reader.source, run.import_id, observed, reader.kind == "proposals")
        importing = Importing(at, issue, report, run.dry_run, run.told)
        if reader.kind == "result":
            taken = take_answers(at, given.files, given.area, dry_run=run.dry_run)
            report.results = list(taken)
        else:
            _walk(importing, reader, given.area)
        report.refuse(reader.refused, _roles(reader))
        report.warnings = reader.warnings
        if run.refused_folder is not None and report.refused_count:
            run.refused_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            written = reader.write_refused(run.refused_folder, report.refused_later)
            report.refused_files = tuple(path.name for path in written)
    return report


def _walk(importing: Importing, reader: ListReader, area: str) -> None:
    growth = GrowthImport(importing)
    match = MatchImport(importing, area)
    for desa, listed in reader.villages():
        if reader.kind == "growth":
            growth.village(desa, (one for one in listed if isinstance(one, ListedGrowth)))
        elif reader.kind == "match":
            match.rows(one for one in listed if isinstance(one, ListedMatch))
        else:
            importing.village(desa, (one for one in listed if isinstance(one, ListedFamily)))


def _options(given: ListInput, book: AreaBook) -> ListOptions:
    codes = read_codes(given.codes_file) if given.codes_file is not None else {}
    mapping = read_map(given.map_file.read_bytes()) if given.map_file is not None else None
    return ListOptions(
        areas=book,
        format=given.format,
        mapping=mapping,
        area=given.area,
        issued=given.issued,
        office_codes=codes,
    )


def _book(session: Session, area: str) -> AreaBook:
    if not areas.known_codes(session, [area]):
        raise AppError("area-unknown")
    return AreaBook.of(Area(*row) for row in areas.areas_like(session, area))


def area_code(text: str) -> str:
    """An area's code as it is stored. Raises `AppError` `area-unknown`."""
    code = KodeWilayah.parse(text)
    if code is None:
        raise AppError("area-unknown")
    return code.code


def _roles(reader: ListReader) -> dict[str, str]:
    """File → what its rows are."""
    return {
        name: KELUARGA
        if role in _OF_FAMILIES
        else (PENGUKURAN if reader.kind == "growth" else ANGGOTA)
        for name, role in reader.roles.items()
    }
