"""What an expression is worth: the reference that every client's own evaluator is held to.

Values are text, numbers, truth, days and moments, or nodes. An answer has the type that its form
gives it (an empty one is always the empty text), a property of an entity list is text. Where ODK's
engines differ from XPath 1.0, this follows JavaRosa:

* several nodes never stand for one value; only `count`, `sum`, `join` and `position` take them
* an answer that is not relevant is empty, whatever stands in it
* a comparison with a number or a truth on one side compares as such; else as text, days as
  `YYYY-MM-DD`
* `<` and its kin compare as numbers, days counted from 1970-01-01
* a path from the root stays inside the repeat's instance that the expression belongs to
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol, TypeAlias, assert_never

from sync.expressions import Binary, Call, Expression, Literal, Negative, Path, Step

Value: TypeAlias = str | float | bool | date
"""`datetime` is a `date` too, and told apart where it matters."""
_EPOCH: Final = date(1970, 1, 1)
_ALIKE: Final = 1e-12
"""Numbers closer than this are equal."""


class Node(Protocol):
    """An answer, a group of them, or a row of an entity list."""

    @property
    def name(self) -> str: ...
    @property
    def parent(self) -> "Node | None": ...
    @property
    def children(self) -> Sequence["Node"]: ...
    @property
    def value(self) -> Value: ...


Nodes: TypeAlias = tuple[Node, ...]


class NoValue(Exception):
    """The expression has no value here: the form is wrong, not the answer."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where an expression stands, and what the phone knows at that moment.

    `lists` holds for each list a node whose only child is `root`. `node` moves with filters;
    `current` stays what the expression belongs to.
    """

    root: Node
    node: Node
    current: Node
    lists: Mapping[str, Node]
    moment: datetime
    new_id: Callable[[], str]


def value_in(expression: Expression, here: Surroundings) -> Value:
    """The one value of an expression. Raises `NoValue`."""
    return _one(_evaluated(expression, here))


def truth_in(expression: Expression, here: Surroundings) -> bool:
    """Is it so? For relevance, constraints and filters. Raises `NoValue`."""
    return truth(value_in(expression, here))


def nodes_in(path: Path, here: Surroundings) -> Nodes:
    """The nodes of a path, in the order of the document. Raises `NoValue`."""
    nodes = _start(path, here)
    steps = path.steps
    for number, step in enumerate(steps):
        is_last = number == len(steps) - 1
        nodes = _stepped(nodes, step, here, narrow=path.start == "root" and not is_last)
    return nodes


def _evaluated(expression: Expression, here: Surroundings) -> Value | Nodes:
    match expression:
        case Literal(value=value):
            return value
        case Path():
            return nodes_in(expression, here)
        case Negative(of=of):
            return -number(value_in(of, here))
        case Binary():
            return _binary(expression, here)
        case Call():
            return _call(expression, here)
        case _:
            assert_never(expression)


def _start(path: Path, here: Surroundings) -> Nodes:
    match path.start:
        case "root":
            return (here.root,)
        case "self":
            return (here.node,)
        case "current":
            return (here.current,)
        case "instance" if path.of in here.lists:
            return (here.lists[path.of],)
    raise NoValue(f"{path.start} {path.of} is not there")


def _stepped(nodes: Nodes, step: Step, here: Surroundings, *, narrow: bool) -> Nodes:
    found = [after for node in nodes for after in _after(node, step.name)]
    if narrow and len(found) > 1:
        around = _around(here.current)
        found = [node for node in found if id(node) in around] or found
    for condition in step.where:
        found = [node for node in found if truth_in(condition, replace(here, node=node))]
    return tuple(found)


def _after(node: Node, name: str) -> Sequence[Node]:
    if name == ".":
        return (node,)
    if name == "..":
        return () if node.parent is None else (node.parent,)
    return [child for child in node.children if child.name == name]


def _around(node: Node | None) -> set[int]:
    found: set[int] = set()
    while node is not None:
        found.add(id(node))
        node = node.parent
    return found


def _one(found: Value | Nodes) -> Value:
    if not isinstance(found, tuple):
        return found
    if len(found) > 1:
        raise NoValue("several nodes are no value: filter them, or count or join them")
    return found[0].value if found else ""


def text(value: Value) -> str:
    """As text: whole numbers without a fraction, days as `YYYY-MM-DD`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        if math.isnan(value):
            return "NaN"
        return str(int(value)) if float(value).is_integer() else str(value)
    return value if isinstance(value, str) else value.isoformat()


