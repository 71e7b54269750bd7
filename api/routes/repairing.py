"""Around the sync: manifest, lanes, snapshots, repair, agreement, outcomes."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Response

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.randomness import new_lane_name
from api.ranges import NO_RANGE, Range, range_of
from api.routes.syncing import JSON_MEDIA_TYPE, Puller, Pusher
from api.schemas.lanes import (
    RT_PATTERN,
    DigestRequest,
    Head,
    LaneRequest,
    OpenedLane,
    Outcomes,
    RecordsRequest,
)
from api.security import Principal
from api.services.agreeing import compare_rt, repair_rows
from api.services.lanes import DEVICE_SOURCE, Fork, open_incarnation, own_lane
from api.services.manifest import manifest
from api.services.pulling import packed_ids
from api.services.snapshots import Snapshot, SnapshotShelf
from api.services.syncing import check_scope
from api.shell import AppShell, Shell
from models.queries import lanes, operations
from models.queries.auditing import AuditEntry, append
from models.queries.lanes import LaneOwner
from models.queries.server_state import epoch
from sync.permission import Action
from sync.scope import VillageScope
from sync.types import Json

BODY_BYTES_MAX: Final = 1024 * 1024
"""A list of twelve bytes a row for the largest RT."""

router = APIRouter(
    tags=["sync"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(BODY_BYTES_MAX))
)

Desa = Annotated[str, Path(pattern=r"^[0-9]{10}$")]


@router.get("/v1/manifest")
def get_manifest(
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.READ_MANIFEST)],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Areas, lanes, fields, code lists and limits. Ask again with the ETag: mostly 304."""
    with shell.database.reading() as session:
        body = manifest(session, shell, principal)
    etag = f'"{hashlib.sha256(orjson.dumps(body)).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and (etag in if_none_match or if_none_match.strip() == "*"):
        return Response(status_code=304, headers=headers)
    body["server_time"] = shell.now().isoformat()
    return Response(orjson.dumps(body), headers=headers, media_type=JSON_MEDIA_TYPE)


@router.post("/v1/lanes", status_code=201)
def open_lane(body: LaneRequest, shell: AppShell, principal: Pusher) -> OpenedLane:
    """A new incarnation, after `lane-forked`, a lane with a hole, or a reinstallation."""
    now, device = shell.now(), principal.device_id or ""
    if not principal.scope.touches(body.desa, now) and body.parent is None:
        raise AppError("not-found")
    owner = LaneOwner(device, principal.account_id, DEVICE_SOURCE)
    with shell.database.writing() as session:
        fork = Fork(None)
        if body.parent is not None:
            fork = Fork(own_lane(session, body.desa, body.parent.lane, device), body.parent.seq)
        name = new_lane_name(shell.randomness)
        lane = open_incarnation(session, body.desa, fork, owner, name, now)
        detail: dict[str, Json] = {
            "lane": name,
            "parent": body.parent.lane if body.parent else None,
        }
        append(session, body.desa, _entry(shell, principal, "open-lane", detail))
    rts = principal.scope.village(body.desa, now).rts
    return OpenedLane(
        lane=lane.name, desa=body.desa, rt=None if rts is None else sorted(rts), last=0
    )


@router.get("/v1/lanes/{lane}/outcomes")
def lane_outcomes(
    lane: Annotated[str, Path(min_length=1, max_length=40)],
    shell: AppShell,
    principal: Puller,
    after: Annotated[int, Query(ge=0, le=2**53 - 1)] = 0,
) -> Outcomes:
    """Stored answers, when those of a push were lost or a reviewer has decided since."""
    with shell.database.reading() as session:
        held = lanes.lanes_of(session, principal.device_id or "")
        own = next((stored.lane for stored in held if stored.lane.name == lane), None)
        if own is None:
            raise AppError("not-found")
        found = operations.outcomes_after(session, own.desa, lane, after)
    full = len(found) == operations.OUTCOMES_PER_PAGE_MAX
    return Outcomes(
        results=[{"seq": seq, **entry} for seq, entry in found],
        next=found[-1][0] if full else None,
    )


