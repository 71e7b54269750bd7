"""A reviewer's decision, which is an operation like any other and can be undone like one.

``resolve`` carries one of

* ``{"conflict", "version", "choice": "current" | "candidate" | "value", "candidate"?, "value"?,
  "reason"}``: settle a question; ``candidate`` is the dot ``{"lane", "lane_seq"}`` of one of them;
* ``{"undo": conflict, "reason"}``: take a decision back while nothing was built upon it;
* ``{"merge": id, "reason"}`` and ``{"separate": true, "reason"}``: two records are one, or not.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sync.doubles import flag_double
from sync.ending import elements_of, mark_death
from sync.fieldvalues import ValueProblem, parse_value
from sync.grouping import state_of, write_elements, write_value
from sync.identity import alias_into, separate
from sync.merge import hidden, merge_elements
from sync.policy import FIELDS, GROUPS
from sync.step import GroupResult, Handled, Step
from sync.types import (
    ANGGOTA,
    END,
    KELUARGA,
    Claim,
    Conflict,
    ConflictKind,
    ConflictState,
    Decision,
    GroupValue,
    Json,
    Outcome,
    Problem,
    Refusal,
)
from sync.workspace import Draft, Topic, is_set_group, natural_key

CHANGED = Refusal(Problem.CONFLICT_CHANGED, "the conflict has changed; look at it again")
MERGED_ON = Refusal(Problem.CONFLICT_CHANGED, "merged on into another: separate that one first")
NOT_A_CHOICE = Refusal(Problem.MALFORMED, "choice is current, candidate or value")


def resolve(step: Step, draft: Draft) -> Handled:
    """Carry out the decision in the operation's ``resolve``."""
    decision = step.operation.resolve
    if "undo" in decision:
        return _undo(step, draft, decision)
    if "merge" in decision:
        return _merge_records(step, draft, step.operation.partner)
    if "separate" in decision:
        return _separate_records(step)
    return _settle(step, draft, decision)


def _settle(step: Step, draft: Draft, decision: Mapping[str, Json]) -> Handled:
    conflict = step.workspace.conflict(str(decision.get("conflict")))
    if conflict is None or conflict.record != draft.id:
        return Refusal(Problem.RECORD_UNKNOWN, "no such conflict")
    if not conflict.is_open or conflict.version != decision.get("version"):
        return CHANGED
    settle = _SETTLERS[conflict.kind]
    return settle(step, draft, conflict, decision)


def _settle_value(
    step: Step, draft: Draft, conflict: Conflict, decision: Mapping[str, Json]
) -> Handled:
    state = state_of(step.workspace, draft, conflict.group)
    value = _chosen(draft, conflict, state.value, decision)
    if isinstance(value, Refusal):
        return value
    current = tuple(Claim(conflict.group, state.value, stamp) for stamp in state.stamps)
    _write(step, draft, conflict.group, value)
    return _decided(step, conflict, decision, current + conflict.candidates, current)


def _settle_end(
    step: Step, draft: Draft, conflict: Conflict, decision: Mapping[str, Json]
) -> Handled:
    """Does the end hold? If not, the record is open again and takes the edits."""
    end = draft.value(END)
    current = tuple(Claim(END, end, stamp) for stamp in draft.group_stamps(END))
    choice = decision.get("choice")
    chosen = _candidate(conflict, decision) if choice == "candidate" else None
    if choice == "current":
        _write(step, draft, END, end)
    elif chosen is not None:
        _write(step, draft, END, {})
        _take_edits(step, draft, conflict.candidates, chosen)
    else:
        return NOT_A_CHOICE
    return _decided(step, conflict, decision, current + conflict.candidates, current)


def _settle_twins(
    step: Step, draft: Draft, conflict: Conflict, decision: Mapping[str, Json]
) -> Handled:
    """``current``: two different entries after all; ``candidate``: one and the same."""
    choice = decision.get("choice")
    if choice == "candidate":
        twin = step.workspace.find(conflict.twin or "")
        assert twin is not None, "a question that is open names two records that are there"
        decided = _decided(step, conflict, decision, conflict.candidates, ())
        alias_into(step.workspace, draft, twin, step.dot)
        return decided
    if choice == "current":
        return _decided(step, conflict, decision, conflict.candidates, ())
    return NOT_A_CHOICE


_Settler = Callable[[Step, Draft, Conflict, Mapping[str, Json]], Handled]
_SETTLERS: Mapping[ConflictKind, _Settler] = {
    ConflictKind.VALUE: _settle_value,
    ConflictKind.EDIT_AFTER_END: _settle_end,
    ConflictKind.IDENTITY_DUPLICATE: _settle_twins,
}


def _chosen(
    draft: Draft, conflict: Conflict, current: GroupValue, decision: Mapping[str, Json]
) -> GroupValue | Refusal:
    choice = decision.get("choice")
    if choice == "current":
        return current
    if choice == "candidate":
        candidate = _candidate(conflict, decision)
        return candidate.value if candidate is not None else NOT_A_CHOICE
    if choice == "value":
        return parse_group(draft.entity, conflict.group, decision.get("value"))
    return NOT_A_CHOICE


def parse_group(entity: str, group: str, raw: Json) -> GroupValue | Refusal:
    """A value typed by a reviewer, for a group of fields."""
    if not isinstance(raw, dict) or group not in GROUPS[entity]:
        return Refusal(Problem.BAD_VALUE, "a value is an object of the group's fields")
    value: GroupValue = {}
    for name, given in raw.items():
        if name not in GROUPS[entity][group].fields:
            return Refusal(Problem.UNKNOWN_FIELD, f"not a field of the group {group}")
        parsed = parse_value(FIELDS[entity][name], given)
        if isinstance(parsed, ValueProblem):
            return Refusal(Problem(parsed.code), parsed.detail)
        if parsed is not None:
            value[name] = parsed
    return value


