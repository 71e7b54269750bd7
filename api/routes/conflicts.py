"""Questions for a person: listed, read, answered, asked again."""

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.routes.reading import noted
from api.schemas.reviewing import (
    ConflictLine,
    ConflictList,
    ConflictView,
    DecidedView,
    Desa,
    RecordId,
    Resolve,
    WithReason,
)
from api.security import Principal
from api.services.claiming import note_claims
from api.services.conflict_pages import conflict_page, listed_conflicts
from api.services.reviewers import reviewer_of
from api.services.reviewing import Decided, Resolution, resolve, undo
from api.shell import AppShell, Shell
from models.queries.conflicts import CONFLICTS_PER_PAGE_MAX
from sync.permission import Action
from sync.types import ConflictState

router = APIRouter(
    tags=["review"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=64 * 1024))
)

Reader = Annotated[Principal, allowed(Action.READ_CONFLICTS)]
Resolver = Annotated[Principal, allowed(Action.RESOLVE_CONFLICT)]
IfMatch = Annotated[str | None, Header(max_length=64)]
Limit = Annotated[int, Query(ge=1, le=CONFLICTS_PER_PAGE_MAX)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]

_VERSION = re.compile(r'(?:W/)?"?([0-9]{1,16})"?')


@router.get("/v1/conflicts")
def list_conflicts(
    shell: AppShell,
    principal: Reader,
    desa: Annotated[Desa | None, Query()] = None,
    state: Literal["open", "resolved", "withdrawn", "all"] = "open",
    limit: Limit = 50,
    offset: Offset = 0,
) -> ConflictList:
    """Conflicts in the caller's area, the oldest first; no values are shown."""
    with shell.database.reading() as session:
        found, total = listed_conflicts(
            session,
            reviewer_of(principal, shell),
            state=None if state == "all" else ConflictState(state),
            desa=desa,
            limit=limit,
            offset=offset,
        )
    return ConflictList(conflicts=[ConflictLine.model_validate(one) for one in found], total=total)


@router.get("/v1/conflicts/{conflict}")
def get_conflict(
    conflict: RecordId, shell: AppShell, principal: Reader, response: Response
) -> ConflictView:
    """One conflict in full, with its version as ETag. The reading is on record."""
    with shell.database.reading() as session:
        page, entry = conflict_page(session, reviewer_of(principal, shell), conflict)
    noted(shell, page.summary.desa, entry)
    response.headers["ETag"] = etag(page.summary.version)
    return ConflictView.model_validate(page)


@router.post("/v1/conflicts/{conflict}/resolution")
def post_resolution(
    conflict: RecordId,
    body: Resolve,
    shell: AppShell,
    principal: Resolver,
    response: Response,
    if_match: IfMatch = None,
) -> DecidedView:
    """Settle the conflict. If it has changed meanwhile: 412, and nothing is kept."""
    if if_match is None:
        raise AppError("precondition-required")
    dot = body.candidate
    answer = Resolution(
        body.choice,
        body.reason,
        None if dot is None else (dot.lane, dot.lane_seq),
        body.value,
    )
    version = version_of(if_match)
    with shell.database.writing() as session:
        reviewer = reviewer_of(principal, shell)
        decided = resolve(session, reviewer, conflict, version, answer)
    return _told(shell, decided, response)


@router.post("/v1/conflicts/{conflict}/undo")
def post_undo(
    conflict: RecordId,
    body: WithReason,
    shell: AppShell,
    principal: Resolver,
    response: Response,
    if_match: IfMatch = None,
) -> DecidedView:
    """Ask the question again, while nothing was built upon the decision. If-Match is optional."""
    version = None if if_match is None else version_of(if_match)
    with shell.database.writing() as session:
        decided = undo(session, reviewer_of(principal, shell), conflict, version, body.reason)
    return _told(shell, decided, response)


def _told(shell: Shell, decided: Decided, response: Response) -> DecidedView:
    if decided.niks:
        # Apart from the decision, which is committed: a village's transaction stays there.
        with shell.database.writing() as session:
            note_claims(session, decided.niks)
    conflict = decided.conflict
    if conflict is None:
        return DecidedView(conflict=None, state=None, version=None, at=decided.at)
    response.headers["ETag"] = etag(conflict.version)
    return DecidedView(
        conflict=conflict.id, state=conflict.state, version=conflict.version, at=decided.at
    )


def etag(version: int) -> str:
    """A version as the header ETag says it."""
    return f'"{version}"'


def version_of(if_match: str) -> int:
    """The version that If-Match names. Raises `AppError` `version-changed` for anything else."""
    match = _VERSION.fullmatch(if_match.strip())
    if match is None:
        raise AppError("version-changed")
    return int(match[1])
