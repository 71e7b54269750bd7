"""Quarantined operations as reviewers see them: what came, from whom, and why it was set aside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.masking import Mask
from api.services.reviewers import Reviewer
from api.services.voices import Voice, voices_of
from models.queries import browsing, quarantine
from models.queries.auditing import AuditEntry
from models.queries.quarantine import Quarantined
from sync.types import ENTITIES, Json

DEPENDENTS_SHOWN_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class QuarantineLine:
    """One entry of the list; it shows no value."""

    entry: Quarantined
    account_name: str | None


@dataclass(frozen=True, slots=True)
class QuarantinePage:
    """One entry with the operation as it was sent. Numbers show their last four digits."""

    line: QuarantineLine
    kind: str | None
    sent: Mapping[str, Json]
    voice: Voice
    dependents: tuple[str, ...]
    """Ids of entries that wait for this one and would be decided with it."""


def listed_quarantine(
    session: Session,
    reviewer: Reviewer,
    *,
    state: str | None,
    desa: str | None,
    limit: int,
    offset: int,
) -> tuple[list[QuarantineLine], int]:
    """A page of entries, the oldest first, and how many there are in all."""
    found, total = quarantine.listed(
        session, reviewer.sight, state=state, desa=desa, limit=limit, offset=offset
    )
    names = browsing.account_names(session, {e.account_id for e in found if e.account_id})
    return [QuarantineLine(e, names.get(e.account_id or "")) for e in found], total


def quarantine_page(
    session: Session, reviewer: Reviewer, entry_id: str
) -> tuple[QuarantinePage, AuditEntry]:
    """One entry, and the audit entry that says who has read it.

    Raises `AppError` ``not-found`` for what lies out of sight.
    """
    entry = quarantine.one(session, reviewer.sight, entry_id)
    if entry is None:
        raise AppError("not-found")
    dot = (entry.lane, entry.lane_seq)
    voices = voices_of(session, entry.desa, [dot])
    logged, voice = voices.operations[dot], voices.of(dot)
    assert voice is not None, "operations are never deleted"
    named = logged.body.get("entity")
    entity = named if isinstance(named, str) and named in ENTITIES else ""
    waiting = quarantine.dependents(session, entry.desa, [f"{entry.lane}:{entry.lane_seq}"])
    page = QuarantinePage(
        QuarantineLine(entry, voices.names.get(entry.account_id or "")),
        logged.kind or _said(logged.body.get("kind")),
        Mask(reviewer.role, numbers_masked=True).body(entity, logged.body),
        voice,
        tuple(one.id for one in waiting[:DEPENDENTS_SHOWN_MAX]),
    )
    seen: list[Json] = [entry.record] if entry.record is not None else []
    return page, reviewer.entry("quarantine-read", entry=entry.id, records=seen)


def _said(kind: Json) -> str | None:
    return kind if isinstance(kind, str) else None
