"""Lines of CSV: the same bytes as the `csv` module's, whatever stands in a cell."""

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.formats.csv_lines import EXPONENT_BELOW, EXPONENT_FROM, Cell, CsvLines

FRACTIONS = st.floats(EXPONENT_BELOW, EXPONENT_FROM, exclude_max=True)
MARKED = st.text(alphabet='a,"\\\n\r\t []{}:é\u2028', max_size=6)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    MARKED,
    st.sampled_from(["null", "nullah", "true", "", " "]),
)
CELLS = st.one_of(
    st.none(),
    TEXTS,
    st.integers(-(2**53), 2**53),
    FRACTIONS,
    FRACTIONS.map(lambda number: -number),
)


def by_the_module(cells: Sequence[Cell]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode().removesuffix(b"\n")


@given(TEXTS.filter(bool), st.lists(CELLS, min_size=1, max_size=8))
def test_a_line_is_the_modules(first: str, others: list[Cell]) -> None:
    assert CsvLines(1 + len(others)).line([first, *others]) == by_the_module([first, *others])


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (["a", None, "null", None], b"a,,null,"),
        (["a", 3, -5.25, "0001"], b"a,3,-5.25,0001"),
        (["a", "AHMAD, S.Pd", 'si "Budi"', "x"], b'a,"AHMAD, S.Pd","si ""Budi""",x'),
        (["a", "dua\nbaris", "C:\\", None], b'a,"dua\nbaris",C:\\,'),
        (["a", "[Jos\u00e9]", "", 0], "a,[Jos\u00e9],,0".encode()),
    ],
)
def test_only_what_needs_a_mark_is_marked(cells: list[Cell], line: bytes) -> None:
    assert CsvLines(4).line(cells) == line


def test_a_marked_row_leaves_nothing_for_the_next_one() -> None:
    lines = CsvLines(2)
    told = [lines.line(row) for row in (["a", "one, and long"], ["b", "2, 3"], ["c", "4"])]
    assert told == [b'a,"one, and long"', b'b,"2, 3"', b"c,4"]
