"""The expressions in a workbook's cells: are they of the stated language, and what can they say?

What a calculation can say matters where it feeds a field: a choice between quoted words is as
good as a question with those choices, a sum is a number, and of anything else nobody can tell
before the submission is there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from api.formats.xform.faults import FormFault
from api.formats.xform.survey import Survey, SurveyRow
from sync.expression_parser import parse
from sync.expressions import (
    Binary,
    Call,
    Expression,
    ExpressionError,
    Literal,
    Negative,
    Path,
    everything,
)

EXPRESSION_COLUMNS: Final = (
    "relevant",
    "constraint",
    "calculation",
    "choice_filter",
    "repeat_count",
    "required",
    "read_only",
    "default",
)
_PLAIN: Final = frozenset({"yes", "no", "true", "false", "true()", "false()"})
_ENTITY_COLUMNS: Final = ("entity_id", "create_if", "update_if", "label")
_LOOKS_DYNAMIC: Final = re.compile(r"\$\{|[a-z-]\(|^\s*-?\d+\s*[-+*]")
_ARITHMETIC: Final = frozenset({"+", "-", "*", "div", "mod"})
_PASSED_ON: Final = {"if": 1, "coalesce": 0, "once": 0, "string": 0}
"""Functions that say one of their arguments, from this one on."""
_NUMBERS: Final = frozenset(
    {"number", "int", "round", "sum", "count", "string-length", "count-selected", "position"}
    | {"decimal-date-time"}
)


def expressions_of(row: SurveyRow) -> Iterator[tuple[str, str]]:
    """Column and text of each expression in a row."""
    for column in EXPRESSION_COLUMNS:
        cell = row.cells.get(column, "")
        if not cell or (column in {"required", "read_only"} and cell.lower() in _PLAIN):
            continue
        if column == "default" and not _LOOKS_DYNAMIC.search(cell):
            continue
        yield column, cell


def language_faults(survey: Survey) -> Iterator[FormFault]:
    """Every expression that is not of the language, by its cell."""
    for row in survey.rows:
        for column, cell in expressions_of(row):
            yield from _fault("survey", row.row, column, cell)
    for entity in survey.entities:
        for column in _ENTITY_COLUMNS:
            cell = entity.cells.get(column, "")
            if cell:
                yield from _fault("entities", entity.row, column, cell)
    if name := survey.settings.get("instance_name"):
        yield from _fault("settings", 2, "instance_name", name)


def _fault(sheet: str, row: int, column: str, cell: str) -> Iterator[FormFault]:
    try:
        parse(cell)
    except ExpressionError as error:
        yield FormFault(
            sheet,
            row,
            column,
            f"{error.english} (character {error.at})",
            f"{error.indonesian} (huruf ke-{error.at})",
        )


def list_reads(survey: Survey) -> Iterator[tuple[SurveyRow, str, str, str]]:
    """Row, column, list and property of everything that expressions read from entity lists."""
    for row in survey.rows:
        for column, cell in expressions_of(row):
            try:
                tree = parse(cell)
            except ExpressionError:
                continue
            if column == "choice_filter" and row.listed.endswith(".csv"):
                yield from (
                    (row, column, row.listed.removesuffix(".csv"), name)
                    for name in _own_names(tree)
                )
            for path in everything(tree):
                if isinstance(path, Path) and path.start == "instance":
                    names = {step.name for step in path.steps[2:]} - {".", ".."}
                    names |= {
                        name
                        for step in path.steps
                        for one in step.where
                        for name in _own_names(one)
                    }
                    yield from ((row, column, path.of, name) for name in sorted(names))


def _own_names(tree: Expression) -> set[str]:
    """Properties that a filter names: paths that begin with a plain name."""
    return {
        path.steps[0].name
        for path in everything(tree)
        if isinstance(path, Path) and path.start == "self" and path.steps[0].name not in {".", ".."}
    }


@dataclass(frozen=True, slots=True)
class Results:
    """What a calculation can say: these words, or whatever these questions can say.

    `counts` is true where it can say a number, `open_` where nobody can tell.
    """

    words: frozenset[str] = frozenset()
    questions: frozenset[str] = frozenset()
    counts: bool = False
    open_: bool = False

    def __or__(self, other: "Results") -> "Results":
        return Results(
            self.words | other.words,
            self.questions | other.questions,
            self.counts or other.counts,
            self.open_ or other.open_,
        )


_TRUTHS: Final = Results(words=frozenset({"true", "false"}))


def results_of(tree: Expression) -> Results:
    """What can come out of an expression, read from its shape."""
    match tree:
        case Literal(value=str() as text):
            return Results(words=frozenset({text}))
        case Literal() | Negative():
            return Results(counts=True)
        case Binary(operator=operator):
            return Results(counts=True) if operator in _ARITHMETIC else _TRUTHS
        case Path(start="question", steps=(), of=name):
            return Results(questions=frozenset({name}))
        case Call():
            return _called(tree)
    return Results(open_=True)


def _called(call: Call) -> Results:
    if call.function in _NUMBERS:
        return Results(counts=True)
    if call.function in {"true", "false", "not", "boolean"}:
        return _TRUTHS
    passed = _PASSED_ON.get(call.function)
    if passed is None:
        return Results(open_=True)
    found = Results()
    for argument in call.arguments[passed:]:
        found |= results_of(argument)
    return found


def settled(survey: Survey, row: SurveyRow, seen: frozenset[str] = frozenset()) -> Results:
    """What a question or a calculation can say in the end, through all that it refers to."""
    kind = row.kind
    if kind in {"select_one", "select_multiple"}:
        return Results(words=frozenset(survey.choices.get(row.listed, ())))
    if kind in {"integer", "decimal", "range"}:
        return Results(counts=True)
    if kind != "calculate" or row.name in seen:
        return Results(open_=True)
    return _through(survey, row, seen | {row.name})


def _through(survey: Survey, row: SurveyRow, seen: frozenset[str]) -> Results:
    try:
        found = results_of(parse(row.cells.get("calculation", "")))
    except ExpressionError:
        return Results(open_=True)
    total = Results(found.words, frozenset(), found.counts, found.open_)
    for name in found.questions:
        of = survey.named(name)
        total |= settled(survey, of, seen) if of is not None else Results(open_=True)
    return total
