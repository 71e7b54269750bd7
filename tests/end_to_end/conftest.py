"""Servers in processes of their own, and registers for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.world import World, serving
from tests.end_to_end.nursery import Nursery, nursery
from tests.end_to_end.sending import MachineClock, Remote


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A served village in this process; the test runs on both databases."""
    with serving(database_url, tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def remote(database_url: str, tmp_path: Path) -> Iterator[Remote]:
    """A register whose server is a process of its own; the test runs on both databases."""
    opened = Remote(database_url, tmp_path / "data", MachineClock())
    yield opened
    opened.close()


@pytest.fixture
def servers(remote: Remote) -> Iterator[Nursery]:
    """Servers of that register, to be born and killed."""
    settings = remote.settings
    with nursery(settings.database_url, settings.data_dir) as opened:
        remote.serve_at(opened.port, rehearsing=opened.call)
        yield opened
