"""Loading RTs that this phone has not held so far: first sync, new assignment, new epoch.

A snapshot is gzipped NDJSON of whole rows as of its ``Sync-At``. Several may be of different ages;
the cursor goes to the oldest, and what comes twice is skipped by its seq.
"""

import json
import zlib
from typing import Final

from lokus_client import copies, outbox, villages
from lokus_client.errors import LostAnswer, ServerProblem
from lokus_client.rows import SentRow, read_row
from lokus_client.session import Session
from lokus_client.transport import Answer
from lokus_client.villages import Cursor, RtList, Village

SNAPSHOT_BYTES_MAX: Final = 256 * 1024 * 1024
"""Decoded; far more than a village, little enough for a phone to refuse a bomb in time."""
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31
_NOT_FOUND: Final = 404


def load(session: Session, desa: str) -> None:
    """Bring what is held to what is in scope.

    Raises ``ExchangeFailed``; then the next session goes on with the RTs that are still lacking.
    """
    village = villages.get(session.store, desa)
    if village.held == village.scope:
        return
    if village.scope is None or not village.held:
        _load_part(session, village, None, village.scope)
        return
    held = village.held
    for rt in village.scope:
        if rt not in held:
            held = (*held, rt)
            _load_part(session, villages.get(session.store, desa), rt, held)


def _load_part(session: Session, village: Village, rt: str | None, held: RtList) -> None:
    """One snapshot (``rt`` ``None`` = the whole scope), after which ``held`` is held."""
    path, params = f"/v1/snapshots/{village.desa}", {} if rt is None else {"rt": rt}
    try:
        raw, answer = session.caller.download(path, **params)
    except ServerProblem as problem:
        if problem.status != _NOT_FOUND:
            raise
        # No snapshot to be had: page through the village from its beginning instead.
        rows, cursor = [], Cursor(0, 0)
    else:
        rows, cursor = read_rows(raw), _cursor(village, _sync_at(answer))
    with session.store.writing("snapshot"):
        session.tally.rows += copies.apply(session.store, village.desa, rows, session.fields)
        villages.set_cursor(session.store, village.desa, cursor)
        villages.set_held(session.store, village.desa, held)
        outbox.reached(session.store, village.desa, cursor.at)


def _cursor(village: Village, sync_at: int) -> Cursor:
    """With rows of other RTs held, the cursor may only go back: their changes are still to come."""
    if not village.held and village.held is not None:
        return Cursor(sync_at, sync_at)
    return Cursor(min(village.cursor.since, sync_at), min(village.cursor.at, sync_at))


def _sync_at(answer: Answer) -> int:
    told = answer.headers.get("Sync-At", "")
    if not told.isdecimal():
        raise LostAnswer("the snapshot does not say when it was taken")
    return int(told)


def read_rows(raw: bytes) -> list[SentRow]:
    """The rows of a snapshot file. Raises ``LostAnswer`` if it is cut or too large."""
    try:
        rows = [read_row(json.loads(line)) for line in _unpacked(raw).splitlines() if line.strip()]
    except (ValueError, AttributeError):
        raise LostAnswer("the snapshot is not readable") from None
    return [row for row in rows if row is not None]


def _unpacked(raw: bytes) -> bytes:
    if not raw.startswith(_GZIP_MAGIC):
        return raw
    parts: list[bytes] = []
    size = 0
    while raw:
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            parts.append(member.decompress(raw, SNAPSHOT_BYTES_MAX - size + 1))
        except zlib.error:
            raise LostAnswer("the snapshot is damaged") from None
        size += len(parts[-1])
        if not member.eof or size > SNAPSHOT_BYTES_MAX:
            raise LostAnswer("the snapshot is cut or too large")
        raw = member.unused_data
    return b"".join(parts)
