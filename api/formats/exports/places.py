"""Where in a TOML file does something stand? The library's parser does not tell.

A profile's shape is plain: tables, arrays of tables, keys, and arrays that hold one inline table
a line. For anything else the nearest line above is named, which is close enough for an editor.
"""

import re
from dataclasses import dataclass, field
from typing import Final

_TABLES: Final = re.compile(r"\s*\[\[\s*([a-z_.]+)\s*\]\]")
_TABLE: Final = re.compile(r"\s*\[\s*([a-z_.]+)\s*\]")
_KEY: Final = re.compile(r"\s*([A-Za-z_]+)\s*=")


@dataclass(frozen=True, slots=True)
class PlaceInFile:
    """Both count from 1."""

    line: int
    column: int


@dataclass(slots=True)
class _Reader:
    """Walks the lines and knows in which table and which array it is."""

    counts: dict[str, int] = field(default_factory=dict)
    table: tuple[int | str, ...] = ()
    array: tuple[int | str, ...] | None = None
    elements: int = -1

    def take(self, line: str) -> tuple[int | str, ...]:
        """The path of what begins in this line, or that of the table it belongs to."""
        if match := _TABLES.match(line):
            name = match[1]
            self.counts[name] = self.counts.get(name, -1) + 1
            self._forget_below(name)
            self.table, self.array = self._path(name), None
            return self.table
        if match := _TABLE.match(line):
            self.table, self.array = self._path(match[1]), None
            return self.table
        if self.array is not None and line.lstrip()[:1] in ("{", '"'):
            self.elements += 1
            return (*self.array, self.elements)
        if match := _KEY.match(line):
            path = (*self.table, match[1])
            opens = line.rstrip().endswith("[")
            self.array, self.elements = (path, -1) if opens else (None, -1)
            return path
        return self.table

    def _forget_below(self, name: str) -> None:
        for other in [one for one in self.counts if one.startswith(f"{name}.")]:
            del self.counts[other]

    def _path(self, dotted: str) -> tuple[int | str, ...]:
        path: list[int | str] = []
        parts = dotted.split(".")
        for n, part in enumerate(parts, 1):
            path.append(part)
            count = self.counts.get(".".join(parts[:n]))
            if count is not None:
                path.append(count)
        return tuple(path)


def position(text: str, path: tuple[int | str, ...]) -> PlaceInFile:
    """Line and column of what a path names, or of the nearest thing that it lies in."""
    reader, best, best_line, best_size = _Reader(), 1, "", -1
    for number, line in enumerate(text.splitlines(), 1):
        found = reader.take(line)
        if len(found) > best_size and path[: len(found)] == found:
            best, best_line, best_size = number, line, len(found)
    rest = [part for part in path[max(best_size, 0) :] if isinstance(part, str)]
    for part in rest:
        if match := re.search(rf"\b{re.escape(part)}\s*=", best_line):
            return PlaceInFile(best, match.start() + 1)
    return PlaceInFile(best, len(best_line) - len(best_line.lstrip()) + 1)
