"""When was it captured, and which day is it about: times that do not trust a phone's wall clock.

Within one boot the monotonic counter tells exactly how long ago an operation was made, whatever
the wall clock says. Across boots only the wall clock remains; it is clamped between the last
successful sync and the moment of receipt, and a large correction makes the clock *suspect*: its
day may be shown, but it decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

CLAMP_SUSPECT_MIN = timedelta(hours=24)
"""A wall clock that has to be moved by more than this is not believed."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Wall and monotonic time (milliseconds since boot) of one boot, read together."""

    wall: datetime
    mono: int


@dataclass(frozen=True, slots=True)
class BatchClock:
    """The phone's clocks at the moment of sending, one anchor for every boot in the batch."""

    boot: str
    mono: int
    boots: Mapping[str, Anchor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reception:
    """What the server knows about time when a batch arrives."""

    received_at: datetime
    last_sync: datetime
    zone: tzinfo
    campaign_start: date | None = None


@dataclass(frozen=True, slots=True)
class Captured:
    """``observed`` is the day claimed; ``vouched`` the same day, or ``None`` if suspect."""

    at: datetime
    observed: str
    vouched: str | None

    @property
    def is_suspect(self) -> bool:
        return self.vouched is None


def parse_clock(raw: object) -> BatchClock | None:
    """The ``clock`` of a request; ``None`` where it is missing or unreadable."""
    if not isinstance(raw, Mapping):
        return None
    boot, mono = raw.get("boot"), raw.get("mono")
    if not isinstance(boot, str) or type(mono) is not int:
        return None
    boots = raw.get("boots")
    anchors = {
        str(name): anchor
        for name, entry in (boots.items() if isinstance(boots, Mapping) else ())
        if (anchor := _anchor(entry)) is not None
    }
    return BatchClock(boot, mono, anchors)


def _anchor(raw: object) -> Anchor | None:
    if not isinstance(raw, Mapping):
        return None
    wall, mono = raw.get("wall"), raw.get("mono")
    if not isinstance(wall, str) or type(mono) is not int:
        return None
    try:
        moment = datetime.fromisoformat(wall)
        return Anchor(moment.astimezone(UTC), mono) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def capture(
    clock: BatchClock | None,
    reception: Reception,
    *,
    mono: int | None,
    boot: str | None,
    observed: str | None,
) -> Captured:
    """Place one operation in time.

    ``mono`` and ``boot`` are absent in server lanes, whose operations are made on receipt.
    """
    at, suspect = reception.received_at, False
    if mono is not None and boot is not None:
        at, suspect = _captured_at(clock, reception, mono, boot)
    return _observe(reception, at, observed, suspect=suspect)


def _captured_at(
    clock: BatchClock | None, reception: Reception, mono: int, boot: str
) -> tuple[datetime, bool]:
    latest = reception.received_at
    if clock is None:
        return latest, True
    try:
        if boot == clock.boot:
            return min(latest, latest - timedelta(milliseconds=clock.mono - mono)), False
        anchor = clock.boots.get(boot)
        if anchor is None:
            return latest, True
        claimed = anchor.wall + timedelta(milliseconds=mono - anchor.mono)
    except OverflowError:
        return latest, True
    clamped = max(min(claimed, latest), min(reception.last_sync, latest))
    return clamped, abs(clamped - claimed) > CLAMP_SUSPECT_MIN


@lru_cache(maxsize=256)
def _day(moment: datetime, zone: tzinfo) -> str:
    """Which day it was there. What comes together asks again and again for the same moments."""
    return moment.astimezone(zone).date().isoformat()


def _observe(
    reception: Reception, at: datetime, observed: str | None, *, suspect: bool
) -> Captured:
    today = _day(reception.received_at, reception.zone)
    if observed is None:
        observed = _day(at, reception.zone)
    too_early = (
        reception.campaign_start is not None and observed < reception.campaign_start.isoformat()
    )
    believed = not (suspect or too_early or observed > today)
    return Captured(at, observed, observed if believed else None)
