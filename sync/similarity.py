"""Who might be whom, where no number says so: suggestions for a reviewer, never a merge.

People without a NIK are the ones that lists double most often, and names are written as they are
heard: "Siti Nurhaliza", "Nurhaliza S.", "Sti Nur Haliza". Names are compared by the trigrams that
they share, which forgives spelling and order of words; a birth date counts in part where one digit
group differs or day and month are swapped. What is not recorded says nothing either way.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

SUGGESTIONS_MAX: Final = 10
SCORE_MIN: Final = 0.6
"""Below this, chance resemblances in a village of 4,000 people outnumber the real ones."""

NAME: Final = "name"
BIRTH: Final = "birth"
SEX: Final = "sex"
MOTHER: Final = "mother"
ADDRESS: Final = "address"
_WEIGHTS: Final[Mapping[str, float]] = {
    NAME: 0.5, BIRTH: 0.25, MOTHER: 0.15, SEX: 0.1, ADDRESS: 0.2,
}  # fmt: skip
_ALIKE_MIN: Final = 0.75
"""From here on a trait is named as a reason."""
_SWAPPED: Final = 0.7
_ONE_PART: Final = 0.5


@dataclass(frozen=True, slots=True)
class Traits:
    """What tells a person or a family apart; `None` where it was not recorded.

    ``birth`` is ``YYYY-MM-DD``. Of a family the name is its head's.
    """

    id: str
    name: str | None = None
    birth: str | None = None
    sex: str | None = None
    mother: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another record that may be the same, how alike (0 to 1), and in what."""

    id: str
    score: float
    alike: tuple[str, ...]


def suggestions(
    of: Traits, others: Iterable[Traits], *, limit: int = SUGGESTIONS_MAX
) -> tuple[Suggestion, ...]:
    """The most similar of the others, best first; none for a record without a name."""
    if not of.name:
        return ()
    mine = _trigrams(of.name)
    found = [
        suggestion
        for other in others
        # Most of a village shares next to nothing with a name: look no further there.
        if other.id != of.id and other.name and _dice(mine, _trigrams(other.name)) >= _ONE_PART
        if (suggestion := compare(of, other)).score >= SCORE_MIN
    ]
    return tuple(sorted(found, key=lambda one: (-one.score, one.id))[:limit])


def compare(one: Traits, other: Traits) -> Suggestion:
    """How alike two records are in what both of them tell."""
    told: dict[str, float] = {}
    for trait, a, b in (
        (NAME, one.name, other.name),
        (MOTHER, one.mother, other.mother),
        (ADDRESS, one.address, other.address),
    ):
        if a and b:
            told[trait] = _dice(_trigrams(a), _trigrams(b))
    if one.birth and other.birth:
        told[BIRTH] = _birth(one.birth, other.birth)
    if one.sex and other.sex:
        told[SEX] = float(one.sex == other.sex)
    weight = sum(_WEIGHTS[trait] for trait in told)
    score = sum(_WEIGHTS[trait] * alike for trait, alike in told.items()) / weight if told else 0.0
    alike = tuple(trait for trait, much in told.items() if much >= _ALIKE_MIN)
    return Suggestion(other.id, round(score, 3), alike)


def _birth(one: str, other: str) -> float:
    if one == other:
        return 1.0
    a, b = one.split("-"), other.split("-")
    if a[0] == b[0] and (a[1], a[2]) == (b[2], b[1]):
        return _SWAPPED
    return _ONE_PART if sum(x == y for x, y in zip(a, b, strict=False)) >= 2 else 0.0


def _trigrams(text: str) -> frozenset[str]:
    grams: set[str] = set()
    for word in text.casefold().split():
        letters = "".join(c for c in word if c.isalnum())
        padded = f"  {letters} "
        grams.update(padded[i : i + 3] for i in range(len(padded) - 2))
    return frozenset(grams)


def _dice(a: frozenset[str], b: frozenset[str]) -> float:
    return 2 * len(a & b) / (len(a) + len(b)) if a and b else 0.0
