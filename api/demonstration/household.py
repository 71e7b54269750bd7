"""Who lives together: the composition of one fictional family, before any answer is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final, TypeVar

from api.demonstration.names import Naming, person_name

T = TypeVar("T")

HEAD: Final = "kepala_keluarga"
SPOUSE: Final = "istri_suami"
CHILD: Final = "anak"
CHILD_IN_LAW: Final = "menantu"
GRANDCHILD: Final = "cucu"
PARENT: Final = "orangtua_mertua"

SINGLE: Final = "belum_kawin"
MARRIED: Final = "kawin_nikah"
DIVORCED: Final = "cerai_hidup"
WIDOWED: Final = "cerai_mati"

COMPOSITIONS: Final = (
    ("couple with children", 56),
    ("couple alone", 10),
    ("mother with children", 8),
    ("father with children", 2),
    ("children and a grandparent", 11),
    ("three generations", 6),
    ("old person alone", 7),
)
CHILDREN: Final = ((1, 30), (2, 40), (3, 20), (4, 8), (5, 2))
"""How many children still live at home, in a family that has any."""


@dataclass(frozen=True, slots=True)
class Resident:
    """One member: relation to the head, sex, age on the day of the list, marital status."""

    relation: str
    is_woman: bool
    age: int
    born: date
    marital: str
    name: str


@dataclass(frozen=True, slots=True)
class Household:
    """One family; the head comes first."""

    naming: Naming
    residents: tuple[Resident, ...]


def pick(random: Random, weighted: Sequence[tuple[T, float]]) -> T:
    """One of the values, by weight."""
    values = [value for value, _ in weighted]
    return random.choices(values, [weight for _, weight in weighted])[0]


def household(random: Random, naming: Naming, day: date) -> Household:
    """A family as it is on `day`."""
    house = _House(random, naming, day)
    match pick(random, COMPOSITIONS):
        case "couple alone":
            house.couple(random.randint(20, 76))
        case "couple with children":
            house.children(house.couple(random.randint(20, 52)))
        case "children and a grandparent":
            mother_age = random.randint(21, 48)
            house.children(house.couple(mother_age))
            house.grandparent(mother_age)
        case "three generations":
            house.three_generations()
        case "mother with children":
            house.children(house.alone(random.randint(22, 54), is_woman=True))
        case "father with children":
            house.children(house.alone(random.randint(26, 54), is_woman=False))
        case _:
            house.alone(random.randint(58, 88), is_woman=random.random() < 0.7)
    return Household(naming, tuple(house.residents))


class _House:
    """Builds one family, person by person."""

    def __init__(self, random: Random, naming: Naming, day: date) -> None:
        self._random = random
        self._naming = naming
        self._day = day
        self.residents: list[Resident] = []

    def couple(self, wife_age: int) -> int:
        """A man at the head and his wife; returns her age."""
        husband_age = max(wife_age + self._random.randint(-1, 8), 20)
        self._add(HEAD, husband_age, is_woman=False, marital=MARRIED)
        self._add(SPOUSE, wife_age, is_woman=True, marital=MARRIED)
        return wife_age

    def alone(self, age: int, *, is_woman: bool) -> int:
        """A head without a spouse; returns the age."""
        marital = WIDOWED if age > 50 or self._random.random() < 0.4 else DIVORCED
        self._add(HEAD, age, is_woman=is_woman, marital=marital)
        return age

    def children(self, mother_age: int) -> None:
        """Children at home, two years apart or more, born when she was 18 to 44."""
        random = self._random
        oldest, youngest = min(mother_age - 18, 23), max(mother_age - 44, 0)
        ages = range(min(youngest + random.randrange(2), oldest), oldest + 1, 2)
        count = min(pick(random, CHILDREN), len(ages))
        for order, age in enumerate(sorted(random.sample(ages, count), reverse=True)):
            self._add(CHILD, age, is_woman=random.random() < 0.49, marital=SINGLE, order=order)

    def grandparent(self, mother_age: int) -> None:
        age = min(mother_age + self._random.randint(20, 32), 90)
        self._add(PARENT, age, is_woman=self._random.random() < 0.75, marital=WIDOWED)

    def three_generations(self) -> None:
        """An older couple, a grown child with a spouse, and the grandchildren."""
        random = self._random
        wife_age = self.couple(random.randint(44, 64))
        age = random.randint(21, min(wife_age - 19, 32))
        daughter_stays = random.random() < 0.5
        self._add(CHILD, age, is_woman=daughter_stays, marital=MARRIED)
        self._add(CHILD_IN_LAW, age + 1, is_woman=not daughter_stays, marital=MARRIED)
        for order in range(random.randint(1, 2)):
            grandchild_age = max(age - 20 - 3 * order, 0)
            self._add(
                GRANDCHILD,
                min(grandchild_age, 9),
                is_woman=random.random() < 0.49,
                marital=SINGLE,
                order=order,
            )
            if grandchild_age == 0:
                break

    def _add(
        self, relation: str, age: int, *, is_woman: bool, marital: str, order: int | None = None
    ) -> None:
        random = self._random
        birth_order = random.randrange(4) if order is None else order
        name = person_name(random, self._naming, is_woman=is_woman, birth_order=birth_order)
        # Day 30 to 330 of the year of life keeps two children of ages n and n+2 apart.
        born = self._day - timedelta(days=int(age * 365.25) + random.randint(30, 330))
        self.residents.append(Resident(relation, is_woman, age, born, marital, name))
