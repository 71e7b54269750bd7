"""`multipart/form-data` (RFC 7578) read as a stream: small fields first, then one file.

Forms of ours put the file last. What comes before it is read into memory under a limit, the file
is handed on in chunks as they arrive, and nothing that the sender calls it is kept.
"""

import re
from collections.abc import AsyncIterator
from typing import Final

from api.errors import AppError

HEAD_BYTES_MAX: Final = 8 * 1024
"""Everything before the file's first byte: the fields and all headers."""
BOUNDARY_LENGTH_MAX: Final = 70
_BOUNDARY: Final = re.compile(r"boundary=(?:\"([^\"\r\n]+)\"|([^\s;\"]+))", re.IGNORECASE)
_NAME: Final = re.compile(rb"[; ]name=\"([A-Za-z0-9_.-]{1,40})\"")
_FILE: Final = re.compile(rb"[; ]filename\*?=", re.IGNORECASE)


def boundary_of(content_type: str) -> bytes | None:
    """What separates the parts; nothing for a body that is no form with files."""
    if content_type.split(";", maxsplit=1)[0].strip().lower() != "multipart/form-data":
        return None
    found = _BOUNDARY.search(content_type)
    boundary = (found[1] or found[2]) if found else ""
    if not 0 < len(boundary) <= BOUNDARY_LENGTH_MAX or not boundary.isascii():
        raise _malformed()
    return boundary.encode()


class Parts:
    """A form that is arriving. Call `fields`, then read `file`; each once."""

    def __init__(self, chunks: AsyncIterator[bytes], boundary: bytes) -> None:
        self._chunks = chunks
        self._end = b"\r\n--" + boundary
        # So that the first boundary, which has no line before it, looks like the others.
        self._held = bytearray(b"\r\n")
        self._has_file = False

    async def fields(self) -> dict[str, str]:
        """The fields before the file. Raises `AppError` ``malformed-request``."""
        found: dict[str, str] = {}
        room = HEAD_BYTES_MAX
        await self._until(self._end, room)
        while True:
            if await self._is_last():
                return found
            head = await self._until(b"\r\n\r\n", room)
            if _FILE.search(head):
                self._has_file = True
                return found
            name = _NAME.search(head)
            value = await self._until(self._end, room)
            room -= len(head) + len(value)
            if name is None or room <= 0:
                raise _malformed()
            found[name[1].decode()] = _text(value)

    async def file(self) -> AsyncIterator[bytes]:
        """The bytes of the file as they come; none where the form holds no file."""
        if not self._has_file:
            return
        while (found := self._held.find(self._end)) < 0:
            # The last bytes may be the beginning of a boundary.
            sure = len(self._held) - len(self._end) + 1
            if sure > 0:
                yield bytes(self._held[:sure])
                del self._held[:sure]
            await self._fill()
        if found:
            yield bytes(self._held[:found])
        async for _ in self._chunks:
            pass  # what follows says nothing, but a browser waits until it was read

    async def _is_last(self) -> bool:
        """Is the boundary that was just taken the one that closes the form?"""
        while len(self._held) < 2:
            await self._fill()
        # The line end stays: a part without headers begins with an empty line.
        return self._held.startswith(b"--")

    async def _until(self, mark: bytes, limit: int) -> bytes:
        """What comes before `mark`; both are taken."""
        while (found := self._held.find(mark)) < 0:
            if len(self._held) > limit:
                raise _malformed()
            await self._fill()
        if found > limit:
            raise _malformed()
        before = bytes(self._held[:found])
        del self._held[: found + len(mark)]
        return before

    async def _fill(self) -> None:
        try:
            self._held += await anext(self._chunks)
        except StopAsyncIteration:
            raise _malformed() from None


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise _malformed() from None


def _malformed() -> AppError:
    return AppError("malformed-request", "The form could not be read: its parts are broken.")
