"""Villages that hear the same evening, all at once or one form after the other, and what is left.

Both lie in one database and have the same families, phones and areas. What is left in them is told
without the names that were drawn at random, so that two villages can be compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count, zip_longest
from typing import Any

from sqlmodel import Session

from api.formats.xform.submission import Unreadable, read_instance
from api.services.claiming import note_claims
from api.services.form_book import mapping_of
from api.services.proofs.evidence import evidence_of
from api.services.pushing import Ground
from api.services.reviewers import ground_of
from api.services.submitting import Arrival, Site, Taken, submit
from api.services.submitting_ahead import land_ahead, look
from api.services.submitting_files import Arrived
from api.services.submitting_places import (
    Collector,
    SenderChanged,
    Village,
    collector_of,
    phones_lane,
)
from api.services.submitting_together import Sent, submit_together
from api.services.verifying import PROOFS
from models.database import Database
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
        now = self.now()
        told = list(zip(letters, self.together(letters, now), strict=True))
        served = [Served(letter, taken, now) for letter, taken in told if taken is not None]
        for one in served:
            self.claim(one.taken)
        return served + [self.alone(letter) for letter, taken in told if taken is None]

    def ahead(self, letters: Sequence[Letter]) -> list[Served]:
        """Decide them before their turn, then take in the others as `at_once` does."""
        return ahead([(self, letters)])[0][0]

    def together(
        self, letters: Sequence[Letter], now: datetime | None = None
    ) -> list[Taken | None]:
        """Take them in together; nothing for whoever has to come alone."""
        with self.world.database.writing() as session:
            sent = [Sent(self.who(one), arrival(session, one)) for one in letters]
            return submit_together(session, self.desa, sent, self.site(now or self.now()))

    def alone(self, letter: Letter, now: datetime | None = None) -> Served:
        """Take a form in as the door does that comes alone."""
        now = now or self.now()
        try:
            taken = self._submitted(letter, self.who(letter), now)
        except SenderChanged:
            self.remember(letter.phone)
            taken = self._submitted(letter, replace(self.who(letter), remembered=None), now)
        self.claim(taken)
        return Served(letter, taken, now)

    def _submitted(self, letter: Letter, who: Collector, now: datetime) -> Taken:
        with self.world.database.writing() as session:
            return submit(session, who, arrival(session, letter), self.site(now))

    def now(self) -> datetime:
        self.world.clock.advance(timedelta(seconds=1))
        return self.world.clock.now()

    def village(self) -> Village:
        return Village(self.desa, 0, self.now(), Ground(UTC), self.world.randomness)

    def site(self, now: datetime) -> Site:
        return Site(now, ground_of(self.world.settings), self.world.randomness)

    def claim(self, taken: Taken) -> None:
        if taken.niks:
            with self.world.database.writing() as session:
                note_claims(session, taken.niks)

    def landed_through(
        self, database: Database, sent: Sequence[tuple["Gathering", Letter]], now: datetime
    ) -> list[Taken | None]:
        """`landed`, as another server over the same database would do it."""
        with database.landing() as session:
            addressed = [
                (where.desa, Sent(where.who(one), arrival(session, one))) for where, one in sent
            ]
            seen = look(session, addressed, self.site(now))
            there = land_ahead(session, seen.decided(session))
        answers = {**seen.answers, **there}
        return [answers.get(n) for n in range(len(sent))]

    def happens(self, crowd: Crowd) -> None:
        """What happens to a phone while others are on their way."""
        if crowd.event is None:
            return
        who = self.who(crowd.event)
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

    def who(self, one: Letter | Event) -> Collector:
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


def ahead(
    sent: Sequence[tuple[Gathering, Sequence[Letter]]],
) -> list[tuple[list[Served], int]]:
    """Decide what came to villages in one moment; in each, take in the others as `at_once` does.

    For each village who was served, and how many of them before its turn.
    """
    now = sent[0][0].now()
    # One of each, then the next of each: neighbours are of different villages.
    rounds = zip_longest(*([(where, one) for one in letters] for where, letters in sent))
    mixed = [one for each in rounds for one in each if one is not None]
    told = list(zip(mixed, landed(mixed, now), strict=True))
    served: list[tuple[list[Served], int]] = []
    for where, _ in sent:
        there = [Served(one, taken, now) for (at, one), taken in told if at is where and taken]
        for one in there:
            where.claim(one.taken)
        others = [one for (at, one), taken in told if at is where and taken is None]
        served.append(([*there, *where.at_once(others)], len(there)))
    return served


def landed(sent: Sequence[tuple[Gathering, Letter]], now: datetime) -> list[Taken | None]:
    """Take in forms of any villages ahead; nothing for whoever has to be heard in a turn."""
    first = sent[0][0] if sent else None
    return first.landed_through(first.world.database, sent, now) if first is not None else []


def arrival(session: Session, letter: Letter) -> Arrival:
    """A form with its photograph as the door reads it."""
    try:
        instance = read_instance(letter.raw)
    except Unreadable:
        instance = None
    mapping = mapping_of(session, instance.form_id, instance.version) if instance else None
    files = (PHOTOGRAPH,) if letter.with_photograph else ()
    return Arrival(letter.raw, instance, mapping, files, is_last=True, agent="collect")


def gather(opened: Field, *, with_lanes: bool = False) -> Gathering:
    """One more village, with two families on its list; its phones may have sent before."""
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
    if with_lanes:
        with world.database.writing() as session:
            feeds.take_turn(session, code)
            for collector in made.known.values():
                phones_lane(session, made.village(), collector)
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
