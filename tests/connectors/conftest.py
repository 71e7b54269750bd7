"""A bench with connectors."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connectors.bench import Bench, the_bench


@pytest.fixture
def bench(database_url: str, tmp_path: Path) -> Iterator[Bench]:
    """The test runs on both databases."""
    with the_bench(database_url, tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def sqlite_bench(sqlite_url: str, tmp_path: Path) -> Iterator[Bench]:
    """SQLite alone, for what does not depend on the database."""
    with the_bench(sqlite_url, tmp_path / "data") as opened:
        yield opened
