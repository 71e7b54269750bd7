"""What a run asks of another server, whichever kind it is."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from api.connectors.filled import Filled
from api.connectors.reaching import FileReply
from models.queries.connectors import Sighting


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the other server's list."""

    seen: tuple[Sighting, ...]
    total: int | None = None
    """Of the whole list, where the server says it."""
    cursor: str | None = None
    """How far the list was read, once it is over; on the last page only."""
    gone: tuple[str, ...] = ()
    """Forms that the other server itself calls deleted."""
    is_whole: bool = False
    """Was this the last page of a list that shows everything? What was in none of its pages is
    gone."""


class OtherServer(Protocol):
    """Raises `api.connectors.addresses.Unreachable` wherever it cannot go on."""

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Forms that may have changed since the cursor, all of them where there is none."""
        ...

    def fetch(self, items: Sequence[str]) -> Iterator[Filled]:
        """Forms by name. One that is no longer there is left out."""
        ...

    def gone_of(self, items: Sequence[str]) -> Iterable[str]:
        """Those of them that are really not there: a list may have moved while it was read."""
        ...

    def file(self, item: str, place: str) -> AbstractContextManager[FileReply | None]:
        """A file beside a form; nothing where it is not there."""
        ...

    def state_for(self, *, accepted: bool) -> str | None:
        """What a verdict is called there; nothing where there is no word for it."""
        ...

    def tell(self, item: str, state: str) -> None:
        """Write a verdict to a form."""
        ...
