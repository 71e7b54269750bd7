"""Real requests over real sockets: what phones do, and what they do when an answer is missing."""

import http.client
import threading
import time
from collections.abc import Mapping

from tests.api.calling import Answer

PATIENCE_SECONDS = 20.0
IDLE_SECONDS_MAX = 2.0
"""Servers close what is silent for long; a connection older than this is not trusted."""


class Lost(Exception):
    """No whole answer came: whether the request was taken, nobody knows."""


class Wire:
    """One server's address. Every thread keeps a connection of its own open, as phones do."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._address = (host, port)
        self._mine = threading.local()
        self._opened: list[http.client.HTTPConnection] = []

    def __call__(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Raises `Lost` wherever the connection breaks."""
        connection = self._connection()
        self._mine.used_at = time.monotonic()
        try:
            connection.request(method, target, body, dict(headers or {}))
            response = connection.getresponse()
            read = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.hang_up()
            raise Lost from error
        told = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, told, read)

    def hang_up(self) -> None:
        """Close this thread's connection; the next request opens another one."""
        connection: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if connection is not None:
            connection.close()
        self._mine.connection = None

    def _connection(self) -> http.client.HTTPConnection:
        if time.monotonic() - getattr(self._mine, "used_at", 0.0) > IDLE_SECONDS_MAX:
            self.hang_up()
        connection: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if connection is None:
            host, port = self._address
            connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_SECONDS)
            self._mine.connection = connection
            self._opened.append(connection)
        return connection

    def close(self) -> None:
        """Close the connections of all threads; none of them may call any more."""
        for connection in self._opened:
            connection.close()
