"""What an operation said about each group, for everybody who reads the log again later.

History pages, conflicts, a release from quarantine and the proof that the register follows from
its log all ask the same thing of an operation: which groups did it speak about, and what did it
say? The merge itself does not need this view; it works on the operation as parsed.
"""

from collections.abc import Mapping

from sync.operation import Operation
from sync.types import END, PARENT, GroupValue, Json, Outcome


def statements(operation: Operation) -> dict[str, GroupValue]:
    """Group → what was said.

    For a set group that is ``{"add": […], "remove": […]}``; the pseudo groups `end` and `parent`
    hold the closing statement and ``{"parent": id}``. A `resolve` says nothing by itself.
    """
    said: dict[str, GroupValue] = {group: dict(value) for group, value in operation.assign.items()}
    if operation.parent is not None:
        said[PARENT] = {"parent": operation.parent}
    if operation.end is not None:
        said[END] = dict(operation.end)
    for group in dict.fromkeys((*operation.add, *operation.remove)):
        said[group] = {
            "add": list[Json](operation.add.get(group, ())),
            "remove": list[Json](operation.remove.get(group, ())),
        }
    return said


def group_outcome(entry: Mapping[str, Json], group: str) -> str:
    """What became of one group of an operation, from its stored answer."""
    groups = entry.get("groups")
    of_group = groups.get(group) if isinstance(groups, dict) else None
    told = of_group.get("outcome") if isinstance(of_group, dict) else None
    return str(told if told is not None else entry.get("outcome"))


def landed_at(entry: Mapping[str, Json], brought_at: int) -> int:
    """The feed's position at which an operation took effect.

    That is where its push landed, unless it had to wait in quarantine: then the release says. A
    repetition of it took effect, as far as it ever does, when it came.
    """
    released = entry.get("at")
    if isinstance(released, int) and entry.get("outcome") != Outcome.DUPLICATE:
        return released
    return brought_at
