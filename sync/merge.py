"""The merge of one group: which claim is current, and which ones a person has to judge.

State is the set of live claims. A new claim removes those that it knew (`sync.knowledge`), joins
the set, and the class of the field decides what the set means:

* **identity**: different claims are for a person; the current one stays until then.
* **measurement**: a claim with a strictly later observed day outranks different ones with an
  earlier day, provided that both days are vouched for; what remains different is for a person.
* **monotone**: an absorbing value (a death) outranks the others, and holds: not even a claim that
  knew it takes it away, it only proposes to.

The current value stays while anybody stands behind it whom the newcomer did not know, even if the
newcomer knew the one who said it first. So whoever was current and is so no more has been replaced
knowingly, and what phones can have seen of a group is always behind its current value: candidates
are known to nobody by pulling.

The set after a number of concurrent claims does not depend on the order of their arrival, and so
neither do the questions that people are asked.

Sets (`merge_elements`) have no questions: an element is present while a statement that added it
has not been taken out by somebody who knew that statement.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sync.knowledge import NOT_SHOWN, knows, unknown_among
from sync.types import Claim, Decision, GroupValue, Lane, Outcome, Stamp


class Rule(NamedTuple):
    """What the class of a group lets policy decide without a person."""

    outranks: Callable[[Claim, Claim], bool]
    """``outranks(q, p)``: does q make p obsolete although it did not know it?"""
    holds: Callable[[GroupValue], bool] = lambda _value: False
    """Does nobody take this value back without a person?"""


def later_day(winner: Claim, loser: Claim) -> bool:
    """Is the first about a strictly later day, and do clocks vouch for both?"""
    won, lost = winner.stamp.observed, loser.stamp.observed
    return won is not None and lost is not None and won > lost


ASK: Final = Rule(outranks=lambda _winner, _loser: False)
"""Identity: no claim outranks another."""
LATER_DAY: Final = Rule(outranks=later_day)
"""Measurement: the later observed day wins."""


def absorbing(member: str, values: frozenset[str]) -> Rule:
    """Monotone: these values of the field ``member`` win over all others, and hold."""

    def holds(value: GroupValue) -> bool:
        return value.get(member) in values

    return Rule(lambda winner, loser: holds(winner.value) and not holds(loser.value), holds)


class GroupState(NamedTuple):
    """The live claims on one group.

    ``stamps[0]`` made the current ``value``, the rest said the same. ``candidates`` said otherwise.
    ``decision`` is the reviewer's decision that made the current value, if one did.
    """

    value: GroupValue
    stamps: tuple[Stamp, ...]
    candidates: tuple[Claim, ...] = ()
    decision: Decision | None = None


class Merged(NamedTuple):
    """The group after one claim, and what became of that claim."""

    outcome: Outcome
    state: GroupState
    reopens: bool = False
    """The candidate argues against a decision that a reviewer had made."""


def merge(state: GroupState, claim: Claim, lane: Lane, base: int, rule: Rule) -> Merged:
    """Add one claim of ``lane``, made upon ``base``, to the live claims of its group."""
    place = claim.stamp.lane_seq
    unknown = unknown_among(state.stamps, lane, place, base)
    if not unknown and not state.candidates and not rule.holds(state.value):
        # Nearly always: nobody has spoken since this phone last pulled.
        return Merged(Outcome.APPLIED, GroupState(claim.value, (claim.stamp,)))
    if state.decision is not None and state.stamps[0] in unknown:
        if claim.value != state.value and was_judged(claim, state.decision):
            return Merged(Outcome.ALREADY_JUDGED, state)
        rule = ASK
    rivals = tuple(c for c in state.candidates if not knows(lane, place, base, c.stamp))
    if rule.holds(state.value):
        return _merge_into_held(state, claim, unknown, rivals, rule)
    rivals = (*(Claim(claim.group, state.value, stamp) for stamp in unknown), *rivals)
    return _merge_among(state, claim, rivals, rule)


def was_judged(claim: Claim, decision: Decision) -> bool:
    """Did the reviewer see this very statement, or one of the same content and a later day?"""
    return any(
        (judged.group, judged.value) == (claim.group, claim.value) and not later_day(claim, judged)
        for judged in decision.judged
    )


def _merge_among(state: GroupState, claim: Claim, rivals: tuple[Claim, ...], rule: Rule) -> Merged:
    """Let the rule decide between the claim and those live ones that it did not know."""
    if any(r.value != claim.value and rule.outranks(r, claim) for r in rivals):
        pool = rivals
    else:
        beaten = [r for r in rivals if r.value != claim.value and rule.outranks(claim, r)]
        pool = (*(r for r in rivals if r not in beaten), claim)
    first = _first(state, claim, pool)
    agreeing = [c for c in pool if c.value == first.value and c is not first]
    proposed = [c for c in pool if c.value != first.value]
    return _merged(state, claim, [first, *agreeing], proposed)


def _first(state: GroupState, claim: Claim, pool: Sequence[Claim]) -> Claim:
    """Whose claim is in front: the current value stays while anybody else stands behind it."""
    standing = [c for c in pool if c.value == state.value and c is not claim]
    if standing:
        # Who knew the statement in front and repeats its value states it anew, for another day.
        knew_front = standing[0].stamp != state.stamps[0]
        return claim if knew_front and claim.value == state.value else standing[0]
    if claim in pool:
        return claim
    return max(pool, key=lambda c: (c.stamp.observed or "", c.stamp.lane, c.stamp.lane_seq))


def _merge_into_held(
    state: GroupState,
    claim: Claim,
    unknown: tuple[Stamp, ...],
    rivals: tuple[Claim, ...],
    rule: Rule,
) -> Merged:
    """A value that holds takes no answer from those who did not know it, and asks about others.

    Its earlier statements stay on record even where a later one knew them, because it is they
    that tell who argues against the value knowingly.
    """
    current = [Claim(claim.group, state.value, stamp) for stamp in state.stamps]
    if claim.value == state.value:
        in_front = state.stamps[0] not in unknown
        current = [claim, *current] if in_front else [*current, claim]
        return _merged(state, claim, _first_of_each_lane(current), rivals)
    if len(unknown) < len(current) or rule.holds(claim.value):
        return _merged(state, claim, current, (*rivals, claim))
    return Merged(Outcome.POLICY_LOST, state)


def _first_of_each_lane(claims: Sequence[Claim]) -> list[Claim]:
    """The claim in front, and of the others the earliest of each lane: as good as all of them."""
    front, *others = claims
    earliest: dict[str, Claim] = {}
    for other in others:
        known = earliest.setdefault(other.stamp.lane, other)
        if other.stamp.lane_seq < known.stamp.lane_seq:
            earliest[other.stamp.lane] = other
    return [front, *earliest.values()]


def _merged(
    state: GroupState, claim: Claim, current: Sequence[Claim], proposed: Sequence[Claim]
) -> Merged:
    """The state with ``current`` claims, the one in front first, and the others proposed."""
    front = current[0]
    after = GroupState(
        front.value,
        tuple(_shown(c.stamp, claim.stamp.seq) for c in current),
        tuple(hidden(c) if c is claim else c for c in proposed),
        state.decision if front.stamp == state.stamps[0] else None,
    )
    reopens = bool(proposed) and after.decision is not None and not state.candidates
    return Merged(_outcome(claim, front, proposed), after, reopens)


def _outcome(claim: Claim, front: Claim, proposed: Sequence[Claim]) -> Outcome:
    if claim is front:
        return Outcome.APPLIED
    if claim.value == front.value:
        return Outcome.NO_OP
    return Outcome.CONFLICT if claim in proposed else Outcome.POLICY_LOST


def hidden(claim: Claim) -> Claim:
    """The claim as a candidate that no phone has seen."""
    return claim._replace(stamp=claim.stamp._replace(seq=NOT_SHOWN))


def _shown(stamp: Stamp, seq: int) -> Stamp:
    """A candidate that became (part of) the current value is seen by whoever pulls it now."""
    return stamp._replace(seq=seq) if stamp.seq == NOT_SHOWN else stamp


def merge_elements(
    elements: Mapping[str, tuple[Stamp, ...]],
    stamp: Stamp,
    lane: Lane,
    base: int,
    *,
    add: Iterable[str],
    remove: Iterable[str],
) -> tuple[Outcome, dict[str, tuple[Stamp, ...]]]:
    """Add to and remove from a set; a remove takes out only statements that it knew.

    Adding what others have added meanwhile is ``no-op``, removing what only others have added is
    ``policy-lost``; anything else that an operation achieves makes it ``applied``.
    """
    after = dict(elements)
    changed = kept = False
    for element in remove:
        known, unknown = _partition(after.pop(element, ()), stamp, lane, base)
        changed, kept = changed or bool(known), kept or bool(unknown)
        if unknown:
            after[element] = unknown
    for element in add:
        known, unknown = _partition(after.get(element, ()), stamp, lane, base)
        changed = changed or bool(known) or not unknown
        after[element] = (*unknown, stamp)
    if changed:
        return Outcome.APPLIED, after
    return (Outcome.POLICY_LOST if kept else Outcome.NO_OP), after


def _partition(
    stamps: tuple[Stamp, ...], stamp: Stamp, lane: Lane, base: int
) -> tuple[tuple[Stamp, ...], tuple[Stamp, ...]]:
    known = tuple(s for s in stamps if knows(lane, stamp.lane_seq, base, s))
    return known, tuple(s for s in stamps if s not in known)
