"""Show a role what it may read: values whole, values masked, or not at all.

`sync.permission` says how much of which sensitivity a role sees; this module carries it out on
everything that can hold a value. A masked number keeps its last four digits, any other masked
value says only that it is there. Names of fields that nobody knows are shown, their values only to
roles that see everything: they may hold anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sync.permission import Role, Visibility, may_read
from sync.policy import FIELDS, GROUPS, Sensitivity, ValueType
from sync.types import GroupValue, Json
from sync.values import masked

HIDDEN: Final = "***"
NUMBERS: Final = frozenset({"nik", "no_kk"})
_HELD: Final = ("set", "add", "remove")
_LEFT_OUT: Final = frozenset({"mono", "boot", "seq"})
"""A phone's counters tell a reader nothing; the time of capture is told apart."""


@dataclass(frozen=True, slots=True)
class Mask:
    """The eyes of a role. With ``numbers_masked`` a NIK or No KK is never shown whole."""

    role: Role
    numbers_masked: bool = False

    @property
    def sees_everything(self) -> bool:
        return all(may_read(self.role, kind) == "full" for kind in _KINDS)

    def fields(self, entity: str, fields: Mapping[str, Json]) -> dict[str, Json]:
        """A record's fields, or some of them."""
        shown: dict[str, Json] = {}
        for name, value in fields.items():
            visibility = self._visibility(entity, name)
            if visibility != "none":
                shown[name] = value if visibility == "full" else _masked(entity, name, value)
        return shown

    def group(self, entity: str, group: str, value: GroupValue) -> dict[str, Json]:
        """A claim's value: of a group of fields, of a set's elements, or of a pseudo group."""
        known = GROUPS[entity].get(group)
        if known is None:
            return dict(value)
        if not known.fields or set(value) - {"add", "remove"}:
            return self.fields(entity, value)
        return {key: self.fields(entity, {group: given}).get(group) for key, given in value.items()}

    def body(self, entity: str, body: Mapping[str, Json]) -> dict[str, Json]:
        """An operation as it was sent."""
        shown: dict[str, Json] = {}
        for key, value in body.items():
            if key in _HELD and isinstance(value, dict):
                shown[key] = self.fields(entity, value)
            elif key == "resolve" and isinstance(value, dict):
                shown[key] = self._decision(entity, value)
            elif key == "source" or (key in _PLAIN_KEYS and not isinstance(value, (dict, list))):
                shown[key] = value
            elif key not in _LEFT_OUT:
                shown[key] = value if self.sees_everything and not self.numbers_masked else HIDDEN
        return shown

    def _decision(self, entity: str, decision: Mapping[str, Json]) -> dict[str, Json]:
        value = decision.get("value")
        typed = self.fields(entity, value) if isinstance(value, dict) else value
        return {**decision, "value": typed} if "value" in decision else dict(decision)

    def _visibility(self, entity: str, name: str) -> Visibility:
        known = FIELDS.get(entity, {}).get(name)
        if known is None:
            return "full" if self.sees_everything and not self.numbers_masked else "masked"
        if self.numbers_masked and name in NUMBERS:
            return "none" if may_read(self.role, known.sensitive) == "none" else "masked"
        return may_read(self.role, known.sensitive)


_KINDS: Final[tuple[Sensitivity, ...]] = ("", "person", "specific")
_PLAIN_KEYS: Final = frozenset(
    {
        "kind", "entity", "id", "base", "observed", "visit", "parent", "end", "date",
        "number", "twin", "target", "evidence",
    }
)  # fmt: skip


def _masked(entity: str, name: str, value: Json) -> Json:
    if value is None:
        return None
    known = FIELDS.get(entity, {}).get(name)
    if known is not None and known.value_type is ValueType.DIGITS16 and isinstance(value, str):
        return masked(value)
    return HIDDEN
