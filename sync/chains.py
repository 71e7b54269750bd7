"""Chains of offline updates: what a phone with ODK Collect had seen, and what came before.

Collect knows nothing of lanes and positions. It says of an entity which version it was shown by
the server (*trunk*), which version its own copy had (*base*, one more with each update made without
a signal), and which chain of its own updates this one belongs to (*branch*). Here that becomes what
the merge asks for: a ``base`` in the village's numbers, and which earlier operations were known.

Three things make this more than a translation:

* *Nothing comes in order.* A record that failed to be sent does not stop the next one, so an update
  may arrive before the one that it was made upon. It waits for that one (`Waits`), because merged
  at once it would claim to know what nobody here has seen.
* *The lane's own order is the order of arrival, not of capture.* The rule that a lane knows its own
  earlier operations holds only where that order is the phone's. Where it is not (an older chain
  arrives after a newer one, or the phone was enrolled anew in between), the update speaks in a lane
  of its own which knows exactly the operations of its chain (`Ready.dots`).
* *A version has 32 bits on the phone.* A village's numbers outgrow them with the first restore
  (`sync/README.md`), so versions are counted in spans (`Spans`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sync.types import Dot

VERSIONS_PER_NUMBER: Final = 16
"""Between two numbers of the village lie so many versions.

