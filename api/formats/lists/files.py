"""One file of a list, opened: its layout, its columns made ready, its rows cut to what is used."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, NamedTuple

from api.formats.lists.areas import VILLAGE_DIGITS, AreaBook, Names, code_key
from api.formats.lists.columns import ReadyColumn, ready_column
from api.formats.lists.headers import Found, loosened
from api.formats.lists.layouts import AreaColumns
from api.formats.lists.remarks import Remarks
from api.formats.spreadsheets.table import Table
from sync.types import Json

SEPARATOR: Final = "\x1f"
"""Between the cells of a row that is put aside; ASCII has it for this."""
AREAS_REMEMBERED_MAX: Final = 10_000
AREA_CHARACTERS_MAX: Final = 300


class RawRow(NamedTuple):
    """A row of the file with its number there."""

    number: int
    cells: list[str]


class Said:
    """What a row says of one owner (the family, a person)."""

    __slots__ = ("codes", "fields")

    def __init__(self) -> None:
        self.fields: dict[str, Json] = {}
        self.codes: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file with its header found and its columns ready."""

    number: int
    """Its place among the files of the import."""
    table: Table
    found: Found
    columns: tuple[ReadyColumn, ...]
    pick: Callable[[list[str]], tuple[str, ...]]
    """The cells of `columns` out of a row."""
    key_place: int | None
    nik_place: int | None

    @property
    def name(self) -> str:
        return self.table.name

    def rows(self) -> Iterator[RawRow]:
        """All rows below the header that say anything."""
        for number, row in enumerate(self.table.rows(), start=1):
            if number > self.found.row and any(row):
                yield RawRow(number, row)

    def body(self, row: list[str]) -> str:
        """The used cells as one text."""
        picked = self.pick(row)
        body = SEPARATOR.join(picked)
        if body.count(SEPARATOR) != len(picked) - 1:
            body = SEPARATOR.join(cell.replace(SEPARATOR, " ") for cell in picked)
        return body

    def read(self, body: str, number: int, remarks: Remarks) -> dict[str, Said]:
        """Owner → what the row says of it."""
        said: dict[str, Said] = {}
        for text, column in zip(body.split(SEPARATOR), self.columns, strict=True):
            if not text:
                continue
            value, problem, code = column.read(text)
            if problem:
                remarks.note(problem, number, file=self.name, column=column.header)
            if value is None and not code:
                continue
            owner = said.get(column.owner)
            if owner is None:
                owner = said[column.owner] = Said()
            if code:
                owner.codes.setdefault(column.field, code)
            if value is not None:
                _state(owner.fields, column, value)
        return said


def _state(fields: dict[str, Json], column: ReadyColumn, value: Json) -> None:
    name = column.field
    before = fields.get(name)
    if before is None:
        fields[name] = value
    elif column.is_set and isinstance(before, list) and isinstance(value, list):
        fields[name] = [*sorted({*map(str, before), *map(str, value)})]  # two programmes of one row
    elif column.is_any and value is True:
        fields[name] = True


def list_file(
    number: int, table: Table, found: Found, office_codes: Mapping[str, Mapping[str, str]]
) -> ListFile:
    """Make the columns of a file ready, in the order of the layout.

    There the better source of a field stands before the lesser.
    """
    columns = tuple(
        ready_column(
            column,
            found.places[column.header],
            found.layout,
            from_workbook=table.is_workbook,
            office_codes=office_codes.get(loosened(column.header)),
        )
        for column in found.layout.columns
        if column.header in found.places
    )
    places = [column.place for column in columns]
    niks = [column.place for column in columns if column.field == "nik"]
    return ListFile(
        number=number,
        table=table,
        found=found,
        columns=columns,
        pick=itemgetter(*places) if len(places) > 1 else _alone(places[0]),
        key_place=found.places.get(found.layout.key),
        nik_place=niks[0] if niks else None,
    )


def _alone(place: int) -> Callable[[list[str]], tuple[str, ...]]:
    return lambda row: (row[place],)


class Locator:
    """The village of each row of a file; asked once for each combination of its area columns."""

    def __init__(self, file: ListFile, book: AreaBook, fixed: str) -> None:
        area = file.found.layout.area or AreaColumns()
        places = file.found.places
        self._area = area
        self._book = book
        self._fixed = fixed or area.fixed
        self._is_fixed_known = self._fixed in book.codes
        self._code = places.get(area.code)
        self._parts = [(places[name], size) for name, size in area.parts if name in places]
        self._names = [
            places.get(name) if name else None
            for name in (area.kabupaten, area.kecamatan, area.desa)
        ]
        used = [self._code, *(place for place, _ in self._parts), *self._names]
        self._used = tuple(place for place in used if place is not None)
        self._known: dict[tuple[str, ...], str | None] = {}
        self.columns = tuple(file.found.header[place] for place in dict.fromkeys(self._used))

    @property
    def needs_an_area(self) -> bool:
        """Does the file say nothing about places, so that the import has to?"""
        return not self._fixed and not self._used

    def village(self, row: list[str]) -> str | None:
        """Ten digits, or None where the village is unknown or not certain."""
        if not self._used:
            return self._fixed if self._is_fixed_known else None
        key = tuple(row[place] for place in self._used)
        if key in self._known:
            return self._known[key]
        found = self._asked(row)
        if len(self._known) < AREAS_REMEMBERED_MAX and sum(map(len, key)) <= AREA_CHARACTERS_MAX:
            self._known[key] = found
        return found

    def _asked(self, row: list[str]) -> str | None:
        names = Names(*("" if place is None else row[place] for place in self._names))
        code = "" if self._code is None else row[self._code]
        if self._parts and len(code_key(code)) < VILLAGE_DIGITS:
            code = _joined([(row[place], size) for place, size in self._parts])
        return self._book.village(code, names, self._area.numbering)


def _joined(parts: list[tuple[str, int]]) -> str:
    """A code from its parts; a part that repeats what stands before it counts from there on."""
    code = ""
    for text, size in parts:
        bare = text.strip().strip("'\"").removesuffix(".0")
        if not bare:
            return ""
        is_whole = bool(code) and len(bare) > size and bare.startswith(code)
        code = bare if is_whole else code + bare.zfill(size)
    return code
