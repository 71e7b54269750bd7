"""Take in a filled form: keep its bytes, and let the register follow in the same transaction.

A phone with Collect goes on sending a record until it hears 201 or 202, and knows no other end. So
whatever is a form at all is taken: what cannot be merged yet is held, what nobody can merge is set
aside, both visibly. The same instance again is answered again; it is stored and merged once.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.formats.xform.mapping import FormKind, FormMapping, Role
from api.formats.xform.submission import Instance, instance_key
from api.randomness import Randomness, new_id
from api.services.holding import HoldReason, LetIn, hold, key_of_form, keys_of, let_in
from api.services.pushing import Ground
from api.services.submitting_edits import merge
from api.services.submitting_files import Arrived, note_files, photos_of
from api.services.submitting_merges import Landed
from api.services.submitting_places import (
    Collector,
    SenderChanged,
    Told,
    Village,
    candidate_villages,
    take_turn,
    told_by,
    village_of,
)
from api.services.submitting_reading import Form
from api.services.submitting_rt import NOT_HIS, STILL_HELD, Unstated, state_by_form
from api.services.submitting_visits import complete_visit
from models.queries import submissions
from models.queries.before import Question, what_came_before
from models.queries.submissions import (
    HELD,
    MERGED,
    QUARANTINED,
    Kept,
    StoredSubmission,
)
from sync.chains import Waits
from sync.types import KUNJUNGAN, Record

NO_VILLAGE: Final = ""
AGENT_CHARACTERS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request of a phone, read and on disk, before anything was decided."""

    raw: bytes
    instance: Instance | None
    """Nothing where the XML cannot be read; its bytes are kept all the same."""
    mapping: FormMapping | None
    """Of the form's version; nothing for a form that is not known."""
    files: Sequence[Arrived]
    is_last: bool
    """Is this the only part, or the last one?"""
    agent: str


@dataclass(frozen=True, slots=True)
class Site:
    """What the installation adds to a request."""

    now: datetime
    ground: Ground
    randomness: Randomness


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a form: its state, and how many of its statements a person has to look at."""

    state: str
    problem: str | None = None
    to_be_judged: int = 0
    is_repeated: bool = False
    niks: tuple[Record, ...] = ()
    """Persons whose NIK may now be borne in another village as well."""
    words: str = ""
    """What the collector is told beside that, in Indonesian."""


def submit(session: Session, collector: Collector, arrival: Arrival, site: Site) -> Taken:
    """Take one form in. Needs a writing transaction. Raises `SenderChanged`."""
    key = key_of(arrival, collector)
    candidates = candidate_villages(session, collector.scope, site.now)
    if len(candidates) == 1 and not states_something(arrival):
        desa = candidates[0]
    else:
        told = _told(arrival)
        desa = village_of(session, candidates, collector.scope, told) or NO_VILLAGE
    if not desa and collector.remembered is not None:
        raise SenderChanged  # no turn is taken, so nobody would notice
    head = take_turn(session, desa, collector) if desa else 0
    declared = arrival.instance.declared if arrival.instance is not None else None
    record = declared.record if declared is not None else None
    question = Question(desa, key, record, collector.device_id)
    (known,) = what_came_before(session, collector.source, [question])
    village = Village(desa, head, site.now, site.ground, site.randomness, known)
    before = list(known.same)
    if not before and (len(candidates) > 1 or not desa):
        elsewhere = submissions.same_instance_elsewhere(session, [*candidates, NO_VILLAGE], key)
        before = [elsewhere] if elsewhere is not None else []
    stored = stored_of(collector, arrival, key, village)
    same = same_content(before, stored)
    if same is not None:
        return again(session, village, collector, arrival, same)
    if before:
        return _set_aside(session, stored, arrival, HoldReason.DIFFERENT, key)
    return _first_time(session, village, collector, arrival, stored)


def key_of(arrival: Arrival, collector: Collector) -> str:
    """The instance's id, or what stands for it."""
    if arrival.instance is None:
        return "sha256:" + hashlib.sha256(arrival.raw).hexdigest()
    return instance_key(arrival.instance, arrival.raw, collector.device_id)


def _told(arrival: Arrival) -> Told:
    return Told() if arrival.instance is None else told_by(arrival.instance, arrival.mapping)


def stored_of(
    collector: Collector, arrival: Arrival, key: str, village: Village
) -> StoredSubmission:
    """What is known of a form before it was decided."""
    instance = arrival.instance
    declared = instance.declared if instance is not None else None
    return StoredSubmission(
        desa=village.desa,
        id=new_id(village.now, village.randomness),
        instance=key,
        replaces=(instance.deprecated_id or None) if instance is not None else None,
        form_id=instance.form_id if instance is not None else "",
        form_version=instance.version if instance is not None else "",
        device_id=collector.device_id,
        account_id=collector.account_id,
        sha256=hashlib.sha256(arrival.raw).hexdigest(),
        size=len(arrival.raw),
        state=MERGED,
        problem=None,
        record=declared.record if declared is not None else None,
        branch=declared.branch if declared is not None else None,
        base_version=declared.base if declared is not None else None,
        trunk_version=declared.trunk if declared is not None else None,
        lane=None,
        first_seq=None,
        last_seq=None,
        complete=arrival.is_last,
        visit=None,
        received_at=village.now,
    )


# The same instance again ---------------------------------------------------------------------


