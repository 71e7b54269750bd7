"""Bring a list in, village by village, in chunks that let phones sync in between.

A chunk is one transaction: it takes the village's turn, looks at the families it may mean, decides,
and goes through the same door as every push. What has gone in is not undone when a later chunk
fails, and need not be: whoever starts the import again says the same again, which is nothing. A
preview is the same walk with the last step left out.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from sqlmodel import Session

from api.clock import Clock
from api.randomness import Randomness, new_lane_name
from api.services.claiming import note_claims
from api.services.import_reports import ImportReport, VillageReport
from api.services.pushing import Ground, Turn, changed_niks, decide_batch, store_plan
from models.canonical import canonical_json
from models.database import Busy, Database
from models.queries import conflicts, feeds, lanes, listing
from models.queries.auditing import AuditEntry, append
from models.queries.lanes import LaneOwner, StoredLane
from sync.batch import read_batch
from sync.listed import ListedFamily
from sync.listing import plan_listing
from sync.listing_matching import home_of
from sync.listing_plan import Issue, ListingPlan, ListingView, Memory
from sync.listing_words import is_touched, last_words
from sync.push import Author, Plan
from sync.scope import Scope, VillageScope
from sync.types import Json, Lane, Outcome, Record
from sync.workspace import is_identifying

IMPORT_SOURCE: Final = "import"
IMPORT_LINEAGE: Final = "import"
"""Of the lane that every list of a village is brought in by: a list knows what lists said."""
ROWS_PER_CHUNK_MAX: Final = 500
_IDS_PER_MILLISECOND: Final = 1 << 12
TRIES_MAX: Final = 6
FIRST_PAUSE_SECONDS: Final = 0.2

_T = TypeVar("_T")
Told = Callable[[str, int], None]
"""Told the village and how many more families of it are done."""


@dataclass(frozen=True, slots=True)
class ImportGround:
    """Where a list is brought in, and on whose behalf."""

    database: Database
    clock: Clock
    randomness: Randomness
    ground: Ground
    actor: str | None = None
    """Account id; none for the command line."""
    pause: Callable[[float], None] = time.sleep
    """Waits so many seconds before a busy village is tried again."""


@dataclass(slots=True)
class Importing:
    """One import on its way."""

    at: ImportGround
    issue: Issue
    report: ImportReport
    dry_run: bool = False
    told: Told = lambda _desa, _rows: None
    ids: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.ids = rising_ids(self.at.clock, self.at.randomness)

    def village(self, desa: str, families: Iterator[ListedFamily]) -> None:
        """All families that the list has in one village. What is busy for long is reported."""
        village = _Village(self, desa)
        report = self.report.villages.setdefault(desa, VillageReport())
        with busy_told(report):
            for chunk in _chunks(families):
                self.report.take(desa, village.bring(chunk))
                self.told(desa, len(chunk))
            report.absent = village.absent()
        # Where it stayed busy the rest is passed over: the next village is not asked to wait.
        for _ in families:
            pass
        self.note(desa)

    def note(self, desa: str) -> None:
        """One entry of the village's audit chain for all of it."""
        report = self.report.villages.get(desa)
        if report is not None and not self.dry_run:
            with busy_told(report):
                self._note(desa, report)

    def _note(self, desa: str, report: VillageReport) -> None:
        detail: dict[str, Json] = {
            "import": self.issue.import_id,
            "list": self.issue.source.name,
            "rows": {f"{e} {v}": n for (e, v), n in sorted(report.counts.items())},
            "complete": report.problem is None,
        }
        entry = AuditEntry(self.at.clock.now(), "list-imported", self.at.actor, detail=detail)

        def note() -> None:
            with self.at.database.writing() as session:
                feeds.take_turn(session, desa)
                append(session, desa, entry)

        patiently(note, self.at.pause)


@dataclass(slots=True)
class _Village:
    importing: Importing
    desa: str
    memory: Memory = field(default_factory=Memory)
    families: set[str] = field(default_factory=set)
    open_before: int | None = None
    traits: tuple[dict[str, str], dict[tuple[str, str], str]] | None = None

    def bring(self, chunk: Sequence[ListedFamily]) -> ListingPlan:
        """One chunk, tried again while the database is busy."""
        self._look_ahead(chunk)
        plan, niks = patiently(lambda: self._once(chunk), self.importing.at.pause)
        self.memory.keep(plan.memory)
        self.families |= plan.families
        if niks:
            patiently(lambda: self._claim(niks), self.importing.at.pause)
        return plan

    def absent(self) -> int:
        """Families that were there and that the list does not name."""
        return max((self.open_before or 0) - len(self.families), 0)

    def _look_ahead(self, chunk: Sequence[ListedFamily]) -> None:
        needs_traits = self.traits is None and any(map(_is_known_otherwise, chunk))
        if self.open_before is not None and not needs_traits:
            return
        with self.importing.at.database.reading() as session:
            if self.open_before is None:
                self.open_before = listing.active_families(session, self.desa)
            if needs_traits:
                self.traits = listing.families_by_other_traits(session, self.desa)

    def _once(self, chunk: Sequence[ListedFamily]) -> tuple[ListingPlan, tuple[Record, ...]]:
        database = self.importing.at.database
        niks = _niks(chunk)
        with database.reading() as session:
            elsewhere = listing.niks_elsewhere(session, self.desa, niks)
            if self.importing.dry_run:
                lane = import_lane(session, self.desa)
                known = frozenset({lane.lane.name}) if lane is not None else frozenset[str]()
                return self._plan(session, chunk, known, elsewhere), ()
        with database.writing() as session:
            now = self.importing.at.clock.now()
            head = feeds.take_turn(session, self.desa)
            stored = opened_lane(session, self.desa, now, self.importing.at.randomness)
            plan = self._plan(session, chunk, frozenset({stored.lane.name}), elsewhere)
            turn = Turn(self.desa, head, stored, lists_author(self.desa), now)
            pushed = push_listed(session, turn, plan.operations, self.importing.at.ground)
        if pushed is None:
            return plan, ()
        self.importing.report.set_aside += sum(
            one.outcome is Outcome.QUARANTINED for one in pushed.settled
        )
        return plan, changed_niks(pushed)

    def _plan(
        self,
        session: Session,
        chunk: Sequence[ListedFamily],
        known_lanes: frozenset[str],
        elsewhere: frozenset[str],
    ) -> ListingPlan:
        list_ids, homes = self.traits or ({}, {})
        named = {list_ids[i] for family in chunk for i in _list_ids(family) if i in list_ids}
        if homes:
            found = {homes.get(home_of(family.fields)) for family in chunk}
            named |= {family for family in found if family}
        numbers = _niks(chunk) | {str(f.fields["no_kk"]) for f in chunk if _has_card(f)}
        records = listing.records_meant(session, self.desa, numbers, named)
        disputed = (record.id for record in records if record.disputed)
        touched = [record.id for record in records if is_touched(record, known_lanes)]
        said = listing.operations_of_lists(session, self.desa, known_lanes, touched)
        view = ListingView(
            known_lanes,
            records,
            conflicts.conflicts_of(session, self.desa, disputed),
            last_words(said),
            elsewhere,
            list_ids,
            homes,
        )
        return plan_listing(self.importing.issue, view, chunk, self.memory, self.importing.ids)

    def _claim(self, niks: tuple[Record, ...]) -> None:
        with self.importing.at.database.writing() as session:
            note_claims(session, niks)