def _candidate(conflict: Conflict, decision: Mapping[str, Json]) -> Claim | None:
    wanted = decision.get("candidate")
    if not isinstance(wanted, dict):
        return conflict.candidates[0] if len(conflict.candidates) == 1 else None
    dot = (wanted.get("lane"), wanted.get("lane_seq"))
    return next((c for c in conflict.candidates if c.stamp.dot == dot), None)


def _write(step: Step, draft: Draft, group: str, value: GroupValue) -> None:
    """Make a value current by the reviewer's word."""
    before = draft.value(group)
    step.workspace.touch(draft)
    write_value(step.workspace, draft, group, value)
    draft.stamps[group] = (step.stamp(draft),)
    if group == END:
        mark_death(step, draft, before)


def _take_edits(step: Step, draft: Draft, candidates: Sequence[Claim], chosen: Claim) -> None:
    """Apply what was said about a record that is open after all.

    Where others than the chosen one disagree about a group, the last to come is current, and what
    to make of the rest is a question of its own.
    """
    by_group: defaultdict[str, list[Claim]] = defaultdict(list)
    for claim in candidates:
        by_group[claim.group].append(claim)
    for group, claims in by_group.items():
        if is_set_group(draft.entity, group):
            for claim in claims:
                _take_elements(step, draft, claim)
            continue
        taken = chosen if group == chosen.group else claims[-1]
        _write(step, draft, group, taken.value)
        if taken is not chosen:
            others = tuple(hidden(c) for c in claims if c.value != taken.value)
            step.workspace.ask(Topic(draft, group), others, step.dot)


def _take_elements(step: Step, draft: Draft, claim: Claim) -> None:
    stamp, group = step.stamp(draft), claim.group
    _, after = merge_elements(
        draft.element_stamps(group),
        stamp,
        step.lane,
        step.workspace.head,
        add=elements_of(claim.value, "add"),
        remove=elements_of(claim.value, "remove"),
    )
    write_elements(draft, group, after, (stamp,))


def _decided(
    step: Step,
    conflict: Conflict,
    decision: Mapping[str, Json],
    judged: tuple[Claim, ...],
    replaced: tuple[Claim, ...],
) -> tuple[GroupResult, ...]:
    step.workspace.put(
        replace(
            conflict,
            state=ConflictState.RESOLVED,
            version=conflict.version + 1,
            decision=Decision(
                step.lane.name,
                step.operation.seq,
                str(decision.get("choice")),
                judged,
                str(decision.get("reason") or ""),
                replaced,
            ),
        )
    )
    return (GroupResult(conflict.group, Outcome.APPLIED),)


def _undo(step: Step, draft: Draft, decision: Mapping[str, Json]) -> Handled:
    """Ask again what was decided, with the claims of that time."""
    workspace = step.workspace
    conflict = workspace.conflict(str(decision["undo"]))
    if conflict is None or conflict.decision is None or conflict.record != step.operation.id:
        return Refusal(Problem.RECORD_UNKNOWN, "no such decision")
    if conflict.state is not ConflictState.RESOLVED:
        return CHANGED
    judged, before = conflict.decision.judged, conflict.decision.replaced
    if conflict.kind is ConflictKind.IDENTITY_DUPLICATE:
        flagged = workspace.exact(conflict.record)
        if flagged is not None and flagged.alias is not None:
            if isinstance(refusal := _separate(step, flagged), Refusal):
                return refusal
            draft = flagged
    elif workspace.decision_behind(draft, conflict.group) is conflict:
        _write(step, draft, conflict.group, before[0].value)
        supporters = (claim.stamp._replace(seq=draft.seq) for claim in before[1:])
        draft.stamps[conflict.group] = (step.stamp(draft), *supporters)
    else:
        return CHANGED
    workspace.withdraw(conflict)
    topic = Topic(draft, conflict.group, conflict.kind, conflict.twin)
    candidates = tuple(claim for claim in judged if claim not in before)
    workspace.open_new(topic, candidates, step.dot, conflict.id)
    return (GroupResult(conflict.group, Outcome.APPLIED),)


def _merge_records(step: Step, draft: Draft, partner: str | None) -> Handled:
    into = step.workspace.find(partner) if partner is not None else None
    if into is None or into.entity != draft.entity or into.id == draft.id:
        return Refusal(Problem.RECORD_UNKNOWN, "no such record to merge into")
    if draft.entity not in (KELUARGA, ANGGOTA):
        return Refusal(Problem.KIND_MISMATCH, "only families and persons are merged")
    alias_into(step.workspace, draft, into, step.dot)
    return (GroupResult("alias", Outcome.APPLIED),)


def _separate_records(step: Step) -> Handled:
    alias = step.workspace.exact(step.operation.id)
    if alias is None or alias.alias is None:
        return Refusal(Problem.RECORD_UNKNOWN, "the record was not merged into another")
    first = _separate(step, alias)
    if isinstance(first, Refusal):
        return first
    if natural_key(alias) is not None and natural_key(alias) == natural_key(first):
        # Asked at once, so that the machine does not take them for a double tap a second time.
        flag_double(step.workspace, alias, first, step.dot)
    return (GroupResult("alias", Outcome.APPLIED),)


def _separate(step: Step, alias: Draft) -> Draft | Refusal:
    """Undo a merge; answers the record that the alias was merged into."""
    first = step.workspace.exact(alias.alias or "")
    if first is None or first.alias is not None:
        return MERGED_ON
    separate(step.workspace, alias, step.dot)
    return first