def number(value: Value) -> float:
    """As a number: NaN for text that is none, days since 1970 for a day."""
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, datetime):
        return (value.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(days=1)
    if isinstance(value, date):
        return float((value - _EPOCH).days)
    plain = value.strip()
    return float(plain) if re.fullmatch(r"-?(?:\d+\.?\d*|\.\d+)", plain) else math.nan


def truth(value: Value) -> bool:
    """Numbers but 0 and NaN, and any text but the empty one, are true; `'false'` is, too."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0 and not math.isnan(value)
    return value != ""


def day(value: Value) -> Value:
    """As a day; the empty text stays empty. Raises `NoValue` for what is no day."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date) or value == "":
        return value
    try:
        if isinstance(value, str):
            return date.fromisoformat(value[:10])
        return _EPOCH + timedelta(days=math.floor(value))
    except (ValueError, OverflowError) as error:
        raise NoValue("this is no day") from error


def _binary(expression: Binary, here: Surroundings) -> Value:
    operator = expression.operator
    left = value_in(expression.left, here)
    if operator in {"and", "or"}:
        if truth(left) is (operator == "or"):
            return operator == "or"
        return truth_in(expression.right, here)
    right = value_in(expression.right, here)
    if operator in {"=", "!="}:
        return _equal(left, right) is (operator == "=")
    return _COUNTING[operator](number(left), number(right))


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return truth(left) is truth(right)
    if isinstance(left, int | float) or isinstance(right, int | float):
        return abs(number(left) - number(right)) < _ALIKE
    return text(left) == text(right)


def _divided(left: float, right: float) -> float:
    if right != 0:
        return left / right
    return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)


_COUNTING: Final[Mapping[str, Callable[[float, float], Value]]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "div": _divided,
    "mod": lambda left, right: math.fmod(left, right) if right else math.nan,
}


def _call(call: Call, here: Surroundings) -> Value:
    function, arguments = call.function, call.arguments
    if function == "if":
        chosen = arguments[1] if truth_in(arguments[0], here) else arguments[2]
        return value_in(chosen, here)
    if function == "coalesce":
        first = value_in(arguments[0], here)
        return first if text(first) != "" else value_in(arguments[1], here)
    if function == "once":
        kept = here.current.value
        return kept if text(kept) != "" else value_in(arguments[0], here)
    if function in _OF_NODES:
        return _OF_NODES[function]([_evaluated(one, here) for one in arguments])
    if function in _OF_THE_MOMENT:
        return _OF_THE_MOMENT[function](here)
    return _OF_VALUES[function]([value_in(one, here) for one in arguments])


def _several(found: Value | Nodes) -> list[Value]:
    return [node.value for node in found] if isinstance(found, tuple) else [found]


def _position(found: Value | Nodes) -> float:
    if not isinstance(found, tuple) or len(found) != 1:
        raise NoValue("position() takes one node")
    (node,) = found
    if node.parent is None:
        return 1.0
    alike = [one for one in node.parent.children if one.name == node.name]
    return float(next(n for n, one in enumerate(alike, 1) if one is node))


def _substring(given: list[Value]) -> str:
    whole = text(given[0])
    ends = [int(number(one)) for one in given[1:]]
    places = [max(0, len(whole) + end) if end < 0 else end for end in ends]
    return whole[slice(places[0], places[1] if len(places) > 1 else None)]


def _selected_at(given: list[Value]) -> str:
    chosen, place = text(given[0]).split(), number(given[1])
    return chosen[int(place)] if 0 <= place < len(chosen) else ""


_OF_NODES: Final[Mapping[str, Callable[[list[Value | Nodes]], Value]]] = {
    "count": lambda given: float(len(_several(given[0]))),
    "sum": lambda given: sum(number(one) for one in _several(given[0])),
    "join": lambda given: text(_one(given[0])).join(
        text(one) for more in given[1:] for one in _several(more)
    ),
    "concat": lambda given: "".join(text(one) for more in given for one in _several(more)),
    "position": lambda given: _position(given[0]),
}
_OF_THE_MOMENT: Final[Mapping[str, Callable[[Surroundings], Value]]] = {
    "true": lambda _: True,
    "false": lambda _: False,
    "today": lambda here: here.moment.date(),
    "now": lambda here: here.moment,
    "uuid": lambda here: here.new_id(),
}
_OF_VALUES: Final[Mapping[str, Callable[[list[Value]], Value]]] = {
    "not": lambda given: not truth(given[0]),
    "boolean": lambda given: truth(given[0]),
    "number": lambda given: number(given[0]),
    "int": lambda given: _whole(given[0], math.trunc),
    "round": lambda given: _whole(given[0], lambda one: math.floor(one + 0.5)),
    "string": lambda given: text(given[0]),
    "string-length": lambda given: float(len(text(given[0]))),
    "contains": lambda given: text(given[1]) in text(given[0]),
    "starts-with": lambda given: text(given[0]).startswith(text(given[1])),
    "substr": _substring,
    "regex": lambda given: re.fullmatch(text(given[1]), text(given[0])) is not None,
    "selected": lambda given: text(given[1]).strip() in text(given[0]).split(),
    "selected-at": _selected_at,
    "count-selected": lambda given: float(len(text(given[0]).split())),
    "date": lambda given: day(given[0]),
    "decimal-date-time": lambda given: _days(given[0]),
}


def _whole(value: Value, towards: Callable[[float], int]) -> float:
    plain = number(value)
    return float(towards(plain)) if math.isfinite(plain) else plain


def _days(value: Value) -> float:
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9.]+", value):
        return number(day(value)) if value else math.nan
    return number(value)
