"""Paths and conditions of a profile, turned once into functions of a row.

`keluarga.…`, `anggota.…` and `ukur.…` take fields of the register and, for families and persons,
the few facts in `_OF_FAMILY` and `_OF_MEMBER` that a frozen village keeps beside the fields.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from operator import attrgetter
from typing import Final, TypeAlias

from api.formats.exports.row import Row
from sync.codes import SLUGS
from sync.policy import FIELDS, Field, ValueType
from sync.types import Json

Getter: TypeAlias = Callable[[Row], Json]
Condition: TypeAlias = Callable[[Row], bool]

PLACE_NAMES: Final = frozenset(
    {f"{kind}{level}" for kind in ("", "kode_", "kode_bps_") for level in
     ("provinsi", "kabupaten", "kecamatan", "desa")}
)  # fmt: skip
EXPORT_FACTS: Final = frozenset({"periode", "ditetapkan", "cap"})
"""Period; the day on which the village was frozen; the hash of what was signed."""
_ENTITY: Final = {"keluarga": "keluarga", "anggota": "anggota", "ukur": "pengukuran"}
_CONDITION: Final = re.compile(r"(!?)([a-z_]+\.[a-z0-9_]+)(?:\s*(!?=)\s*(\S.*))?")
_WORDS: Final[Mapping[str, Json]] = {"true": True, "false": False}


class BadPath(ValueError):
    """A path or condition that means nothing; the text says what was meant, perhaps."""


def _end(one: str, part: str) -> Getter:
    def told(row: Row) -> Json:
        record = row.family if one == "keluarga" else row.member
        return None if record is None or record.end is None else record.end.get(part)

    return told


def _ends(one: str) -> dict[str, Getter]:
    parts = {"akhir": "end", "akhir_tanggal": "date", "akhir_nomor": "number"}
    parts |= {"akhir_tujuan": "target", "akhir_kembaran": "twin"}
    return {name: _end(one, part) for name, part in parts.items()}


def _decided(part: str) -> Getter:
    def told(row: Row) -> Json:
        return None if row.family.decision is None else row.family.decision.get(part)

    return told


_OF_FAMILY: Final[Mapping[str, Getter]] = {
    "id": lambda row: row.family.id,
    "rt_rw": lambda row: row.family.rt,
    "terdaftar": lambda row: row.family.listed,
    "keputusan": _decided("decision"),
    "keputusan_alasan": _decided("reason"),
    "banyak_anggota": lambda row: sum(one.end is None for one in row.family.members),
    **_ends("keluarga"),
}
_OF_MEMBER: Final[Mapping[str, Getter]] = {
    "id": lambda row: None if row.member is None else row.member.id,
    "terdaftar": lambda row: row.member is not None and row.member.listed,
    "kembar": lambda row: row.member is not None and row.member.twin_open,
    **_ends("anggota"),
}
_DERIVED: Final[Mapping[str, Mapping[str, Getter]]] = {
    "keluarga": _OF_FAMILY,
    "anggota": _OF_MEMBER,
    "ukur": {},
}


def field_of(path: str) -> Field | None:
    """The register's field that a path names, if it names one."""
    scope, _, name = path.partition(".")
    entity = _ENTITY.get(scope)
    return None if entity is None else FIELDS[entity].get(name)


def getter(path: str, baris: frozenset[str]) -> Getter:
    """The value at a path; `baris` are the names that the row source adds. Raises `BadPath`."""
    scope, _, name = path.partition(".")
    known = _names(scope, baris)
    if known is None:
        scopes = ("keluarga", "anggota", "ukur", "wilayah", "baris", "ekspor")
        raise BadPath(f"{path!r} begins with none of {', '.join(scopes)}")
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {scope}.{near[0]}?" if near else ""
        raise BadPath(f"{path!r} names nothing of {scope}{hint}")
    derived = _DERIVED.get(scope, {}).get(name)
    if derived is not None:
        return derived
    mapping = attrgetter("place.facts" if scope == "ekspor" else scope)
    return lambda row: mapping(row).get(name)


def _names(scope: str, baris: frozenset[str]) -> frozenset[str] | None:
    if scope in _ENTITY:
        return frozenset(FIELDS[_ENTITY[scope]]) | frozenset(_DERIVED[scope])
    return {"wilayah": PLACE_NAMES, "ekspor": EXPORT_FACTS, "baris": baris}.get(scope)


def condition(text: str, baris: frozenset[str]) -> Condition:
    """`path`, `!path`, `path = value` or `path != value`; of a set, `=` asks for an element.

    Raises `BadPath`.
    """
    match = _CONDITION.fullmatch(text.strip())
    if match is None:
        raise BadPath(f"{text!r} is no condition: write path, !path, path = value, path != value")
    denied, path, operator, literal = match.groups()
    value = getter(path, baris)
    if operator is None:
        wanted = not denied
        return lambda row: bool(value(row)) is wanted
    if denied:
        raise BadPath(f"{text!r}: write path != value")
    return _comparison(value, literal, _checked(path, literal, text), is_equal=operator == "=")


def _comparison(value: Getter, literal: str, expected: Json, *, is_equal: bool) -> Condition:
    def holds(row: Row) -> bool:
        found = value(row)
        same = literal in found if isinstance(found, list) else found == expected
        return same is is_equal

    return holds


def _checked(path: str, literal: str, text: str) -> Json:
    """The literal as the register writes it; a slug has to be one of the field's list."""
    field = field_of(path)
    if field is not None and field.value_type is ValueType.INTEGER and literal.isdecimal():
        return int(literal)
    if field is not None and field.codelist is not None and literal not in SLUGS[field.codelist]:
        near = get_close_matches(literal, SLUGS[field.codelist], n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise BadPath(f"{text!r}: {literal!r} is no answer of {field.name}{hint}")
    return _WORDS.get(literal, literal)
