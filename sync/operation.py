"""One operation, parsed once: from here on it is known to be well formed.

Parsing never raises and never answers for the batch. What cannot be read becomes a ``Refusal``
and goes to quarantine while the lane moves on, so that one bad form cannot block a phone.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sync.canonical import SAFE_INTEGER_MAX
from sync.fieldvalues import ValueParser, ValueProblem, parse_value, parser_of
from sync.policy import FIELDS, SERVER, Field, FieldClass
from sync.types import (
    ANGGOTA,
    ENTITIES,
    KELUARGA,
    PARENT_ENTITY,
    PENGUKURAN,
    GroupValue,
    Json,
    Problem,
    Refusal,
)

FIELDS_PER_OPERATION_MAX: Final = 200
TEXT_SHORT_MAX: Final = 200

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Kind(StrEnum):
    """What an operation does to its record."""

    CREATE = "create"
    SET = "set"
    END = "end"
    MOVE = "move"
    RESOLVE = "resolve"


class EndReason(StrEnum):
    """Why a record is closed."""

    MENINGGAL = "meninggal"
    PINDAH = "pindah"
    GANDA = "ganda"
    SALAH = "salah"


_KINDS: Mapping[str, Kind] = {kind.value: kind for kind in Kind}
_END_REASONS = frozenset(EndReason)
_COMMON_KEYS = frozenset(
    {"seq", "kind", "entity", "id", "base", "observed", "mono", "boot", "visit", "source"}
)
_KEYS: Mapping[str, frozenset[str]] = {
    Kind.CREATE: _COMMON_KEYS | {"set", "parent"},
    Kind.SET: _COMMON_KEYS | {"set", "add", "remove"},
    Kind.END: _COMMON_KEYS | {"end", "date", "number", "twin", "target", "evidence"},
    Kind.MOVE: _COMMON_KEYS | {"parent"},
    Kind.RESOLVE: _COMMON_KEYS | {"resolve"},
}
_KIND_ENTITIES: Mapping[str, tuple[str, ...]] = {
    Kind.CREATE: ENTITIES,
    Kind.SET: (KELUARGA, ANGGOTA),
    Kind.END: (KELUARGA, ANGGOTA, PENGUKURAN),
    Kind.MOVE: (ANGGOTA,),
    Kind.RESOLVE: ENTITIES,
}


class Operation(NamedTuple):
    """A well-formed operation.

    ``assign`` holds whole groups (fields that were not named are cleared), ``add`` and ``remove``
    hold elements per set group, ``end`` the closing statement, ``resolve`` a reviewer's decision.
    """

    seq: int
    kind: Kind
    entity: str
    id: str
    base: int
    assign: Mapping[str, GroupValue]
    add: Mapping[str, tuple[str, ...]]
    remove: Mapping[str, tuple[str, ...]]
    parent: str | None
    end: GroupValue | None
    resolve: Mapping[str, Json]
    observed: str | None
    mono: int | None
    boot: str | None

    def groups(self) -> tuple[str, ...]:
        """Every merge group that the operation states, each once."""
        return (*self.assign, *dict.fromkeys((*self.add, *self.remove)))

    @property
    def partner(self) -> str | None:
        """The record that a reviewer merges this one into."""
        partner = self.resolve.get("merge")
        return partner if isinstance(partner, str) and is_uuid(partner) else None


class _Bad(Exception):
    """Leaves the parser's depths with the reason; never leaves this module."""

    def __init__(self, problem: Problem, detail: str) -> None:
        super().__init__(detail)
        self.refusal = Refusal(problem, detail)


def is_uuid(text: object) -> bool:
    """Canonical lower-case text of a UUID."""
    return isinstance(text, str) and _UUID.fullmatch(text) is not None


def parse_operation(
    raw: Mapping[str, Json], seq: int, *, server_lane: bool = False
) -> Operation | Refusal:
    """Read one element of ``ops`` whose place in the lane is ``seq``.

    Server lanes (imports, forms, reviewers) carry ``source`` and may write server-owned fields. A
    phone's clock they carry only where they speak for a phone, as filled forms do.
    """
    try:
        return _parse(raw, seq, server_lane=server_lane)
    except _Bad as bad:
        return bad.refusal


