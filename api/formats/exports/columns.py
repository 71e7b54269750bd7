"""A column of a profile, turned once into a function from a row to a cell."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from api.formats.exports.paths import BadPath, Condition, Getter, condition, field_of, getter
from api.formats.exports.profile import Column, Severity
from api.formats.exports.row import Row
from api.formats.exports.transforms import Transform, transform
from sync.policy import ValueType
from sync.types import Json

Cell: TypeAlias = str | int | float
EMPTY: Final = ""


@dataclass(frozen=True, slots=True)
class CompiledColumn:
    """A column ready to be asked: `cell(row)` is what is written, `EMPTY` for nothing."""

    header: str
    cell: Callable[[Row], Cell]
    required: Severity | None
    is_required: Condition | None
    """None: in every row."""
    digits: int | None
    fix: str | None
    is_number: bool
    width: int
    field: str | None
    """The register's field, for saying where something is put right."""


def compiled(column: Column, baris: frozenset[str]) -> CompiledColumn:
    """The column as functions. Raises `BadPath` for what cannot be meant."""
    asked = None if column.required_when is None else condition(column.required_when, baris)
    field = None if column.value is None else field_of(column.value)
    return CompiledColumn(
        header=column.header,
        cell=_cell(column, baris),
        required=column.required,
        is_required=asked,
        digits=column.digits,
        fix=column.fix,
        is_number=column.type != "text",
        width=column.width or _width(column),
        field=None if field is None else field.name,
    )


def _width(column: Column) -> int:
    longest = max(len(line) for line in column.header.splitlines())
    return max(longest + 2, 18 if column.digits else 10)


def _cell(column: Column, baris: frozenset[str]) -> Callable[[Row], Cell]:
    value = _value(column, baris)
    written = _text if column.type == "text" else _number
    if column.when is None:
        return lambda row: written(value(row))
    applies = condition(column.when, baris)
    return lambda row: written(value(row)) if applies(row) else EMPTY


def _value(column: Column, baris: frozenset[str]) -> Getter:
    constant = column.const
    if column.value is None:
        if column.otherwise or column.transform or column.map:
            raise BadPath("a column without a value has nothing to transform")
        return lambda _row: constant
    if constant is not None:
        raise BadPath("a column has either a value or a constant")
    first = _told(column, column.value, baris)
    if column.otherwise is None:
        return first
    second = _told(column, column.otherwise, baris)
    return lambda row: value if (value := first(row)) not in (None, "", []) else second(row)


def _told(column: Column, path: str, baris: frozenset[str]) -> Getter:
    """The value at a path after map and transforms; nothing stays nothing."""
    read = getter(path, baris)
    steps = _steps(column, path)
    if not steps:
        return read
    (only, *more) = steps
    if not more:
        return lambda row: None if (value := read(row)) is None else only(value)

    def walked(row: Row) -> Json:
        value = read(row)
        for step in steps:
            if value is None:
                return None
            value = step(value)
        return value

    return walked


def _steps(column: Column, path: str) -> list[Transform]:
    field = field_of(path)
    codelist = None if field is None else field.codelist
    steps: list[Transform] = []
    if column.map:
        table = column.map
        steps.append(lambda value: table.get(_key(value), value))
    try:
        steps += [transform(name, codelist) for name in column.transform]
    except ValueError as error:
        raise BadPath(f"{path!r}: {error}") from None
    if field is not None and field.value_type is ValueType.BOOLEAN and not steps:
        raise BadPath(f"{path!r} is yes or no: say yes_no, one_zero or a map")
    return steps


def _key(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(value: Json) -> Cell:
    if isinstance(value, str):
        return value
    if value is None:
        return EMPTY
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    if isinstance(value, bool):
        return "YA" if value else "TIDAK"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _number(value: Json) -> Cell:
    """A number as a number; what is none is written as text, never dropped."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return _text(value)
