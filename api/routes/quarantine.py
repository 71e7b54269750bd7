"""Operations that could not be merged: listed, read, let in, rejected."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.routes.reading import noted
from api.schemas.reviewing import (
    Desa,
    QuarantineDecided,
    QuarantineLineView,
    QuarantineList,
    QuarantineView,
    RecordId,
    ReleasedEntry,
    ReleaseDevice,
    VoiceView,
    WithReason,
)
from api.security import Principal
from api.services.claiming import note_claims
from api.services.quarantine_pages import QuarantineLine, listed_quarantine, quarantine_page
from api.services.releasing import (
    RELEASED_AT_ONCE_MAX,
    ReleaseOutcome,
    reject,
    release,
    release_one,
    waiting_villages,
)
from api.services.reviewers import reviewer_of
from api.shell import AppShell, Shell
from models.queries.quarantine import QUARANTINE_PER_PAGE_MAX
from sync.permission import Action

DEVICE_ENTRIES_MAX: Final = 10 * RELEASED_AT_ONCE_MAX
"""Of a revoked device in one request; the answer says whether there is more."""

router = APIRouter(
    tags=["review"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=16 * 1024))
)

Reader = Annotated[Principal, allowed(Action.READ_QUARANTINE)]
Decider = Annotated[Principal, allowed(Action.DECIDE_QUARANTINE)]


@router.get("/v1/quarantine")
def list_quarantine(
    shell: AppShell,
    principal: Reader,
    desa: Annotated[Desa | None, Query()] = None,
    state: Literal["waiting", "released", "rejected", "all"] = "waiting",
    limit: Annotated[int, Query(ge=1, le=QUARANTINE_PER_PAGE_MAX)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> QuarantineList:
    """Entries in the caller's area, the oldest first; no values are shown."""
    with shell.database.reading() as session:
        found, total = listed_quarantine(
            session,
            reviewer_of(principal, shell),
            state=None if state == "all" else state,
            desa=desa,
            limit=limit,
            offset=offset,
        )
    return QuarantineList(entries=[_line(one) for one in found], total=total)


@router.get("/v1/quarantine/{entry}")
def get_entry(entry: RecordId, shell: AppShell, principal: Reader) -> QuarantineView:
    """One entry with the operation as it was sent. The reading is on record."""
    with shell.database.reading() as session:
        page, reading = quarantine_page(session, reviewer_of(principal, shell), entry)
    noted(shell, page.line.entry.desa, reading)
    return QuarantineView(
        entry=_line(page.line),
        kind=page.kind,
        sent=dict(page.sent),
        voice=VoiceView.model_validate(page.voice),
        dependents=list(page.dependents),
    )


@router.post("/v1/quarantine/release")
def release_device(body: ReleaseDevice, shell: AppShell, principal: Decider) -> QuarantineDecided:
    """Let in everything that a revoked device had still to hand over, village by village."""
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        villages = waiting_villages(session, reviewer, body.device, DEVICE_ENTRIES_MAX + 1)
    results: list[ReleasedEntry] = []
    left = DEVICE_ENTRIES_MAX
    for desa, ids in villages.items():
        chosen = ids[:left]
        left -= len(chosen)
        for start in range(0, len(chosen), RELEASED_AT_ONCE_MAX):
            chunk = chosen[start : start + RELEASED_AT_ONCE_MAX]
            results += _released(shell, principal, desa, chunk)
    return QuarantineDecided(
        results=results, more=sum(len(ids) for ids in villages.values()) > DEVICE_ENTRIES_MAX
    )


@router.post("/v1/quarantine/{entry}/release")
def post_release(entry: RecordId, shell: AppShell, principal: Decider) -> QuarantineDecided:
    """Let one operation in, with those that depend on it.

    What still cannot be merged is told with the reason of today, and goes on waiting.
    """
    with shell.database.writing() as session:
        outcome = release_one(session, reviewer_of(principal, shell), entry)
    return QuarantineDecided(results=_told(shell, outcome))


@router.post("/v1/quarantine/{entry}/reject")
def post_reject(
    entry: RecordId, body: WithReason, shell: AppShell, principal: Decider
) -> QuarantineDecided:
    """Decide that an operation is not merged, and with it what depends on it."""
    with shell.database.writing() as session:
        outcome = reject(session, reviewer_of(principal, shell), entry, body.reason)
    return QuarantineDecided(results=_told(shell, outcome))


def _released(shell: Shell, principal: Principal, desa: str, ids: list[str]) -> list[ReleasedEntry]:
    """One chunk in a transaction of its own; what somebody else has decided is passed over."""
    try:
        with shell.database.writing() as session:
            outcome = release(session, reviewer_of(principal, shell), desa, ids)
    except AppError as error:
        if error.code == "already-decided":
            return []
        raise
    return _told(shell, outcome)


def _told(shell: Shell, outcome: ReleaseOutcome) -> list[ReleasedEntry]:
    if outcome.niks:
        with shell.database.writing() as session:
            note_claims(session, outcome.niks)
    return [ReleasedEntry.model_validate(one) for one in outcome.results]


def _line(line: QuarantineLine) -> QuarantineLineView:
    entry = line.entry
    return QuarantineLineView(
        id=entry.id,
        desa=entry.desa,
        lane=entry.lane,
        lane_seq=entry.lane_seq,
        record=entry.record,
        creates=entry.creates,
        problem=entry.problem,
        detail=entry.detail,
        cause=entry.cause,
        state=_state(entry.state),
        account=entry.account_id,
        account_name=line.account_name,
        received_at=entry.received_at,
        decided_at=entry.decided_at,
        decided_by=entry.decided_by,
        reason=entry.reason,
    )


def _state(stored: str) -> Literal["waiting", "released", "rejected"]:
    if stored == "released":
        return "released"
    return "rejected" if stored == "rejected" else "waiting"
