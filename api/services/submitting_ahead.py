"""Decide forms of any villages before their turn, and land them if the villages are as they were.

Sixteen phones that find a signal in sixteen villages have nothing in common but the moment. Each of
their forms would be a transaction of eight journeys, during which its village waits. So what came
before all of them is asked in three questions, the first of which is how often each village's turn
was taken; each village's forms are decided upon that; and what follows from all of it is written in
one statement (`models.queries.landing`), which takes the turns for as long as it takes to write.

If somebody had a village's turn meanwhile, nothing was written there. Those forms, and all that
need a closer look, come again while the turn is held (`api.services.submitting_together`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final, TypeAlias

import structlog
from sqlmodel import Session

from api.services.pushing import changed_by, noted, waits_for_a_person
from api.services.submitting import Site, Taken, kept, settled
from api.services.submitting_merges import Briefed, Decided, briefed, decide
from api.services.submitting_places import ODK_SOURCE, Village
from api.services.submitting_reading import wanted_by_forms
from api.services.submitting_together import (
    Crowd,
    Sent,
    awaited_in,
    question_of,
    read_ordinary,
    understand_apart,
)
from models.queries import feeds
from models.queries.before import Before, what_came_before_everywhere
from models.queries.departures import may_leave
from models.queries.feeds import Sight
from models.queries.landing import Landing, land
from models.queries.records import NOTHING_ASKED, Asked, Wanted, asked_everywhere, wanted_by
from models.queries.submissions import MERGED
from sync.batch import needs_together

AHEAD_MAX: Final = 16
"""Forms that are decided at the same instant: the first of them waits for the last."""

Addressed: TypeAlias = tuple[str, Sent]
"""A form, and the village that it belongs to."""

_log = structlog.get_logger("openrosa")


@dataclass(frozen=True, slots=True)
class Ready:
    """Forms of one village that are decided: the answers are true once it has landed."""

    landing: Landing
    answers: Mapping[int, Taken]


@dataclass(slots=True)
class _Place:
    """A village that forms came to, and what is known of it so far."""

    sight: Sight
    crowd: Crowd
    present: dict[int, Sent] = field(default_factory=dict)
    asked: Asked = NOTHING_ASKED
    briefs: Sequence[Briefed] = ()

    @property
    def desa(self) -> str:
        return self.sight.desa


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of the villages of some forms, and what follows from that at once.

    Forms are known by their place among those that came. Who is answered neither here nor by what
    is decided has left no trace, and has to come again.
    """

    answers: Mapping[int, Taken]
    """Of those that were here already."""
    _places: Sequence[_Place]

    def decided(self, session: Session) -> list[Ready]:
        """Those of each village. The session is the one that everything else was seen in."""
        decided: list[Ready] = []
        for place in self._places:
            try:
                ready = _ready(session, place)
            except Exception as error:  # noqa: BLE001 (whatever it is, the others go on)
                _log.warning("not decided", kind=type(error).__name__)
                continue
            if ready is not None:
                decided.append(ready)
        return decided


def look(session: Session, sent: Sequence[Addressed], site: Site) -> Seen:
    """Ask what has to be known of forms. Nothing is written.

    Each question may see a later instant than the one before it: whoever has written in a village
    since the first one has taken its turn, and what was decided about it does not land.
    """
    places = _places(session, sent, site)
    answers = {n: taken for place in places for n, taken in place.crowd.answers.items()}
    _understand(session, places)
    places = [place for place in places if place.crowd.spoken]
    _brief(session, places)
    return Seen(answers, places)


def land_ahead(session: Session, decided: Sequence[Ready]) -> dict[int, Taken]:
    """Land what is decided, and answer for what has landed.

    If one village's cannot be carried out, none of them has landed, and the error is raised.
    """
    if not decided:
        return {}
    landed = land(session, [ready.landing for ready in decided])
    return {
        n: taken
        for ready in decided
        if ready.landing.desa in landed
        for n, taken in ready.answers.items()
    }


# What has to be known -----------------------------------------------------------------------


def _places(session: Session, sent: Sequence[Addressed], site: Site) -> list[_Place]:
    """Villages in which forms can be decided ahead, with what was read of those."""
    sights = feeds.sights(session, {(desa, one.collector.device_id) for desa, one in sent})
    present = {
        n: (desa, one)
        for n, (desa, one) in enumerate(sent)
        if desa in sights
        and sights[desa].senders.get(one.collector.device_id) == one.collector.remembered
    }
    if not present:
        return []
    questions = [question_of(desa, one) for desa, one in present.values()]
    found = what_came_before_everywhere(session, ODK_SOURCE, questions)
    before = dict(zip(present, found, strict=True))
    places: dict[str, _Place] = {}
    for n, (desa, one) in present.items():
        if desa not in places:
            places[desa] = _place(sights[desa], site)
        places[desa].present[n] = one
    return [place for place in places.values() if _read(session, place, before)]


def _place(sight: Sight, site: Site) -> _Place:
    village = Village(sight.desa, sight.head, site.now, site.ground, site.randomness)
    village.has_turn = False
    return _Place(sight, Crowd(village))


def _read(session: Session, place: _Place, before: Mapping[int, Before]) -> bool:
    """Read what came to a village; False if something waits for any of it."""
    if awaited_in(session, place.desa, place.present, {n: before[n] for n in place.present}):
        return False
    read_ordinary(session, place.crowd, place.present, before, frozenset())
    return True


def _understand(session: Session, places: Sequence[_Place]) -> None:
    wanted = {
        place.desa: wanted_by_forms(session, [reading for _, reading in place.crowd.new.values()])
        for place in places
    }
    asked = asked_everywhere(session, wanted, {})
    for place in places:
        place.asked = asked[place.desa]
        understand_apart(session, place.crowd, place.asked)


def _brief(session: Session, places: Sequence[_Place]) -> None:
    """Say to the merge what forms say, and ask every village at once for what it looks at first."""
    wanted: dict[str, Wanted] = {}
    for place in places:
        place.briefs = briefed(place.crowd.village, list(place.crowd.spoken.values()))
        needed = needs_together([form.brief.needs for form in place.briefs])
        wanted[place.desa] = wanted_by(session, needed)
    asked = asked_everywhere(session, wanted, {place.desa: place.asked for place in places})
    for place in places:
        place.asked = asked[place.desa]


# What follows from it -----------------------------------------------------------------------


def _ready(session: Session, place: _Place) -> Ready | None:
    """What can be said without its turn: forms up to the first that takes a closer look."""
    crowd = place.crowd
    decided = [*takewhile(_is_plain, decide(session, place.briefs, place.asked))]
    if not decided:
        return None
    landed = {n: one.landed for n, one in zip(crowd.spoken, decided, strict=False)}
    forms = [
        kept(settled(crowd.new[n][0], one), place.present[n].arrival) for n, one in landed.items()
    ]
    answers = {n: Taken(MERGED, None, one.to_be_judged, niks=one.niks) for n, one in landed.items()}
    changed = changed_by([one.plan for one in decided])
    notes = [noted(one.turn, one.plan) for one in decided]
    return Ready(Landing(place.sight, notes, changed, forms), answers)


def _is_plain(decided: Decided) -> bool:
    """Does the form say something, nobody leaves a family, and no person has to judge?"""
    plan = decided.plan
    return bool(plan.settled) and not waits_for_a_person(plan) and not may_leave(plan.records)
