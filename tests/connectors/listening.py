"""A double behind a socket of this machine, for clients that bring a network of their own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

Answer = Callable[[httpx.Request], httpx.Response]


@contextmanager
def listening(answer: Answer, host: str) -> Iterator[str]:
    """The address that answers what `answer` says to requests for `host`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()} | {"host": host}
            url = f"https://{host}{self.path}"
            told = answer(httpx.Request(self.command, url, headers=headers, content=body))
            self.send_response(told.status_code)
            for name in ("content-type", "location"):
                if name in told.headers:
                    self.send_header(name, told.headers[name])
            self.send_header("content-length", str(len(told.content)))
            with suppress(ConnectionError):  # whoever asked may have had enough
                self.end_headers()
                self.wfile.write(told.content)

        do_GET = do_PATCH = do_POST = _answer  # noqa: N815 (http.server's names)

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
