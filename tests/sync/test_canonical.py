"""RFC 8785: the same bytes in every language."""

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.canonical import DEPTH_MAX, NotCanonical, canonical_json, operation_hash
from sync.types import Json

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0.0, b"0"),
        (-0.0, b"0"),
        (54.0, b"54"),
        (-1.5, b"-1.5"),
        (0.1, b"0.1"),
        (1e-4, b"0.0001"),
        (1e-6, b"0.000001"),
        (1e-7, b"1e-7"),
        (1.5e-9, b"1.5e-9"),
        (5e-324, b"5e-324"),
        (123456.789, b"123456.789"),
        (1e15, b"1000000000000000"),
        (1e16, b"10000000000000000"),
        (123e18, b"123000000000000000000"),
        (1e20, b"100000000000000000000"),
        (1e21, b"1e+21"),
        (-1.25e25, b"-1.25e+25"),
        (1.7976931348623157e308, b"1.7976931348623157e+308"),
        (333333333.33333329, b"333333333.3333333"),
        (9007199254740991, b"9007199254740991"),
        (9007199254740992, b"9007199254740992"),
        (9007199254740993, b"9007199254740992"),
        (10**21, b"1e+21"),
        (-(2**63), b"-9223372036854776000"),
    ],
)
def test_numbers_are_written_as_ecmascript_writes_them(number: float, written: bytes) -> None:
    assert canonical_json(number) == written
    assert canonical_json([number]) == b"[" + written + b"]"


def test_keys_are_ordered_by_utf16_units() -> None:
    """The example of RFC 8785, 3.2.3: the emoji's first unit is D83D, before FB33."""
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = json.loads(canonical_json(dict.fromkeys(keys, 0)))
    assert list(ordered) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_text_is_escaped_only_where_json_demands_it() -> None:
    text = '\x00\b\t\n\f\r\x1f "/\\\x7f é\u2028😀'
    assert canonical_json(text) == (
        '"\\u0000\\b\\t\\n\\f\\r\\u001f \\"/\\\\\x7f é\u2028😀"'.encode()
    )


def test_nothing_is_normalised() -> None:
    assert canonical_json("é") != canonical_json("e\u0301")


def test_literals_and_nesting_have_no_space() -> None:
    assert canonical_json({"b": [None, True, False, {}], "a": []}) == (
        b'{"a":[],"b":[null,true,false,{}]}'
    )


def test_read_only_mappings_and_tuples_count_as_objects_and_arrays() -> None:
    assert canonical_json(MappingProxyType({"a": (1, 2.5)})) == b'{"a":[1,2.5]}'


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        [-float("inf")],
        10**400,
        "\ud800",
        {"\udfff": 1},
        {1: "one"},
        {"a": 1, None: 2},
        b"bytes",
        {"a": {1, 2}},
        object(),
    ],
)
def test_some_values_have_no_canonical_form(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical_json(value)


def nested(levels: int, kind: type) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value] if kind is list else {"é": value}
    return value


@pytest.mark.parametrize("kind", [list, dict])
def test_nesting_ends_somewhere(kind: type) -> None:
    canonical_json(nested(DEPTH_MAX, kind))
    with pytest.raises(NotCanonical):
        canonical_json(nested(DEPTH_MAX + 1, kind))


def read(form: bytes) -> object:
    """As ECMAScript reads JSON: every number is a double."""
    return json.loads(form, parse_int=float)


@given(values)
def test_the_form_is_json_for_the_same_value(value: object) -> None:
    assert read(canonical_json(value)) == value


@given(values)
def test_the_form_of_the_form_is_the_form(value: object) -> None:
    form = canonical_json(value)
    assert canonical_json(read(form)) == form


def shuffled(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: shuffled(value[key]) for key in reversed(list(value))}
    return [shuffled(one) for one in value] if isinstance(value, list) else value


@given(values)
def test_the_order_of_keys_does_not_matter(value: object) -> None:
    assert canonical_json(shuffled(value)) == canonical_json(value)


def test_the_hash_covers_every_key_but_seq() -> None:
    operation: dict[str, Json] = {"seq": 1, "kind": "set", "mono": 7, "colour": "red"}
    expected = hashlib.sha256(b'{"colour":"red","kind":"set","mono":7}').digest()
    assert operation_hash(operation) == expected
    assert operation_hash({**operation, "seq": 2}) == expected
    assert operation_hash({**operation, "mono": 8}) != expected
