"""Credentials of other servers: read from a file that nobody else may read, or from a variable.

They are in no table, no command line (where every user of the machine sees them) and no log.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from api.errors import AppError

FILE: Final = "file:"
VARIABLE: Final = "env:"
BYTES_MAX: Final = 4096


def read_credentials(where: str, environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The lines of it that are not empty. Raises `AppError` `value-refused`."""
    if where.startswith(VARIABLE):
        found = os.environ if environment is None else environment
        text = found.get(where.removeprefix(VARIABLE), "")
    else:
        text = _of_file(Path(where.removeprefix(FILE)))
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not lines or not all(line.isascii() and line.isprintable() for line in lines):
        raise AppError("value-refused", f"There are no credentials in {_named(where)}.")
    return lines


def _of_file(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & 0o077:
                raise AppError(
                    "value-refused",
                    f"Others may read {path.name}: `chmod 600` it before it is used.",
                )
            return opened.read(BYTES_MAX).decode("utf-8", "replace")
    except OSError:
        raise AppError("value-refused", f"{path.name} cannot be read.") from None


def _named(where: str) -> str:
    if where.startswith(VARIABLE):
        return f"the variable {where.removeprefix(VARIABLE)}"
    return Path(where.removeprefix(FILE)).name
