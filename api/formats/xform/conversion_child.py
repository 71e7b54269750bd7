"""The child process that reads a workbook and turns it into an XForm: pyxform behind limits.

A workbook is somebody else's file. Whatever a crafted one does to its reader (memory, time, a
crash) happens here and ends with this process. It reads the workbook on standard input and writes
one JSON object on standard output: `xml`, `warnings` and `sheets`, or `error`.
"""

import contextlib
import json
import sys
from typing import Any, Final

MEMORY_BYTES_MAX: Final = 512 * 2**20
CPU_SECONDS_MAX: Final = 30
FILE_BYTES_MAX: Final = 64 * 2**20
"""Pyxform writes the form into a temporary file before it gives it back."""


def main() -> int:
    """Convert what comes in; exit code 0 whenever there is an answer."""
    _limit()
    # pyxform prints while it works; only the answer belongs on standard output.
    with contextlib.redirect_stdout(sys.stderr):
        answer = _converted(sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(answer))
    return 0


def _limit() -> None:
    try:
        import resource  # noqa: PLC0415  (not on every system)
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX, FILE_BYTES_MAX))


def _converted(workbook: bytes) -> dict[str, Any]:
    # Imported after the limits: what is read here counts.
    from pyxform.xls2xform import convert  # noqa: PLC0415

    try:
        sheets = _sheets(workbook)
        result = convert(workbook, file_type=".xlsx")
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever a workbook makes pyxform raise is told)
        return {"error": str(error) or type(error).__name__}
    return {"xml": result.xform, "warnings": result.warnings, "sheets": sheets}


def _sheets(workbook: bytes) -> dict[str, list[dict[str, str]]]:
    """Rows by sheet, each a header → text; a header without a row of its own stays unseen."""
    from pyxform.xls2json_backends import get_xlsform  # noqa: PLC0415

    read = get_xlsform(workbook, file_type=".xlsx")
    return {
        name: [{str(key): str(value) for key, value in row.items()} for row in rows]
        for name in ("survey", "choices", "settings", "entities")
        if (rows := getattr(read, name)) is not None
    }


if __name__ == "__main__":
    sys.exit(main())
