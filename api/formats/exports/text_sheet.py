"""A sheet of text cells, written a row at a time, without asking each cell what it is.

XlsxWriter spends most of its time in telling formulas, dates, links and numbers apart, for each of
ten million cells of a district. Here every cell is inline text or a plain number, so a row is one
piece of XML. The frame of the file, its styles and its header stay XlsxWriter's.
"""

import re
from collections.abc import Sequence
from typing import Final

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from api.formats.exports.columns import Cell

CELL_CHARACTERS_MAX: Final = 32_767
"""What a spreadsheet holds in a cell."""

_SPECIAL: Final = re.compile(r"[&<>\x00-\x1f\x7f\ufffe\uffff]|_x|^\s|\s$")
# Excel reads _xHHHH_ as a character, so whoever is really called that is escaped first.
_LITERAL: Final = re.compile(r"(_x[0-9a-fA-F]{4}_)")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")


def cell_text(text: str) -> str:
    """The `<t>` element of a text. Raises ValueError for one that no cell holds."""
    if len(text) > CELL_CHARACTERS_MAX:
        raise ValueError(f"a cell holds at most {CELL_CHARACTERS_MAX} characters")
    if _SPECIAL.search(text) is None:
        return f"<t>{text}</t>"
    escaped = _LITERAL.sub(r"_x005F\1", text)
    escaped = _CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", escaped)
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<t xml:space="preserve">{escaped}</t>'


class TextSheet(Worksheet):  # type: ignore[misc]  # its class has no types
    """A worksheet of a workbook in `constant_memory` mode whose rows are written whole."""

    def begin_rows(self, columns: int, style: int) -> None:
        """Leave the header behind. `style` is the index of the format that all text cells bear."""
        self._write_single_row(1)
        self._starts = [
            (f'<c r="{xl_col_to_name(place)}', f'" s="{style}" t="inlineStr"><is>')
            for place in range(columns)
        ]

    def add_row(self, number: int, cells: Sequence[Cell]) -> None:
        """Row `number`, counted from 1; rows come in order, and empty cells are left out."""
        parts = [f'<row r="{number}">']
        for (start, style), cell in zip(self._starts, cells, strict=True):
            if isinstance(cell, str):
                if cell:
                    parts.append(f"{start}{number}{style}{cell_text(cell)}</is></c>")
            else:
                parts.append(f'{start}{number}"><v>{cell}</v></c>')
        parts.append("</row>")
        self.fh.write("".join(parts))
        self.dim_rowmax = number - 1
