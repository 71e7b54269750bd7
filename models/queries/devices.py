"""Devices and their tokens.

A token is changed without ever locking a phone out: the successor is written beside the present
one, either is accepted, and the present one goes when the successor is first used. An answer that
got lost therefore costs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, bindparam, insert, or_, select, update
from sqlmodel import Session

from models.queries.accounts import grants_from, within_reach
from models.standing import Standing
from models.tables.accounts import Account, AccountArea, Device
from models.tables.columns import table_of
from sync.scope import Scope

DEVICES_PER_PAGE_MAX: Final = 200

_ACCOUNT = table_of(Account)
_AREA = table_of(AccountArea)
_DEVICE = table_of(Device)


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """Everything that has to be known about the sender of a request, from one statement."""

    device_id: str
    account_id: str
    account_name: str
    role: str
    revoked: bool
    """The device was revoked or its account disabled: it may only hand over its unsent work."""
    scope: Scope
    token_digest: str
    """Digest of the present token, whichever token was shown."""
    token_since: datetime
    successor_shown: bool
    """The request carried the successor: the present token has done its duty."""
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """A device as its managers see it."""

    id: str
    account_id: str
    account_name: str
    role: str
    name: str
    platform: str
    created_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None
    heartbeat: dict[str, object] | None


# Every request of every phone asks this: one statement, built once. An account has a handful of
# areas, so the device's columns come back a handful of times.
_BY_TOKEN = Standing(
    select(
        _DEVICE.c.id,
        _DEVICE.c.account_id,
        _ACCOUNT.c.name,
        _ACCOUNT.c.role,
        _ACCOUNT.c.scope_version,
        _ACCOUNT.c.disabled_at,
        _DEVICE.c.revoked_at,
        _DEVICE.c.token_digest,
        _DEVICE.c.next_token_digest,
        _DEVICE.c.token_since,
        _DEVICE.c.last_seen_at,
        _AREA.c.kode_wilayah,
        _AREA.c.rts,
        _AREA.c.since,
        _AREA.c.until,
    )
    .select_from(
        _DEVICE.join(_ACCOUNT, _ACCOUNT.c.id == _DEVICE.c.account_id).outerjoin(
            _AREA, _AREA.c.account_id == _ACCOUNT.c.id
        )
    )
    .where(
        or_(
            _DEVICE.c.token_digest == bindparam("digest"),
            _DEVICE.c.next_token_digest == bindparam("digest"),
        )
    )
    .order_by(_AREA.c.since, _AREA.c.kode_wilayah)
)


def device_by_token(session: Session, digest: str) -> KnownDevice | None:
    """Whose token has this digest: the present one or its successor."""
    rows = _BY_TOKEN.rows(session, {"digest": digest})
    if not rows:
        return None
    first = rows[0]
    return KnownDevice(
        device_id=first.id,
        account_id=first.account_id,
        account_name=first.name,
        role=first.role,
        revoked=first.revoked_at is not None or first.disabled_at is not None,
        scope=Scope(grants_from(rows), first.scope_version),
        token_digest=first.token_digest,
        token_since=first.token_since,
        successor_shown=first.next_token_digest == digest,
        last_seen_at=first.last_seen_at,
    )


def add_device(session: Session, device: Device) -> None:
    """Insert a device."""
    session.connection().execute(insert(_DEVICE), [device.model_dump()])


def device_by_id(session: Session, device_id: str, *, lock: bool = False) -> Device | None:
    """The device of that id. With `lock` nobody else changes it until the end."""
    statement = select(_DEVICE).where(_DEVICE.c.id == device_id)
    if lock:
        statement = statement.with_for_update()
    row = session.connection().execute(statement).mappings().one_or_none()
    return None if row is None else Device(**row)


def promote_successor(session: Session, device_id: str, digest: str, now: datetime) -> None:
    """The successor was used: from now on it is the token. Repeating this changes nothing."""
    session.connection().execute(
        update(_DEVICE)
        .where(_DEVICE.c.id == device_id, _DEVICE.c.next_token_digest == digest)
        .values(token_digest=digest, next_token_digest=None, token_since=now)
    )


def hand_out_successor(session: Session, device_id: str, *, present: str, successor: str) -> bool:
    """Write a successor beside the present token; False if that is no longer the present one."""
    result = session.connection().execute(
        update(_DEVICE)
        .where(_DEVICE.c.id == device_id, _DEVICE.c.token_digest == present)
        .values(next_token_digest=successor)
    )
    return result.rowcount == 1


def mark_seen(session: Session, device_id: str, now: datetime) -> None:
    """The device was heard of."""
    session.connection().execute(
        update(_DEVICE).where(_DEVICE.c.id == device_id).values(last_seen_at=now)
    )


def set_heartbeat(session: Session, device_id: str, heartbeat: dict[str, object]) -> None:
    """Keep what the device last said about itself."""
    session.connection().execute(
        update(_DEVICE).where(_DEVICE.c.id == device_id).values(heartbeat=heartbeat)
    )


def revoke_device(session: Session, device_id: str, now: datetime) -> bool:
    """Revoke a device; False if it already was."""
    result = session.connection().execute(
        update(_DEVICE)
        .where(_DEVICE.c.id == device_id, _DEVICE.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return result.rowcount == 1


def devices_within(
    session: Session,
    areas: Sequence[str] | None,
    *,
    roles: Sequence[str] | None = None,
    device_id: str | None = None,
    after: str = "",
    limit: int = DEVICES_PER_PAGE_MAX,
) -> list[ListedDevice]:
    """Devices of accounts whose open areas all lie within `areas`, by id from `after` on.

    `areas` and `roles` of `None` mean no restriction (the command line); `device_id` asks for one.
    """
    conditions = [_DEVICE.c.id > after]
    if areas is not None:
        conditions.append(within_reach(areas))
    if roles is not None:
        conditions.append(_ACCOUNT.c.role.in_(roles))
    if device_id is not None:
        conditions.append(_DEVICE.c.id == device_id)
    statement = (
        select(
            _DEVICE.c.id,
            _DEVICE.c.account_id,
            _ACCOUNT.c.name.label("account_name"),
            _ACCOUNT.c.role,
            _DEVICE.c.name,
            _DEVICE.c.platform,
            _DEVICE.c.created_at,
            _DEVICE.c.last_seen_at,
            _DEVICE.c.revoked_at,
            _DEVICE.c.heartbeat,
        )
        .select_from(_DEVICE.join(_ACCOUNT, _ACCOUNT.c.id == _DEVICE.c.account_id))
        .where(and_(*conditions))
        .order_by(_DEVICE.c.id)
        .limit(min(limit, DEVICES_PER_PAGE_MAX))
    )
    return [ListedDevice(**row) for row in session.connection().execute(statement).mappings()]
