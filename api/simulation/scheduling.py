"""The scheduler: it draws what happens next, and there is nobody else who could make it happen."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from lokus_client.status import SyncReport

from api.simulation.deeds import work
from api.simulation.faults import Fault
from api.simulation.handset import Handset
from api.simulation.judging import judge_pull
from api.simulation.mishaps import MISHAPS, notice
from api.simulation.world import World

CAPTURES: Final = 52.0
SYNCS: Final = 25.0
REVIEWS: Final = 12.0
DEATHS: Final = 0.01
"""The chance of an app to die at a commit, where apps die."""
HURRY_SECONDS: Final = 1800.0
"""The mean time between two steps of a working day."""
LONG_PAUSE: Final = 0.03
"""The share of steps before which days go by."""

Act = Callable[[World, Handset], None]


def take_step(world: World) -> None:
    """One thing happens."""
    world.step += 1
    world.clock.advance(_pause(world))
    world.network.deliver_late()
    acts: list[tuple[Act, float]] = [(capture, CAPTURES), (sync, SYNCS), (review, REVIEWS)]
    acts += [(mishap, weight) for fault, mishap, weight in MISHAPS if fault in world.faults]
    (act,) = world.chance.choices([act for act, _ in acts], [weight for _, weight in acts])
    handset = world.chance.choice(world.handsets)
    handset.dies = DEATHS if Fault.PHONE_CRASHES in world.faults else 0.0
    world.trace.note(f"step {world.step} {act.__name__} {handset.name}")
    act(world, handset)
    if world.undeclared_for is not None and act is not sync:
        notice(world, set())


def _pause(world: World) -> timedelta:
    if world.chance.random() < LONG_PAUSE:
        return timedelta(days=world.chance.uniform(1, 20))
    return timedelta(seconds=world.chance.expovariate(1 / HURRY_SECONDS))


def capture(world: World, handset: Handset) -> None:
    """Some work without a link."""
    collector = world.collector(handset)
    for _ in range(world.chance.randint(1, world.plan.burst)):
        work(collector)
        world.clock.advance(timedelta(seconds=world.chance.randint(1, 600)))


def review(world: World, handset: Handset) -> None:
    """A reviewer decides something."""
    world.reviewer.work(handset.copy)


def sync(world: World, handset: Handset) -> None:
    """A link, for as long as it lasts."""
    report = talk(world, handset)
    notice(world, set() if report is None else {report.code})


def talk(world: World, handset: Handset, *, check: bool = False) -> SyncReport | None:
    """A session, and a look at whether a complete one was complete."""
    if handset.device is None:
        world.enrol(handset, tries=3)
        return None
    report = handset.sync(check=check)
    handset.synced_tick = world.network.tick
    if report is None:
        return None
    world.counts.add(f"sync-{report.code}")
    if report.is_complete:
        judge_pull(world, handset)
    elif report.code == "device-revoked":
        world.counts.add("revoked-pushes", report.acked)
    elif report.code == "unauthorised":
        # A restore or a clone has made this phone's token worthless; its owner gets a code.
        world.history.asked_too_much = True
        world.counts.add("enrolled-again")
        world.enrol(handset, tries=3)
    return report