A phone counts its own updates on from the version it was shown. If somebody else's change moved the
server on by one only, three updates of the phone that lost against it would leave the phone ahead,
and it would go on showing its own values. The gap lets the server's next version pass them.
"""
SPAN_NUMBERS: Final = 2**20
"""A span covers so many numbers of a village: more changes than a village sees in its life."""
SPAN_VERSIONS: Final = SPAN_NUMBERS * VERSIONS_PER_NUMBER
VERSION_MAX: Final = 2**31 - 1
"""Collect reads `__version` into a Kotlin `Int` (`LocalEntityUseCases`)."""


@dataclass(frozen=True, slots=True)
class Span:
    """From this number of the village on, versions are counted from ``since_version``."""

    since_seq: int
    since_version: int


@dataclass(frozen=True, slots=True)
class Spans:
    """A village's numbers as versions of entities, and back.

    Versions rise with numbers, for ever and over every restore: those that were given out in a
    history that a restore has undone lie in the span before, below whatever is given out after it.
    """

    spans: tuple[Span, ...] = ()

    def version_of(self, seq: int, corrections: int = 0) -> int:
        """The version of an entity whose last visible change has this number.

        ``corrections`` are changes that have no number: what a reviewer sent back.
        """
        span = self._of_seq(seq)
        within = (seq - span.since_seq) * VERSIONS_PER_NUMBER
        within += min(corrections, VERSIONS_PER_NUMBER - 1)
        return span.since_version + min(within, SPAN_VERSIONS - 1)

    def seq_of(self, version: int) -> int:
        """What a phone that was shown this version had seen: everything up to this number."""
        span = max(
            (s for s in self._all() if s.since_version <= version),
            key=lambda s: s.since_version,
            default=_FIRST,
        )
        return span.since_seq + (version - span.since_version) // VERSIONS_PER_NUMBER

    def due(self, head: int) -> Span | None:
        """The span that has to be noted before anything near ``head`` is shown; often none."""
        last = self._all()[-1]
        beyond = head - last.since_seq
        if beyond < SPAN_NUMBERS or last.since_version + 2 * SPAN_VERSIONS > VERSION_MAX:
            return None
        # After a restore the numbers go on far beyond; what was written since lies a little below.
        grown = last.since_seq + SPAN_NUMBERS
        begins = grown if beyond < 2 * SPAN_NUMBERS else head - SPAN_NUMBERS // 2
        return Span(begins, last.since_version + SPAN_VERSIONS)

    def _all(self) -> tuple[Span, ...]:
        return self.spans or (_FIRST,)

    def _of_seq(self, seq: int) -> Span:
        for span in reversed(self.spans):
            if span.since_seq <= seq:
                return span
        return _FIRST


_FIRST: Final = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What an instance says of its entity (ODK entities, versions 2022.1 to 2025.1).

    ``trunk`` is None for an entity that the phone made itself and never saw from the server.
    """

    record: str
    creates: bool = False
    updates: bool = False
    base: int | None = None
    trunk: int | None = None
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A submission about the same record that is in the register already.

    Its operations are ``first`` to ``last`` of ``lane``.
    """

    creates: bool
    branch: str | None
    base: int | None
    trunk: int | None
    lane: str
    first: int
    last: int

    @property
    def dots(self) -> frozenset[Dot]:
        return frozenset((self.lane, seq) for seq in range(self.first, self.last + 1))


@dataclass(frozen=True, slots=True)
class Ready:
    """It can be merged now.

    ``base`` is the number of the village up to which everything was seen. ``dots`` are the
    operations that it knows beside; None where the lane's own order tells.
    """

    base: int
    dots: frozenset[Dot] | None = None


@dataclass(frozen=True, slots=True)
class Waits:
    """It has to wait for the update that bears this key (`key_of`), or for the creation."""

    key: str


def key_of(record: str, branch: str | None, base: int | None) -> str:
    """What an update is called by whatever waits for it; a creation by its record alone."""
    return f"{record}:{branch or ''}:{base or 0}" if base else record


def keys_settled(declared: Declaration) -> tuple[str, ...]:
    """Which waiting ones an update, or a creation, lets in once it is merged."""
    keys = [key_of(declared.record, declared.branch, declared.base)] if declared.updates else []
    return (*keys, *([declared.record] if declared.creates else ()))


def placed(
    declared: Declaration,
    earlier: Sequence[Earlier],
    spans: Spans,
    *,
    lane: str,
    is_known: bool,
    forced: bool = False,
) -> Ready | Waits:
    """Where an update stands among those that came before it.

    ``lane`` is the phone's own. ``is_known`` says whether the record is in the register, or its
    creation waits there. ``forced``: a reviewer lets it in without its predecessor.
    """
    if not declared.updates or (declared.creates and not is_known):
        return Ready(0)
    missing = _missing(declared, earlier, is_known=is_known)
    if missing is not None and not forced:
        return Waits(missing)
    shown = declared.trunk if declared.branch is not None else declared.base
    base = spans.seq_of(shown) if shown is not None else 0
    own = [one for one in earlier if _precedes(one, declared)]
    others = [one for one in earlier if one not in own]
    in_order = not any(one.lane == lane and _is_newer(one, declared) for one in others)
    if missing is None and in_order and all(one.lane == lane for one in own):
        return Ready(base)
    return Ready(base, _dots(own))


def _missing(declared: Declaration, earlier: Iterable[Earlier], *, is_known: bool) -> str | None:
    """What has to come first and has not."""
    if not is_known:
        return declared.record
    base, trunk = declared.base, declared.trunk
    if declared.branch is None or base is None:
        return None
    is_first = base <= trunk if trunk is not None else base <= 1
    before = base - 1
    if is_first or any(o.branch == declared.branch and o.base == before for o in earlier):
        return None
    return key_of(declared.record, declared.branch, before)


def _precedes(one: Earlier, declared: Declaration) -> bool:
    if one.creates:
        return declared.trunk is None
    if declared.branch is None or one.branch != declared.branch:
        return False
    return (one.base or 0) < (declared.base or 0)


def _is_newer(one: Earlier, declared: Declaration) -> bool:
    """Was it captured after the update, although it came first?"""
    if declared.branch is None or one.branch is None:
        return False
    if one.branch == declared.branch:
        return (one.base or 0) >= (declared.base or 0)
    return (one.trunk or 0) > (declared.trunk or 0)


def _dots(earlier: Iterable[Earlier]) -> frozenset[Dot]:
    return frozenset().union(*(one.dots for one in earlier))
