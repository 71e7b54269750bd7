"""What people do with a round by form: steps, "RT selesai", the meeting, freezing, signing.

Each is the same service that the JSON doors call. A refusal becomes a page that says why.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.security import Principal
from api.services.keeping_files import Handover, keep_file
from api.services.musyawarah import Verdict, Wished, decide, meeting_page, write_meeting
from api.services.pins import prove_pin
from api.services.reviewers import reviewer_of
from api.services.round_checks import explain
from api.services.rounds import Asked, require_whole, step
from api.services.rt_statements import state_rt, withdraw_rt
from api.services.signing import KERTAS, Signing, approve, freeze, sign
from api.services.typed_values import Mistake, read_day
from api.shell import AppShell
from api.uploads import Upload, store_of
from api.web.language import Language, Speaking
from api.web.office_pages import Fields, OfficePage, OfficeUpload
from api.web.rendering import kept
from api.web.rounds.pages import ROUND
from models.queries.frozen import frozen_note
from models.queries.musyawarahs import Attendant, Meeting
from models.queries.rounds import Explained
from sync.operation import is_uuid
from sync.permission import Action
from sync.signoff import Event

router = APIRouter(tags=["pages"], responses=ANY_PROBLEM, route_class=OfficePage)
uploads = APIRouter(tags=["pages"], responses=ANY_PROBLEM, route_class=OfficeUpload)

LINE_MAX: Final = 200
TEXT_MAX: Final = 4000

Mover = Annotated[Principal, allowed(Action.MOVE_ROUND)]
Holder = Annotated[Principal, allowed(Action.HOLD_MUSYAWARAH)]
Signer = Annotated[Principal, allowed(Action.SIGN)]


@router.post(ROUND + "/{desa}/{period}/langkah", include_in_schema=False)
def take_step(
    request: Request, shell: AppShell, principal: Mover, language: Speaking, form: Fields
) -> Response:
    """The next step, or back with a reason; refused if somebody else was faster."""
    at = _at(request)
    try:
        event = Event(form.get("langkah", ""))
    except ValueError:
        raise AppError("malformed-request", "The form names no step.") from None
    asked = Asked(event, form.get("alasan", "")[:TEXT_MAX], _version(form))
    with shell.database.writing() as session:
        step(session, reviewer_of(principal, shell), *at, asked)
    return _back(request, language, "langkah")


@router.post(ROUND + "/{desa}/{period}/rt", include_in_schema=False)
def state_rt_by_form(
    request: Request,
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.STATE_RT_DONE)],
    language: Speaking,
    form: Fields,
) -> Response:
    """State an RT as done (RT selesai), or withdraw that."""
    at, rt = _at(request), form.get("rt", "")
    with shell.database.writing() as session:
        reviewer = reviewer_of(principal, shell)
        if form.get("tarik"):
            withdraw_rt(session, reviewer, *at, rt, form.get("alasan", "")[:TEXT_MAX])
        else:
            state_rt(session, reviewer, *at, rt)
    return _back(request, language, "rt", "#rt")


@router.post(ROUND + "/{desa}/{period}/alasan", include_in_schema=False)
def explain_by_form(
    request: Request, shell: AppShell, principal: Mover, language: Speaking, form: Fields
) -> Response:
    """Why a finding about a record stands although it looks wrong."""
    record, reason = form.get("data", ""), form.get("alasan", "").strip()[:TEXT_MAX]
    if not is_uuid(record) or not reason:
        raise AppError("malformed-request", "The form names no record, or gives no reason.")
    given = Explained(record, form.get("temuan", ""), reason, shell.now(), principal.account_id)
    with shell.database.writing() as session:
        explain(session, reviewer_of(principal, shell), *_at(request), given)
    return _back(request, language, "alasan", "#periksa")


@router.post(ROUND + "/{desa}/{period}/musyawarah", include_in_schema=False)
def write_meeting_by_form(
    request: Request, shell: AppShell, principal: Holder, language: Speaking, form: Fields
) -> Response:
    """Place, day, attendance and notes."""
    wished = Meeting(
        _version(form) or 0,
        form.get("tempat", "").strip()[:LINE_MAX],
        _day(form.get("tanggal", "")),
        attendants(form.get("hadir", "")),
        form.get("catatan", "").strip()[:TEXT_MAX],
    )
    with shell.database.writing() as session:
        write_meeting(session, reviewer_of(principal, shell), *_at(request), wished)
    return _back(request, language, "catatan", to="/musyawarah")


@router.post(ROUND + "/{desa}/{period}/keputusan", include_in_schema=False)
def decide_by_form(
    request: Request, shell: AppShell, principal: Holder, language: Speaking, form: Fields
) -> Response:
    """Decisions about the families of the agenda; those that were left alone are not written."""
    at = _at(request)
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        known = {line.family: line for line in meeting_page(session, reviewer, *at).agenda}
    wished = [
        one
        for one in _wished(form)
        if one.family not in known
        or (one.verdict.value, one.reason)
        != (known[one.family].decision, known[one.family].reason or "")
    ]
    if wished:
        with shell.database.writing() as session:
            decide(session, reviewer, *at, wished, _version(form))
    return _back(request, language, "keputusan", to="/musyawarah")


@router.post(ROUND + "/{desa}/{period}/beku", include_in_schema=False)
def freeze_by_form(
    request: Request, shell: AppShell, principal: Mover, language: Speaking
) -> Response:
    """Freeze the village as it is: what is printed next."""
    with shell.database.writing() as session:
        freeze(session, reviewer_of(principal, shell), shell.settings.secret, *_at(request))
    return _back(request, language, "beku", "#pengesahan")


@router.post(ROUND + "/{desa}/{period}/setuju", include_in_schema=False)
def approve_by_form(
    request: Request, shell: AppShell, principal: Mover, language: Speaking, form: Fields
) -> Response:
    """A second person approves what was frozen."""
    with shell.database.writing() as session:
        approve(session, reviewer_of(principal, shell), *_at(request), form.get("sidik", ""))
    return _back(request, language, "setuju", "#pengesahan")


@router.post(ROUND + "/{desa}/{period}/tanda-tangan", include_in_schema=False)
def sign_by_form(
    request: Request, shell: AppShell, principal: Signer, language: Speaking, form: Fields
) -> Response:
    """The village head signs with the own PIN."""
    at, secret = _at(request), shell.settings.secret
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        require_whole(session, reviewer, at[0])
    prove_pin(shell.database, secret, principal.account_id, form.get("pin", ""), shell.now())
    with shell.database.writing() as session:
        sign(session, reviewer, secret, at, Signing(form.get("sidik", "")))
    return _back(request, language, "sah", "#pengesahan")


@uploads.post(ROUND + "/{desa}/{period}/pindaian", include_in_schema=False)
def hand_in_scan_by_form(
    request: Request,
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.SIGN_ON_PAPER)],
    language: Speaking,
    upload: Upload,
) -> Response:
    """The scan of the signed berita acara: kept, and bound to the hash that the paper bears."""
    desa, period = _at(request)
    reviewer, form = reviewer_of(principal, shell), upload.fields
    digest = form.get("sidik", "")
    with shell.database.writing() as session:
        require_whole(session, reviewer, desa)
        note = frozen_note(session, desa, digest)
        if note is None or note.period != period:
            raise AppError("not-found", "Nothing of that hash was frozen in this round.")
        held = keep_file(session, store_of(shell), reviewer, Handover(desa, upload.received))
        wanted = Signing(digest, KERTAS, held.sha256, bool(form.get("terlambat")))
        sign(session, reviewer, shell.settings.secret, (desa, period), wanted)
    return _back(request, language, "sah", "#pengesahan")


def attendants(text: str) -> tuple[Attendant, ...]:
    """A person a line: `name; role`, and `; v` behind whoever has signed."""
    found = []
    for line in text.splitlines():
        name, role, signed = (*(part.strip() for part in line.split(";")), "", "", "")[:3]
        if name:
            found.append(Attendant(name[:LINE_MAX], role[:LINE_MAX], bool(signed)))
    return tuple(found)


def _wished(form: Mapping[str, str]) -> list[Wished]:
    found = []
    for name, chosen in form.items():
        what, _, family = name.partition(".")
        if what == "putusan" and chosen:
            if chosen not in set(Verdict):
                raise AppError("malformed-request", "A decision is none that can be made.")
            reason = form.get(f"alasan.{family}", "").strip()[:TEXT_MAX]
            found.append(Wished(family, Verdict(chosen), reason))
    return found


def _at(request: Request) -> tuple[str, str]:
    return request.path_params["desa"], request.path_params["period"]


def _version(form: Mapping[str, str]) -> int | None:
    text = form.get("versi", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _day(text: str) -> date | None:
    try:
        day = read_day(text)
    except Mistake:
        raise AppError("value-refused", "The day is written 31-12-2026.") from None
    return None if day is None else date.fromisoformat(day)


def _back(
    request: Request, language: Language, done: str, anchor: str = "", *, to: str = ""
) -> Response:
    desa, period = _at(request)
    query = kept(request, language)
    told = f"{query}&selesai={done}" if query else f"?selesai={done}"
    return RedirectResponse(f"{ROUND}/{desa}/{period}{to}{told}{anchor}", status_code=303)