def _parse(raw: Mapping[str, Json], seq: int, *, server_lane: bool) -> Operation:
    kind, entity = raw.get("kind"), raw.get("entity")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise _Bad(Problem.UNKNOWN_KIND, "kind is create, set, end, move or resolve")
    kind = _KINDS[kind]
    keys = _KEYS[kind]
    if not keys.issuperset(raw):
        raise _Bad(Problem.UNKNOWN_KEY, plain_name(next(k for k in raw if k not in keys)))
    if not isinstance(entity, str) or entity not in ENTITIES:
        raise _Bad(Problem.MALFORMED, "entity is keluarga, anggota, pengukuran or kunjungan")
    if entity not in _KIND_ENTITIES[kind]:
        raise _Bad(Problem.KIND_MISMATCH, f"{kind} is not possible for {entity}")
    record, base = _uuid(raw, "id"), _base(raw, kind)
    mono, boot = _clock(raw, server_lane=server_lane)
    if raw.get("visit") is not None:
        _uuid(raw, "visit")
    observed = _date(raw, "observed") if raw.get("observed") is not None else None
    content = _CONTENT_PARSERS[kind](raw, entity, server_lane)
    return Operation(seq, kind, entity, record, base, *content, observed, mono, boot)


def _base(raw: Mapping[str, Json], kind: Kind) -> int:
    base = raw.get("base", None if kind is Kind.SET else 0)
    if not isinstance(base, int) or isinstance(base, bool) or not 0 <= base <= SAFE_INTEGER_MAX:
        raise _Bad(Problem.MALFORMED, "base is the record's seq in the server copy")
    return base


def _clock(raw: Mapping[str, Json], *, server_lane: bool) -> tuple[int | None, str | None]:
    if server_lane:
        source = raw.get("source")
        if not isinstance(source, (str, dict)) or not source:
            raise _Bad(Problem.MALFORMED, "source is required in server lanes")
        if "boot" not in raw:
            return None, None
    elif "source" in raw:
        raise _Bad(Problem.UNKNOWN_KEY, "source")
    mono, boot = raw.get("mono"), raw.get("boot")
    if not isinstance(mono, int) or isinstance(mono, bool) or abs(mono) > SAFE_INTEGER_MAX:
        raise _Bad(Problem.MALFORMED, "mono is milliseconds since boot, an integer")
    if not isinstance(boot, str) or not 0 < len(boot) <= TEXT_SHORT_MAX:
        raise _Bad(Problem.MALFORMED, "boot names the boot that mono counts from")
    return mono, boot


_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class _Content(NamedTuple):
    """What an operation says, by kind; the same fields as in `Operation`."""

    assign: Mapping[str, GroupValue] = _NOTHING
    add: Mapping[str, tuple[str, ...]] = _NOTHING
    remove: Mapping[str, tuple[str, ...]] = _NOTHING
    parent: str | None = None
    end: GroupValue | None = None
    resolve: Mapping[str, Json] = _NOTHING


def _create(raw: Mapping[str, Json], entity: str, server_lane: bool) -> _Content:
    parent: str | None = None
    if entity in PARENT_ENTITY:
        parent = _uuid(raw, "parent")
    elif raw.get("parent") is not None:
        raise _Bad(Problem.KIND_MISMATCH, f"{entity} has no parent")
    assign, add = _assignments(raw.get("set", {}), entity, creating=True, server_lane=server_lane)
    return _Content(assign, add, parent=parent)


def _set(raw: Mapping[str, Json], entity: str, server_lane: bool) -> _Content:
    assign, _ = _assignments(raw.get("set", {}), entity, creating=False, server_lane=server_lane)
    add, remove = _elements(raw.get("add", {}), entity), _elements(raw.get("remove", {}), entity)
    if not (assign or add or remove):
        raise _Bad(Problem.MALFORMED, "set names no field")
    return _Content(assign, add, remove)


def _end(raw: Mapping[str, Json], entity: str, _server_lane: bool) -> _Content:
    reason = raw.get("end")
    if not isinstance(reason, str) or reason not in _END_REASONS:
        raise _Bad(Problem.MALFORMED, "end is meninggal, pindah, ganda or salah")
    if entity == PENGUKURAN and reason != EndReason.SALAH:
        raise _Bad(Problem.KIND_MISMATCH, "a measurement ends only as salah")
    end: GroupValue = {"end": reason, "date": _date(raw, "date")}
    if raw.get("twin") is not None or reason == EndReason.GANDA:
        end["twin"] = _uuid(raw, "twin")
    for name in ("number", "target", "evidence"):
        if raw.get(name) is not None:
            end[name] = _short_text(raw, name)
    return _Content(end=end)


def _move(raw: Mapping[str, Json], _entity: str, _server_lane: bool) -> _Content:
    return _Content(parent=_uuid(raw, "parent"))


def _resolve(raw: Mapping[str, Json], _entity: str, server_lane: bool) -> _Content:
    decision = raw.get("resolve")
    if not server_lane or not isinstance(decision, dict):
        raise _Bad(Problem.NOT_PERMITTED, "resolve belongs to a reviewer's lane")
    return _Content(resolve=decision)


