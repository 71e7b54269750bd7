"""Servers for tests of the doors."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from models.database import Database
from tests.api.server import Server, a_server
from tests.api.world import World, serving


@pytest.fixture
def server(database: Database, database_url: str, tmp_path: Path) -> Server:
    """A whole server in this process; the test runs on both databases."""
    return a_server(database, tmp_path / "data", database_url)


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """SQLite alone, for what does not depend on the database."""
    opened = Database.open(sqlite_url, pool_size=8)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_server(sqlite_database: Database, sqlite_url: str, tmp_path: Path) -> Server:
    """A whole server on SQLite, for what does not depend on the database."""
    return a_server(sqlite_database, tmp_path / "data", sqlite_url)


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every statement that any database of this process executes while the test runs."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement.lstrip())

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A served village with phones to give out; the test runs on both databases."""
    with serving(database_url, tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def sqlite_world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """A served village on SQLite alone, for what does not depend on the database."""
    with serving(sqlite_url, tmp_path / "data") as opened:
        yield opened
