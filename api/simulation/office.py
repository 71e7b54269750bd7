"""Who works where: the villages of a run, its accounts, and what an office changes on a day.

The office remembers by itself who may see what, so that what the server tells can be compared with
something the server did not say. A restore of the database takes these decisions back as well.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from api.clock import SettableClock
from api.errors import AppError
from api.randomness import Randomness
from api.services.accounts import NewAccount, add_account, change_areas
from api.services.acts import Act, act_of_operator
from api.services.devices import revoke_device
from api.services.enrolling import enrolling_of
from api.services.epochs import begin_epoch, new_epoch
from api.simulation.server import Server
from models.database import Database
from models.queries.accounts import Area
from models.queries.areas import load_areas
from models.queries.whole_villages import places_of
from sync.permission import Role

KECAMATAN: Final = "180217"
RTS: Final = ("001/001", "002/001", "003/001")
VILLAGE_CODE_LENGTH: Final = 10
REVIEWER: Final = "supervisor"


@dataclass(frozen=True, slots=True)
class Post:
    """One person: the role, and where they begin to work."""

    name: str
    role: Role
    areas: tuple[Area, ...]


def villages_of(phones: int) -> tuple[str, ...]:
    """Codes of the villages that so many phones work in."""
    return tuple(f"{KECAMATAN}{2001 + number}" for number in range(-(-phones // len(_TEAM)) + 1))


_TEAM: Final[tuple[tuple[Role, int, tuple[str, ...] | None], ...]] = (
    (Role.PETUGAS, 0, RTS[:2]),
    (Role.PETUGAS, 0, RTS[1:]),
    (Role.OPERATOR_DESA, 0, None),
    (Role.BIDAN, 0, None),
    (Role.PETUGAS, 1, RTS[:2]),
    (Role.PETUGAS, 1, RTS[1:]),
)
"""Role, its village or the next one, and the RTs, of which neighbours share one."""


def posts_of(phones: int) -> tuple[Post, ...]:
    """One person a phone. Some see a whole village, and a midwife all villages."""
    villages = villages_of(phones)
    posts = []
    for number in range(phones):
        role, onward, rts = _TEAM[number % len(_TEAM)]
        area = Area(
            villages[number // len(_TEAM) + onward], None if rts is None else frozenset(rts)
        )
        if role is Role.BIDAN:
            area = Area(KECAMATAN)
        posts.append(Post(f"{role.value}.{number + 1}", role, (area,)))
    return tuple(posts)


def furnish(database: Database, phones: int, clock: SettableClock, randomness: Randomness) -> None:
    """Areas, accounts and an epoch: what every run finds when it begins."""
    villages, posts = villages_of(phones), posts_of(phones)
    act = act_of_operator(clock.now(), randomness)
    tree = [("18", "provinsi", None), ("1802", "kabupaten", "18"), (KECAMATAN, "kecamatan", "1802")]
    tree += [(desa, "desa", KECAMATAN) for desa in villages]
    rows = [
        {"kode": kode, "nama": f"Contoh {kode}", "tingkat": tingkat, "induk": induk,
         "kode_bps": None, "nama_lain": None}
        for kode, tingkat, induk in tree
    ]  # fmt: skip
    with database.writing() as session:
        load_areas(session, rows)
        for post in (*posts, Post(REVIEWER, Role.SUPERVISOR, (Area(KECAMATAN),))):
            # Without passwords: hashing one takes longer than a day in the field does here.
            add_account(session, NewAccount(post.name, post.role, post.areas), act)
        begin_epoch(session, randomness)


@dataclass(slots=True)
class Register:
    """What the office has decided; goes into backups with the database."""

    areas: dict[str, tuple[Area, ...]]
    """By account name."""
    revoked: set[str] = field(default_factory=set)
    """Device ids."""


class Office:
    """Acts at the server's command line, by the services that the commands use."""

    def __init__(self, server: Server, posts: Sequence[Post], ids: dict[str, str]) -> None:
        """``ids``: account name → id."""
        self.server = server
        self.register = Register({post.name: post.areas for post in posts})
        self._home = dict(self.register.areas)
        self._ids = ids

    def remember(self) -> Register:
        return copy.deepcopy(self.register)

    def _act(self) -> Act:
        return act_of_operator(self.server.clock.now(), self.server.randomness)

    def code_for(self, account: str) -> str:
        """A fresh enrolment code."""
        enrolling = enrolling_of(self.server.settings, self.server.randomness)
        with self.server.database.writing() as session:
            return enrolling.issue_code(session, self._ids[account], self._act()).code

    def move(self, account: str, chance: Random) -> tuple[Area, ...]:
        """Give a collector other RTs: fewer, more, others, or those of the beginning again."""
        home = self._home[account][0]
        rts = frozenset(chance.sample(RTS, chance.choice((1, 1, 2, 2, 3))))
        areas: tuple[Area, ...] = (Area(home.kode_wilayah, rts if home.rts else None),)
        if chance.random() < 0.25:
            areas = self._home[account]
        with self.server.database.writing() as session:
            change_areas(session, self._ids[account], areas, self._act())
        self.register.areas[account] = areas
        return areas

    def revoke(self, device: str) -> bool:
        """Withdraw a device; false if a restore has made the server forget it."""
        try:
            with self.server.database.writing() as session:
                revoke_device(session, device, self._act())
        except AppError:
            return False
        self.register.revoked.add(device)
        return True

    def declare_restore(self) -> str:
        """`lokus epoch new`."""
        with self.server.database.writing() as session:
            return new_epoch(session, self._act()).epoch

    def rts_of(self, account: str, desa: str) -> frozenset[str] | None:
        """RTs of a village that an account may see; ``None`` is all of it."""
        found: set[str] = set()
        for area in self.register.areas[account]:
            if desa.startswith(area.kode_wilayah):
                if area.rts is None:
                    return None
                found |= area.rts
        return frozenset(found)

    def visible(self, account: str, desa: str, ids: Sequence[str]) -> set[str]:
        """Those of the records that the account may see at this moment."""
        rts = self.rts_of(account, desa)
        with self.server.database.reading() as session:
            places = places_of(session, desa, ids)
        return {one for one, rt in places.items() if rts is None or rt in rts}
