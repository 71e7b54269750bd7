"""What the screen shows: the server copy with the phone's own operations laid over it.

An operation takes part until the pull has reached the position at which it landed, so a value
never flickers back to what it was before. Pure: copy and operations in, views out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lokus_client.fieldtable import FieldTable
from lokus_client.outbox import HeldOperation
from lokus_client.rows import CopyRow, own_rt
from lokus_client.values import JsonObject, mapping, text, texts


@dataclass(frozen=True)
class RecordView:
    """One record as it is to be shown.

    ``seq`` is that of the server copy, 0 for a record that the server has not sent yet; ``review``
    the groups that wait for a reviewer; ``pending`` tells that own work is laid over it.
    """

    entity: str
    id: str
    desa: str
    seq: int
    fields: JsonObject
    parent: str | None = None
    ended: str | None = None
    review: tuple[str, ...] = ()
    rt: str | None = None
    pending: bool = False


def overlay(
    copy: Iterable[CopyRow], operations: Sequence[HeldOperation], fields: FieldTable
) -> dict[str, RecordView]:
    """Record id → view. Aliases are not shown; their operations go to the target."""
    views: dict[str, RecordView] = {}
    redirects: dict[str, str] = {}
    for row in copy:
        if row.alias is None:
            views[row.id] = _view(row)
        else:
            redirects[row.id] = row.alias
    for operation in operations:
        record = _target(redirects, operation.record)
        shown = _laid_over(views.get(record), operation, fields)
        if shown is not None:
            views[record] = replace(shown, id=record)
    return _with_rt(views)


def _view(row: CopyRow) -> RecordView:
    return RecordView(
        row.entity, row.id, row.desa, row.seq, row.doc, row.parent, row.ended, row.review
    )


def _target(redirects: Mapping[str, str], record: str) -> str:
    seen: set[str] = set()
    while record in redirects and record not in seen:
        seen.add(record)
        record = redirects[record]
    return record


def _laid_over(
    view: RecordView | None, held: HeldOperation, fields: FieldTable
) -> RecordView | None:
    if view is None:
        # Work on a record that left the scope is still sent, but there is nothing to show it on.
        if held.kind != "create":
            return None
        view = RecordView(held.entity, held.record, held.desa, 0, {})
    view, operation = replace(view, pending=True), held.operation()
    match held.kind:
        case "create" | "set":
            return _assigned(view, operation, fields)
        case "end":
            return replace(view, ended=text(operation, "end"))
        case "move":
            return replace(view, parent=text(operation, "parent") or view.parent)
        case _:
            return view


def _assigned(view: RecordView, operation: JsonObject, fields: FieldTable) -> RecordView:
    assigned = mapping(operation, "set")
    cleared = {s for name in assigned for s in fields.siblings(view.entity, name)}
    shown = {name: value for name, value in view.fields.items() if name not in cleared}
    shown.update({name: value for name, value in assigned.items() if value is not None})
    added, removed = mapping(operation, "add"), mapping(operation, "remove")
    for name in {**added, **removed}:
        # Python orders text by code point, as the rows of the server do.
        elements = set(texts(shown.get(name))) - set(texts(removed.get(name)))
        shown[name] = [*sorted(elements | set(texts(added.get(name))))]
    return replace(view, fields=shown, parent=text(operation, "parent") or view.parent)


def _with_rt(views: Mapping[str, RecordView]) -> dict[str, RecordView]:
    """Members and visits are shown in the RT of their family, measurements in their member's."""
    placed: dict[str, RecordView] = {}
    for record, view in views.items():
        family = view
        for _ in range(2):
            family = views.get(family.parent or "", family)
        placed[record] = replace(view, rt=own_rt(family.entity, family.fields))
    return placed
