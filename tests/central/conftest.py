"""A village whose filled forms are read, in this process or behind a socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.central.village import Village, served, the_village


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    """The test runs on both databases."""
    with the_village(database_url, tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def sqlite_village(sqlite_url: str, tmp_path: Path) -> Iterator[Village]:
    """SQLite alone, for what does not depend on the database."""
    with the_village(sqlite_url, tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def served_village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    """The real server on a socket, on both databases."""
    with served(database_url, tmp_path / "data") as opened:
        yield opened