class _PlainField(NamedTuple):
    """A field that is no set, with what reading its values takes."""

    field: Field
    group: str
    parse: ValueParser


_PLAIN_FIELDS: Final[Mapping[str, Mapping[str, _PlainField]]] = {
    entity: {
        name: _PlainField(field, field.group, parser_of(field))
        for name, field in fields.items()
        if field.field_class is not FieldClass.SET
    }
    for entity, fields in FIELDS.items()
}
"""Entity → name → field."""

_CONTENT_PARSERS: Mapping[Kind, Callable[[Mapping[str, Json], str, bool], _Content]] = {
    Kind.CREATE: _create,
    Kind.SET: _set,
    Kind.END: _end,
    Kind.MOVE: _move,
    Kind.RESOLVE: _resolve,
}


def _assignments(
    raw: Json, entity: str, *, creating: bool, server_lane: bool
) -> tuple[dict[str, GroupValue], dict[str, tuple[str, ...]]]:
    """Whole groups from the fields named; sets only where a record is created."""
    if not isinstance(raw, dict) or len(raw) > FIELDS_PER_OPERATION_MAX:
        raise _Bad(Problem.MALFORMED, "set is an object of fields")
    assign: dict[str, GroupValue] = {}
    add: dict[str, tuple[str, ...]] = {}
    plain = _PLAIN_FIELDS[entity]
    # A filled form names all of fifty fields: whatever is done here is done for each. Hence the
    # table of what does not depend on the value, and the plain comparison of types.
    for name, value in raw.items():
        known = plain.get(name)
        if known is None:
            group, elements = _assigned_set(entity, name, value, creating=creating)
            add[group] = elements
            continue
        field, group, parse = known
        if not server_lane and field.field_class is SERVER:
            raise _Bad(Problem.SERVER_OWNED, name)
        parsed = parse(field, value) if value is not None else parse_value(field, None)
        if type(parsed) is ValueProblem:
            raise _Bad(Problem(parsed.code), parsed.detail)
        fields = assign.get(group)
        if fields is None:
            fields = assign[group] = {}
        if parsed is not None:
            fields[name] = parsed
    return assign, add


def _assigned_set(
    entity: str, name: str, value: Json, *, creating: bool
) -> tuple[str, tuple[str, ...]]:
    known = _field(entity, name)
    if not creating:
        raise _Bad(Problem.KIND_MISMATCH, f"{name} is changed with add and remove")
    return known.group, _slugs(known, value)


def _elements(raw: Json, entity: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(raw, dict) or len(raw) > FIELDS_PER_OPERATION_MAX:
        raise _Bad(Problem.MALFORMED, "add and remove are objects of set fields")
    elements: dict[str, tuple[str, ...]] = {}
    for name, value in raw.items():
        known = _field(entity, name)
        if known.field_class is not FieldClass.SET:
            raise _Bad(Problem.KIND_MISMATCH, f"{name} is no set")
        elements[known.group] = _slugs(known, value)
    return elements


def _slugs(known: Field, raw: Json) -> tuple[str, ...]:
    parsed = _value(known, raw)
    return tuple(str(slug) for slug in parsed) if isinstance(parsed, list) else ()


def _field(entity: str, name: object) -> Field:
    known = FIELDS[entity].get(name) if isinstance(name, str) else None
    if known is None:
        raise _Bad(Problem.UNKNOWN_FIELD, plain_name(name))
    return known


def _value(known: Field, raw: Json) -> Json:
    parsed = parse_value(known, raw)
    if isinstance(parsed, ValueProblem):
        raise _Bad(Problem(parsed.code), parsed.detail)
    return parsed


def plain_name(name: object) -> str:
    """A name that is safe to repeat: whatever does not look like one could be anybody's data."""
    return name if isinstance(name, str) and _PLAIN_NAME.fullmatch(name) else "(unreadable name)"


def _uuid(raw: Mapping[str, Json], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not is_uuid(value):
        raise _Bad(Problem.MALFORMED, f"{key} is a UUID in lower case")
    return value


def _date(raw: Mapping[str, Json], key: str) -> str:
    value = raw.get(key)
    try:
        # Python also reads 20261103 and 2026-W45-2; the wire knows one way to write a day.
        if isinstance(value, str) and date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise _Bad(Problem.MALFORMED, f"{key} is a date, YYYY-MM-DD")


def _short_text(raw: Mapping[str, Json], key: str) -> str:
    value = raw.get(key)
    if isinstance(value, str) and len(value) <= TEXT_SHORT_MAX and value.isprintable():
        return value
    raise _Bad(Problem.BAD_VALUE, f"{key} is a short text")
