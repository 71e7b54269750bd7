"""An answer leaves in one piece, where it is small: its head does not go ahead of its body.

uvicorn writes the head as soon as it is known, and what is written is sent at once. So a short
answer was two packets, of forty bytes each beside what they carry, and woke its receiver twice.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HELD_BYTES_MAX: Final = 4096
"""More than any head of ours; copying so much costs less than sending it apart."""

Data: TypeAlias = "bytes | bytearray | memoryview[Any]"


class OnePieceProtocol(HttpToolsProtocol):
    """uvicorn's own protocol, over a transport that waits for the rest of a small answer."""

    @override
    def connection_made(  # type: ignore[override]  # uvicorn asks for the same transport
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(Gathering(transport, self.loop))


class Gathering(asyncio.Transport):
    """Holds a small write until the next one, or until whoever writes has nothing more to do."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held = b""

    @override
    def write(self, data: Data) -> None:
        if self._held:
            held, self._held = self._held, b""
            if len(held) + len(data) <= HELD_BYTES_MAX:
                self._transport.write(held + bytes(data))
                return
            self._transport.write(held)
        elif len(data) <= HELD_BYTES_MAX:
            self._held = bytes(data)
            self._loop.call_soon(self._let_go)
            return
        self._transport.write(data)

    def _let_go(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    @override
    def writelines(self, list_of_data: Iterable[Data]) -> None:
        self._let_go()
        self._transport.writelines(list_of_data)

    @override
    def close(self) -> None:
        self._let_go()
        self._transport.close()

    # Everything else is the transport's own affair -----------------------------------------------

    @override
    def abort(self) -> None:
        self._held = b""
        self._transport.abort()

    @override
    def is_closing(self) -> bool:
        return self._transport.is_closing()

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    @override
    def pause_reading(self) -> None:
        self._transport.pause_reading()

    @override
    def resume_reading(self) -> None:
        self._transport.resume_reading()

    @override
    def is_reading(self) -> bool:
        return self._transport.is_reading()

    @override
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    @override
    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._transport.get_protocol()
