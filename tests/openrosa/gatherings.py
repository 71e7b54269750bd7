"""Villages that hear the same evening, all at once or one form after the other, and what is left.

Both lie in one database and have the same families, phones and areas. What is left in them is told
without the names that were drawn at random, so that two villages can be compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlmodel import Session

from api.formats.xform.submission import Unreadable, read_instance
from api.services.claiming import note_claims
from api.services.form_book import mapping_of
from api.services.proofs.evidence import evidence_of
from api.services.reviewers import ground_of
from api.services.submitting import Arrival, Site, Taken, submit
from api.services.submitting_files import Arrived
from api.services.submitting_places import Collector, SenderChanged, collector_of
from api.services.submitting_together import Sent, submit_together
from api.services.verifying import PROOFS
from models.queries import auditing, feeds
from models.queries.submissions import MERGED
from models.queries.verifying import stored_village
from sync.permission import Role
from tests.api.world import OTHER_RT, RT, World, area
from tests.openrosa.evenings import (
    LISTED,
    LISTED_BY,
    NIKS,
    Crowd,
    Event,
    Letter,
    Revoked,
)
from tests.openrosa.field import Field, Key
from tests.openrosa.left import left_in

PHOTOGRAPH = Arrived("rumah.jpg", "f" * 64, 3, "image/jpeg", "image/jpeg")
PEOPLE = (
    (Role.PETUGAS, (RT,)),
    (Role.PETUGAS, (RT,)),
    (Role.PETUGAS, (RT,)),
    (Role.PETUGAS, (OTHER_RT,)),
    (Role.BIDAN, ()),
    (Role.PETUGAS, (RT, OTHER_RT)),
)
"""Who works in the village, and in which RT of it."""
OWNERS = (0, 1, 2, 3, 4, 5, 0)
"""Whose the phones are; one of the collectors has two."""
_numbers = count(1000)


@dataclass(frozen=True)
class Served:
    """A form that was taken in, and when."""

    letter: Letter
    taken: Taken
    now: datetime

    @property
    def said(self) -> tuple[Any, ...]:
        """What the phone was answered, and whose NIK may now be borne elsewhere as well."""
        taken = self.taken
        who = tuple(sorted(record.id for record in taken.niks))
        return taken.state, taken.problem, taken.to_be_judged, taken.is_repeated, taken.words, who


@dataclass
class Gathering:
    """A village with its phones, all of whom were here a moment ago."""

    opened: Field
    desa: str
    phones: list[Key]
    known: dict[str, Collector] = field(default_factory=dict)
    """Who the phones were when they were last asked."""

    @property
    def world(self) -> World:
        return self.opened.world

    # What comes ---------------------------------------------------------------------------------

    def at_once(self, letters: Sequence[Letter]) -> list[Served]:
        """Take them in together, then alone whoever has to come alone; in that order."""
        now = self._now()
        told = list(zip(letters, self.together(letters, now), strict=True))
        served = [Served(letter, taken, now) for letter, taken in told if taken is not None]
        for one in served:
            self._claim(one.taken)
        return served + [self.alone(letter) for letter, taken in told if taken is None]

    def together(
        self, letters: Sequence[Letter], now: datetime | None = None
    ) -> list[Taken | None]:
        """Take them in together; nothing for whoever has to come alone."""
        with self.world.database.writing() as session:
            sent = [Sent(self._who(one), arrival(session, one)) for one in letters]
            return submit_together(session, self.desa, sent, self._site(now or self._now()))

    def alone(self, letter: Letter, now: datetime | None = None) -> Served:
        """Take a form in as the door does that comes alone."""
        now = now or self._now()
        try:
            taken = self._submitted(letter, self._who(letter), now)
        except SenderChanged:
            self.remember(letter.phone)
            taken = self._submitted(letter, replace(self._who(letter), remembered=None), now)
        self._claim(taken)
        return Served(letter, taken, now)

    def _submitted(self, letter: Letter, who: Collector, now: datetime) -> Taken:
        with self.world.database.writing() as session:
            return submit(session, who, arrival(session, letter), self._site(now))

    def _now(self) -> datetime:
        self.world.clock.advance(timedelta(seconds=1))
        return self.world.clock.now()

    def _site(self, now: datetime) -> Site:
        return Site(now, ground_of(self.world.settings), self.world.randomness)

    def _claim(self, taken: Taken) -> None:
        if taken.niks:
            with self.world.database.writing() as session:
                note_claims(session, taken.niks)

    def happens(self, crowd: Crowd) -> None:
        """What happens to a phone while others are on their way."""
        if crowd.event is None:
            return
        who = self._who(crowd.event)
        if isinstance(crowd.event, Revoked):
            self.world.revoke_device(who.device_id)
        else:
            self.world.assign(who.account_id, [area(self.desa, OTHER_RT)])

    # Who comes ----------------------------------------------------------------------------------

    def remember(self, phone: int) -> None:
        """Ask who a phone is, as the door does once a minute."""
        device = self.phones[phone].credentials.device_id
        with self.world.database.writing() as session:
            found = feeds.take_turn_of_senders(session, self.desa, [device])
            who = collector_of(session, device)
            assert found is not None
            assert who is not None
            self.known[device] = replace(who, remembered=found[1][device])

    def _who(self, one: Letter | Event) -> Collector:
        return self.known[self.phones[one.phone].credentials.device_id]

    # What is left -------------------------------------------------------------------------------

    def left(self) -> dict[str, list[Any]]:
        """Every row of the village, told without names that were drawn at random."""
        names = {self.desa: "the village"}
        for number, phone in enumerate(self.phones):
            device = phone.credentials.device_id
            names[device] = f"phone {number}"
            names.setdefault(self.known[device].account_id, f"account {number}")
        with self.world.database.reading() as session:
            return left_in(session, self.desa, names)

    def damage(self) -> list[str]:
        """Whatever contradicts itself in the village, and in all that was audited."""
        with self.world.database.reading() as session:
            evidence = evidence_of(stored_village(session, self.desa))
            found = [*evidence.broken, *(one for proof in PROOFS for one in proof(evidence))]
            return [*map(str, found), *auditing.verify(session)]


def arrival(session: Session, letter: Letter) -> Arrival:
    """A form with its photograph as the door reads it."""
    try:
        instance = read_instance(letter.raw)
    except Unreadable:
        instance = None
    mapping = mapping_of(session, instance.form_id, instance.version) if instance else None
    files = (PHOTOGRAPH,) if letter.with_photograph else ()
    return Arrival(letter.raw, instance, mapping, files, is_last=True, agent="collect")


def gather(opened: Field) -> Gathering:
    """One more village, with two families on its list."""
    world, code = opened.world, f"180221{next(_numbers)}"
    world.add_village(code)
    accounts = [
        world.account(f"a{number}-{code}", role, [area(code, *rts)])
        for number, (role, rts) in enumerate(PEOPLE)
    ]
    phones = [opened.phone_of(accounts[owner]) for owner in OWNERS]
    made = Gathering(opened, code, phones)
    with world.database.writing() as session:
        feeds.take_turn(session, code)
    for number in range(len(phones)):
        made.remember(number)
    for letter in _beginning(opened):
        assert made.alone(letter).taken.state == MERGED
    return made


def _beginning(opened: Field) -> Iterator[Letter]:
    """What phones brought days ago: the listed families, with ids that are known."""
    people: list[list[dict[str, str]]] = [
        [{"nama": "SUPARMAN", "nik": NIKS[0]}, {"nama": "DEWI"}],
        [{"nama": "SITI", "nik": NIKS[1]}],
        [],
        [],
    ]
    for number, (family, name) in enumerate(zip(LISTED, LISTED_BY, strict=True)):
        told = {"nama_kepala_keluarga": f"CONTOH {number}", "luas": "24"}
        raw = opened.proposed(family, told, members=people[number], instance_id=name)
        yield Letter(1, name, raw)
