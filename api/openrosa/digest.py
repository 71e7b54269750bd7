"""Digest (RFC 7616) for phones that were given a name and a password instead of a code.

Nonces are stateless: a time and an HMAC over it. So several workers agree without a table, and a
restart asks nobody to type a password again; what is lost is the count of uses, so that whoever
reads a request on an open line can repeat that one request for as long as the nonce lasts. Every
request of this protocol may be repeated: reading shows the same again, and a form that comes twice
is one form. A TLS line shows none of it.

MD5 is what the clients speak; nothing here rests on its resistance to collisions.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from api.services.odk_keys import REALM
from api.tokens import derived_key

NONCE_LASTS: Final = timedelta(minutes=30)
HEADER_CHARACTERS_MAX: Final = 4096
_PAIR: Final = re.compile(r'([a-z]{1,20})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', re.IGNORECASE)
_NONCE: Final = re.compile(r"([0-9a-f]{1,12})\.([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that a header was made for."""

    method: str
    target: str
    """Path and query as they stand in the request line."""


def challenge(secret: bytes, now: datetime, *, stale: bool = False) -> str:
    """What `WWW-Authenticate` says. `stale`: the password was right, only too much time passed."""
    again = ", stale=true" if stale else ""
    nonce = _nonce(secret, int(now.timestamp()))
    return f'Digest realm="{REALM}", qop="auth", algorithm=MD5, nonce="{nonce}"{again}'


def parse(header: str) -> dict[str, str]:
    """The parts of an `Authorization: Digest …` header, names in lower case."""
    text = header[:HEADER_CHARACTERS_MAX]
    return {
        found[1].lower(): re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3]
        for found in _PAIR.finditer(text)
    }


def is_fresh(parts: Mapping[str, str], secret: bytes, now: datetime) -> bool:
    """Did we hand out the nonce, and not too long ago?"""
    found = _NONCE.fullmatch(parts.get("nonce", ""))
    if found is None:
        return False
    made = int(found[1], 16)
    if not hmac.compare_digest(_nonce(secret, made), found[0]):
        return False
    age = now.timestamp() - made
    return -60 <= age <= NONCE_LASTS.total_seconds()


def is_right(parts: Mapping[str, str], ha1: str, asked: Asked) -> bool:
    """Does the sender know the password, and was the header made for this request?

    A proxy may have taken a prefix off the path, so the end of what was signed has to match.
    """
    uri = parts.get("uri", "")
    if not uri.endswith(asked.target):
        return False
    ha2 = _md5(f"{asked.method}:{uri}")
    middle = [parts.get("nonce", "")]
    if "qop" in parts:
        if parts["qop"] != "auth":
            return False
        middle += [parts.get("nc", ""), parts.get("cnonce", ""), "auth"]
    expected = _md5(":".join([ha1, *middle, ha2]))
    return hmac.compare_digest(expected.encode(), parts.get("response", "").lower().encode())


def _nonce(secret: bytes, made: int) -> str:
    mac = hmac.digest(derived_key(secret, "odk nonce"), str(made).encode(), "sha256")
    return f"{made:x}.{mac.hex()[:32]}"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
