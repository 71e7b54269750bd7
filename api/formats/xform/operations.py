"""Statements of a form as operations of the protocol.

One answer that the register cannot take (a choice of an old list, say) must not take forty good
groups into quarantine with it. So where something cannot be read, ``apart`` makes an operation of
its own of each such group. Hardly any form needs that, and whether it does is known once its
operations were read as a whole.
"""

from collections.abc import Mapping

from api.formats.xform.statements import Statement, id_of
from sync.fieldvalues import ValueProblem, parse_value
from sync.operation import Kind
from sync.policy import FIELDS, Field
from sync.types import ANGGOTA, KELUARGA, GroupValue, Json


def is_readable(known: Field, value: Json) -> bool:
    """Would the register accept the value? Otherwise its group goes to quarantine by itself."""
    return not isinstance(parse_value(known, value), ValueProblem)


def creation(stated: Statement, *, apart: bool = True) -> list[dict[str, Json]]:
    """Operations that bring a record in."""
    good, bad = _sorted_groups(stated, apart=apart)
    fields: dict[str, Json] = {k: v for group in good for k, v in group.items()}
    bad_sets: dict[str, tuple[str, ...]] = {}
    for name, elements in stated.chosen.items():
        if not apart or is_readable(FIELDS[stated.entity][name], [*elements]):
            fields[name] = [*elements]
        else:
            bad_sets[name] = elements
    made: dict[str, Json] = {"kind": Kind.CREATE.value, "entity": stated.entity, "id": stated.id}
    if stated.parent is not None:
        made["parent"] = stated.parent
    rest: list[dict[str, Json]] = []
    if stated.entity in (KELUARGA, ANGGOTA):
        rest = [_set(stated, {"set": dict(group)}) for group in bad]
        rest += [_set(stated, {"add": {n: [*e]}}) for n, e in bad_sets.items()]
    else:
        # What is written once cannot be completed later: it is said whole, and read by a person.
        fields |= {k: v for group in bad for k, v in group.items()}
    return [{**made, "set": fields}, *rest]


def change(stated: Statement, *, apart: bool = True) -> list[dict[str, Json]]:
    """Operations that state what the form says about a record that is there."""
    good, bad = _sorted_groups(stated, apart=apart)
    told: dict[str, Json] = {}
    fields: dict[str, Json] = {k: v for group in good for k, v in group.items()}
    if fields:
        told["set"] = fields
    made = [_set(stated, {"set": dict(group)}) for group in bad]
    add, remove = _differences(stated)
    for name in sorted(add.keys() | remove.keys()):
        known = FIELDS[stated.entity][name]
        both = {"add": add.get(name), "remove": remove.get(name)}
        one: dict[str, Json] = {k: {name: [*v]} for k, v in both.items() if v}
        if apart and not all(is_readable(known, [*v]) for v in both.values() if v):
            made.append(_set(stated, one))
            continue
        for key, elements in one.items():
            into = told.setdefault(key, {})
            assert isinstance(into, dict), "made above"
            assert isinstance(elements, dict), "made above"
            into |= elements
    return [*([_set(stated, told)] if told else []), *made]


def closing(stated: Statement, observed: str | None) -> list[dict[str, Json]]:
    """The operation that closes the record, where the form does."""
    if stated.end is None:
        return []
    end = {"date": observed, **stated.end}
    twin = end.get("twin")
    if isinstance(twin, str):
        end["twin"] = id_of(twin) or twin
    return [{"kind": Kind.END.value, "entity": stated.entity, "id": stated.id, **end}]


def _set(stated: Statement, told: Mapping[str, Json]) -> dict[str, Json]:
    return {"kind": Kind.SET.value, "entity": stated.entity, "id": stated.id, **told}


def _sorted_groups(stated: Statement, *, apart: bool) -> tuple[list[GroupValue], list[GroupValue]]:
    if not apart:
        return [*stated.groups.values()], []
    good: list[GroupValue] = []
    bad: list[GroupValue] = []
    fields = FIELDS[stated.entity]
    for group in stated.groups.values():
        readable = all(is_readable(fields[name], value) for name, value in group.items())
        (good if readable else bad).append(group)
    return good, bad


def _differences(
    stated: Statement,
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    add: dict[str, tuple[str, ...]] = {}
    remove: dict[str, tuple[str, ...]] = {}
    for name, chosen in stated.chosen.items():
        shown = stated.shown.get(name, ())
        add[name] = tuple(sorted(set(chosen) - set(shown)))
        remove[name] = tuple(sorted(set(shown) - set(chosen)))
    return {n: e for n, e in add.items() if e}, {n: e for n, e in remove.items() if e}
