"""A filled form on the wire: one `multipart/form-data` body with XML and any number of files.

The body is read whole before anything of it is believed: small ones stay in memory, larger ones lie
in a nameless temporary file that vanishes with the request. Parts are then slices of it, so a
thousand files cost no copies. Nothing is opened under a name that a phone chose.
"""

import mmap
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import unquote

import anyio.to_thread
from fastapi import Request

from api.bodies import chunks_of
from api.errors import AppError

XML_PART: Final = "xml_submission_file"
INCOMPLETE_PART: Final = "*isIncomplete*"
BODY_BYTES_MAX: Final = 100 * 1024 * 1024
"""Ten times what clients are told to send: a single larger file is sent all the same."""
IN_MEMORY_MAX: Final = 512 * 1024
PARTS_MAX: Final = 2_000
HEAD_BYTES_MAX: Final = 4 * 1024
NAME_CHARACTERS_MAX: Final = 255
TYPE_CHARACTERS_MAX: Final = 100
LARGE_AT_A_TIME_MAX: Final = 16
"""Bodies on disk at the same time in one process; the next one hears 503 and comes again."""

_BOUNDARY: Final = re.compile(
    r"boundary=(?:\"([^\"\r\n]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE
)
_DISPOSITION: Final = re.compile(rb"content-disposition:\s*form-data\s*;(.*)", re.IGNORECASE)
_NAMED: Final = re.compile(rb"[;\s]name=\"([^\"\\]*(?:\\.[^\"\\]*)*)\"")
_FILENAME: Final = re.compile(rb"filename=\"([^\"\\]*(?:\\.[^\"\\]*)*)\"")
_FILENAME_STAR: Final = re.compile(rb"filename\*=utf-8''([^;\s]+)", re.IGNORECASE)
_TYPE: Final = re.compile(rb"content-type:\s*([^\r\n]*)", re.IGNORECASE)
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

Buffer = bytes | mmap.mmap


@dataclass(frozen=True, slots=True)
class Part:
    """One part by its place in the body. `filename` is what the sender says, made harmless."""

    name: str
    filename: str | None
    media_type: str
    begin: int
    end: int


@dataclass(frozen=True)
class Body:
    """A body that has come whole."""

    content_type: str
    buffer: Buffer
    size: int

    def chunks(self, part: Part, step: int = 256 * 1024) -> Iterator[bytes]:
        """The bytes of a part, piece by piece."""
        for begin in range(part.begin, part.end, step):
            yield self.buffer[begin : min(begin + step, part.end)]

    def whole(self, part: Part) -> bytes:
        return self.buffer[part.begin : part.end]

    def parts(self) -> list[Part]:
        """Every part in order. Raises `AppError` ``not-a-form`` where they cannot be told."""
        return self._told

    @cached_property
    def _told(self) -> list[Part]:
        kind = self.content_type.split(";")[0].strip().lower()
        if kind in {"text/xml", "application/xml"}:
            return [Part(XML_PART, None, kind, 0, self.size)]
        found = _BOUNDARY.search(self.content_type)
        if kind != "multipart/form-data" or found is None:
            raise AppError("not-a-form")
        boundary = b"--" + (found[1] or found[2]).encode("latin-1", "replace")
        return list(_parts(self.buffer, boundary))


class _Room:
    """Counts the bodies that lie on disk."""

    def __init__(self) -> None:
        self.taken = 0


_room = _Room()


def fits_in_memory(request: Request) -> bool:
    """Does the request announce a body that costs nobody anything?"""
    announced = request.headers.get("content-length", "")
    return announced.isdecimal() and int(announced) <= IN_MEMORY_MAX


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[Body]:
    """The body of a request, for as long as it is needed. Raises `AppError`."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise AppError("encoding-unknown")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > BODY_BYTES_MAX:
        raise AppError("payload-too-large", limits={"bytes_max": BODY_BYTES_MAX})
    content_type = request.headers.get("content-type", "")
    held = bytearray()
    chunks = chunks_of(request)
    async for chunk in chunks:
        held += chunk
        if len(held) > IN_MEMORY_MAX:
            break
    else:
        yield Body(content_type, bytes(held), len(held))
        return
    if _room.taken >= LARGE_AT_A_TIME_MAX:
        raise AppError("busy")
    _room.taken += 1
    try:
        async for body in _on_disk(content_type, bytes(held), chunks):
            yield body
    finally:
        _room.taken -= 1


async def _on_disk(
    content_type: str, begun: bytes, chunks: AsyncIterator[bytes]
) -> AsyncIterator[Body]:
    with tempfile.TemporaryFile() as file:
        size = await anyio.to_thread.run_sync(file.write, begun)
        async for chunk in chunks:
            size += await anyio.to_thread.run_sync(file.write, chunk)
            if size > BODY_BYTES_MAX:
                raise AppError("payload-too-large", limits={"bytes_max": BODY_BYTES_MAX})
        file.flush()
        with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as mapped:
            yield Body(content_type, mapped, size)


def _parts(buffer: Buffer, boundary: bytes) -> Iterator[Part]:
    at = buffer.find(boundary)
    if at < 0:
        raise AppError("not-a-form")
    for _ in range(PARTS_MAX):
        at += len(boundary)
        if buffer[at : at + 2] == b"--":
            return
        head_at = buffer.find(b"\r\n\r\n", at, at + HEAD_BYTES_MAX)
        end = buffer.find(b"\r\n" + boundary, at)
        if head_at < 0 or end < 0:
            raise AppError("not-a-form")
        # An empty part may let both ends meet.
        head, begin = buffer[at:head_at], min(head_at + 4, end)
        part = _part(head, begin, end)
        if part is not None:
            yield part
        at = end + 2
    raise AppError("not-a-form")


def _part(head: bytes, begin: int, end: int) -> Part | None:
    disposition = _DISPOSITION.search(head)
    said = disposition[1] if disposition is not None else b""
    named = _NAMED.search(b";" + said)
    if named is None:
        return None
    star, plain, kind = _FILENAME_STAR.search(said), _FILENAME.search(said), _TYPE.search(head)
    filename = None
    if star is not None:
        filename = _harmless(unquote(star[1].decode("latin-1")))
    elif plain is not None:
        filename = _harmless(_decoded(plain[1]))
    media_type = _harmless(_decoded(kind[1]))[:TYPE_CHARACTERS_MAX] if kind is not None else ""
    return Part(_harmless(_decoded(named[1])), filename, media_type, begin, end)


def _decoded(raw: bytes) -> str:
    """OkHttp writes names in plain UTF-8 and a quotation mark as `%22`."""
    return raw.decode("utf-8", "replace").replace("%22", '"').replace('\\"', '"')


def _harmless(name: str) -> str:
    """A name that can be stored and shown anywhere; it never becomes a path."""
    plain = name if name.isprintable() else _CONTROL.sub("\ufffd", name)
    return plain.strip()[:NAME_CHARACTERS_MAX]
