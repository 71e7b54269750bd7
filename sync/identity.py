"""Two records become one, and two again.

The second becomes an *alias* of the first: what was said about it joins what was said about the
first as if both had been said at once, its rows hang under the first, and whoever still writes to
it writes to the first. Its own document stays as it was. What the first looked like is kept with
the alias, so that the merge can be undone.
"""

from types import NoneType
from typing import NamedTuple

from sync.grouping import bring, hang, write_elements, write_value
from sync.policy import GROUPS, FieldClass
from sync.types import (
    Claim,
    Conflict,
    ConflictKind,
    Dot,
    Json,
    Lane,
    Stamp,
)
from sync.workspace import Draft, Topic, Workspace, is_set_group

_NOBODY = Lane("", "", 0)
"""Whoever spoke about the second entry knew nothing of the first, were it the same list."""


class _Pair(NamedTuple):
    """Two records and the operation that joins or separates them."""

    workspace: Workspace
    first: Draft
    second: Draft
    dot: Dot


def alias_into(workspace: Workspace, second: Draft, first: Draft, dot: Dot) -> None:
    """Make ``second`` an alias of ``first``."""
    pair = _Pair(workspace, first, second, dot)
    asked = [conflict for conflict in workspace.conflicts_of(second.id) if conflict.is_open]
    before: dict[str, Json] = {}
    for group, known in GROUPS[second.entity].items():
        earlier = _snapshot(workspace, first, group)
        if known.field_class is FieldClass.SET:
            joined = _unite(pair, group)
        else:
            joined = _join(pair, group, _claims_of(second, group, asked))
        if joined:
            before[group] = earlier
    children = [row for row in workspace.beneath(second) if row.parent == second.id]
    for row in children:
        _rehang(workspace, row, first)
    for conflict in asked:
        workspace.withdraw(conflict)
    second.alias = first.id
    second.merged = {
        "into": first.id,
        "before": before,
        "children": [row.id for row in children],
        "asked": [c.id for c in asked if c.kind is not ConflictKind.IDENTITY_DUPLICATE],
    }
    workspace.touch(second)
    workspace.touch(first)


def _snapshot(workspace: Workspace, draft: Draft, group: str) -> dict[str, Json]:
    """A group as it is, in the form in which it is stored with an alias."""
    if is_set_group(draft.entity, group):
        elements = draft.element_stamps(group)
        return {"elements": {name: [list(s) for s in stamps] for name, stamps in elements.items()}}
    question = workspace.open_conflict(draft.id, group)
    return {
        "value": draft.value(group),
        "stamps": [list(stamp) for stamp in draft.group_stamps(group)],
        "candidates": [
            {"value": c.value, "stamp": list(c.stamp)}
            for c in (question.candidates if question is not None else ())
        ],
    }


def _claims_of(draft: Draft, group: str, asked: list[Conflict]) -> list[Claim]:
    value = draft.value(group)
    if not value:
        return []
    claims = [Claim(group, value, stamp) for stamp in draft.group_stamps(group)]
    for conflict in asked:
        if (conflict.group, conflict.kind) == (group, ConflictKind.VALUE):
            claims += conflict.candidates
    return claims


def _join(pair: _Pair, group: str, claims: list[Claim]) -> bool:
    """Bring what was said about the second entry to the first; answers whether anything was."""
    workspace, first = pair.workspace, pair.first
    is_silent = not first.value(group) and group not in first.stamps
    is_fixed = GROUPS[first.entity][group].field_class in (FieldClass.SERVER, FieldClass.APPEND)
    if not claims or (is_fixed and not is_silent):
        return False
    if is_silent:
        # A group the first entry never mentioned holds no statement that could disagree.
        workspace.touch(first)
        front, *claims = [_restated(workspace, first, claim) for claim in claims]
        write_value(workspace, first, group, front.value)
        first.stamps[group] = (front.stamp,)
    for claim in claims:
        bring(workspace, first, _restated(workspace, first, claim), _NOBODY, 0)
    return True


def _restated(workspace: Workspace, draft: Draft, claim: Claim) -> Claim:
    return claim._replace(stamp=claim.stamp._replace(seq=workspace.seq_of(draft)))


def _unite(pair: _Pair, group: str) -> bool:
    first = pair.first
    theirs, ours = pair.second.element_stamps(group), first.element_stamps(group)
    if not theirs:
        return False
    seq = pair.workspace.touch(first)
    for element, stamps in theirs.items():
        ours[element] = (*ours.get(element, ()), *(s._replace(seq=seq) for s in stamps))
    write_elements(first, group, ours, (Stamp(seq, *pair.dot, None),))
    return True


