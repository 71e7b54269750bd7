"""Fields of stored documents inside SQL, without parsing every document.

Documents are JSON text as `orjson` writes it: no spaces, and quotes inside of texts escaped, so
`"field":` occurs nowhere but where the field is. Looking for that text is several times cheaper
than parsing, on both databases; what is found this way for the sake of a filter is judged again
by whoever reads the document.
"""

from sqlalchemy import ColumnElement, func, literal, or_
from sqlmodel import Session

from models.queries.rowsets import is_sqlite


def has_value(doc: ColumnElement[str], field: str) -> ColumnElement[bool]:
    """The field is there and is not null."""
    return doc.contains(f'"{field}":', autoescape=True) & ~doc.contains(
        f'"{field}":null', autoescape=True
    )


def has_integer(doc: ColumnElement[str], field: str, value: int) -> ColumnElement[bool]:
    """The field is exactly this integer."""
    return or_(*(doc.contains(f'"{field}":{value}{end}', autoescape=True) for end in (",", "}")))


def has_code(doc: ColumnElement[str], field: str, *values: str) -> ColumnElement[bool]:
    """The field is one of these codes."""
    return or_(*(doc.contains(f'"{field}":"{value}"', autoescape=True) for value in values))


def day_text(session: Session, doc: ColumnElement[str], field: str) -> ColumnElement[str]:
    """The ten characters of a day field (`YYYY-MM-DD`).

    Where the field has no text, whatever ten characters the document happens to have there: ask
    for `has_value` as well.
    """
    opening = f'"{field}":"'
    place = func.instr if is_sqlite(session) else func.strpos
    return func.substr(doc, place(doc, literal(opening)) + len(opening), 10)