def push_listed(
    session: Session, turn: Turn, listed: Sequence[dict[str, Json]], ground: Ground
) -> Plan | None:
    """Operations of a list as the next ones of its lane, decided and stored like any push."""
    if not listed:
        return None
    first = turn.lane.last + 1
    batch = read_batch(
        [{"seq": seq, **operation} for seq, operation in enumerate(listed, first)],
        server_lane=True,
        canonical=canonical_json,
    )
    plan = decide_batch(session, turn, batch, ground)
    assert isinstance(plan, Plan), "a lane of lists has one writer, who holds the village's turn"
    store_plan(session, turn, batch, plan)
    return plan


def import_lane(session: Session, desa: str) -> StoredLane | None:
    """The lane of lists of a village, if it has one."""
    return lanes.lane_of(session, desa, IMPORT_LINEAGE)


def opened_lane(session: Session, desa: str, now: datetime, randomness: Randomness) -> StoredLane:
    """The lane of lists, locked; opened if there is none. The village's turn must be held."""
    stored = import_lane(session, desa)
    if stored is None:
        owner = LaneOwner(lineage=IMPORT_LINEAGE, account_id=None, source=IMPORT_SOURCE)
        lanes.open_lane(session, Lane(new_lane_name(randomness), desa, 0), owner, now)
        stored = import_lane(session, desa)
    assert stored is not None, "it was opened a moment ago"
    return stored


def lists_author(desa: str) -> Author:
    """Who speaks in a lane of lists: the office, without having been there on any day."""
    return Author(Scope(()), VillageScope(desa, None), vouches=False)


@contextmanager
def busy_told(report: VillageReport) -> Iterator[None]:
    """A village that stays busy is a line of the report, not the end of the import."""
    try:
        yield
    except Busy as busy:
        report.problem = f"busy ({busy.reason})"


def patiently(work: Callable[[], _T], pause: Callable[[float], None]) -> _T:
    """Do it; while the database is busy, wait longer each time and try again. Raises `Busy`."""
    wait = FIRST_PAUSE_SECONDS
    for _ in range(TRIES_MAX - 1):
        try:
            return work()
        except Busy:
            pause(wait)
            wait *= 2
    return work()


def _chunks(families: Iterator[ListedFamily]) -> Iterator[list[ListedFamily]]:
    """Whole families, as many as one transaction may take."""
    chunk: list[ListedFamily] = []
    rows = 0
    for family in families:
        size = 1 + len(family.members)
        if chunk and rows + size > ROWS_PER_CHUNK_MAX:
            yield chunk
            chunk, rows = [], 0
        chunk.append(family)
        rows += size
    if chunk:
        yield chunk


def _niks(chunk: Sequence[ListedFamily]) -> set[str]:
    niks = (member.fields.get("nik") for family in chunk for member in family.members)
    return {nik for nik in niks if isinstance(nik, str) and is_identifying(nik)}


def _has_card(family: ListedFamily) -> bool:
    return is_identifying(family.fields.get("no_kk"))


def _list_ids(family: ListedFamily) -> list[str]:
    return [str(i) for i in (family.fields.get("id_dtks"), family.list_id) if i]


def _is_known_otherwise(family: ListedFamily) -> bool:
    """Has the family to be looked for by more than numbers?"""
    return bool(_list_ids(family)) or not _has_card(family)


def rising_ids(clock: Clock, randomness: Randomness) -> Iterator[str]:
    """UUIDv7 in rising order: within a millisecond a counter stands before the random bits.

    RFC 9562, section 6.2, method 1. A clock that stands still or goes back does not stop it.
    """
    last, count = 0, 0
    while True:
        now = int(clock.now().timestamp() * 1000)
        last, count = (now, 0) if now > last else (last, count + 1)
        if count >= _IDS_PER_MILLISECOND:
            last, count = last + 1, 0
        random = int.from_bytes(randomness(8)) & ((1 << 62) - 1)
        yield str(UUID(int=(last << 80) | (0x7000 | count) << 64 | (0b10 << 62) | random))
