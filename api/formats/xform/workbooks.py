"""An XLSForm workbook → its XForm, its warnings and its cells; hostile until it has been read.

The archive's own directory is checked before anything unpacks it: a file of 400 KB can unpack to a
gigabyte. Then a child process with limits reads it.
"""

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Final

import orjson

from api.formats.xform.faults import FormFault, FormRefused, whole_form

WORKBOOK_BYTES_MAX: Final = 10 * 2**20
UNPACKED_BYTES_MAX: Final = 100 * 2**20
RATIO_MAX: Final = 100
ENTRIES_MAX: Final = 500
CONVERSION_SECONDS_MAX: Final = 90

_UNREADABLE: Final = (
    "this is no workbook of the form .xlsx: save it again as Excel workbook and try anew",
    "berkas ini bukan buku kerja .xlsx: simpan lagi sebagai Excel Workbook lalu coba kembali",
)
_TOO_BIG: Final = (
    "the workbook is larger than any form: at most 10 MB, 500 parts and 100 MB unpacked",
    "buku kerja terlalu besar: paling banyak 10 MB, 500 bagian, dan 100 MB setelah dibuka",
)
_GAVE_UP: Final = (
    "reading the workbook took too much time or memory: remove what is not part of the form",
    "membaca buku kerja terlalu berat: hapus isi yang bukan bagian formulir",
)


@dataclass(frozen=True, slots=True)
class Converted:
    """A workbook that pyxform has turned into a form. Row 1 of a sheet is element 0."""

    xml: bytes
    warnings: tuple[str, ...]
    sheets: Mapping[str, Sequence[Mapping[str, str]]]


def guard(workbook: bytes) -> None:
    """Look at the archive's directory alone. Raises `FormRefused`.

    To be replaced by the guard that all spreadsheets share, once that is here.
    """
    if len(workbook) > WORKBOOK_BYTES_MAX:
        raise whole_form(*_TOO_BIG)
    try:
        with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise whole_form(*_UNREADABLE) from error
    names = [entry.filename for entry in entries]
    if "xl/workbook.xml" not in names or "[Content_Types].xml" not in names:
        raise whole_form(*_UNREADABLE)
    unpacked = sum(entry.file_size for entry in entries)
    swollen = any(
        entry.file_size > RATIO_MAX * max(entry.compress_size, 1)
        for entry in entries
        if entry.file_size > 2**16
    )
    if len(entries) > ENTRIES_MAX or unpacked > UNPACKED_BYTES_MAX or swollen:
        raise whole_form(*_TOO_BIG)
    if len(set(names)) != len(names) or any(entry.flag_bits & 1 for entry in entries):
        raise whole_form(*_UNREADABLE)


def convert(workbook: bytes) -> Converted:
    """Guard, then convert in a child process. Raises `FormRefused`."""
    guard(workbook)
    command = [sys.executable, "-m", "api.formats.xform.conversion_child"]
    try:
        with TemporaryDirectory(prefix="lokus-form-") as folder:
            child = subprocess.run(  # noqa: S603  (our own interpreter and module)
                command,
                input=workbook,
                capture_output=True,
                timeout=CONVERSION_SECONDS_MAX,
                check=False,
                env={**os.environ, "TMPDIR": folder},
            )
        answer = orjson.loads(child.stdout)
    except (subprocess.TimeoutExpired, orjson.JSONDecodeError) as error:
        raise whole_form(*_GAVE_UP) from error
    if "error" in answer:
        raise FormRefused([_told(str(answer["error"]))])
    return Converted(str(answer["xml"]).encode(), tuple(answer["warnings"]), answer["sheets"])


def _told(message: str) -> FormFault:
    """What pyxform says itself; where they begin with `[row : 5]` that is the row."""
    row = 0
    if message.startswith("[row : "):
        number, _, rest = message.removeprefix("[row : ").partition("]")
        if number.strip().isdigit():
            row, message = int(number), rest.strip()
    plain = " ".join(message.split())
    return FormFault("survey" if row else "workbook", row, "", plain, f"Menurut pyxform: {plain}")
