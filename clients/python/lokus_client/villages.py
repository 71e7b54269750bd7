"""The villages of this phone: one lane, one cursor and one scope each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from lokus_client.store import Row, Store
from lokus_client.values import Json, integer, text, texts

RtList: TypeAlias = tuple[str, ...] | None
"""RTs as ``RRR/WWW``; ``None`` = the whole village."""


@dataclass(frozen=True)
class Cursor:
    """``since`` is where whole pulls ended, ``at`` where the last page ended."""

    since: int
    at: int


@dataclass(frozen=True)
class Village:
    """One village of the phone.

    ``acked``, ``durable``: positions in the lane. ``scope``: what the server says this phone may
    see; ``held``: what it has loaded. ``in_scope=False``: only the way up is left.
    """

    desa: str
    lane: str
    next_seq: int
    acked: int
    durable: int
    needs_lane: bool
    scope: RtList
    held: RtList
    cursor: Cursor
    in_scope: bool


@dataclass(frozen=True)
class AssignedLane:
    """A lane as the server lists it. ``last`` is 0 where it was not told."""

    lane: str
    desa: str
    rts: RtList
    last: int


def read_lane(raw: Mapping[str, Json]) -> AssignedLane | None:
    """A lane from its JSON; ``None`` if it names no lane or no village."""
    lane, desa = text(raw, "lane"), text(raw, "desa")
    if not lane or not desa:
        return None
    rts = None if raw.get("rt") is None else texts(raw["rt"])
    return AssignedLane(lane, desa, rts, integer(raw, "last"))


def every(store: Store) -> list[Village]:
    """All villages, also those out of scope, in the order of codes."""
    return [_village(row) for row in store.all("SELECT * FROM villages ORDER BY desa")]


def find(store: Store, desa: str) -> Village | None:
    """The village, if this phone knows it."""
    row = store.one("SELECT * FROM villages WHERE desa = ?", (desa,))
    return None if row is None else _village(row)


def get(store: Store, desa: str) -> Village:
    """The village; only for those that this phone knows."""
    village = find(store, desa)
    assert village is not None, "only villages of this phone are asked for"
    return village


def _village(row: Row) -> Village:
    return Village(
        row["desa"], row["lane"], row["next_seq"], row["acked"], row["durable"],
        bool(row["needs_lane"]), _rts(row["scope"]), _rts(row["held"]),
        Cursor(row["since"], row["at"]), bool(row["in_scope"]),
    )  # fmt: skip


def _rts(column: str) -> RtList:
    value: Json = json.loads(column)
    return None if value is None else texts(value)


def rts_text(rts: RtList) -> str:
    """A list of RTs as it is stored."""
    return json.dumps(rts)


def assign(store: Store, lane: AssignedLane) -> None:
    """Take a lane that the server lists; a village that has one keeps it and its place in it."""
    store.run(
        "INSERT INTO villages (desa, lane, scope) VALUES (?, ?, ?)"
        " ON CONFLICT (desa) DO UPDATE SET scope = excluded.scope, in_scope = 1",
        (lane.desa, lane.lane, rts_text(lane.rts)),
    )


def replace_lane(store: Store, desa: str, lane: str, next_seq: int) -> None:
    """Go on in a new lane, whose next free place is ``next_seq``."""
    store.run(
        "UPDATE villages SET lane = ?, next_seq = ?, acked = 0, durable = 0, needs_lane = 0"
        " WHERE desa = ?",
        (lane, next_seq, desa),
    )


def need_lane(store: Store, desa: str) -> None:
    """Note that the lane cannot go on; the next visit asks for a new one."""
    store.run("UPDATE villages SET needs_lane = 1 WHERE desa = ?", (desa,))


def set_position(store: Store, desa: str, *, acked: int) -> None:
    """The last operation of the lane that was seen acknowledged."""
    store.run("UPDATE villages SET acked = ? WHERE desa = ?", (acked, desa))


def set_durable(store: Store, desa: str, durable: int) -> None:
    """A backup covers the lane up to here; never goes back within a lane."""
    store.run("UPDATE villages SET durable = max(durable, ?) WHERE desa = ?", (durable, desa))


def set_cursor(store: Store, desa: str, cursor: Cursor) -> None:
    """Where the next pull starts."""
    store.run(
        "UPDATE villages SET since = ?, at = ? WHERE desa = ?", (cursor.since, cursor.at, desa)
    )


def set_held(store: Store, desa: str, rts: RtList) -> None:
    """The RTs whose rows have been loaded."""
    store.run("UPDATE villages SET held = ? WHERE desa = ?", (rts_text(rts), desa))


def forget_copy(store: Store, desa: str) -> None:
    """Nothing is held any more: the next session loads the village anew."""
    store.run("UPDATE villages SET held = '[]', since = 0, at = 0 WHERE desa = ?", (desa,))


def out_of_scope(store: Store, keep: Sequence[str]) -> list[str]:
    """Mark every village that is not listed; gives those that were in scope until now."""
    lost = [v.desa for v in every(store) if v.in_scope and v.desa not in keep]
    store.run_many(
        "UPDATE villages SET in_scope = 0, scope = '[]' WHERE desa = ?", [(d,) for d in lost]
    )
    return lost
