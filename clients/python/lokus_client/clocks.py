"""What a phone says about time.

Order never depends on it. Each operation carries ``mono`` (milliseconds since ``boot``); each batch
carries one anchor per boot in it, so that the server can place an operation exactly even if the
wall clock is wrong: wall(op) = anchor.wall + op.mono - anchor.mono.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lokus_client.environment import Environment
from lokus_client.store import Store
from lokus_client.values import JsonObject

# Indonesia has three zones and no summer time, so no zone database is needed on the phone.
_INDONESIA: Final = {"Asia/Jakarta": 7, "Asia/Makassar": 8, "Asia/Jayapura": 9}
_TRUSTED_LAG: Final = timedelta(hours=24)


def zone(name: str | None) -> tzinfo:
    """The kabupaten's zone; unknown names count as Asia/Jakarta."""
    if name is not None and name not in _INDONESIA:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            pass
    return timezone(timedelta(hours=_INDONESIA.get(name or "", _INDONESIA["Asia/Jakarta"])))


def tick(store: Store, environment: Environment) -> int:
    """Milliseconds since boot for an operation that is being made.

    Strictly rising, so that two equal edits within a millisecond stay two operations with two
    hashes. Also renews the anchor of this boot: the latest wall clock is the best known one.
    """
    row = store.one("SELECT mono FROM boots WHERE boot = ?", (environment.boot,))
    mono = environment.mono_ms()
    if row is not None:
        mono = max(mono, int(row["mono"]) + 1)
    anchor(store, environment, mono)
    return mono


def anchor(store: Store, environment: Environment, mono: int) -> None:
    """Note what the wall clock says at ``mono`` of this boot."""
    store.run(
        "INSERT OR REPLACE INTO boots (boot, wall, mono) VALUES (?, ?, ?)",
        (environment.boot, environment.now_text(), mono),
    )


def batch_clock(store: Store, environment: Environment, boots: Iterable[str]) -> JsonObject:
    """The ``clock`` of a request whose operations were made in ``boots``."""
    row = store.one("SELECT mono FROM boots WHERE boot = ?", (environment.boot,))
    # Never behind an operation of its own (see ``tick``).
    mono = max(environment.mono_ms(), int(row["mono"]) if row is not None else 0)
    wall = environment.now_text()
    anchors: JsonObject = {}
    for boot in sorted(set(boots)):
        known = store.one("SELECT wall, mono FROM boots WHERE boot = ?", (boot,))
        if boot == environment.boot or known is None:
            anchors[boot] = {"wall": wall, "mono": mono}
        else:
            anchors[boot] = {"wall": known["wall"], "mono": known["mono"]}
    return {"wall": wall, "mono": mono, "boot": environment.boot, "boots": anchors}


def local_day(store: Store, environment: Environment, zone_name: str | None) -> str | None:
    """Today in the kabupaten's zone, or ``None`` where this phone's clock is known to be wrong.

    A clock behind the last time the server told is wrong; without ``observed`` the server takes
    the day of capture, which it can compute from ``mono`` alone.
    """
    wall = environment.wall()
    told = store.fact_text("server_time")
    if told is not None and wall < _parsed(told) - _TRUSTED_LAG:
        return None
    return wall.astimezone(zone(zone_name)).date().isoformat()


def _parsed(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC) + 2 * _TRUSTED_LAG
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
