"""Databases that can be copied like files: one to begin every run with, and backups to go back to.

SQLite's files lie in memory where the machine has a folder for that, because a million flushes to
a disk prove nothing here. On PostgreSQL a copy is a database made from another as its template.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, Protocol

from sqlalchemy import create_engine

from migrations import runner
from models.engines import database_url

_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # a folder of our own is made in it
_SIDE_FILES: Final = ("", "-wal", "-shm")

Furnish = Callable[[str], None]
"""Fills the migrated database at a URL with what every run begins with."""


class Storage(Protocol):
    """One database that begins every run alike, and copies of it made in the run.

    Nobody may be connected while one of these is called.
    """

    @property
    def url(self) -> str: ...

    def begin(self) -> None:
        """Put the furnished database in place, and forget the copies of the run before."""
        ...

    def keep(self, name: str) -> None:
        """Copy the present state under a name."""
        ...

    def bring_back(self, name: str) -> None:
        """Put a copy in the place of the present state; the copy stays."""
        ...

    def close(self) -> None:
        """Remove everything."""
        ...


def scratch_folder() -> Path:
    """An empty folder, in memory if the machine has a place for that."""
    place = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    return Path(mkdtemp(prefix="lokus-simulation-", dir=place))


def storage(url: str | None, furnish: Furnish) -> Storage:
    """A database on SQLite, or on the PostgreSQL server that ``url`` names."""
    if url is None or database_url(url).get_backend_name() == "sqlite":
        return SqliteStorage(furnish)
    return PostgresqlStorage(url, furnish)


class SqliteStorage:
    """Files in a folder of their own."""

    def __init__(self, furnish: Furnish) -> None:
        self._folder = scratch_folder()
        self._file = self._folder / "lokus.db"
        runner.upgrade(self.url)
        furnish(self.url)
        self.keep("template")

    @property
    def url(self) -> str:
        return f"sqlite:///{self._file}"

    def begin(self) -> None:
        for copy in self._folder.glob("*.copy"):
            if copy != self._copy("template"):
                copy.unlink()
        self.bring_back("template")

    def keep(self, name: str) -> None:
        shutil.copyfile(self._file, self._copy(name))

    def bring_back(self, name: str) -> None:
        for side in _SIDE_FILES:
            Path(f"{self._file}{side}").unlink(missing_ok=True)
        shutil.copyfile(self._copy(name), self._file)

    def close(self) -> None:
        shutil.rmtree(self._folder)

    def _copy(self, name: str) -> Path:
        return self._folder / f"{name}.copy"


class PostgresqlStorage:
    """Databases beside the one that was named, which itself is left alone."""

    def __init__(self, url: str, furnish: Furnish) -> None:
        named = database_url(url)
        self._server = create_engine(named, isolation_level="AUTOCOMMIT")
        # Several processes may simulate at once.
        self._name = f"{named.database}_simulated_{os.getpid()}"
        self.url = named.set(database=self._name).render_as_string(hide_password=False)
        self._copies: set[str] = set()
        self._replace(self._name, "template0")
        runner.upgrade(self.url)
        furnish(self.url)
        self.keep("template")

    def begin(self) -> None:
        for copy in sorted(self._copies - {self._copy("template")}):
            self._drop(copy)
        self._copies = {self._copy("template")}
        self.bring_back("template")

    def keep(self, name: str) -> None:
        self._copies.add(self._copy(name))
        self._replace(self._copy(name), self._name)

    def bring_back(self, name: str) -> None:
        self._replace(self._name, self._copy(name))

    def close(self) -> None:
        for name in (self._name, *sorted(self._copies)):
            self._drop(name)
        self._server.dispose()

    def _copy(self, name: str) -> str:
        return f"{self._name}_{name}"

    def _replace(self, name: str, template: str) -> None:
        self._drop(name)
        with self._server.connect() as connection:
            # Names are made of our own words and the name of a database that is open already.
            connection.exec_driver_sql(
                f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'
            )

    def _drop(self, name: str) -> None:
        with self._server.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
