"""The door: files in, villages of listed families (or persons) out, in flat memory.

```python
with read_lists([path_of_families, path_of_members], ListOptions(areas=book)) as reader:
    for desa, families in reader.villages():
        for family in families: ...
    reader.refused, reader.warnings
```

Refusals are complete when the block is entered, except those of lists about persons, which show
when their rows are read; warnings add up while villages are read. Reading may be repeated.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from heapq import merge
from pathlib import Path
from typing import Final

from api.formats.lists.areas import AreaBook
from api.formats.lists.families import FamilyReader
from api.formats.lists.files import ListFile, list_file
from api.formats.lists.gathering import COLUMNS_APART, Gatherer
from api.formats.lists.headers import find_sheet
from api.formats.lists.layouts import ListFormat, catalogue
from api.formats.lists.persons import PersonReader, read_persons
from api.formats.lists.refusing import RefusedFile
from api.formats.lists.remarks import PROBLEMS, Remarks
from api.formats.spreadsheets.limits import LIMITS, SheetLimits
from api.formats.spreadsheets.table import Table, open_table
from api.formats.spreadsheets.unreadable import ListUnreadable
from models.spill import Refused, Row, Spill, spilling
from sync.listed import Listed, ListKind, ListSource, ListWarning, RefusedRow

AUTO: Final = "auto"
FILES_MAX: Final = 50
_OF_FILES: Final = frozenset({"extra-column", "missing-file", "doubled-nik"})
"""Warnings that are known before a village is read."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to read. `name` is what the person calls it; uploads lie under other names."""

    path: Path
    name: str = ""


@dataclass(frozen=True, slots=True)
class ListOptions:
    """How to read."""

    areas: AreaBook
    format: str = AUTO
    """A name of the catalogue, or `auto`."""
    mapping: ListFormat | None = None
    """A format that somebody wrote (`mapping.read_map`); goes before `format`."""
    area: str = ""
    """Kemendagri's code: villages outside are refused. A village's own code is also
    where the rows of lists without places are."""
    issued: date | None = None
    office_codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """`office_codes.read_codes`: loosened column → code → label."""
    limits: SheetLimits = LIMITS
    tell: Callable[[int], None] = lambda _: None
    """Hears now and then how many rows were gathered so far."""


class ListReader:
    """One list, gathered. Made by `read_lists`."""

    def __init__(
        self, form: ListFormat, source: ListSource, files: Sequence[ListFile], spill: Spill
    ) -> None:
        self.form = form
        self.source = source
        self._files = {file.number: file for file in files}
        self._spill = spill
        self._remarks = Remarks()
        self._late: list[Refused] = []

    @property
    def kind(self) -> ListKind:
        return self.form.kind

    @property
    def sizes(self) -> dict[str, int]:
        """Village → how many families (of lists about persons: rows under one key) it has."""
        return self._spill.places()

    @property
    def roles(self) -> dict[str, str]:
        """File → what its rows are in the catalogue."""
        return {file.name: file.found.layout.role for file in self._files.values()}

    def villages(self) -> Iterator[tuple[str, Iterator[Listed]]]:
        """Village by village in order of code, its families in order of their numbers.

        An empty village holds what the list does not place (answers of Dukcapil). Take what a
        village gives before asking for the next.
        """
        self._remarks.forget(frozenset(PROBLEMS) - _OF_FILES)
        self._late.clear()
        for desa in self._spill.places():
            yield desa, self._listed(desa)

    @property
    def refused(self) -> Iterator[RefusedRow]:
        """Rows that cannot go in, with their reasons, in the order of the files."""
        yield from map(self._told, self._spill.refused())
        yield from map(self._told, self._late)

    @property
    def refused_count(self) -> int:
        return self._spill.refused_count() + len(self._late)

    @property
    def warnings(self) -> tuple[ListWarning, ...]:
        """What else is to be said about the files, as far as they were read."""
        return tuple(self._remarks)

    @property
    def doubled_niks(self) -> Iterator[tuple[tuple[str, int], ...]]:
        """Where one NIK stands more than once: (file, row) of each, never the number."""
        for rows in self._spill.marked_alike():
            yield tuple(map(self._place, rows))

    def write_refused(self, folder: Path, more: Iterable[RefusedRow] = ()) -> tuple[Path, ...]:
        """Refused rows back in the form they came in, a file for each file that has some.

        `more` are rows that were refused later, when they met the register.
        """
        later: dict[str, list[tuple[int, str]]] = {}
        for row in (*map(self._told, self._late), *more):
            later.setdefault(row.file, []).append((row.row, row.reason))
        written = []
        for file in self._files.values():
            first = ((row.number, row.reason) for row in self._spill.refused(file.number))
            reasons = merge(first, sorted(later.get(file.name, [])))
            if next(self._spill.refused(file.number), None) or file.name in later:
                written.append(RefusedFile(file).write(folder, reasons))
        return tuple(written)

    def look(self) -> None:
        """Say what can be said of the files before any village is read."""
        for file in self._files.values():
            for header in file.found.extra:
                self._remarks.note("extra-column", file=file.name, column=header[:100])
        roles = {file.found.layout.role for file in self._files.values()}
        if len(roles) < len(self.form.roles):
            self._remarks.note("missing-file", file=next(iter(self._files.values())).name)
        if self.kind != "growth":
            for rows in self._spill.marked_alike():
                name, number = self._place(rows[0])
                self._remarks.note("doubled-nik", number, file=name)

    def _listed(self, desa: str) -> Iterator[Listed]:
        groups = self._spill.groups(desa)
        if self.kind in ("families", "proposals"):
            is_pair = len({file.found.layout.role for file in self._files.values()}) > 1
            families = FamilyReader(self._files, self.kind, self._remarks, is_pair)
            for parts in groups:
                yield from families.families(desa, parts)
            return
        persons = PersonReader(self._files, self._remarks)
        for found in read_persons(persons, self.kind, desa, groups):
            if isinstance(found, Refused):
                self._late.append(found)
            else:
                yield found

    def _told(self, refused: Refused) -> RefusedRow:
        columns = tuple(filter(None, refused.about.split(COLUMNS_APART)))
        return RefusedRow(self._files[refused.file].name, refused.number, refused.reason, columns)

    def _place(self, row: Row) -> tuple[str, int]:
        return self._files[row.file].name, row.number


