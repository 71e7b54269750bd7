"""What is held: forms that wait for another one, and forms that nobody could merge.

A form that waits is let in by what it waits for, in the same transaction; what was held behind it
follows. A reviewer may let it in before, or send it back with words that its collector reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.formats.xform.mapping import FormKind, FormMapping
from api.formats.xform.submission import Instance, Refused, Unreadable, read_instance
from api.services.form_book import mapping_of
from api.services.reviewers import Reviewer
from api.services.submitting_edits import merge
from api.services.submitting_files import photos_of
from api.services.submitting_merges import Landed
from api.services.submitting_places import Collector, Village, collector_of
from api.services.submitting_reading import Form
from api.services.submitting_rt import Unstated, state_by_form
from models.queries import feeds, holding, submissions
from models.queries.areas import known_codes
from models.queries.auditing import append
from models.queries.holding import Held, HeldLine
from models.queries.submissions import (
    HELD,
    MERGED,
    QUARANTINED,
    REJECTED,
    RELEASED,
    WAITING,
    Settling,
    StoredSubmission,
)
from sync.chains import Waits, keys_settled
from sync.permission import Action
from sync.types import Record

AWAITED_CHARACTERS_MAX: Final = 320
LET_IN_MAX: Final = 500
"""Forms that follow one form in one transaction; a longer chain goes on with the next one."""


class HoldReason(StrEnum):
    """Why a form is not in the register."""

    PREDECESSOR = "predecessor"
    ORIGINAL = "original"
    FORM = "form-unknown"
    VILLAGE = "village-unknown"
    DIFFERENT = "different"
    ENCRYPTED = "encrypted"
    UNREADABLE = "unreadable"
    STATEMENT = "rt-not-stated"
    """That an RT is done, which its village's round does not take, or not from this collector."""

    @property
    def is_a_matter_of_time(self) -> bool:
        """Does it come in by itself, once something else has come?"""
        return self in (HoldReason.PREDECESSOR, HoldReason.ORIGINAL)

    @property
    def can_be_released(self) -> bool:
        return self not in (HoldReason.ENCRYPTED, HoldReason.UNREADABLE)


@dataclass(frozen=True, slots=True)
class HeldDecision:
    """What a decision about one form led to."""

    desa: str
    submission: str
    state: str
    at: int
    to_be_judged: int = 0
    followed: int = 0
    """Forms that waited for it and came in with it."""
    niks: tuple[Record, ...] = ()


def hold(session: Session, stored: StoredSubmission, reason: HoldReason, awaits: str) -> None:
    """Note that a form waits, and for what."""
    holding.hold(
        session,
        Held(
            stored.desa,
            stored.id,
            reason.value,
            awaits[:AWAITED_CHARACTERS_MAX],
            WAITING,
            stored.received_at,
        ),
    )


def keys_of(instance: Instance, key: str) -> list[str]:
    """What may have waited for a form: its place in a chain, its record, itself."""
    declared = instance.declared
    keys = list(keys_settled(declared)) if declared is not None else []
    return [*keys, f"instance:{key}"]


def key_of_form(form_id: str, version: str) -> str:
    """What a form waits for whose version was never published here."""
    return f"form:{form_id}:{version}"[:AWAITED_CHARACTERS_MAX]


def let_in(session: Session, village: Village, keys: Sequence[str]) -> "LetIn":
    """Merge whatever waited for one of these, and what waited for that."""
    done = LetIn()
    todo = list(keys)
    while todo and done.forms < LET_IN_MAX:
        waiting = holding.awaiting(session, village.desa, todo)
        todo = []
        for submission_id in waiting:
            stored = submissions.submission(session, village.desa, submission_id)
            assert stored is not None, "what is held is kept"
            landed = _merged(session, village, stored, forced=False)
            if isinstance(landed, _Entered):
                done = LetIn(done.forms + 1, (*done.niks, *landed.landed.niks))
                todo += landed.keys
    return done


@dataclass(frozen=True, slots=True)
class LetIn:
    """How many forms followed another one."""

    forms: int = 0
    niks: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entered:
    landed: Landed
    keys: list[str]


def read_again(
    session: Session, stored: StoredSubmission
) -> tuple[Collector, FormMapping, Instance] | None:
    """A kept form with today's forms: who sent it, how it is read, and what it says."""
    collector = collector_of(session, stored.device_id or "")
    mapping = mapping_of(session, stored.form_id, stored.form_version)
    if collector is None or mapping is None:
        return None
    try:
        instance = read_instance(submissions.xml_of(session, stored.desa, stored.id))
    except (Refused, Unreadable):
        return None
    return collector, mapping, instance


def _merged(
    session: Session,
    village: Village,
    stored: StoredSubmission,
    *,
    forced: bool,
    decided: Held | None = None,
) -> _Entered | Waits | None:
    """Merge a form that waited. ``None`` where it cannot be read with today's forms."""
    read = read_again(session, stored)
    if read is None:
        return None
    collector, mapping, instance = read
    if mapping.kind is FormKind.STATE_RT:
        return _stated(session, village, collector, stored, (instance, mapping, decided))
    # Two contents under one id are two instances; the second one's people are its own.
    key = stored.instance if stored.problem != HoldReason.DIFFERENT else stored.id
    photos = photos_of(session, stored)
    form = Form(instance, key, mapping, photos, stored.complete)
    landed = merge(session, village, collector, form, stored, forced=forced)
    if isinstance(landed, Waits):
        waiting = _waiting_for(stored, landed)
        holding.decide_held(session, waiting)
        if stored.problem != waiting.reason:
            submissions.settle(session, stored.desa, stored.id, Settling(HELD, waiting.reason))
        return landed
    submissions.settle(
        session,
        stored.desa,
        stored.id,
        Settling(MERGED, None, landed.lane, landed.first, landed.last, landed.visit),
    )
    holding.decide_held(session, decided or _released(stored, village))
    return _Entered(landed, keys_of(instance, stored.instance))


