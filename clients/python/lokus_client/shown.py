"""Loading what the screen shows: one record, or all of them."""

from dataclasses import replace
from typing import Final

from lokus_client import copies, outbox
from lokus_client.errors import UnknownRecord
from lokus_client.fieldtable import FieldTable
from lokus_client.overlay import RecordView, overlay
from lokus_client.rows import own_rt
from lokus_client.store import Store

_GENERATIONS: Final = 2
"""A measurement is two steps below its family."""


def view(store: Store, fields: FieldTable, record: str) -> RecordView:
    """One record as shown, aliases followed. Raises ``UnknownRecord``."""
    found = family = _alone(store, fields, copies.target(store, record))
    if found is None or family is None:
        raise UnknownRecord(f"no record {record} on this phone")
    for _ in range(_GENERATIONS):
        above = None if family.parent is None else _alone(store, fields, family.parent)
        family = above or family
    return replace(found, rt=own_rt(family.entity, family.fields))


def _alone(store: Store, fields: FieldTable, record: str) -> RecordView | None:
    row = copies.find(store, record)
    names = copies.aliases_of(store, record)
    operations = outbox.in_overlay(store, [record, *names])
    aliases = [alias for name in names if (alias := copies.find(store, name)) is not None]
    return overlay([*aliases, *([row] if row else [])], operations, fields).get(record)


def views(store: Store, fields: FieldTable) -> list[RecordView]:
    """All records as shown, in the order of ids."""
    found = overlay(copies.everything(store), outbox.in_overlay(store), fields)
    return [found[record] for record in sorted(found)]


def matches(
    view: RecordView, entity: str | None, parent: str | None, rt: str | None, search: str | None
) -> bool:
    """Does the record fit what was asked for? ``None`` = anything."""
    wanted = ((entity, view.entity), (parent, view.parent), (rt, view.rt))
    if any(asked is not None and asked != found for asked, found in wanted):
        return False
    if not search:
        return True
    text = " ".join(value for value in view.fields.values() if isinstance(value, str)).casefold()
    return all(word in text for word in search.casefold().split())
