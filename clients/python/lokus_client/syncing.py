"""One session with the server, from "is there a manifest" to "do we agree".

Per village one combined request is the normal case: what was captured goes up, the first page comes
down, digests are compared. Everything else here is what the field does to the normal case.
"""

from contextlib import suppress
from typing import Final

from lokus_client import (
    agreement,
    outbox,
    outcomes,
    pulling,
    pushing,
    recovery,
    rt_done,
    snapshots,
    villages,
)
from lokus_client import manifest as manifests
from lokus_client.errors import ExchangeFailed, NoProgress, ServerProblem
from lokus_client.session import Session
from lokus_client.villages import Village

REVOKED: Final = "device-revoked"
RECOVERIES_MAX: Final = 12
"""Refusals put right in one session; a server that contradicts itself does not get more."""


def run(session: Session) -> None:
    """Visit every village until each is done.

    Raises ``ExchangeFailed`` where the link or the server ends it; whatever was answered until then
    is stored.
    """
    try:
        if session.store.fact("epoch") is None:
            recovery.renew(session)
        _visit_all(session)
        # Only now: an RT is not stated as done before its answers are there.
        rt_done.send(session)
        outcomes.refresh(session)
    except ServerProblem as problem:
        if problem.code == REVOKED:
            _hand_over(session)
        raise
    if session.store.fact("is_revoked"):
        with session.store.writing("revoked"):
            session.store.remember(is_revoked=False)
    if session.checks_agreement:
        # Everything is done by now; that labels and periods may be of yesterday undoes none of it.
        with suppress(ExchangeFailed):
            manifests.refresh_if_old(session.caller)


def _visit_all(session: Session) -> None:
    done: set[str] = set()
    recoveries = 0
    while (village := _next(session, done)) is not None:
        try:
            visit(session, village.desa)
            done.add(village.desa)
        except ServerProblem as problem:
            recoveries += 1
            if recoveries > RECOVERIES_MAX:
                raise NoProgress(f"the server keeps answering {problem.code}") from problem
            if recovery.recover(session, village.desa, problem):
                done.clear()


def _next(session: Session, done: set[str]) -> Village | None:
    """Lost villages come last: nothing that goes wrong there may keep the others waiting."""
    waiting = sorted(
        (v for v in villages.every(session.store) if v.desa not in done),
        key=lambda village: not village.in_scope,
    )
    return next((v for v in waiting if v.in_scope or outbox.unsent(session.store, v.desa)), None)


def visit(session: Session, desa: str) -> None:
    """Everything there is to do for one village. Raises ``ExchangeFailed``."""
    store = session.store
    if villages.get(store, desa).needs_lane:
        recovery.open_lane(session, desa)
    village = villages.get(store, desa)
    if not village.in_scope:
        pushing.push_all(session, desa)
        return
    if village.held != village.scope:
        # What was captured here goes first: a snapshot can be had again, an edit cannot.
        pushing.push_all(session, desa)
        snapshots.load(session, desa)
    pushing.push_all_but_a_batch(session, desa)
    has_more = exchange(session, desa)
    pushing.push_all(session, desa)
    if has_more or outbox.awaits_echo(store, desa):
        pulling.pull_rest(session, desa)
    pulling.fetch_missing(session, desa)
    if session.checks_agreement and agreement.has_doubts(store, villages.get(store, desa)):
        # What was just pulled could not be compared in passing; now one request compares it all.
        if exchange(session, desa):
            pulling.pull_rest(session, desa)
        pulling.fetch_missing(session, desa)
    agreement.settle(session, desa)


def exchange(session: Session, desa: str) -> bool:
    """The combined request: a batch up, the first page down. Tells whether more is to pull."""
    store = session.store
    village = villages.get(store, desa)
    compared = agreement.digests_to_send(store, village)
    extra = session.pull_keys(village)
    if compared:
        extra["digest"] = dict(compared)
    offered = pushing.offer(session, village, "/v1/sync", extra)
    page = offered.answer.page
    with store.writing("sync-answer"):
        pushing.take(session, offered)
        if page is not None:
            pulling.take(session, village, page)
            agreement.note(session, village, compared, offered.answer.digest_ok)
    pushing.check(offered)
    return page is None or page.more


def _hand_over(session: Session) -> None:
    """A revoked phone may read nothing, but what it captured is taken, into quarantine."""
    with session.store.writing("revoked"):
        session.store.remember(is_revoked=True)
    for desa in outbox.villages_held(session.store):
        for _ in range(RECOVERIES_MAX):
            try:
                if villages.get(session.store, desa).needs_lane:
                    recovery.open_lane(session, desa)
                pushing.push_unread(session, desa)
                break
            except ServerProblem as problem:
                if not recovery.recover_unread(session, desa, problem):
                    break
