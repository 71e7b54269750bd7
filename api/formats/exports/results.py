"""The ministry's answer to a usulan, read by position.

Seen in June 2022: CSV, eight columns, one header row, and neither its literal headers nor the
values of *hasil*, *padan* and *keterangan* are published (`hasil_usulan_csv_2022`). So columns are
taken by position and values are kept word for word; what counts as taken or refused is a list of
words that a district can replace.
"""

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from io import StringIO
from typing import Final

from sync.types import Json

COLUMNS: Final = (
    "kecamatan", "desa", "nik", "program", "hasil", "padan", "nama", "keterangan",
)  # fmt: skip
BYTES_MAX: Final = 32 * 1024 * 1024
ROWS_MAX: Final = 500_000
CELL_CHARACTERS_MAX: Final = 2_000
ACCEPTED: Final = "diterima"
REJECTED: Final = "ditolak"
UNCLEAR: Final = "tidak_jelas"

_DIGITS: Final = re.compile(r"[0-9]{16}")
_FLOAT: Final = re.compile(r"([0-9]{16})[.,]0+")


class UnreadableAnswer(ValueError):
    """The file is no answer of this form; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One row of the answer. `line` is its line in the file, counted from 1."""

    line: int
    nik: str
    """Sixteen digits; empty where there are none, and then nobody is found."""
    program: str
    values: Mapping[str, Json]
    """All eight columns, word for word."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words of *hasil* that say yes, and words that say no, in lower case."""

    accepted: tuple[str, ...]
    rejected: tuple[str, ...]

    def outcome(self, said: str) -> str:
        """What a *hasil* means: a no stands above a yes ("tidak layak" holds "layak")."""
        plain = " ".join(said.lower().split())
        if any(word in plain for word in self.rejected):
            return REJECTED
        return ACCEPTED if any(word in plain for word in self.accepted) else UNCLEAR


def shipped_words() -> Words:
    """The words that come with Lokus."""
    text = files("api.formats.exports").joinpath("answers.toml").read_text(encoding="utf-8")
    read = tomllib.loads(text)
    return Words(tuple(read["diterima"]), tuple(read["ditolak"]))


def read_answers(content: bytes) -> Iterator[AnswerLine]:
    """The rows of an answer. Raises `UnreadableAnswer`."""
    if len(content) > BYTES_MAX:
        raise UnreadableAnswer(f"an answer has at most {BYTES_MAX} bytes")
    text = _decoded(content)
    rows = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        header = next(rows, None)
        if header is None or len(header) < len(COLUMNS):
            raise UnreadableAnswer(
                f"expected a header and {len(COLUMNS)} columns: {', '.join(COLUMNS)}"
            )
        if _DIGITS.fullmatch(_number(header[2])):
            raise UnreadableAnswer("the first row is no header; add the one that was cut off")
        for count, row in enumerate(rows):
            if count >= ROWS_MAX:
                raise UnreadableAnswer(f"an answer has at most {ROWS_MAX} rows")
            if any(cell.strip() for cell in row):
                yield _line(row, rows.line_num)
    except csv.Error as error:
        raise UnreadableAnswer(f"line {rows.line_num}: {error}") from None


def _line(row: list[str], line: int) -> AnswerLine:
    if len(row) < len(COLUMNS):
        raise UnreadableAnswer(f"line {line} has {len(row)} columns, expected {len(COLUMNS)}")
    cells = [cell[:CELL_CHARACTERS_MAX] for cell in row[: len(COLUMNS)]]
    values: dict[str, Json] = dict(zip(COLUMNS, cells, strict=True))
    number = _number(row[2])
    return AnswerLine(
        line,
        number if _DIGITS.fullmatch(number) else "",
        " ".join(row[3].upper().split()),
        values,
    )


def _number(cell: str) -> str:
    """A NIK as spreadsheets leave it behind: quoted, spaced, or with `.0` at its end."""
    plain = cell.strip().lstrip("'").strip('="').replace(" ", "")
    as_float = _FLOAT.fullmatch(plain)
    return as_float[1] if as_float else plain


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableAnswer("the file is no text in UTF-8 or Windows-1252")


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;|\t", key=first.count)
