"""The musyawarah and what the village signs: written down, frozen, approved, signed."""

from typing import Annotated

from fastapi import APIRouter, Response

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.routes.conflicts import IfMatch, etag, version_of
from api.routes.rounds import VillagePeriod
from api.schemas.signoff import (
    FrozenView,
    MeetingVersion,
    MeetingView,
    NamedHash,
    SetPin,
    SignOnPaper,
    SignWithPin,
    WriteDecisions,
    WriteMeeting,
)
from api.security import Principal
from api.services.acts import act_of
from api.services.musyawarah import Wished, decide, meeting_page, write_meeting
from api.services.pins import hashed_pin, prove_pin, set_pin
from api.services.reviewers import reviewer_of
from api.services.signing import KERTAS, Signing, approve, freeze, sign
from api.services.signing_in import prove_password
from api.shell import AppShell
from models.queries.musyawarahs import Attendant, Meeting
from sync.permission import Action

router = APIRouter(
    tags=["rounds"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=512 * 1024))
)

Reader = Annotated[Principal, allowed(Action.READ_ROUND)]
Writer = Annotated[Principal, allowed(Action.HOLD_MUSYAWARAH)]
Mover = Annotated[Principal, allowed(Action.MOVE_ROUND)]
Signer = Annotated[Principal, allowed(Action.SIGN)]


@router.get("/v1/rounds/{desa}/{period}/musyawarah")
def get_musyawarah(
    at: VillagePeriod, shell: AppShell, principal: Reader, response: Response
) -> MeetingView:
    """The meeting with its agenda and decisions, and its version as ETag."""
    with shell.database.reading() as session:
        page = meeting_page(session, reviewer_of(principal, shell), *at)
    response.headers["ETag"] = etag(page.version)
    return MeetingView.model_validate(page)


@router.put("/v1/rounds/{desa}/{period}/musyawarah")
def put_musyawarah(
    at: VillagePeriod,
    body: WriteMeeting,
    shell: AppShell,
    principal: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> MeetingVersion:
    """Write place, day, attendance and notes down at exactly the version that was seen."""
    if if_match is None:
        raise AppError("precondition-required")
    came = tuple(Attendant(one.nama, one.peran, one.tanda_tangan) for one in body.attendance)
    wished = Meeting(version_of(if_match), body.place, body.held_on, came, body.notes)
    with shell.database.writing() as session:
        reviewer = reviewer_of(principal, shell)
        meeting = write_meeting(session, reviewer, *at, wished)
    response.headers["ETag"] = etag(meeting.version)
    return MeetingVersion(version=meeting.version)


@router.post("/v1/rounds/{desa}/{period}/decisions")
def post_decisions(
    at: VillagePeriod,
    body: WriteDecisions,
    shell: AppShell,
    principal: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> MeetingVersion:
    """Write decisions about families down. If-Match is optional: each names its family."""
    version = None if if_match is None else version_of(if_match)
    wished = [Wished(one.family, one.decision, one.reason or "") for one in body.decisions]
    with shell.database.writing() as session:
        reviewer = reviewer_of(principal, shell)
        meeting = decide(session, reviewer, *at, wished, version)
    response.headers["ETag"] = etag(meeting.version)
    return MeetingVersion(version=meeting.version)


@router.post("/v1/rounds/{desa}/{period}/frozen", status_code=201)
def post_frozen(at: VillagePeriod, shell: AppShell, principal: Mover) -> FrozenView:
    """Freeze the village as it is now: a draft to print, until its hash is signed."""
    with shell.database.writing() as session:
        reviewer = reviewer_of(principal, shell)
        note = freeze(session, reviewer, shell.settings.secret, *at)
    return FrozenView.model_validate(note)


@router.post("/v1/rounds/{desa}/{period}/approval")
def post_approval(
    at: VillagePeriod, body: NamedHash, shell: AppShell, principal: Mover
) -> FrozenView:
    """Approve a frozen village, so that nobody signs alone what they edited."""
    with shell.database.writing() as session:
        reviewer = reviewer_of(principal, shell)
        note = approve(session, reviewer, *at, body.hash)
    return FrozenView.model_validate(note)


@router.post("/v1/rounds/{desa}/{period}/signature")
def post_signature(
    at: VillagePeriod, body: SignWithPin, shell: AppShell, principal: Signer
) -> FrozenView:
    """Sign a frozen village with the own PIN. It stays as it is for ever."""
    secret = shell.settings.secret
    prove_pin(shell.database, secret, principal.account_id, body.pin, shell.now())
    with shell.database.writing() as session:
        reviewer = reviewer_of(principal, shell)
        note = sign(session, reviewer, secret, at, Signing(body.hash))
    return FrozenView.model_validate(note)


@router.post("/v1/rounds/{desa}/{period}/paper-signature")
def post_paper_signature(
    at: VillagePeriod,
    body: SignOnPaper,
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.SIGN_ON_PAPER)],
) -> FrozenView:
    """Hand in the scan of the signed berita acara that bears this hash."""
    wanted = Signing(body.hash, KERTAS, body.scan, body.accept_later)
    with shell.database.writing() as session:
        reviewer = reviewer_of(principal, shell)
        note = sign(session, reviewer, shell.settings.secret, at, wanted)
    return FrozenView.model_validate(note)


@router.put("/v1/me/pin", status_code=204)
def put_pin(body: SetPin, shell: AppShell, principal: Signer) -> Response:
    """Set the own PIN; the password proves who does it."""
    account = prove_password(shell, principal.name, body.password)
    pin = hashed_pin(shell.settings.secret, account.id, body.pin, shell.randomness)
    with shell.database.writing() as session:
        set_pin(session, account, pin, act_of(principal, shell))
    return Response(status_code=204)
