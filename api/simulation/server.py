"""The server of a run: the real application, which can die, and a database that can be put back."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

from sqlmodel import Session
from typing_extensions import override

from api.app import create_app
from api.clock import SettableClock
from api.metrics import Metrics
from api.randomness import Randomness
from api.settings import Settings
from api.shell import Shell
from api.simulation.asgi import Answered, InProcess, Sent
from api.simulation.storage import Storage
from api.throttling import GuessLimit, StrangerDelays
from models.database import Database

Death = Literal["before-commit", "after-commit"]


class ServerDied(BaseException):
    """The process is gone; nothing in it may catch this."""


class MortalDatabase(Database):
    """A database whose process dies at a commit if it was told to."""

    death: Death | None = None
    commits_left: int = 0

    @override
    @contextmanager
    def writing(self) -> Iterator[Session]:
        with super().writing() as session:
            yield session
            self._die("before-commit")
        self._die("after-commit")

    def _die(self, moment: Death) -> None:
        if self.death != moment:
            return
        self.commits_left -= 1
        if self.commits_left <= 0:
            self.death = None
            raise ServerDied


class Server:
    """The application of one run. Calls never overlap."""

    def __init__(
        self,
        database: MortalDatabase,
        storage: Storage,
        settings: Settings,
        clock: SettableClock,
        randomness: Randomness,
        line: InProcess,
    ) -> None:
        self.database = database
        self.settings = settings
        self.clock = clock
        self.randomness = randomness
        self._storage = storage
        self._line = line
        self._app = create_app(settings, database=database, clock=clock, randomness=randomness)

    def deliver(self, sent: Sent) -> Answered:
        """Let the application answer. Raises `ServerDied`; then it has been started again."""
        try:
            return self._line.deliver(self._app, sent)
        except ServerDied:
            self.restart()
            raise

    def restart(self) -> None:
        """Lose every connection, and everything that was only in memory.

        Making the application anew would do the same and take longer than most runs of it.
        """
        self.database.close()
        shell: Shell = self._app.state.shell
        self._app.state.shell = replace(
            shell, guesses=GuessLimit(), strangers=StrangerDelays(), metrics=Metrics()
        )

    def forget_files(self) -> None:
        """Snapshots that were made are not kept: the next is made from the database."""
        shutil.rmtree(self.settings.data_dir / "snapshots", ignore_errors=True)

    def keep(self, name: str) -> None:
        """Make a backup."""
        self.database.close()
        self._storage.keep(name)

    def bring_back(self, name: str) -> None:
        """Put a backup in place of the database; its server has to start anew."""
        self.restart()
        self._storage.bring_back(name)
