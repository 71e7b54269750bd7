"""Is this archive a workbook that may be opened? Decided from its directory, nothing is unpacked.

400 KB can declare themselves to be a gigabyte, so size, ratio and number of parts are checked on
what the directory says; an archive that lies there meets the limits of the child process. Parts
that overlap (one stream listed a hundred times) give themselves away by adding up to more than
the file holds.
"""

import re
import zipfile
from pathlib import Path
from typing import Final

from api.formats.spreadsheets.limits import SheetLimits
from api.formats.spreadsheets.unreadable import ListUnreadable

_OLD_OFFICE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
"""A compound file: an .xls, or an .xlsx behind a password."""
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_HTML: Final = (b"<html", b"<!doctype html", b"<table", b"<?xml", b"<meta")
_NEEDED: Final = "xl/workbook.xml"
_SMALL_PART_BYTES: Final = 64 * 1024
"""Templates and styles repeat themselves a hundredfold; what unpacks to so little hurts nobody."""
_END: Final = b"PK\x05\x06"
_TAIL_BYTES: Final = 22 + 65_535
"""The end record and the longest comment that may follow it."""
_ENTRY_BYTES: Final = 1024
"""Of the directory, per part; spreadsheets need about a hundred."""
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


def is_archive(head: bytes) -> bool:
    """Do the first bytes say zip?

    Raises `ListUnreadable` for the old binary formats, and for the web pages that some offices'
    servers hand out under the name of one.
    """
    if head.startswith(_OLD_OFFICE):
        raise ListUnreadable("encrypted" if b"E\x00n\x00c\x00r\x00y\x00p" in head else "old-xls")
    if head.startswith((b"\x09\x08\x10\x00", b"\x09\x04\x06\x00", b"\x09\x00\x04\x00")):
        raise ListUnreadable("old-xls")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_HTML):
        raise ListUnreadable("html")
    return head.startswith(_ZIP)


def check_archive(path: Path, limits: SheetLimits) -> None:
    """Raise `ListUnreadable` unless the file at `path` is a workbook within the limits."""
    size = path.stat().st_size
    if size > limits.workbook_bytes_max:
        raise ListUnreadable("too-large", f"{limits.workbook_bytes_max >> 20} MiB")
    parts = _directory(path, limits)
    if any(part.flag_bits & 1 for part in parts):
        raise ListUnreadable("encrypted")
    if any(part.compress_type not in _METHODS for part in parts):
        raise ListUnreadable("compression")
    if sum(part.compress_size for part in parts) > size or _starts_twice(parts):
        raise ListUnreadable("overlapping")
    if _NEEDED not in {part.filename for part in parts}:
        raise ListUnreadable("not-a-workbook")
    _check_ratio(parts, size, limits)


def _directory(path: Path, limits: SheetLimits) -> list[zipfile.ZipInfo]:
    # The library reads the directory whole, so how large it says to be is looked at before.
    if _directory_bytes(path) > limits.entries_max * _ENTRY_BYTES:
        raise ListUnreadable("entries", str(limits.entries_max))
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ListUnreadable("not-a-workbook") from error
    if len(parts) > limits.entries_max:
        raise ListUnreadable("entries", str(limits.entries_max))
    return parts


def _directory_bytes(path: Path) -> int:
    """The largest directory that any end record in the file's tail declares."""
    with path.open("rb") as handle:
        handle.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        tail = handle.read()
    found = [match.start() for match in re.finditer(re.escape(_END), tail)]
    return max(
        (int.from_bytes(tail[at + 12 : at + 16], "little") for at in found if at + 22 <= len(tail)),
        default=0,
    )


def _starts_twice(parts: list[zipfile.ZipInfo]) -> bool:
    return len({part.header_offset for part in parts}) < len(parts)


def _check_ratio(parts: list[zipfile.ZipInfo], size: int, limits: SheetLimits) -> None:
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.unpacked_bytes_max:
        raise ListUnreadable("unpacks-too-large", f"{limits.unpacked_bytes_max >> 20} MiB")
    is_odd = unpacked > limits.ratio_max * size or any(
        part.file_size > max(_SMALL_PART_BYTES, limits.ratio_max * part.compress_size)
        for part in parts
    )
    if is_odd:
        raise ListUnreadable("ratio", f"{limits.ratio_max} : 1")
