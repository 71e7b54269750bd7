"""Canonical JSON (RFC 8785) and the hash that makes an operation the same operation.

Phone and server must arrive at the same bytes in every language: keys in the order of their
UTF-16 code units, numbers as ECMAScript prints them, nothing normalised. ``json.dumps`` already
does that for almost every operation that people make, so the common case is checked in one walk
and left to the C encoder; only fractions, large integers and foreign keys take the slow path.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Final

from lokus_client.errors import NotCanonical
from lokus_client.values import Json

SAFE_INTEGER_MAX: Final = 2**53 - 1
"""Up to here an IEEE double, the only number RFC 8785 knows, is an exact integer."""
DEPTH_MAX: Final = 100
_FIXED_POINT_MAX: Final = 21
"""ECMAScript writes numbers of up to this many integer digits without an exponent."""
_LEADING_ZEROS_MIN: Final = -6


def canonical_text(value: Json) -> str:
    """The RFC 8785 form of a JSON value as text. Raises ``NotCanonical``."""
    text = (
        json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        if _is_plain(value, 0)
        else _encode(value)
    )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotCanonical("text with a lone surrogate has no canonical form") from None
    return text


def canonical_json(value: Json) -> bytes:
    """The RFC 8785 form of a JSON value in UTF-8. Raises ``NotCanonical``."""
    return canonical_text(value).encode("utf-8")


def operation_hash(operation: Mapping[str, Json]) -> str:
    """SHA-256 (64 hex digits) over the operation as sent, every key but ``seq``."""
    rest = {key: value for key, value in operation.items() if key != "seq"}
    return body_hash(canonical_text(rest))


def body_hash(body: str) -> str:
    """The operation's hash where its canonical form without ``seq`` is already at hand."""
    return hashlib.sha256(body.encode("utf-8")).hexdigest()


def _is_plain(value: object, depth: int) -> bool:
    """Would ``json.dumps`` give the canonical form? Refuses depths that no form has."""
    if depth > DEPTH_MAX:
        raise NotCanonical(f"nested deeper than {DEPTH_MAX} levels")
    if value is None or isinstance(value, (str, bool)):
        return True
    if isinstance(value, int):
        return -SAFE_INTEGER_MAX <= value <= SAFE_INTEGER_MAX
    if isinstance(value, dict):
        # Values first: their depth has to be checked even where a key is foreign.
        items_are_plain = [_is_plain(item, depth + 1) for item in value.values()]
        return all(items_are_plain) and all(isinstance(k, str) and k.isascii() for k in value)
    if isinstance(value, list):
        items_are_plain = [_is_plain(item, depth + 1) for item in value]
        return all(items_are_plain)
    return False


def _encode(value: object) -> str:
    if isinstance(value, float):
        return ecmascript_number(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _integer(value)
    if value is None or isinstance(value, (str, bool)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ",".join([_encode(item) for item in value]) + "]"
    if isinstance(value, dict):
        members = [f"{json.dumps(k, ensure_ascii=False)}:{_encode(value[k])}" for k in _keys(value)]
        return "{" + ",".join(members) + "}"
    raise NotCanonical(f"{type(value).__name__} is not a JSON type")


def _keys(value: dict[object, object]) -> list[str]:
    keys = [key for key in value if isinstance(key, str)]
    if len(keys) != len(value):
        raise NotCanonical("keys of an object are text")
    # Code points sort differently: U+1F600 comes before U+FB33 in UTF-16, after it in UTF-32.
    return sorted(keys, key=lambda key: key.encode("utf-16-be", "surrogatepass"))


def _integer(value: int) -> str:
    if -SAFE_INTEGER_MAX <= value <= SAFE_INTEGER_MAX:
        return str(value)
    try:
        return ecmascript_number(float(value))
    except OverflowError:
        raise NotCanonical("a number beyond double precision") from None


def ecmascript_number(value: float) -> str:
    """``Number.prototype.toString`` (ECMA-262, 6.1.6.1.20). Raises ``NotCanonical``."""
    if not math.isfinite(value):
        raise NotCanonical("NaN and infinities are not JSON")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    # repr gives the shortest digits that read back the same, as ECMAScript asks.
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or "0") - (len(whole + fraction) - len(digits))
    return sign + _place_point(digits.rstrip("0"), point)


def _place_point(digits: str, point: int) -> str:
    """``0.digits × 10^point`` in the notation that ECMAScript chooses."""
    if len(digits) <= point <= _FIXED_POINT_MAX:
        return digits.ljust(point, "0")
    if 0 < point <= _FIXED_POINT_MAX:
        return f"{digits[:point]}.{digits[point:]}"
    if _LEADING_ZEROS_MIN < point <= 0:
        return "0." + "0" * -point + digits
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{rest}e{point - 1:+d}"
