"""What people type into a field, as the register keeps it, or why it cannot be kept."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from api.services.entry_form import Question
from sync.fieldvalues import NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from sync.policy import ValueType
from sync.types import Json

REFUSED: Final = "menolak"
"""An answer about the visit that stands among those about the family."""
_ASIDE: Final = re.compile(r"[\s.\-]")
_SIXTEEN: Final = re.compile(r"[0-9]{16}")
_DAY: Final = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})")


class Mistake(Exception):
    """What was typed cannot be a value of the field; `code` names the sentence that says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_value(question: Question, text: str) -> Json:
    """What was typed into a field, as the register keeps it; None for an empty one.

    Raises `Mistake`.
    """
    text = " ".join(text.split())
    if not text:
        return None
    return _READERS.get(question.field.value_type, _line)(question, text)


_BOOLEANS: Final[Mapping[str, bool]] = {"ya": True, "tidak": False}
_WHOLE_MAX: Final = 100_000


def _code(question: Question, text: str) -> str:
    if text not in {code.slug for code in question.codes} and text != REFUSED:
        raise Mistake("unknown-answer")
    return text


def _boolean(_: Question, text: str) -> bool:
    if text not in _BOOLEANS:
        raise Mistake("unknown-answer")
    return _BOOLEANS[text]


def _whole(_: Question, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > _WHOLE_MAX:
        raise Mistake("no-number")
    return int(text)


def _digits16(_: Question, text: str) -> str:
    digits = _ASIDE.sub("", text)
    if not _SIXTEEN.fullmatch(digits):
        raise Mistake("not-sixteen")
    return digits


def _digits3(_: Question, text: str) -> str:
    if not text.isascii() or not text.isdecimal() or len(text) > 3:
        raise Mistake("not-three")
    return text.zfill(3)


def _line(question: Question, text: str) -> str:
    is_name = question.field.value_type is ValueType.NAME
    if len(text) > (NAME_CHARACTERS_MAX if is_name else TEXT_CHARACTERS_MAX):
        raise Mistake("too-long")
    if not text.isprintable():
        raise Mistake("unprintable")
    return text


def read_day(text: str) -> str | None:
    """A day as people write it (`3-11-2026`, `03/11/2026`) or as programs do; None for nothing.

    Raises `Mistake`.
    """
    text = text.strip()
    if not text:
        return None
    found = _DAY.fullmatch(text)
    try:
        if found:
            return date(int(found[3]), int(found[2]), int(found[1])).isoformat()
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Mistake("no-day") from None


_READERS: Final[Mapping[ValueType, Callable[[Question, str], Json]]] = {
    ValueType.CODE: _code,
    ValueType.BOOLEAN: _boolean,
    ValueType.INTEGER: _whole,
    ValueType.NUMBER: _whole,
    ValueType.DATE: lambda _, text: read_day(text),
    ValueType.DIGITS16: _digits16,
    ValueType.DIGITS3: _digits3,
}
