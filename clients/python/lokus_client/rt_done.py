"""The head of an RT states that his list is done: without a link, and sent behind his answers.

A statement is no operation: the merge has nothing to do with it, and the server takes it only while
the village's round allows. So it is kept beside the outbox, one wish per RT and period, the latest
one. It is offered once nothing of its village waits in the outbox any more: it never comes before
the answers that it vouches for. Repeating it changes nothing, so a lost answer is asked for again.

What the server says stays until somebody has read it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from lokus_client import outbox, villages
from lokus_client.errors import InvalidEdit, ServerProblem
from lokus_client.manifest import KnownPeriod, as_text
from lokus_client.session import Session
from lokus_client.store import Row, Store
from lokus_client.texts import say
from lokus_client.values import JsonObject, text
from lokus_client.villages import Village

WAITING, ACCEPTED, REFUSED = "waiting", "accepted", "refused"
RT_DIGITS: Final = 3
_NO_ANSWER: Final = frozenset({"unauthorised", "device-revoked", "protocol-too-old"})
"""Problems of the phone, not of the statement: it goes on waiting."""


class RtUnclear(InvalidEdit):
    """Which RT or which period is meant? ``code`` and ``values`` say it in the reader's words."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(say("en", code, **values))
        self.code = code
        self.values = values


@dataclass(frozen=True)
class RtStatement:
    """What this phone states of one RT in one period, and what the server said to it.

    ``done=False`` takes a statement back. ``code`` is the stable reason of a refusal; ``answer`` is
    the server's own: ``families`` and ``lacking`` (without an outcome) of an accepted one, the
    problem of a refused one.
    """

    desa: str
    period: str
    rt: str
    done: bool
    reason: str
    stated: str
    state: str
    answer: JsonObject
    answered: str | None
    is_seen: bool

    @property
    def code(self) -> str:
        if self.state != REFUSED:
            return ""
        missing = text(self.answer, "missing")
        code = text(self.answer, "type") or "refused"
        return f"{code}-{missing}" if missing else code


# Stated without a link ---------------------------------------------------------------------------


def state(store: Store, wish: RtStatement) -> RtStatement | None:
    """Keep what is stated, in place of what was stated before of that RT and period.

    Nothing is left, and nothing will be sent, where a statement is taken back that never left.
    """
    key = (wish.desa, wish.period, wish.rt)
    with store.writing("rt-statement"):
        if not wish.done:
            gone = store.run(
                "DELETE FROM rt_statements WHERE desa = ? AND period = ? AND rt = ?"
                " AND due = 1 AND tried = 0 AND done = 1",
                key,
            )
            if gone:
                return None
        store.run(
            "INSERT INTO rt_statements (desa, period, rt, done, reason, stated)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (desa, period, rt) DO UPDATE SET"
            " done = excluded.done, reason = excluded.reason, stated = excluded.stated,"
            " state = 'waiting', due = 1, answer = '{}', answered = NULL, seen = 0",
            (*key, int(wish.done), wish.reason, wish.stated),
        )
    return wish


def read_rt(typed: str) -> str:
    """``3/1`` → ``003/001``, ``3`` → ``003/``. Raises ``RtUnclear``."""
    rt, _, rw = typed.strip().partition("/")
    if not rt.isdecimal() or not (rw.isdecimal() or not rw) or max(len(rt), len(rw)) > RT_DIGITS:
        raise RtUnclear("rt-malformed")
    return f"{rt.zfill(RT_DIGITS)}/{rw.zfill(RT_DIGITS) if rw else ''}"


def meant(store: Store, desa: str | None, typed: str | None) -> tuple[str, str]:
    """Village and RT: the phone's only ones where nothing else is said. Raises ``RtUnclear``."""
    wanted = None if typed is None else read_rt(typed)
    found = [v for v in villages.every(store) if v.in_scope and desa in {None, v.desa}]
    fitting = [(v.desa, rt) for v in found for rt in _candidates(v, wanted)]
    if len(fitting) == 1:
        return fitting[0]
    own = ", ".join(f"{v.desa} RT {rt}" for v in found for rt in v.scope or ("*",))
    if not fitting:
        raise RtUnclear("rt-not-own", own=own or "-")
    raise RtUnclear("rt-several", own=own)


