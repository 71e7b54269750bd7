"""Put the application together: one list of doors behind one stack of guards.

From the outside in, a request passes the access log, the counters, the security headers, the
admission limit, compression, and the net for mistakes of ours; then its route's rule decides who
may come in.
"""

import atexit
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

import anyio.to_thread
from fastapi import APIRouter, FastAPI

from api.admission import Admission
from api.central import forms as central_forms
from api.central import odata as central_odata
from api.central import remainder as central_remainder
from api.central import sessions as central_sessions
from api.central import submissions as central_submissions
from api.clock import Clock, SystemClock
from api.compression import Compression
from api.dependencies import route_rules
from api.description import describe
from api.doors import Doors
from api.headers import SecurityHeaders
from api.logs import AccessLog, configure_logs
from api.metrics import CountRequests, Metrics
from api.openrosa import forms as openrosa_forms
from api.openrosa import submissions as openrosa_submissions
from api.openrosa.crowds import COUNTERS, Crowds, Hall
from api.openrosa.one_hop import threads_for_forms
from api.problems import ProblemAnswers, UnexpectedErrors
from api.randomness import SYSTEM_RANDOMNESS, Randomness
from api.routes import (
    accounts,
    blobs,
    conflicts,
    connectors,
    designations,
    devices,
    documentation,
    exports,
    forms,
    growth,
    health,
    held,
    imports,
    keying_in,
    odk_keys,
    periods,
    placing,
    progress,
    quarantine,
    records,
    repairing,
    rounds,
    scans,
    sessions,
    signoff,
    syncing,
    tasks,
)
from api.security import TokenRotation
from api.services.readiness import Readiness
from api.services.submitting_ahead import AHEAD_MAX
from api.services.submitting_together import TOGETHER_MAX
from api.settings import Settings
from api.shell import Shell
from api.throttling import GuessLimit, StrangerDelays
from api.web import office, pages
from api.web.exports import pages as export_pages
from api.web.lokus import page as lokus
from api.web.printing import routes as printing
from api.web.rounds import deeds, keying
from api.web.rounds import pages as round_pages
from api.web.rounds import placing as placing_pages
from models.database import Database
from models.sealing import Vault

GARBAGE_AFTER: Final = 20_000
"""Objects made and kept before Python looks for cycles among them."""
ROUTERS: Final[tuple[APIRouter, ...]] = (
    repairing.router,
    openrosa_submissions.router,
    openrosa_forms.router,
    devices.router,
    accounts.router,
    conflicts.router,
    connectors.router,
    designations.router,
    documentation.router,
    growth.router,
    health.router,
    imports.uploading,
    imports.router,
    lokus.router,
    forms.router,
    held.router,
    odk_keys.router,
    office.forms,
    office.pages,
    pages.router,
    placing.router,
    printing.router,
    keying.router,
    placing_pages.router,
    round_pages.router,
    deeds.router,
    deeds.uploads,
    export_pages.forms,
    export_pages.pages,
    progress.router,
    quarantine.router,
    records.router,
    blobs.router,
    scans.router,
    keying_in.router,
    periods.router,
    rounds.router,
    signoff.router,
    sessions.router,
    exports.router,
    exports.answering,
    tasks.router,
    central_sessions.router,
    central_odata.router,
    central_submissions.router,
    central_forms.router,
    central_remainder.router,
)
"""Doors. Paths are written whole in the routers, so that a route's template is its path.

A request tries those that begin as its address does, in this order (`api.doors`).
"""


def routers(settings: Settings) -> tuple[APIRouter, ...]:
    """Every door with the limits of this installation."""
    return (syncing.syncing_router(settings), *ROUTERS)


def create_app(
    settings: Settings,
    *,
    database: Database,
    clock: Clock,
    randomness: Randomness,
) -> FastAPI:
    """The application over a database that the caller opened and will close.

    Raises `RouteWithoutRule` for a route that does not say who may call it.
    """
    answers = ProblemAnswers(database, randomness)
    shell = Shell(
        settings=settings,
        database=database,
        clock=clock,
        randomness=randomness,
        rotation=TokenRotation(settings.secret),
        guesses=GuessLimit(),
        strangers=StrangerDelays(),
        metrics=Metrics(),
        readiness=Readiness(settings, database),
        crowds=Crowds(TOGETHER_MAX),
        hall=Hall(COUNTERS, AHEAD_MAX),
    )
    app = FastAPI(
        title="Lokus",
        version=version("lokus"),
        description="A register of families that many people keep offline and one server merges.",
        # The pages that FastAPI serves load scripts from elsewhere; ours are in api.routes.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # Nothing here is told to anybody outside; otherwise it is looked for with every request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.shell = shell
    answers.register(app)
    # Not `include_router`: it would analyse each of them anew for every application.
    routes = [route for router in routers(settings) for route in router.routes]
    app.router = Doors(routes, lifespan=_lifespan)
    route_rules(app)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's way to extend it
    _guard(app, shell, answers)
    return app


def from_environment() -> FastAPI:
    """What a worker process runs: settings from `LOKUS_…`, the machine's clock and randomness."""
    settings = Settings.from_environment()
    configure_logs()
    database = Database.open(
        settings.database_url,
        pool_size=settings.threads_max,
        vault=Vault(settings.secret),
    )
    app = create_app(settings, database=database, clock=SystemClock(), randomness=SYSTEM_RANDOMNESS)
    # The process ends with the application, and SQLite tidies its log when the last one leaves.
    atexit.register(database.close)
    _settle_memory()
    return app


def _settle_memory() -> None:
    """What is loaded stays for good: without this, every search for cycles goes through all of it.

    A request makes few cycles, so the search may also come more seldom; it is what the slowest
    requests used to wait for.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    shell: Shell = app.state.shell
    # One thread per connection: a thread without one would only wait inside the pool.
    threads = shell.settings.threads_max - threads_for_forms(shell.settings)
    anyio.to_thread.current_default_thread_limiter().total_tokens = max(1, threads)
    yield


def _guard(app: FastAPI, shell: Shell, answers: ProblemAnswers) -> None:
    """Add the guards, the innermost first."""
    settings = shell.settings
    app.add_middleware(UnexpectedErrors, answers=answers)
    app.add_middleware(Compression, sentences=openrosa_submissions.DOOR)
    app.add_middleware(
        Admission,
        answers=answers,
        requests_max=settings.threads_max + settings.requests_waiting_max,
    )
    app.add_middleware(SecurityHeaders, https=settings.public_url.startswith("https://"))
    app.add_middleware(CountRequests, metrics=shell.metrics)
    app.add_middleware(AccessLog)
