"""Tables whose rows know how high they are, so that they can be put onto pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from api.web.printing.measuring import lines_of
from api.web.printing.paginating import Block, Frame, Group
from api.web.printing.papers import CONTENT_MM, LINE_MM, SMALL_PT, part

TEMPLATE = "minutes.html"
CELL_PADDING_MM = 1.7
"""Left and right together, with the border."""
ROW_PADDING_MM = 1.3


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, its width in mm, and whether it holds figures."""

    name: str
    width: int
    figure: bool = False


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """Columns that are as wide as the paper together."""

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        assert sum(one.width for one in self.columns) == CONTENT_MM, "columns fill the paper"

    @property
    def _told(self) -> list[tuple[str, int, bool]]:
        return [(one.name, one.width, one.figure) for one in self.columns]

    def frame(self) -> Frame:
        """A frame of its own for each table: two tables never run into each other."""
        height = self._height([one.name for one in self.columns], bold=True)
        opening = part(TEMPLATE, "table_open", self._told)
        return Frame(opening, part(TEMPLATE, "table_close"), height)

    def row(self, frame: Frame, cells: Sequence[object], *, strong: bool = False) -> Block:
        """One row."""
        texts = ["" if cell is None else str(cell) for cell in cells]
        content = part(TEMPLATE, "row", texts, self._told, strong)
        return Block(content, self._height(texts, bold=strong), frame)

    def groups(
        self, rows: Iterable[Sequence[object]], *before: Block, last_strong: bool = False
    ) -> list[Group]:
        """The table in groups: what stands before it keeps with the first rows."""
        listed = list(rows)
        frame = self.frame()
        blocks = [
            self.row(frame, cells, strong=last_strong and number == len(listed))
            for number, cells in enumerate(listed, 1)
        ]
        # Neither a first row nor a sum stands alone on a page.
        first, middle, last = blocks[:2], blocks[2:-2], blocks[2:][-2:]
        groups = [Group((*before, *first)), *(Group((block,)) for block in middle)]
        return [*groups, Group(tuple(last))] if last else groups

    def _height(self, cells: Sequence[str], *, bold: bool = False) -> float:
        lines = max(
            lines_of(cell, column.width - CELL_PADDING_MM, SMALL_PT, bold=bold)
            for cell, column in zip(cells, self.columns, strict=True)
        )
        return lines * LINE_MM + ROW_PADDING_MM
