"""Record ids: UUIDv7 (RFC 9562), made by whoever creates the record, needing no server."""

from typing import Final

RANDOM_BYTES: Final = 10


def uuid7(unix_ms: int, random: bytes) -> str:
    """Lower-case text of a UUIDv7 from 48 bits of milliseconds and 74 of the 80 random bits given.

    ``random`` is exactly ``RANDOM_BYTES`` long.
    """
    assert len(random) == RANDOM_BYTES
    high = int.from_bytes(random[:2], "big") & 0x0FFF
    low = int.from_bytes(random[2:], "big") & ((1 << 62) - 1)
    value = (unix_ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
