"""Cases for the merge of one group: two lanes, every class, what was known and what was not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sync.merge import ASK, LATER_DAY, GroupState, Rule, absorbing, merge, merge_elements
from sync.types import Claim, Decision, Json, Lane, Stamp

RULES: dict[str, Rule] = {
    "identity": ASK,
    "measurement": LATER_DAY,
    "monotone": absorbing("g", frozenset({"meninggal"})),
}
EARLY, LATE = "2026-11-02", "2026-11-05"
SUPPORT = Stamp(13, "C", 1, EARLY)


@dataclass(frozen=True)
class Case:
    """One claim of lane B meets a group that lane A stated."""

    name: str
    rule: str
    current: str
    claimed: str
    base: int = 0
    current_day: str | None = EARLY
    claimed_day: str | None = EARLY
    candidates: tuple[Claim, ...] = ()
    known: dict[str, int] = field(default_factory=dict)
    extra: frozenset[tuple[str, int]] = frozenset()
    lane: str = "B"
    supporters: tuple[Stamp, ...] = ()
    judged: tuple[Claim, ...] | None = None
    """A reviewer's decision made the current value, and judged these."""


def _proposal(lane: str, lane_seq: int, value: str, day: str | None = EARLY) -> Claim:
    return Claim("g", {"g": value}, Stamp(0, lane, lane_seq, day))


