"""The rows of an xlsx sheet, read by a child process behind the check of the archive."""

import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Final

import orjson

from api.formats.spreadsheets import child
from api.formats.spreadsheets.archive import check_archive
from api.formats.spreadsheets.limits import SheetLimits
from api.formats.spreadsheets.unreadable import ListUnreadable

_CHILD: Final = str(Path(child.__file__).resolve())
_LINE_BYTES_MAX: Final = 16 * child.ROW_CHARACTERS_MAX
_LIMIT_SIGNALS: Final = {-signal.SIGKILL, -signal.SIGXCPU, -signal.SIGABRT, -signal.SIGSEGV}
"""A Rust allocation that is refused aborts; the kernel kills who outlives its seconds."""


def workbook_rows(path: Path, limits: SheetLimits, sheet: str = "") -> Iterator[list[str]]:
    """All rows of the chosen sheet as text, one after the other; memory stays flat.

    The sheet is the one named, else `DATA`, else the first. Raises `ListUnreadable`.
    """
    check_archive(path, limits)
    with _reading(path, limits, sheet) as pipe:
        messages = _messages(pipe)
        with closing(messages):
            first = next(messages, None)
            if not isinstance(first, dict):
                raise _Broken
            if not first.get("sheet"):
                raise ListUnreadable("no-such-sheet" if sheet else "not-a-workbook")
            if first["width"] > limits.columns_max:
                raise ListUnreadable("too-many-columns", str(limits.columns_max))
            yield from _rows(messages)


def workbook_sheets(path: Path, limits: SheetLimits) -> list[str]:
    """The names of all sheets in their order. Raises `ListUnreadable`."""
    check_archive(path, limits)
    with _reading(path, limits, "") as pipe, closing(_messages(pipe)) as messages:
        first = next(messages, None)
        if not isinstance(first, dict):
            raise _Broken
        return [str(name) for name in first["sheets"]]


class _Broken(Exception):
    """The child stopped before its end; its exit status says why."""


def _rows(messages: Iterator[object]) -> Iterator[list[str]]:
    for message in messages:
        if isinstance(message, list):
            yield from message
        elif message == {"end": True}:
            return
        else:
            raise ListUnreadable("cell-too-long")
    raise _Broken


def _messages(pipe: IO[bytes]) -> Generator[object]:
    while line := pipe.readline(_LINE_BYTES_MAX):
        try:
            yield orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise _Broken from error


@contextmanager
def _reading(path: Path, limits: SheetLimits, sheet: str) -> Iterator[IO[bytes]]:
    numbers = (
        limits.child_memory_bytes_max,
        limits.child_cpu_seconds_max,
        limits.columns_max,
        limits.cell_characters_max,
    )
    # Isolated (-I): no environment and no folder of ours decides what the child imports.
    command = [sys.executable, "-I", "-X", "utf8", _CHILD, str(path.resolve()), sheet]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own file, no shell
        [*command, *map(str, numbers)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    except _Broken as broken:
        process.stdout.close()
        status = process.wait()
        is_limit = status in _LIMIT_SIGNALS or status == child.OUT_OF_MEMORY
        raise ListUnreadable("child-limit" if is_limit else "child-failed") from broken
    finally:
        # Whoever stops reading early leaves nobody behind.
        process.kill()
        process.stdout.close()
        process.wait()
