"""One run of a connector: read the other server's list, fetch what is new, tell what was decided.

Each form is a transaction of its own, each page of the list, too. A run that is cut off has lost
nothing: what it saw is noted as due, what it took is noted as taken, and the next run goes on. The
list's cursor moves when the list was read to its end, and not before.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sqlmodel import Session

from api.clock import Clock
from api.connectors.addresses import Unreachable
from api.connectors.filled import Filled
from api.connectors.other_server import OtherServer
from api.errors import AppError
from api.randomness import Randomness
from api.services.claiming import note_claims
from api.services.connecting import Connection, Landing, take
from api.services.importing import patiently
from api.services.pushing import Ground
from api.services.submitting import Site
from models.database import Database
from models.queries import connectors
from models.queries.auditing import AuditEntry, append
from models.queries.connectors import Connector, Item
from models.tables.audit import NO_VILLAGE
from sync.types import Json

RUN_LEASE: Final = timedelta(hours=2)
"""A run that died holds its connector no longer than this."""
ITEMS_PER_RUN_MAX: Final = 20_000
ITEMS_PER_FETCH: Final = 100
VERDICTS_PER_RUN_MAX: Final = 2000


@dataclass(frozen=True, slots=True)
class RunGround:
    """Where a run takes place."""

    database: Database
    clock: Clock
    randomness: Randomness
    ground: Ground
    told: Callable[[str, int], None] = lambda _what, _number: None
    """Told what is being done (`listed`, `taken`, `told`) and to how many more."""

    pause: Callable[[float], None] = time.sleep
    """Waits so many seconds before a busy database is tried again."""

    def site(self) -> Site:
        return Site(self.clock.now(), self.ground, self.randomness)


@dataclass(slots=True)
class RunReport:
    """What a run did."""

    connector: str
    listed: int = 0
    due: int = 0
    states: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    missing: int = 0
    told: int = 0
    problem: str | None = None
    landings: list[Landing] = field(default_factory=list)
    """Of a dry run, one for each form."""


class _TakenBack(Exception):
    """Ends the transaction of a dry run."""


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
    _begin(at, connector)
    try:
        _list(at, connector, server, report)
        _take_all(at, connection, server, report, dry_run=dry_run)
        if not dry_run:
            _tell(at, connector, server, report)
    except Unreachable as problem:
        report.problem = str(problem)
    finally:
        _end(at, report, dry_run=dry_run)
    return report


def _begin(at: RunGround, connector: Connector) -> None:
    now = at.clock.now()
    with at.database.writing() as session:
        if not connectors.begin_run(session, connector.id, now, now + RUN_LEASE):
            raise AppError(
                "value-refused",
                f"{connector.id} is being run by somebody else; wait, or try in two hours if that "
                "run died.",
            )


def _end(at: RunGround, report: RunReport, *, dry_run: bool) -> None:
    now = at.clock.now()
    detail: dict[str, Json] = {
        "connector": report.connector,
        "listed": report.listed,
        "taken": dict(sorted(report.states.items())),
        "told": report.told,
        "dry_run": dry_run,
        "complete": report.problem is None,
    }
    with at.database.writing() as session:
        connectors.end_run(session, report.connector, now, report.problem)
        append(session, NO_VILLAGE, AuditEntry(now, "connector-run", detail=detail))


def _list(at: RunGround, connector: Connector, server: OtherServer, report: RunReport) -> None:
    for page in server.pages(connector.cursor):
        with at.database.writing() as session:
            due = connectors.note_seen(session, connector.id, page.seen, at.clock.now())
            if page.cursor is not None:
                connectors.move_cursor(session, connector.id, page.cursor)
        report.listed += len(page.seen)
        report.due += due
        at.told("listed", len(page.seen))


def _take_all(
    at: RunGround,
    connection: Connection,
    server: OtherServer,
    report: RunReport,
    *,
    dry_run: bool,
) -> None:
    for batch in _due(at, connection.id):
        wanted = {one.item: one for one in batch}
        for filled in server.fetch(list(wanted)):
            item = wanted.pop(filled.item, None)
            if item is not None:
                _note(
                    report, _take(at, connection, (item, filled), dry_run=dry_run), dry_run=dry_run
                )
                at.told("taken", 1)
        report.missing += len(wanted)
        if not dry_run:
            with at.database.writing() as session:
                connectors.items_missing(session, connection.id, wanted)


def _due(at: RunGround, connector_id: str) -> Iterator[Sequence[Item]]:
    after = ""
    for _ in range(0, ITEMS_PER_RUN_MAX, ITEMS_PER_FETCH):
        with at.database.reading() as session:
            batch = connectors.due_items(session, connector_id, after, ITEMS_PER_FETCH)
        if not batch:
            return
        yield batch
        after = batch[-1].item


def _take(
    at: RunGround, connection: Connection, what: tuple[Item, Filled], *, dry_run: bool
) -> Landing:
    """In one transaction, which a dry run takes back."""

    def once() -> Landing:
        landings: list[Landing] = []
        try:
            with at.database.writing() as session:
                landings.append(take(session, connection, *what, at.site()))
                if dry_run:
                    raise _TakenBack  # noqa: TRY301 (the way to end a transaction undone)
        except _TakenBack:
            pass
        return landings[0]

    landing = patiently(once, at.pause)
    if landing.niks and not dry_run:
        with at.database.writing() as session:
            note_claims(session, landing.niks)
    return landing


def _note(report: RunReport, landing: Landing, *, dry_run: bool) -> None:
    report.states[landing.state] += 1
    report.repeated += landing.is_repeated
    if dry_run:
        report.landings.append(landing)


def _tell(at: RunGround, connector: Connector, server: OtherServer, report: RunReport) -> None:
    """Write to the other server what reviewers decided; what it says already is left alone."""
    after = ""
    for _ in range(0, VERDICTS_PER_RUN_MAX, ITEMS_PER_FETCH):
        with at.database.reading() as session:
            found = connectors.verdicts(session, connector.id, after, ITEMS_PER_FETCH)
        if not found:
            return
        for one in found:
            state = server.state_for(accepted=one.accepted)
            if one.remote_state != state:
                server.tell(one.item, state)
                report.told += 1
                at.told("told", 1)
            with at.database.writing() as session:
                _noted(session, connector.id, one.item, state)
        after = found[-1].item


def _noted(session: Session, connector_id: str, item: str, state: str) -> None:
    connectors.note_told(session, connector_id, item, state)
