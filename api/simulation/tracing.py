"""The story of a run: hashed as it happens, to compare two runs, and told on demand."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Final

Tell = Callable[[str], None]

_SEPARATOR: Final = b"\x1e"


class Trace:
    """Everything that happened, in order, as one hash."""

    def __init__(self, tell: Tell | None = None) -> None:
        self._hash = hashlib.sha256()
        self._tell = tell
        self.events = 0

    def note(self, event: str, detail: bytes = b"") -> None:
        """One event; `detail` counts for the hash and is not told."""
        self.events += 1
        self._hash.update(event.encode() + _SEPARATOR + detail + _SEPARATOR)
        if self._tell is not None:
            self._tell(f"{self.events:>6} {event}")

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


class Counts:
    """How often each thing really happened."""

    def __init__(self) -> None:
        self._counted: Counter[str] = Counter()

    def add(self, name: str, times: int = 1) -> None:
        if times:
            self._counted[str(name)] += times

    def take(self, counted: Mapping[str, int]) -> None:
        """Counters that are read off the tables as a whole."""
        for name, times in counted.items():
            self._counted[name] = times

    def __getitem__(self, name: str) -> int:
        return self._counted[name]

    def as_dict(self) -> dict[str, int]:
        return {name: times for name, times in sorted(self._counted.items()) if times}


def chance_of(*path: object) -> Random:
    """A stream of chance of its own, named by where it is used.

    Separate streams keep a run with fewer steps a beginning of the run with more.
    """
    name = "/".join(str(part) for part in path)
    return Random(name)  # noqa: S311  # repeatable on purpose; nothing secret is drawn from it
