"""May this operation happen? Asked of every operation before it is merged.

Two tables are asked: what a role may write (`sync.permission`) and where an account may work
(`sync.scope`). The second is a question about the past as well. A phone that was out of reach
while its RT was given to somebody else, or while a family moved, has done honest work, and within
two weeks that work still counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sync.grouping import rt_of
from sync.operation import Kind, Operation
from sync.permission import Role, is_under_five, may_create, writable
from sync.scope import SCOPE_STALE_MAX, Scope, VillageScope
from sync.step import Step
from sync.types import ANGGOTA, END, KELUARGA, PARENT, PARENT_ENTITY, Json, Problem, Refusal
from sync.workspace import Draft

UNKNOWN = Refusal(Problem.RECORD_UNKNOWN, "no such record in your area")
"""The same words for what does not exist and for what belongs to somebody else."""
NO_PARENT = Refusal(Problem.PARENT_UNKNOWN, "no such record in your area to belong to")
STALE = Refusal(Problem.SCOPE_STALE, "captured too long ago for an area you no longer have")


@dataclass(frozen=True, slots=True)
class Author:
    """On whose behalf a batch speaks. Server lanes act for the office and need no role."""

    scope: Scope
    village: VillageScope
    role: Role | None = None
    revoked: bool = False
    vouches: bool = True
    """Was somebody there on the day? A list says one, and its day outranks nobody's visit."""

    @property
    def is_server(self) -> bool:
        return self.role is None


@dataclass(frozen=True, slots=True)
class Gate:
    """What permission depends on besides the operation and its record.

    ``quarantined`` maps a record to the ``lane:seq`` of the `create` in quarantine that would
    have made it.
    """

    author: Author
    received_at: datetime
    quarantined: Mapping[str, str] = field(default_factory=dict)

    def refuse_creation(self, step: Step) -> Refusal | None:
        """Why the operation may not create its record; ``None`` if it may."""
        operation = step.operation
        if step.workspace.exact(operation.id) is not None:
            return Refusal(Problem.ID_TAKEN, "another record bears this id")
        if operation.parent is not None:
            refusal = self._refuse_parent(step, operation.parent, PARENT_ENTITY[operation.entity])
        else:
            refusal = self._refuse_place(step, rt_of(operation.assign.get("alamat", {})))
            if refusal is UNKNOWN:
                refusal = Refusal(Problem.NOT_PERMITTED, "the family's RT is not one of yours")
        role = self.author.role
        if refusal is not None or role is None:
            return refusal
        child = operation.entity == ANGGOTA and _is_child(
            operation.assign.get("tanggal_lahir", {}), step
        )
        if not may_create(role, operation.entity, child=child):
            return Refusal(Problem.NOT_PERMITTED, f"your role does not add {operation.entity}")
        return None

    def refuse_change(self, step: Step, draft: Draft | None) -> Refusal | None:
        """Why the operation may not change the record it names; ``None`` if it may."""
        operation = step.operation
        if draft is None:
            return self._blame(operation.id, UNKNOWN)
        refusal = self._refuse_place(step, draft.rt, _left_since(draft, operation.base))
        if refusal is UNKNOWN:
            return self._blame(operation.id, UNKNOWN)
        if refusal is not None:
            return refusal
        if draft.entity != operation.entity:
            return Refusal(Problem.KIND_MISMATCH, f"the record is of kind {draft.entity}")
        if operation.kind is Kind.MOVE:
            refusal = self._refuse_parent(step, str(operation.parent), KELUARGA)
            if refusal is not None:
                return refusal
        return self._refuse_role(step, draft)

    def _refuse_parent(self, step: Step, parent_id: str, entity: str) -> Refusal | None:
        parent = step.workspace.find(parent_id)
        if parent is None:
            return self._blame(parent_id, NO_PARENT)
        left = _left_since(parent, step.operation.base)
        refusal = self._refuse_place(step, parent.rt, left)
        if refusal is UNKNOWN:
            return self._blame(parent_id, NO_PARENT)
        return NO_PARENT if parent.entity != entity else refusal

    def _refuse_place(self, step: Step, rt: str, left: Sequence[str] = ()) -> Refusal | None:
        """Is the RT the author's: now, or at the time of capture, or before the record left it?

        ``left`` are RTs that the record has left since the phone pulled it.
        """
        author, captured_at, desa = self.author, step.captured.at, step.workspace.desa
        if author.is_server or author.village.covers(rt):
            return None
        was_theirs = any(author.village.covers(earlier) for earlier in left) or any(
            author.scope.covered_at(desa, earlier, captured_at) for earlier in (rt, *left)
        )
        if not was_theirs:
            return UNKNOWN
        return None if self.received_at - captured_at <= SCOPE_STALE_MAX else STALE

    def _refuse_role(self, step: Step, draft: Draft) -> Refusal | None:
        role = self.author.role
        if role is None:
            return None
        child = draft.entity == ANGGOTA and _is_child(draft.fields, step)
        allowed = writable(role, draft.entity, child=child)
        for group in _groups_written(step.operation):
            if group not in allowed:
                return Refusal(Problem.NOT_PERMITTED, f"your role does not write {group}")
        return None

    def _blame(self, record_id: str, otherwise: Refusal) -> Refusal:
        """A record that is missing because its `create` waits in quarantine has a cause.

        The same goes for one that is out of sight: whether there is another of that id elsewhere
        is not for everybody to find out.
        """
        cause = self.quarantined.get(record_id)
        if cause is None:
            return otherwise
        text = "the record it belongs to is under review"
        return Refusal(Problem.DEPENDS_ON_QUARANTINED, text, cause)


def _left_since(draft: Draft, base: int) -> list[str]:
    return [rt for rt, seq in draft.left.items() if base < seq]


def _is_child(fields: Mapping[str, Json], step: Step) -> bool:
    born = fields.get("tanggal_lahir")
    day = date.fromisoformat(step.captured.observed)
    return is_under_five(born if isinstance(born, str) else None, day)


def _groups_written(operation: Operation) -> Iterable[str]:
    if operation.kind is Kind.END:
        return (END,)
    if operation.kind is Kind.MOVE:
        return (PARENT,)
    return operation.groups()
