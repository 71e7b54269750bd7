"""Bring one claim into one group of a record, and keep the group's conflict in step with it."""

from collections.abc import Iterable, Mapping

from sync.knowledge import unknown_among
from sync.merge import (
    ASK,
    LATER_DAY,
    GroupState,
    Rule,
    absorbing,
    merge,
    merge_elements,
)
from sync.policy import ABSORBING, GROUPS, FieldClass, Group
from sync.step import GroupResult, Step
from sync.types import (
    END,
    PARENT,
    Claim,
    GroupValue,
    Json,
    Lane,
    Outcome,
    Stamp,
)
from sync.workspace import Draft, Topic, Workspace, decision_of


def _rule_of_class(group: Group) -> Rule:
    if group.field_class is FieldClass.MEASUREMENT:
        return LATER_DAY
    if group.field_class is FieldClass.MONOTONE:
        return absorbing(group.name, ABSORBING[group.name])
    return ASK


_RULES: Mapping[tuple[str, str], Rule] = {
    (entity, name): _rule_of_class(group)
    for entity, groups in GROUPS.items()
    for name, group in groups.items()
}
_APPLIED: Mapping[str, GroupResult] = {
    group: GroupResult(group, Outcome.APPLIED)
    for group in (END, PARENT, *(name for groups in GROUPS.values() for name in groups))
}
_FOLLOWED = frozenset({PARENT, "alamat"})
"""Where these change, other rows move as well."""


def rule_of(entity: str, group: str) -> Rule:
    """What policy decides alone about a group; about the pseudo groups, nothing."""
    return _RULES.get((entity, group), ASK)


def state_of(workspace: Workspace, draft: Draft, group: str) -> GroupState:
    """The live claims on a group."""
    if not draft.disputed:
        return GroupState(draft.value(group), draft.group_stamps(group))
    conflict = workspace.open_conflict(draft.id, group)
    return GroupState(
        draft.value(group),
        draft.group_stamps(group),
        conflict.candidates if conflict is not None else (),
        decision_of(workspace.decision_behind(draft, group)),
    )


def claim_group(step: Step, draft: Draft, group: str, value: GroupValue) -> GroupResult:
    """The operation states ``value`` for ``group``."""
    claim = Claim(group, value, step.stamp(draft))
    return bring(step.workspace, draft, claim, step.lane, step.operation.base)


def bring(workspace: Workspace, draft: Draft, claim: Claim, lane: Lane, base: int) -> GroupResult:
    """Merge a claim of ``lane`` made upon ``base`` and store what follows from it."""
    told = {claim.group: claim.value}
    return bring_all(workspace, draft, told, claim.stamp, lane, base)[0]


def bring_all(
    workspace: Workspace,
    draft: Draft,
    told: Mapping[str, GroupValue],
    stamp: Stamp,
    lane: Lane,
    base: int,
) -> list[GroupResult]:
    """Merge what an operation of ``lane``, made upon ``base``, states about groups of a record.

    A form is forty groups, and about nearly all of them nobody has spoken since its phone last
    pulled: then `merge` would say what is said here at once.
    """
    results: list[GroupResult] = []
    stamps, created, own = draft.stamps, (draft.created,), (stamp,)
    known: tuple[Stamp, ...] = ()
    for group, value in told.items():
        present = stamps.get(group) or created
        # Groups that were stated together share their stamps, and are known together.
        if present is not known:
            if unknown_among(present, lane, stamp.lane_seq, base):
                claim = Claim(group, value, stamp)
                results.append(_weigh(workspace, draft, claim, lane, base))
                continue
            known = present
        if draft.disputed or _holds(draft, group):
            claim = Claim(group, value, stamp)
            results.append(_weigh(workspace, draft, claim, lane, base))
            continue
        workspace.touch(draft)
        if group not in _FOLLOWED or value != draft.value(group):
            write_value(workspace, draft, group, value)
        stamps[group] = own
        results.append(_APPLIED[group])
    return results


def _holds(draft: Draft, group: str) -> bool:
    """Does nobody take the present value back without a person?"""
    return group in ABSORBING and rule_of(draft.entity, group).holds(draft.value(group))


