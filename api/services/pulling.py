"""Tell a device what changed: one page of the feed as bytes, within a budget.

Documents are stored as the JSON that phones receive, so most rows are copied, not parsed.
"""

import base64
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import orjson
from sqlmodel import Session

from models.queries import pulling
from models.queries.pulling import FeedRow
from sync.digest import digest
from sync.pull import Cursor, Delivery, changed_groups, delivery, set_of
from sync.scope import VillageScope
from sync.types import KUNJUNGAN, PARENT, PENGUKURAN

FLUSH_BYTES: Final = 4096
"""How much may be counted uncompressed before the compressor is asked."""
ENVELOPE_BYTES: Final = 256
"""Room for everything in the answer that is no row."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as JSON, and the cursor that goes back with them."""

    rows: tuple[orjson.Fragment, ...]
    cursor: Cursor
    more: bool
    ids: tuple[str, ...]
    """Records whose data the page shows, for the access log."""


def next_page(
    session: Session, scope: VillageScope, cursor: Cursor, *, head: int, bytes_max: int
) -> Page:
    """Rows after ``cursor.at``, ascending, at least one, up to ``bytes_max`` compressed bytes.

    ``head`` is the feed's, as this transaction sees it.
    """
    rows = pulling.changed_rows(session, scope, cursor.at)
    budget = _Budget(bytes_max)
    told: list[orjson.Fragment] = []
    ids: list[str] = []
    for index, row in enumerate(rows):
        kind = delivery(row.place, scope, cursor.since)
        if kind is not None:
            body = row_bytes(row, kind, cursor.since)
            if not budget.fits(body) and told:
                end = Cursor(cursor.since, rows[index - 1].seq)
                return Page(tuple(told), end, more=True, ids=tuple(ids))
            told.append(orjson.Fragment(body))
            if kind in (Delivery.DOC, Delivery.SET):
                ids.append(row.id)
    more = len(rows) >= pulling.ROWS_PER_PAGE_MAX
    at = rows[-1].seq if more else max(head, cursor.at)
    return Page(tuple(told), Cursor(cursor.since, at), more=more, ids=tuple(ids))


def row_bytes(row: FeedRow, kind: Delivery, since: int) -> bytes:
    """One row as a phone reads it."""
    told: dict[str, object] = {"entity": row.entity, "id": row.id, "seq": row.seq}
    if kind is Delivery.LEAVE:
        told["leave"] = True
    elif kind is Delivery.ALIAS:
        # It counts in the digest of its own RT, which a phone that never held it cannot know.
        told |= {"alias": row.place.alias, "rt": row.place.rt}
    else:
        if kind is Delivery.DOC:
            told["doc"] = orjson.Fragment(row.doc)
            if row.parent is not None:
                told["parent"] = row.parent
        else:
            _tell_changes(row, since, told)
        if row.end_reason is not None:
            told["end"] = row.end_reason
        if row.review is not None:
            told["review"] = orjson.Fragment(row.review)
    return orjson.dumps(told)


def _tell_changes(row: FeedRow, since: int, told: dict[str, object]) -> None:
    stamps = orjson.loads(row.stamps).get("g", {})
    groups = changed_groups(row.entity, stamps, since)
    told["set"] = set_of(row.entity, groups, orjson.loads(row.doc) if groups else {})
    moved = stamps.get(PARENT)
    # What lies under a person or a family that was merged into another is hung under that one
    # without a statement of its own; such rows change so rarely that they always tell.
    if row.entity in (PENGUKURAN, KUNJUNGAN) or (moved is not None and moved[0][0] > since):
        told["parent"] = row.parent


class _Budget:
    """An upper bound of a page's compressed size; looks closely only every few kilobytes."""

    def __init__(self, bytes_max: int) -> None:
        self._room = bytes_max - ENVELOPE_BYTES
        self._compressor = zlib.compressobj(1)
        self._counted = 0
        self._unflushed = 0

    def fits(self, row: bytes) -> bool:
        """Take the row into account; false when the page would be too large with it."""
        self._counted += len(self._compressor.compress(row))
        self._unflushed += len(row)
        if self._unflushed > FLUSH_BYTES or self._counted + self._unflushed > self._room:
            self._counted += len(self._compressor.flush(zlib.Z_SYNC_FLUSH))
            self._unflushed = 0
        return self._counted + self._unflushed <= self._room


def agreement(session: Session, desa: str, digests: Mapping[str, str], at: int) -> bool | None:
    """Do the phone's digests match? ``None`` where rows have changed that it cannot know yet.

    One RT that surely differs outweighs others that nothing can be said of.
    """
    changed = pulling.changed_rts(session, desa, digests.keys(), at)
    settled = pulling.versions_of_rts(session, desa, digests.keys() - changed)
    if any(digest(versions) != digests[rt] for rt, versions in settled.items()):
        return False
    return None if changed else True


def packed_ids(ids: Iterable[str]) -> str:
    """Record ids for the access log: 16 bytes each, base64."""
    return base64.b64encode(b"".join(bytes.fromhex(i.replace("-", "")) for i in ids)).decode()
