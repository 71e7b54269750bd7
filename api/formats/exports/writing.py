"""Writers: rows go in one by one, a file comes out, and memory stays flat.

Every cell that could be a number of a person is text, and nothing is ever a formula: a name such as
`=HYPERLINK(…)` is the text of a name. The same rows give the same bytes: no time of day, no name
of a machine, and a fixed order.
"""

import csv
import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Final, Protocol

import orjson
import xlsxwriter

from api.formats.exports.columns import Cell, CompiledColumn
from api.formats.exports.loading import CompiledFile
from api.formats.exports.profile import FileSpec
from api.formats.exports.row import Row
from api.formats.exports.spreadsheet_text import guarded
from api.formats.exports.text_sheet import TextSheet

DRAFT_HEADER: Final = "DRAF"
DRAFT_CELL: Final = "DRAF - BELUM DISAHKAN"
TOTAL: Final = "JUMLAH"
XLSX_ROWS_MAX: Final = 1_048_575
"""What a sheet holds below its header."""
MEDIA_TYPES: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "geojson": "application/geo+json",
}


@dataclass(frozen=True, slots=True)
class Making:
    """What is the same for all files of one export."""

    folder: Path
    """For the files while they are written; only the server may look into it."""
    title: str
    subject: str
    """Names the profile, its version and the signed hash."""
    created: datetime
    """When the latest of the villages was frozen; the file's own date."""
    is_draft: bool = False
    for_excel: bool = False
    """The flavour "untuk Excel" of CSV files, see `spreadsheet_text`."""

    def delimiter(self, spec: FileSpec) -> str:
        """Between the cells of a CSV: Excel in Indonesian splits at semicolons."""
        return ";" if self.for_excel else spec.delimiter


class Writer(Protocol):
    """Takes rows; `close` finishes the file. `rows` counts what was taken."""

    rows: int

    def add(self, row: Row, cells: Sequence[Cell], /) -> None: ...

    def close(self) -> None: ...


def writer_of(file: CompiledFile, path: Path, making: Making, title: str) -> Writer:
    """The writer for the file's format. `title` says in Indonesian what the file holds."""
    match file.spec.format:
        case "xlsx":
            return XlsxWriter(file, path, making)
        case "csv":
            return CsvWriter(file, path, making)
        case "html":
            return SheetWriter(path, making, title)
        case "geojson":
            return GeoJsonWriter(file, path, making)


@dataclass(slots=True)
class Totals:
    """Sums of the columns that are numbers, for a last line."""

    columns: Sequence[CompiledColumn]
    sums: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sums = [0] * len(self.columns)

    def add(self, cells: Sequence[Cell]) -> None:
        for place, cell in enumerate(cells):
            if not isinstance(cell, str):
                self.sums[place] += cell

    def cells(self) -> list[Cell]:
        """The line: its title in the first column that is text."""
        line: list[Cell] = [
            total if column.is_number else ""
            for column, total in zip(self.columns, self.sums, strict=True)
        ]
        for place, column in enumerate(self.columns):
            if not column.is_number:
                line[place] = TOTAL
                break
        return line


class XlsxWriter:
    """One workbook, one sheet, text cells, written row by row to the disk."""

    def __init__(self, file: CompiledFile, path: Path, making: Making) -> None:
        self.rows = 0
        self._making = making
        self._columns = file.columns
        self._totals = Totals(file.columns) if file.spec.totals else None
        self._book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "tmpdir": str(making.folder),
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._book.set_properties(
            {
                "title": making.title,
                "subject": making.subject,
                "author": "Lokus",
                "comments": DRAFT_CELL if making.is_draft else "",
                "created": making.created.astimezone(UTC).replace(tzinfo=None),
            }
        )
        # "@" is Excel's format for text: whoever edits such a cell keeps all digits of a number.
        self._text = self._book.add_format({"num_format": "@"})
        self._head = self._book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "num_format": "@"}
        )
        sheet = f"{DRAFT_HEADER} {file.spec.sheet}" if making.is_draft else file.spec.sheet
        self._sheet = self._book.add_worksheet(sheet, TextSheet)
        self._begin()

    def _begin(self) -> None:
        headers = [column.header for column in self._columns]
        for place, column in enumerate(self._columns):
            self._sheet.set_column(place, place, column.width, self._text)
        if self._making.is_draft:
            headers.append(DRAFT_HEADER)
        self._sheet.freeze_panes(1, 0)
        for place, header in enumerate(headers):
            self._sheet.write_string(0, place, header, self._head)
        # The index of a format has no other name in XlsxWriter.
        style = self._text._get_xf_index()  # noqa: SLF001
        self._sheet.begin_rows(len(headers), style)

    def add(self, _row: Row, cells: Sequence[Cell]) -> None:
        self.rows += 1
        self._write(self.rows, cells)
        if self._totals is not None:
            self._totals.add(cells)

    def _write(self, line: int, cells: Sequence[Cell]) -> None:
        whole = [*cells, DRAFT_CELL] if self._making.is_draft else cells
        self._sheet.add_row(line + 1, whole)

    def close(self) -> None:
        if self._totals is not None:
            self._write(self.rows + 1, self._totals.cells())
        self._book.close()


