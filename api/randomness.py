"""Random bytes, as an argument, and the identifiers made of them."""

import secrets
from base64 import b32encode
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

SYSTEM_RANDOMNESS: Final = secrets.token_bytes


class Randomness(Protocol):
    """Whoever has unpredictable bytes: the system, or a seeded simulation."""

    def __call__(self, size: int, /) -> bytes:
        """`size` fresh bytes."""
        ...


def new_id(now: datetime, randomness: Randomness) -> str:
    """A UUIDv7 (RFC 9562, section 5.7): ordered by the millisecond of its making."""
    milliseconds = int(now.timestamp() * 1000)
    value = (milliseconds << 80) | int.from_bytes(randomness(10))
    value = value & ~(0xF000 << 64) | (0x7000 << 64)
    value = value & ~(0b11 << 62) | (0b10 << 62)
    return str(UUID(int=value))


def new_lane_name(randomness: Randomness) -> str:
    """An opaque name of 16 characters, 80 random bits: short, because every stamp has one."""
    return b32encode(randomness(10)).decode().lower()
