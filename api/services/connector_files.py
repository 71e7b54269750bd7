"""Fetch the files of a form of another server: kept under their hash, as those of a phone are.

A file is on disk before any row speaks of it, and a run that is cut off has kept what came whole.
What is not there, too large, or broke off is noted, and asked for again by the next run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from api.blobs import BlobStore
from api.connectors.addresses import Unreachable
from api.connectors.other_server import OtherServer
from api.connectors.reaching import TooLarge
from api.randomness import Randomness
from api.services.submitting_files import Arrived, Offered, keep_files
from models.queries.connector_files import ABSENT, INTERRUPTED, TOO_LARGE, Fetched, Wanted


@dataclass(frozen=True, slots=True)
class Attached:
    """What came of a form's files in one go."""

    arrived: tuple[Arrived, ...] = ()
    fetched: tuple[Fetched, ...] = ()
    is_complete: bool = True
    """Was each of them asked for and answered, be it with nothing?"""
    problem: Unreachable | None = None
    """Why asking ended early."""


NOTHING: Final = Attached()


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where files go."""

    store: BlobStore
    randomness: Randomness
    told: Callable[[str, int], None]


def fetch_files(server: OtherServer, shelf: Shelf, item: str, wanted: Sequence[Wanted]) -> Attached:
    """Ask for files one after the other, until the other server is not to be asked any more."""
    arrived: list[Arrived] = []
    fetched: list[Fetched] = []
    for one in wanted:
        try:
            kept = _fetch(server, shelf, item, one)
        except TooLarge:
            fetched.append(Fetched(one.name, problem=TOO_LARGE))
        except Unreachable as problem:
            fetched.append(Fetched(one.name, problem=INTERRUPTED))
            return Attached(tuple(arrived), tuple(fetched), is_complete=False, problem=problem)
        else:
            if kept is None:
                fetched.append(Fetched(one.name, problem=ABSENT))
            else:
                arrived.append(kept)
                fetched.append(Fetched(one.name, kept.sha256, kept.size))
                shelf.told("files", 1)
    return Attached(tuple(arrived), tuple(fetched))


def _fetch(server: OtherServer, shelf: Shelf, item: str, one: Wanted) -> Arrived | None:
    with server.file(item, one.place) as found:
        if found is None:
            return None
        offered = Offered(one.name, found.media_type, found.chunks)
        return keep_files(shelf.store, shelf.randomness, [offered])[0]
