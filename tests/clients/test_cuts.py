"""The phone dies, or its link does, at every point of a session: nothing lost, nothing doubled."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from lokus_client import Phone

from tests.clients.world import (
    DESA,
    OTHER_RT,
    RT,
    Crash,
    Link,
    World,
    assert_same_as_server,
    family,
)

Story = Callable[[World], None]


class Point:
    """Crashes at the n-th checkpoint of the store."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.passed = 0

    def __call__(self, _point: str) -> None:
        self.passed += 1
        self.left -= 1
        if self.left == 0:
            raise Crash


def a_plain_session(world: World) -> None:
    """Work to send, changes of another phone to fetch."""


def a_fork(world: World) -> None:
    for lane in world.double.state.lanes.values():
        lane.entries.append(("another hash", {"outcome": "applied"}))


def a_new_assignment(world: World) -> None:
    for device in world.double.state.devices.values():
        world.double.assign(device, {DESA: [RT, OTHER_RT]})


def a_rotation(world: World) -> None:
    world.double.rotates_tokens = True


STORIES: list[Story] = [a_plain_session, a_fork, a_new_assignment, a_rotation]


def prepared(folder: Path, story: Story, *, restores: bool = False) -> tuple[World, Phone, Link]:
    """A phone with unsent work, a village with news for it, and something in between."""
    world = World(folder)
    folder.mkdir()
    other, _ = world.enrolled("other", {DESA: None})
    phone, link = world.enrolled("ani")
    backup = world.double.backup()
    home = family(phone, "lama")
    phone.sync()
    for number in range(25):
        family(phone, f"baru {number}")
    phone.edit("keluarga", home, {"luas_lantai": 40})
    family(other, "tetangga", OTHER_RT)
    for number in range(30):
        family(other, f"tetangga {number}", RT, alamat="Jalan Contoh " * 90)
    other.sync()
    other.close()
    if restores:
        world.double.restore(backup)
    story(world)
    link.start_afresh()
    return world, phone, link


def finish(world: World, name: str, link: Link) -> None:
    """Start the app again and sync until it is quiet; then look at both sides."""
    phone = world.open(name, link)
    phone.sync()
    phone.sync()
    assert phone.sync().code == "ok"
    assert phone.status().unsent == 0
    assert_same_as_server(world, phone)
    village = world.double.village(DESA)
    own = {op.record for op in phone.operations() if op.kind == "create"}
    assert len(own) == 26
    assert own <= village.records.keys()
    hashes = [hash_ for hash_ in world.entries(phone) if hash_ != "another hash"]
    assert {op.hash for op in phone.operations()} <= set(hashes)
    phone.close()


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("fault", ["crash", "lost", "twice", "unreachable", "status-500"])
def test_every_request_of_a_session_may_fail(tmp_path: Path, story: Story, fault: str) -> None:
    number = 0
    while True:
        number += 1
        world, phone, link = prepared(tmp_path / f"{number}", story)
        link.faults = {number: fault}
        with suppress(Crash):
            phone.sync()
        reached = len(link.sent) >= number
        phone.close()
        link.faults = {}
        finish(world, "ani", link)
        if not reached:
            assert number > 2
            return


@pytest.mark.parametrize("story", STORIES)
def test_the_phone_may_die_at_every_commit(tmp_path: Path, story: Story) -> None:
    number = 0
    while True:
        number += 1
        world, phone, link = prepared(tmp_path / f"{number}", story)
        phone.close()
        point = Point(number)
        phone = Phone(
            world.folder / "ani.db",
            environment=world.environment(checkpoint=point),
            transport=link,
            survives_power_loss=False,
        )
        died = False
        try:
            phone.sync()
        except Crash:
            died = True
        phone.close()
        finish(world, "ani", link)
        if not died:
            assert number > 4
            return


def test_a_restore_may_be_cut_anywhere(tmp_path: Path) -> None:
    for number in range(1, 12):
        world, phone, link = prepared(tmp_path / f"{number}", a_plain_session, restores=True)
        link.faults = {number: "crash"}
        with suppress(Crash):
            phone.sync()
        phone.close()
        link.faults = {}
        finish(world, "ani", link)
