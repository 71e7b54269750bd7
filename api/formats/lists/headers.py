"""Which list is this? Known by its header: words count, case, blanks and order do not.

The header need not be the first row; printed lists begin with a title. Of all formats whose
telling columns are there, the one that knows most of the columns is taken; two that know equally
many are asked about, never chosen between.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from api.formats.lists.layouts import Layout, ListFormat
from api.formats.spreadsheets.table import Table
from api.formats.spreadsheets.unreadable import ListUnreadable

HEADER_ROWS_MAX: Final = 20
"""So many rows are looked through for the header."""
REASON_COLUMN: Final = "alasan_ditolak"
"""Stands last in a file of refused rows, and is ignored when it comes back."""

_BREAKS: Final = re.compile(r"\\n|\s+")
_NO_LETTER: Final = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class Found:
    """A header that a layout fits: where it stands, and the place of each known column."""

    form: ListFormat
    layout: Layout
    row: int
    """1 for the first row of the file."""
    header: tuple[str, ...]
    places: Mapping[str, int]
    """Header as the layout names it → index in the file."""
    extra: tuple[str, ...]
    """Columns of the file that the layout does not know."""


def loosened(header: str) -> str:
    """A header without case, blanks, line breaks and punctuation."""
    return _NO_LETTER.sub("", _exact(header))


def _exact(header: str) -> str:
    # Some village tools wrote a backslash and an n where a line break was meant.
    return _BREAKS.sub(" ", header.strip("\ufeff \t\r\n'\"")).casefold().strip()


def find_sheet(table: Table, formats: Sequence[ListFormat]) -> tuple[Table, Found]:
    """The header of a file and its layout, and the table at the sheet where it stands.

    A workbook may begin with a cover, so its other sheets are tried as well. Raises
    `ListUnreadable`.
    """
    found = _in_table(table, formats)
    if isinstance(found, Found):
        return table, found
    for other in table.other_sheets():
        at = _in_table(other, formats)
        if isinstance(at, Found):
            return other, at
    raise found


def _in_table(table: Table, formats: Sequence[ListFormat]) -> Found | ListUnreadable:
    head = list(islice(table.rows(), HEADER_ROWS_MAX))
    if not any(any(cell.strip() for cell in row) for row in head):
        return ListUnreadable("empty", file=table.name)
    for number, row in enumerate(head, start=1):
        fitting = [
            (form, layout)
            for form in formats
            for layout in form.layouts
            if _fits(layout, row, is_named=len(formats) == 1)
        ]
        if fitting:
            form, layout = _best(fitting, row, table.name)
            return _found(form, layout, number, row, table.name)
    return _unknown(formats, head, table.name)


def _fits(layout: Layout, row: Sequence[str], *, is_named: bool) -> bool:
    if layout.by_position:
        return _fits_by_position(layout, row, is_named=is_named)
    there = {loosened(cell) for cell in row}
    return all(_spellings(layout, header) & there for header in layout.recognised_by)


def _fits_by_position(layout: Layout, row: Sequence[str], *, is_named: bool) -> bool:
    """So many words in a row, and "NIK" among them at its place unless the format was named."""
    headers = [column.header for column in layout.columns]
    filled = [at for at, cell in enumerate(row) if cell.strip() and not _is_reason(cell)]
    if filled != list(range(len(headers))):
        return False
    return is_named or "nik" in loosened(row[headers.index("NIK")])


def _spellings(layout: Layout, header: str) -> set[str]:
    also = next((column.also for column in layout.columns if column.header == header), ())
    return {loosened(name) for name in (header, *also)}


def _best(
    fitting: Sequence[tuple[ListFormat, Layout]], row: Sequence[str], file: str
) -> tuple[ListFormat, Layout]:
    there = {loosened(cell) for cell in row if cell.strip()}

    def known(layout: Layout) -> tuple[bool, int]:
        # A layout that counts columns is taken only where no header says better.
        names = {loosened(name) for name in (*_headers(layout), *layout.unused)}
        return not layout.by_position, len(names & there)

    most = max(known(layout) for _, layout in fitting)
    best = [(form, layout) for form, layout in fitting if known(layout) == most]
    if len(best) > 1:
        names = ", ".join(sorted({form.name for form, _ in best}))
        raise ListUnreadable("format-ambiguous", names, file=file)
    return best[0]


def _is_reason(header: str) -> bool:
    return loosened(header) == loosened(REASON_COLUMN)


def _headers(layout: Layout) -> Iterable[str]:
    for column in layout.columns:
        yield column.header
        yield from column.also


def _found(form: ListFormat, layout: Layout, number: int, row: Sequence[str], file: str) -> Found:
    if layout.by_position:
        places = {column.header: at for at, column in enumerate(layout.columns)}
        return Found(form, layout, number, tuple(row), places, ())
    places = _places(layout, row, file)
    taken = set(places.values())
    extra = tuple(
        cell.strip()
        for at, cell in enumerate(row)
        if at not in taken and cell.strip() and not _is_reason(cell)
    )
    return Found(form, layout, number, tuple(row), places, extra)


def _places(layout: Layout, row: Sequence[str], file: str) -> dict[str, int]:
    """Where each column stands.

    By its exact spelling first, because BDT has `HubKRT` beside `Hub_KRT`, then by the loosened
    one, then by another name that offices use for it.
    """
    names: dict[str, tuple[str, ...]] = dict.fromkeys(_area_headers(layout), ())
    names |= dict.fromkeys(layout.unused, ())
    names |= {column.header: column.also for column in layout.columns}
    if layout.key:
        names.setdefault(layout.key, ())
    passes = (
        (_exact, {header: {_exact(header)} for header in names}),
        (loosened, {header: {loosened(header)} for header in names}),
        (loosened, {header: set(map(loosened, also)) for header, also in names.items()}),
    )
    places: dict[str, int] = {}
    for spelled, wanted in passes:
        cells = {at: spelled(cell) for at, cell in enumerate(row) if at not in places.values()}
        for header, spellings in wanted.items():
            at = [place for place, cell in cells.items() if cell in spellings]
            if header in places or not at:
                continue
            if len(at) > 1 and header not in layout.unused:
                raise ListUnreadable("duplicate-columns", header, file=file)
            places[header] = at[0]
    return places


def _area_headers(layout: Layout) -> Iterable[str]:
    area = layout.area
    if area is not None:
        yield from filter(None, (area.code, area.kabupaten, area.kecamatan, area.desa))
        yield from (name for name, _ in area.parts)


def _unknown(
    formats: Sequence[ListFormat], head: Sequence[Sequence[str]], file: str
) -> ListUnreadable:
    if len(formats) != 1:
        return ListUnreadable("format-unknown", file=file)
    # One format was asked for: say which of its telling columns are not there.
    there = {loosened(cell) for row in head for cell in row}
    needed = [
        [name for name in layout.recognised_by if not _spellings(layout, name) & there]
        for layout in formats[0].layouts
    ]
    missing = min(needed, key=len, default=[])
    return ListUnreadable("columns-missing", ", ".join(missing), file=file)
