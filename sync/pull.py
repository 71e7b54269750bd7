"""What a device is told about a row that changed after its cursor.

A pull returns stamped state, not a log. The cursor is a pair: ``since`` is where the last complete
pull ended and decides *what* of a row is told; ``at`` is where the present one has got to and
decides *which* rows. One number for both would lose fields of rows that change between two pages.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sync.policy import GROUPS
from sync.scope import VillageScope
from sync.types import Json


class Delivery(StrEnum):
    """How a row is told."""

    DOC = "doc"
    """Whole: the phone may lack it."""
    SET = "set"
    """The groups that were stated after ``since``."""
    ALIAS = "alias"
    """It was merged into another record."""
    LEAVE = "leave"
    """It left the phone's RTs. Says nothing about where it went."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """``since``: end of the last complete pull; ``at``: end of the last page."""

    since: int
    at: int


@dataclass(frozen=True, slots=True)
class Place:
    """What of a row decides whether and how a device hears of it."""

    rt: str
    rt_since: int
    created_seq: int
    left: Mapping[str, int]
    alias: str | None


def delivery(place: Place, scope: VillageScope, since: int) -> Delivery | None:
    """How the row is told to a device with this scope; ``None``: not at all.

    A device hears of a departure once, and nothing of what happens to the row elsewhere.
    """
    if scope.covers(place.rt):
        if place.alias is not None:
            return Delivery.ALIAS
        fresh = place.created_seq > since or place.rt_since > since
        return Delivery.DOC if fresh else Delivery.SET
    departed = any(seq > since and scope.covers(rt) for rt, seq in place.left.items())
    return Delivery.LEAVE if departed else None


def changed_groups(
    entity: str, stamps: Mapping[str, list[list[Json]]], since: int
) -> tuple[str, ...]:
    """Groups whose current statement is younger than ``since``.

    ``stamps`` as stored: group → stamps, the current one first, ``[seq, …]`` each.
    """
    groups = GROUPS[entity]
    return tuple(
        group for group, listed in stamps.items() if group in groups and _seq(listed) > since
    )


def _seq(listed: list[list[Json]]) -> int:
    seq = listed[0][0]
    return seq if isinstance(seq, int) else 0


def set_of(entity: str, groups: Collection[str], fields: Mapping[str, Json]) -> dict[str, Json]:
    """Whole groups as a ``set``: fields without a value are ``null``, empty sets are ``[]``."""
    told: dict[str, Json] = {}
    for group in groups:
        for name in GROUPS[entity][group].fields:
            told[name] = fields.get(name)
    return told
