"""The quick way to canonical JSON writes what the core's own way writes, or refuses as it does."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.canonical import canonical_json
from sync import canonical
from sync.canonical import NotCanonical

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["\x7f", "\u2028", '"\\/\b\f\n\r\t\x00\x1f', "\ud83d", "é😀"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(value=VALUES)
@example(value={"b": 1.5, "a": [123456789012345.6, 1e-4, 0.1 + 0.2], "": 2**53})
@example(value={"a": "half of a \ud83d"})
@example(value={"\ufb33": 1, "😀": 2})
def test_any_value_is_written_as_the_core_writes_it(value: object) -> None:
    try:
        expected = canonical.canonical_json(value)
    except NotCanonical as refusal:
        with pytest.raises(NotCanonical, match=str(refusal)):
            canonical_json(value)
    else:
        assert canonical_json(value) == expected


@given(number=st.floats(1e-4, 1e15, exclude_max=True) | st.floats(-1e15, -1e-4))
def test_a_fraction_is_written_with_the_same_digits(number: float) -> None:
    assert canonical_json([number]) == canonical.canonical_json([number])


def test_nothing_may_be_nested_deeper_than_the_core_reads() -> None:
    deep = json.loads("[" * 101 + "]" * 101)
    with pytest.raises(NotCanonical, match="deeper"):
        canonical_json(deep)
