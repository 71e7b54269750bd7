"""The manifest: what the server is, what this phone may see, and which fields there are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lokus_client.calling import Caller
from lokus_client.errors import LostAnswer
from lokus_client.fieldtable import FieldTable
from lokus_client.store import Store
from lokus_client.values import Json, JsonObject, integer, mapping, objects, text
from lokus_client.villages import AssignedLane, read_lane

PROTOCOL: Final = 1
OPERATIONS_PER_PUSH_MAX: Final = 500
PUSH_BYTES_MAX: Final = 256 * 1024
PAGE_BYTES: Final = 32 * 1024
IDS_PER_REQUEST_MAX: Final = 100
REFRESH_S: Final = 20 * 3600
"""After this a sync that may ask more than comes in passing asks whether there is news."""
_NOT_MODIFIED: Final = 304


@dataclass(frozen=True)
class Limits:
    """The smaller of what the server allows and what this client was built for."""

    operations: int = OPERATIONS_PER_PUSH_MAX
    push_bytes: int = PUSH_BYTES_MAX
    page_bytes: int = PAGE_BYTES
    ids: int = IDS_PER_REQUEST_MAX


@dataclass(frozen=True)
class KnownPeriod:
    """A period of an area (a prefix of village codes), with the window of this phone's role."""

    period: str
    area: str
    opens: datetime
    closes: datetime


@dataclass(frozen=True)
class Manifest:
    """``timezone``: the kabupaten's zone name. ``scope_version`` and ``epoch`` go into requests."""

    epoch: str
    scope_version: int
    schema: int
    timezone: str | None
    lanes: tuple[AssignedLane, ...]
    limits: Limits
    fields: FieldTable
    periods: tuple[KnownPeriod, ...] = ()


def read(raw: Mapping[str, Json]) -> Manifest:
    """A manifest from its JSON."""
    lanes = [read_lane(lane) for lane in objects(raw, "lanes")]
    return Manifest(
        text(raw, "epoch") or "",
        integer(raw, "scope_version"),
        integer(raw, "schema", 1),
        text(raw, "timezone"),
        tuple(lane for lane in lanes if lane is not None),
        _limits(mapping(raw, "limits")),
        FieldTable.from_manifest(raw),
        tuple(one for one in map(_period, objects(raw, "periods")) if one is not None),
    )


def _period(raw: JsonObject) -> KnownPeriod | None:
    name, area = text(raw, "period"), text(raw, "area")
    try:
        opens = datetime.fromisoformat(text(raw, "opens") or "")
        closes = datetime.fromisoformat(text(raw, "closes") or "")
    except ValueError:
        return None
    if not name or area is None or opens.tzinfo is None or closes.tzinfo is None:
        return None
    return KnownPeriod(name, area, opens, closes)


def _limits(raw: Mapping[str, Json]) -> Limits:
    def capped(name: str, own: int) -> int:
        return max(1, min(own, integer(raw, name, own)))

    return Limits(
        capped("operations_per_push", OPERATIONS_PER_PUSH_MAX),
        capped("push_bytes", PUSH_BYTES_MAX),
        capped("pull_page_bytes", PAGE_BYTES),
        capped("ids_per_request", IDS_PER_REQUEST_MAX),
    )


def fetch(caller: Caller) -> tuple[Manifest, JsonObject]:
    """The present manifest, and its JSON for ``keep``. Raises ``ExchangeFailed``."""
    raw = caller.get("/v1/manifest")
    manifest = read(raw)
    if not manifest.epoch:
        raise LostAnswer("the manifest names no epoch")
    return manifest, raw


def keep(store: Store, raw: JsonObject) -> None:
    """Remember it; epoch and scope version are what later requests name."""
    manifest = read(raw)
    store.remember(
        manifest=raw, epoch=manifest.epoch, scope_version=manifest.scope_version,
        server_time=raw.get("server_time"),
    )  # fmt: skip


def refresh(caller: Caller) -> bool:
    """Fetch labels, forms, periods and limits if they have changed; tells whether there was news.

    Epoch and scope are left alone: changing them means more than remembering them.
    """
    store = caller.store
    answer = caller.get_if_changed("/v1/manifest", store.fact_text("manifest_etag"))
    is_news = answer.status != _NOT_MODIFIED
    raw = answer.json_object() if is_news else {}
    with store.writing("manifest"):
        note_asked(caller)
        if is_news:
            store.remember(manifest=raw, manifest_etag=answer.headers.get("ETag"))
    return is_news


def note_asked(caller: Caller) -> None:
    """The manifest is as of now. Inside a writing block."""
    caller.store.remember(manifest_asked_s=int(caller.environment.wall().timestamp()))


def refresh_if_old(caller: Caller) -> None:
    """Ask once a day: a period may have opened since. Raises ``ExchangeFailed``."""
    asked_s = caller.store.fact_number("manifest_asked_s")
    # A clock that was put back must not put the next question off for years.
    if abs(caller.environment.wall().timestamp() - asked_s) >= REFRESH_S:
        refresh(caller)


def as_text(value: JsonObject) -> str:
    """Compact JSON for a request; only operations have to be canonical."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
