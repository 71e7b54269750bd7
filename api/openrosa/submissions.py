"""Where filled forms come in.

HEAD says that the door is here and how much fits through it; it names no other place, because a
phone that is sent elsewhere forgets the limit. POST answers 201 or 202, whatever the form says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session

from api.errors import AppError
from api.formats.xform.submission import (
    XML_BYTES_MAX,
    Instance,
    Refused,
    Unreadable,
    read_instance,
)
from api.openrosa.addresses import BY_KEY, BY_NAME
from api.openrosa.answers import HEADERS, OpenRosaRoute, message
from api.openrosa.bodies import INCOMPLETE_PART, XML_PART, Body, Part
from api.openrosa.holders import KeyHolder
from api.openrosa.one_hop import Company, Knock, Received, one_hop
from api.security import SEEN_EVERY, DeviceToken, Principal
from api.services.claiming import note_claims
from api.services.form_book import mapping_of
from api.services.reviewers import ground_of
from api.services.submitting import Arrival, Site, Taken, submit
from api.services.submitting_ahead import land_ahead, look
from api.services.submitting_files import Arrived, Offered, keep_files
from api.services.submitting_places import Collector
from api.services.submitting_together import Sent, submit_together
from api.shell import AppShell, Shell
from api.uploads import store_of
from models.database import Busy, StorageFull
from models.queries import devices
from models.queries.feeds import SenderState
from models.queries.landing import are_on_one_node
from models.queries.submissions import MERGED
from sync.permission import Action
from sync.types import Record

DOOR: Final = "/submission"
"""How the addresses of this door end."""
YES = b"yes"
PLAIN_BYTES_MAX: Final = 64 * 1024
"""Ten times a form of sixty questions. Whoever sends more does not keep a crowd waiting."""

_log = structlog.get_logger("openrosa")

Sender = Annotated[Principal, Depends(KeyHolder(Action.SYNC))]

router = APIRouter(route_class=OpenRosaRoute, include_in_schema=False)


def head_submission(_: Sender) -> Response:
    """The door is here. No `Location`: the phone would go there and forget the limit."""
    return Response(status_code=204, headers=HEADERS)


def post_submission(request: Request, shell: AppShell, sender: Sender, body: Received) -> Response:
    """Take a form in; the answer leaves after everything of it was committed."""
    read = _read(request, body)
    files = _keep_files(shell, body, read.files)
    collector = _collector(sender)
    with shell.database.writing() as session:
        arrival = _arrival(session, read, files)
        taken = submit(session, collector, arrival, _site(shell))
        _mark_seen(shell, sender, session)
    _note_claims(shell, taken.niks)
    return _answered(taken, is_revoked=sender.revoked)


def post_together(shell: Shell, knocks: Sequence[Knock]) -> Sequence[Response | None]:
    """Take in the forms of a village that came at the same time.

    Whatever is wrong with one of them is found again, and said, when it comes alone.
    """
    try:
        with shell.database.writing() as session:
            sent = [_sent(session, knock) for knock in knocks]
            listed = [one for one in sent if one is not None]
            taken = iter(submit_together(session, knocks[0].village, listed, _site(shell)))
            answers = [next(taken) if one is not None else None for one in sent]
            for knock, answer in zip(knocks, answers, strict=True):
                if answer is not None:
                    _mark_seen(shell, knock.sender, session)
    except (Busy, StorageFull):
        raise
    except Exception as error:  # noqa: BLE001 (whatever it is, each of them is asked alone)
        _log.warning("not together", forms=len(knocks), kind=type(error).__name__)
        return [None] * len(knocks)
    return _all_answered(shell, knocks, answers)


def post_ahead(shell: Shell, knocks: Sequence[Knock]) -> Sequence[Response | None]:
    """Take in forms of any villages, of each village those that are decided in no time.

    The others have left no trace; they are heard in their village's turn.
    """
    taken: dict[int, Taken] = {}
    try:
        with shell.database.landing() as session:
            if not are_on_one_node(session):
                return [None] * len(knocks)
            sent = {n: one for n, knock in enumerate(knocks) if (one := _sent(session, knock))}
            numbers = list(sent)
            addressed = [(knocks[n].village, one) for n, one in sent.items()]
            seen = look(session, addressed, _site(shell))
            taken = {numbers[n]: one for n, one in seen.answers.items()}
            landed = land_ahead(session, seen.decided(session))
            taken |= {numbers[n]: one for n, one in landed.items()}
        _mark_all_seen(shell, [knocks[n].sender for n in taken])
    except Exception as error:  # noqa: BLE001 (whatever it is, each village is asked for its own)
        _log.warning("not ahead", forms=len(knocks), kind=type(error).__name__)
    return _all_answered(shell, knocks, [taken.get(n) for n in range(len(knocks))])


def _all_answered(
    shell: Shell, knocks: Sequence[Knock], answers: Sequence[Taken | None]
) -> list[Response | None]:
    _note_claims(shell, [nik for answer in answers if answer is not None for nik in answer.niks])
    return [
        None if answer is None else _answered(answer, is_revoked=knock.sender.revoked)
        for knock, answer in zip(knocks, answers, strict=True)
    ]


def _is_plain(body: Body) -> bool:
    """Is it a form without files, no larger than others would wait for?"""
    try:
        return body.size <= PLAIN_BYTES_MAX and len(body.parts()) == 1
    except AppError:
        return False  # and it is said why, when it comes alone


_FORMS: Final = one_hop(Company(_is_plain, post_ahead, post_together))
for _base in (BY_KEY, BY_NAME):
    # A hundred forms come for each question whether the door is here: it is compared second.
    router.add_api_route(
        f"{_base}{DOOR}", post_submission, methods=["POST"], route_class_override=_FORMS
    )
    router.add_api_route(f"{_base}{DOOR}", head_submission, methods=["HEAD"])


@dataclass(frozen=True, slots=True)
class _Read:
    """A request in its parts."""

    raw: bytes
    instance: Instance | None
    files: list[Part]
    is_last: bool
    agent: str


def _read(request: Request, body: Body) -> _Read:
    parts = body.parts()
    raw = _xml(body, parts)
    try:
        instance = read_instance(raw)
    except Unreadable:
        instance = None
    except Refused:
        raise AppError("not-a-form") from None
    # Every part but the form itself is a file, whether it says so or not.
    files = [part for part in parts if part.name not in (XML_PART, INCOMPLETE_PART)]
    is_last = not any(p.name == INCOMPLETE_PART and body.whole(p).strip() == YES for p in parts)
    return _Read(raw, instance, files, is_last, request.headers.get("user-agent", ""))


def _xml(body: Body, parts: list[Part]) -> bytes:
    found = next((part for part in parts if part.name == XML_PART), None)
    if found is None:
        raise AppError("not-a-form")
    if found.end - found.begin > XML_BYTES_MAX:
        raise AppError("not-a-form")
    return body.whole(found)


def _arrival(session: Session, read: _Read, files: Sequence[Arrived]) -> Arrival:
    mapping = None
    if read.instance is not None:
        mapping = mapping_of(session, read.instance.form_id, read.instance.version)
    return Arrival(read.raw, read.instance, mapping, files, read.is_last, read.agent)


def _sent(session: Session, knock: Knock) -> Sent | None:
    """A form without files; nothing for what is none."""
    try:
        read = _read(knock.request, knock.body)
    except AppError:
        return None
    return Sent(_collector(knock.sender), _arrival(session, read, ()))


def _keep_files(shell: Shell, body: Body, parts: Sequence[Part]) -> list[Arrived]:
    if not parts:
        return []
    offered = (
        Offered(part.filename or part.name, part.media_type, body.chunks(part)) for part in parts
    )
    return keep_files(store_of(shell), shell.randomness, offered)


def _site(shell: Shell) -> Site:
    return Site(shell.now(), ground_of(shell.settings), shell.randomness)


def _collector(sender: Principal) -> Collector:
    assert sender.device_id is not None, "a key belongs to a device"
    assert sender.token is not None, "and says since when"
    return Collector(
        sender.device_id,
        sender.account_id,
        sender.role,
        sender.scope,
        sender.revoked,
        sender.token.since,
        remembered=_state(sender, sender.token) if sender.remembered else None,
    )


def _state(sender: Principal, token: DeviceToken) -> SenderState:
    return SenderState(
        token.present_digest, sender.revoked, sender.role.value, sender.scope.version
    )


def _mark_all_seen(shell: Shell, senders: Sequence[Principal]) -> None:
    late = [sender for sender in senders if _is_late(sender, shell.now())]
    if late:
        with shell.database.writing() as session:
            for sender in late:
                _mark_seen(shell, sender, session)


def _is_late(sender: Principal, now: datetime) -> bool:
    """Was it long ago that the phone was noted here?"""
    assert sender.token is not None, "a key says since when"
    last = sender.token.last_seen_at
    return last is None or now - last >= SEEN_EVERY


def _mark_seen(shell: Shell, sender: Principal, session: Session) -> None:
    token, now = sender.token, shell.now()
    assert sender.device_id is not None, "a key belongs to a device"
    assert token is not None, "and says since when"
    if _is_late(sender, now):
        devices.mark_seen(session, sender.device_id, now)
        seen = replace(sender, token=replace(token, last_seen_at=now), remembered=True)
        shell.senders.keep(token.present_digest, seen, now)


def _note_claims(shell: Shell, niks: Sequence[Record]) -> None:
    """Apart from the forms, which are committed: a village's transaction stays in its village."""
    if not niks:
        return
    try:
        with shell.database.writing() as session:
            note_claims(session, niks)
    except Exception as error:  # noqa: BLE001 (whatever it is, the form was committed)
        _log.warning("claims not noted", kind=type(error).__name__)


def _answered(taken: Taken, *, is_revoked: bool) -> Response:
    """201 for what is in the register, 202 for what waits; both end the phone's sending."""
    status = 201 if taken.state == MERGED and not is_revoked else 202
    waiting = taken.to_be_judged
    if taken.words:
        text = taken.words
    elif taken.is_repeated and not waiting:
        text = "Sudah diterima sebelumnya."
    else:
        text = f"Diterima; {waiting} data menunggu pemeriksaan." if waiting else "Diterima."
    return message(text, status)