def _candidates(village: Village, wanted: str | None) -> Sequence[str]:
    if village.scope is None:
        # The whole village: which RTs there are is for the server to say.
        return ["?", "?"] if wanted is None else [wanted]
    return [rt for rt in village.scope if wanted in {None, rt}]


def open_period(known: Sequence[KnownPeriod], desa: str, now: datetime) -> str:
    """The only period that is open for this phone's person now. Raises ``RtUnclear``."""
    here = [one for one in known if desa.startswith(one.area)]
    opened = [one.period for one in here if one.opens <= now < one.closes]
    if len(opened) == 1:
        return opened[0]
    names = ", ".join(one.period for one in here) or "-"
    raise RtUnclear("period-several" if opened else "period-unknown", known=names)


def every(store: Store) -> list[RtStatement]:
    """All of them, the latest period first."""
    found = store.all("SELECT * FROM rt_statements ORDER BY period DESC, desa, rt")
    return [_statement(row) for row in found]


def seen(store: Store, shown: Sequence[RtStatement]) -> None:
    """Somebody has read these answers. One that has come since stays new."""
    with store.writing("rt-statements-seen"):
        store.run_many(
            "UPDATE rt_statements SET seen = 1"
            " WHERE desa = ? AND period = ? AND rt = ? AND answered = ?",
            [(one.desa, one.period, one.rt, one.answered) for one in shown if one.answered],
        )


# Sent behind the answers -------------------------------------------------------------------------


def send(session: Session) -> None:
    """Offer what is due, village by village. Raises ``ExchangeFailed``; then it stays due."""
    for row in session.store.all("SELECT * FROM rt_statements WHERE due = 1 ORDER BY desa, rt"):
        statement = _statement(row)
        if not outbox.unsent(session.store, statement.desa):
            _offer(session, statement)


def offer_again(store: Store) -> None:
    """The server was restored and may have lost what it had accepted. Inside a writing block."""
    store.run("UPDATE rt_statements SET due = 1 WHERE state = 'accepted'")


def _offer(session: Session, statement: RtStatement) -> None:
    with session.store.writing("rt-statement-sent"):
        session.store.run(
            "UPDATE rt_statements SET tried = 1 WHERE desa = ? AND period = ? AND rt = ?",
            (statement.desa, statement.period, statement.rt),
        )
    path = f"/v1/rounds/{statement.desa}/{quote(statement.period, safe='')}/rt"
    body: JsonObject = {"rt": statement.rt, "done": statement.done}
    if statement.reason:
        body["reason"] = statement.reason
    try:
        answer, state_ = session.caller.post(path, as_text(body)), ACCEPTED
    except ServerProblem as problem:
        if problem.code in _NO_ANSWER:
            raise
        answer, state_ = dict(problem.extra), REFUSED
        if not statement.done and problem.extra.get("missing") == "statement":
            # Nobody states it: that is what was asked for.
            answer, state_ = {}, ACCEPTED
    _settle(session, statement, state_, answer)


def _settle(session: Session, sent: RtStatement, state_: str, answer: JsonObject) -> None:
    """Keep the answer to this wish; another one that was made meanwhile goes on waiting."""
    kept: tuple[str | int | None, ...] = (
        state_, json.dumps(answer), session.environment.now_text(), 0
    )  # fmt: skip
    if sent.state == ACCEPTED:
        # Offered once more after a restore: what was accepted then is not news now.
        kept = (ACCEPTED, json.dumps(sent.answer), sent.answered, int(sent.is_seen))
    with session.store.writing("rt-statement-answer"):
        session.store.run(
            "UPDATE rt_statements SET due = 0, state = ?, answer = ?, answered = ?, seen = ?"
            " WHERE desa = ? AND period = ? AND rt = ? AND done = ? AND stated = ?",
            (*kept, sent.desa, sent.period, sent.rt, int(sent.done), sent.stated),
        )


def _statement(row: Row) -> RtStatement:
    return RtStatement(
        row["desa"], row["period"], row["rt"], bool(row["done"]), row["reason"], row["stated"],
        row["state"], json.loads(row["answer"]), row["answered"], bool(row["seen"]),
    )  # fmt: skip
