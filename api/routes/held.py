"""Filled forms that are not in the register yet: listed, read, let in, rejected."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.routes.reading import noted
from api.schemas.odk import (
    HeldDecided,
    HeldDetail,
    HeldFileView,
    HeldList,
    HeldView,
    ReleaseHeld,
)
from api.schemas.reviewing import Desa, RecordId, WithReason
from api.security import Principal
from api.services.claiming import note_claims
from api.services.held_pages import ShownLine, held_page, listed_held
from api.services.holding import HeldDecision, reject, release
from api.services.reviewers import reviewer_of
from api.shell import AppShell, Shell
from models.queries.holding import HELD_PER_PAGE_MAX
from sync.permission import Action

router = APIRouter(
    tags=["review"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=16 * 1024))
)

Reader = Annotated[Principal, allowed(Action.READ_QUARANTINE)]
Decider = Annotated[Principal, allowed(Action.DECIDE_QUARANTINE)]


@router.get("/v1/held")
def list_held(
    shell: AppShell,
    principal: Reader,
    desa: Annotated[Desa | None, Query()] = None,
    state: Literal["waiting", "released", "rejected", "all"] = "waiting",
    limit: Annotated[int, Query(ge=1, le=HELD_PER_PAGE_MAX)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> HeldList:
    """Forms from ODK Collect that wait for another one, or that could not be merged."""
    with shell.database.reading() as session:
        found, total = listed_held(
            session,
            reviewer_of(principal, shell),
            state=None if state == "all" else state,
            desa=desa,
            limit=limit,
            offset=offset,
        )
    return HeldList(held=[view_of(one) for one in found], total=total)


@router.get("/v1/held/{held}")
def get_held(held: RecordId, shell: AppShell, principal: Reader) -> HeldDetail:
    """One form as it came. The reading is on record."""
    with shell.database.reading() as session:
        page, reading = held_page(session, reviewer_of(principal, shell), held)
    noted(shell, page.line.line.held.desa, reading)
    return HeldDetail(
        held=view_of(page.line),
        xml=page.xml.decode("utf-8", "replace"),
        files=[
            HeldFileView(name=one.name, sha256=one.sha256, size=one.size, named=one.named)
            for one in page.files
        ],
    )


@router.post("/v1/held/{held}/release")
def post_release(
    held: RecordId, shell: AppShell, principal: Decider, body: ReleaseHeld | None = None
) -> HeldDecided:
    """Let a form in without what it waits for.

    It then knows what it says that it saw, and whatever it contradicts is asked about. A form of
    which nobody can tell the village comes in with the village that is named.
    """
    desa = body.desa if body is not None else None
    with shell.database.writing() as session:
        decided = release(session, reviewer_of(principal, shell), held, desa)
    return _told(shell, decided)


@router.post("/v1/held/{held}/reject")
def post_reject(
    held: RecordId, body: WithReason, shell: AppShell, principal: Decider
) -> HeldDecided:
    """Decide that a form is not merged. Its collector reads the reason in the list of families."""
    with shell.database.writing() as session:
        decided = reject(session, reviewer_of(principal, shell), held, body.reason)
    return _told(shell, decided)


def _told(shell: Shell, decided: HeldDecision) -> HeldDecided:
    if decided.niks:
        with shell.database.writing() as session:
            note_claims(session, decided.niks)
    return HeldDecided(
        id=decided.submission,
        state="released" if decided.state == "released" else "rejected",
        to_be_judged=decided.to_be_judged,
        followed=decided.followed,
    )


def view_of(shown: ShownLine) -> HeldView:
    """One line as it goes over the wire."""
    held, stored = shown.line.held, shown.line.submission
    return HeldView.model_validate(
        {
            "id": held.submission,
            "desa": held.desa,
            "reason": held.reason,
            "awaits": held.awaits,
            "state": held.state,
            "since": held.since,
            "form": stored.form_id,
            "version": stored.form_version,
            "instance": stored.instance,
            "record": stored.record,
            "rt": shown.line.rt,
            "account": stored.account_id,
            "account_name": shown.account_name,
            "decided_at": held.decided_at,
            "decided_by": held.decided_by,
            "words": held.words,
        }
    )
