"""Do a phone and the server hold the same rows of an RT? Twenty bytes tell.

The digest is a sum, so rows may be counted in any order and one changed row is one subtraction
and one addition.
"""

import hashlib
import struct
from collections.abc import Iterable
from typing import Final

_MODULUS: Final = 2**128
PREFIX_BYTES: Final = 6
"""Of the id and of the row's hash, in the list that finds the rows that differ."""


def row_hash(record_id: str, seq: int) -> bytes:
    """SHA-256 of the id's 16 bytes and ``seq`` as an unsigned 64-bit big-endian number."""
    return hashlib.sha256(
        bytes.fromhex(record_id.replace("-", "")) + struct.pack(">Q", seq)
    ).digest()


def digest(rows: Iterable[tuple[str, int]]) -> str:
    """``count:32 hex`` over (id, seq) of all rows of an RT, ended and aliased ones included."""
    count = total = 0
    for record_id, seq in rows:
        count += 1
        total += int.from_bytes(row_hash(record_id, seq)[:16], "big")
    return f"{count}:{total % _MODULUS:032x}"


def row_prefix(record_id: str, seq: int) -> bytes:
    """Twelve bytes that stand for a row: the beginnings of its id and of its hash."""
    return (
        bytes.fromhex(record_id.replace("-", ""))[:PREFIX_BYTES]
        + row_hash(record_id, seq)[:PREFIX_BYTES]
    )


def differing(
    rows: Iterable[tuple[str, int]], held: Iterable[bytes]
) -> tuple[list[str], set[bytes]]:
    """Compare the server's rows with a phone's list of `row_prefix`.

    Returns ids that the phone lacks or holds in another version, and id prefixes (6 bytes) that
    it holds but should not.
    """
    listed = set(held)
    ids: list[str] = []
    known: set[bytes] = set()
    for record_id, seq in rows:
        prefix = row_prefix(record_id, seq)
        known.add(prefix[:PREFIX_BYTES])
        if prefix not in listed:
            ids.append(record_id)
    surplus = {prefix[:PREFIX_BYTES] for prefix in listed} - known
    return ids, surplus
