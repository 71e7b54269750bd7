"""Logs that may be read by anybody who keeps the server running.

Every line passes one mask at the very end, whoever wrote it: runs of sixteen digits (a NIK, a No
KK), tokens, and what stands behind addresses that carry a secret in their path. Bodies and query
strings are never logged.
"""

import logging
import re
import sys
import time
from collections.abc import MutableMapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

LogFormat: TypeAlias = Literal["json", "text"]


class _Mask(NamedTuple):
    """One kind of secret, and what a line has in its place."""

    secret: re.Pattern[str]
    instead: str
    signs: tuple[bytes, ...]
    """One of them is in every ASCII line with such a secret, once the line is in lower case and
    each of its digits a zero."""


# Most lines have no secret, and looking for a sign costs a tenth of looking for what it announces.
_MASKS: Final = (
    _Mask(re.compile(r"\d{16,}"), "*" * 16, signs=(b"0" * 16,)),
    _Mask(re.compile(r"lk[cdso]_[A-Za-z0-9_-]{8,}"), "lk*", signs=(b"lk",)),
    _Mask(
        re.compile(r"(?i)\b(bearer|basic|digest)\s+[^\s\"',}]+"),
        r"\1 ***",
        signs=(b"bearer", b"basic", b"digest"),
    ),
    # A header's value ends with its line or its quotes; a cookie has blanks and semicolons inside.
    _Mask(
        re.compile(r"(?i)(authorization|cookie|x-csrf-token)(\W{1,6})[^\"'}\n]+"),
        r"\1\2***",
        signs=(b"authorization", b"cookie", b"x-csrf-token"),
    ),
    _Mask(
        re.compile(r"(/(?:key|periksa|enrol)[/#])[^/\s?\"']+"),
        r"\1***",
        signs=(b"/key", b"/periksa", b"/enrol"),
    ),
)
_DIGITS_AS_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")


def masked(text: str) -> str:
    """The text without anything that a log must not keep."""
    # Beyond ASCII a sign has other spellings: a long s or the Kelvin's K, to a pattern, is one too.
    if not text.isascii():
        for mask in _MASKS:
            text = mask.secret.sub(mask.instead, text)
        return text
    shape = text.lower().encode().translate(_DIGITS_AS_ZEROS)
    for mask in _MASKS:
        for sign in mask.signs:
            if sign in shape:
                text = mask.secret.sub(mask.instead, text)
                break
    return text


def configure_logs(log_format: LogFormat = "json", level: int = logging.INFO) -> None:
    """Send our own logs and those of every library to standard error, one masked line each."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _render_json if log_format == "json" else _render_text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_StandardError,
        cache_logger_on_first_use=False,
    )
    handler = _StandardErrorHandler()
    handler.setFormatter(_MaskedFormatter(log_format))
    # What a failing handler prints by itself has the arguments in it, unmasked.
    logging.raiseExceptions = False
    root = logging.getLogger()
    for earlier in list(root.handlers):
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(max(level, logging.WARNING))
    # uvicorn brings handlers of its own, which would write past the mask; ours logs access.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
        logger.setLevel(level)


class AccessLog:
    """One line per request: method, route, status, milliseconds, bytes; nothing that was said."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        # Bound once: to ask for every line how lines are written takes as long as writing it.
        self._log = structlog.get_logger("access").bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        size_bytes = 0

        async def counted(message: Message) -> None:
            nonlocal status, size_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size_bytes += len(message.get("body", b""))
            await send(message)

        begun = time.perf_counter()
        try:
            await self._app(scope, receive, counted)
        finally:
            self._log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round((time.perf_counter() - begun) * 1000, 1),
                bytes=size_bytes,
            )


class _StandardError:
    """Where lines go: looked up for each, so that whoever replaces standard error gets them."""

    def __init__(self, *_: object) -> None:
        pass

    def msg(self, message: str) -> None:
        sys.stderr.write(message + "\n")

    debug = info = warning = error = critical = exception = msg


class _StandardErrorHandler(logging.Handler):
    """The same place for lines of libraries."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")


class _MaskedFormatter(logging.Formatter):
    """Lines of libraries, in the form of ours."""

    def __init__(self, log_format: LogFormat) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._log_format = log_format

    @override
    def format(self, record: logging.LogRecord) -> str:
        if self._log_format == "text":
            return masked(super().format(record))
        line = {
            "event": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return masked(orjson.dumps(line).decode())


def _render_json(_: object, __: str, event: MutableMapping[str, Any]) -> str:
    return masked(orjson.dumps(event, default=str).decode())


def _render_text(_: object, __: str, event: MutableMapping[str, Any]) -> str:
    head = f"{event.pop('timestamp')} {event.pop('level'):<7} {event.pop('event')}"
    return masked(" ".join([head, *(f"{name}={value}" for name, value in event.items())]))
