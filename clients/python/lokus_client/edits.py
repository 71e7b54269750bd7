"""What a person can do to a record: create, change, close and move it.

Checked here is only what the phone can know for certain and what nobody should find out a day
later from quarantine: unknown fields and kinds, wrong parents. Values are the server's to judge.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from lokus_client import villages
from lokus_client.capturing import Capture, Queued
from lokus_client.errors import InvalidEdit, NotEnrolled, UnknownRecord
from lokus_client.fieldtable import ENTITIES, PARENT_ENTITY, FieldTable
from lokus_client.overlay import RecordView
from lokus_client.store import Store
from lokus_client.values import Fields, Json, JsonObject

END_REASONS: Final = ("meninggal", "pindah", "ganda", "salah")


@dataclass(frozen=True)
class Change:
    """Fields to assign, and elements to add to and to take out of sets."""

    assigned: Fields = field(default_factory=dict)
    added: Fields = field(default_factory=dict)
    removed: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Occasion:
    """When and during what something was seen.

    ``observed``: the day, ``YYYY-MM-DD``, today if ``None``. ``visit``: the id of a kunjungan.
    """

    observed: str | None = None
    visit: str | None = None


def create(
    capture: Capture,
    entity: str,
    assigned: Fields,
    *,
    parent: str | None,
    desa: str | None,
    occasion: Occasion,
) -> Queued:
    """A new record; its village is the parent's, the one named, or the phone's only one."""
    wants = PARENT_ENTITY.get(entity)
    if entity not in ENTITIES or (parent is None) != (wants is None):
        raise InvalidEdit(f"{entity} is created {f'under a {wants}' if wants else 'on its own'}")
    operation: JsonObject = {"kind": "create", "entity": entity, "id": capture.new_id(), "base": 0}
    operation["set"] = _checked(capture.fields, entity, assigned)
    if parent is not None:
        above = capture.view(parent)
        if above.entity != wants:
            raise InvalidEdit(f"{entity} belongs under a {wants}, not under a {above.entity}")
        operation["parent"], desa = above.id, above.desa
    village = desa or _only_village(capture.store)
    return _freeze(capture, village, operation, occasion)


def edit(
    capture: Capture,
    entity: str,
    record: str,
    change: Change,
    *,
    completes_groups: bool,
    occasion: Occasion,
) -> Queued:
    """Change a record.

    The unit of the merge is the group: naming one field of it states the whole group.
    ``completes_groups`` therefore states the other fields as they are shown now; without it,
    fields that are not named are cleared.
    """
    shown, table = _shown(capture, entity, record), capture.fields
    stated = _checked(table, entity, change.assigned, in_sets=False)
    if completes_groups:
        stated = _rest_of_groups(table, shown, stated) | stated
    operation: JsonObject = {"kind": "set", "entity": entity, "id": shown.id, "base": shown.seq}
    parts: dict[str, JsonObject] = {
        "set": stated,
        "add": _checked(table, entity, change.added, in_sets=True),
        "remove": _checked(table, entity, change.removed, in_sets=True),
    }
    named = {key: part for key, part in parts.items() if part}
    if not named:
        raise InvalidEdit("an edit names at least one field")
    return _freeze(capture, shown.desa, {**operation, **named}, occasion)


def end(
    capture: Capture,
    entity: str,
    record: str,
    reason: str,
    details: Fields,
    *,
    occasion: Occasion,
) -> Queued:
    """Close a record. ``details``: date (required), number, twin, target, evidence."""
    if reason not in END_REASONS:
        raise InvalidEdit(f"a record ends as {', '.join(END_REASONS)}")
    shown = _shown(capture, entity, record)
    operation: JsonObject = {
        "kind": "end", "entity": entity, "id": shown.id, "base": shown.seq, "end": reason,
        **{key: value for key, value in details.items() if value is not None},
    }  # fmt: skip
    return _freeze(capture, shown.desa, operation, occasion)


def move(capture: Capture, record: str, parent: str, *, occasion: Occasion) -> Queued:
    """An anggota to another keluarga of the same village."""
    shown, family = _shown(capture, "anggota", record), _shown(capture, "keluarga", parent)
    if shown.desa != family.desa:
        raise InvalidEdit("a move stays in the village; moving away is the end 'pindah'")
    operation: JsonObject = {
        "kind": "move", "entity": "anggota", "id": shown.id, "base": shown.seq,
        "parent": family.id,
    }  # fmt: skip
    return _freeze(capture, shown.desa, operation, occasion)


def _freeze(capture: Capture, desa: str, operation: JsonObject, occasion: Occasion) -> Queued:
    if occasion.visit is not None:
        operation["visit"] = occasion.visit
    for day in (occasion.observed, operation.get("date")):
        if day is not None and not _is_day(day):
            raise InvalidEdit(f"a day is written YYYY-MM-DD, not {day}")
    return capture.freeze(desa, operation, observed=occasion.observed)


def _is_day(value: Json) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _shown(capture: Capture, entity: str, record: str) -> RecordView:
    view = capture.view(record)
    if view.entity != entity:
        raise UnknownRecord(f"{record} is a {view.entity}, not a {entity}")
    return view


def _checked(
    table: FieldTable, entity: str, values: Fields, *, in_sets: bool | None = None
) -> JsonObject:
    """The values as they are, if the fields exist and are (or are not) sets as the key wants."""
    for name in values:
        if table.knows(entity) and table.rule(entity, name) is None:
            raise InvalidEdit(f"{entity} has no field {name}")
        if in_sets is False and table.is_set(entity, name):
            raise InvalidEdit(f"{name} is a set: add to it or remove from it")
        if in_sets and table.knows(entity) and not table.is_set(entity, name):
            raise InvalidEdit(f"{name} is no set: assign it")
    return dict(values)


def _rest_of_groups(table: FieldTable, view: RecordView, stated: JsonObject) -> JsonObject:
    rest: dict[str, Json] = {}
    for name in stated:
        for sibling in table.siblings(view.entity, name):
            if sibling in view.fields:
                rest[sibling] = view.fields[sibling]
    return rest


def _only_village(store: Store) -> str:
    known = [village.desa for village in villages.every(store) if village.in_scope]
    if not known:
        raise NotEnrolled
    if len(known) > 1:
        raise InvalidEdit(f"name the village, one of {', '.join(known)}")
    return known[0]