def _rehang(workspace: Workspace, row: Draft, parent: Draft) -> None:
    """Hang a row elsewhere without anybody having said so: its stamps stay, phones are told all."""
    hang(workspace, row, parent)
    row.rt_since = row.seq


def known_through(alias: Draft, base: int) -> frozenset[Dot]:
    """Statements that a phone knew because it had pulled the alias at ``base``.

    In the record that the alias was merged into they bear later numbers.
    """
    groups = (alias.created,), *alias.stamps.values()
    elements = (s for listed in alias.elements.values() for s in listed.values())
    stamps = (stamp for listed in (*groups, *elements) for stamp in listed)
    return frozenset(stamp.dot for stamp in stamps if stamp.seq <= base)


def separate(workspace: Workspace, second: Draft, dot: Dot) -> None:
    """Undo a merge: the alias is a record again, the first gets back what it had.

    Groups that somebody changed after the merge keep what they have; the alias's own values are
    in its own document all the time.
    """
    merged, first = second.merged or {}, workspace.exact(second.alias or "")
    assert first is not None, "an alias points to a record of its village"
    second.alias, second.merged = None, None
    # Phones have dropped the row, so they are told all of it.
    second.rt_since = workspace.touch(second)
    workspace.touch(first)
    pair = _Pair(workspace, first, second, dot)
    asked = [c for c in map(workspace.conflict, _texts(merged.get("asked"))) if c is not None]
    for group, earlier in _objects(merged.get("before")).items():
        if is_set_group(first.entity, group):
            _take_out(pair, group)
        else:
            _give_back(pair, group, _claims_of(second, group, asked), _objects(earlier))
    for conflict in asked:
        topic = Topic(second, conflict.group, conflict.kind)
        workspace.open_new(topic, conflict.candidates, dot, conflict.id)
    for child_id in _texts(merged.get("children")):
        child = workspace.exact(child_id)
        if child is not None and child.parent == first.id:
            _rehang(workspace, child, second)


def _take_out(pair: _Pair, group: str) -> None:
    first = pair.first
    theirs = {s.dot for stamps in pair.second.element_stamps(group).values() for s in stamps}
    ours = {
        element: kept
        for element, stamps in first.element_stamps(group).items()
        if (kept := tuple(stamp for stamp in stamps if stamp.dot not in theirs))
    }
    write_elements(first, group, ours, (Stamp(first.seq, *pair.dot, None),))


def _give_back(pair: _Pair, group: str, claims: list[Claim], earlier: dict[str, Json]) -> None:
    workspace, first = pair.workspace, pair.first
    theirs = {claim.stamp.dot for claim in claims}
    question, stamps = workspace.open_conflict(first.id, group), first.group_stamps(group)
    proposed = [c for c in question.candidates if c.stamp.dot not in theirs] if question else []
    is_unchanged = stamps[0].dot in theirs
    if is_unchanged:
        stamps = stamps_of(earlier["stamps"])
        write_value(workspace, first, group, _objects(earlier["value"]))
        restored = _stored_claims(group, earlier["candidates"])
        proposed = [*restored, *(c for c in proposed if c not in restored)]
        # The stamps come back with a new number: phones have to be told the value again.
        first.stamps[group] = tuple(stamp._replace(seq=first.seq) for stamp in stamps)
    elif group in first.stamps:
        first.stamps[group] = tuple(stamp for stamp in stamps if stamp.dot not in theirs)
    workspace.ask(Topic(first, group), tuple(proposed), pair.dot, value_changed=is_unchanged)


def _stored_claims(group: str, raw: Json) -> list[Claim]:
    return [
        Claim(group, _objects(entry["value"]), *stamps_of([entry["stamp"]]))
        for entry in (raw if isinstance(raw, list) else ())
        if isinstance(entry, dict)
    ]


def _objects(raw: Json) -> dict[str, Json]:
    assert isinstance(raw, dict), "written by `alias_into`"
    return raw


def _texts(raw: Json) -> list[str]:
    assert isinstance(raw, list), "written by `alias_into`"
    return [str(text) for text in raw]


def stamps_of(raw: Json) -> tuple[Stamp, ...]:
    """Stamps as they are stored: ``[[seq, lane, lane_seq, observed], …]``."""
    assert isinstance(raw, list), "stored by this engine"
    return tuple(_stamp(entry) for entry in raw)


def _stamp(raw: Json) -> Stamp:
    assert isinstance(raw, list), "stored by this engine"
    seq, lane, lane_seq, observed = raw
    assert isinstance(seq, int), "a number of the feed"
    assert isinstance(lane, str), "a lane's name"
    assert isinstance(lane_seq, int), "a place in the lane"
    assert isinstance(observed, (str, NoneType)), "a day, if a clock vouches for one"
    return Stamp(seq, lane, lane_seq, observed)
