"""What became of quarantined operations: a reviewer releases or rejects them days later.

The stored outcome of an operation changes once, then; nothing tells the phone of its own accord, so
while something is in quarantine the phone asks now and then.
"""

from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from lokus_client import troubles
from lokus_client.errors import ServerProblem
from lokus_client.pushing import outcome_of
from lokus_client.session import Session
from lokus_client.troubles import QUARANTINED, Trouble
from lokus_client.values import JsonObject, integer, objects

ASK_EVERY: Final = timedelta(hours=1)
PAGES_MAX: Final = 1000


def refresh(session: Session) -> None:
    """Ask for the outcomes of quarantined operations, at most once an hour unless forced."""
    waiting = troubles.every(session.store, QUARANTINED)
    if not waiting or not (session.checks_agreement or _is_due(session)):
        return
    for lane, of_lane in groupby(sorted(waiting, key=lambda t: (t.lane, t.seq)), lambda t: t.lane):
        try:
            _refresh_lane(session, lane, list(of_lane))
        except ServerProblem as problem:
            # A lane that the server no longer knows has nothing more to tell.
            if problem.code != "not-found":
                raise
    with session.store.writing("outcomes-asked"):
        session.store.remember(outcomes_asked=session.environment.now_text())


def _is_due(session: Session) -> bool:
    asked = session.store.fact_text("outcomes_asked")
    if asked is None:
        return True
    # A clock that was set back must not silence the question.
    return abs(session.environment.wall() - datetime.fromisoformat(asked)) >= ASK_EVERY


def _refresh_lane(session: Session, lane: str, waiting: list[Trouble]) -> None:
    after = waiting[0].seq - 1
    for _ in range(PAGES_MAX):
        answer = session.caller.get(f"/v1/lanes/{lane}/outcomes", after=str(after))
        entries = {integer(entry, "seq"): entry for entry in objects(answer, "results")}
        reached = answer.get("next")
        with session.store.writing("outcomes"):
            troubles.decided(session.store, _decided(waiting, entries))
        if not isinstance(reached, int) or reached <= after or reached >= waiting[-1].seq:
            return
        after = reached


def _decided(
    waiting: list[Trouble], entries: dict[int, JsonObject]
) -> list[tuple[Trouble, str, JsonObject]]:
    found = [(t, outcome_of(entries[t.seq]), entries[t.seq]) for t in waiting if t.seq in entries]
    return [(t, outcome, entry) for t, outcome, entry in found if outcome != t.outcome]