def _stated(
    session: Session,
    village: Village,
    collector: Collector,
    stored: StoredSubmission,
    form: tuple[Instance, FormMapping, Held | None],
) -> _Entered | None:
    """State in the collector's name what could not be stated when the form came.

    Where the round does not take it now either, it goes on waiting for a person. Raises `AppError`
    `value-refused` to one who decides: what is closed can be opened first, or stated with
    `lokus round rt`.
    """
    instance, mapping, decided = form
    said = state_by_form(session, village, collector, instance, mapping)
    if isinstance(said, Unstated):
        if decided is not None:
            raise AppError("value-refused", f"The round does not take it: {said.detail}")
        reason = HoldReason.STATEMENT.value
        submissions.settle(session, stored.desa, stored.id, Settling(QUARANTINED, reason))
        holding.decide_held(
            session, Held(stored.desa, stored.id, reason, said.key, WAITING, stored.received_at)
        )
        return None
    submissions.settle(session, stored.desa, stored.id, Settling(MERGED))
    holding.decide_held(session, decided or _released(stored, village))
    return _Entered(Landed("", 0, 0, None, 0, ()), [])


def _released(stored: StoredSubmission, village: Village) -> Held:
    """It came in by itself."""
    since, reason = stored.received_at, str(stored.problem)
    return Held(stored.desa, stored.id, reason, "", RELEASED, since, village.now)


def _waiting_for(stored: StoredSubmission, waits: Waits) -> Held:
    reason = HoldReason.ORIGINAL if stored.replaces else HoldReason.PREDECESSOR
    return Held(stored.desa, stored.id, reason.value, waits.key, WAITING, stored.received_at)


# Decided by a reviewer -----------------------------------------------------------------------


def release(
    session: Session, reviewer: Reviewer, submission_id: str, desa: str | None = None
) -> HeldDecision:
    """Let a form in without what it waits for: it then knows what it says it saw, and no more.

    ``desa`` is the village of a form that does not say one. Raises `AppError`: `not-found`,
    `already-decided`, `not-permitted` for one's own form or a village of somebody else, and
    `value-refused` for one that cannot be merged by any decision.
    """
    line = _found(session, reviewer, submission_id)
    if not HoldReason(line.held.reason).can_be_released:
        raise AppError("value-refused", "What cannot be read cannot be merged; it can be rejected.")
    village_code = line.submission.desa or _village_named(session, reviewer, desa)
    head = feeds.take_turn(session, village_code)
    if not line.submission.desa:
        holding.move_to_village(session, submission_id, village_code)
    line = _found(session, reviewer, submission_id)
    stored = line.submission
    village = Village(stored.desa, head, reviewer.now, reviewer.ground, reviewer.randomness)
    decided = replace(
        line.held, state=RELEASED, decided_at=reviewer.now, decided_by=reviewer.account_id
    )
    entered = _merged(session, village, stored, forced=True, decided=decided)
    if not isinstance(entered, _Entered):
        raise AppError("value-refused", "Its form's version was never published here: publish it.")
    followed = let_in(session, village, entered.keys)
    entry = reviewer.entry("held-released", submission=stored.id, at=village.head)
    append(session, stored.desa, entry)
    return HeldDecision(
        stored.desa,
        stored.id,
        RELEASED,
        village.head,
        entered.landed.to_be_judged,
        followed.forms,
        (*entered.landed.niks, *followed.niks),
    )


def _village_named(session: Session, reviewer: Reviewer, desa: str | None) -> str:
    """The village that a reviewer gives to a form that says none: one of the reviewer's own."""
    if desa is None:
        raise AppError(
            "value-refused", "Nobody can tell which village it speaks about: name the village."
        )
    is_own = any(desa.startswith(area) for area in reviewer.sight.whole_areas())
    if not is_own or not known_codes(session, [desa]):
        raise AppError("not-permitted", "That village is not one of yours.")
    return desa


def reject(session: Session, reviewer: Reviewer, submission_id: str, words: str) -> HeldDecision:
    """Decide that a form is not merged. Its bytes stay; its collector reads the words."""
    line = _found(session, reviewer, submission_id)
    head = feeds.take_turn(session, line.held.desa) if line.held.desa else 0
    line = _found(session, reviewer, submission_id)
    stored = line.submission
    decided = replace(
        line.held,
        state=REJECTED,
        decided_at=reviewer.now,
        decided_by=reviewer.account_id,
        words=words,
    )
    holding.decide_held(session, decided)
    submissions.settle(session, stored.desa, stored.id, Settling(REJECTED, stored.problem))
    append(session, stored.desa, reviewer.entry("held-rejected", submission=stored.id))
    return HeldDecision(stored.desa, stored.id, REJECTED, head)


def _found(session: Session, reviewer: Reviewer, submission_id: str) -> HeldLine:
    if reviewer.account_id is None or not reviewer.may(Action.DECIDE_QUARANTINE):
        raise AppError("not-permitted")
    line = holding.held_line(session, reviewer.sight, submission_id)
    if line is None:
        raise AppError("not-found")
    if line.held.state != WAITING:
        raise AppError("already-decided")
    if line.submission.account_id == reviewer.account_id:
        raise AppError(
            "not-permitted",
            "This form is your own; somebody else has to decide about it.",
            audit=reviewer.entry("refused", code="two-person-rule", submission=submission_id),
        )
    return line
