"""The sync request as it comes: read leniently where a phone's work is at stake.

A batch that can be told apart as a batch is taken; each operation is judged on its own later.
Unknown keys of the batch are ignored. Only what makes the whole request meaningless is refused.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import orjson

from api.errors import AppError
from sync.canonical import SAFE_INTEGER_MAX
from sync.clock import BatchClock, parse_clock
from sync.pull import Cursor

NESTING_MAX: Final = 200
"""Levels of JSON that are read at all; operations have a lower limit of their own."""
LANE_CHARACTERS_MAX: Final = 40
DIGEST_RTS_MAX: Final = 64
INTEGER_DIGITS_MAX: Final = 1000
"""Longer integers are beyond every number that the register knows; Python refuses some of them."""

_DESA = re.compile(r"[0-9]{10}")
_NAME = re.compile(rf"[!-~]{{1,{LANE_CHARACTERS_MAX}}}")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class PullRequest:
    """Where the phone stands, and how many compressed bytes it wants at most."""

    cursor: Cursor
    bytes_max: int | None = None


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """The head of a request and what it carries."""

    protocol: int
    schema: int
    epoch: str | None
    lane: str
    desa: str
    scope_version: int | None
    clock: BatchClock | None
    operations: Sequence[object] = ()
    pull: PullRequest | None = None
    digests: Mapping[str, str] = field(default_factory=dict)

    def without_pull(self) -> Self:
        """The push half."""
        return replace(self, pull=None, digests={})

    def without_operations(self) -> Self:
        """The pull half; without a cursor it begins at the beginning."""
        return replace(self, operations=(), pull=self.pull or PullRequest(Cursor(0, 0)))


def read_json(body: bytes) -> object:
    """JSON as browsers, phones and careless scripts write it.

    NaN and lone surrogates are let through to the operation that contains them, which alone goes
    to quarantine. Raises `AppError` ``malformed-request`` for what is no JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        text = body.decode("utf-8", "surrogatepass")
        if _nesting(text) > NESTING_MAX:
            raise AppError("malformed-request")
        return json.loads(text, parse_int=_integer)
    except (ValueError, RecursionError):
        raise AppError("malformed-request") from None


def _integer(digits: str) -> int | float:
    """An integer too long to be one is as little a number as NaN, and goes the same way."""
    return int(digits) if len(digits) <= INTEGER_DIGITS_MAX else math.inf


def _nesting(text: str) -> int:
    """An upper bound of the depth, without building anything."""
    depth = deepest = 0
    for character in _STRING.sub("", text):
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def sync_request(body: bytes) -> SyncRequest:
    """The head and the parts of a body. Raises `AppError` ``malformed-request``."""
    raw = read_json(body)
    if not isinstance(raw, dict):
        raise malformed("body")
    operations = raw.get("ops")
    if operations is not None and not isinstance(operations, list):
        raise malformed("ops")
    return SyncRequest(
        protocol=_counter(raw, "protocol", 1),
        schema=_counter(raw, "schema", 1),
        epoch=_name(raw, "epoch"),
        lane=_required(raw, "lane", _NAME),
        desa=_required(raw, "desa", _DESA),
        scope_version=_counter_or_none(raw, "scope_version"),
        clock=parse_clock(raw.get("clock")),
        operations=operations or (),
        pull=_pull(raw.get("pull")),
        digests=_digests(raw.get("digest")),
    )


def malformed(place: str) -> AppError:
    """The request as a whole is meaningless at this place."""
    return AppError("malformed-request", errors=[place])


def _counter(raw: Mapping[str, object], key: str, default: int) -> int:
    value = _counter_or_none(raw, key)
    return default if value is None else value


def _counter_or_none(raw: Mapping[str, object], key: str) -> int | None:
    value = raw.get(key)
    if value is not None and not _is_counter(value):
        raise malformed(key)
    return value if isinstance(value, int) else None


def _name(raw: Mapping[str, object], key: str) -> str | None:
    return None if raw.get(key) is None else _required(raw, key, _NAME)


