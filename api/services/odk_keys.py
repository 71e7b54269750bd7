"""Keys for phones with ODK Collect or KoboCollect: made, shown again, recognised.

A phone gets in by the address that it was given, which holds a token of 256 bits, or, where no code
could be scanned, by a user name and a password of 130 bits with Digest. The account's own password
is never asked for: Collect keeps what is typed in clear text.

*Nothing secret is stored.* Digest needs the server to know `HA1`, which is as good as a password.
Kept in the database, even encrypted, it would be in every backup; the standard library has no
cipher to encrypt it with, and what is not there cannot leak. So token and password are derived: an
HMAC of the device and 128 random bits under the installation's secret. A stolen database opens
nothing. The token is found by its SHA-256, as any device's, and revoking the device ends both. Who
looks after the device can be shown the same code again after a phone was reset.
"""

import hashlib
import hmac
from base64 import b32encode
from dataclasses import dataclass, field
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.accounts import managed_account
from api.services.acts import Act
from api.tokens import ODK_MARK, derived_key, derived_token, digest
from models.queries import auditing, devices, odk_keys
from models.tables.accounts import Account, Device
from models.tables.audit import NO_VILLAGE
from models.tables.submissions import OdkKey

REALM: Final = "Lokus"
PLATFORM: Final = "odk"
SALT_BYTES: Final = 16
PASSWORD_BYTES: Final = 16
USERNAME_TAIL: Final = 4


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a phone is given, in clear."""

    device_id: str
    account: str
    display_name: str
    username: str
    password: str = field(repr=False)
    token: str = field(repr=False)


def issue_key(session: Session, account_id: str, act: Act, secret: bytes, name: str) -> Credentials:
    """A device with a key of its own for an account that the act's author looks after."""
    account = managed_account(session, account_id, act)
    salt, device_id = act.randomness(SALT_BYTES).hex(), act.new_id()
    token = _token(secret, device_id, salt)
    devices.add_device(
        session,
        Device(
            id=device_id,
            account_id=account.id,
            name=name,
            platform=PLATFORM,
            token_digest=digest(token),
            token_since=act.now,
            created_at=act.now,
        ),
    )
    tail = b32encode(act.randomness(5)).decode().lower()[:USERNAME_TAIL]
    username = f"{account.name}-{tail}"
    odk_keys.add_key(
        session,
        OdkKey(device_id=device_id, username=username, salt=salt, created_at=act.now),
    )
    entry = act.entry("odk-key-issued", account=account.id, device=device_id)
    auditing.append(session, NO_VILLAGE, entry)
    return _credentials(account, username, device_id, salt, secret)


def show_key(session: Session, device_id: str, act: Act, secret: bytes) -> Credentials:
    """The key of a device once more, for a phone that was reset.

    Raises `AppError` `not-found`, also for a device that somebody else looks after or that has no
    such key, and `device-revoked`.
    """
    device = devices.device_by_id(session, device_id)
    key = odk_keys.key_of_device(session, device_id) if device is not None else None
    if device is None or key is None:
        raise AppError("not-found")
    account = managed_account(session, device.account_id, act)
    if device.revoked_at is not None:
        raise AppError("device-revoked", "The device was revoked: enrol the phone anew.")
    entry = act.entry("odk-key-shown", account=account.id, device=device_id)
    auditing.append(session, NO_VILLAGE, entry)
    return _credentials(account, key.username, device_id, key.salt, secret)


def ha1_of(key: odk_keys.KnownKey, secret: bytes) -> str:
    """`HA1` of Digest (RFC 7616): MD5 over name, realm and password."""
    text = f"{key.username}:{REALM}:{_password(secret, key.device_id, key.salt)}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def is_password(key: odk_keys.KnownKey, typed: str, secret: bytes) -> bool:
    """Is that the key's password? Takes as long whether it is or not."""
    expected = _password(secret, key.device_id, key.salt)
    return hmac.compare_digest(expected.encode(), typed.encode())


def _credentials(
    account: Account, username: str, device_id: str, salt: str, secret: bytes
) -> Credentials:
    return Credentials(
        device_id,
        account.name,
        account.display_name,
        username,
        _password(secret, device_id, salt),
        _token(secret, device_id, salt),
    )


def _token(secret: bytes, device_id: str, salt: str) -> str:
    return derived_token(ODK_MARK, derived_key(secret, "odk token"), f"{device_id}:{salt}")


def _password(secret: bytes, device_id: str, salt: str) -> str:
    key = derived_key(secret, "odk password")
    mac = hmac.digest(key, f"{device_id}:{salt}".encode(), "sha256")
    return b32encode(mac[:PASSWORD_BYTES]).decode().rstrip("=").lower()
