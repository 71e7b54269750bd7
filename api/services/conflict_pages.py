"""A conflict as reviewers see it: what stands, what is proposed, who said so, and since when.

Values are shown as far as the reader's role may see them; the log shows who has looked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from api.errors import AppError
from api.services.masking import Mask
from api.services.origins import Origin, origin_of
from api.services.reviewers import Reviewer
from api.services.voices import Dot, Voice, Voices, voices_of
from models.queries import browsing, conflicts, records
from models.queries.auditing import AuditEntry
from models.queries.conflicts import ListedConflict
from sync.types import (
    ANGGOTA,
    Claim,
    Conflict,
    ConflictKind,
    ConflictState,
    Decision,
    Json,
    Record,
)
from sync.workspace import draft_of


@dataclass(frozen=True, slots=True)
class ConflictSummary:
    """One line of a reviewer's list; it shows no value."""

    id: str
    desa: str
    rt: str
    entity: str
    record: str
    twin: str | None
    group: str
    kind: ConflictKind
    state: ConflictState
    version: int
    candidates: int
    reopens: str | None
    opened_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimPage:
    """A statement about a group: its value and who made it (nothing if the log lacks it)."""

    group: str
    value: Mapping[str, Json]
    lane: str
    lane_seq: int
    voice: Voice | None


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """What a reviewer decided, by which operation, and which claims they had before them."""

    choice: str
    reason: str
    lane: str
    lane_seq: int
    voice: Voice | None
    judged: tuple[ClaimPage, ...]


@dataclass(frozen=True, slots=True)
class OriginPage:
    """What the claims started from: the group's value when the village's feed stood at ``at``."""

    value: Mapping[str, Json]
    at: int


@dataclass(frozen=True, slots=True)
class EarlierPage:
    """The conflict that this one asks again."""

    id: str
    decision: DecisionPage | None


@dataclass(frozen=True, slots=True)
class ConflictPage:
    """Everything that a reviewer needs for a decision."""

    summary: ConflictSummary
    name: Json
    """Whose record it is, as far as the reader may know."""
    twin_name: Json
    """Whose the other one is, where two records may be one."""
    current: tuple[ClaimPage, ...]
    """The current statement first, then those that say the same."""
    origin: OriginPage | None
    candidates: tuple[ClaimPage, ...]
    decision: DecisionPage | None
    reopens: EarlierPage | None


def listed_conflicts(
    session: Session,
    reviewer: Reviewer,
    *,
    state: ConflictState | None,
    desa: str | None,
    limit: int,
    offset: int,
) -> tuple[list[ConflictSummary], int]:
    """A page of conflicts, the oldest first, and how many there are in all."""
    found, total = conflicts.listed(
        session, reviewer.sight, state=state, limit=limit, offset=offset, desa=desa
    )
    return [summary_of(one) for one in found], total


def summary_of(listed: ListedConflict) -> ConflictSummary:
    """One line for a list."""
    conflict = listed.conflict
    return ConflictSummary(
        conflict.id,
        listed.desa,
        listed.rt,
        listed.entity,
        conflict.record,
        conflict.twin,
        conflict.group,
        conflict.kind,
        conflict.state,
        conflict.version,
        len(conflict.candidates),
        conflict.reopens,
        listed.opened_at,
        listed.changed_at,
    )


def conflict_page(
    session: Session, reviewer: Reviewer, conflict_id: str, *, numbers_masked: bool = False
) -> tuple[ConflictPage, AuditEntry]:
    """One conflict in full, and the entry that says who has read it.

    With ``numbers_masked`` a NIK or No KK is shown by its last four digits.
    Raises `AppError` ``not-found`` for what lies out of sight.
    """
    listed = conflicts.conflict_by_id(session, reviewer.sight, conflict_id)
    if listed is None:
        raise AppError("not-found")
    conflict = listed.conflict
    (record,) = records.records_by_id(session, listed.desa, [conflict.record])
    of_record = conflicts.conflicts_of(session, listed.desa, [record.id])
    before = next((c for c in of_record if c.id == conflict.reopens), None)
    current = _current(record, conflict.group)
    voices = voices_of(session, listed.desa, _dots(current, conflict, before))
    mask = Mask(reviewer.role, numbers_masked=numbers_masked)
    teller = _Teller(mask, record.entity, voices)
    page = ConflictPage(
        summary_of(listed),
        teller.name(record),
        teller.name(_twin(session, reviewer, conflict.twin)),
        teller.claims(current),
        teller.origin(conflict.group, _origin(session, record, conflict, of_record, voices)),
        teller.claims(conflict.candidates),
        teller.decision(conflict.decision),
        EarlierPage(before.id, teller.decision(before.decision)) if before is not None else None,
    )
    seen: list[Json] = [conflict.record]
    return page, reviewer.entry("conflict-read", conflict=conflict.id, records=seen)


def _origin(
    session: Session,
    record: Record,
    conflict: Conflict,
    of_record: Sequence[Conflict],
    voices: Voices,
) -> Origin | None:
    if conflict.kind is not ConflictKind.VALUE:
        return None
    lanes = {name: stored.lane for name, stored in voices.lanes.items()}
    return origin_of(session, record, conflict, of_record, lanes)


def _twin(session: Session, reviewer: Reviewer, twin: str | None) -> Record | None:
    return browsing.record_in_sight(session, reviewer.sight, twin) if twin is not None else None


def _current(record: Record, group: str) -> tuple[Claim, ...]:
    """The live statements that made the present value, the current one first."""
    value = draft_of(record).value(group)
    stamps = record.stamps.get(group) or (record.created,)
    return tuple(Claim(group, value, stamp) for stamp in stamps)


def _dots(current: Iterable[Claim], conflict: Conflict, before: Conflict | None) -> set[Dot]:
    claims = [*current, *conflict.candidates]
    dots: set[Dot] = set()
    for decision in (conflict.decision, before.decision if before is not None else None):
        if decision is not None:
            claims += decision.judged
            dots.add((decision.lane, decision.lane_seq))
    return dots | {(claim.stamp.lane, claim.stamp.lane_seq) for claim in claims}


@dataclass(frozen=True, slots=True)
class _Teller:
    mask: Mask
    entity: str
    voices: Voices

    def claims(self, claims: Iterable[Claim]) -> tuple[ClaimPage, ...]:
        return tuple(
            ClaimPage(
                claim.group,
                self.mask.group(self.entity, claim.group, claim.value),
                claim.stamp.lane,
                claim.stamp.lane_seq,
                self.voices.of((claim.stamp.lane, claim.stamp.lane_seq)),
            )
            for claim in claims
        )

    def decision(self, decision: Decision | None) -> DecisionPage | None:
        if decision is None:
            return None
        return DecisionPage(
            decision.choice,
            decision.reason,
            decision.lane,
            decision.lane_seq,
            self.voices.of((decision.lane, decision.lane_seq)),
            self.claims(decision.judged),
        )

    def origin(self, group: str, origin: Origin | None) -> OriginPage | None:
        if origin is None:
            return None
        return OriginPage(self.mask.group(self.entity, group, origin.value), origin.base)

    def name(self, record: Record | None) -> Json:
        if record is None:
            return None
        field = "nama" if record.entity == ANGGOTA else "nama_kepala_keluarga"
        shown = self.mask.fields(self.entity, {field: record.fields.get(field)})
        return shown.get(field)
