"""Refused rows back as a file of the same form, with a last column that says why."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import xlsxwriter

from api.formats.lists.files import ListFile
from api.formats.lists.headers import REASON_COLUMN, loosened
from api.formats.spreadsheets.text import TextForm

PREFIX: Final = "ditolak-"
_TEXT_ONLY: Final = {
    "constant_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
}


class RefusedFile:
    """Copies refused rows out of the file they came in.

    Same columns, same separator and letters: whoever repaired the rows imports this very file.
    """

    def __init__(self, file: ListFile) -> None:
        self._file = file

    def write(self, folder: Path, reasons: Iterable[tuple[int, str]]) -> Path:
        """Write the rows of `reasons` into a new file in `folder`; its path.

        `reasons` are rows with their why, in the order of the file.
        """
        form = self._file.table.form
        stem = Path(self._file.name).stem.removeprefix(PREFIX)
        target = folder / f"{PREFIX}{stem}{'.xlsx' if form is None else '.csv'}"
        rows = self._rows(iter(reasons))
        if form is None:
            _write_workbook(target, rows, self._file.table.sheet or "DATA")
        else:
            _write_text(target, rows, form)
        return target

    def _rows(self, reasons: Iterator[tuple[int, str]]) -> Iterator[list[str]]:
        header = self._file.found.header
        kept = [
            place for place, name in enumerate(header) if loosened(name) != loosened(REASON_COLUMN)
        ]
        yield [*(header[place] for place in kept), REASON_COLUMN]
        wanted, reason = next(reasons, (0, ""))
        for row in self._file.rows():
            if row.number == wanted:
                # Rows with too few or too many cells keep those they have.
                cells = [row.cells[place] if place < len(row.cells) else "" for place in kept]
                yield [*cells, reason]
                while wanted == row.number:
                    wanted, reason = next(reasons, (0, ""))


def _write_text(target: Path, rows: Iterator[list[str]], form: TextForm) -> None:
    with target.open("w", encoding=form.encoding, newline="") as handle:
        writer = csv.writer(handle, delimiter=form.separator, lineterminator="\r\n")
        writer.writerows(rows)


def _write_workbook(target: Path, rows: Iterator[list[str]], sheet_name: str) -> None:
    # Written to memory-mapped parts by the library; the options keep every cell a text cell.
    with closing(xlsxwriter.Workbook(str(target), _TEXT_ONLY)) as workbook:
        sheet = workbook.add_worksheet(sheet_name)
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if cell:
                    sheet.write_string(number, place, cell)
