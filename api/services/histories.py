"""Every value that was ever entered for a record: who, when, with which outcome.

Operations that changed nothing are part of it, also those that wait in quarantine: what somebody
wrote down is never out of sight. Operations on records that were merged into this one are listed
with it, under the id that they named.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from api.errors import AppError
from api.services.masking import Mask
from api.services.reviewers import Reviewer
from api.services.voices import Voice, with_voices
from models.queries import browsing, operations
from models.queries.auditing import AuditEntry
from models.queries.operations import LoggedOperation
from sync.statements import landed_at
from sync.types import Json, Outcome


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One operation on the record, as sent, and what became of it."""

    record: str
    """The id it named: the record's own, or one that was merged into it."""
    kind: str | None
    sent: Mapping[str, Json]
    """The operation's body without a phone's counters, masked as the role demands."""
    answer: Mapping[str, Json]
    outcome: Outcome
    at: int
    """The village's position at which it took effect."""
    voice: Voice


@dataclass(frozen=True, slots=True)
class History:
    """A page of a record's history, the oldest first, and how many entries there are."""

    desa: str
    entity: str
    aliases: tuple[str, ...]
    entries: tuple[HistoryEntry, ...]
    total: int


def history_of(
    session: Session, reviewer: Reviewer, record_id: str, *, limit: int, offset: int
) -> tuple[History, AuditEntry]:
    """The history of a record, and the entry that says who has read it.

    Raises `AppError` ``not-found`` for what lies out of sight.
    """
    record = browsing.record_in_sight(session, reviewer.sight, record_id)
    if record is None:
        raise AppError("not-found")
    merged = browsing.with_aliases(session, record.desa, [record.id])
    logged = operations.history(session, record.desa, merged)
    logged.sort(key=lambda one: (landed_at(one.entry, one.at), one.lane, one.seq))
    page = logged[offset : offset + limit]
    voices = with_voices(session, record.desa, page)
    mask = Mask(reviewer.role)
    entries = tuple(_entry(one, mask, record.entity, voices.behind(one)) for one in page)
    aliases = tuple(sorted(merged.keys() - {record.id}))
    seen: list[Json] = [record.id]
    return (
        History(record.desa, record.entity, aliases, entries, len(logged)),
        reviewer.entry("history-read", records=seen, entries=len(page)),
    )


def _entry(logged: LoggedOperation, mask: Mask, entity: str, voice: Voice) -> HistoryEntry:
    return HistoryEntry(
        logged.record or "",
        logged.kind,
        mask.body(entity, logged.body),
        logged.entry,
        Outcome(str(logged.entry["outcome"])),
        landed_at(logged.entry, logged.at),
        voice,
    )
