"""What befalls phones, servers and assignments, one at a time, as the scheduler draws them."""

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from api.simulation.faults import Fault
from api.simulation.handset import Handset
from api.simulation.world import ServerBackup, World
from models.queries.lanes import mark_durable
from models.queries.whole_villages import lane_ends, whole_log

CLONES_MAX: Final = 3
DURABLE_SHARE: Final = 0.7
"""Of the backups that the operator promises never to go back before."""
UNDECLARED_STEPS_MAX: Final = 8
"""So long until somebody tells the operator that something is wrong with the server."""
SKEWS: Final = (
    timedelta(), timedelta(seconds=40), timedelta(hours=-2), timedelta(days=3),
    timedelta(days=-40), timedelta(days=3650), timedelta(days=-3650),
)  # fmt: skip

Mishap = Callable[[World, Handset], None]


def clock_jump(world: World, handset: Handset) -> None:
    """Somebody sets the clock, or the battery was empty."""
    handset.set_clock(world.chance.choice(SKEWS))
    world.counts.add("clock-jumps")
    if world.chance.random() < 0.5:
        handset.boot()


def clone(world: World, handset: Handset) -> None:
    """A backup of this phone comes to life on another one, and both go on."""
    if len(world.handsets) >= world.plan.phones + CLONES_MAX:
        roll_back(world, handset)
        return
    world.counts.add("clones")
    name = f"{handset.name}c{world.step}"
    copy = handset.back_up(world.folder / f"{name}.copy")
    twin = world.new_handset(name, handset.link.account)
    twin.go_back(copy)
    twin.synced_tick = handset.synced_tick
    twin.drafts = dict(handset.drafts)
    world.handsets.append(twin)


def roll_back(world: World, handset: Handset) -> None:
    """The phone is put back to a copy made earlier; without one, a copy is made."""
    backup = world.phone_backups.get(handset.name)
    if backup is None or world.chance.random() < 0.15:
        file = world.folder / f"{handset.name}.backup{world.step}"
        world.phone_backups[handset.name] = handset.back_up(file)
        return
    world.counts.add("rollbacks")
    before = handset.held()
    handset.go_back(backup)
    handset.drafts = {}
    _lost(world, before - handset.held())


def reinstall(world: World, handset: Handset) -> None:
    """The store is gone. What nobody had acknowledged is lost, as on paper that was burnt."""
    world.counts.add("reinstalls")
    before = handset.held()
    handset.lose_everything()
    world.phone_backups.pop(handset.name, None)
    _lost(world, before)
    world.enrol(handset, tries=3)


def _lost(world: World, gone: set[str]) -> None:
    elsewhere: set[str] = set()
    for handset in world.handsets:
        elsewhere |= handset.held()
    world.history.lost(gone - elsewhere)


def move_scope(world: World, handset: Handset) -> None:
    """The office gives its owner other RTs."""
    areas = world.office.move(handset.link.account, world.chance)
    world.counts.add("scope-moves")
    rts = [sorted(area.rts or "*") for area in areas]
    world.trace.note(f"{handset.link.account} now works in {rts}")


def revoke(world: World, handset: Handset) -> None:
    """The device is withdrawn; days later its owner may get a new code for it."""
    device = handset.device
    if device is None:
        return
    if device in world.office.register.revoked:
        _enrol_again(world, handset)
        return
    if world.office.revoke(device):
        world.counts.add("revocations")


def _enrol_again(world: World, handset: Handset) -> None:
    world.history.asked_too_much = True
    world.counts.add("enrolled-again")
    world.enrol(handset, tries=3)


def server_crash(world: World, _: Handset) -> None:
    """The server's process dies between two requests."""
    world.counts.add("server-restarts")
    world.server.restart()


def back_up_server(world: World, _: Handset) -> None:
    """A backup, which the operator mostly marks as one never to go back before."""
    world.backups_made += 1
    name = f"backup{world.backups_made}"
    with world.server.database.reading() as session:
        ends = lane_ends(session)
    world.server.keep(name)
    backup = ServerBackup(name, world.office.remember())
    world.trace.note(f"operator makes {name}")
    if world.chance.random() < DURABLE_SHARE:
        with world.server.database.writing() as session:
            mark_durable(session, ends)
        world.counts.add("durable-marks")
        world.backups = []
    world.backups.append(backup)


def restore(world: World, handset: Handset) -> None:
    """The disk is gone: back to a backup, and a new epoch, as the manual says."""
    if not world.backups:
        back_up_server(world, handset)
        return
    world.counts.add("restores")
    _put_back(world)
    declare(world)


def restore_quietly(world: World, handset: Handset) -> None:
    """The same by somebody who has not read the manual."""
    if not world.backups or world.undeclared_for is not None:
        back_up_server(world, handset)
        return
    world.counts.add("undeclared-restores")
    _put_back(world)
    world.undeclared_for = 0
    world.logged_when_put_back = world.logged()


def _put_back(world: World) -> None:
    """Back to a copy; what a phone knows of the time since, the server does not know any more."""
    present = world.logged()
    missing = world.history.still_acked() - present
    if world.undeclared_for is None:
        world.history.breaks([f"I1 acknowledged and not in the log: {one}" for one in missing])
    backup = world.chance.choice(world.backups)
    world.trace.note(f"operator puts back {backup.name}")
    world.server.bring_back(backup.name)
    world.office.register = copy.deepcopy(backup.register)
    world.history.undone(present - world.logged())
    world.history.asked_too_much = True
    kept = world.backups.index(backup)
    world.backups = world.backups[: kept + 1]


def declare(world: World) -> None:
    """`lokus epoch new`."""
    if world.undeclared_for is not None:
        _put_apart_what_came_meanwhile(world)
    world.undeclared_for = None
    epoch = world.office.declare_restore()
    world.trace.note(f"operator declares epoch {epoch}")


def _put_apart_what_came_meanwhile(world: World) -> None:
    """Numbers given out since then were given out before, and some phone may hold the others.

    Which of the two its next edit is based upon, nobody can tell.
    """
    with world.server.database.reading() as session:
        log = whole_log(session)
    came = [one for one in log if one.hash not in world.logged_when_put_back]
    world.history.put_apart.update(one.record for one in came if one.record)


def notice(world: World, codes: set[str]) -> None:
    """Does anybody complain about the server, or has it been like this for too long?"""
    if world.undeclared_for is None:
        return
    world.undeclared_for += 1
    if "cursor-ahead" in codes or world.undeclared_for > UNDECLARED_STEPS_MAX:
        declare(world)


MISHAPS: Final[tuple[tuple[Fault, Mishap, float], ...]] = (
    (Fault.CLOCKS, clock_jump, 1.5),
    (Fault.CLONES, clone, 0.8),
    (Fault.ROLLBACKS, roll_back, 2.0),
    (Fault.REINSTALLS, reinstall, 0.5),
    (Fault.SCOPES, move_scope, 2.0),
    (Fault.REVOCATIONS, revoke, 0.8),
    (Fault.SERVER_CRASHES, server_crash, 0.5),
    (Fault.RESTORES, back_up_server, 0.8),
    (Fault.RESTORES, restore, 1.4),
    (Fault.UNDECLARED_RESTORES, restore_quietly, 0.8),
)
"""With their weights among a hundred steps."""
