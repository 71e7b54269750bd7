"""Take in the forms of many phones that come to one village at the same time, under one turn.

When a signal is found, everybody sends: the collectors of a village stand in the same place. Each
of their forms would wait for the village's turn, ask what came before it, and write a handful of
rows. Together they wait once, ask once and write once, and every one of them ends as it would have
ended alone, in the order in which they came.

Only the ordinary form comes along: one that is new here, or here already and whole. Whatever needs
a closer look (files, edits, forms that wait for others, two forms about one family) comes alone,
after the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlmodel import Session

from api.services.holding import keys_of, let_in
from api.services.submitting import (
    Arrival,
    Site,
    Taken,
    again,
    brings_nothing,
    kept,
    key_of,
    same_content,
    settled,
    states_something,
    stored_of,
    unmergeable,
)
from api.services.submitting_merges import bring
from api.services.submitting_places import ODK_SOURCE, Collector, TurnNeeded, Village
from api.services.submitting_reading import Form, Reading, ask_for, read_form
from api.services.submitting_speech import Spoken, understand
from models.queries import feeds, holding, submissions
from models.queries.before import Before, Question, what_came_before
from models.queries.records import Asked
from models.queries.submissions import MERGED, StoredSubmission
from sync.chains import Waits

TOGETHER_MAX: Final = 16
"""Forms in one transaction: as many as fit into one question (`models.queries.rowsets.SLOTS`)."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A form and whose phone it came from, who is known from a moment ago."""

    collector: Collector
    arrival: Arrival


@dataclass(slots=True)
class Crowd:
    """The forms of one village that go on together, by their place among those that came."""

    village: Village
    answers: dict[int, Taken] = field(default_factory=dict)
    new: dict[int, tuple[StoredSubmission, Reading]] = field(default_factory=dict)
    spoken: dict[int, Spoken] = field(default_factory=dict)


def submit_together(
    session: Session, desa: str, sent: Sequence[Sent], site: Site
) -> list[Taken | None]:
    """Take in forms of one village, at most `TOGETHER_MAX`. Needs a writing transaction.

    Nothing for a form that has to come alone, and for one whose sender is no longer who it was:
    neither has left a trace.
    """
    turn = feeds.take_turn_of_senders(session, desa, {one.collector.device_id for one in sent})
    if turn is None:
        return [None] * len(sent)
    head, senders = turn
    present = {
        n: one
        for n, one in enumerate(sent)
        if senders.get(one.collector.device_id) == one.collector.remembered
    }
    crowd = Crowd(Village(desa, head, site.now, site.ground, site.randomness))
    before = _before(session, desa, present)
    awaited = awaited_in(session, desa, present, before)
    read_ordinary(session, crowd, present, before, awaited)
    readings = [reading for _, reading in crowd.new.values()]
    understand_apart(session, crowd, ask_for(session, crowd.village, readings))
    _merge(session, crowd, present, awaited)
    return [crowd.answers.get(n) for n in range(len(sent))]


def _before(session: Session, desa: str, present: Mapping[int, Sent]) -> dict[int, Before]:
    if not present:
        return {}
    questions = [question_of(desa, one) for one in present.values()]
    found = what_came_before(session, ODK_SOURCE, questions)
    return dict(zip(present, found, strict=True))


def question_of(desa: str, sent: Sent) -> Question:
    """What a form that comes to a village asks first."""
    key = key_of(sent.arrival, sent.collector)
    return Question(desa, key, _record(sent.arrival), sent.collector.device_id)


def _record(arrival: Arrival) -> str | None:
    instance = arrival.instance
    if instance is None or instance.declared is None:
        return None
    return instance.declared.record


def awaited_in(
    session: Session, desa: str, present: Mapping[int, Sent], before: Mapping[int, Before]
) -> frozenset[int]:
    """Forms that something in the village waits for."""
    if not any(one.is_waited for one in before.values()):
        return frozenset()
    settles = {
        n: keys_of(instance, key_of(one.arrival, one.collector))
        for n, one in present.items()
        if (instance := one.arrival.instance) is not None
    }
    found = holding.awaited_among(session, desa, [key for keys in settles.values() for key in keys])
    return frozenset(n for n, keys in settles.items() if not found.isdisjoint(keys))


def read_ordinary(
    session: Session,
    crowd: Crowd,
    present: Mapping[int, Sent],
    before: Mapping[int, Before],
    awaited: frozenset[int],
) -> None:
    """Answer what is here already, and read what is new and stands in nobody's way."""
    taken: set[str] = set()
    for n, one in present.items():
        collector, arrival = one.collector, one.arrival
        key = key_of(arrival, collector)
        # Each of them is decided knowing what was here before all of them came.
        own = {key, collector.device_id, collector.account_id, _record(arrival) or key}
        if own & taken:
            continue
        taken |= own
        stored = stored_of(collector, arrival, key, crowd.village)
        same = same_content(before[n].same, stored)
        if same is not None and brings_nothing(arrival, same):
            crowd.answers[n] = again(session, crowd.village, collector, arrival, same)
        elif not before[n].same and _is_ordinary(arrival, stored):
            assert arrival.instance is not None and arrival.mapping is not None, "asked just now"  # noqa: PT018 (one invariant)
            form = Form(arrival.instance, key, arrival.mapping, {}, arrival.is_last)
            crowd.new[n] = stored, read_form(collector, form, before[n])
        if n in awaited:
            # What waits for it comes in next, before those that came after it.
            return


def _is_ordinary(arrival: Arrival, stored: StoredSubmission) -> bool:
    return (
        unmergeable(arrival, stored) is None
        and stored.replaces is None
        and not arrival.files
        and not states_something(arrival)
    )


def understand_apart(session: Session, crowd: Crowd, asked: Asked) -> None:
    """Find those that need not wait for anything, and that do not speak of the same people."""
    spoken_of: set[str] = set()
    for n, (_, reading) in crowd.new.items():
        whom = reading.about.names | {record.id for record in reading.found_in(asked)}
        if whom & spoken_of:
            continue
        try:
            spoken = understand(session, crowd.village, reading, asked)
        except TurnNeeded:
            continue
        if not isinstance(spoken, Waits):
            crowd.spoken[n] = spoken
            spoken_of |= whom


def _merge(
    session: Session, crowd: Crowd, present: Mapping[int, Sent], awaited: frozenset[int]
) -> None:
    """Bring them into the register, keep them, and let in what waited for the last of them."""
    if not crowd.spoken:
        return
    village = crowd.village
    landed = dict(
        zip(crowd.spoken, bring(session, village, list(crowd.spoken.values())), strict=True)
    )
    stored = {n: settled(crowd.new[n][0], one) for n, one in landed.items()}
    submissions.add_submissions(
        session, village.desa, [kept(one, present[n].arrival) for n, one in stored.items()]
    )
    for n, one in landed.items():
        niks = one.niks
        if n in awaited:
            form = crowd.spoken[n].form
            niks = (*niks, *let_in(session, village, keys_of(form.instance, form.key)).niks)
        crowd.answers[n] = Taken(MERGED, None, one.to_be_judged, niks=niks)