def _weigh(workspace: Workspace, draft: Draft, claim: Claim, lane: Lane, base: int) -> GroupResult:
    """Merge a claim with what others have said, and keep the group's question in step with it."""
    if claim.group not in draft.stamps and not draft.value(claim.group):
        # A group that nobody ever mentioned holds no statement that the claim could contradict.
        base = max(base, draft.created.seq)
    before = state_of(workspace, draft, claim.group)
    merged = merge(before, claim, lane, base, rule_of(draft.entity, claim.group))
    if merged.state == before:
        return GroupResult(claim.group, merged.outcome)
    workspace.touch(draft)
    value_changed = merged.state.value != before.value
    if value_changed:
        write_value(workspace, draft, claim.group, merged.state.value)
    draft.stamps[claim.group] = merged.state.stamps
    conflict = workspace.ask(
        Topic(draft, claim.group),
        merged.state.candidates,
        claim.stamp.dot,
        reopens=workspace.decision_behind(draft, claim.group) if merged.reopens else None,
        value_changed=value_changed,
    )
    told = conflict.id if conflict and merged.outcome is Outcome.CONFLICT else None
    return GroupResult(claim.group, merged.outcome, told)


def write_value(workspace: Workspace, draft: Draft, group: str, value: GroupValue) -> None:
    """Make a value current. Changes that move rows between RTs are followed through."""
    if group == END:
        draft.end = value or None
    elif group == PARENT:
        family = workspace.find(str(value["parent"]))
        assert family is not None, "the family was checked before"
        hang(workspace, draft, family)
    else:
        for name in GROUPS[draft.entity][group].fields:
            if name in value:
                draft.fields[name] = value[name]
            else:
                draft.fields.pop(name, None)
        if group in _FOLLOWED:
            relocate(workspace, [draft, *workspace.beneath(draft)], rt_of(draft.fields))


def rt_of(fields: Mapping[str, Json]) -> str:
    """The RT text ``"003/001"`` of a family's fields; empty where no RT is known."""
    rt = fields.get("rt")
    return f"{rt}/{fields.get('rw') or ''}" if rt else ""


def hang(workspace: Workspace, row: Draft, parent: Draft) -> None:
    """Put a row under another record, with everything that lies beneath the row itself."""
    below = workspace.beneath(row)
    workspace.place(row, parent=parent.id, keluarga=parent.keluarga)
    for lower in below:
        workspace.place(lower, parent=lower.parent, keluarga=parent.keluarga)
        workspace.touch(lower)
    workspace.touch(row)
    relocate(workspace, [row, *below], parent.rt)


def relocate(workspace: Workspace, rows: Iterable[Draft], rt: str) -> None:
    """Give rows another RT; each remembers the one it left, so that its phones learn of it."""
    for row in rows:
        if row.rt == rt:
            continue
        seq = workspace.touch(row)
        row.left[row.rt] = seq
        row.left.pop(rt, None)
        row.rt, row.rt_since = rt, seq


def claim_elements(
    step: Step, draft: Draft, group: str, *, add: Iterable[str], remove: Iterable[str]
) -> GroupResult:
    """The operation adds elements to a set and takes elements out of it.

    That it spoke about the set is noted even where it changed nothing, as for any equal statement.
    """
    before, stamp = draft.element_stamps(group), step.stamp(draft)
    outcome, after = merge_elements(
        before, stamp, step.lane, step.operation.base, add=add, remove=remove
    )
    step.workspace.touch(draft)
    unknown = (s for s in draft.stamps.get(group, ()) if not step.knows(s))
    write_elements(draft, group, after, (stamp, *unknown))
    return GroupResult(group, outcome)


def write_elements(
    draft: Draft, group: str, elements: dict[str, tuple[Stamp, ...]], changed: tuple[Stamp, ...]
) -> None:
    """Make a set's elements current; arrays are sorted by code point.

    ``changed`` stands in front of the group's own stamps, which tell phones that it has changed
    and an `end` that somebody spoke about it: what was taken out leaves no stamp of its own.
    """
    draft.elements[group] = elements
    draft.stamps[group] = changed
    if elements:
        draft.fields[group] = list[Json](sorted(elements))
    else:
        draft.fields.pop(group, None)
