"""`$filter`, as far as ODK Central has it: comparisons of what the server knows of a filled form.

    __system/submissionDate ge 2026-11-01T00:00:00Z and not (__system/reviewState eq 'rejected')
    year(__system/submissionDate) eq 2026 or __system/updatedAt lt now()

Times without a zone and days are in UTC. What a form asks cannot be filtered by: answers are in the
XML, where no database looks.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias, get_args

from api.formats.odata.refusals import BadQuestion, unparseable, unsupported
from models.queries.filled_filters import (
    TIMES,
    Compared,
    Comparison,
    Filter,
    Joined,
    Negated,
    Part,
    PartOf,
    Property,
    Value,
)

CHARACTERS_MAX: Final = 2_000
DEPTH_MAX: Final = 20
ROOT_PREFIX: Final = "$root/Submissions/"

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^'\x00-\x1f\x7f]|'')*')
      | (?P<time>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|[+-]\d\d:\d\d)?)?)
      | (?P<number>-?\d{1,18}(?![\w.]))
      | (?P<name>[A-Za-z_$][\w$]*(?:/[A-Za-z_$][\w$]*)*)
      | (?P<mark>[(),])
    )""",
    re.VERBOSE | re.ASCII,
)
_WHOLE: Final = re.compile(r"\d{1,18}", re.ASCII)
_PROPERTIES: Final[Mapping[str, Property]] = {
    **{one.value: one for one in Property},
    **{ROOT_PREFIX + one.value: one for one in Property},
}
_SUBTABLE_PROPERTIES: Final = {ROOT_PREFIX + one.value: one for one in Property}
_COMPARISONS: Final[Mapping[str, Comparison]] = {one: one for one in get_args(Comparison)}
_PARTS: Final[Mapping[str, Part]] = {one: one for one in get_args(Part)}
_TURNED: Final[Mapping[Comparison, Comparison]] = {
    "eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le",
}  # fmt: skip
REVIEW_STATES: Final = frozenset({"edited", "hasIssues", "approved", "rejected"})

Operand: TypeAlias = "Property | PartOf | _Constant"


@dataclass(frozen=True, slots=True)
class _Constant:
    value: Value


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def parse_filter(text: str, now: datetime, *, subtable: bool = False) -> Filter:
    """A filter as a value. Raises `BadQuestion` for what cannot be read, or not be answered."""
    if len(text) > CHARACTERS_MAX:
        raise unparseable(f"it has more than {CHARACTERS_MAX} characters")
    known = _SUBTABLE_PROPERTIES if subtable else _PROPERTIES
    parser = _Parser(list(_tokens(text)), known, now)
    asked = parser.either(0)
    if parser.at < len(parser.tokens):
        raise unparseable("there is more behind its end")
    return asked


def property_named(text: str) -> Property | None:
    """A property that can be filtered and ordered by."""
    return _PROPERTIES.get(text)


def _tokens(text: str) -> Iterator[_Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise unparseable(f"at character {at + 1}")
        at = found.end()
        yield _Token(found.lastgroup, found[found.lastgroup])


class _Parser:
    """Recursive descent: `or` binds least, then `and`, then `not`."""

    def __init__(self, tokens: list[_Token], known: Mapping[str, Property], now: datetime) -> None:
        self.tokens = tokens
        self.at = 0
        self._known = known
        self._now = now

    def either(self, depth: int) -> Filter:
        asked = self._both(depth)
        while self._takes("or"):
            asked = Joined("or", asked, self._both(depth))
        return asked

    def _both(self, depth: int) -> Filter:
        asked = self._single(depth)
        while self._takes("and"):
            asked = Joined("and", asked, self._single(depth))
        return asked

    def _single(self, depth: int) -> Filter:
        if depth > DEPTH_MAX:
            raise unparseable(f"it is nested more than {DEPTH_MAX} deep")
        if self._takes("not"):
            return Negated(self._single(depth + 1))
        if self._takes("("):
            asked = self.either(depth + 1)
            self._needs(")")
            return asked
        left = self._operand()
        comparison = _COMPARISONS.get(self._next("a comparison").text)
        if comparison is None:
            raise unparseable("a comparison (eq, ne, lt, le, gt, ge) is missing")
        return compared(left, comparison, self._operand())

    def _operand(self) -> Operand:
        token = self._next("a property or a value")
        match token.kind:
            case "text":
                return _Constant(token.text[1:-1].replace("''", "'"))
            case "time":
                return _Constant(moment(token.text))
            case "number":
                return _Constant(int(token.text))
            case "name" if token.text == "null":
                return _Constant(None)
            case "name" if self._takes("("):
                return self._called(token.text)
            case "name":
                return self._property(token.text)
            case _:
                raise unparseable("a property or a value is missing")

    def _called(self, name: str) -> Operand:
        if name == "now":
            self._needs(")")
            return _Constant(self._now)
        part = _PARTS.get(name)
        if part is None:
            raise unsupported("a function other than now, year, month, day, hour, minute, second")
        inner = self._operand()
        self._needs(")")
        if isinstance(inner, Property) and inner in TIMES:
            return PartOf(part, inner)
        if isinstance(inner, _Constant) and isinstance(inner.value, datetime):
            return _Constant(getattr(inner.value, part))
        raise unsupported("a part of something that is no time")

    def _property(self, name: str) -> Property:
        found = self._known.get(name)
        if found is None:
            raise BadQuestion(
                "501.5",
                "The OData filter expression names a field that cannot be filtered by; those "
                f"that can are {', '.join(sorted(self._known))}.",
            )
        return found

    def _takes(self, text: str) -> bool:
        is_next = self.at < len(self.tokens) and self.tokens[self.at].text == text
        self.at += is_next
        return is_next

    def _needs(self, text: str) -> None:
        if not self._takes(text):
            raise unparseable(f"`{text}` is missing")

    def _next(self, what: str) -> _Token:
        if self.at >= len(self.tokens):
            raise unparseable(f"{what} is missing at its end")
        self.at += 1
        return self.tokens[self.at - 1]


def compared(left: Operand, comparison: Comparison, right: Operand) -> Filter:
    """One comparison of a property with a value, whichever stands on the left."""
    if isinstance(left, _Constant):
        if isinstance(right, _Constant):
            raise unsupported("a comparison of two values")
        left, comparison, right = right, _TURNED[comparison], left
    if not isinstance(right, _Constant):
        raise unsupported("a comparison of two properties")
    return Compared(left, comparison, _fitting(left, comparison, right.value))


def _fitting(left: Property | PartOf, comparison: Comparison, value: Value) -> Value:
    """The value as its property has it. Raises `BadQuestion`."""
    if isinstance(left, PartOf):
        return _whole(value, "a part of a time")
    if left in TIMES and value is not None:
        return _time(value)
    if comparison not in ("eq", "ne"):
        raise unsupported("an order of what is no time, or against null")
    if value is None:
        return None
    if left is Property.SUBMITTER_ID:
        return _whole(value, "a submitter")
    if not isinstance(value, str):
        raise unparseable("that property is compared with text in single quotes")
    return None if (left, value) == (Property.REVIEW_STATE, "received") else value


def _time(value: Value) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return moment(value)
    raise unparseable("a time is compared with a time")


def _whole(value: Value, what: str) -> int:
    if isinstance(value, int):
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    raise unparseable(f"{what} is compared with a whole number")


def moment(text: str) -> datetime:
    """A time or a day. Raises `BadQuestion`."""
    try:
        found = datetime.fromisoformat(text)
        # A time on the first or last day of the calendar may have none in UTC.
        return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise unparseable("a time has the form 2026-11-03T05:00:00.000Z") from None
