"""First pass: every row goes to its village and family on disk, or is refused with its reason.

Whether a row goes in depends on three things alone: that it has as many cells as the header, that
its village is known and inside the area of the import, and that the number by which it is joined
is there and whole. What its other cells say is read later, village by village, and refuses nobody.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from api.formats.lists import cells, remarks
from api.formats.lists.areas import AreaBook
from api.formats.lists.columns import identifier
from api.formats.lists.files import ListFile, Locator, RawRow
from api.formats.spreadsheets.unreadable import ListUnreadable
from models.spill import Head, Refused, Row, Spill, Tail

ROWS_PER_WRITE: Final = 1_000
NIK_DIGITS: Final = 16
COLUMNS_APART: Final = "\x1f"


@dataclass(slots=True)
class Gatherer:
    """Puts the rows of a list's files aside. `heads` are files whose rows know their village."""

    spill: Spill
    book: AreaBook
    area: str
    """Prefix of the villages that may come in; empty: all that the book knows."""
    tell: Callable[[int], None]
    """Hears how many rows were gathered so far."""
    _rows: int = 0
    _heads: list[Head] = field(default_factory=list)
    _tails: list[Tail] = field(default_factory=list)
    _refused: list[Refused] = field(default_factory=list)

    def gather(self, heads: list[ListFile], tails: list[ListFile]) -> None:
        """Read all files, then join. Raises `ListUnreadable`."""
        for file in heads:
            self._read_heads(file)
        for file in tails:
            self._read_tails(file)
        self._flush()
        self.spill.settle()
        if tails:
            self._join({file.number: file for file in (*heads, *tails)})

    def _read_heads(self, file: ListFile) -> None:
        is_placeless = file.found.layout.area is None
        locator = Locator(file, self.book, self.area if len(self.area) == 10 else "")
        if locator.needs_an_area and not is_placeless:
            raise ListUnreadable("area-needed", file=file.name)
        for row in self._filled(file):
            key = self._key(file, row)
            if key is None:
                continue
            village = "" if is_placeless else self._village(file, row, locator, key)
            if village is not None:
                mark, body = self._mark(file, row), file.body(row.cells)
                self._heads.append(Head(village, key, file.number, row.number, mark, body))
                if len(self._heads) >= ROWS_PER_WRITE:
                    self._flush()

    def _filled(self, file: ListFile) -> Iterator[RawRow]:
        before = self._rows
        for row in file.rows():
            self._rows += 1
            if self._rows % ROWS_PER_WRITE == 0:
                self.tell(self._rows)
            yield row
        if self._rows == before:
            raise ListUnreadable("header-only", file=file.name)

    def _read_tails(self, file: ListFile) -> None:
        for row in self._filled(file):
            key = self._key(file, row)
            if key is not None:
                mark, body = self._mark(file, row), file.body(row.cells)
                self._tails.append(Tail(key, file.number, row.number, mark, body))
                if len(self._tails) >= ROWS_PER_WRITE:
                    self._flush()

    def _key(self, file: ListFile, row: RawRow) -> str | None:
        """By what the row is joined; None where it was refused, or says nothing at all."""
        width = len(file.found.header)
        if len(row.cells) != width and not _is_padded(row.cells, width):
            self._refuse(file, row, remarks.RAGGED.format(row=len(row.cells), width=width))
            return None
        key = "" if file.key_place is None else _key_of(file, row.cells[file.key_place])
        if key:
            return key
        if not any(map(str.strip, row.cells)):
            return None
        if file.key_place is None:
            return _own_key(file, row)
        return self._without_key(file, row, row.cells[file.key_place])

    def _without_key(self, file: ListFile, row: RawRow, text: str) -> str | None:
        column = _key_column(file)
        if cells.is_scientific(text):
            # Two families may have been rounded to the same number.
            self._refuse(file, row, remarks.BROKEN_KEY.format(column=column), column)
        elif file.found.layout.without_key == "own":
            return _own_key(file, row)
        else:
            self._refuse(file, row, remarks.NO_KEY.format(column=column), column)
        return None

    def _village(self, file: ListFile, row: RawRow, locator: Locator, key: str) -> str | None:
        village = locator.village(row.cells)
        columns = locator.columns
        if village is None:
            reason = remarks.UNKNOWN_AREA.format(column=", ".join(columns) or "desa")
            self._refuse(file, row, reason, *columns, key=key)
        elif not village.startswith(self.area):
            self._refuse(file, row, remarks.OUTSIDE, *columns, key=key)
            return None
        return village

    def _mark(self, file: ListFile, row: RawRow) -> str:
        if file.nik_place is None:
            return ""
        nik = cells.digits(row.cells[file.nik_place])
        return nik if len(nik) == NIK_DIGITS and nik.isdecimal() else ""

    def _refuse(
        self, file: ListFile, row: RawRow, reason: str, *columns: str, key: str = ""
    ) -> None:
        about = COLUMNS_APART.join(columns)
        self._refused.append(Refused(file.number, row.number, reason, about, key))
        if len(self._refused) >= ROWS_PER_WRITE:
            self._flush()

    def _flush(self) -> None:
        self.spill.put_heads(self._heads)
        self.spill.put_tails(self._tails)
        self.spill.refuse(self._refused)
        self._heads.clear()
        self._tails.clear()
        self._refused.clear()

    def _join(self, files: Mapping[int, ListFile]) -> None:
        self._refuse_all(self._twins(files))
        self.spill.drop_twins()
        self._refuse_all(self._orphans(files))
        self.spill.drop_orphans()

    def _refuse_all(self, refused: Iterator[Refused]) -> None:
        # A cursor that is being read must not see what is written meanwhile: batch by batch.
        batch = list(_first(refused))
        while batch:
            self.spill.refuse(batch)
            batch = list(_first(refused))

    def _twins(self, files: Mapping[int, ListFile]) -> Iterator[Refused]:
        for row, first in self.spill.twins():
            column = _key_column(files[row.file])
            reason = remarks.TWICE.format(
                column=column, row=first.number, file=files[first.file].name
            )
            yield Refused(row.file, row.number, reason, column, "")

    def _orphans(self, files: Mapping[int, ListFile]) -> Iterator[Refused]:
        for row, family in self.spill.orphans():
            yield _orphan(row, family, files)


def _orphan(row: Row, family: Refused | None, files: Mapping[int, ListFile]) -> Refused:
    column = _key_column(files[row.file])
    if family is None:
        reason = remarks.NO_FAMILY.format(column=column)
    else:
        reason = remarks.WITH_FAMILY.format(
            row=family.number, file=files[family.file].name, reason=family.reason
        )
    return Refused(row.file, row.number, reason, column, "")


def _key_column(file: ListFile) -> str:
    return file.found.header[file.key_place] if file.key_place is not None else ""


def _own_key(file: ListFile, row: RawRow) -> str:
    """Of a row that is a family by itself; no number of the lists looks like it."""
    return f"~{file.number:03}-{row.number:09}"


def _key_of(file: ListFile, text: str) -> str:
    if cells.is_scientific(text):
        return ""
    if file.found.layout.key_is == "no_kk":
        return cells.digits(text)
    said = identifier(text).value
    return said if isinstance(said, str) else ""


def _is_padded(row: list[str], width: int) -> bool:
    """Longer than the header, but with nothing in the cells beyond it."""
    return len(row) > width and not any(row[width:])


def _first(rows: Iterator[Refused]) -> Iterator[Refused]:
    for _, row in zip(range(ROWS_PER_WRITE), rows, strict=False):
        yield row
