"""The normal sync: push what the phone holds and hand out the first page, in one transaction.

The caller opens the transaction and sends the answer only after it has been committed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.schemas.lanes import is_rt
from api.schemas.syncing import SyncRequest
from api.security import SEEN_EVERY, Principal, TokenRotation
from api.services.pulling import Page, agreement, next_page, packed_ids
from api.services.pushing import (
    Ground,
    Turn,
    changed_niks,
    decide_batch,
    receipt_for,
    repeated_niks,
    store_plan,
    told_results,
)
from api.shell import Shell
from models.queries import feeds, lanes
from models.queries.auditing import AuditEntry, append
from models.queries.lanes import StoredLane
from models.queries.server_state import epoch
from sync.batch import Incoming
from sync.permission import Action
from sync.policy import SCHEMA_VERSION
from sync.pull import Cursor
from sync.push import Author, Forked, Hole, Plan
from sync.types import Record

PROTOCOL: Final = 1


@dataclass(frozen=True, slots=True)
class Synced:
    """The answer, and what is left to do once it is committed."""

    answer: dict[str, object]
    niks: tuple[Record, ...] = ()
    audit: AuditEntry | None = None
    """A reading that still has to be noted, where the transaction could not write."""


def check_dialect(request: SyncRequest) -> None:
    """Refuse what this server does not speak; nothing was acknowledged, nothing is lost."""
    if request.protocol != PROTOCOL:
        raise AppError("protocol-too-old", protocol=[PROTOCOL, PROTOCOL])
    if not 1 <= request.schema <= SCHEMA_VERSION:
        raise AppError("schema-unknown", schema=SCHEMA_VERSION)


def check_size(request: SyncRequest, operations_max: int) -> None:
    """More operations than one transaction should hold: send them in parts."""
    if len(request.operations) > operations_max:
        raise AppError("payload-too-large", limits={"operations_per_push": operations_max})


def check_scope(principal: Principal, told: int | None) -> None:
    """A phone whose areas have changed has to learn the new ones before it reads on."""
    if told is not None and told != principal.scope.version:
        raise AppError("scope-changed", scope_version=principal.scope.version)


def push_and_pull(
    session: Session,
    shell: Shell,
    principal: Principal,
    request: SyncRequest,
    batch: Sequence[Incoming],
) -> Synced:
    """Push a batch and, where asked, pull the first page. Needs a writing transaction."""
    head, stored = _turn_of(session, principal, request)
    # Asked after the wait for the turn: in one village, times rise with positions.
    now = shell.now()
    present_epoch = _same_epoch(session, request)
    _not_ahead(request, head)
    answer: dict[str, object] = {"epoch": present_epoch, "server_time": now.isoformat()}
    digest_ok = _digest_ok(session, principal, request, now)
    turn = Turn(
        request.desa, head, stored, _author(principal, request, now), now, principal.device_id
    )
    plan = _decided(session, shell, turn, batch, request)
    store_plan(session, turn, batch, plan)
    code = receipt_for(session, shell.settings.secret, turn, plan.acked, plan.head, present_epoch)
    answer |= {"acked": plan.acked, "durable": stored.durable, "at": plan.head}
    answer["results"] = told_results(plan.results)
    told, page = _page(session, shell, principal, request, plan.head)
    answer |= told
    answer |= digest_ok
    answer["receipt"] = code
    answer["next_sync_after"] = shell.settings.next_sync_after_seconds
    token = shell.rotation.rotation_due(session, principal, now)
    if token is not None:
        answer["token"] = token
    if page is not None and page.ids:
        append(session, request.desa, reading_entry(principal, page, now))
    niks = changed_niks(plan) + repeated_niks(session, request.desa, batch, plan)
    return Synced(answer, niks)


def pull_only(session: Session, shell: Shell, principal: Principal, request: SyncRequest) -> Synced:
    """A page without a push, for `/v1/pull` and for a sync that brings nothing.

    Reads only; the caller notes the returned audit entry before it answers.
    """
    now = shell.now()
    if request.pull is not None and not principal.may(Action.PULL):
        raise AppError("device-revoked" if principal.revoked else "not-permitted")
    present_epoch = _same_epoch(session, request)
    stored = lanes.lane(session, request.desa, request.lane)
    if stored is None or stored.lineage != principal.device_id:
        raise AppError("not-found")
    head = feeds.head_of(session, request.desa)
    _not_ahead(request, head)
    answer: dict[str, object] = {"epoch": present_epoch, "server_time": now.isoformat()}
    answer |= {"acked": stored.lane.last, "durable": stored.durable, "at": head}
    answer["results"] = []
    told, page = _page(session, shell, principal, request, head)
    answer |= told
    answer |= _digest_ok(session, principal, request, now)
    answer["next_sync_after"] = shell.settings.next_sync_after_seconds
    entry = None
    if page is not None and page.ids:
        entry = reading_entry(principal, page, now)
    return Synced(answer, audit=entry)


def contact_due(principal: Principal, rotation: TokenRotation, now: datetime) -> bool:
    """Is there anything to note about the device's token or its last contact?"""
    token = principal.token
    if token is None or principal.revoked:
        return False
    unseen = token.last_seen_at is None or now - token.last_seen_at >= SEEN_EVERY
    rotates = token.successor_digest is not None or now - token.since >= rotation.rotate_after
    return unseen or rotates


