"""The checker passes a server that keeps the rules and names the rule that another one breaks."""

from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from lokus_client import conformance
from typing_extensions import override

from tests.clients.double import Device, Double, Lane, Object, Raw
from tests.clients.world import DESA, RT, Link, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def verdicts(world: World, link: Link) -> dict[str, str]:
    """Rule → what is wrong, for the rules that are broken."""
    found = conformance.check(
        "https://lokus.test",
        world.double.invite({DESA: [RT]}),
        environment=world.environment(),
        transport=link,
    )
    return {verdict.rule: verdict.detail for verdict in found if not verdict.passed}


def test_a_server_after_the_page_passes_every_rule(world: World) -> None:
    assert verdicts(world, world.link()) == {}


class Dead(Link):
    """Nobody answers."""

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no server", request=request)


class Forgetful(Double):
    """Takes a repeat for something new, and says nothing of it."""

    @override
    def push(self, device: Device, lane: Lane, operations: Sequence[Raw]) -> list[Object]:
        results = super().push(device, lane, operations)
        return [entry for entry in results if entry["outcome"] != "duplicate"]


def test_a_server_that_answers_nothing_fails_every_rule(world: World) -> None:
    assert len(verdicts(world, Dead(world.routes, world.clock))) == len(conformance.RULES)


def test_a_server_that_forgets_repeats_is_named(world: World) -> None:
    world.double = world.routes.double = Forgetful()
    broken = verdicts(world, world.link())
    assert "a repeat gets the stored answer" in broken
    assert "what was pushed comes back" not in broken