@router.post("/v1/records")
def repair_records(body: RecordsRequest, shell: AppShell, principal: Puller) -> Response:
    """Whole current rows; ids that lie outside the scope, or nowhere, are simply absent."""
    scope = _checked(shell, principal, body)
    with shell.database.reading() as session:
        _same_epoch(epoch(session), body)
        found = repair_rows(session, scope, body.wanted())
    _note(shell, principal, body.desa, "repair", [record_id for record_id, _ in found])
    return _json({"rows": [row for _, row in found]})


@router.post("/v1/digest")
def compare(body: DigestRequest, shell: AppShell, principal: Puller) -> Response:
    """Does the phone hold what the server holds of an RT? With its list also what to mend.

    `{ok, digest, rows, unknown}`: `ok` is null where rows changed after `at`; `unknown` repeats
    those entries of the list that name no row of this RT.
    """
    scope = _checked(shell, principal, body)
    if not scope.covers(body.rt):
        raise AppError("not-found")
    with shell.database.reading() as session:
        _same_epoch(epoch(session), body)
        compared = compare_rt(
            session, scope, body.rt, told=body.digest, at=body.at, held=body.prefixes()
        )
    _note(shell, principal, body.desa, "repair", compared.ids)
    return _json(
        {
            "ok": compared.ok,
            "digest": compared.digest,
            "rows": list(compared.rows),
            "unknown": list(compared.unknown),
        }
    )


@router.get("/v1/snapshots/{desa}", response_class=Response)
def snapshot(
    desa: Desa,
    shell: AppShell,
    principal: Puller,
    rt: Annotated[str | None, Query(pattern=RT_PATTERN)] = None,
    asked: Annotated[Range, Depends(range_of)] = NO_RANGE,
) -> Response:
    """Everything in the scope as gzip'd NDJSON of `doc` rows, with `Sync-At` and `Range`."""
    scope = principal.scope.village(desa, shell.now())
    if rt is not None:
        if not scope.covers(rt):
            raise AppError("not-found")
        scope = VillageScope(desa, frozenset({rt}))
    elif not principal.scope.touches(desa, shell.now()):
        raise AppError("not-found")
    shelf = SnapshotShelf(
        shell.settings.data_dir / "snapshots",
        timedelta(hours=shell.settings.snapshot_hours),
        shell.now(),
    )
    with shell.database.reading() as session:
        found = shelf.earlier(session, scope, asked.etag) if asked.etag else None
        found = found or shelf.latest(session, scope)
    asked = asked.only_for(found.etag)
    _note_snapshot(shell, principal, desa, found)
    return asked.answer(found.body, _snapshot_headers(found))


def _snapshot_headers(found: Snapshot) -> dict[str, str]:
    return {
        "ETag": f'"{found.etag}"',
        "Sync-At": str(found.at),
        "Content-Type": "application/gzip",
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "bytes",
    }


def _checked(shell: Shell, principal: Principal, head: Head) -> VillageScope:
    """The scope in the village, for a phone that knows its scope is this one."""
    check_scope(principal, head.scope_version)
    if not principal.scope.touches(head.desa, shell.now()):
        raise AppError("not-found")
    return principal.scope.village(head.desa, shell.now())


def _same_epoch(present: str, head: Head) -> None:
    if head.epoch is not None and head.epoch != present:
        raise AppError("epoch-changed", epoch=present)


def _note(shell: Shell, principal: Principal, desa: str, action: str, ids: Sequence[str]) -> None:
    if ids:
        detail: dict[str, Json] = {"rows": len(ids), "ids": packed_ids(ids)}
        with shell.database.writing() as session:
            append(session, desa, _entry(shell, principal, action, detail))


def _note_snapshot(shell: Shell, principal: Principal, desa: str, found: Snapshot) -> None:
    detail: dict[str, Json] = {"snapshot": found.etag, "at": found.at}
    with shell.database.writing() as session:
        append(session, desa, _entry(shell, principal, "snapshot", detail))


def _entry(
    shell: Shell, principal: Principal, action: str, detail: Mapping[str, Json]
) -> AuditEntry:
    return AuditEntry(
        at=shell.now(),
        action=action,
        actor=principal.account_id,
        device=principal.device_id,
        detail=detail,
    )


def _json(body: dict[str, object]) -> Response:
    return Response(orjson.dumps(body), media_type=JSON_MEDIA_TYPE)
