"""Closing a record, and what people said about it without knowing that it was closed.

The record stays ended whichever came first. Every live claim that no `end` knew, and every edit
that arrives after it, becomes a candidate of one question, ``edit-after-end``: does the end hold,
or was the family still there? Candidates of a group are merged among each other by the group's
own rule, as they would have been before the end, so the order of arrival decides nothing here
either. Values stay what they were: an edit after the end proposes, it does not apply.

Groups that only lists and the office write say nothing about whether somebody is there. They are
written in ended records too, and no question is asked about them.
"""

from collections.abc import Iterable

from sync.grouping import claim_group, rule_of, write_value
from sync.merge import GroupState, hidden, merge, was_judged
from sync.policy import GROUPS, FieldClass
from sync.statements import statements
from sync.step import GroupResult, Step
from sync.types import (
    ANGGOTA,
    END,
    PARENT,
    Claim,
    ConflictKind,
    GroupValue,
    Json,
    Outcome,
    Stamp,
)
from sync.workspace import Draft, Topic, decision_of, is_set_group

MENINGGAL = "meninggal"
KEBERADAAN = "keberadaan"
Candidates = tuple[Claim, ...]


def end_record(step: Step, draft: Draft) -> tuple[GroupResult, ...]:
    """Apply the operation's `end` to the record."""
    assert step.operation.end is not None, "parsed as an end"
    before = draft.value(END)
    result = claim_group(step, draft, END, step.operation.end)
    if not before and draft.end is not None:
        _ask(step, draft, _unknown_claims(step, draft))
    elif result.outcome in (Outcome.APPLIED, Outcome.NO_OP, Outcome.CONFLICT):
        _ask(step, draft, (c for c in _asked(step, draft) if not step.knows(c.stamp)))
    if result.outcome is Outcome.APPLIED:
        mark_death(step, draft, before)
    return (result,)


def mark_death(step: Step, draft: Draft, before: GroupValue) -> None:
    """Death is an `end`; whether somebody is present follows from it, and is asked anew after it.

    ``before`` is the closing statement that was current until now.
    """
    if draft.entity != ANGGOTA:
        return
    is_dead, was_dead = (end.get("end") == MENINGGAL for end in (draft.value(END), before))
    if is_dead:
        _write_presence(step, draft, {KEBERADAAN: MENINGGAL})
    elif was_dead and draft.fields.get(KEBERADAAN) == MENINGGAL:
        _write_presence(step, draft, {})


def _write_presence(step: Step, draft: Draft, value: GroupValue) -> None:
    write_value(step.workspace, draft, KEBERADAAN, value)
    draft.stamps[KEBERADAAN] = (step.stamp(draft),)


def edit_ended(step: Step, draft: Draft) -> tuple[GroupResult, ...]:
    """Keep an edit of a record that has ended: as a candidate, never as the value."""
    candidates = _asked(step, draft)
    outcomes: dict[str, Outcome] = {}
    for claim in _edit_claims(step, draft):
        if _is_lists_own(draft, claim.group):
            outcomes[claim.group] = claim_group(step, draft, claim.group, claim.value).outcome
        elif _was_judged(step, draft, claim):
            outcomes[claim.group] = Outcome.ALREADY_JUDGED
        else:
            weigh = _weigh_elements if is_set_group(draft.entity, claim.group) else _weigh
            outcomes[claim.group], candidates = weigh(step, draft, claim, candidates)
    asked = _ask(step, draft, candidates)
    return tuple(
        GroupResult(group, outcome, asked if outcome is Outcome.CONFLICT else None)
        for group, outcome in outcomes.items()
    )


def _edit_claims(step: Step, draft: Draft) -> list[Claim]:
    said = statements(step.operation)
    if PARENT in said:
        family = step.workspace.find(str(step.operation.parent))
        assert family is not None, "the target of a move was checked before"
        said[PARENT] = {"parent": family.id}
    stamp = step.stamp(draft)
    return [Claim(group, value, stamp) for group, value in said.items()]


def _elements(add: Iterable[str], remove: Iterable[str] = ()) -> GroupValue:
    return {"add": list[Json](add), "remove": list[Json](remove)}


def _is_lists_own(draft: Draft, group: str) -> bool:
    known = GROUPS[draft.entity].get(group)
    return known is not None and known.field_class is FieldClass.SERVER


