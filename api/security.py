"""Who is asking: the sender of a request as everything behind the doors knows them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from api.tokens import TOKEN_PATTERN, digest, successor
from models.queries import devices, sessions
from models.queries.central_sessions import KnownProgram
from models.queries.sessions import KnownSession
from sync.permission import PUBLIC_ACTIONS, REVOKED_ACTIONS, Action, Role, may
from sync.scope import Scope

SEEN_EVERY: Final = timedelta(hours=1)
"""`last_seen_at` is written at most so often: it must not turn every read into a write."""
ROTATE_AFTER: Final = timedelta(days=30)
"""A device's token is exchanged for a fresh one after so long."""


@dataclass(frozen=True, slots=True)
class DeviceToken:
    """What rotation has to know about the token that was shown."""

    present_digest: str
    since: datetime
    successor_digest: str | None
    """Digest of the successor, if it is the successor that was shown."""
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Principal:
    """One account, speaking through one device or one signed-in browser."""

    account_id: str
    name: str
    role: Role
    scope: Scope
    device_id: str | None
    revoked: bool
    """The device was revoked or its account disabled: it may hand over unsent work, no more."""
    session: bool
    """A person in a browser, not a device."""
    token: DeviceToken | None = None
    remembered: bool = False
    """Known from a moment ago: whoever writes in its name asks whether that still holds."""

    def may(self, action: Action) -> bool:
        """May it do that at all? Areas are asked separately."""
        if self.revoked and action not in REVOKED_ACTIONS and action not in PUBLIC_ACTIONS:
            return False
        return may(self.role, action)

    def managed_areas(self, now: datetime) -> tuple[str, ...]:
        """Areas held as a whole: an account limited to some RTs looks after nobody."""
        return tuple(
            sorted(
                {
                    grant.kode_wilayah
                    for grant in self.scope.grants
                    if grant.rts is None and grant.open_at(now)
                }
            )
        )


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session and what its page has to show for everything but reading."""

    principal: Principal
    csrf_digest: str


def device_principal(session: Session, token: str) -> Principal | None:
    """Whose device token is this? One statement."""
    if not TOKEN_PATTERN.fullmatch(token):
        return None
    shown = digest(token)
    known = devices.device_by_token(session, shown)
    if known is None:
        return None
    return Principal(
        account_id=known.account_id,
        name=known.account_name,
        role=Role(known.role),
        scope=known.scope,
        device_id=known.device_id,
        revoked=known.revoked,
        session=False,
        token=DeviceToken(
            present_digest=known.token_digest,
            since=known.token_since,
            successor_digest=shown if known.successor_shown else None,
            last_seen_at=known.last_seen_at,
        ),
    )


def session_principal(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Whose session cookie is this? One statement."""
    if not TOKEN_PATTERN.fullmatch(token):
        return None
    known = sessions.session_by_token(session, digest(token), now)
    if known is None:
        return None
    return SignedIn(person(known), known.csrf_digest)


def person(known: KnownSession | KnownProgram) -> Principal:
    """Somebody who signed in with a password, in a browser or with a program."""
    return Principal(
        account_id=known.account_id,
        name=known.account_name,
        role=Role(known.role),
        scope=known.scope,
        device_id=None,
        revoked=False,
        session=True,
    )


@dataclass(frozen=True, slots=True)
class TokenRotation:
    """Exchanges device tokens inside the transaction of a sync; usually without a statement.

    The successor goes out with an answer and counts once a request shows it. Until then both are
    valid, every repetition hands out the same one, and an answer that got lost costs nothing.
    """

    secret: bytes
    rotate_after: timedelta = ROTATE_AFTER

    def rotation_due(self, session: Session, principal: Principal, now: datetime) -> str | None:
        """Note that the device was here; the token for the answer to carry, if it is time.

        Writes only where something changed: a successor's first use, a new successor, and the
        device's last contact once an hour.
        """
        token, device_id = principal.token, principal.device_id
        if token is None or device_id is None or principal.revoked:
            return None
        if token.last_seen_at is None or now - token.last_seen_at >= SEEN_EVERY:
            devices.mark_seen(session, device_id, now)
        if token.successor_digest is not None:
            devices.promote_successor(session, device_id, token.successor_digest, now)
            return None
        if now - token.since < self.rotate_after:
            return None
        return self.hand_out(session, device_id, token.present_digest)

    def hand_out(self, session: Session, device_id: str, present_digest: str) -> str | None:
        """Give the device a successor now; nothing if its token has changed meanwhile."""
        fresh = successor(self.secret, device_id, present_digest)
        written = devices.hand_out_successor(
            session, device_id, present=present_digest, successor=digest(fresh)
        )
        return fresh if written else None
