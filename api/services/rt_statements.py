"""RT first: the head of an RT states that his list is done, before the musyawarah opens.

He does it on his phone or in the form; the operator may do it in his name, and that stays visible.
The statement is not refused while families lack an outcome: how many there were is noted.
"""

from dataclasses import replace

from sqlmodel import Session

from api.errors import AppError
from api.services.freezing import live_round
from api.services.reviewers import Reviewer
from api.services.rounds import Turned, happened, turned
from models.queries import rounds
from models.queries.rounds import StatedRt
from sync.permission import Action, Role
from sync.readiness import lacking_outcome, rts_of
from sync.signoff import Event
from sync.types import Json


def state_rt(
    session: Session, reviewer: Reviewer, desa: str, period: str, rt: str, note: str = ""
) -> StatedRt:
    """State that an RT is done; who has said so already says nothing new.

    `note` is what he says beside it; it stays in the round's log.
    """
    held = _turned(session, reviewer, desa, period, rt)
    state = held.then(Event.RT_SELESAI)
    live = live_round(session, desa, period)
    if rt not in rts_of(live.village):
        raise AppError("not-found", "No family of the list lies in that RT.", missing="rt")
    earlier = rounds.rts_stated(session, desa, period).get(rt)
    if earlier is not None and earlier.withdrawn_at is None:
        return earlier
    stated = StatedRt(
        rt,
        reviewer.now,
        reviewer.account_id,
        reviewer.role is not Role.PETUGAS,
        sum(family.record.rt == rt for family in live.village.families),
        lacking_outcome(live.village, rt),
        live.village.head,
    )
    rounds.store_rt(session, desa, period, stated)
    detail: dict[str, Json] = {
        "rt": rt,
        "on_behalf": stated.on_behalf,
        "families": stated.families,
        "lacking": stated.lacking,
    }
    happened(session, held, Event.RT_SELESAI, state, reason=note, detail=detail)
    return stated


def withdraw_rt(
    session: Session, reviewer: Reviewer, desa: str, period: str, rt: str, reason: str = ""
) -> StatedRt:
    """Take the statement back, as long as the musyawarah has not opened."""
    held = _turned(session, reviewer, desa, period, rt)
    state = held.then(Event.RT_DITARIK)
    earlier = rounds.rts_stated(session, desa, period).get(rt)
    if earlier is None:
        raise AppError("not-found", "Nobody has stated that RT as done.", missing="statement")
    if earlier.withdrawn_at is not None:
        return earlier
    withdrawn = replace(earlier, withdrawn_at=reviewer.now)
    rounds.store_rt(session, desa, period, withdrawn)
    happened(session, held, Event.RT_DITARIK, state, reason=reason, detail={"rt": rt})
    return withdrawn


def _turned(session: Session, reviewer: Reviewer, desa: str, period: str, rt: str) -> Turned:
    if not reviewer.sight.covers(desa, rt):
        raise AppError("not-found")
    if not reviewer.may(Action.STATE_RT_DONE):
        raise AppError("not-permitted")
    return turned(session, reviewer, desa, period)