def _was_judged(step: Step, draft: Draft, claim: Claim) -> bool:
    """Did a reviewer who let the end stand see this already, and did the phone not know that?"""
    decision = decision_of(step.workspace.decision_behind(draft, END))
    knew = step.knows(draft.group_stamps(END)[0])
    return decision is not None and not knew and was_judged(claim, decision)


def _weigh(
    step: Step, draft: Draft, claim: Claim, candidates: Candidates
) -> tuple[Outcome, Candidates]:
    """Merge the claim with what the group holds and what others proposed after the end."""
    ends = {stamp.dot for stamp in draft.group_stamps(END)}
    # That somebody is dead, as the end itself has noted, is no statement that outranks others.
    own = tuple(s for s in draft.group_stamps(claim.group) if s.dot not in ends)
    rivals = tuple(c for c in candidates if c.group == claim.group and c.stamp not in own)
    state = GroupState(draft.value(claim.group), own or (draft.created,), rivals)
    if not own:
        state = state._replace(value={})
    rule = rule_of(draft.entity, claim.group)
    merged = merge(state, claim, step.lane, step.operation.base, rule)
    after = merged.state
    live = {(s.lane, s.lane_seq) for s in (*after.stamps, *(c.stamp for c in after.candidates))}
    kept = tuple(
        c for c in candidates if c.group != claim.group or (c.stamp.lane, c.stamp.lane_seq) in live
    )
    if step.dot not in live:
        return merged.outcome, kept
    return Outcome.CONFLICT, (*kept, hidden(claim))


def _weigh_elements(
    step: Step, _draft: Draft, claim: Claim, candidates: Candidates
) -> tuple[Outcome, Candidates]:
    """Keep what was said about a set; on single elements the later word of one who knew counts.

    As in an open record, earlier additions stand beside it and earlier removals are part of it.
    """
    add, remove = elements_of(claim.value, "add"), elements_of(claim.value, "remove")
    kept: list[Claim] = []
    for candidate in candidates:
        if candidate.group != claim.group or not step.knows(candidate.stamp):
            kept.append(candidate)
            continue
        said = {*add, *remove}
        remove += [e for e in elements_of(candidate.value, "remove") if e not in said]
        added = [e for e in elements_of(candidate.value, "add") if e not in said]
        if added:
            kept.append(candidate._replace(value=_elements(added)))
    return Outcome.CONFLICT, (*kept, hidden(claim._replace(value=_elements(add, remove))))


def elements_of(value: GroupValue, name: str) -> list[str]:
    """What a claim on a set adds, or removes."""
    listed = value.get(name)
    return [str(element) for element in listed] if isinstance(listed, list) else []


def _unknown_claims(step: Step, draft: Draft) -> list[Claim]:
    """Live claims that this `end` did not know; the questions about them move into its own."""
    claims: list[Claim] = []
    for group, stamps in draft.stamps.items():
        if group == END or _is_lists_own(draft, group):
            continue
        unknown = [stamp for stamp in stamps if not step.knows(stamp)]
        if is_set_group(draft.entity, group):
            claims += _element_claims(step, draft, group, unknown)
        else:
            claims += [Claim(group, draft.value(group), stamp) for stamp in unknown]
    for conflict in step.workspace.conflicts_of(draft.id):
        if conflict.is_open and conflict.kind is ConflictKind.VALUE and conflict.group != END:
            claims += [c for c in conflict.candidates if not step.knows(c.stamp)]
            step.workspace.withdraw(conflict)
    return claims


def _element_claims(step: Step, draft: Draft, group: str, changed: list[Stamp]) -> list[Claim]:
    """One claim for each unknown statement about a set: the elements it added that are left.

    ``changed`` are the group's own stamps: they tell of statements that only took elements out.
    """
    added: dict[Stamp, list[str]] = {stamp: [] for stamp in changed}
    for element, stamps in draft.elements.get(group, {}).items():
        for stamp in stamps:
            if not step.knows(stamp):
                added.setdefault(stamp, []).append(element)
    return [Claim(group, _elements(elements), stamp) for stamp, elements in added.items()]


def _asked(step: Step, draft: Draft) -> Candidates:
    question = step.workspace.open_conflict(draft.id, END, ConflictKind.EDIT_AFTER_END)
    return question.candidates if question is not None else ()


def _ask(step: Step, draft: Draft, candidates: Iterable[Claim]) -> str | None:
    question = step.workspace.ask(
        Topic(draft, END, ConflictKind.EDIT_AFTER_END),
        tuple(candidates),
        step.dot,
        reopens=step.workspace.decision_behind(draft, END),
    )
    return question.id if question is not None else None
