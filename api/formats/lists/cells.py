"""From the text of a cell to the value of a field: numbers of people, days, figures, names.

Lists pass through spreadsheets and programs that take a NIK for a number and a day for another
number, so cells are repaired where the repair is certain and left out with a problem where it is
not; nothing is guessed. `None` as a value without a problem means that the cell says nothing.
"""

import re
import unicodedata
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

from sync.fieldvalues import (
    DIGITS16_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    SAFE_INTEGER_MAX,
    TEXT_CHARACTERS_MAX,
)
from sync.types import Json

DayOrder: TypeAlias = Literal["dmy", "mdy"]
"""How days with slashes are written; ISO days are always read as such."""


class Reading(NamedTuple):
    """What a cell says. `problem` is a code of `warnings.PROBLEMS`; `code` is what stood there."""

    value: Json
    problem: str = ""
    code: str = ""


NOTHING: Final = Reading(None)

_ABSENT: Final = frozenset({"", "0", "-", "--", "null", "none", "nan", "n/a", "#n/a", "nil"})
_QUOTES: Final = str.maketrans("", "", " \t\r\n\u00a0\u200b\ufeff'\"`\u00b4‘’\u201c\u201d")
_FLOAT_TAIL: Final = re.compile(r"[.,]0+")
_SCIENTIFIC: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ISO_DAY: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ][0-9:.]+Z?)?")
_WRITTEN_DAY: Final = re.compile(
    r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})(?: [0-9]{1,2}:[0-9:.]+)?"
)
_SERIAL: Final = re.compile(r"[0-9]{1,5}(?:\.0+)?")
_EPOCH: Final = date(1899, 12, 30)
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2100
_NO_DAYS: Final = frozenset({"1900-01-00", "1900-01-01", "0000-00-00", "00/00/0000", "00-00-0000"})
_FIGURE: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_FORMULA: Final = ("=", "+", "-", "@")


def is_blank(text: str) -> bool:
    """Does the cell say nothing? Lists write `0`, `-` and `NULL` where there is no answer."""
    return text.strip().lower() in _ABSENT


def is_scientific(text: str) -> bool:
    """Has a spreadsheet rounded this number (`1,80221E+15`)? What is lost cannot be repaired."""
    return _SCIENTIFIC.fullmatch(text.translate(_QUOTES)) is not None


def digits(text: str) -> str:
    """A number of a person without what spreadsheets put around it: quotes, blanks, `.0`.

    Empty where there is none. What is not a number stays as it was written.
    """
    if text.isdecimal() and text.isascii():
        return text if text.strip("0") else ""
    bare = text.translate(_QUOTES)
    cut = next((bare.index(mark) for mark in ".," if mark in bare), -1)
    if cut > 0 and bare[:cut].isdecimal() and _FLOAT_TAIL.fullmatch(bare[cut:]):
        bare = bare[:cut]
    return "" if bare.lower() in _ABSENT or not bare.strip("0") else bare


def number_of_a_person(text: str) -> Reading:
    """A NIK or No KK as text; malformed ones are kept, they are findings of the register."""
    bare = _CONTROL.sub("", digits(text))
    if not bare:
        return NOTHING
    if len(bare) > DIGITS16_CHARACTERS_MAX:
        return Reading(None, "too-long")
    return Reading(bare, "scientific" if _SCIENTIFIC.fullmatch(bare) else "")


def day(text: str, order: DayOrder = "dmy", *, from_workbook: bool = False) -> Reading:
    """A day as `YYYY-MM-DD`. Plain numbers are days in workbooks only (Excel counts from 1899)."""
    bare = text.strip().strip("'\"")
    if bare.lower() in _ABSENT or bare[:10] in _NO_DAYS:
        return NOTHING
    if found := _ISO_DAY.fullmatch(bare):
        return _calendar_day(int(found[1]), int(found[2]), int(found[3]))
    if found := _WRITTEN_DAY.fullmatch(bare):
        first, second, year = int(found[1]), int(found[2]), int(found[3])
        month, of_month = (second, first) if order == "dmy" else (first, second)
        return _calendar_day(year, month, of_month)
    if from_workbook and _SERIAL.fullmatch(bare):
        serial = _EPOCH + timedelta(days=int(bare.split(".")[0]))
        return _calendar_day(serial.year, serial.month, serial.day)
    return Reading(None, "bad-day")


def _calendar_day(year: int, month: int, of_month: int) -> Reading:
    try:
        found = date(year, month, of_month)
    except ValueError:
        return Reading(None, "bad-day")
    is_possible = _FIRST_YEAR <= found.year <= _LAST_YEAR
    return Reading(found.isoformat()) if is_possible else Reading(None, "bad-day")


def figure(text: str) -> Reading:
    """A measured number; `12,5` and `1.234,5` as Indonesians write them, `12.5` as programs do."""
    value = _figure(text)
    if value is None:
        return NOTHING if text.strip().lower() in _ABSENT else Reading(None, "bad-number")
    return Reading(int(value) if value.is_integer() else value) if value else NOTHING


def count(text: str) -> Reading:
    """An integer, `0` included: no cattle is an answer. Fractions are rounded, and it is said."""
    value = _figure(text)
    if value is None:
        return NOTHING if text.strip().lower() in _ABSENT else Reading(None, "bad-number")
    return Reading(round(value), "" if value.is_integer() else "rounded")


def _figure(text: str) -> float | None:
    bare = text.translate(_QUOTES)
    comma, dot = bare.rfind(","), bare.rfind(".")
    if comma > dot:
        bare = bare.replace(".", "").replace(",", ".")
    elif comma >= 0:
        bare = bare.replace(",", "")
    if not _FIGURE.fullmatch(bare) or len(bare) > DIGITS16_CHARACTERS_MAX:
        return None
    value = float(bare)
    return value if abs(value) <= SAFE_INTEGER_MAX else None


def name(text: str) -> Reading:
    """A person's name in one line. What a spreadsheet would run as a formula is no name."""
    bare = in_one_line(text)
    if bare.lower() in _ABSENT:
        return NOTHING
    if bare.startswith(_FORMULA):
        return Reading(None, "formula")
    return Reading(bare) if len(bare) <= NAME_CHARACTERS_MAX else Reading(None, "too-long")


def free_text(text: str) -> Reading:
    """Any text in one line: an address, an id, a remark."""
    bare = in_one_line(text)
    if bare.lower() in _ABSENT:
        return NOTHING
    return Reading(bare) if len(bare) <= TEXT_CHARACTERS_MAX else Reading(None, "too-long")


def in_one_line(text: str) -> str:
    """Without control characters and doubled blanks, in Unicode's composed form."""
    if text.isascii() and text.isprintable():
        bare = text if "  " not in text else " ".join(text.split())
        return bare.strip().lstrip("'")
    plain = _CONTROL.sub(" ", unicodedata.normalize("NFC", text)).lstrip("\ufeff")
    return " ".join(plain.split()).lstrip("'")


def three_digits(text: str) -> Reading:
    """An RT or RW as `003`; `RT 3`, `3.0` and `03` say the same."""
    bare = digits(re.sub(r"^\s*R[TW][\s.:]*", "", text, flags=re.IGNORECASE))
    if not bare:
        return NOTHING
    if not (bare.isascii() and bare.isdecimal() and len(bare.lstrip("0")) <= 3):
        return Reading(None, "bad-rt")
    return Reading(bare.lstrip("0").zfill(3))
