"""Who reviews: with which eyes they look, and in whose name they decide."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from api.randomness import Randomness
from api.security import Principal
from api.services.pushing import Ground
from api.settings import Settings
from api.shell import Shell
from models.queries.auditing import AuditEntry
from models.queries.scoping import Sight
from sync.permission import Action, Role, may
from sync.scope import Grant, Scope
from sync.types import Json

EVERYWHERE: Final = Scope((Grant("", None, datetime.min.replace(tzinfo=UTC)),))
"""The scope of whoever sits at the server's command line."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """One account that looks at records and decides about them.

    Without an account it is the command line, which sees everything and decides nothing.
    """

    account_id: str | None
    role: Role
    sight: Sight
    ground: Ground
    randomness: Randomness
    device_id: str | None = None

    @property
    def now(self) -> datetime:
        return self.sight.now

    def may(self, action: Action) -> bool:
        return may(self.role, action)

    def entry(self, action: str, **detail: Json) -> AuditEntry:
        """What was done, for the audit chain: ids and codes, no names or numbers of people."""
        return AuditEntry(
            at=self.now,
            action=action,
            actor=self.account_id,
            device=self.device_id,
            detail=detail,
        )


def reviewer_of(principal: Principal, shell: Shell) -> Reviewer:
    """Somebody who came through a door."""
    return Reviewer(
        principal.account_id,
        principal.role,
        Sight(principal.scope, shell.now()),
        ground_of(shell.settings),
        shell.randomness,
        principal.device_id,
    )


def reader_of_operator(settings: Settings, now: datetime, randomness: Randomness) -> Reviewer:
    """Whoever sits at the server's command line."""
    return Reviewer(None, Role.ADMIN, Sight(EVERYWHERE, now), ground_of(settings), randomness)


def ground_of(settings: Settings) -> Ground:
    """What the installation says about time."""
    return Ground(settings.zone, settings.campaign_start)
