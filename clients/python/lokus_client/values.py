"""JSON values as types, and reading them from an answer without trusting it.

Answers come over bad links and from servers of other versions: a missing or foreign value becomes
the given default here, at the door, and nothing further in checks again. Unknown keys are ignored.
"""

from collections.abc import Mapping
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]
Fields: TypeAlias = Mapping[str, Json]
"""What a caller hands in: field name → value."""


def text(source: Mapping[str, Json], key: str) -> str | None:
    """The text under ``key``; ``None`` where it is missing or no text."""
    value = source.get(key)
    return value if isinstance(value, str) else None


def integer(source: Mapping[str, Json], key: str, default: int = 0) -> int:
    """The integer under ``key``; a JSON ``12.0`` counts as 12, a boolean does not count."""
    value = source.get(key)
    if isinstance(value, bool):
        return default
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else default


def is_true(source: Mapping[str, Json], key: str) -> bool:
    """Is ``true`` itself under ``key``?"""
    return source.get(key) is True


def objects(source: Mapping[str, Json], key: str) -> list[JsonObject]:
    """The objects of the list under ``key``; elements that are no objects are passed over."""
    value = source.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def mapping(source: Mapping[str, Json], key: str) -> JsonObject:
    """The object under ``key``; empty where there is none."""
    value = source.get(key)
    return value if isinstance(value, dict) else {}


def texts(value: Json) -> tuple[str, ...]:
    """The texts of a list; anything else is empty."""
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value if isinstance(item, str))
