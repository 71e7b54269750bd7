"""What happened in a run, as somebody who sees every phone and every wire would write it down."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count

from api.simulation.evidence import Captures, Element, Statement
from api.simulation.tracing import Counts, Trace

Place = tuple[str, str]
"""(record, group)."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What one operation is about to say of one group, and what its author has been shown of it.

    ``removes``/``adds``: elements of a set; ``value``: a text that is stated nowhere else.
    """

    group: str
    value: str | None = None
    adds: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    sent: frozenset[str] = frozenset()
    """The value that the server last sent, or the elements."""


@dataclass(slots=True)
class Life:
    """One person with one phone, from one loss of memory to the next."""

    number: int
    positions: int = 0
    stated: defaultdict[Place, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Values that this life has stated, and hashes of additions to sets."""


class History:
    """Captures, acknowledgements, losses, and whatever promise was seen broken on the way."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.elements: list[Element] = []
        self.additions: defaultdict[Place, list[str]] = defaultdict(list)
        self.broken: list[str] = []
        self.put_apart: set[str] = set()
        """Records that a person merged or parted."""
        self.asked_too_much = False
        """Something happened after which the server may not know any more who knew what."""
        self._lives = count(1)
        self._values = count(1)
        self._life_of: dict[str, tuple[int, int]] = {}
        self._acked: set[str] = set()
        self._lost: set[str] = set()
        self._undone: set[str] = set()
        self._taken: dict[str, int] = {}

    def new_life(self) -> Life:
        return Life(next(self._lives))

    def lives_on(self, life: Life) -> Life:
        """A copy that remembers the same and goes its own way."""
        stated: defaultdict[Place, set[str]] = defaultdict(set)
        stated.update({place: set(values) for place, values in life.stated.items()})
        return Life(next(self._lives), 0, stated)

    def new_value(self, stem: str) -> str:
        """A text that nothing else in this run says."""
        return f"{stem} {next(self._values)}"

    def is_known(self, hash_: str) -> bool:
        return hash_ in self._life_of

    def captured(
        self, hash_: str, life: Life, record: str, tellings: Iterable[Telling], tick: int
    ) -> None:
        """An operation was frozen on a phone. ``tick``: the phone's last word from the server."""
        life.positions += 1
        self._life_of[hash_] = (life.number, life.positions)
        for telling in tellings:
            place = (record, telling.group)
            own = life.stated[place]
            if telling.value is not None:
                knew = telling.sent | own
                said = Statement(hash_, record, telling.group, telling.value, frozenset(knew))
                self.statements.append(said)
                own.add(telling.value)
            known = own | {h for h in self.additions[place] if self._taken.get(h, tick + 1) <= tick}
            for element in telling.removes:
                self.elements.append(Element(hash_, *place, element, False, frozenset(known)))
            for element in telling.adds:
                self.elements.append(Element(hash_, *place, element, True, frozenset()))
            if telling.adds:
                self.additions[place].append(hash_)
                own.add(hash_)

    def taken(self, hashes: Iterable[str], tick: int) -> None:
        """The server has committed these."""
        for one in hashes:
            self._taken.setdefault(one, tick)

    def acknowledged(self, hashes: Iterable[str]) -> None:
        """A phone received an answer that covers these."""
        told = set(hashes)
        self._acked |= told
        self._undone -= told

    def lost(self, hashes: Iterable[str]) -> None:
        """The last store that held these is gone."""
        self._lost.update(hashes)

    def undone(self, hashes: Iterable[str]) -> None:
        """A restore took these out of the log. What no phone holds any more stays away."""
        self._undone.update(hashes)

    @property
    def acked(self) -> set[str]:
        return self._acked

    @property
    def operations(self) -> int:
        return len(self._life_of)

    def still_acked(self) -> set[str]:
        """Acknowledged, and not taken back by a restore since."""
        return self._acked - self._undone

    def captures(self) -> Captures:
        return Captures(self._life_of, self._acked, self._lost, self._undone)

    def breaks(self, sentences: Sequence[str]) -> None:
        self.broken.extend(sentences)


@dataclass(frozen=True, slots=True)
class Notes:
    """What whoever watches a run writes in."""

    trace: Trace
    counts: Counts
    history: History
