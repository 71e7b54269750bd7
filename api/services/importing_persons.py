"""Lists about single persons: measurements go under their children, answers to whoever they are of.

The walk is that of `importing`: chunk by chunk, each a transaction under its village's turn.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from sqlmodel import Session

from api.services.import_reports import VillageReport
from api.services.importing import (
    ROWS_PER_CHUNK_MAX,
    Importing,
    busy_told,
    import_lane,
    lists_author,
    opened_lane,
    patiently,
    push_listed,
)
from api.services.pushing import Turn
from models.queries import feeds, listing
from sync.listed import ListedGrowth, ListedMatch, RefusedRow
from sync.listing_matching import plain_name
from sync.listing_persons import (
    UNKNOWN_NIK,
    Child,
    PersonsView,
    plan_growth,
    plan_match,
)
from sync.listing_plan import Judged, ListingPlan, Verdict
from sync.types import ANGGOTA, Outcome

_Row = TypeVar("_Row", ListedGrowth, ListedMatch)


@dataclass(slots=True)
class GrowthImport:
    """Measurements, village by village."""

    importing: Importing
    seen: set[tuple[str, str]] = field(default_factory=set)
    children: dict[tuple[str, str], list[Child]] | None = None

    def village(self, desa: str, rows: Iterator[ListedGrowth]) -> None:
        """All that was measured in one village."""
        report = self.importing.report.villages.setdefault(desa, VillageReport())
        self.children = None
        with busy_told(report):
            for chunk in _chunks(rows):
                self.importing.report.take(desa, self._bring(desa, chunk))
                self.importing.told(desa, len(chunk))
        for _ in rows:
            pass
        self.importing.note(desa)

    def _bring(self, desa: str, chunk: Sequence[ListedGrowth]) -> ListingPlan:
        if self.children is None:
            with self.importing.at.database.reading() as session:
                self.children = listing.children_by_name(session, desa)
        seen = set(self.seen)

        def decide(session: Session, lanes: frozenset[str]) -> ListingPlan:
            seen.clear()
            seen.update(self.seen)
            return plan_growth(
                self.importing.issue, self._view(session, desa, chunk, lanes), chunk, seen,
                self.importing.ids,
            )  # fmt: skip

        plan = in_turn(self.importing, desa, decide)
        self.seen = seen
        return plan

    def _view(
        self, session: Session, desa: str, chunk: Sequence[ListedGrowth], lanes: frozenset[str]
    ) -> PersonsView:
        named: dict[tuple[str, str], list[Child]] = {}
        for row in chunk:
            key = plain_name(row.person.get("nama")), str(row.person.get("tanggal_lahir") or "")
            found = (self.children or {}).get(key)
            if found:
                named[key] = found
        ids = [child.id for children in named.values() for child in children]
        niks = {str(nik) for row in chunk if (nik := row.person.get("nik"))}
        families = listing.families_of(session, desa, ids)
        people = listing.records_meant(session, desa, niks, families)
        measured = listing.measurements_of(session, desa, {one.keluarga for one in people})
        persons = [one for one in people if one.entity == ANGGOTA]
        return PersonsView(lanes, persons, measured, named)


@dataclass(slots=True)
class MatchImport:
    """Answers of Dukcapil: they do not say where people live, so the register has to know."""

    importing: Importing
    area: str

    def rows(self, rows: Iterator[ListedMatch]) -> None:
        """All answers of the list."""
        touched: set[str] = set()
        for chunk in _chunks(rows):
            with self.importing.at.database.reading() as session:
                found = listing.bearers_in(session, self.area, {row.nik for row in chunk})
            for desa, bearers in sorted(found.items()):
                theirs = [row for row in chunk if row.nik in bearers]
                self._village(desa, theirs)
                touched.add(desa)
            known = {nik for bearers in found.values() for nik in bearers}
            self._refuse([row for row in chunk if row.nik not in known])
            self.importing.told("", len(chunk))
        for desa in sorted(touched):
            self.importing.note(desa)

    def _village(self, desa: str, rows: Sequence[ListedMatch]) -> None:
        report = self.importing.report.villages.setdefault(desa, VillageReport())

        def decide(session: Session, lanes: frozenset[str]) -> ListingPlan:
            people = listing.records_meant(session, desa, {row.nik for row in rows}, ())
            persons = [one for one in people if one.entity == ANGGOTA]
            return plan_match(self.importing.issue, PersonsView(lanes, persons), rows)

        with busy_told(report):
            self.importing.report.take(desa, in_turn(self.importing, desa, decide))

    def _refuse(self, rows: Sequence[ListedMatch]) -> None:
        plan = ListingPlan()
        for row in rows:
            plan.judged.append(Judged(row.file, row.row, ANGGOTA, Verdict.REFUSED))
            plan.refused.append(RefusedRow(row.file, row.row, UNKNOWN_NIK))
        if rows:
            self.importing.report.take("", plan)


def in_turn(
    importing: Importing,
    desa: str,
    decide: Callable[[Session, frozenset[str]], ListingPlan],
) -> ListingPlan:
    """Decide under the village's turn and push what follows; a preview only decides."""
    database = importing.at.database

    def look() -> ListingPlan:
        with database.reading() as session:
            lane = import_lane(session, desa)
            return decide(session, frozenset({lane.lane.name} if lane is not None else ()))

    def push() -> ListingPlan:
        with database.writing() as session:
            now = importing.at.clock.now()
            head = feeds.take_turn(session, desa)
            stored = opened_lane(session, desa, now, importing.at.randomness)
            plan = decide(session, frozenset({stored.lane.name}))
            turn = Turn(desa, head, stored, lists_author(desa), now)
            pushed = push_listed(session, turn, plan.operations, importing.at.ground)
        settled = pushed.settled if pushed is not None else ()
        importing.report.set_aside += sum(one.outcome is Outcome.QUARANTINED for one in settled)
        return plan

    return patiently(look if importing.dry_run else push, importing.at.pause)


def _chunks(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    while chunk := list(islice(rows, ROWS_PER_CHUNK_MAX)):
        yield chunk
