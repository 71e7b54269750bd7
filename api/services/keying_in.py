"""Key in what a worksheet says: the operator's hands, the RT head's word, marked as such.

An RT head without a phone writes on paper. What the operator types from it goes through the same
engine as a phone's batch, in a lane of the RT head's account, with its rights in that RT. So it is
the RT head who said it, and his lane knows what it said before; the operation's `source` names
whose hands it went through, from which form.

A form carries a token of its own, which is part of every operation made from it. Sent twice, its
operations have the same hashes and are answered as duplicates; nothing is entered twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.own_lanes import own_lane
from api.services.pushing import Turn, changed_niks, decide_batch, store_plan
from api.services.reviewers import Reviewer
from api.services.worksheets import RT_HEAD_ROLES
from models.queries import feeds, rt_lists
from models.queries.auditing import append
from models.tables.accounts import Account
from sync.batch import OPERATIONS_PER_PUSH_MAX, read_batch
from sync.permission import Action, Role
from sync.push import Author, Plan
from sync.scope import Scope, VillageScope
from sync.types import Json, Outcome, Record

PAPER_SOURCE: Final = "paper"
"""`source` of such a lane."""


@dataclass(frozen=True, slots=True)
class KeyedPaper:
    """One form that was filled in from a worksheet."""

    desa: str
    rt: str
    form: str
    """The form's own token: the same for every time that it is sent."""
    account: str | None = None
    """The RT head, by account id; may be left out where the RT has one."""
    worksheet: str = ""
    """What the paper calls itself: its period, or nothing."""
    observed: str | None = None
    """The day on the paper, `YYYY-MM-DD`; else today."""


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """An operation that the engine would set aside: the place in what was sent, and why."""

    place: int
    problem: str
    detail: str


@dataclass(frozen=True, slots=True)
class KeyedIn:
    """What became of a form. Where something was refused, nothing of it was kept."""

    at: int
    outcomes: tuple[str, ...]
    refused: tuple[RefusedLine, ...] = ()
    niks: tuple[Record, ...] = ()
    """Persons whose NIK may now be borne in another village as well."""

    @property
    def is_repeated(self) -> bool:
        """Was everything sent before?"""
        return bool(self.outcomes) and set(self.outcomes) == {Outcome.DUPLICATE.value}


def rt_heads(session: Session, reviewer: Reviewer, desa: str, rt: str) -> list[Account]:
    """Accounts in whose name something may be keyed in for an RT."""
    _require(reviewer, desa, rt)
    found = rt_lists.accounts_of_rt(session, RT_HEAD_ROLES, desa, rt, reviewer.now)
    return [account for account, _ in found]


def key_in(
    session: Session,
    reviewer: Reviewer,
    paper: KeyedPaper,
    operations: Sequence[Mapping[str, Json]],
) -> KeyedIn:
    """Enter operations as the RT head. They name no `seq` and no `source`.

    Raises `AppError`: `not-found` outside of the area, `not-permitted`, `value-refused` where the
    RT has no head, or several and none was named.
    """
    _require(reviewer, paper.desa, paper.rt)
    if not 1 <= len(operations) <= OPERATIONS_PER_PUSH_MAX:
        raise AppError("value-refused", f"A form makes 1 to {OPERATIONS_PER_PUSH_MAX} operations.")
    head, scope = _head(session, reviewer, paper)
    at = feeds.take_turn(session, paper.desa)
    stored = own_lane(session, reviewer, paper.desa, PAPER_SOURCE, of=head.id)
    batch = read_batch(
        [
            {
                **operation,
                "seq": stored.lane.last + number,
                "source": _source(reviewer, paper, head.id, number),
                **({"observed": paper.observed} if paper.observed else {}),
            }
            for number, operation in enumerate(operations, 1)
        ],
        server_lane=True,
    )
    author = Author(scope, VillageScope(paper.desa, frozenset({paper.rt})), Role(head.role))
    turn = Turn(paper.desa, at, stored, author, reviewer.now, reviewer.device_id)
    plan = decide_batch(session, turn, batch, reviewer.ground)
    assert isinstance(plan, Plan), "the lane was read under the village's turn"
    outcomes = tuple(str(entry["outcome"]) for _, entry in plan.results)
    refused = tuple(_refused(plan))
    if refused:
        return KeyedIn(at, outcomes, refused)
    store_plan(session, turn, batch, plan)
    entry = reviewer.entry(
        "keyed-in",
        rt=paper.rt,
        account=head.id,
        form=paper.form,
        lane=stored.lane.name,
        at=plan.head,
    )
    append(session, paper.desa, entry)
    return KeyedIn(plan.head, outcomes, niks=changed_niks(plan))


def _require(reviewer: Reviewer, desa: str, rt: str) -> None:
    if not reviewer.sight.covers(desa, rt):
        raise AppError("not-found")
    if reviewer.account_id is None or not reviewer.may(Action.KEY_IN):
        raise AppError("not-permitted")


def _head(session: Session, reviewer: Reviewer, paper: KeyedPaper) -> tuple[Account, Scope]:
    found = rt_lists.accounts_of_rt(session, RT_HEAD_ROLES, paper.desa, paper.rt, reviewer.now)
    if paper.account is not None:
        found = [one for one in found if one[0].id == paper.account]
    if not found:
        raise AppError(
            "value-refused",
            "Nobody looks after that RT under this name: make an account for its head with "
            "`lokus account add`, even if he has no phone.",
        )
    if len(found) > 1:
        raise AppError("value-refused", "Several look after that RT: say whose worksheet it is.")
    return found[0]


def _source(reviewer: Reviewer, paper: KeyedPaper, head: str, number: int) -> Json:
    # The number keeps two equal statements of one form from being one operation.
    return {
        "by": reviewer.account_id,
        "for": head,
        "form": paper.form,
        "n": number,
        "worksheet": f"{paper.worksheet} RT {paper.rt}".strip(),
    }


def _refused(plan: Plan) -> list[RefusedLine]:
    return [
        RefusedLine(place, str(entry.get("problem")), str(entry.get("detail", "")))
        for place, (_, entry) in enumerate(plan.results)
        if Outcome.QUARANTINED.value in {entry["outcome"], entry.get("original")}
    ]
