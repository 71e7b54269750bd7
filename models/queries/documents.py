"""Fields of stored documents inside SQL, without parsing every document.

Documents are JSON text as `orjson` writes it: no spaces, and quotes inside of texts escaped, so
`"field":` occurs nowhere but where the field is. Looking for that text is several times cheaper
than parsing, and than LIKE, on both databases. What is found this way for the sake of a filter is
judged again by whoever reads the document.
"""

from typing import Final

from sqlalchemy import ColumnElement, Text, and_, func, literal, or_, type_coerce
from sqlmodel import Session

from models.queries.rowsets import is_sqlite

RAW_CHARACTERS: Final = 24
"""Of a value that are looked at: more than the longest code, a day or a number has."""


def raw_value(session: Session, doc: ColumnElement[str], field: str) -> ColumnElement[str]:
    """How the field's value begins in the document, quotes included; empty for no such field.

    It takes one pass through the document, so select it once and ask the column what it is.
    """
    opening = f'"{field}":'
    place = func.instr if is_sqlite(session) else func.strpos
    begin = func.nullif(place(doc, literal(opening)), 0) + len(opening)
    return type_coerce(func.coalesce(func.substr(doc, begin, RAW_CHARACTERS), ""), Text())


def has_value(raw: ColumnElement[str]) -> ColumnElement[bool]:
    """The field is there and is not null."""
    return and_(raw != "", ~_begins(raw, "null"))


def is_integer(raw: ColumnElement[str], value: int) -> ColumnElement[bool]:
    """The field is exactly this integer."""
    return or_(_begins(raw, f"{value},"), _begins(raw, f"{value}}}"))


def is_code(raw: ColumnElement[str], *values: str) -> ColumnElement[bool]:
    """The field is one of these codes."""
    return or_(*(_begins(raw, f'"{value}"') for value in values))


def day(raw: ColumnElement[str]) -> ColumnElement[str]:
    """A day as text, `YYYY-MM-DD`; no digits at all where the field is no text."""
    return func.substr(raw, 2, 10)


def _begins(raw: ColumnElement[str], text: str) -> ColumnElement[bool]:
    assert len(text) <= RAW_CHARACTERS, text
    begins: ColumnElement[bool] = func.substr(raw, 1, len(text)) == text
    return begins
