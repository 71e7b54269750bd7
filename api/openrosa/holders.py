"""Who knocks at the OpenRosa door: the holder of a key, by its address or by Digest.

In an address the token decides alone, and a wrong one is 403, never 401: Collect would ask its user
for a name and a password that nobody has. Without a token it is Digest, and over TLS also Basic.
"""

import base64
import binascii
from dataclasses import replace
from typing import Final

from fastapi import Request
from sqlmodel import Session
from typing_extensions import override

from api.dependencies import Allowed, refusal_entry
from api.errors import AppError
from api.openrosa.digest import Asked, challenge, is_fresh, is_right, parse
from api.security import DeviceToken, Principal
from api.services.odk_keys import REALM, ha1_of, is_password
from api.shell import Shell
from api.tokens import ODK_TOKEN_PATTERN, digest
from models.queries import devices, odk_keys
from models.queries.devices import KnownDevice
from sync.permission import Action, Role

CREDENTIALS_CHARACTERS_MAX: Final = 500


class KeyHolder(Allowed):
    """The rule of every route behind this door: a device's key, and a role that may."""

    own_door = True

    def __init__(self, action: Action) -> None:
        super().__init__(action)

    @override
    def __call__(self, request: Request) -> Principal:
        shell: Shell = request.app.state.shell
        token = request.path_params.get("token")
        if token is None:
            principal = _by_header(request, shell)
        else:
            principal = _by_token(shell, str(token))
            known = replace(principal, remembered=True)
            shell.senders.keep(digest(str(token)), known, shell.now())
        if principal.may(self.action):
            return principal
        code = "device-revoked" if principal.revoked else "not-permitted"
        raise AppError(code, audit=refusal_entry(shell, principal, request, code))

    def recall(self, request: Request, shell: Shell) -> Principal | None:
        """The holder of the key as it was a moment ago, if it was here and may do this."""
        token = request.path_params.get("token")
        if token is None:
            return None
        known = shell.senders.recall(digest(str(token)), shell.now())
        return known if known is not None and known.may(self.action) else None

    def was_here(self, request: Request, shell: Shell) -> bool:
        """Was the key shown here before, so that it may only have to be asked anew?"""
        token = request.path_params.get("token")
        return token is not None and shell.senders.is_known(digest(str(token)))

    def forget(self, request: Request, shell: Shell) -> None:
        """It has changed since."""
        shell.senders.forget(digest(str(request.path_params["token"])))


def _by_token(shell: Shell, token: str) -> Principal:
    known = None
    if ODK_TOKEN_PATTERN.fullmatch(token):
        with shell.database.asking() as session:
            known = devices.device_by_token(session, digest(token))
    if known is None:
        raise AppError("odk-key-unknown")
    return _principal(known)


def _by_header(request: Request, shell: Shell) -> Principal:
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "digest":
            return _by_digest(request, shell, rest)
        case "basic" if request.url.scheme == "https":
            return _by_basic(request, shell, rest)
        case _:
            raise _who_are_you(request, shell)


def _by_digest(request: Request, shell: Shell, header: str) -> Principal:
    parts = parse(header)
    secret = shell.settings.secret
    with shell.database.reading() as session:
        key = odk_keys.key_by_username(session, parts.get("username", ""))
        if key is None or not is_right(parts, ha1_of(key, secret), _asked(request)):
            raise _who_are_you(request, shell)
        if not is_fresh(parts, secret, shell.now()):
            raise _who_are_you(request, shell, stale=True)
        return _of_key(session, key)


def _by_basic(request: Request, shell: Shell, credentials: str) -> Principal:
    try:
        text = base64.b64decode(credentials[:CREDENTIALS_CHARACTERS_MAX]).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise _who_are_you(request, shell) from None
    username, _, password = text.partition(":")
    with shell.database.reading() as session:
        key = odk_keys.key_by_username(session, username)
        if key is None or not is_password(key, password, shell.settings.secret):
            raise _who_are_you(request, shell)
        return _of_key(session, key)


def _of_key(session: Session, key: odk_keys.KnownKey) -> Principal:
    known = devices.device_by_token(session, key.token_digest)
    assert known is not None, "a key's device is there for ever"
    return _principal(known)


def _principal(known: KnownDevice) -> Principal:
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
            successor_digest=None,
            last_seen_at=known.last_seen_at,
        ),
    )


def _asked(request: Request) -> Asked:
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope.get("query_string", b"")
    target = raw + (b"?" + query if query else b"")
    return Asked(request.method, target.decode("latin-1"))


def _who_are_you(request: Request, shell: Shell, *, stale: bool = False) -> AppError:
    told = challenge(shell.settings.secret, shell.now(), stale=stale)
    if request.url.scheme == "https":
        told += f', Basic realm="{REALM}"'
    return AppError("unauthorised", headers={"WWW-Authenticate": told})
