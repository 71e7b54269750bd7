"""Headers that tell browsers and caches what they may not do with our answers."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY: Final = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
API_PREFIX: Final = "/v1/"

# Personal data stays out of every cache, unless a route says how it may be kept.
_ALWAYS: Final = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
# A phone pays for every byte on every sync, and data is neither rendered nor linked from.
_DATA: Final = {"content-security-policy": "default-src 'none'; frame-ancestors 'none'"}
_PAGES: Final = {
    "content-security-policy": CONTENT_SECURITY,
    "x-frame-options": "DENY",
    # Addresses of receipts carry a code.
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
_HTTPS_ONLY: Final = {"strict-transport-security": "max-age=31536000"}


class SecurityHeaders:
    """Adds what a route did not say itself."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        secure = _HTTPS_ONLY if https else {}
        self._data = _encoded({**_ALWAYS, **_DATA, **secure})
        self._pages = _encoded({**_ALWAYS, **_PAGES, **secure})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        defaults = self._data if scope["path"].startswith(API_PREFIX) else self._pages

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                raw = MutableHeaders(scope=message).raw
                said = {name for name, _ in raw}
                raw.extend(one for one in defaults if one[0] not in said)
            await send(message)

        await self._app(scope, receive, with_headers)


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]
