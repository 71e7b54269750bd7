"""Who said something, when, and with which clock: what stands behind a stamp."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from models.queries import browsing, lanes, operations
from models.queries.lanes import StoredLane
from models.queries.operations import LoggedOperation

UNKNOWN_SOURCE: Final = "unknown"

Dot = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Voice:
    """One operation as a reviewer weighs it."""

    lane: str
    seq: int
    source: str
    """``device``, ``review``, ``import`` …"""
    device_forked: bool
    """The device was cloned or installed anew: its lane was forked, or is a fork."""
    account: str | None
    account_name: str | None
    captured_at: datetime
    received_at: datetime
    observed: str
    clock_suspect: bool
    """The phone's clock could not be believed; its day decides nothing."""
    base: int | None
    """The record's seq that the phone had pulled when this was said."""
    visit: str | None


@dataclass(frozen=True, slots=True)
class Voices:
    """Operations of one village with the lanes and accounts behind them."""

    operations: Mapping[Dot, LoggedOperation]
    lanes: Mapping[str, StoredLane]
    names: Mapping[str, str]

    def of(self, dot: Dot) -> Voice | None:
        """Who made this operation; nothing if the log does not have it."""
        operation = self.operations.get(dot)
        return None if operation is None else self.behind(operation)

    def behind(self, operation: LoggedOperation) -> Voice:
        """Who made this operation."""
        lane = self.lanes.get(operation.lane)
        base, visit = operation.body.get("base"), operation.body.get("visit")
        return Voice(
            operation.lane,
            operation.seq,
            lane.source if lane is not None else UNKNOWN_SOURCE,
            lane is not None and lane.forked,
            operation.account_id,
            self.names.get(operation.account_id or ""),
            operation.captured_at,
            operation.received_at,
            operation.observed,
            operation.suspect,
            base if type(base) is int else None,
            visit if isinstance(visit, str) else None,
        )


def voices_of(session: Session, desa: str, dots: Iterable[Dot]) -> Voices:
    """The operations at these places of the log."""
    return with_voices(session, desa, operations.operations_at(session, desa, dots).values())


def with_voices(session: Session, desa: str, logged: Iterable[LoggedOperation]) -> Voices:
    """Operations already loaded, with who made them."""
    found = {(one.lane, one.seq): one for one in logged}
    accounts = {one.account_id for one in found.values() if one.account_id is not None}
    return Voices(
        found,
        lanes.lanes_named(session, desa, {lane for lane, _ in found}),
        browsing.account_names(session, accounts),
    )