def same_content(
    before: Sequence[StoredSubmission], stored: StoredSubmission
) -> StoredSubmission | None:
    """The same bytes under the same id, if they came before."""
    return next((one for one in before if one.sha256 == stored.sha256), None)


def brings_nothing(arrival: Arrival, same: StoredSubmission) -> bool:
    """Is a form that is here already whole, so that its coming again adds nothing to it?

    Not one that asks for photographs: some of them may have come since its visit was written.
    """
    asks_for_photos = arrival.mapping is None or arrival.mapping.fed(KUNJUNGAN, Role.PHOTO)
    return same.complete and not arrival.files and not asks_for_photos


def again(
    session: Session,
    village: Village,
    collector: Collector,
    arrival: Arrival,
    same: StoredSubmission,
) -> Taken:
    """It is here already. Files that have come since are added, and the visit that waited."""
    assert arrival.instance is not None or same.state != MERGED, "what is merged could be read"
    named = arrival.instance.named_files if arrival.instance is not None else frozenset()
    note_files(session, same, arrival.files, named, village.now)
    to_be_judged = 0
    can_grow = same.desa == village.desa and not brings_nothing(arrival, same)
    if can_grow and arrival.instance is not None and arrival.mapping is not None:
        photos = photos_of(session, same, arrival.files)
        form = Form(arrival.instance, same.instance, arrival.mapping, photos)
        if same.state == MERGED and arrival.is_last:
            landed = complete_visit(session, village, collector, form, same)
            to_be_judged = landed.to_be_judged if landed is not None else 0
        elif arrival.is_last and not same.complete:
            submissions.complete(session, same.desa, same.id, None)
    is_open = same.state == QUARANTINED and same.problem == HoldReason.STATEMENT
    words = STILL_HELD if is_open else ""
    return Taken(same.state, same.problem, to_be_judged, is_repeated=True, words=words)


# The first time ------------------------------------------------------------------------------


def _first_time(
    session: Session,
    village: Village,
    collector: Collector,
    arrival: Arrival,
    stored: StoredSubmission,
) -> Taken:
    reason = unmergeable(arrival, stored)
    if reason is not None:
        words = NOT_HIS if reason is HoldReason.VILLAGE and states_something(arrival) else ""
        awaits = key_of_form(stored.form_id, stored.form_version)
        return replace(_set_aside(session, stored, arrival, reason, awaits), words=words)
    assert arrival.instance is not None and arrival.mapping is not None, "asked just now"  # noqa: PT018 (one invariant)
    if states_something(arrival):
        said = state_by_form(session, village, collector, arrival.instance, arrival.mapping)
        if isinstance(said, Unstated):
            aside = _set_aside(session, stored, arrival, HoldReason.STATEMENT, said.key)
            return replace(aside, words=said.words)
        _keep(session, stored, arrival)
        return Taken(MERGED, words=said)
    photos = photos_of(session, stored, arrival.files) if arrival.files else {}
    form = Form(arrival.instance, stored.instance, arrival.mapping, photos, arrival.is_last)
    is_waited = village.before is None or village.before.is_waited
    landed = merge(session, village, collector, form, stored)
    if isinstance(landed, Waits):
        reason = HoldReason.ORIGINAL if stored.replaces else HoldReason.PREDECESSOR
        return _set_aside(session, stored, arrival, reason, landed.key)
    _keep(session, settled(stored, landed), arrival)
    followed = LetIn()
    if is_waited:
        followed = let_in(session, village, keys_of(arrival.instance, stored.instance))
    return Taken(MERGED, None, landed.to_be_judged, niks=(*landed.niks, *followed.niks))


def settled(stored: StoredSubmission, landed: Landed) -> StoredSubmission:
    """A form with where it landed."""
    return stored._replace(
        lane=landed.lane,
        first_seq=landed.first,
        last_seq=landed.last,
        visit=landed.visit,
    )


def states_something(arrival: Arrival) -> bool:
    """Is it about a round, and not about records?"""
    return arrival.mapping is not None and arrival.mapping.kind is FormKind.STATE_RT


def unmergeable(arrival: Arrival, stored: StoredSubmission) -> HoldReason | None:
    """Why nobody can merge the form, if nobody can."""
    if arrival.instance is None:
        return HoldReason.UNREADABLE
    if arrival.instance.is_encrypted:
        return HoldReason.ENCRYPTED
    if arrival.mapping is None:
        return HoldReason.FORM
    return HoldReason.VILLAGE if not stored.desa else None


def _set_aside(
    session: Session,
    stored: StoredSubmission,
    arrival: Arrival,
    reason: HoldReason,
    awaits: str,
) -> Taken:
    state = HELD if reason.is_a_matter_of_time else QUARANTINED
    aside = stored._replace(state=state, problem=reason.value)
    _keep(session, aside, arrival)
    hold(session, aside, reason, awaits)
    return Taken(state, reason.value, 1)


def kept(stored: StoredSubmission, arrival: Arrival) -> Kept:
    """A form with the bytes that it came in."""
    return Kept(stored, arrival.raw, arrival.agent[:AGENT_CHARACTERS_MAX])


def _keep(session: Session, stored: StoredSubmission, arrival: Arrival) -> None:
    submissions.add_submissions(session, stored.desa, [kept(stored, arrival)])
    named = arrival.instance.named_files if arrival.instance is not None else frozenset()
    note_files(session, stored, arrival.files, named, stored.received_at)
