"""Canonical JSON is RFC 8785's, byte by byte, whichever path makes it."""

import hashlib
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lokus_client import NotCanonical
from lokus_client.canonical import canonical_json, canonical_text, operation_hash
from lokus_client.values import Json

# RFC 8785, appendix B: bits of the double, and how it is written.
NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(("bits", "written"), NUMBERS)
def test_numbers_are_written_as_ecmascript_writes_them(bits: str, written: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_text(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (54, "54"),
        (54.0, "54"),
        (11.5, "11.5"),
        (1e21, "1e+21"),
        (123456789012345680000, "123456789012345680000"),
        (10**21, "1e+21"),
        (-(2**53) - 1, "-9007199254740992"),
        ({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}'),
        ('\u20ac$\u000f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        ("\u007f\u2028", '"\u007f\u2028"'),
    ],
)
def test_values_are_written_without_blanks_and_escapes_that_are_not_needed(
    value: Json, written: str
) -> None:
    assert canonical_text(value) == written


def test_keys_are_ordered_by_their_utf16_units() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = list(json.loads(canonical_text(dict.fromkeys(keys, 0))))
    assert ordered == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_nothing_is_normalised() -> None:
    assert canonical_json("\u00e9") != canonical_json("e\u0301")


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        "\ud83d",
        {"\ud83d": 1},
        {"a": float("-inf")},
        10**400,
        {1: 2},
        {"a": {1, 2}},
        b"bytes",
    ],
)
def test_what_has_no_canonical_form_is_refused(value: Json) -> None:
    with pytest.raises(NotCanonical):
        canonical_json(value)


@pytest.mark.parametrize("key", ["a", "é"])
def test_bottomless_nesting_is_refused_and_not_a_crash(key: str) -> None:
    value: Json = 0
    for _ in range(500):
        value = {key: value}
    with pytest.raises(NotCanonical):
        canonical_json(value)


@given(JSON)
def test_the_form_reads_back_and_is_its_own_form(value: Json) -> None:
    try:
        text = canonical_text(value)
    except NotCanonical:
        assert "\\ud" in json.dumps(value)
        return
    assert json.loads(text, parse_int=float) == value, "numbers are doubles"
    assert canonical_text(json.loads(text)) == text


def test_the_hash_is_over_every_key_but_seq() -> None:
    operation: dict[str, Json] = {"kind": "set", "id": "x", "base": 3, "mono": 9, "boot": "b7"}
    same = operation_hash({"seq": 7, **operation})
    assert same == operation_hash({**operation, "seq": 900})
    assert same == operation_hash(dict(reversed(operation.items())))
    assert same != operation_hash({**operation, "mono": 10})
    assert same != operation_hash({**operation, "tak_dikenal": None})
    body = b'{"base":3,"boot":"b7","id":"x","kind":"set","mono":9}'
    assert same == hashlib.sha256(body).hexdigest()
