"""One run of a connector: read the other server's list, fetch what is new, tell what was decided.

Each form is a transaction of its own, each page of the list, too. A run that is cut off has lost
nothing: what it saw is noted as due, what it took is noted as taken, and the next run goes on. The
list's cursor moves when the list was read to its end, and not before.

Files that do not come hold nothing up: the form is taken in, and what it lacks is asked for again.
What was deleted over there stays here, and is noted for somebody to look at.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from sqlmodel import Session

from api.blobs import BlobStore
from api.clock import Clock
from api.connectors.addresses import Unreachable
from api.connectors.filled import Filled
from api.connectors.other_server import OtherServer
from api.errors import AppError
from api.randomness import Randomness
from api.services.claiming import note_claims
from api.services.connecting import Connection, Landing, attach, take
from api.services.connector_files import NOTHING, Attached, Shelf, fetch_files
from api.services.importing import patiently
from api.services.pushing import Ground
from api.services.submitting import Site
from models.database import Database
from models.queries import connector_files, connector_sights, connector_verdicts, connectors
from models.queries.auditing import AuditEntry, append
from models.queries.connectors import Connector, Item
from models.tables.audit import NO_VILLAGE
from sync.types import Json

RUN_LEASE: Final = timedelta(minutes=20)
"""A run that died holds its connector no longer than this; one that lives says so before it ends.

Longer than whatever a run does at a stretch: a file takes five minutes at most.
"""
RUN_TIME_MAX: Final = timedelta(hours=6)
"""Of a whole run: a server that always answers just in time does not hold it for ever."""
LISTED_ANEW_AFTER: Final = timedelta(days=25)
"""Central forgets deletions after 30 days; whoever asks more seldom reads its whole list."""
ITEMS_PER_RUN_MAX: Final = 20_000
ITEMS_PER_FETCH: Final = 100
VERDICTS_PER_RUN_MAX: Final = 2000
TRASH_KEPT: Final = timedelta(days=30)
"""Central's; what has been gone for longer does not come back."""
GONE_PER_RUN_MAX: Final = 1000
RETURNED_PER_RUN_MAX: Final = 100
LACKING_PER_RUN_MAX: Final = 500
"""Forms whose missing files are asked for again; those that were asked for least often first."""


@dataclass(frozen=True, slots=True)
class RunGround:
    """Where a run takes place."""

    database: Database
    clock: Clock
    randomness: Randomness
    ground: Ground
    store: BlobStore
    told: Callable[[str, int], None] = lambda _what, _number: None
    """Told what is being done (`listed`, `taken`, `files`, `told`) and to how many more."""

    pause: Callable[[float], None] = time.sleep
    """Waits so many seconds before a busy database is tried again."""

    def site(self) -> Site:
        return Site(self.clock.now(), self.ground, self.randomness)

    def shelf(self) -> Shelf:
        return Shelf(self.store, self.randomness, self.told)


@dataclass(slots=True)
class RunReport:
    """What a run did."""

    connector: str
    listed: int = 0
    due: int = 0
    states: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    gone: int = 0
    files: int = 0
    told: int = 0
    problem: str | None = None
    landings: list[Landing] = field(default_factory=list)
    """Of a dry run, one for each form."""


class _TakenBack(Exception):
    """Ends the transaction of a dry run."""


@dataclass(slots=True)
class _Run:
    """A run that holds its connector."""

    at: RunGround
    connection: Connection
    server: OtherServer
    report: RunReport
    began: datetime
    held_until: datetime
    dry_run: bool
    asks_for_files: bool = True
    """Until one of them could not be asked for."""

    def hold_on(self) -> None:
        """Go on holding the connector. Raises `Unreachable` where the run has to end."""
        now = self.at.clock.now()
        if now - self.began > RUN_TIME_MAX:
            raise Unreachable("the run took six hours; the next one goes on where it was")
        if self.held_until - now > RUN_LEASE / 2:
            return
        until = now + RUN_LEASE
        with self.at.database.writing() as session:
            if not connectors.go_on_running(session, self.connection.id, self.held_until, until):
                raise Unreachable("another run has taken this connector over; it goes on there")
        self.held_until = until

    def files(self, item: str, wanted: Sequence[connector_files.Wanted]) -> Attached:
        """Files of one form; the first that cannot be asked for is the last that is asked for."""
        if self.dry_run or not wanted:
            return NOTHING
        if not self.asks_for_files:
            return Attached(is_complete=False)
        attached = fetch_files(self.server, self.at.shelf(), item, wanted)
        self.report.files += len(attached.arrived)
        if attached.problem is not None:
            self.asks_for_files = False
            self.report.problem = str(attached.problem)
        return attached