def _turn_of(
    session: Session, principal: Principal, request: SyncRequest
) -> tuple[int, StoredLane]:
    """The village's turn and the lane, for the device that the lane belongs to."""
    device = principal.device_id or ""
    head = feeds.take_turn_of(session, request.desa, request.lane, device)
    stored = lanes.lane_for_push(session, request.desa, request.lane) if head is not None else None
    if head is None or stored is None:
        raise AppError("not-found")
    return head, stored


def _same_epoch(session: Session, request: SyncRequest) -> str:
    present = epoch(session)
    if request.epoch is not None and request.epoch != present:
        raise AppError("epoch-changed", epoch=present)
    return present


def _not_ahead(request: SyncRequest, head: int) -> None:
    """A phone that has seen more than there is proves a restore nobody declared."""
    if request.pull is not None and request.pull.cursor.at > head:
        raise AppError("cursor-ahead", head=head)


def _author(principal: Principal, request: SyncRequest, now: datetime) -> Author:
    return Author(
        principal.scope,
        principal.scope.village(request.desa, now),
        principal.role,
        principal.revoked,
    )


def _decided(
    session: Session,
    shell: Shell,
    turn: Turn,
    batch: Sequence[Incoming],
    request: SyncRequest,
) -> Plan:
    ground = Ground(shell.settings.zone, shell.settings.campaign_start)
    plan = decide_batch(session, turn, batch, ground, request.clock)
    match plan:
        case Forked(last):
            raise AppError("lane-forked", last=last, incarnation=turn.lane.name)
        case Hole(last):
            raise AppError("lane-hole", last=last)
        case Plan():
            return plan


def _page(
    session: Session,
    shell: Shell,
    principal: Principal,
    request: SyncRequest,
    head: int,
) -> tuple[dict[str, object], Page | None]:
    """The first page as it stands in an answer; with an old scope, word of the change instead."""
    if request.pull is None or not principal.may(Action.PULL):
        return {}, None
    cursor = request.pull.cursor
    if request.scope_version is not None and request.scope_version != principal.scope.version:
        told: dict[str, object] = {"scope": "changed", "changes": []}
        told["cursor"] = _cursor(cursor, more=False)
        return told, None
    limit = shell.settings.pull_page_bytes_max
    asked = request.pull.bytes_max
    wanted = limit if asked is None else min(asked, limit)
    village = principal.scope.village(request.desa, shell.now())
    page = next_page(session, village, cursor, head=head, bytes_max=wanted)
    return {"changes": list(page.rows), "cursor": _cursor(page.cursor, more=page.more)}, page


def _cursor(cursor: Cursor, *, more: bool) -> dict[str, object]:
    return {"since": cursor.since, "at": cursor.at, "more": more}


def _digest_ok(
    session: Session, principal: Principal, request: SyncRequest, now: datetime
) -> dict[str, object]:
    """The agreement check, before anything of this request is merged."""
    if not request.digests or request.pull is None or not principal.may(Action.PULL):
        return {}
    village = principal.scope.village(request.desa, now)
    if not all(is_rt(rt) and village.covers(rt) for rt in request.digests):
        return {"digest_ok": None}
    at = request.pull.cursor.at
    return {"digest_ok": agreement(session, request.desa, request.digests, at)}


def reading_entry(principal: Principal, page: Page, now: datetime) -> AuditEntry:
    """Which records' data went to which device."""
    return AuditEntry(
        at=now,
        action="pull",
        actor=principal.account_id,
        device=principal.device_id,
        detail={"at": page.cursor.at, "rows": len(page.ids), "ids": packed_ids(page.ids)},
    )
