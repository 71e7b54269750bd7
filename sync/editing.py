"""Creating, editing and moving records that are open."""

from sync.grouping import bring_all, claim_elements, claim_group, rt_of
from sync.step import GroupResult, Step
from sync.types import KELUARGA, PARENT, Json, Outcome, Stamp
from sync.workspace import Draft


def create_record(step: Step) -> tuple[GroupResult, ...]:
    """A new record. Groups that it does not mention carry the creation's stamp all the same."""
    operation, workspace = step.operation, step.workspace
    fields: dict[str, Json] = {}
    for value in operation.assign.values():
        fields.update(value)
    for group, elements in operation.add.items():
        if elements:
            fields[group] = list[Json](sorted(elements))
    parent = workspace.find(operation.parent) if operation.parent is not None else None
    seq = workspace.head + 1
    draft = Draft(
        desa=workspace.desa,
        id=operation.id,
        entity=operation.entity,
        parent=parent.id if parent is not None else None,
        keluarga=parent.keluarga if parent is not None else operation.id,
        rt=parent.rt if parent is not None else rt_of(fields),
        seq=seq,
        created=Stamp(seq, step.lane.name, operation.seq, step.captured.vouched),
        fields=fields,
        stamps={},
        elements={},
        rt_since=seq,
        left={},
        end=None,
        alias=None,
        review=(),
        disputed=False,
        merged=None,
    )
    workspace.insert(draft)
    workspace.place(draft, parent=draft.parent, keluarga=draft.keluarga)
    return (GroupResult(KELUARGA if parent is None else PARENT, Outcome.APPLIED),)


def edit_record(step: Step, draft: Draft) -> tuple[GroupResult, ...]:
    """Every group that the operation names, each merged on its own."""
    operation, workspace, lane = step.operation, step.workspace, step.lane
    # Whichever group is the first to change the record, it gives it the number of all of them.
    stamp = step.stamp(draft)
    scalar = bring_all(workspace, draft, operation.assign, stamp, lane, operation.base)
    sets = [
        claim_elements(
            step,
            draft,
            group,
            add=operation.add.get(group, ()),
            remove=operation.remove.get(group, ()),
        )
        for group in dict.fromkeys((*operation.add, *operation.remove))
    ]
    return (*scalar, *sets)


def move_record(step: Step, draft: Draft) -> tuple[GroupResult, ...]:
    """A person joins another family of the village."""
    target = step.workspace.find(step.operation.parent or "")
    assert target is not None, "the target of a move was checked before"
    return (claim_group(step, draft, PARENT, {"parent": target.id}),)
