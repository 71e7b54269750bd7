"""Canonical JSON (RFC 8785) and the hash that makes an operation the same operation.

The bytes have to be equal in every language that speaks the protocol, so numbers are written as
ECMAScript writes them and keys are ordered by UTF-16 code units. Nothing is normalised first: two
texts that look alike but differ in code points are two texts.

``json.dumps`` already gives that form for almost everything that people capture, at the speed of
C. Only odd numbers and keys beyond ASCII take the careful way round.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Final

from sync.types import Json

SAFE_INTEGER_MAX: Final = 2**53 - 1
"""Beyond it two different integers may be one and the same double."""
DEPTH_MAX: Final = 100
"""Levels of nesting. No document of the register has more than four."""
_POINT_MIN: Final = -6
_POINT_MAX: Final = 21
"""ECMAScript writes numbers whose decimal point lies between these without an exponent."""
_ALIKE_MIN: Final = 1e-4
_ALIKE_MAX: Final = 1e15
"""Fractions between these look the same in Python and in ECMAScript."""

_encode_plain = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
).encode


class NotCanonical(ValueError):
    """The value has no canonical form: NaN, an infinity, a lone surrogate, a foreign type."""


def canonical_json(value: object) -> bytes:
    """The RFC 8785 form of a JSON value, in UTF-8.

    Raises ``NotCanonical`` for values that JSON numbers or Unicode cannot express, and for those
    that are nested deeper than ``DEPTH_MAX``.
    """
    text = _encode_plain(value) if is_plain(value) else _encode(value, DEPTH_MAX)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotCanonical("a lone surrogate has no canonical form") from None


def operation_hash(operation: Mapping[str, Json]) -> bytes:
    """SHA-256 over the operation as sent, every key but ``seq``."""
    return hashlib.sha256(
        canonical_json({key: value for key, value in operation.items() if key != "seq"})
    ).digest()


def is_plain(value: object) -> bool:
    """Does any writer of JSON give the canonical form, once keys are in their order?

    Asked of every operation, hence flat.
    """
    level: list[Any] = [[value]]
    for _ in range(DEPTH_MAX + 1):
        beneath: list[Any] = []
        for container in level:
            is_object = type(container) is dict
            if is_object and not _are_plain_keys(container):
                return False
            for member in container.values() if is_object else container:
                kind = type(member)
                if kind is str or kind is bool or member is None:
                    continue
                if kind is dict or kind is list:
                    beneath.append(member)
                elif not _is_plain_number(member):
                    return False
        if not beneath:
            return True
        level = beneath
    return False


def _are_plain_keys(keys: Iterable[str]) -> bool:
    try:
        return "".join(keys).isascii()
    except TypeError:
        return False


def _is_plain_number(value: object) -> bool:
    if type(value) is int:
        return -SAFE_INTEGER_MAX <= value <= SAFE_INTEGER_MAX
    return type(value) is float and _ALIKE_MIN <= abs(value) < _ALIKE_MAX and value % 1 != 0


def _encode(value: object, levels: int) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, (int, float)):
        return _number(value)
    if levels == 0:
        raise NotCanonical(f"nested deeper than {DEPTH_MAX} levels")
    if isinstance(value, Mapping):
        members = [
            f"{encode_basestring(key)}:{_encode(value[key], levels - 1)}" for key in _ordered(value)
        ]
        return "{" + ",".join(members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_encode(member, levels - 1) for member in value]) + "]"
    raise NotCanonical(f"{type(value).__name__} is not a JSON type")


def _ordered(mapping: Mapping[object, object]) -> list[str]:
    keys = [key for key in mapping if isinstance(key, str)]
    if len(keys) != len(mapping):
        raise NotCanonical("keys of an object are text")
    # By code point U+FB33 would come before U+1F600; as UTF-16 it comes after.
    return sorted(keys, key=lambda key: key.encode("utf-16-be", "surrogatepass"))


def _number(value: float) -> str:
    """``Number.prototype.toString`` of ECMAScript: shortest digits that read back the same."""
    if isinstance(value, int) and -SAFE_INTEGER_MAX <= value <= SAFE_INTEGER_MAX:
        return str(value)
    try:
        double = float(value)
    except OverflowError:
        raise NotCanonical("a number beyond double precision") from None
    if not math.isfinite(double):
        raise NotCanonical("NaN and infinities are not JSON")
    if double == 0:
        return "0"
    parts = Decimal(repr(abs(double))).as_tuple()
    digits = "".join(map(str, parts.digits))
    point = len(digits) + int(parts.exponent)
    return ("-" if double < 0 else "") + _with_point(digits.rstrip("0"), point)


def _with_point(digits: str, point: int) -> str:
    """``0.digits × 10^point`` in the notation that ECMAScript chooses."""
    if len(digits) <= point <= _POINT_MAX:
        return digits.ljust(point, "0")
    if 0 < point <= _POINT_MAX:
        return f"{digits[:point]}.{digits[point:]}"
    if _POINT_MIN < point <= 0:
        return "0." + "0" * -point + digits
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"
