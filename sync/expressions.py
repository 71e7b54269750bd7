"""The expressions of a form, as a tree: relevance, constraints, calculations, filters.

Forms are written in the XPath of ODK. Two engines run them (JavaRosa inside Collect, and our own
app's), so a form may only say what both understand alike. `FUNCTIONS` is that list, the grammar
below is that language, and publishing refuses everything else with its place. A tree goes to other
clients as JSON (`as_json`), so that none of them needs a parser.

What the language has: `or and = != < <= > >= + - * div mod`, numbers, quoted text, calls, and
paths. A path begins at the root (`/data/rt`), here (`.`, `..`, `name`), at the node that the
expression belongs to (`current()`), at an entity list (`instance('keluarga')/root/item`), or, in a
form's source, at a question's name (`${rt}`). Steps are names, `..`, `.`, and may be filtered by
`[…]`. It has no axes, no wildcards, no unions, no variables.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias, assert_never

from sync.types import Json

EXPRESSION_CHARACTERS_MAX: Final = 16_000
DEPTH_MAX: Final = 40
"""Of brackets within brackets; the forms here need seven."""

Arity: TypeAlias = tuple[int, int | None]
"""Fewest and most arguments; None: any number."""

FUNCTIONS: Final[Mapping[str, Arity]] = MappingProxyType(
    {
        "if": (3, 3),
        "coalesce": (2, 2),
        "once": (1, 1),
        "true": (0, 0),
        "false": (0, 0),
        "not": (1, 1),
        "boolean": (1, 1),
        "number": (1, 1),
        "int": (1, 1),
        "round": (1, 1),
        "sum": (1, 1),
        "count": (1, 1),
        "string": (1, 1),
        "concat": (1, None),
        "join": (2, None),
        "string-length": (1, 1),
        "contains": (2, 2),
        "starts-with": (2, 2),
        "substr": (2, 3),
        "regex": (2, 2),
        "selected": (2, 2),
        "selected-at": (2, 2),
        "count-selected": (1, 1),
        "position": (1, 1),
        "today": (0, 0),
        "now": (0, 0),
        "date": (1, 1),
        "decimal-date-time": (1, 1),
        "uuid": (0, 0),
    }
)
"""Function → how many arguments it takes. The one list of what a form may call.

`regex` needs a pattern in quotes between `^` and `$`: JavaRosa matches the whole text, others look
for a part of it, and only an anchored pattern means the same to both.
"""


class ExpressionError(Exception):
    """The expression says something that not every client would understand.

    `english` and `indonesian` say what and what to do; `at` is the place in the text, from 1.
    """

    def __init__(self, english: str, indonesian: str, at: int) -> None:
        super().__init__(f"{english} (at character {at})")
        self.english, self.indonesian, self.at = english, indonesian, at


@dataclass(frozen=True, slots=True)
class Literal:
    """Text or a number."""

    value: str | float


@dataclass(frozen=True, slots=True)
class Call:
    """A function of `FUNCTIONS` with its arguments."""

    function: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two expressions."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Negative:
    """Minus."""

    of: "Expression"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: a name, `..` or `.`, and what filters the nodes there."""

    name: str
    where: tuple["Expression", ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """Nodes. `start` is `root`, `self`, `current`, `question` or `instance`.

    `of` names the question or the list, for the last two.
    """

    start: str
    steps: tuple[Step, ...]
    of: str = ""


Expression: TypeAlias = Literal | Call | Binary | Negative | Path


def children(expression: Expression) -> Iterator[Expression]:
    """The expressions directly inside of one."""
    match expression:
        case Literal():
            return
        case Call(arguments=arguments):
            yield from arguments
        case Binary(left=left, right=right):
            yield left
            yield right
        case Negative(of=of):
            yield of
        case Path(steps=steps):
            for step in steps:
                yield from step.where
        case _:
            assert_never(expression)


def everything(expression: Expression) -> Iterator[Expression]:
    """An expression and all that is inside of it."""
    yield expression
    for child in children(expression):
        yield from everything(child)


def as_json(expression: Expression) -> Json:
    """The tree as clients get it: one object for each node, told apart by its key.

    `{"text"}`, `{"number"}`, `{"call", "of"}`, `{"op", "left", "right"}`, `{"minus"}`,
    `{"path", "from", "list"?, "question"?}` with steps of `{"step", "where"?}`.
    """
    match expression:
        case Literal(value=str() as text):
            return {"text": text}
        case Literal(value=number):
            return {"number": int(number) if float(number).is_integer() else number}
        case Call(function=function, arguments=arguments):
            return {"call": function, "of": [as_json(one) for one in arguments]}
        case Binary(operator=operator, left=left, right=right):
            return {"op": operator, "left": as_json(left), "right": as_json(right)}
        case Negative(of=of):
            return {"minus": as_json(of)}
        case Path():
            return _path_json(expression)
        case _:
            assert_never(expression)


def _path_json(path: Path) -> Json:
    steps: list[Json] = []
    for step in path.steps:
        told: dict[str, Json] = {"step": step.name}
        if step.where:
            told["where"] = [as_json(one) for one in step.where]
        steps.append(told)
    found: dict[str, Json] = {"path": steps, "from": path.start}
    if path.of:
        found["list" if path.start == "instance" else "question"] = path.of
    return found