def _required(raw: Mapping[str, object], key: str, form: re.Pattern[str]) -> str:
    value = raw.get(key)
    if isinstance(value, str) and form.fullmatch(value):
        return value
    raise malformed(key)


def _pull(raw: object) -> PullRequest | None:
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise malformed("pull")
    since, at = raw.get("since", 0), raw.get("at", 0)
    bytes_max = raw.get("max_bytes")
    if not (_is_counter(since) and _is_counter(at) and since <= at):
        raise malformed("pull")
    if bytes_max is not None and not _is_counter(bytes_max):
        raise malformed("pull.max_bytes")
    return PullRequest(Cursor(since, at), bytes_max)


def _digests(raw: object) -> dict[str, str]:
    if raw is None:
        return {}
    if not isinstance(raw, dict) or len(raw) > DIGEST_RTS_MAX:
        raise malformed("digest")
    if not all(isinstance(text, str) for text in raw.values()):
        raise malformed("digest")
    return raw


def _is_counter(value: object) -> bool:
    return type(value) is int and 0 <= value <= SAFE_INTEGER_MAX


_OPERATION = {
    "type": "object",
    "description": "One operation; which keys it needs depends on its kind. What cannot be merged "
    "is kept in quarantine and answered in `results`.",
    "properties": {
        "seq": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["create", "set", "end", "move"]},
        "entity": {"enum": ["keluarga", "anggota", "pengukuran", "kunjungan"]},
        "id": {"type": "string", "format": "uuid"},
        "base": {"type": "integer", "minimum": 0},
        "set": {"type": "object"},
        "add": {"type": "object"},
        "remove": {"type": "object"},
        "observed": {"type": "string", "format": "date"},
        "mono": {"type": "integer"},
        "boot": {"type": "string"},
    },
}
_REQUEST = {
    "type": "object",
    "required": ["lane", "desa"],
    "properties": {
        "protocol": {"type": "integer", "minimum": 0},
        "schema": {"type": "integer", "minimum": 0},
        "epoch": {"type": "string", "pattern": f"^{_NAME.pattern}$"},
        "lane": {"type": "string", "pattern": f"^{_NAME.pattern}$"},
        "desa": {"type": "string", "pattern": f"^{_DESA.pattern}$"},
        "scope_version": {"type": "integer", "minimum": 0},
        "clock": {"type": "object"},
        "ops": {"type": "array", "items": _OPERATION, "maxItems": 500},
        "pull": {
            "type": "object",
            "properties": {
                "since": {"type": "integer", "minimum": 0},
                "at": {"type": "integer", "minimum": 0},
                "max_bytes": {"type": "integer", "minimum": 0},
            },
        },
        "digest": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_ANSWER = {
    "type": "object",
    "required": ["epoch", "server_time"],
    "properties": {
        "epoch": {"type": "string"},
        "server_time": {"type": "string", "format": "date-time"},
        "acked": {"type": "integer"},
        "durable": {"type": "integer"},
        "at": {"type": "integer"},
        "results": {"type": "array", "items": {"type": "object"}},
        "changes": {"type": "array", "items": {"type": "object"}},
        "cursor": {"type": "object"},
        "scope": {"const": "changed"},
        "digest_ok": {"type": ["boolean", "null"]},
        "receipt": {"type": "string"},
        "token": {"type": "string"},
        "next_sync_after": {"type": "integer"},
    },
}
_PROBLEM = {"description": "A problem; `type` says which, `retry` what to do."}
SYNC_DOCUMENTATION: Final[dict[str, Any]] = {
    "openapi_extra": {
        "requestBody": {"required": True, "content": {"application/json": {"schema": _REQUEST}}}
    },
    "responses": {
        200: {
            "description": "What became of the operations, and what changed.",
            "content": {"application/json": {"schema": _ANSWER}},
        },
        **dict.fromkeys((400, 401, 403, 404, 409, 413, 415, 426, 429, 503), _PROBLEM),
    },
}
"""How the three calls appear in the OpenAPI document: their bodies are read by hand."""
