"""Secrets that people and phones carry, and what the server keeps of them.

Tokens are 256 random bits, so a plain SHA-256 is a safe thing to store. Enrolment codes are typed
by hand and only 50 bits long; they are stored under a key that is not in the database, so that a
stolen table does not give them away.

Each token begins with a mark of its kind, so that a log filter or a scan of a repository finds it.
"""

import hashlib
import hmac
import re
from base64 import b32encode, urlsafe_b64encode
from typing import Final

from api.randomness import Randomness

DEVICE_MARK: Final = "lkd_"
SESSION_MARK: Final = "lks_"
ODK_MARK: Final = "lko_"
"""Of tokens that stand in an address; they open the OpenRosa door and nothing else."""
HOOK_MARK: Final = "lkh_"
"""Of secrets that another server's webhook brings along; they say that a hint is meant for us."""
CENTRAL_MARK: Final = "lkc_"
"""Of programs that read in ODK Central's words; they open that door and nothing else."""
TOKEN_BYTES: Final = 32
CODE_LENGTH: Final = 10
CODE_HEAD_LENGTH: Final = 4
"""20 bits say which enrolment a code is meant for, 30 have to be right within five tries."""
KEY_BYTES: Final = 16

TOKEN_PATTERN: Final = re.compile(r"lk[ds]_[A-Za-z0-9_-]{43}")
CENTRAL_TOKEN_PATTERN: Final = re.compile(r"lkc_[A-Za-z0-9_-]{43}")
ODK_TOKEN_PATTERN: Final = re.compile(r"lko_[A-Za-z0-9_-]{43}")
_CODE = re.compile(rf"[A-Z2-7]{{{CODE_LENGTH}}}")
# Base32 has no 0, 1 and 8, because people write them for these.
_MISREAD = str.maketrans({"0": "O", "1": "I", "8": "B", " ": "", "-": ""})


def new_token(mark: str, randomness: Randomness) -> str:
    """A token of 256 random bits that starts with `mark`."""
    return _token(mark, randomness(TOKEN_BYTES))


def digest(secret: str) -> str:
    """What is stored of a token: SHA-256 in lower-case hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def derived_key(secret: bytes, purpose: str) -> bytes:
    """A 256-bit key for one purpose: no two uses of the server's secret share a key."""
    return hmac.digest(secret, purpose.encode(), "sha256")


def successor(secret: bytes, device_id: str, present_digest: str) -> str:
    """The token that follows a device's present one.

    Derived and not drawn, so that every repetition of a lost answer hands out the same token and
    no late duplicate can take away one that a phone has stored.
    """
    key = derived_key(secret, "device token")
    return _token(DEVICE_MARK, hmac.digest(key, f"{device_id}:{present_digest}".encode(), "sha256"))


def derived_token(mark: str, key: bytes, about: str) -> str:
    """The one token that follows from a key and what it is about."""
    return _token(mark, hmac.digest(key, about.encode(), "sha256"))


def csrf_token(session_token: str) -> str:
    """The token that a page sends back in a header; only who can read the cookie can make it."""
    return _base64(hmac.digest(session_token.encode(), b"csrf", "sha256"))


def new_code(randomness: Randomness) -> str:
    """A one-time enrolment code: 10 characters of base32 (RFC 4648), 50 bits."""
    return b32encode(randomness(7))[:CODE_LENGTH].decode()


def parse_code(typed: str) -> str | None:
    """The code as it was issued, whatever case, spaces and hyphens it was typed with."""
    code = typed.upper().translate(_MISREAD)
    return code if _CODE.fullmatch(code) else None


def code_digest(secret: bytes, code: str) -> str:
    """What is stored of an enrolment code."""
    return hmac.digest(derived_key(secret, "enrolment code"), code.encode(), "sha256").hex()


def _token(mark: str, raw: bytes) -> str:
    return mark + _base64(raw)


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
