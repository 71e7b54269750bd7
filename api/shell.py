"""What a running application has at hand; made once in `create_app`, reached by every route."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, cast

from fastapi import Depends, Request

from api.clock import Clock
from api.metrics import Metrics
from api.openrosa.crowds import Crowds, Hall
from api.openrosa.memory import SenderMemory
from api.randomness import Randomness, new_id, new_lane_name
from api.security import TokenRotation
from api.services.readiness import Readiness
from api.settings import Settings
from api.throttling import GuessLimit, StrangerDelays
from models.database import Database


@dataclass(frozen=True, slots=True)
class Shell:
    """Settings, the database, time, randomness, and the few things kept in memory."""

    settings: Settings
    database: Database
    clock: Clock
    randomness: Randomness
    rotation: TokenRotation
    guesses: GuessLimit
    strangers: StrangerDelays
    metrics: Metrics
    readiness: Readiness
    crowds: Crowds
    hall: Hall
    senders: SenderMemory = field(default_factory=SenderMemory)

    def now(self) -> datetime:
        return self.clock.now()

    def today(self) -> date:
        """The day that it is in the district."""
        return self.now().astimezone(self.settings.zone).date()

    @property
    def decides_ahead(self) -> bool:
        """Are forms decided before their village's turn (`api.services.submitting_ahead`)?"""
        return self.database.dialect == "postgresql"

    def new_id(self) -> str:
        """A fresh UUIDv7."""
        return new_id(self.clock.now(), self.randomness)

    def new_lane_name(self) -> str:
        """A fresh name for a lane."""
        return new_lane_name(self.randomness)

    @property
    def session_length(self) -> timedelta:
        return timedelta(hours=self.settings.session_hours)


async def shell_of(request: Request) -> Shell:
    """The shell of the application that a request came to."""
    return cast("Shell", request.app.state.shell)


AppShell = Annotated[Shell, Depends(shell_of)]
