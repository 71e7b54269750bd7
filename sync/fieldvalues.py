"""Does a wire value fit its field? Parsed once when an operation arrives, never checked again.

The result is plain JSON: what was sent, with three differences that make equal statements equal
values: an integral number loses its fraction (54.0 → 54), a UUID its capitals, a set its order and
its repetitions. Text stays exactly as it was written. `None` means *cleared*.

A number of a person is only text here: a malformed NIK is kept and shown (`sync.values`), because
refusing it would lose what the collector saw on the card. Whether the account may write the field
at all is `sync.permission`'s question.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, final

from sync.codes import SLUGS
from sync.policy import Field, FieldClass, ValueType
from sync.types import Json, Problem

DIGITS16_CHARACTERS_MAX: Final = 32
NAME_CHARACTERS_MAX: Final = 200
TEXT_CHARACTERS_MAX: Final = 2000
SAFE_INTEGER_MAX: Final = 2**53 - 1
"""Beyond it JavaScript and JSON readers in other languages no longer agree on an integer."""
SET_ELEMENTS_MAX: Final = 64
PHOTOS_MAX: Final = 40
PHOTO_BYTES_MAX: Final = 20 * 2**20


@final
@dataclass(frozen=True, slots=True)
class ValueProblem:
    """Why a value was refused. `detail` names the field and what is expected, not the value."""

    code: Literal[Problem.BAD_VALUE, Problem.UNKNOWN_CODE]
    field: str
    detail: str


ParsedValue: TypeAlias = "Json | ValueProblem"

ValueParser: TypeAlias = Callable[[Field, object], "ParsedValue"]

_SURROGATES: Final = "\ud800-\udfff"
_IN_A_LINE: Final = re.compile(f"[\x00-\x1f\x7f-\x9f{_SURROGATES}]")
_IN_A_TEXT: Final = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_SURROGATES}]")
_THREE_DIGITS: Final = re.compile(r"[0-9]{3}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PHOTO_KEYS: Final = frozenset({"jenis", "sha256", "size", "waktu"})

_EXPECTED: Final[Mapping[ValueType, str]] = MappingProxyType(
    {
        ValueType.DIGITS16: f"text of at most {DIGITS16_CHARACTERS_MAX} characters",
        ValueType.DIGITS3: "text of three digits",
        ValueType.NAME: f"text of at most {NAME_CHARACTERS_MAX} characters in one line",
        ValueType.TEXT: f"text of at most {TEXT_CHARACTERS_MAX} characters",
        ValueType.CODE: "a slug of its code list",
        ValueType.BOOLEAN: "true or false",
        ValueType.INTEGER: f"an integer between -{SAFE_INTEGER_MAX} and {SAFE_INTEGER_MAX}",
        ValueType.NUMBER: "a finite number",
        ValueType.DATE: "a day as YYYY-MM-DD",
        ValueType.TIMESTAMP: "a time with offset as in RFC 3339",
        ValueType.UUID: "a UUID of 36 characters",
        ValueType.PHOTOS: f"a list of at most {PHOTOS_MAX} photos {{jenis, sha256, size, waktu}}",
    }
)


def parse_value(field: Field, raw: object) -> ParsedValue:
    """The value to keep for this field, or why it is refused.

    Fields of class `append` take no null: their records are never changed, so there is nothing to
    clear. Fields of class `set` take an array of slugs, whichever of set, add and remove it is in.
    """
    if raw is None:
        return _bad(field) if field.field_class is FieldClass.APPEND else None
    return parser_of(field)(field, raw)


def parser_of(field: Field) -> ValueParser:
    """How `parse_value` reads values of the field, null excepted. For whoever reads many."""
    return _set if field.field_class is FieldClass.SET else _PARSERS[field.value_type]


def set_order(elements: list[str] | set[str] | frozenset[str]) -> list[str]:
    """The canonical order of a set: by code point, each element once."""
    return sorted(set(elements))


def _bad(field: Field) -> ValueProblem:
    is_set = field.field_class is FieldClass.SET
    expected = "an array of slugs of its code list" if is_set else _EXPECTED[field.value_type]
    return ValueProblem(Problem.BAD_VALUE, field.name, f"{field.name}: expected {expected}")


def _unknown_code(field: Field) -> ValueProblem:
    detail = f"{field.name}: expected a slug of the code list {field.codelist}"
    return ValueProblem(Problem.UNKNOWN_CODE, field.name, detail)


def _slugs(field: Field) -> frozenset[str]:
    assert field.codelist is not None, "the table gives every coded field a list"
    return SLUGS[field.codelist]


def _text_of(characters_max: int, refused: re.Pattern[str]) -> ValueParser:
    """Reads text that is not too long and has no character of `refused`."""

    def parse(field: Field, raw: object) -> ParsedValue:
        # isprintable() is the fast answer for nearly all text; it also refuses harmless characters
        # (a no-break space), so only its refusals need the exact look.
        if (
            isinstance(raw, str)
            and len(raw) <= characters_max
            and (raw.isprintable() or not refused.search(raw))
        ):
            return raw
        return _bad(field)

    return parse


def _digits3(field: Field, raw: object) -> ParsedValue:
    if raw == "":
        # Villages without RW send it empty: nothing stated, hence equal to a cleared field.
        return None
    return raw if isinstance(raw, str) and _THREE_DIGITS.fullmatch(raw) else _bad(field)


def _code(field: Field, raw: object) -> ParsedValue:
    if not isinstance(raw, str):
        return _bad(field)
    return raw if raw in _slugs(field) else _unknown_code(field)


def _set(field: Field, raw: object) -> ParsedValue:
    if not isinstance(raw, list) or len(raw) > SET_ELEMENTS_MAX:
        return _bad(field)
    if not all(isinstance(element, str) for element in raw):
        return _bad(field)
    elements = set(raw)
    return [*set_order(elements)] if elements <= _slugs(field) else _unknown_code(field)


def _boolean(field: Field, raw: object) -> ParsedValue:
    return raw if isinstance(raw, bool) else _bad(field)


def _integer(field: Field, raw: object) -> ParsedValue:
    value = _number(field, raw)
    return value if type(value) is int else _bad(field)


def _number(field: Field, raw: object) -> ParsedValue:
    # Python counts True as 1; nobody in the field means it so.
    if isinstance(raw, bool):
        return _bad(field)
    if isinstance(raw, int):
        return raw if abs(raw) <= SAFE_INTEGER_MAX else _bad(field)
    if not isinstance(raw, float) or not isfinite(raw):
        return _bad(field)
    return int(raw) if raw.is_integer() and abs(raw) <= SAFE_INTEGER_MAX else raw


def _date(field: Field, raw: object) -> ParsedValue:
    return raw if isinstance(raw, str) and _is_day(raw) else _bad(field)


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _timestamp(field: Field, raw: object) -> ParsedValue:
    return raw if isinstance(raw, str) and _is_moment(raw) else _bad(field)


def _is_moment(text: str) -> bool:
    if not _MOMENT.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text.upper())
    except ValueError:
        return False
    return True


def _uuid(field: Field, raw: object) -> ParsedValue:
    return raw.lower() if isinstance(raw, str) and _UUID.fullmatch(raw) else _bad(field)


def _photos(field: Field, raw: object) -> ParsedValue:
    if not isinstance(raw, list) or len(raw) > PHOTOS_MAX:
        return _bad(field)
    photos: list[Json] = []
    for element in raw:
        photo = _photo(field, element)
        if isinstance(photo, ValueProblem):
            return photo
        photos.append(photo)
    return photos


def _photo(field: Field, raw: object) -> ParsedValue:
    if not isinstance(raw, dict) or raw.keys() != _PHOTO_KEYS:
        return _bad(field)
    kind, digest, size, taken = raw["jenis"], raw["sha256"], raw["size"], raw["waktu"]
    is_shaped = (
        isinstance(kind, str)
        and isinstance(digest, str)
        and _SHA256.fullmatch(digest) is not None
        and type(size) is int
        and 0 < size <= PHOTO_BYTES_MAX
        and isinstance(taken, str)
        and _is_moment(taken)
    )
    if not is_shaped:
        return _bad(field)
    return dict(raw) if kind in _slugs(field) else _unknown_code(field)


_PARSERS: Final[Mapping[ValueType, ValueParser]] = {
    ValueType.DIGITS16: _text_of(DIGITS16_CHARACTERS_MAX, _IN_A_LINE),
    ValueType.DIGITS3: _digits3,
    ValueType.NAME: _text_of(NAME_CHARACTERS_MAX, _IN_A_LINE),
    ValueType.TEXT: _text_of(TEXT_CHARACTERS_MAX, _IN_A_TEXT),
    ValueType.CODE: _code,
    ValueType.BOOLEAN: _boolean,
    ValueType.INTEGER: _integer,
    ValueType.NUMBER: _number,
    ValueType.DATE: _date,
    ValueType.TIMESTAMP: _timestamp,
    ValueType.UUID: _uuid,
    ValueType.PHOTOS: _photos,
}
