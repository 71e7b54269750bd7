"""Records for the office: listed, read, with their history; merged, and parted again."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.routes.reading import noted
from api.schemas.reviewing import (
    Desa,
    HistoryView,
    MergeRecords,
    RecordId,
    RecordLineView,
    RecordList,
    RecordsDecided,
    RecordView,
    SharedNikList,
    SharedNikView,
    SimilarList,
    SimilarView,
    WithReason,
)
from api.security import Principal
from api.services.claiming import note_claims, shared_niks
from api.services.histories import history_of
from api.services.record_pages import line_of, listed_lines, record_page, similar_records
from api.services.reviewers import reviewer_of
from api.services.reviewing import Decided, merge, separate
from api.shell import AppShell, Shell
from models.queries.browsing import RECORDS_PER_PAGE_MAX, Wanted
from models.queries.nik_claims import SHARED_PER_PAGE_MAX
from sync.permission import Action

NUMBER_DIGITS_MIN = 16
HISTORY_PER_PAGE_MAX = 500

router = APIRouter(
    tags=["review"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=16 * 1024))
)

Reader = Annotated[Principal, allowed(Action.READ_RECORDS)]
Historian = Annotated[Principal, allowed(Action.READ_HISTORY)]
Resolver = Annotated[Principal, allowed(Action.RESOLVE_CONFLICT)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]
NamePart = Annotated[
    str | None,
    Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$", description="Part of a name"),
]


def wanted_records(
    desa: Annotated[Desa, Query()],
    q: NamePart = None,
    entity: Literal["keluarga", "anggota"] | None = None,
) -> Wanted:
    """Which records of which village. Raises `AppError` for a number in the address."""
    if q is not None and sum(letter.isdigit() for letter in q) >= NUMBER_DIGITS_MIN:
        raise AppError("value-refused", "A NIK or No KK does not belong in an address.")
    return Wanted(desa, entity, q.strip() if q else None)


@router.get("/v1/records")
def list_records(
    shell: AppShell,
    principal: Reader,
    wanted: Annotated[Wanted, Depends(wanted_records)],
    limit: Annotated[int, Query(ge=1, le=RECORDS_PER_PAGE_MAX)] = 50,
    offset: Offset = 0,
) -> RecordList:
    """Families and persons of a village; numbers show their last four digits."""
    with shell.database.reading() as session:
        reviewer = reviewer_of(principal, shell)
        found, total = listed_lines(session, reviewer, wanted, limit=limit, offset=offset)
    return RecordList(records=[RecordLineView.model_validate(one) for one in found], total=total)


@router.get("/v1/records/{record}")
def get_record(record: RecordId, shell: AppShell, principal: Reader) -> RecordView:
    """One record in full, with doubts and open conflicts. The reading is on record."""
    with shell.database.reading() as session:
        page, reading = record_page(session, reviewer_of(principal, shell), record)
    noted(shell, page.desa, reading)
    return RecordView.model_validate(page)


@router.get("/v1/records/{record}/history")
def get_history(
    record: RecordId,
    shell: AppShell,
    principal: Historian,
    limit: Annotated[int, Query(ge=1, le=HISTORY_PER_PAGE_MAX)] = 100,
    offset: Offset = 0,
) -> HistoryView:
    """Every value that was ever entered, by whom, when, with which outcome."""
    with shell.database.reading() as session:
        reviewer = reviewer_of(principal, shell)
        page, reading = history_of(session, reviewer, record, limit=limit, offset=offset)
    noted(shell, page.desa, reading)
    return HistoryView.model_validate(page)


@router.get("/v1/records/{record}/similar")
def get_similar(record: RecordId, shell: AppShell, principal: Historian) -> SimilarList:
    """Who else in the village this might be. A suggestion; nothing is merged by itself."""
    with shell.database.reading() as session:
        desa, found, reading = similar_records(session, reviewer_of(principal, shell), record)
    noted(shell, desa, reading)
    return SimilarList(similar=[SimilarView.model_validate(one) for one in found])


@router.post("/v1/records/{record}/merge")
def post_merge(
    record: RecordId, body: MergeRecords, shell: AppShell, principal: Resolver
) -> RecordsDecided:
    """Make this record an alias of another one of its village. It can be undone."""
    with shell.database.writing() as session:
        reviewer = reviewer_of(principal, shell)
        decided = merge(session, reviewer, record, body.into, body.reason)
    _note(shell, decided)
    return RecordsDecided(record=record, alias=body.into, at=decided.at)


@router.post("/v1/records/{record}/separate")
def post_separate(
    record: RecordId, body: WithReason, shell: AppShell, principal: Resolver
) -> RecordsDecided:
    """Part a record from the one it was merged into."""
    with shell.database.writing() as session:
        decided = separate(session, reviewer_of(principal, shell), record, body.reason)
    _note(shell, decided)
    return RecordsDecided(record=record, alias=None, at=decided.at)


@router.get("/v1/duplicates")
def list_duplicates(
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.READ_CONFLICTS)],
    area: Annotated[str | None, Query(pattern=r"^(\d{2}|\d{4}|\d{6}|\d{10})$")] = None,
    limit: Annotated[int, Query(ge=1, le=SHARED_PER_PAGE_MAX)] = 50,
    offset: Offset = 0,
) -> SharedNikList:
    """NIKs that persons of several villages bear, where the caller's area covers them."""
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        found, more = shared_niks(session, reviewer.sight, area, limit=limit, offset=offset)
    return SharedNikList(
        shared=[
            SharedNikView(
                nik=one.nik,
                bearers=[
                    RecordLineView.model_validate(line_of(person, reviewer))
                    for person in one.bearers
                ],
            )
            for one in found
        ],
        more=more,
    )


def _note(shell: Shell, decided: Decided) -> None:
    if decided.niks:
        with shell.database.writing() as session:
            note_claims(session, decided.niks)
