"""What expressions are worth: the reference for every client's evaluator."""

import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from sync.expression_parser import parse
from sync.expression_values import (
    NoValue,
    Surroundings,
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

NOW = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)


@dataclass(eq=False)
class Leaf:
    name: str
    parent: "Leaf | None" = None
    children: list["Leaf"] = field(default_factory=list)
    value: Value = ""

    def add(self, name: str, value: Value = "") -> "Leaf":
        grown = Leaf(name, self, [], value)
        self.children.append(grown)
        return grown


def a_form() -> tuple[Leaf, Leaf]:
    """A family of two members; the document, and the second member's `umur`."""
    document = Leaf("")
    data = document.add("data")
    data.add("rt", "003")
    data.add("luas", 36.0)
    data.add("hari", date(2026, 11, 1))
    data.add("kosong")
    here = data
    for name, years in (("SITI", 36.0), ("RANI", 2.0)):
        member = data.add("anggota")
        member.add("nama", name)
        here = member.add("umur", years)
    return document, here


def a_list() -> Leaf:
    top = Leaf("")
    root = top.add("root")
    for name, rt in (("a", "003"), ("b", "004"), ("c", "003")):
        row = root.add("item")
        row.add("name", name)
        row.add("rt", rt)
        row.add("n", str(len(root.children)))
    return top


def surroundings() -> Surroundings:
    document, here = a_form()
    return Surroundings(document, here, here, {"k": a_list()}, NOW, lambda: "new")


def worth(expression: str) -> Value:
    return value_in(parse(expression), surroundings())


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'a'", "a"),
        ("1 + 2 * 3", 7),
        ("7 mod 4 - 2", 1),
        ("1 div 4", 0.25),
        ("-(2)", -2),
        ("/data/rt", "003"),
        ("/data/luas", 36),
        ("../../rt", "003"),
        (".", 2),
        ("current()/../nama", "RANI"),
        ("/data/anggota/nama", "RANI"),
        ("/data/kosong", ""),
        ("/data/nothing", ""),
        ("instance('k')/root/item[name = 'b']/rt", "004"),
        ("instance('k')/root/item[rt = /data/rt][name != 'a']/name", "c"),
        ("instance('k')/root/item[name = current()/../nama]/rt", ""),
        ("count(instance('k')/root/item[rt = '003'])", 2),
        ("count(/data/nothing)", 0),
        ("sum(instance('k')/root/item/n)", 6),
        ("join(' ', instance('k')/root/item[rt = '003']/name)", "a c"),
        ("join('-', 'a', 1, true())", "a-1-true"),
        ("concat('RT ', /data/rt, ' ', /data/hari)", "RT 003 2026-11-01"),
        ("position(..)", 2),
        ("position(/data)", 1),
        ("position(../../..)", 1),
        ("if(. > 1, 'ya', 'tidak')", "ya"),
        ("if('', 1, 2)", 2),
        ("coalesce(/data/kosong, 'x')", "x"),
        ("coalesce(/data/rt, 'x')", "003"),
        ("once('x')", 2),
        ("not(1 = 1)", False),
        ("boolean('false')", True),
        ("true() and false()", False),
        ("false() or 1", True),
        ("0 and pasti", False),
        ("number('1.5') + int(-1.7) + round(2.5)", 3.5),
        ("string(2)", "2"),
        ("string(1.5)", "1.5"),
        ("string(true())", "true"),
        ("string-length('abc')", 3),
        ("contains('abc', 'b')", True),
        ("starts-with('abc', 'b')", False),
        ("substr('abcdef', 2)", "cdef"),
        ("substr('abcdef', 1, 3)", "bc"),
        ("substr('abcdef', -2)", "ef"),
        ("regex('003', '^[0-9]{3}$')", True),
        ("regex('0034', '^[0-9]{3}$')", False),
        ("selected('a b', 'b')", True),
        ("selected('ab', 'b')", False),
        ("selected-at('a b', 1)", "b"),
        ("selected-at('a b', 2)", ""),
        ("selected-at('a b', -1)", ""),
        ("count-selected(' a  b ')", 2),
        ("count-selected('')", 0),
        ("today()", date(2026, 11, 28)),
        ("now()", NOW),
        ("uuid()", "new"),
        ("date('2026-11-01T10:00:00')", date(2026, 11, 1)),
        ("date('')", ""),
        ("date(1)", date(1970, 1, 2)),
        ("date(now())", date(2026, 11, 28)),
        ("/data/hari <= today()", True),
        ("decimal-date-time(today()) - decimal-date-time('2026-11-01')", 27),
        ("decimal-date-time('2.5')", 2.5),
        ("decimal-date-time(now()) > decimal-date-time(today())", True),
    ],
)
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
