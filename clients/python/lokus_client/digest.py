"""The agreement check: do phone and server hold the same rows of an RT?

Text ``count:32 hex`` over all rows of the RT, ended and aliased ones included: how many there are,
and the sum modulo 2^128 of the first 16 bytes, big-endian, of SHA-256(16 id bytes ‖ seq as u64
big-endian). A sum has no order, so neither side sorts; 20 bytes say whether a village agrees.
"""

import base64
import hashlib
from collections.abc import Iterable
from typing import Final

_MODULUS: Final = 1 << 128
_PREFIX_BYTES: Final = 6
EMPTY: Final = f"0:{0:032x}"


def digest_text(rows: Iterable[tuple[str, int]]) -> str:
    """The digest of ``(id, seq)`` rows, ids as UUID text, in any order."""
    count = total = 0
    for record, seq in rows:
        count += 1
        total += int.from_bytes(_row_hash(record, seq)[:16], "big")
    return f"{count}:{total % _MODULUS:032x}"


def fingerprint(record: str, seq: int) -> str:
    """One line of the repair list: base64 of 6 id bytes and 6 hash bytes (16 characters).

    Rows that one import made in the same millisecond share their id prefix, so only all twelve
    bytes together name a row.
    """
    twelve = bytes.fromhex(record.replace("-", ""))[:_PREFIX_BYTES]
    return base64.b64encode(twelve + _row_hash(record, seq)[:_PREFIX_BYTES]).decode("ascii")


def _row_hash(record: str, seq: int) -> bytes:
    sixteen = bytes.fromhex(record.replace("-", ""))
    return hashlib.sha256(sixteen + seq.to_bytes(8, "big")).digest()