class CsvWriter:
    """UTF-8 with line ends of CRLF, as RFC 4180 wants; the flavour for Excel differs."""

    def __init__(self, file: CompiledFile, path: Path, making: Making) -> None:
        self.rows = 0
        self._making = making
        self._totals = Totals(file.columns) if file.spec.totals else None
        encoding = "utf-8-sig" if making.for_excel else "utf-8"
        self._file = path.open("w", encoding=encoding, newline="")
        self._csv = csv.writer(
            self._file, delimiter=making.delimiter(file.spec), lineterminator="\r\n"
        )
        headers = [column.header for column in file.columns]
        self._write([*headers, DRAFT_HEADER] if making.is_draft else headers)

    def add(self, _row: Row, cells: Sequence[Cell]) -> None:
        self.rows += 1
        self._write([*cells, DRAFT_CELL] if self._making.is_draft else cells)
        if self._totals is not None:
            self._totals.add(cells)

    def _write(self, cells: Sequence[Cell]) -> None:
        self._csv.writerow([guarded(cell) for cell in cells] if self._making.for_excel else cells)

    def close(self) -> None:
        if self._totals is not None:
            self._write(self._totals.cells())
        self._file.close()


class GeoJsonWriter:
    """RFC 7946: a point for each house, with what its columns say; nobody's name or number."""

    def __init__(self, file: CompiledFile, path: Path, making: Making) -> None:
        self.rows = 0
        self._names = [column.header for column in file.columns]
        self._file = path.open("wb")
        head = {"type": "FeatureCollection", "title": making.title}
        if making.is_draft:
            head["draf"] = DRAFT_CELL
        self._file.write(orjson.dumps(head)[:-1] + b',"features":[')

    def add(self, row: Row, cells: Sequence[Cell]) -> None:
        feature = {
            "type": "Feature",
            "geometry": {
                "type": "Point",
                "coordinates": [row.keluarga["bujur"], row.keluarga["lintang"]],
            },
            "properties": {
                name: cell for name, cell in zip(self._names, cells, strict=True) if cell != ""
            },
        }
        self._file.write((b",\n" if self.rows else b"\n") + orjson.dumps(feature))
        self.rows += 1

    def close(self) -> None:
        self._file.write(b"\n]}\n")
        self._file.close()


_STYLE: Final = (
    "body{font:11pt/1.35 sans-serif;margin:1cm}h1{font-size:14pt}"
    "h2{font-size:11pt;margin:.6em 0 .2em}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #888;padding:2px 6px;"
    "text-align:left;vertical-align:top}th{width:40%;font-weight:normal}section{break-after:page}"
    ".draf{border:2px solid #b00;color:#b00;padding:4px 8px;font-weight:bold}"
    "@page{size:A4;margin:1cm}"
)


class SheetWriter:
    """Printable sheets, a page for each family: works without network and without JavaScript."""

    def __init__(self, path: Path, making: Making, title: str) -> None:
        self.rows = 0
        self._making = making
        self._title = html.escape(title)
        self._sheet: str | None = None
        self._part: str | None = None
        self._file: TextIOWrapper = path.open("w", encoding="utf-8", newline="\n")
        self._file.write(
            f'<!doctype html>\n<html lang="id"><head><meta charset="utf-8"><title>{self._title}'
            f"</title><style>{_STYLE}</style></head><body>\n"
        )

    def add(self, row: Row, _cells: Sequence[Cell]) -> None:
        self.rows += 1
        part, question, answer = (str(row.baris.get(name) or "") for name in
                                  ("bagian", "isian", "nilai"))  # fmt: skip
        self._turn_to(row, part)
        self._file.write(
            f"<tr><th>{html.escape(question)}</th><td>{html.escape(answer)}</td></tr>\n"
        )

    def _turn_to(self, row: Row, part: str) -> None:
        if row.family.id != self._sheet:
            self._leave_sheet()
            self._sheet, self._part = row.family.id, None
            name = html.escape(str(row.keluarga.get("nama_kepala_keluarga") or ""))
            self._file.write(f"<section><h1>{name}</h1>")
            if self._making.is_draft:
                self._file.write(f'<p class="draf">{DRAFT_CELL}</p>')
            where = f"{row.place.name('desa')}, RT {row.family.rt}"
            self._file.write(f"<p>{self._title}, {html.escape(where)}</p>\n")
        if part != self._part:
            self._leave_part()
            self._part = part
            self._file.write(f"<h2>{html.escape(part)}</h2>\n<table>\n")

    def _leave_part(self) -> None:
        if self._part is not None:
            self._file.write("</table>\n")

    def _leave_sheet(self) -> None:
        if self._sheet is not None:
            self._leave_part()
            self._file.write("</section>\n")

    def close(self) -> None:
        self._leave_sheet()
        self._file.write("</body></html>\n")
        self._file.close()
