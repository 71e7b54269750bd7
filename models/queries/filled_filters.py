"""What may be asked of filled forms, as values; and the conditions of SQL that these become."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias, assert_never

from sqlalchemy import ColumnElement, Integer, and_, cast, extract, func, literal, not_, or_
from sqlmodel import Session

from models.queries.numbers_of_people import accounts_numbered
from models.queries.rowsets import is_sqlite
from models.tables.columns import UtcDateTime


class Property(StrEnum):
    """What is known of every filled form, whatever it asks."""

    ID = "__id"
    SUBMISSION_DATE = "__system/submissionDate"
    UPDATED_AT = "__system/updatedAt"
    SUBMITTER_ID = "__system/submitterId"
    REVIEW_STATE = "__system/reviewState"
    DELETED_AT = "__system/deletedAt"


TIMES: Final = frozenset({Property.SUBMISSION_DATE, Property.UPDATED_AT, Property.DELETED_AT})
Comparison: TypeAlias = Literal["eq", "ne", "lt", "le", "gt", "ge"]
Part: TypeAlias = Literal["year", "month", "day", "hour", "minute", "second"]
Value: TypeAlias = datetime | str | int | None


@dataclass(frozen=True, slots=True)
class PartOf:
    """One part of a time, in UTC."""

    part: Part
    of: Property


@dataclass(frozen=True, slots=True)
class Compared:
    """A property, or a part of one, against a value that fits it."""

    left: Property | PartOf
    comparison: Comparison
    value: Value


@dataclass(frozen=True, slots=True)
class Negated:
    """What does not hold."""

    inner: "Filter"


@dataclass(frozen=True, slots=True)
class Joined:
    """Both, or one of them."""

    word: Literal["and", "or"]
    left: "Filter"
    right: "Filter"


Filter: TypeAlias = Compared | Negated | Joined
Columns: TypeAlias = Mapping[Property, ColumnElement[Any]]

_COMPARISONS: Final[
    Mapping[Comparison, Callable[[ColumnElement[Any], Any], ColumnElement[bool]]]
] = {
    # Nothing is a value like any other: what is not approved may have no mark at all.
    "eq": lambda left, right: left.is_not_distinct_from(right),
    "ne": lambda left, right: left.is_distinct_from(right),
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
}


def properties_in(asked: Filter) -> set[Property]:
    """What a filter looks at."""
    match asked:
        case Compared():
            return {asked.left.of if isinstance(asked.left, PartOf) else asked.left}
        case Negated():
            return properties_in(asked.inner)
        case Joined():
            return properties_in(asked.left) | properties_in(asked.right)
        case _:
            assert_never(asked)


def condition(session: Session, asked: Filter, columns: Columns) -> ColumnElement[bool]:
    """The filter as SQL over these columns."""
    match asked:
        case Compared():
            return _compared(session, asked, columns)
        case Negated():
            return not_(condition(session, asked.inner, columns))
        case Joined():
            join = and_ if asked.word == "and" else or_
            left = condition(session, asked.left, columns)
            return join(left, condition(session, asked.right, columns))
        case _:
            assert_never(asked)


def _compared(session: Session, asked: Compared, columns: Columns) -> ColumnElement[bool]:
    compare = _COMPARISONS[asked.comparison]
    if isinstance(asked.left, PartOf):
        return compare(_part(session, asked.left, columns), asked.value)
    column = columns[asked.left]
    if asked.left is Property.SUBMITTER_ID and isinstance(asked.value, int):
        inside = column.in_(accounts_numbered(session, asked.value))
        return inside if asked.comparison == "eq" else not_(inside)
    if asked.left in TIMES and asked.value is not None:
        return compare(column, literal(asked.value, UtcDateTime()))
    return compare(column, asked.value)


def _part(session: Session, asked: PartOf, columns: Columns) -> ColumnElement[int]:
    column = columns[asked.of]
    if is_sqlite(session):
        return extract(asked.part, column)
    # Of a second PostgreSQL tells fractions, and a cast would round them up.
    return cast(func.floor(extract(asked.part, func.timezone("UTC", column))), Integer)
