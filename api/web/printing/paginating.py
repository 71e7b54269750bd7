"""Put blocks of known height onto pages: what belongs together stays together where it fits.

A **block** is never broken. A **group** is kept on one page if it fits on an empty one; otherwise
it begins where it stands and goes on with `again` on top of each further page. Blocks that are rows
of a table have a **frame**, which is opened again, with the table's head, on every page that they
reach.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Frame:
    """What rows stand in. `height` is that of the opening, in mm."""

    opening: Markup
    closing: Markup
    height: float


@dataclass(frozen=True, slots=True)
class Block:
    """Something of known height, in mm."""

    content: Markup
    height: float
    frame: Frame | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks that belong together."""

    blocks: tuple[Block, ...]
    again: Block | None = None
    breaks_before: bool = False
    """Begins a page of its own."""


FEW_BLOCKS: Final = 2
"""So many blocks of a group at least stand at the foot of a page, or none."""


@dataclass(slots=True)
class _Press:
    """Pages being filled."""

    room: float
    pages: list[Markup] = field(default_factory=list)
    _parts: list[Markup] = field(default_factory=list)
    _used: float = 0.0
    _frame: Frame | None = None

    @property
    def is_empty(self) -> bool:
        return not self._parts

    def turn(self) -> None:
        """Begin a page; an empty one is used instead of being left behind."""
        if self.is_empty:
            return
        self._leave()
        self.pages.append(Markup("").join(self._parts))
        self._parts, self._used = [], 0.0

    def fits(self, blocks: Iterable[Block]) -> bool:
        """Is there room for all of them on this page?"""
        return self._used + self._height(blocks, self._frame) <= self.room

    def fits_alone(self, blocks: Iterable[Block]) -> bool:
        """Would an empty page have room for all of them?"""
        return self._height(blocks, None) <= self.room

    def put(self, block: Block) -> None:
        """Add a block to this page."""
        self._used += self._height((block,), self._frame)
        if block.frame is not self._frame:
            self._leave()
            if block.frame is not None:
                self._parts.append(block.frame.opening)
            self._frame = block.frame
        self._parts.append(block.content)

    def _leave(self) -> None:
        if self._frame is not None:
            self._parts.append(self._frame.closing)
        self._frame = None

    @staticmethod
    def _height(blocks: Iterable[Block], frame: Frame | None) -> float:
        height = 0.0
        for block in blocks:
            if block.frame is not frame and block.frame is not None:
                height += block.frame.height
            height += block.height
            frame = block.frame
        return height


def paginate(groups: Iterable[Group], room: float) -> list[Markup]:
    """Pages of at most `room` mm, in order. A block that is higher than a page has one alone."""
    press = _Press(room)
    for group in groups:
        if group.breaks_before:
            press.turn()
        if press.fits(group.blocks):
            for block in group.blocks:
                press.put(block)
            continue
        if press.fits_alone(group.blocks) or not press.fits(group.blocks[:FEW_BLOCKS]):
            press.turn()
        _split(press, group)
    press.turn()
    return press.pages


def _split(press: _Press, group: Group) -> None:
    for block in group.blocks:
        if not press.fits((block,)) and not press.is_empty:
            press.turn()
            if group.again is not None:
                press.put(group.again)
        press.put(block)
