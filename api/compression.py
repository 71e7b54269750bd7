"""Long answers leave compressed, where whoever asked can read that.

To find out how long an answer is, it is held back and looked through, which takes as long as
writing a short one. A door that only ever answers in a sentence is spared that.
"""

from typing import Final

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

FROM_BYTES: Final = 500
# Level 6 costs a third of the time of level 9 and a hundredth more bytes on our answers.
LEVEL: Final = 6


class Compression(GZipMiddleware):
    """Compresses answers, but those of addresses that end with ``sentences``."""

    def __init__(self, app: ASGIApp, *, sentences: str) -> None:
        super().__init__(app, minimum_size=FROM_BYTES, compresslevel=LEVEL)
        self._sentences = sentences

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith(self._sentences):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
