"""What expressions of forms are worth, in surroundings that anybody can set up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

from sync.expression_parser import parse
from sync.expression_values import Surroundings, Value
from sync.expressions import as_json
from sync.types import Json

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


WORTH: Final[Sequence[tuple[str, Value]]] = (
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
)
"""Expression → what it is worth there."""


def expression_cases() -> list[dict[str, Json]]:
    """The surroundings first, then a case for each expression."""
    around = surroundings()
    first: dict[str, Json] = {
        "name": "the form and the list that every case stands in",
        "form": _plain(a_form()[0].children[0]),
        "lists": {"k": [_row(row) for row in a_list().children[0].children]},
        "here": "/data/anggota[2]/umur",
        "now": NOW.isoformat(),
        "new_id": around.new_id(),
    }
    return [
        first,
        *(
            {"name": text, "tree": as_json(parse(text)), "value": _json(value)}
            for text, value in WORTH
        ),
    ]


def _plain(node: Leaf) -> Json:
    if node.children:
        return {node.name: [_plain(child) for child in node.children]}
    return {node.name: _json(node.value)}


def _row(row: Leaf) -> Json:
    return {column.name: _json(column.value) for column in row.children}


def _json(value: Value) -> Json:
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    return {"day": value.isoformat()} if isinstance(value, date) else value
