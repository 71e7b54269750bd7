"""Forms that came before their version was published here: let in as soon as it is.

A phone may have fetched a form from another server, or from this one before a restore. What it
fills is kept until the version is known; then it comes in by itself, in the order of its coming,
village by village, each in a transaction of its own that somebody else opens.
"""

from dataclasses import dataclass

from sqlmodel import Session

from api.services.holding import HoldReason, LetIn, key_of_form, let_in, read_again
from api.services.submitting import Site
from api.services.submitting_places import (
    Village,
    candidate_villages,
    told_by,
    village_of,
)
from models.queries import feeds, holding, submissions
from models.queries.holding import NO_VILLAGE, Held
from models.queries.submissions import QUARANTINED, WAITING, Settling, StoredSubmission


@dataclass(frozen=True, slots=True)
class LateForms:
    """What came in with one look, and whether another one would find more."""

    entered: LetIn
    goes_on: bool


def unplaced_late_forms(session: Session, form_id: str, version: str) -> list[str]:
    """Late forms of which nobody could tell the village before they could be read."""
    return holding.awaiting(session, NO_VILLAGE, [key_of_form(form_id, version)])


def place_late_form(session: Session, submission_id: str, site: Site) -> None:
    """Give a form that lay in no village the one that it speaks about; a reviewer else."""
    stored = submissions.submission(session, NO_VILLAGE, submission_id)
    if stored is None:
        return
    desa = _village_told(session, stored, site)
    if desa is None:
        reason = HoldReason.VILLAGE.value
        submissions.settle(session, NO_VILLAGE, stored.id, Settling(QUARANTINED, reason))
        holding.decide_held(
            session, Held(NO_VILLAGE, stored.id, reason, reason, WAITING, stored.received_at)
        )
        return
    feeds.take_turn(session, desa)
    holding.move_to_village(session, submission_id, desa)


def villages_with_late_forms(session: Session, form_id: str, version: str) -> list[str]:
    """Where forms of this version wait, those without a village left out."""
    found = holding.villages_awaiting(session, key_of_form(form_id, version))
    return [desa for desa in found if desa != NO_VILLAGE]


def let_late_forms_in(
    session: Session, desa: str, form_id: str, version: str, site: Site
) -> LateForms:
    """Merge what waited in a village for a version that is published now.

    What turns out to wait for something else goes on waiting for that.
    """
    key = key_of_form(form_id, version)
    head = feeds.take_turn(session, desa)
    village = Village(desa, head, site.now, site.ground, site.randomness)
    before = holding.awaiting(session, desa, [key])
    entered = let_in(session, village, [key])
    return LateForms(entered, goes_on=holding.awaiting(session, desa, [key]) not in ([], before))


def _village_told(session: Session, stored: StoredSubmission, site: Site) -> str | None:
    read = read_again(session, stored)
    if read is None:
        return None
    collector, mapping, instance = read
    candidates = candidate_villages(session, collector.scope, site.now)
    return village_of(session, candidates, collector.scope, told_by(instance, mapping))
