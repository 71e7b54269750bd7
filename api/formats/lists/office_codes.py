"""The office's own numbers: a workbook or CSV with the columns kolom, kode, keterangan.

DTSEN's numbers are not published; districts get them with the data, in a table that says for each
column which number is which answer. With it nothing has to be assumed.
"""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from api.formats.lists.codes import code_of
from api.formats.lists.headers import HEADER_ROWS_MAX, loosened
from api.formats.spreadsheets.limits import LIMITS, SheetLimits
from api.formats.spreadsheets.table import open_table
from api.formats.spreadsheets.unreadable import ListUnreadable

ROWS_MAX: Final = 20_000
_COLUMN: Final = frozenset({"kolom", "namakolom", "column", "variabel"})
_CODE: Final = frozenset({"kode", "code", "nilai"})
_LABEL: Final = frozenset({"keterangan", "label", "arti", "uraian"})


def read_codes(
    path: Path, name: str = "", *, limits: SheetLimits = LIMITS
) -> Mapping[str, Mapping[str, str]]:
    """Loosened name of a column → code → label. Raises `ListUnreadable`."""
    table = open_table(path, name, limits=limits)
    rows = table.rows()
    for header in islice(rows, HEADER_ROWS_MAX):
        places = [_place(header, spellings) for spellings in (_COLUMN, _CODE, _LABEL)]
        if None not in places:
            break
    else:
        raise ListUnreadable("codes-unreadable", file=table.name)
    column, code, label = (place or 0 for place in places)
    said: dict[str, dict[str, str]] = {}
    for row in islice(rows, ROWS_MAX):
        if len(row) > max(column, code, label) and row[column].strip() and row[code].strip():
            said.setdefault(loosened(row[column]), {})[code_of(row[code])] = row[label].strip()
    return said


def _place(header: list[str], spellings: frozenset[str]) -> int | None:
    return next((at for at, cell in enumerate(header) if loosened(cell) in spellings), None)
