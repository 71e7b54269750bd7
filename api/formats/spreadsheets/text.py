"""The rows of a CSV file: which letters, which separator, and rows that never fill the memory.

A file is read twice. First whole and strictly, to know its encoding: text that is not UTF-8 in one
single place is Windows-1252, as Excel in Indonesia saves it, or nothing that we would guess at.
Then row by row, with a bound on every line and every cell.
"""

import codecs
import csv
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Final, Literal, TypeAlias

from api.formats.spreadsheets.limits import SheetLimits
from api.formats.spreadsheets.unreadable import ListUnreadable

Encoding: TypeAlias = Literal["utf-8", "utf-8-sig", "cp1252"]

_CHUNK_BYTES: Final = 1 << 18
_SEPARATORS: Final = (",", ";", "|", "\t")
_LINES_LOOKED_AT: Final = 20


@dataclass(frozen=True, slots=True)
class TextForm:
    """How a CSV file is written, so that refused rows go back the same way."""

    encoding: Encoding
    separator: str


def form_of(path: Path, limits: SheetLimits) -> TextForm:
    """Encoding and separator of a CSV file. Raises `ListUnreadable`."""
    if path.stat().st_size > limits.csv_bytes_max:
        raise ListUnreadable("too-large", f"{limits.csv_bytes_max >> 20} MiB")
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as handle:
        head = [line for line in islice(_lines(handle, limits), _LINES_LOOKED_AT) if line.strip()]
    if not head:
        raise ListUnreadable("empty")
    return TextForm(encoding, _declared(head[0]) or _most_even(head))


def csv_rows(path: Path, form: TextForm, limits: SheetLimits) -> Iterator[list[str]]:
    """All rows, the `sep=` line of Excel left out; empty lines are rows without cells."""
    with path.open(encoding=form.encoding, newline="") as handle:
        lines = _lines(handle, limits)
        first = next(lines, "")
        if _declared(first) is None:
            lines = chain([first], lines)
        yield from _parsed(lines, form.separator, limits)


def _parsed(lines: Iterator[str], separator: str, limits: SheetLimits) -> Iterator[list[str]]:
    reader = csv.reader(lines, delimiter=separator)
    cell_max, columns_max = limits.cell_characters_max, limits.columns_max
    try:
        for row in reader:
            if len(row) > columns_max:
                raise ListUnreadable("too-many-columns", str(columns_max))
            if row and len(max(row, key=len)) > cell_max:
                raise ListUnreadable("cell-too-long", f"baris {reader.line_num}")
            yield row
    except csv.Error as error:
        raise ListUnreadable("cell-too-long", f"baris {reader.line_num}") from error


def _lines(handle: IO[str], limits: SheetLimits) -> Iterator[str]:
    # A plain loop over the file would hold a gigabyte without a line end at once.
    size_max = limits.line_characters_max
    while line := handle.readline(size_max + 1):
        if len(line) > size_max:
            raise ListUnreadable("cell-too-long")
        yield line


def _encoding(path: Path) -> Encoding:
    for encoding in ("utf-8", "cp1252"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as handle, closing(_chunks(handle)) as chunks:
                first = next(chunks, b"")
                for chunk in chain([first], chunks):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return "utf-8-sig" if first.startswith(codecs.BOM_UTF8) else encoding
    raise ListUnreadable("encoding")


def _chunks(handle: IO[bytes]) -> Generator[bytes]:
    while chunk := handle.read(_CHUNK_BYTES):
        if b"\0" in chunk:
            raise ListUnreadable("nul")
        yield chunk


def _declared(line: str) -> str | None:
    """The separator that Excel writes into a first line of its own, `sep=;`."""
    said = line.strip().lstrip("\ufeff").lower()
    return said[4:] if len(said) == 5 and said.startswith("sep=") else None


def _most_even(head: list[str]) -> str:
    """The separator that cuts most of the rows to one same width; commas where nothing does.

    Width alone is no sign: a name with its title (`SITI, S.Pd`) has a comma, too.
    """

    def evenness(separator: str) -> tuple[int, int]:
        try:
            widths = Counter(map(len, csv.reader(head, delimiter=separator)))
        except csv.Error:
            return 0, 0
        return max(((rows, width) for width, rows in widths.items() if width > 1), default=(0, 0))

    return max(_SEPARATORS, key=evenness)
