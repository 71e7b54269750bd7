"""What happens when during the field day: acts noted beforehand, done in the order of time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import cycle
from random import Random
from zoneinfo import ZoneInfo

from api.demonstration.phones import FieldPhone, Row
from sync.types import Json

Act = Callable[[datetime], object]
"""Something that is done at the moment it is given."""
Suits = Callable[[Mapping[str, Json]], bool]
"""Is this the document of somebody whom the scene needs?"""


@dataclass(slots=True)
class Agenda:
    """One day in the district's zone. Acts of one moment are done in the order of their noting."""

    day: date
    zone: ZoneInfo
    random: Random
    _entries: list[tuple[datetime, int, Act]] = field(default_factory=list)

    def at(self, clock: str, *, days_before: int = 0) -> datetime:
        """The moment of `"09:30"` on the day, or on one before it."""
        day = self.day - timedelta(days=days_before)
        return datetime.combine(day, time.fromisoformat(clock), self.zone)

    def note(self, when: datetime | str, act: Act) -> None:
        """Do this then."""
        moment = self.at(when) if isinstance(when, str) else when
        self._entries.append((moment, len(self._entries), act))

    def play(self) -> None:
        """Do everything that was noted."""
        for moment, _, act in sorted(self._entries, key=lambda entry: entry[:2]):
            act(moment)


@dataclass(slots=True)
class Households:
    """The families that one phone's owner may go to; each scene takes one of its own."""

    phone: FieldPhone
    listed: Sequence[Row]
    taken: set[str] = field(default_factory=set)
    _again: Iterator[Row] = field(init=False)

    def __post_init__(self) -> None:
        assert self.listed, "an RT has families"
        self._again = cycle(self.listed)

    def take(self) -> Row:
        """A family for a scene."""
        # A district made very small for a test has fewer families than scenes.
        family = next(iter(self.free()), None) or next(self._again)
        self.taken.add(family.id)
        return family

    def take_person(self, suits: Suits) -> Row:
        """A person for a scene, with the family; somebody else if there is nobody who suits."""
        for family in (*self.free(), *self.listed):
            for member in self.phone.members(family):
                if suits(member.doc):
                    self.taken.add(family.id)
                    return member
        return self.phone.members(self.take())[-1]

    def free(self) -> list[Row]:
        """Families that no scene has taken."""
        return [family for family in self.listed if family.id not in self.taken]


def households_of(phone: FieldPhone) -> Households:
    """The households of a phone as of its last pull: open, and with at least two people."""
    return Households(phone, [one for one in phone.families() if len(phone.members(one)) > 1])
