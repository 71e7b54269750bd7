"""A line to a server that breaks after exactly so many bytes, and is whole again afterwards."""

import selectors
import socket
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from types import TracebackType
from typing import Self

_CHUNK_BYTES = 65536
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing a socket says RST, not FIN."""


class Side(Enum):
    """Whose bytes are counted."""

    REQUEST = auto()
    ANSWER = auto()


class Ending(Enum):
    """What both ends see of a cut: an error, or an end that looks orderly."""

    RESET = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class Cut:
    """The next request of that path loses its line after `after` bytes of a side."""

    path: str
    side: Side
    after: int
    ending: Ending

    @property
    def mark(self) -> bytes:
        return f"POST {self.path} ".encode()


@dataclass(slots=True)
class _Pair:
    """A phone's connection and the one to the server that belongs to it."""

    phone: socket.socket
    server: socket.socket
    cut: Cut | None = None
    passed: int = 0

    def passes_on(self, chunk: bytes, side: Side) -> bool:
        """Forward what may pass; false once the line is to break."""
        to = self.server if side is Side.REQUEST else self.phone
        if self.cut is None or side is not self.cut.side:
            to.sendall(chunk)
            return True
        allowed = chunk[: self.cut.after - self.passed]
        to.sendall(allowed)
        self.passed += len(allowed)
        return self.passed < self.cut.after

    def close(self, ending: Ending = Ending.CLOSED) -> None:
        for end in (self.phone, self.server):
            if ending is Ending.RESET:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.close()


class Line:
    """Forwards connections to a server's port; a thread of its own does it until `close`."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._waker, self._woken = socket.socketpair()
        self._watch = selectors.DefaultSelector()
        self._watch.register(self._listening, selectors.EVENT_READ)
        self._watch.register(self._woken, selectors.EVENT_READ)
        self._planned: list[Cut] = []
        self._done: list[Cut] = []
        self._pairs: list[_Pair] = []
        self._thread = threading.Thread(target=self._forward)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def will_break(self, cuts: Iterable[Cut]) -> None:
        """Plan cuts; those of one path meet one request after the other. Nothing is under way."""
        self._planned, self._done = list(cuts), []

    def has_broken(self, cut: Cut) -> bool:
        """Was the message long enough for a cut that was planned last?"""
        return cut in self._done

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._waker.close()
        self._thread.join()

    def _forward(self) -> None:
        while True:
            for key, _ in self._watch.select():
                if key.fileobj is self._woken:
                    self._close()
                    return
                if key.fileobj is self._listening:
                    self._connect()
                elif key.data in self._pairs:
                    self._move(key.data, key.fileobj)

    def _connect(self) -> None:
        phone, _ = self._listening.accept()
        pair = _Pair(phone, socket.create_connection(("127.0.0.1", self._server_port)))
        self._pairs.append(pair)
        for end in (pair.phone, pair.server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._watch.register(end, selectors.EVENT_READ, pair)

    def _move(self, pair: _Pair, end: object) -> None:
        side = Side.REQUEST if end is pair.phone else Side.ANSWER
        try:
            chunk = (pair.phone if end is pair.phone else pair.server).recv(_CHUNK_BYTES)
            self._mark(pair, chunk, side)
            stays = chunk != b"" and pair.passes_on(chunk, side)
        except OSError:
            chunk, stays = b"", False
        if not stays:
            self._drop(pair, was_planned=chunk != b"")

    def _mark(self, pair: _Pair, chunk: bytes, side: Side) -> None:
        """Put the planned cut on the connection whose request it is meant for, once."""
        meant = [cut for cut in self._planned if chunk.startswith(cut.mark)]
        if side is Side.REQUEST and meant:
            pair.cut, pair.passed = meant[0], 0
            self._planned.remove(meant[0])
        elif pair.cut is not None and side is not pair.cut.side and pair.passed:
            pair.cut = None  # the message was whole before so many bytes had passed

    def _drop(self, pair: _Pair, *, was_planned: bool) -> None:
        self._pairs.remove(pair)
        for end in (pair.phone, pair.server):
            self._watch.unregister(end)
        if was_planned and pair.cut is not None:
            self._done.append(pair.cut)
            pair.close(pair.cut.ending)
        else:
            pair.close()

    def _close(self) -> None:
        for pair in self._pairs:
            pair.close()
        for end in (self._listening, self._woken):
            end.close()
        self._watch.close()
