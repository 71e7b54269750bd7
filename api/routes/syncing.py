"""The phones' normal door: push, pull, and both at once.

Bodies are read leniently (`api.schemas.syncing`), because a phone's work is never refused for one
bad operation. A request is one transaction; the answer leaves after it was committed.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Final

import orjson
import structlog
from fastapi import APIRouter, Depends, Request, Response

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.schemas.syncing import SYNC_DOCUMENTATION, SyncRequest, sync_request
from api.security import Principal
from api.services.claiming import note_claims
from api.services.isolating import push_through
from api.services.syncing import (
    Synced,
    check_dialect,
    check_scope,
    check_size,
    contact_due,
    pull_only,
    push_and_pull,
)
from api.settings import Settings
from api.shell import AppShell, Shell
from models.canonical import canonical_json
from models.queries.auditing import append
from sync.batch import Incoming, read_batch
from sync.permission import Action

JSON_MEDIA_TYPE: Final = "application/json"

_log = structlog.get_logger("sync")

Pusher = Annotated[Principal, allowed(Action.SYNC, device_only=True)]
Puller = Annotated[Principal, allowed(Action.PULL, device_only=True)]


async def raw_body(request: Request) -> bytes:
    """The body's bytes, read under the route's limits."""
    return await request.body()


RawBody = Annotated[bytes, Depends(raw_body)]


def syncing_router(settings: Settings) -> APIRouter:
    """Routes whose bodies stay within the installation's limits."""
    limits = BodyLimits(settings.push_bytes_max, settings.decompression_ratio_max)
    router = APIRouter(tags=["sync"], responses=ANY_PROBLEM, route_class=bounded(limits))
    doors: dict[str, Callable[..., Response]] = {
        "/v1/sync": sync,
        "/v1/push": push,
        "/v1/pull": pull,
    }
    for path, door in doors.items():
        router.add_api_route(path, door, methods=["POST"], **SYNC_DOCUMENTATION)
    return router


def sync(shell: AppShell, principal: Pusher, body: RawBody) -> Response:
    """Push what the phone holds and take the first page of what changed: one round trip."""
    request = sync_request(body)
    if not request.operations:
        return _pulled(shell, principal, request)
    return _pushed(shell, principal, request)


def push(shell: AppShell, principal: Pusher, body: RawBody) -> Response:
    """Push operations only, for long queues. `pull` is ignored."""
    return _pushed(shell, principal, sync_request(body).without_pull())


def pull(shell: AppShell, principal: Puller, body: RawBody) -> Response:
    """Pull a page only. `ops` are ignored; an old scope is answered 409 `scope-changed`."""
    request = sync_request(body).without_operations()
    check_scope(principal, request.scope_version)
    return _pulled(shell, principal, request)


def _pushed(shell: Shell, principal: Principal, request: SyncRequest) -> Response:
    check_dialect(request)
    check_size(request, shell.settings.operations_per_push_max)

    def attempt(batch: Sequence[Incoming], *, in_parts: bool) -> Synced:
        wanted = request.without_pull() if in_parts else request
        with shell.database.writing() as session:
            return push_and_pull(session, shell, principal, wanted, batch)

    synced = push_through(attempt, read_batch(request.operations, canonical=canonical_json))
    _note_claims(shell, synced)
    return _answered(synced)


def _note_claims(shell: Shell, synced: Synced) -> None:
    """Apart from the push, which is committed: a village's transaction stays in its village.

    What cannot be noted now is noted when the office looks for it; the push stands.
    """
    if not synced.niks:
        return
    try:
        with shell.database.writing() as session:
            note_claims(session, synced.niks)
    except Exception as error:  # noqa: BLE001 (whatever it is, the phone's work was committed)
        _log.warning("claims not noted", kind=type(error).__name__)


def _pulled(shell: Shell, principal: Principal, request: SyncRequest) -> Response:
    check_dialect(request)
    with shell.database.reading() as session:
        synced = pull_only(session, shell, principal, request)
    _note_reading(shell, principal, request.desa, synced)
    return _answered(synced)


def _note_reading(shell: Shell, principal: Principal, desa: str, synced: Synced) -> None:
    """Who read what is on record before it leaves; and that the device was here at all."""
    now = shell.now()
    due = contact_due(principal, shell.rotation, now)
    if synced.audit is None and not due:
        return
    with shell.database.writing() as session:
        if synced.audit is not None:
            append(session, desa, synced.audit)
        token = shell.rotation.rotation_due(session, principal, now) if due else None
    if token is not None:
        synced.answer["token"] = token


def _answered(synced: Synced) -> Response:
    return Response(orjson.dumps(synced.answer), media_type=JSON_MEDIA_TYPE)