@contextmanager
def read_lists(files: Sequence[InputFile | Path], options: ListOptions) -> Iterator[ListReader]:
    """Read the files of one list. Raises `ListUnreadable` for what is no list as a whole."""
    inputs = [InputFile(file) if isinstance(file, Path) else file for file in files]
    if not 1 <= len(inputs) <= FILES_MAX:
        raise ListUnreadable("empty" if not inputs else "too-large", f"{FILES_MAX} berkas")
    opened = _open(inputs, options)
    form = opened[0].found.form
    _check_together(form, opened)
    source = ListSource(form.name, form.instrument, form.version, options.issued, form.only_known)
    with spilling() as spill:
        heads, tails = _heads_and_tails(form, opened)
        area = options.area.replace(".", "")
        Gatherer(spill, options.areas, area, options.tell).gather(heads, tails)
        reader = ListReader(form, source, opened, spill)
        reader.look()
        yield reader


def _open(inputs: Sequence[InputFile], options: ListOptions) -> list[ListFile]:
    formats = _formats(options)
    sheets = {layout.sheet for form in formats for layout in form.layouts if layout.sheet}
    sheet = sheets.pop() if len(sheets) == 1 else ""
    opened: list[ListFile] = []
    for number, file in enumerate(inputs):
        name = _distinct(file.name or file.path.name, [one.name for one in opened])
        table = open_table(file.path, name, sheet=sheet, limits=options.limits)
        opened.append(_opened(number, table, formats, options))
    return opened


def _opened(
    number: int, table: Table, formats: Sequence[ListFormat], options: ListOptions
) -> ListFile:
    at_sheet, found = find_sheet(table, formats)
    return list_file(number, at_sheet, found, options.office_codes)


def _distinct(name: str, taken: Sequence[str]) -> str:
    """Two uploads may have one name; refused rows are told apart by it."""
    return name if name not in taken else f"{len(taken) + 1}-{name}"


def _formats(options: ListOptions) -> Sequence[ListFormat]:
    if options.mapping is not None:
        return (options.mapping,)
    known = catalogue()
    if options.format == AUTO:
        return tuple(known.values())
    if options.format not in known:
        raise ListUnreadable("format-unknown", ", ".join(known))
    return (known[options.format],)


def _check_together(form: ListFormat, opened: Sequence[ListFile]) -> None:
    others = {file.found.form.name for file in opened} - {form.name}
    if others:
        raise ListUnreadable("format-mixed", ", ".join(sorted({form.name, *others})))
    roles = {file.found.layout.role for file in opened}
    if form.needs_all_files and len(roles) < len(form.roles):
        raise ListUnreadable("pair-incomplete", ", ".join(form.roles))


def _heads_and_tails(
    form: ListFormat, opened: Sequence[ListFile]
) -> tuple[list[ListFile], list[ListFile]]:
    """The first role of a pair places the rows of the second; a role alone places its own."""
    first = next(
        role for role in form.roles if any(file.found.layout.role == role for file in opened)
    )
    heads = [file for file in opened if file.found.layout.role == first]
    return heads, [file for file in opened if file not in heads]
