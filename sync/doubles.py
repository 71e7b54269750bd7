"""The same person or the same card registered twice.

Recorded NIK and No KK are neither unique nor complete, so equality proves nothing. The machine
merges only what a double tap produces: the same NIK added twice to the same family with the same
birth date and sex. Everything else is flagged, and a reviewer decides. Where a reviewer has been
asked about two records, the machine keeps out of it.
"""

from collections.abc import Iterable

from sync.identity import alias_into
from sync.operation import Kind, Operation
from sync.step import Step
from sync.types import ANGGOTA, Claim, Conflict, ConflictKind, ConflictState, Dot
from sync.workspace import (
    IDENTITY_GROUPS,
    NATURAL_KEY,
    Draft,
    Topic,
    Workspace,
    natural_key,
)

Keys = frozenset[tuple[str, str]]
"""(entity, NIK or No KK)"""


def may_double(operation: Operation) -> bool:
    """Can the operation make two records look like one, or no longer so?"""
    return operation.entity in NATURAL_KEY and (
        operation.kind is not Kind.SET or not IDENTITY_GROUPS.isdisjoint(operation.assign)
    )


def parties_of(step: Step) -> list[Draft]:
    """The records whose number the operation may change, or make count again."""
    operation = step.operation
    ids = (operation.id, operation.partner) if operation.partner else (operation.id,)
    found = [draft for i in ids for draft in (step.workspace.find(i), step.workspace.exact(i))]
    return list({draft.id: draft for draft in found if draft is not None}.values())


def keys_of(drafts: Iterable[Draft]) -> Keys:
    """The numbers that these records bear now."""
    return frozenset(
        (draft.entity, key) for draft in drafts if (key := natural_key(draft)) is not None
    )


def watch(step: Step, before: Keys) -> None:
    """Bring aliases and flags in line with who bears each number now.

    ``before``: the numbers of the operation's parties before it was carried out.
    """
    parties, workspace = parties_of(step), step.workspace
    for draft in parties:
        workspace.index_key(draft)
        if draft.disputed:
            _drop_flags(workspace, draft)
    for entity, key in sorted(before | keys_of(parties)):
        if entity == ANGGOTA:
            _merge_double_taps(workspace, key, step.dot)
        _flag(workspace, entity, key, step.dot)


def _merge_double_taps(workspace: Workspace, key: str, dot: Dot) -> None:
    bearers = workspace.with_key(ANGGOTA, key)
    for position, second in enumerate(bearers):
        first = next((b for b in bearers[:position] if _is_double_tap(workspace, b, second)), None)
        if first is not None:
            alias_into(workspace, second, first, dot)


def _is_double_tap(workspace: Workspace, first: Draft, second: Draft) -> bool:
    """One person entered twice: the same family, birth date and sex, all of them known."""
    return (
        first.is_active
        and first.keluarga == second.keluarga
        and all(
            first.fields.get(name) is not None and first.fields.get(name) == second.fields.get(name)
            for name in ("tanggal_lahir", "jenis_kelamin")
        )
        and not _flags_of_pair(workspace, first, second)
    )


def _flag(workspace: Workspace, entity: str, key: str, dot: Dot) -> None:
    """One open question for each later bearer, pointing at the first; no others."""
    bearers = workspace.with_key(entity, key)
    for bearer in bearers:
        for conflict in _open_flags(workspace, bearer):
            if conflict.record == bearer.id and conflict.twin != bearers[0].id:
                workspace.withdraw(conflict)
    for second in bearers[1:]:
        flags = _flags_of_pair(workspace, bearers[0], second)
        if all(flag.candidates[0].value.get(flag.group) != key for flag in flags):
            flag_double(workspace, bearers[0], second, dot)


def flag_double(
    workspace: Workspace, one: Draft, other: Draft, dot: Dot, reopens: str | None = None
) -> Conflict:
    """Ask whether two records are one. The question stands with the younger of them."""
    first, second = sorted((one, other), key=lambda draft: (draft.created.seq, draft.id))
    group = NATURAL_KEY[second.entity]
    claim = Claim(group, second.value(group), second.group_stamps(group)[0])
    topic = Topic(second, group, ConflictKind.IDENTITY_DUPLICATE, first.id)
    return workspace.open_new(topic, (claim,), dot, reopens)


def _drop_flags(workspace: Workspace, draft: Draft) -> None:
    """Withdraw flags of a record that bears the number no longer, or has ended or been merged."""
    key = natural_key(draft) if draft.is_active else None
    for conflict in _open_flags(workspace, draft):
        if conflict.candidates[0].value.get(conflict.group) != key:
            workspace.withdraw(conflict)


def _open_flags(workspace: Workspace, draft: Draft) -> list[Conflict]:
    return [
        conflict
        for conflict in workspace.conflicts_of(draft.id)
        if conflict.is_open and conflict.kind is ConflictKind.IDENTITY_DUPLICATE
    ]


def _flags_of_pair(workspace: Workspace, one: Draft, other: Draft) -> list[Conflict]:
    """Questions about these two that are open, or that a reviewer has answered."""
    return [
        conflict
        for conflict in workspace.conflicts_of(one.id)
        if conflict.kind is ConflictKind.IDENTITY_DUPLICATE
        and {conflict.record, conflict.twin} == {one.id, other.id}
        and conflict.state is not ConflictState.WITHDRAWN
    ]
