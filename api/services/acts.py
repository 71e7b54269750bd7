"""Who acts, when, and how far their word reaches: handed to every service that writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from api.randomness import Randomness, new_id
from api.security import Principal
from api.shell import Shell
from models.queries.accounts import Area
from models.queries.auditing import AuditEntry
from sync.permission import MANAGED_ROLES, Role
from sync.types import Json


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose accounts somebody looks after; `None` is no limit, which only the command line has."""

    areas: tuple[str, ...] | None
    roles: frozenset[Role] | None

    def covers(self, areas: Iterable[Area]) -> bool:
        """Do all these areas lie inside? An account without any is nobody's to look after."""
        if self.areas is None:
            return True
        held = list(areas)
        return bool(held) and all(
            any(area.kode_wilayah.startswith(own) for own in self.areas) for area in held
        )

    def manages(self, role: str) -> bool:
        return self.roles is None or role in self.roles


EVERYTHING = Reach(areas=None, roles=None)


@dataclass(frozen=True, slots=True)
class Act:
    """One act of one person: its time, its author, and the ids that it needs."""

    now: datetime
    randomness: Randomness
    reach: Reach
    actor: str | None = None
    """Account id; `None` for the command line."""
    device: str | None = None

    def new_id(self) -> str:
        return new_id(self.now, self.randomness)

    def entry(self, action: str, **detail: Json) -> AuditEntry:
        """The act as the audit chain keeps it: ids and codes, no names of people."""
        return AuditEntry(
            at=self.now, action=action, actor=self.actor, device=self.device, detail=detail
        )


def act_of(principal: Principal, shell: Shell) -> Act:
    """An act of somebody who came through a door."""
    now = shell.now()
    reach = Reach(
        areas=principal.managed_areas(now),
        roles=MANAGED_ROLES.get(principal.role, frozenset()),
    )
    return Act(
        now=now,
        randomness=shell.randomness,
        reach=reach,
        actor=principal.account_id,
        device=principal.device_id,
    )


def act_of_operator(now: datetime, randomness: Randomness) -> Act:
    """An act of whoever sits at the server's command line."""
    return Act(now=now, randomness=randomness, reach=EVERYTHING)
