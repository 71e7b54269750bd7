"""Workbooks that nobody would save: each is refused, and says by which code."""

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

import openpyxl

from api.formats.spreadsheets.limits import LIMITS, MIB, SheetLimits

SHEET: Final = "xl/worksheets/sheet1.xml"
TIGHT: Final = replace(LIMITS, child_memory_bytes_max=600 * MIB, child_cpu_seconds_max=10)
_CENTRAL: Final = b"PK\x01\x02"
_END: Final = b"PK\x05\x06"


@cache
def parts() -> Mapping[str, bytes]:
    """The parts of a small honest workbook."""
    buffer = io.BytesIO()
    workbook = openpyxl.Workbook()
    assert workbook.active is not None
    workbook.active.append(["NIK", "NAMA"])
    workbook.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(
    changed: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED, keep: bool = True
) -> bytes:
    """A workbook with some parts changed or added."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, body in {**(parts() if keep else {}), **changed}.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def sheet_of(rows: str, before: str = "") -> bytes:
    """The XML of a sheet with these rows."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    text = f'<?xml version="1.0"?>{before}<worksheet xmlns="{space}"><sheetData>{rows}</sheetData>'
    return f"{text}</worksheet>".encode()


def _cell(place: str, text: str) -> str:
    row = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return f'<row r="{row}"><c r="{place}" t="inlineStr"><is><t>{text}</t></is></c></row>'


def _patched(body: bytes, name: str, offset: int, form: str, value: int) -> bytes:
    """The directory's entry of a part with a field overwritten."""
    raw = bytearray(body)
    at = raw.find(_CENTRAL)
    while raw[at + 46 : at + 46 + len(name)] != name.encode():
        at = raw.index(_CENTRAL, at + 4)
    struct.pack_into(form, raw, at + offset, value)
    return bytes(raw)


def _with_end(body: bytes, offset: int, form: str, value: int) -> bytes:
    raw = bytearray(body)
    struct.pack_into(form, raw, raw.rindex(_END) + offset, value)
    return bytes(raw)


def one_enormous_cell() -> bytes:
    return zipped({SHEET: sheet_of(_cell("A1", "x" * (40 * MIB)))})


def a_million_equal_rows() -> bytes:
    return zipped({SHEET: sheet_of("<row><c><v>1</v></c></row>" * 1_000_000)})


def enormous_shared_strings() -> bytes:
    return zipped({"xl/sharedStrings.xml": b"<sst>" + b"<si><t>a</t></si>" * 2_000_000 + b"</sst>"})


def enormous_part_that_nobody_needs() -> bytes:
    return zipped({"xl/media/image1.png": bytes(60 * MIB)})


def says_it_is_a_terabyte() -> bytes:
    return _patched(zipped({}), SHEET, 24, "<I", 0xF0000000)


def says_it_is_small() -> bytes:
    big = sheet_of(_cell("A1", "x" * (40 * MIB)))
    return _patched(zipped({SHEET: big}), SHEET, 24, "<I", 100)


def ten_thousand_parts() -> bytes:
    return zipped({f"xl/x{number}.xml": b"" for number in range(10_000)}, zipfile.ZIP_STORED)


def a_directory_without_end() -> bytes:
    return _with_end(zipped({}), 12, "<I", 0xFFFFFFF0)


def one_part_listed_twice() -> bytes:
    body = zipped({"xl/copy.xml": b"x"})
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        offset = archive.getinfo(SHEET).header_offset
    return _patched(body, "xl/copy.xml", 42, "<I", offset)


def parts_larger_than_the_file() -> bytes:
    return _patched(zipped({}), SHEET, 20, "<I", 10 * MIB)


def behind_a_password() -> bytes:
    return _patched(zipped({}), SHEET, 8, "<H", 1)


def packed_by_lzma() -> bytes:
    return zipped({}, zipfile.ZIP_LZMA)


