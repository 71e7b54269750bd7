"""Answers of ``/v1/sync``, ``/v1/push`` and ``/v1/pull``, read once."""

from collections.abc import Mapping
from dataclasses import dataclass

from lokus_client.rows import SentRow, read_row
from lokus_client.values import Json, JsonObject, integer, is_true, mapping, objects, text
from lokus_client.villages import Cursor


@dataclass(frozen=True)
class Page:
    """Rows in ascending seq, and the cursor to send next time."""

    rows: tuple[SentRow, ...]
    cursor: Cursor
    more: bool


@dataclass(frozen=True)
class SyncAnswer:
    """What one answer says; parts that it does not have are ``None``.

    ``acked``: last operation of the lane that is committed. ``results``: seq → entry for what is
    not plainly applied. ``page`` is also ``None`` when the scope has changed. ``digest_ok`` as
    sent: one verdict, or one per RT.
    """

    epoch: str | None
    server_time: str | None
    acked: int | None
    durable: int
    at: int
    results: Mapping[int, JsonObject]
    page: Page | None
    digest_ok: Json
    receipt: str | None
    token: str | None
    next_sync_after_s: int | None
    scope_changed: bool


def read_answer(raw: Mapping[str, Json]) -> SyncAnswer:
    """An answer from its JSON; unknown keys are passed over."""
    scope_changed = raw.get("scope") == "changed"
    acked, wait_s = integer(raw, "acked", -1), integer(raw, "next_sync_after", -1)
    return SyncAnswer(
        epoch=text(raw, "epoch"),
        server_time=text(raw, "server_time"),
        acked=None if acked < 0 else acked,
        durable=integer(raw, "durable"),
        at=integer(raw, "at"),
        results={integer(entry, "seq", -1): entry for entry in objects(raw, "results")},
        page=None if scope_changed or "cursor" not in raw else _page(raw),
        digest_ok=raw.get("digest_ok"),
        receipt=text(raw, "receipt"),
        token=text(raw, "token"),
        next_sync_after_s=None if wait_s < 0 else wait_s,
        scope_changed=scope_changed,
    )


def _page(raw: Mapping[str, Json]) -> Page:
    cursor = mapping(raw, "cursor")
    return Page(
        read_rows(raw, "changes"),
        Cursor(integer(cursor, "since"), integer(cursor, "at")),
        is_true(cursor, "more"),
    )


def read_rows(raw: Mapping[str, Json], key: str) -> tuple[SentRow, ...]:
    """The rows of the list under ``key``."""
    rows = (read_row(row) for row in objects(raw, key))
    return tuple(row for row in rows if row is not None)
