"""How a value of the register is written in a file: small functions that profiles name.

Each takes a value that is there; nothing is never asked how it is written.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from api.formats.exports.profile import TransformName
from sync.codes import CODELISTS
from sync.types import Json

Transform: TypeAlias = Callable[[Json], Json]
Needs: TypeAlias = Callable[[str | None], Transform]
"""A transform, given the code list of the field that it is about."""

_YES_NO: Final[Mapping[Json, str]] = {True: "YA", False: "TIDAK"}
_ONE_ZERO: Final[Mapping[Json, str]] = {True: "1", False: "0"}
_SEX: Final[Mapping[Json, str]] = {"laki_laki": "L", "perempuan": "P"}


def transform(name: TransformName, codelist: str | None) -> Transform:
    """The function that a profile names. Raises ValueError where it needs a code list."""
    if name in _OF_CODES:
        if codelist is None:
            raise ValueError(f"{name} needs a field with a code list")
        return _of_codes(_OF_CODES[name](codelist))
    return _PLAIN[name]


def _of_codes(table: Mapping[str, str]) -> Transform:
    def told(value: Json) -> Json:
        if isinstance(value, list):
            # In the order of the instrument, whatever order the answers were given in.
            return [text for slug, text in table.items() if slug in value]
        return table.get(value, value) if isinstance(value, str) else value

    return told


def _labels(codelist: str) -> Mapping[str, str]:
    return {code.slug: code.label_id for code in CODELISTS[codelist].codes}


def _source_codes(codelist: str) -> Mapping[str, str]:
    """The instrument's own codes; the label where none is published, as in DTSEN."""
    return {code.slug: code.source_code or code.label_id for code in CODELISTS[codelist].codes}


_OF_CODES: Final[Mapping[str, Callable[[str], Mapping[str, str]]]] = {
    "label": _labels,
    "source_code": _source_codes,
}


def _upper(value: Json) -> Json:
    if isinstance(value, list):
        return [_upper(one) for one in value]
    return value.upper() if isinstance(value, str) else value


def _trim(value: Json) -> Json:
    return " ".join(value.split()) if isinstance(value, str) else value


def _day_slash(value: Json) -> Json:
    """`2000-01-31…` → `31/01/2000`; what is no day stays as it is."""
    text = str(value)
    if len(text) < 10 or text[4] != "-" or text[7] != "-":
        return value
    return f"{text[8:10]}/{text[5:7]}/{text[:4]}"


def _yes_no(value: Json) -> Json:
    if isinstance(value, list):
        return "YA" if value else "TIDAK"
    return _YES_NO.get(value, value) if isinstance(value, bool) else value


def _one_zero(value: Json) -> Json:
    if isinstance(value, list):
        return "1" if value else "0"
    return _ONE_ZERO.get(value, value) if isinstance(value, bool) else value


def _first(value: Json) -> Json:
    if isinstance(value, list):
        return value[0] if value else None
    return value


def _join(value: Json) -> Json:
    return "; ".join(str(one) for one in value) if isinstance(value, list) else value


def _decimal_comma(value: Json) -> Json:
    return str(value).replace(".", ",")


def _sex_letter(value: Json) -> Json:
    return _SEX.get(value, value) if isinstance(value, str) else value


_PLAIN: Final[Mapping[str, Transform]] = {
    "upper": _upper,
    "trim": _trim,
    "day_slash": _day_slash,
    "yes_no": _yes_no,
    "one_zero": _one_zero,
    "first": _first,
    "join": _join,
    "decimal_comma": _decimal_comma,
    "sex_letter": _sex_letter,
}
