"""What the text of an answer says in the register's words.

An XForm holds text only. Which JSON value it stands for follows from the field that it feeds, not
from the kind of question that asked for it. Text that cannot be read stays text: the merge then
refuses that field by name and keeps the operation in quarantine, where a person sees it. Nothing
is dropped here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType
from typing import Final

from sync.codes import SLUGS
from sync.policy import Field, FieldClass, ValueType
from sync.types import Json

YES: Final = "ya"
NO: Final = "tidak"
"""The choices' names of every yes-or-no question."""
NONE: Final = "tidak_ada"
"""The choice that says that a set is empty; where the code list has such a slug, it is that."""
_TRUTH: Final = {YES: True, NO: False, "true": True, "false": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class Geopoint:
    """Degrees of latitude and longitude, metres of accuracy (None where the phone said none)."""

    lintang: float
    bujur: float
    akurasi_m: float | None


def value_of(field: Field, text: str) -> Json:
    """The wire value that an answer's text stands for; None for no answer.

    Sets become lists of slugs. What cannot be read comes back as the text it is.
    """
    if not text.strip():
        return None
    if field.field_class is FieldClass.SET:
        return [*elements_of(field, text)]
    read = reader_of(field)
    return text if read is None else read(text)


def reader_of(field: Field) -> Callable[[str], Json] | None:
    """How `value_of` reads an answer to a field that is no set; None where the text is the value.

    For whoever reads many answers to one field: blank answers are theirs to leave out.
    """
    return _READERS.get(field.value_type)


def elements_of(field: Field, text: str) -> tuple[str, ...]:
    """What is in a set by the answer of a question, or by what the phone showed.

    `tidak_ada` is a way to say that nothing is, unless the field's own code list knows it.
    """
    assert field.codelist is not None, "every set has a code list"
    chosen = tuple(dict.fromkeys(text.split()))
    if NONE in SLUGS[field.codelist]:
        return chosen
    return tuple(slug for slug in chosen if slug != NONE)


def text_of(field: Field, value: Json) -> str:
    """The reverse, for entity lists: what a form is given to show."""
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return YES if value else NO
    if field.value_type is ValueType.TEXT and isinstance(value, str):
        # A row of an entity list is one line: an engine may end it where a line ends.
        return " ".join(value.split())
    return str(value)


def geopoint_of(text: str) -> Geopoint | None:
    """`latitude longitude altitude accuracy`; None for no answer or one that is no place."""
    parts = text.split()
    if len(parts) < 2:
        return None
    numbers = [_number(part) for part in parts]
    if not all(isinstance(number, int | float) for number in numbers):
        return None
    values = [float(str(number)) for number in numbers]
    latitude, longitude = values[0], values[1]
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    accuracy = values[3] if len(values) > 3 and values[3] > 0 else None
    return Geopoint(latitude, longitude, accuracy)


def _truth(text: str) -> Json:
    return _TRUTH.get(text.strip(), text)


def _day(text: str) -> Json:
    return text.strip()[:10]


def _number(text: str) -> Json:
    plain = text.strip()
    try:
        return int(plain)
    except ValueError:
        pass
    try:
        number = float(plain)
    except ValueError:
        return text
    return number if isfinite(number) else text


_READERS: Final[Mapping[ValueType, Callable[[str], Json]]] = MappingProxyType(
    {
        ValueType.BOOLEAN: _truth,
        ValueType.INTEGER: _number,
        ValueType.NUMBER: _number,
        ValueType.DATE: _day,
    }
)
