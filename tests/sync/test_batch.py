"""Reading a batch: places, hashes, and what has to be loaded. Nothing that comes can break it."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.batch import Incoming, needs, read_batch, rendering
from sync.canonical import operation_hash
from sync.operation import Operation, is_uuid
from sync.types import Json, Problem, Refusal
from tests.builders import (
    FAMILY,
    NIK,
    NO_KK,
    OTHER_FAMILY,
    PERSON,
    Raw,
    a_family,
    a_move,
    a_person,
    a_persons_edit,
    an_edit,
    an_end,
)

OPERATION: Raw = {**an_edit(luas_lantai=30), "base": 7, "mono": 1, "boot": "b"}


def placed(*given: object) -> list[int | None]:
    """The places of elements with these ``seq``; text stands for rubbish."""
    elements = [{"seq": seq} if not isinstance(seq, str) else seq for seq in given]
    return [incoming.seq for incoming in read_batch(elements)]


@pytest.mark.parametrize(
    ("given_places", "places"),
    [
        ((), []),
        ((4, 5), [4, 5]),
        ((4, "?", 6), [4, 5, 6]),
        ((4, "?", "?"), [4, 5, 6]),
        (("?", "?", 6), [4, 5, 6]),
        (("?", 1), [0, 1]),
        (("?", "?"), [None, None]),
        ((None,), [None]),
        ((True, 2), [1, 2]),
        ((1.0, 2), [1, 2]),
        ((0, 2), [1, 2]),
        ((2, -3), [2, 3]),
        ((2, 2**53), [2, 3]),
        ((4, 9, "?"), [4, 9, 10]),
    ],
)
def test_an_element_without_a_readable_seq_follows_its_predecessor(
    given_places: tuple[object, ...], places: list[int | None]
) -> None:
    assert placed(*given_places) == places


def only(element: object) -> Incoming:
    (incoming,) = read_batch([element])
    return incoming


def test_an_operation_has_hash_body_and_parsed_form() -> None:
    incoming = only({"seq": 3, **OPERATION})
    assert isinstance(incoming.parsed, Operation)
    assert incoming.hash == operation_hash(OPERATION)
    assert json.loads(incoming.body) == OPERATION
    assert (incoming.seq, incoming.named, incoming.creates) == (3, FAMILY, False)


def test_a_seq_that_is_no_place_makes_the_operation_malformed() -> None:
    (incoming, _) = read_batch([{"seq": 0, **OPERATION}, {"seq": 2, **OPERATION}])
    assert incoming.seq == 1
    assert incoming.parsed == Refusal(Problem.MALFORMED, "seq is a positive integer")
    assert incoming.hash == operation_hash(OPERATION)


def deep(levels: int) -> object:
    value: object = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


UNREADABLE = [
    "text",
    7,
    None,
    [1, 2],
    {"seq": 1, "id": FAMILY, "set": {"lintang": float("nan")}},
    {"seq": 1, "id": FAMILY, "set": {"lintang": float("-inf")}},
    {"seq": 1, "set": {"alamat": "\ud800"}},
    {"seq": 1, "set": {"alamat": ["\udfff", "\x00"]}},
    {"seq": 1, "set": {"luas_lantai": 10**400}},
    {"seq": 1, "set": {"luas_lantai": -(10**5000)}},
    {"seq": 1, "set": deep(500)},
    {"seq": 1, "set": deep(50_000)},
]


@pytest.mark.parametrize("element", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_cannot_be_read_is_malformed_and_kept_as_json(element: object) -> None:
    incoming = only(element)
    assert isinstance(incoming.parsed, Refusal)
    assert incoming.parsed.problem is Problem.MALFORMED
    assert isinstance(json.loads(incoming.body)["unreadable"], str)
    assert incoming.body.isascii(), "it can be stored anywhere"
    assert only(element).hash == incoming.hash, "a retry is recognised"


def test_no_two_unreadable_elements_have_one_hash() -> None:
    elements = [*UNREADABLE, {"seq": 1, "set": deep(501)}, {"set": {"lintang": "NaN"}}]
    hashes = [only(element).hash for element in elements]
    assert len(set(hashes)) == len(elements)


def test_the_seq_of_an_unreadable_operation_is_no_part_of_its_hash() -> None:
    one, other = read_batch([{"seq": seq, "set": float("nan")} for seq in (1, 2)])
    assert one.hash == other.hash


def test_even_an_unreadable_operation_names_its_record() -> None:
    incoming = only({"seq": 1, "kind": "create", "id": PERSON, "set": {"a": float("nan")}})
    assert (incoming.named, incoming.creates) == (PERSON, True)


@pytest.mark.parametrize("record", ["", "Ani", PERSON.upper(), PERSON[:-1], 7, None, [PERSON]])
def test_what_is_no_id_names_nobody(record: object) -> None:
    assert not is_uuid(record)
    assert only({"seq": 1, "kind": "create", "id": record}).named is None


def test_a_rendering_is_readable() -> None:
    value = {"b": [1, 2.5, None, True], "a": {}, "é": ["x", []], "c": float("nan")}
    assert rendering(value) == '{"a":{},"b":[1,2.5,null,true],"c":NaN,"\\u00e9":["x",[]]}'
    assert rendering(2**60) == "0x1000000000000000"
    assert rendering({1, 2}) == '"set"'


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None, categories=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(
    st.lists(
        json_values
        | st.builds(
            lambda seq, rest: {**rest, "seq": seq},
            json_values,
            st.dictionaries(st.text(), json_values),
        ),
        max_size=6,
    )
)
def test_nothing_that_json_can_say_raises(elements: list[Json]) -> None:
    batch = read_batch(elements)
    assert len(batch) == len(elements)
    assert [one.hash for one in batch] == [one.hash for one in read_batch(elements)]
    places = [one.seq for one in batch]
    for element, (before, place) in zip(elements[1:], pairwise(places), strict=True):
        if not (isinstance(element, dict) and element.get("seq") == place):
            assert (before, place) == (None, None) or before == (place or 0) - 1
    needs(batch)


# What has to be loaded --------------------------------------------------------------------------


def needs_of(*operations: Raw) -> dict[str, frozenset[str]]:
    elements = [
        {"seq": seq, "base": 0, "mono": 1, "boot": "b", **operation}
        for seq, operation in enumerate(operations, 1)
    ]
    needed = needs(read_batch(elements))
    named = ("records", "kin_of", "niks", "no_kks", "identity_of")
    return {name: found for name in named if (found := getattr(needed, name))}


def test_an_edit_needs_its_record_and_no_more() -> None:
    assert needs_of(an_edit(luas_lantai=30)) == {"records": {FAMILY}}


def test_a_refused_operation_needs_what_it_names() -> None:
    assert needs_of(an_edit(atap2=30)) == {"records": {FAMILY}}


def test_parents_and_targets_are_needed() -> None:
    assert needs_of(a_person())["records"] == {PERSON, FAMILY}
    assert needs_of(a_move()) == {
        "records": {PERSON, OTHER_FAMILY},
        "kin_of": {PERSON},
        "identity_of": {PERSON},
    }


def test_an_address_needs_the_rows_beneath() -> None:
    assert needs_of(an_edit(rt="003")) == {"records": {FAMILY}, "kin_of": {FAMILY}}


def test_numbers_need_those_who_bear_them() -> None:
    assert needs_of(a_family(no_kk=NO_KK))["no_kks"] == {NO_KK}
    assert needs_of(a_persons_edit(nik=NIK)) == {
        "records": {PERSON},
        "kin_of": {PERSON},
        "niks": {NIK},
        "identity_of": {PERSON},
    }
    assert "niks" not in needs_of(a_persons_edit(nik=None))


def test_an_end_needs_those_who_share_the_number() -> None:
    assert needs_of(an_end()) == {"records": {FAMILY}, "identity_of": {FAMILY}}


def test_a_merge_needs_both_records() -> None:
    raw: Raw = {"kind": "resolve", "entity": "keluarga", "id": FAMILY, "source": "review"}
    element = {**raw, "seq": 1, "resolve": {"merge": OTHER_FAMILY}}
    needed = needs(read_batch([element], server_lane=True))
    assert needed.records == {FAMILY, OTHER_FAMILY}
    assert needed.kin_of == {FAMILY}
