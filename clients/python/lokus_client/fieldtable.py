"""Which fields there are, which of them are one merge group, and how a group merges.

The server serves the table in its manifest; this package knows no field by itself, so a server
with more fields needs no new client. Without a table every field is a group of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from lokus_client.values import Json, mapping, objects, text

PARENT_ENTITY: Final[Mapping[str, str]] = {
    "anggota": "keluarga",
    "kunjungan": "keluarga",
    "pengukuran": "anggota",
}
ENTITIES: Final = ("keluarga", "anggota", "pengukuran", "kunjungan")


@dataclass(frozen=True)
class FieldRule:
    """How one field merges and what it holds.

    ``merge_class``: identity, measurement, set, monotone, append or server. ``value_type``: text,
    integer, number, boolean, date, code …; empty where not told.
    """

    group: str
    merge_class: str = "identity"
    value_type: str = ""
    codelist: str = ""


@dataclass(frozen=True)
class FieldTable:
    """``rules``: entity → field → rule."""

    rules: Mapping[str, Mapping[str, FieldRule]] = field(default_factory=dict)

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Json]) -> "FieldTable":
        """The table that a manifest carries.

        As ``fields: [{entity, field, group, class, type, codelist}]``, the columns of the normative
        table, or shorter as ``groups: {entity: {group: {class, fields: [...]}}}``.
        """
        rules: dict[str, dict[str, FieldRule]] = {}
        for row in objects(manifest, "fields"):
            entity, name = text(row, "entity"), text(row, "field")
            if entity and name:
                rules.setdefault(entity, {})[name] = FieldRule(
                    text(row, "group") or name,
                    text(row, "class") or "identity",
                    text(row, "type") or "",
                    text(row, "codelist") or "",
                )
        return cls(rules or _from_groups(mapping(manifest, "groups")))

    def rule(self, entity: str, name: str) -> FieldRule | None:
        return self.rules.get(entity, {}).get(name)

    def knows(self, entity: str) -> bool:
        """Can this table say that a field of the entity does not exist?"""
        return bool(self.rules.get(entity))

    def is_set(self, entity: str, name: str) -> bool:
        rule = self.rule(entity, name)
        return rule is not None and rule.merge_class == "set"

    def siblings(self, entity: str, name: str) -> tuple[str, ...]:
        """All fields of the group that ``name`` belongs to, itself included."""
        rule = self.rule(entity, name)
        if rule is None:
            return (name,)
        return self._members[entity, rule.group]

    @cached_property
    def _members(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """(entity, group) → its fields."""
        members: dict[tuple[str, str], tuple[str, ...]] = {}
        for entity, rules in self.rules.items():
            for name, rule in rules.items():
                members[entity, rule.group] = (*members.get((entity, rule.group), ()), name)
        return members


def _from_groups(groups: Mapping[str, Json]) -> dict[str, dict[str, FieldRule]]:
    rules: dict[str, dict[str, FieldRule]] = {}
    for entity in groups:
        of_entity = mapping(groups, entity)
        for group in of_entity:
            told = mapping(of_entity, group)
            merge_class, names = text(told, "class") or "identity", told.get("fields")
            for name in names if isinstance(names, list) else ():
                if isinstance(name, str):
                    rules.setdefault(entity, {})[name] = FieldRule(group, merge_class)
    return rules
