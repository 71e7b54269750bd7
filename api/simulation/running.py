"""Run seeds, count what happened, and say in one line how to see it again."""

import gc
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from api.clock import SettableClock
from api.simulation.asgi import InProcess
from api.simulation.faults import Fault, demanded, faults_text
from api.simulation.isolation import judge_isolation
from api.simulation.judging import judge
from api.simulation.office import furnish
from api.simulation.scheduling import take_step
from api.simulation.server import MortalDatabase
from api.simulation.settling import settle
from api.simulation.storage import scratch_folder, storage
from api.simulation.tracing import Tell, chance_of
from api.simulation.world import BEGIN, BURST, SECRET, Ground, Plan, World, begin
from models.database import Database
from models.sealing import Vault

CONNECTIONS: Final = 2
FIRST_CHECK: Final = 1000
CHECK_EVERY_MAX: Final = 16_000
"""Long runs come to rest now and then: what broke a promise is then not far away."""
ISOLATION_EVERY: Final = 4
"""Seeds whose village is in the end asked twice, once without what a phone may not see."""
GARBAGE_AFTER: Final = 50_000
"""Objects made and kept before Python looks for cycles among them."""
SEEDS_PER_TASK: Final = 5
"""That one process takes at a time, where several work."""


@dataclass(frozen=True, slots=True)
class Run:
    """One seed's story."""

    plan: Plan
    steps: int
    """Taken before it ended, or before a promise was broken."""
    broken: tuple[str, ...]
    counts: dict[str, int]
    digest: str
    """Of everything that happened; the same for the same plan."""

    @property
    def replay(self) -> str:
        """The command that shows it again."""
        burst = "" if self.plan.burst == BURST else f" --burst {self.plan.burst}"
        return (
            f"lokus simulate --seed {self.plan.seed} --steps {self.steps} "
            f"--phones {self.plan.phones} --faults {faults_text(self.plan.faults)}{burst}"
        )


@dataclass
class Report:
    """What a number of seeds showed."""

    faults: frozenset[Fault]
    runs: int = 0
    steps: int = 0
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[Run] = field(default_factory=list)

    def take(self, run: Run) -> None:
        self.runs += 1
        self.steps += run.steps
        self.counts.update(run.counts)
        if run.broken:
            self.broken.append(run)

    @property
    def never(self) -> list[str]:
        """Counters that stayed at zero though the run was asked to see them."""
        return sorted(name for name in demanded(self.faults) if not self.counts[name])

    @property
    def is_good(self) -> bool:
        return not self.broken and not self.never


class Simulation:
    """A place to run seeds in, one after the other."""

    def __init__(self, phones: int, database_url: str | None = None) -> None:
        self._phones = phones
        self._folder = scratch_folder()
        place = storage(database_url, self._furnish)
        database = MortalDatabase.open(place.url, pool_size=CONNECTIONS, vault=_vault())
        self._ground = Ground(place, database, self._folder / "run", InProcess())

    def _furnish(self, url: str) -> None:
        database = Database.open(url, pool_size=1, vault=_vault())
        randomness = chance_of("template").randbytes
        furnish(database, self._phones, SettableClock(BEGIN), randomness)
        database.close()

    def close(self) -> None:
        self._ground.database.close()
        self._ground.storage.close()
        self._ground.line.close()
        shutil.rmtree(self._folder)

    def run(self, plan: Plan, tell: Tell | None = None) -> Run:
        """One seed, from its first morning until everything has come to rest."""
        with self._world(plan, tell) as world:
            while world.step < plan.steps and not world.history.broken:
                take_step(world)
                if world.step == plan.steps or _is_check(world.step):
                    _check(world)
            counts = {**world.counts.as_dict(), "operations": world.history.operations}
            broken = tuple(world.history.broken)
            return Run(plan, world.step, broken, counts, world.trace.digest)

    @contextmanager
    def _world(self, plan: Plan, tell: Tell | None) -> Iterator[World]:
        self._ground.folder.mkdir()
        world = begin(plan, self._ground, tell)
        try:
            yield world
        finally:
            world.close()
            shutil.rmtree(self._ground.folder)


def _is_check(step: int) -> bool:
    """At 1000, 2000, 4000 …, and then every sixteen thousand steps."""
    checks = step // FIRST_CHECK
    return step % CHECK_EVERY_MAX == 0 or (step % FIRST_CHECK == 0 and checks.bit_count() == 1)


def _check(world: World) -> None:
    if world.history.broken:
        return
    calm = settle(world)
    judge(world, calm)
    if world.plan.seed % ISOLATION_EVERY == 0:
        judge_isolation(world, calm)


def _vault() -> Vault:
    return Vault(bytes.fromhex(SECRET))


@contextmanager
def simulation(phones: int, database_url: str | None = None) -> Iterator[Simulation]:
    """A simulation that leaves nothing behind."""
    made = Simulation(phones, database_url)
    often = gc.get_threshold()
    # What is loaded stays; looking through it again and again is a tenth of a run.
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER)
    try:
        yield made
    finally:
        gc.set_threshold(*often)
        gc.unfreeze()
        made.close()


@dataclass(frozen=True, slots=True)
class Task:
    """Seeds to run, all by the same plan."""

    plan: Plan
    seeds: Sequence[int]
    database_url: str | None = None

    def parts(self) -> list["Task"]:
        """Tasks of a few seeds each."""
        starts = range(0, len(self.seeds), SEEDS_PER_TASK)
        return [replace(self, seeds=self.seeds[one : one + SEEDS_PER_TASK]) for one in starts]


def runs_of(task: Task) -> list[Run]:
    """Run them here, one after the other."""
    with simulation(task.plan.phones, task.database_url) as place:
        return [place.run(replace(task.plan, seed=seed)) for seed in task.seeds]


def simulate(task: Task, workers: int = 1, told: Callable[[Run], None] = lambda _: None) -> Report:
    """Run them all. ``told`` hears of each seed, in their order whoever ran it."""
    report, begun = Report(task.plan.faults), time.perf_counter()
    for run in _all(task, workers):
        report.take(run)
        told(run)
    report.seconds = time.perf_counter() - begun
    return report


def _all(task: Task, workers: int) -> Iterator[Run]:
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            for runs in pool.map(runs_of, task.parts()):
                yield from runs
        return
    with simulation(task.plan.phones, task.database_url) as place:
        for seed in task.seeds:
            yield place.run(replace(task.plan, seed=seed))
