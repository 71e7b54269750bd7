"""Everything there is in one run, and how it begins."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

from api.clock import SettableClock
from api.settings import Settings
from api.simulation.asgi import InProcess
from api.simulation.collecting import Collector
from api.simulation.deeds import settle_in
from api.simulation.faults import Fault, swarm
from api.simulation.handset import Backup, Handset
from api.simulation.history import History, Notes
from api.simulation.network import Link, Network, Weather, weather
from api.simulation.office import Office, Post, Register, posts_of
from api.simulation.reviewing import Reviewer
from api.simulation.server import MortalDatabase, Server
from api.simulation.storage import Storage
from api.simulation.tracing import Counts, Tell, Trace, chance_of
from models.queries.accounts import account_by_name
from models.queries.whole_villages import logged_hashes

BEGIN: Final = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
SECRET: Final = "5a" * 32
BURST: Final = 5
BAD_WEATHER: Final = 0.15
"""The share of requests that meet a fault of the wire."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is asked to do."""

    seed: int
    steps: int
    phones: int
    faults: frozenset[Fault]
    burst: int = BURST
    """So many operations a phone captures at most before something else happens."""


@dataclass(frozen=True, slots=True)
class ServerBackup:
    """A copy of the database, and what the office had decided by then."""

    name: str
    register: Register


@dataclass
class World:
    """One server, its phones and people, and whoever writes down what happens."""

    plan: Plan
    faults: frozenset[Fault]
    """Those of the plan that this seed plays with."""
    folder: Path
    clock: SettableClock
    chance: Random
    server_chance: Random
    notes: Notes
    server: Server
    network: Network
    office: Office
    reviewer: Reviewer
    bad_weather: Weather
    posts: Sequence[Post]
    handsets: list[Handset] = field(default_factory=list)
    backups: list[ServerBackup] = field(default_factory=list)
    phone_backups: dict[str, Backup] = field(default_factory=dict)
    undeclared_for: int | None = None
    """Steps since the database was put back and nobody said so."""
    logged_when_put_back: set[str] = field(default_factory=set)
    """What was in the log then."""
    step: int = 0
    backups_made: int = 0

    @property
    def trace(self) -> Trace:
        return self.notes.trace

    @property
    def counts(self) -> Counts:
        return self.notes.counts

    @property
    def history(self) -> History:
        return self.notes.history

    def collector(self, handset: Handset) -> Collector:
        post = next(post for post in self.posts if post.name == handset.link.account)
        return Collector(
            handset,
            post.role,
            self.office,
            self.clock,
            self.chance,
            self.notes,
            spoils=Fault.MALFORMED in self.faults,
        )

    def new_handset(self, name: str, account: str) -> Handset:
        """A phone out of its box; it stands in no list yet."""
        chance = chance_of(self.plan.seed, "phone", name)
        link = Link(self.network, account, packs=chance.random() < 0.3)
        file = self.folder / f"{name}.db"
        return Handset(name, file, link, self.clock, chance, self.notes)

    def enrol(self, handset: Handset, tries: int = 20) -> bool:
        """Give its owner a code, and let them try until it works."""
        code = self.office.code_for(handset.link.account)
        return any(handset.enrol(code) for _ in range(tries))

    def logged(self) -> set[str]:
        """Hashes of everything in the server's log."""
        with self.server.database.reading() as session:
            return logged_hashes(session)

    def close(self) -> None:
        for handset in self.handsets:
            handset.close()
        self.server.database.close()


@dataclass(frozen=True, slots=True)
class Ground:
    """What runs stand on, one after the other."""

    storage: Storage
    database: MortalDatabase
    folder: Path
    line: InProcess


def begin(plan: Plan, ground: Ground, tell: Tell | None) -> World:
    """The first morning: everybody has a phone that is enrolled, and nothing is registered yet."""
    folder = ground.folder
    ground.database.close()
    ground.storage.begin()
    chance = chance_of(plan.seed, "scheduler")
    faults = swarm(plan.faults, chance)
    clock = SettableClock(BEGIN)
    server_chance = chance_of(plan.seed, "server")
    server = Server(
        ground.database,
        ground.storage,
        _settings(plan, faults, folder, ground.storage.url),
        clock,
        server_chance.randbytes,
        ground.line,
    )
    notes = Notes(Trace(tell), Counts(), History())
    network = Network(server, chance_of(plan.seed, "network"), notes)
    posts = posts_of(plan.phones)
    office = Office(server, posts, _account_ids(server, posts))
    network.visible = office.visible
    review = chance_of(plan.seed, "reviewer")
    world = World(
        plan,
        faults,
        folder,
        clock,
        chance,
        server_chance,
        notes,
        server,
        network,
        office,
        Reviewer(network, office, review, notes),
        weather(BAD_WEATHER, faults),
        posts,
    )
    notes.trace.note(f"seed {plan.seed} plays with {', '.join(sorted(faults)) or 'nothing'}")
    for number, post in enumerate(posts, start=1):
        handset = world.new_handset(f"phone{number}", post.name)
        world.handsets.append(handset)
        world.enrol(handset)
        settle_in(world.collector(handset))
    network.weather = world.bad_weather
    return world


def _settings(plan: Plan, faults: frozenset[Fault], folder: Path, url: str) -> Settings:
    """Limits as an installation might have them; small ones try the paging."""
    chance = chance_of(plan.seed, "settings")
    secret = folder / "secret"
    secret.write_text(SECRET, "ascii")
    secret.chmod(0o600)
    small = Fault.SMALL_PAGES in faults
    return Settings(
        data_dir=folder,
        database_url=url,
        secret_file=secret,
        pull_page_bytes_max=chance.choice((1024, 1500)) if small else 32 * 1024,
        operations_per_push_max=chance.choice((3, 8)) if small else 500,
        records_per_request_max=chance.choice((2, 10)) if small else 100,
    )


def _account_ids(server: Server, posts: Sequence[Post]) -> dict[str, str]:
    found: dict[str, str] = {}
    with server.database.reading() as session:
        for name in [*(post.name for post in posts), "supervisor"]:
            account = account_by_name(session, name)
            assert account is not None, "the template has every account of the plan"
            found[name] = account.id
    return found
