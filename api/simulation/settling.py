"""After the last step the wires are good and nobody edits: does everything come to rest?"""

from datetime import timedelta
from typing import Final

from lokus_client.status import SyncReport

from api.simulation.handset import Handset
from api.simulation.mishaps import declare
from api.simulation.model import chatter
from api.simulation.network import FAIR
from api.simulation.scheduling import talk
from api.simulation.world import World

ROUNDS_MAX: Final = 12
"""So many sessions of everybody have to be enough, whatever happened before."""


def settle(world: World) -> list[Handset]:
    """Let everything drain; the phones that read and have nothing more to say."""
    world.trace.note("the wires are good")
    world.network.weather = FAIR
    for handset in world.handsets:
        handset.dies = 0.0
    world.network.deliver_late(everything=True)
    if world.undeclared_for is not None:
        declare(world)
    world.clock.advance(timedelta(hours=2))
    for handset in world.handsets:
        talk(world, handset, check=True)
    calm = _drained(world)
    world.network.weather = world.bad_weather
    return calm


def _drained(world: World) -> list[Handset]:
    """Rounds until nobody has anything unsent and no row has changed in a whole one."""
    restless: dict[str, str] = {}
    for _ in range(ROUNDS_MAX):
        restless = {}
        asked = {handset.name: handset.link.requests for handset in world.handsets}
        reports = [(handset, talk(world, handset)) for handset in world.handsets]
        for handset, report in reports:
            if report is None or report.unsent or report.rows or not _is_done(report):
                restless[handset.name] = "no session" if report is None else repr(report)
            elif report.is_complete and _is_in_doubt(handset):
                restless[handset.name] = "it still has to compare its copy"
        if not restless:
            calm = [one for one, report in reports if report is not None and report.is_complete]
            for handset in calm:
                _judge_silence(world, handset, handset.link.requests - asked[handset.name])
            return calm
    for name, why in restless.items():
        world.history.breaks([f"I8 {name} does not come to rest: {why}"])
    return []


def _is_in_doubt(handset: Handset) -> bool:
    """Was the last comparison crossed by a change, perhaps of a row that had left the RT?"""
    compared = handset.phone.status().agreements
    return any(one.at and one.verdict == "not-comparable" for one in compared)


def _judge_silence(world: World, handset: Handset, requests: int) -> None:
    """I9: how much is said when there is nothing to say?"""
    villages = len(handset.phone.status().villages)
    world.history.breaks(list(chatter(requests, villages, handset.name)))


def _is_done(report: SyncReport) -> bool:
    return report.is_complete or report.code == "device-revoked"
