"""Turn a one-time code into a device, once, however often the answer gets lost.

A code works once. Who sends a random `key` along may repeat the very same request for a while and
gets the same device again, with a token that is the same for every repetition until it was used:
neither a lost answer nor a late duplicate can lock a phone out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from api.randomness import Randomness, new_id, new_lane_name
from api.security import TokenRotation
from api.services.accounts import managed_account
from api.services.acts import Act
from api.services.lanes import DEVICE_SOURCE, lanes_for
from api.settings import Settings
from api.tokens import (
    CODE_HEAD_LENGTH,
    DEVICE_MARK,
    code_digest,
    digest,
    new_code,
    new_token,
    parse_code,
    same,
)
from models.queries import accounts, auditing, devices, enrolments
from models.queries.auditing import AuditEntry
from models.queries.lanes import LaneOwner
from models.tables.accounts import Account, Device, Enrolment
from models.tables.audit import NO_VILLAGE
from sync.types import Json

REPEATABLE_FOR: Final = timedelta(hours=72)
"""How long after its use a code may be repeated with the same key."""


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code, shown once; the database keeps a keyed digest of it."""

    account: Account
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class EnrolmentRequest:
    """What a phone sends."""

    code: str
    name: str
    platform: str
    key: str | None = None
    """128 random bits of the phone's choice, so that it may repeat the request."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a phone gets."""

    device_id: str
    token: str
    lanes: Sequence[dict[str, Json]]


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """The code is unknown, used, expired or tried too often; which of them is not told."""

    is_guess: bool
    """It was no code of ours at all."""


@dataclass(frozen=True, slots=True)
class Enrolling:
    """The rules of enrolment on this server."""

    secret: bytes
    randomness: Randomness
    valid_for: timedelta
    tries_max: int

    def issue_code(self, session: Session, account_id: str, act: Act) -> IssuedCode:
        """A new code for an account that the act's author looks after."""
        account = managed_account(session, account_id, act)
        code = new_code(self.randomness)
        enrolment = Enrolment(
            id=act.new_id(),
            account_id=account.id,
            code_head=code[:CODE_HEAD_LENGTH],
            code_digest=code_digest(self.secret, code),
            created_at=act.now,
            expires_at=act.now + self.valid_for,
        )
        enrolments.add_enrolment(session, enrolment)
        entry = act.entry("enrolment-issued", account=account.id, enrolment=enrolment.id)
        auditing.append(session, NO_VILLAGE, entry)
        return IssuedCode(account, code, enrolment.expires_at)

    def enrol(
        self, session: Session, request: EnrolmentRequest, now: datetime
    ) -> Enrolled | CodeRefused:
        """Redeem a code. A refusal is written down, so the caller commits it too."""
        code = parse_code(request.code)
        if code is None:
            return CodeRefused(is_guess=True)
        enrolment = enrolments.enrolment_by_code(session, code_digest(self.secret, code))
        if enrolment is None:
            enrolments.count_try(session, code[:CODE_HEAD_LENGTH], now)
            _note(session, "enrolment-refused", now, reason="unknown")
            return CodeRefused(is_guess=True)
        account = accounts.account_by_id(session, enrolment.account_id)
        assert account is not None
        refusal = self._refusal(enrolment, account, request, now)
        if refusal is not None:
            _note(session, "enrolment-refused", now, reason=refusal, enrolment=enrolment.id)
            return CodeRefused(is_guess=False)
        if enrolment.used_at is None:
            device_id, token = self._first_time(session, enrolment, request, now)
        else:
            device_id, token = self._again(session, enrolment)
        if token is None:
            _note(session, "enrolment-refused", now, reason="revoked", enrolment=enrolment.id)
            return CodeRefused(is_guess=False)
        lanes = self._lanes(session, device_id, account, now)
        again = enrolment.used_at is not None
        entry = AuditEntry(
            at=now,
            action="device-enrolled",
            actor=account.id,
            device=device_id,
            detail={"enrolment": enrolment.id, "again": again},
        )
        auditing.append(session, NO_VILLAGE, entry)
        return Enrolled(device_id, token, lanes)

    def _lanes(
        self, session: Session, device_id: str, account: Account, now: datetime
    ) -> list[dict[str, Json]]:
        owner = LaneOwner(lineage=device_id, account_id=account.id, source=DEVICE_SOURCE)
        scope = accounts.scope_of(session, account)
        return lanes_for(session, owner, scope, lambda: new_lane_name(self.randomness), now)

    def _refusal(
        self, enrolment: Enrolment, account: Account, request: EnrolmentRequest, now: datetime
    ) -> str | None:
        if account.disabled_at is not None:
            return "account-disabled"
        if enrolment.used_at is not None:
            return self._refusal_of_used(enrolment, request, now)
        if now >= enrolment.expires_at:
            return "expired"
        return "tried-too-often" if enrolment.tries >= self.tries_max else None

    def _refusal_of_used(
        self, enrolment: Enrolment, request: EnrolmentRequest, now: datetime
    ) -> str | None:
        assert enrolment.used_at is not None
        if request.key is None or enrolment.key_digest is None:
            return "used"
        if not same(digest(request.key), enrolment.key_digest):
            return "used"
        return "expired" if now >= enrolment.used_at + REPEATABLE_FOR else None

    def _first_time(
        self, session: Session, enrolment: Enrolment, request: EnrolmentRequest, now: datetime
    ) -> tuple[str, str | None]:
        token = new_token(DEVICE_MARK, self.randomness)
        device = Device(
            id=new_id(now, self.randomness),
            account_id=enrolment.account_id,
            name=request.name,
            platform=request.platform,
            token_digest=digest(token),
            token_since=now,
            created_at=now,
        )
        devices.add_device(session, device)
        enrolments.use_enrolment(
            session,
            enrolment.id,
            device_id=device.id,
            key_digest=None if request.key is None else digest(request.key),
            now=now,
        )
        return device.id, token

    def _again(self, session: Session, enrolment: Enrolment) -> tuple[str, str | None]:
        assert enrolment.device_id is not None
        device = devices.device_by_id(session, enrolment.device_id, lock=True)
        assert device is not None
        if device.revoked_at is not None:
            return device.id, None
        rotation = TokenRotation(self.secret)
        return device.id, rotation.hand_out(session, device.id, device.token_digest)


def enrolling_of(settings: Settings, randomness: Randomness) -> Enrolling:
    """The rules as the installation's settings have them."""
    return Enrolling(
        secret=settings.secret,
        randomness=randomness,
        valid_for=timedelta(hours=settings.enrolment_hours),
        tries_max=settings.enrolment_tries_max,
    )


def enrolment_link(public_url: str, code: str) -> str:
    """What a QR code holds. The code stands behind `#`, which browsers never send to a server."""
    return f"{public_url}/enrol#{code}"


def _note(session: Session, action: str, now: datetime, **detail: Json) -> None:
    auditing.append(session, NO_VILLAGE, AuditEntry(at=now, action=action, detail=detail))