def packed_by_bzip2() -> bytes:
    return zipped({}, zipfile.ZIP_BZIP2)


def a_zip_in_a_zip() -> bytes:
    return zipped({"inner.zip": zipped({})}, keep=False)


def cut_in_the_middle() -> bytes:
    body = zipped({})
    return body[: len(body) // 2]


def no_zip_at_all() -> bytes:
    return b"PK\x03\x04" + bytes(range(256)) * 10


def an_old_workbook() -> bytes:
    return bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000)


def an_encrypted_workbook() -> bytes:
    return an_old_workbook() + "EncryptedPackage".encode("utf-16-le")


def cells_at_both_ends_of_the_sheet() -> bytes:
    return zipped({SHEET: sheet_of(_cell("A1", "a") + _cell("XFD1048576", "b"))})


def five_hundred_columns() -> bytes:
    names = (
        f"{first}{second}"
        for first in "ABCDEFGHIJKLMNOPQRST"
        for second in "ABCDEFGHIJKLMNOPQRSTUVWXY"
    )
    cells = "".join(f'<c r="{name}1"><v>1</v></c>' for name in names)
    return zipped({SHEET: sheet_of(f'<row r="1">{cells}</row>')})


def a_cell_longer_than_cells_are() -> bytes:
    text = "".join(f"{number:07}" for number in range(10_000))
    return zipped({SHEET: sheet_of(_cell("A1", text))})


def entities_that_multiply() -> bytes:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    before = f'<!DOCTYPE x [<!ENTITY e0 "{"x" * 99}">{entities}]>'
    return zipped({SHEET: sheet_of(_cell("A1", "&e9;"), before)})


def xml_that_never_closes() -> bytes:
    return zipped({SHEET: sheet_of("<row><c>" * 3000)})


def no_xml() -> bytes:
    return zipped({SHEET: bytes(range(256)) * 4})


def larger_than_the_limit() -> bytes:
    return zipped({"xl/media/image1.png": bytes(range(256)) * 400}, zipfile.ZIP_STORED)


Bomb = tuple[Callable[[], bytes], str, SheetLimits]


def _bomb(make: Callable[[], bytes], reason: str, limits: SheetLimits = TIGHT) -> Bomb:
    return make, reason, limits


BOMBS: Final = (
    _bomb(one_enormous_cell, "ratio"),
    _bomb(a_million_equal_rows, "ratio"),
    _bomb(enormous_shared_strings, "ratio"),
    _bomb(enormous_part_that_nobody_needs, "ratio"),
    _bomb(says_it_is_a_terabyte, "unpacks-too-large"),
    _bomb(says_it_is_small, "child-failed"),
    _bomb(ten_thousand_parts, "entries"),
    _bomb(a_directory_without_end, "entries"),
    _bomb(one_part_listed_twice, "overlapping"),
    _bomb(parts_larger_than_the_file, "overlapping"),
    _bomb(behind_a_password, "encrypted"),
    _bomb(an_encrypted_workbook, "encrypted"),
    _bomb(an_old_workbook, "old-xls"),
    _bomb(packed_by_lzma, "compression"),
    _bomb(packed_by_bzip2, "compression"),
    _bomb(a_zip_in_a_zip, "not-a-workbook"),
    _bomb(cut_in_the_middle, "not-a-workbook"),
    _bomb(no_zip_at_all, "not-a-workbook"),
    _bomb(cells_at_both_ends_of_the_sheet, "child-limit"),
    _bomb(five_hundred_columns, "too-many-columns"),
    _bomb(a_cell_longer_than_cells_are, "cell-too-long"),
    _bomb(entities_that_multiply, "child-failed"),
    _bomb(xml_that_never_closes, "child-failed"),
    _bomb(no_xml, "child-failed"),
    _bomb(larger_than_the_limit, "too-large", replace(TIGHT, workbook_bytes_max=100_000)),
)
