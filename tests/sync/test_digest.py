"""The agreement check: twenty bytes that say whether phone and server hold the same rows."""

import hashlib
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sync.digest import PREFIX_BYTES, differing, digest, row_prefix
from tests.builders import an_id

IDS = [f"{prefix:08x}-0000-7000-8000-{rest:012x}" for prefix in range(6) for rest in range(3)]
rows = st.lists(
    st.tuples(st.sampled_from(IDS), st.integers(1, 3) | st.integers(1, 2**53 - 1)),
    unique_by=lambda row: row[0],
)


def test_no_rows_have_a_digest() -> None:
    assert digest([]) == f"0:{'0' * 32}"


def test_a_row_counts_as_the_specification_says() -> None:
    sixteen = bytes.fromhex(an_id(7).replace("-", ""))
    hashed = hashlib.sha256(sixteen + (300).to_bytes(8, "big")).hexdigest()
    assert digest([(an_id(7), 300)]) == f"1:{hashed[:32]}"


@given(rows, st.randoms())
def test_rows_are_counted_in_any_order(listed: list[tuple[str, int]], random: Random) -> None:
    shuffled = list(listed)
    random.shuffle(shuffled)
    assert digest(shuffled) == digest(listed)


@given(rows.filter(bool))
def test_one_row_of_another_version_is_noticed(listed: list[tuple[str, int]]) -> None:
    (record, seq), *rest = listed
    assert digest([(record, seq + 1), *rest]) != digest(listed)


@given(rows, rows)
def test_the_repair_list_names_exactly_what_differs(
    server: list[tuple[str, int]], phone: list[tuple[str, int]]
) -> None:
    ids, surplus = differing(server, [row_prefix(*row) for row in phone])
    assert set(ids) == {record for record, seq in server if (record, seq) not in phone}
    known = {row_prefix(*row)[:PREFIX_BYTES] for row in server}
    assert set(surplus) == {
        row_prefix(*row)[:PREFIX_BYTES] for row in phone if row_prefix(*row)[:6] not in known
    }