CASES = (
    Case("what was pulled is replaced", "identity", "x", "y", base=12),
    Case("what was not pulled is not", "identity", "x", "y", base=11),
    Case("the same said at once is no conflict", "identity", "x", "x"),
    Case("the same said knowingly is a new statement", "identity", "x", "x", base=12),
    Case("a lane knows what it said before", "identity", "x", "y", lane="A"),
    Case("a lane knows its ancestor up to the fork", "identity", "x", "y", known={"A": 2}),
    Case("and nothing of it after the fork", "identity", "x", "y", known={"A": 1}),
    Case(
        "an operation that came again is known",
        "identity", "x", "y", extra=frozenset({("A", 2)}),
    ),
    Case("the later day wins", "measurement", "x", "y", claimed_day=LATE),
    Case("the earlier day loses", "measurement", "x", "y", current_day=LATE),
    Case("the same day is for a person", "measurement", "x", "y"),
    Case(
        "a day that no clock vouches for is for a person",
        "measurement", "x", "y", claimed_day=None,
    ),
    Case(
        "a later day settles what was open",
        "measurement", "x", "y", claimed_day=LATE, candidates=(_proposal("C", 1, "z"),),
    ),
    Case("a death wins over presence", "monotone", "tinggal", "meninggal"),
    Case("presence does not win over a death", "monotone", "meninggal", "tinggal"),
    Case("the way back from death is for a person", "monotone", "meninggal", "tinggal", base=12),
    Case(
        "a second proposal joins the first",
        "identity", "x", "y", candidates=(_proposal("C", 1, "z"),),
    ),
    Case(
        "a lane's later proposal replaces its earlier one",
        "identity", "x", "y", candidates=(_proposal("B", 1, "z"),),
    ),
    Case(
        "agreeing withdraws one's own proposal",
        "identity", "x", "x", candidates=(_proposal("B", 1, "z"),),
    ),
    Case(
        "pulling does not make the others' proposals known",
        "identity", "x", "y", base=12, candidates=(_proposal("C", 1, "z"),),
    ),
    Case(
        "knowing all who said it replaces the value",
        "identity", "x", "y", base=13, supporters=(SUPPORT,),
    ),
    Case(
        "knowing only the first who said it does not",
        "identity", "x", "y", base=12, supporters=(SUPPORT,),
    ),
    Case(
        "knowing the first and repeating it moves in front",
        "identity", "x", "x", base=12, supporters=(SUPPORT,),
    ),
    Case(
        "a lane comes to propose what another proposes",
        "identity", "x", "z", candidates=(_proposal("B", 1, "w"), _proposal("C", 1, "z")),
    ),
    Case(
        "a later day that says the same settles what was open",
        "measurement", "x", "x", claimed_day=LATE, candidates=(_proposal("C", 1, "z"),),
    ),
    Case(
        "what was known is replaced, and a proposal of a later day is current",
        "measurement", "x", "y", base=12, current_day=None,
        candidates=(_proposal("C", 1, "z", LATE),),
    ),
    Case("late and equal to a decision", "identity", "x", "x", judged=(_proposal("C", 1, "z"),)),
    Case("late and judged already", "identity", "x", "z", judged=(_proposal("C", 1, "z"),)),
    Case(
        "late, judged, and of a later day",
        "identity", "x", "z", claimed_day=LATE, judged=(_proposal("C", 1, "z"),),
    ),
    Case(
        "late with something new, though of a later day",
        "measurement", "x", "y", claimed_day=LATE, judged=(_proposal("C", 1, "z"),),
    ),
    Case(
        "beyond a decision that was known",
        "identity", "x", "z", base=12, judged=(_proposal("C", 1, "z"),),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class ElementCase:
    """Lane B speaks about a set whose elements lane A (and C) put there."""

    name: str
    elements: dict[str, tuple[Stamp, ...]]
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    base: int = 0


BY_A, BY_C = Stamp(12, "A", 2, EARLY), Stamp(13, "C", 1, EARLY)
ELEMENT_CASES = (
    ElementCase("an element is added", {}, add=("pkh",)),
    ElementCase("an element that others added meanwhile", {"pkh": (BY_A,)}, add=("pkh",)),
    ElementCase("an element added again by one who knew", {"pkh": (BY_A,)}, add=("pkh",), base=12),
    ElementCase("a known element is taken out", {"pkh": (BY_A,)}, remove=("pkh",), base=12),
    ElementCase("an unknown element stays", {"pkh": (BY_A,)}, remove=("pkh",), base=11),
    ElementCase("added by two and known of one", {"pkh": (BY_A, BY_C)}, remove=("pkh",), base=12),
    ElementCase("what is not there", {}, remove=("pkh",)),
    ElementCase(
        "out and in at once", {"bst": (BY_A,)}, add=("pkh", "bst"), remove=("bst",), base=12
    ),
)


def merge_cases() -> list[dict[str, Json]]:
    """`{name, class, lane, base, before, claim, outcome, after}`; stamps as they are stored."""
    return [*map(_written, CASES), *map(_written_elements, ELEMENT_CASES)]


def _written_elements(case: ElementCase) -> dict[str, Json]:
    stamp, lane = Stamp(20, "B", 3, EARLY), Lane("B", "1802212001", 2)
    outcome, after = merge_elements(
        case.elements, stamp, lane, case.base, add=case.add, remove=case.remove
    )
    return {
        "name": case.name,
        "class": "set",
        "lane": {"name": "B", "known": {}, "extra": []},
        "base": case.base,
        "before": _elements(case.elements),
        "claim": {
            "add": list[Json](case.add),
            "remove": list[Json](case.remove),
            "stamp": list(stamp),
        },
        "outcome": str(outcome),
        "after": _elements(after),
    }


def _elements(elements: Mapping[str, tuple[Stamp, ...]]) -> Json:
    return {
        "elements": {name: [list(s) for s in listed] for name, listed in sorted(elements.items())}
    }


def _written(case: Case) -> dict[str, Json]:
    stamp = Stamp(12, "A", 2, case.current_day)
    decision = Decision("A", 2, "current", case.judged) if case.judged is not None else None
    stamps = (stamp, *case.supporters)
    before = GroupState({"g": case.current}, stamps, case.candidates, decision)
    lane_seq = 7 if case.lane == "A" else 3
    claim = Claim("g", {"g": case.claimed}, Stamp(20, case.lane, lane_seq, case.claimed_day))
    lane = Lane(case.lane, "1802212001", lane_seq - 1, case.known, case.extra)
    merged = merge(before, claim, lane, case.base, RULES[case.rule])
    return {
        "name": case.name,
        "class": case.rule,
        "lane": {
            "name": case.lane,
            "known": dict(case.known),
            "extra": [[name, seq] for name, seq in sorted(case.extra)],
        },
        "base": case.base,
        "before": _state(before),
        "claim": {"value": claim.value, "stamp": list(claim.stamp)},
        "outcome": str(merged.outcome),
        "after": _state(merged.state),
    }


def _state(state: GroupState) -> dict[str, Json]:
    return {
        "value": state.value,
        "stamps": [list(stamp) for stamp in state.stamps],
        "candidates": _claims(state.candidates),
        "judged": _claims(state.decision.judged) if state.decision is not None else None,
    }


def _claims(claims: Iterable[Claim]) -> Json:
    return [{"value": claim.value, "stamp": list(claim.stamp)} for claim in claims]
