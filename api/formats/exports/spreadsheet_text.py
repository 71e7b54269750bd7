"""The CSV flavour "untuk Excel": text that stays text when a spreadsheet opens the file.

Opened by a double click, a CSV cell that begins with `= + - @` is a formula, and a number of 16
digits loses the last one. A leading apostrophe says "text" to every spreadsheet. The plain
flavour is for programs and says every value as it is.
"""

from typing import Final

from api.formats.exports.columns import Cell

_ACTIVE: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
DIGITS_EXACT_MAX: Final = 11
"""A spreadsheet shows longer whole numbers in scientific form."""


def guarded(cell: Cell) -> Cell:
    """A cell with an apostrophe in front where a spreadsheet would make something else of it."""
    if not isinstance(cell, str) or not cell:
        return cell
    # Spaces are skipped before a formula is looked for, full-width signs are read as plain ones.
    begins = cell.lstrip(" \u00a0")[:1] or cell[0]
    if begins in _ACTIVE or begins in "＝＋－＠" or cell[0] in "\t\r\n":  # noqa: RUF001
        return f"'{cell}"
    is_long = len(cell) > DIGITS_EXACT_MAX and cell.isascii() and cell.isdigit()
    is_padded = len(cell) > 1 and cell[0] == "0" and cell.isascii() and cell.isdigit()
    return f"'{cell}" if is_long or is_padded else cell
