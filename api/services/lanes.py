"""Give devices their lanes: one per village, a new one after a clone or a reinstallation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from models.queries import lanes
from models.queries.areas import villages_under
from models.queries.lanes import LaneOwner, StoredLane
from sync.scope import Scope
from sync.types import Json, Lane

LANES_PER_DEVICE_MAX: Final = 400
"""A district has at most some 300 villages; more lanes than that are a mistake."""
VILLAGE_CODE_LENGTH: Final = 10
DEVICE_SOURCE: Final = "device"

NewName = Callable[[], str]
"""Makes a lane name: opaque, at most 40 characters, never given twice."""


def lanes_for(
    session: Session, owner: LaneOwner, scope: Scope, new_name: NewName, now: datetime
) -> list[dict[str, Json]]:
    """The device's lanes as the manifest lists them; villages without one get one."""
    desas = _villages(session, scope, now)
    held = lanes.lanes_of(session, owner.lineage)
    for desa in sorted(set(desas) - {stored.lane.desa for stored in held}):
        lanes.open_lane(session, Lane(new_name(), desa, 0), owner, now)
    return listed_lanes(session, owner.lineage, scope, now)


def listed_lanes(
    session: Session, lineage: str, scope: Scope, now: datetime
) -> list[dict[str, Json]]:
    """`{lane, desa, rt, last}` of a device's lanes in villages that it may see, newest last."""
    listed: list[dict[str, Json]] = []
    for stored in lanes.lanes_of(session, lineage):
        lane = stored.lane
        if not scope.touches(lane.desa, now):
            continue
        rts = scope.village(lane.desa, now).rts
        rt: Json = None if rts is None else list[Json](sorted(rts))
        listed.append({"lane": lane.name, "desa": lane.desa, "rt": rt, "last": lane.last})
    return listed


def _villages(session: Session, scope: Scope, now: datetime) -> list[str]:
    villages: dict[str, None] = {}
    for area in scope.areas(now):
        if len(area) == VILLAGE_CODE_LENGTH:
            villages[area] = None
        else:
            room = LANES_PER_DEVICE_MAX - len(villages)
            villages.update(dict.fromkeys(villages_under(session, area, room)))
    return list(villages)


@dataclass(frozen=True, slots=True)
class Fork:
    """Where a new lane begins: after operation ``seq`` of ``parent``, or from nothing."""

    parent: StoredLane | None
    seq: int = 0


def open_incarnation(
    session: Session, desa: str, fork: Fork, owner: LaneOwner, name: str, now: datetime
) -> Lane:
    """Open a lane for a device that was cloned, reinstalled, or lost its place.

    The new incarnation knows what its ancestors did up to the fork and nothing after it.
    """
    if fork.parent is None:
        # Its other lanes may hold the same operations: every one of them counts as forked.
        lane, parent = Lane(name, desa, 0), ("", 0)
    else:
        ancestor = fork.parent.lane
        # What the clone may yet write there lies beyond the end, and nobody knows it.
        known = {**ancestor.known, ancestor.name: min(fork.seq, ancestor.last)}
        lane = Lane(name, desa, 0, known, ancestor.extra)
        parent = (ancestor.name, fork.seq)
        lanes.mark_forked(session, desa, ancestor.name, now)
    lanes.open_lane(session, lane, owner, now, parent=parent)
    return lane


def own_lane(session: Session, desa: str, name: str, lineage: str) -> StoredLane:
    """A lane of this very device. Raises `AppError` ``not-found`` for any other."""
    stored = lanes.lane(session, desa, name)
    if stored is None or stored.lineage != lineage:
        raise AppError("not-found")
    return stored