def run(
    at: RunGround,
    connector: Connector,
    connection: Connection,
    server: OtherServer,
    *,
    dry_run: bool = False,
) -> RunReport:
    """Run a connector once. Raises `AppError` `value-refused` while another run holds it."""
    report = RunReport(connector.id)
    began, until = _begin(at, connector)
    going = _Run(at, connection, server, report, began, until, dry_run)
    try:
        _list(going, connector)
        if not dry_run:
            _fetch_lacking(going)
        _take_all(going)
        if not dry_run:
            _tell(going)
    except Unreachable as problem:
        report.problem = str(problem)
    finally:
        _end(going)
    return report


def _begin(at: RunGround, connector: Connector) -> tuple[datetime, datetime]:
    now = at.clock.now()
    until = now + RUN_LEASE
    with at.database.writing() as session:
        if not connectors.begin_run(session, connector.id, now, until):
            raise AppError(
                "value-refused",
                f"{connector.id} is being run by somebody else; wait, or try in twenty minutes if "
                "that run died.",
            )
    return now, until


def _end(going: _Run) -> None:
    report, now = going.report, going.at.clock.now()
    detail: dict[str, Json] = {
        "connector": report.connector,
        "listed": report.listed,
        "taken": dict(sorted(report.states.items())),
        "files": report.files,
        "gone": report.gone,
        "told": report.told,
        "dry_run": going.dry_run,
        "complete": report.problem is None,
    }
    with going.at.database.writing() as session:
        connectors.end_run(session, report.connector, going.held_until, now, report.problem)
        append(session, NO_VILLAGE, AuditEntry(now, "connector-run", detail=detail))


def _list(going: _Run, connector: Connector) -> None:
    with going.at.database.reading() as session:
        listed_at = connector_sights.last_listed(session, connector.id)
    is_recent = listed_at is not None and going.began - listed_at < LISTED_ANEW_AFTER
    is_whole = False
    for page in going.server.pages(connector.cursor if is_recent else None):
        going.hold_on()
        with going.at.database.writing() as session:
            due = connectors.note_seen(session, connector.id, page.seen, going.began)
            _note_gone(going, session, page.gone)
            if page.cursor is not None:
                connectors.move_cursor(session, connector.id, page.cursor)
        going.report.listed += len(page.seen)
        going.report.due += due
        going.at.told("listed", len(page.seen))
        is_whole = page.is_whole
    if is_whole:
        _look_for_missing(going)
    else:
        _look_for_returned(going)


def _look_for_returned(going: _Run) -> None:
    """Out of a trash comes what no list of changes shows: it bears no later time."""
    with going.at.database.reading() as session:
        gone = connector_sights.gone(session, going.connection.id, RETURNED_PER_RUN_MAX)
    since = going.began - TRASH_KEPT
    named = [one.item for one in gone if one.since is not None and one.since > since]
    still = set(going.server.gone_of(named)) if named else set()
    with going.at.database.writing() as session:
        connector_sights.note_back(
            session, going.connection.id, [one for one in named if one not in still]
        )


def _look_for_missing(going: _Run) -> None:
    """What a whole list did not show is asked for by name before it is called gone."""
    with going.at.database.reading() as session:
        missing = connector_sights.not_listed(
            session, going.connection.id, going.began, GONE_PER_RUN_MAX
        )
    gone = list(going.server.gone_of(missing)) if missing else []
    if gone:
        with going.at.database.writing() as session:
            _note_gone(going, session, gone)


