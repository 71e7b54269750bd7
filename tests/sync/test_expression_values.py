"""What expressions are worth: the reference for every client's evaluator."""

import math
from datetime import UTC, date, datetime, timedelta

import pytest

from sync.expression_parser import parse
from sync.expression_values import (
    NoValue,
    Value,
    day,
    nodes_in,
    number,
    text,
    truth,
    truth_in,
    value_in,
)
from sync.expressions import Path
from tests.vectors.expressions import NOW, WORTH, surroundings


def worth(expression: str) -> Value:
    return value_in(parse(expression), surroundings())


@pytest.mark.parametrize(("expression", "value"), WORTH)
def test_an_expression_is_worth(expression: str, value: Value) -> None:
    assert worth(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "1 = '1'",
        "'1' = 1.0",
        "'a' != 'b'",
        "'' = /data/kosong",
        "not('' = 0)",
        "true() = 'anything'",
        "/data/hari = '2026-11-01'",
        "not('a' < 'b')",
        "'10' > '9'",
        "not(/data/kosong > 0)",
        "not(/data/kosong <= 0)",
        "3 >= 3 and 2 < 3",
        "0.1 + 0.2 = 0.3",
    ],
)
def test_it_is_so(expression: str) -> None:
    assert truth_in(parse(expression), surroundings())


@pytest.mark.parametrize(
    "expression", ["1 mod 0", "0 div 0", "number('a')", "int('a')", "decimal-date-time('')"]
)
def test_what_is_no_number_is_none(expression: str) -> None:
    found = worth(expression)
    assert isinstance(found, float)
    assert math.isnan(found)
    assert text(found) == "NaN"
    assert not truth(found)


def test_division_by_nothing_is_without_end() -> None:
    assert worth("1 div 0") == math.inf
    assert worth("-1 div 0") == -math.inf


@pytest.mark.parametrize(
    "expression",
    [
        "instance('k')/root/item/name",
        "instance('lain')/root/item/name",
        "${rt}",
        "position('a')",
        "position(instance('k')/root/item)",
        "date('kemarin')",
        "date(1 div 0)",
    ],
)
def test_what_has_no_value_says_so(expression: str) -> None:
    with pytest.raises(NoValue):
        worth(expression)


def test_a_path_from_the_root_stays_in_its_own_instance_of_a_repeat() -> None:
    path = parse("/data/anggota/nama")
    assert isinstance(path, Path)
    assert [node.value for node in nodes_in(path, surroundings())] == ["RANI"]
    counted = parse("count(/data/anggota)")
    assert value_in(counted, surroundings()) == 2


def test_above_the_document_there_is_nothing() -> None:
    assert worth("../../../../../rt") == ""


def test_values_turn_into_each_other() -> None:
    assert text(NOW) == "2026-11-28T09:30:00+00:00"
    assert number(True) == 1.0
    assert number(NOW) == (NOW - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(days=1)
    assert truth(date(2026, 1, 1))
    assert truth(0.5)
    assert day(date(2026, 1, 1)) == date(2026, 1, 1)
