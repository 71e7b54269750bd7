"""What a run asks of another server, whichever kind it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from api.connectors.filled import Filled
from models.queries.connectors import Sighting


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the other server's list."""

    seen: tuple[Sighting, ...]
    total: int | None = None
    """Of the whole list, where the server says it."""
    cursor: str | None = None
    """How far the list was read, once it is over; on the last page only."""


class OtherServer(Protocol):
    """Raises `api.connectors.addresses.Unreachable` wherever it cannot go on."""

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Forms that may have changed since the cursor, all of them where there is none."""
        ...

    def fetch(self, items: Sequence[str]) -> Iterator[Filled]:
        """Forms by name. One that is no longer there is left out."""
        ...

    def state_for(self, *, accepted: bool) -> str:
        """What a verdict is called there."""
        ...

    def tell(self, item: str, state: str) -> None:
        """Write a verdict to a form."""
        ...
