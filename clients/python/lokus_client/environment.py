"""The outside world of a phone: its two clocks, its boot, chance, and waiting.

Everything that could differ between two runs comes in through one frozen ``Environment``, so a
simulation that owns these callables owns the phone.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_PROCESS_BOOT: Final = f"p{secrets.token_hex(4)}"


def _nothing(_point: str) -> None:
    """Only a fault-injecting simulation has something to do between two steps."""


@dataclass(frozen=True)
class Environment:
    """The callables through which a phone meets the world.

    ``wall``: aware local or UTC time, as right or wrong as the phone's clock is.
    ``mono_ms``: integer milliseconds since the boot named ``boot``; never goes back within it.
    ``random``: that many random bytes. ``sleep``: waits that many seconds.
    ``checkpoint``: called with a name before and after every commit of the store; a simulation
    may raise from it what it likes to call a crash.
    """

    wall: Callable[[], datetime]
    mono_ms: Callable[[], int]
    boot: str
    random: Callable[[int], bytes]
    sleep: Callable[[float], None]
    checkpoint: Callable[[str], None] = _nothing

    @classmethod
    def real(cls) -> Self:
        """The machine that it runs on: its clocks, its boot, its random source."""
        return cls(
            wall=lambda: datetime.now(UTC).astimezone(),
            mono_ms=_since_boot_ms,
            boot=_boot(),
            random=secrets.token_bytes,
            sleep=time.sleep,
        )

    def unix_ms(self) -> int:
        return int(self.wall().timestamp() * 1000)

    def now_text(self) -> str:
        """The wall clock as RFC 3339 with offset, to the second."""
        return self.wall().isoformat(timespec="seconds")

    def fraction(self) -> float:
        """A random number in [0, 1), for jitter."""
        return int.from_bytes(self.random(4), "big") / 2**32


def _since_boot_ms() -> int:
    # CLOCK_BOOTTIME goes on counting while the machine sleeps; elsewhere the monotonic clock
    # has to do, whose zero is then only known within this process (see ``_boot``).
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return (
        time.monotonic_ns() // 1_000_000
        if clock is None
        else time.clock_gettime_ns(clock) // 1_000_000
    )


def _boot() -> str:
    """One name per boot where the system tells it, otherwise one per process."""
    try:
        return "b" + _BOOT_ID.read_text("ascii").strip().replace("-", "")[:12]
    except OSError:
        return _PROCESS_BOOT
