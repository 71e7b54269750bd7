"""The one adapter that NIK and No KK pass on their way to storage and back.

Today it stores them as they are. Once a cipher is given, everything written from then on is
sealed, and both forms are read, so encryption at rest can be switched on without stopping.
Equality in the database never needs the number itself: `natural_key` is a keyed hash of it.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from sqlmodel import Session

from sync.types import Json

SEALED_FIELDS: Final = frozenset({"nik", "no_kk"})
SEALED_PREFIX: Final = "sealed:"
_KEY_PURPOSE: Final = b"lokus natural key"


class Cipher(Protocol):
    """Turns a number into text that says nothing, and back."""

    def seal(self, plain: str) -> str: ...

    def open(self, sealed: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Vault:
    """Sealing for stored JSON, and keyed hashes for looking numbers up."""

    secret: bytes
    cipher: Cipher | None = None

    def seal(self, text: str) -> str:
        """JSON text as it is stored."""
        return text if self.cipher is None else _rewritten(text, self._sealed)

    def open(self, text: str) -> str:
        """JSON text as the register knows it."""
        if self.cipher is None or SEALED_PREFIX not in text:
            return text
        return _rewritten(text, self._opened)

    def seal_bytes(self, raw: bytes) -> bytes:
        """A file as it is stored: whole, because nobody can say where a number stands in it."""
        if self.cipher is None:
            return raw
        return (SEALED_PREFIX + self.cipher.seal(base64.b85encode(raw).decode())).encode()

    def open_bytes(self, stored: bytes) -> bytes:
        """The file as it came."""
        prefix = SEALED_PREFIX.encode()
        if self.cipher is None or not stored.startswith(prefix):
            return stored
        return base64.b85decode(self.cipher.open(stored.decode().removeprefix(SEALED_PREFIX)))

    def natural_key(self, number: str) -> str:
        """A keyed hash of a NIK or No KK (128 bits, hex): equal numbers, equal keys."""
        digest = hmac.new(self.secret, _KEY_PURPOSE + number.encode(), hashlib.sha256)
        return digest.hexdigest()[:32]

    def _sealed(self, plain: str) -> str:
        assert self.cipher is not None, "checked by the caller"
        return plain if plain.startswith(SEALED_PREFIX) else self.cipher.seal(plain)

    def _opened(self, sealed: str) -> str:
        assert self.cipher is not None, "checked by the caller"
        return self.cipher.open(sealed) if sealed.startswith(SEALED_PREFIX) else sealed


def _rewritten(text: str, change: Callable[[str], str]) -> str:
    return json.dumps(_walk(json.loads(text), change), ensure_ascii=False, separators=(",", ":"))


def _walk(value: Json, change: Callable[[str], str]) -> Json:
    if isinstance(value, dict):
        return {
            key: change(inner)
            if key in SEALED_FIELDS and isinstance(inner, str)
            else _walk(inner, change)
            for key, inner in value.items()
        }
    return [_walk(inner, change) for inner in value] if isinstance(value, list) else value


def vault_of(session: Session) -> Vault:
    """The vault of the database that the session belongs to."""
    vault = session.info.get("vault")
    assert isinstance(vault, Vault), "the database was opened without a vault"
    return vault
