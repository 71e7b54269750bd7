"""An XLSForm workbook → its XForm, its warnings and its cells; hostile until it has been read.

The archive's own directory is checked before anything unpacks it: a file of 400 KB can unpack to a
gigabyte. Then a child process with limits reads it.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import orjson

from api.formats.spreadsheets.archive import check_archive
from api.formats.spreadsheets.limits import MIB, SheetLimits
from api.formats.spreadsheets.unreadable import ListUnreadable
from api.formats.xform.faults import FormFault, FormRefused, whole_form

LIMITS: Final = SheetLimits(workbook_bytes_max=10 * MIB, unpacked_bytes_max=100 * MIB)
CONVERSION_SECONDS_MAX: Final = 90

_BIG: Final = frozenset({"too-large", "unpacks-too-large", "entries", "ratio", "overlapping"})

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
    """The check that every workbook passes, with a form's limits. Raises `FormRefused`."""
    if not workbook.startswith(b"PK"):
        raise whole_form(*_UNREADABLE)
    with TemporaryDirectory(prefix="lokus-form-") as folder:
        path = Path(folder) / "form.xlsx"
        path.write_bytes(workbook)
        try:
            check_archive(path, LIMITS)
        except ListUnreadable as refused:
            says_too_big = refused.reason in _BIG
            raise whole_form(*(_TOO_BIG if says_too_big else _UNREADABLE)) from refused


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
