"""The program that opens a workbook: started as a process of its own, never imported.

It gets its limits before it touches the file, and says nothing but one line about the sheet and
then rows: one JSON array of rows of text per line on standard output. Whatever goes wrong ends it,
and the parent answers for that. It runs isolated, with nothing of Lokus on its path.
"""

import json
import resource
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Protocol


class Sheet(Protocol):
    """What is used of calamine's sheet."""

    def iter_rows(self) -> Iterator[Sequence[object]]: ...


ROWS_PER_LINE = 200
ROW_CHARACTERS_MAX = 2**20
OUT_OF_MEMORY = 9
EXACT_MAX = 2**53
"""Beyond it a number of a spreadsheet no longer tells neighbours apart: it is written in scientific
form, as Excel shows it, so that nobody takes it for a NIK."""


def text_of(cell: object) -> str:
    """A cell as text; numbers keep all their digits, days are ISO, and NIK stay 16 digits."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return str(cell.date() if cell.time() == time() else cell)
    return str(cell.total_seconds()) if isinstance(cell, timedelta) else str(cell)


def _number(cell: float) -> str:
    if abs(cell) >= EXACT_MAX:
        return f"{cell:.5E}"
    return str(int(cell)) if cell.is_integer() else repr(cell)


def chosen_sheet(names: list[str], wanted: str) -> str:
    """The sheet that is named, else `DATA` (where proposals stand), else the first."""
    folded = {name.strip().casefold(): name for name in reversed(names)}
    if wanted:
        return folded.get(wanted.strip().casefold(), "")
    return folded.get("data", names[0] if names else "")


def tell(message: object) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(message, ensure_ascii=True, separators=(",", ":")))
    sys.stdout.write("\n")


def tell_rows(sheet: "Sheet", cell_max: int) -> None:
    """The sheet's rows from its first row on, a few hundred per line; `{"long": true}` ends it."""
    rows: list[list[str]] = []
    size = 0
    for cells in sheet.iter_rows():
        row = [text_of(cell) for cell in cells]
        length = sum(map(len, row))
        if length > ROW_CHARACTERS_MAX or (length > cell_max and max(map(len, row)) > cell_max):
            tell({"long": True})
            return
        rows.append(row)
        size += length
        if len(rows) >= ROWS_PER_LINE or size >= ROW_CHARACTERS_MAX:
            tell(rows)
            rows, size = [], 0
    tell(rows)
    tell({"end": True})


def open_and_tell(path: str, wanted: str, columns_max: int, cell_max: int) -> None:
    """Everything about one workbook."""
    # After the limits, so that a library that misbehaves when it is loaded meets them as well.
    from python_calamine import CalamineWorkbook  # noqa: PLC0415

    # By its bytes: a path without a known ending would be refused.
    with open(path, "rb") as handle:  # noqa: PTH123
        workbook = CalamineWorkbook.from_filelike(handle)
        name = chosen_sheet(workbook.sheet_names, wanted)
        sheet = workbook.get_sheet_by_name(name) if name else None
    tell({"sheet": name, "width": sheet.width if sheet else 0, "sheets": workbook.sheet_names})
    if sheet is not None and sheet.width <= columns_max:
        tell_rows(sheet, cell_max)


def main() -> None:
    """`child.py PATH SHEET MEMORY_BYTES CPU_SECONDS COLUMNS_MAX CELL_MAX`."""
    memory, seconds, columns_max, cell_max = map(int, sys.argv[3:7])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        open_and_tell(sys.argv[1], sys.argv[2], columns_max, cell_max)
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)


if __name__ == "__main__":
    main()
