"""Mappings of published forms, read once per process.

A version of a form never changes once it is published, and each submission needs its mapping: a
hundred questions that would otherwise be fetched and parsed for every record that a phone sends.
"""

from typing import Final
from weakref import WeakKeyDictionary

from sqlmodel import Session

from api.formats.xform.connected import connected_mapping
from api.formats.xform.mapping import FormMapping
from models.database import DATABASE
from models.queries.forms import DRAFT, published_form

KEPT_MAX: Final = 200
"""Versions of forms per database; an installation has some dozens."""

_books: WeakKeyDictionary[object, dict[tuple[str, str], FormMapping]] = WeakKeyDictionary()


def mapping_of(session: Session, form_id: str, version: str) -> FormMapping | None:
    """How to read submissions of this version; nothing for one that was never published."""
    connected = connected_mapping(form_id, version)
    if connected is not None:
        return connected
    book = _books.setdefault(session.info[DATABASE], {})
    known = book.get((form_id, version))
    if known is not None:
        return known
    form = published_form(session, form_id, version)
    if form is None or form.state == DRAFT:
        return None
    mapping = FormMapping.from_json(form.mapping)
    if len(book) < KEPT_MAX:
        book[form_id, version] = mapping
    return mapping
