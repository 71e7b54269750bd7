"""How much room a text takes on paper, without a browser to ask.

"Halaman 3 dari 12" on each page, in whatever browser somebody prints from, needs page breaks that
are known beforehand. So lines are broken here as a browser breaks them, with the widths of Arial
(Helvetica and Liberation Sans have the same), and a little more for whatever font is there instead.
"""

from functools import lru_cache
from math import ceil
from typing import Final

MM_PER_POINT: Final = 25.4 / 72
SPARE: Final = 1.04
"""Other fonts of that kind are a little wider."""
BOLD: Final = 1.07
_WIDTH_ELSE: Final = 667

# Thousandths of the font's size (Adobe's metrics of Helvetica).
_WIDTHS: Final = {
    letter: width
    for width, letters in {
        191: "'", 222: "ijl", 260: "|", 278: " !,./:;I[\\]ft·", 333: "()-`r", 355: '"', 389: "*",
        469: "^", 500: "Jcksvxyz", 556: "#$0123456789?L_abdeghnopqu–", 584: "+<=>~", 611: "FTZ",
        667: "&ABEKPSVXY", 722: "CDHNRUw", 778: "GOQ", 833: "Mm", 889: "%", 944: "W", 1000: "—☐",
        1015: "@",
    }.items()
    for letter in letters
}  # fmt: skip


def width_mm(text: str, size_pt: float, *, bold: bool = False) -> float:
    """How wide a text is in one line."""
    units = sum(_WIDTHS.get(letter, _WIDTH_ELSE) for letter in text)
    return units / 1000 * size_pt * MM_PER_POINT * SPARE * (BOLD if bold else 1.0)


@lru_cache(maxsize=4096)
def lines_of(text: str, room_mm: float, size_pt: float, *, bold: bool = False) -> int:
    """How many lines a text takes in a column of that width; at least one.

    Words that are wider than the column are broken, as `overflow-wrap: anywhere` does.
    """
    lines, used = 1, 0.0
    space = width_mm(" ", size_pt, bold=bold)
    for word in text.split():
        wide = width_mm(word, size_pt, bold=bold)
        if used and used + space + wide <= room_mm:
            used += space + wide
            continue
        lines += 1 if used else 0
        further = max(ceil(wide / room_mm) - 1, 0)
        lines += further
        used = wide - further * room_mm
    return lines