def _note_gone(going: _Run, session: Session, items: Sequence[str]) -> None:
    """Nothing here is deleted: the trail of its village says that the form is gone over there."""
    now = going.at.clock.now()
    fresh = connector_sights.note_gone(session, going.connection.id, items, now)
    for desa, group in groupby(sorted(fresh, key=lambda one: one.desa or ""), lambda o: o.desa):
        told: list[Json] = [{"item": one.item, "record": one.record} for one in group]
        detail: dict[str, Json] = {"connector": going.connection.id, "forms": told}
        entry = AuditEntry(now, "connector-gone", detail=detail)
        append(session, desa or NO_VILLAGE, entry)
    going.report.gone += len(fresh)


def _fetch_lacking(going: _Run) -> None:
    connector_id = going.connection.id
    with going.at.database.reading() as session:
        items = connector_files.items_lacking(session, connector_id, LACKING_PER_RUN_MAX)
    for name in items:
        if not going.asks_for_files:
            return
        going.hold_on()
        with going.at.database.reading() as session:
            item = connectors.item_of(session, connector_id, name)
            wanted = connector_files.files_lacking(session, connector_id, name)
        if item is not None and wanted:
            _attach(going, item, going.files(name, wanted))


def _attach(going: _Run, item: Item, attached: Attached) -> None:
    def once() -> None:
        with going.at.database.writing() as session:
            attach(session, going.connection, item, attached, going.at.site())

    patiently(once, going.at.pause)


def _take_all(going: _Run) -> None:
    for batch in _due(going.at, going.connection.id):
        wanted = {one.item: one for one in batch}
        for filled in going.server.fetch(list(wanted)):
            item = wanted.pop(filled.item, None)
            if item is not None:
                going.hold_on()
                attached = going.files(filled.item, filled.files)
                _note(going, _take(going, (item, filled), attached))
                going.at.told("taken", 1)
        if not going.dry_run and wanted:
            with going.at.database.writing() as session:
                _note_gone(going, session, list(wanted))


def _due(at: RunGround, connector_id: str) -> Iterator[Sequence[Item]]:
    after = ""
    for _ in range(0, ITEMS_PER_RUN_MAX, ITEMS_PER_FETCH):
        with at.database.reading() as session:
            batch = connectors.due_items(session, connector_id, after, ITEMS_PER_FETCH)
        if not batch:
            return
        yield batch
        after = batch[-1].item


def _take(going: _Run, what: tuple[Item, Filled], attached: Attached) -> Landing:
    """In one transaction, which a dry run takes back."""
    at = going.at

    def once() -> Landing:
        landings: list[Landing] = []
        try:
            with at.database.writing() as session:
                landings.append(take(session, going.connection, *what, at.site(), attached))
                if going.dry_run:
                    raise _TakenBack  # noqa: TRY301 (the way to end a transaction undone)
        except _TakenBack:
            pass
        return landings[0]

    landing = patiently(once, at.pause)
    if landing.niks and not going.dry_run:
        with at.database.writing() as session:
            note_claims(session, landing.niks)
    return landing


def _note(going: _Run, landing: Landing) -> None:
    going.report.states[landing.state] += 1
    going.report.repeated += landing.is_repeated
    if going.dry_run:
        going.report.landings.append(landing)


def _tell(going: _Run) -> None:
    """Write to the other server what reviewers decided; what it says already is left alone."""
    after = ""
    for _ in range(0, VERDICTS_PER_RUN_MAX, ITEMS_PER_FETCH):
        with going.at.database.reading() as session:
            found = connector_verdicts.verdicts(
                session, going.connection.id, after, ITEMS_PER_FETCH
            )
        if not found:
            return
        for one in found:
            going.hold_on()
            _tell_one(going, one)
        after = found[-1].item


def _tell_one(going: _Run, verdict: connector_verdicts.Verdict) -> None:
    state = going.server.state_for(accepted=verdict.accepted)
    if state is None:
        return
    if verdict.remote_state != state:
        going.server.tell(verdict.item, state)
        going.report.told += 1
        going.at.told("told", 1)
    with going.at.database.writing() as session:
        connector_verdicts.note_told(session, going.connection.id, verdict.item, state)
