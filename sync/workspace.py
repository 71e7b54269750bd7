"""The working copy of a village's records while a batch is being decided, or several in a row.

Nothing here reads or writes a database: records come in from the view, changed ones go out in the
plan. The village's writers take turns, so the feed's head is known and every record that changes
gets the next number at the moment of its first change; later changes in the same batch keep it.
What the next batch of the same turn finds is what this one leaves (`Workspace.settle`).
"""

import hashlib
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from sync.policy import GROUPS, FieldClass
from sync.types import (
    ANGGOTA,
    END,
    KELUARGA,
    PARENT,
    Claim,
    Conflict,
    ConflictKind,
    ConflictState,
    Decision,
    Dot,
    GroupValue,
    Json,
    Record,
    Stamp,
)

NATURAL_KEY = {ANGGOTA: "nik", KELUARGA: "no_kk"}
"""The attribute whose equality makes two records suspect of being one."""

_SIXTEEN_DIGITS = re.compile("[0-9]{16}")
IDENTITY_GROUPS = frozenset({"nik", "no_kk", "tanggal_lahir", "jenis_kelamin"})
"""Groups whose change may make two records one, or two again."""


@dataclass(slots=True)
class Draft:
    """A record being changed; same fields as `Record`, but mutable."""

    desa: str
    id: str
    entity: str
    parent: str | None
    keluarga: str
    rt: str
    seq: int
    created: Stamp
    fields: dict[str, Json]
    stamps: dict[str, tuple[Stamp, ...]]
    elements: dict[str, dict[str, tuple[Stamp, ...]]]
    rt_since: int
    left: dict[str, int]
    end: GroupValue | None
    alias: str | None
    review: tuple[str, ...]
    disputed: bool
    merged: Mapping[str, Json] | None
    touched: bool = False

    @property
    def is_active(self) -> bool:
        """Neither closed nor merged into another."""
        return self.end is None and self.alias is None

    def value(self, group: str) -> GroupValue:
        """The present value of a group, pseudo groups included."""
        if group == END:
            return self.end or {}
        if group == PARENT:
            return {"parent": self.parent}
        stated: GroupValue = {}
        for name in GROUPS[self.entity][group].fields:
            value = self.fields.get(name)
            if value is not None:
                stated[name] = value
        return stated

    def group_stamps(self, group: str) -> tuple[Stamp, ...]:
        return self.stamps.get(group) or (self.created,)

    def element_stamps(self, group: str) -> dict[str, tuple[Stamp, ...]]:
        """Stamps of a set's present elements; those never changed carry the creation's."""
        present = self.fields.get(group)
        own = self.elements.get(group, {})
        return {
            str(element): own.get(str(element)) or (self.created,)
            for element in (present if isinstance(present, list) else ())
        }

    def freeze(self) -> Record:
        """The record as it is now. It keeps what the draft holds: drafts end with their batch."""
        return Record(
            self.desa, self.id, self.entity, self.parent, self.keluarga, self.rt, self.seq,
            self.created, self.fields, self.stamps, self.elements, self.rt_since, self.left,
            self.end, self.alias, self.review, self.disputed, self.merged,
        )  # fmt: skip


def natural_key(record: Record | Draft) -> str | None:
    """The NIK or No KK, where the text is one that could identify anybody."""
    value = record.fields.get(NATURAL_KEY.get(record.entity, ""))
    return value if isinstance(value, str) and is_identifying(value) else None


def is_identifying(number: object) -> bool:
    """Could a NIK or No KK of this text be somebody's? Sixteen digits that are not all alike."""
    return (
        isinstance(number, str)
        and _SIXTEEN_DIGITS.fullmatch(number) is not None
        and len(set(number)) > 1
    )


def draft_of(record: Record) -> Draft:
    """A copy of the record that may be changed."""
    return Draft(
        record.desa, record.id, record.entity, record.parent, record.keluarga, record.rt,
        record.seq, record.created, dict(record.fields), dict(record.stamps),
        {group: dict(stamps) for group, stamps in record.elements.items()},
        record.rt_since, dict(record.left), record.end, record.alias, record.review,
        record.disputed, record.merged,
    )  # fmt: skip


class Topic(NamedTuple):
    """What a question is about. ``twin`` is the other record of a possible double."""

    draft: Draft
    group: str
    kind: ConflictKind = ConflictKind.VALUE
    twin: str | None = None


class Workspace:
    """Records, conflicts and the feed's numbers of one village during one batch.

    It may hold more than the batch looks at: what nobody names takes no part.
    """

    def __init__(
        self, desa: str, head: int, records: Iterable[Record], conflicts: Iterable[Conflict]
    ) -> None:
        self.desa = desa
        self.head = head
        self._loaded: dict[str, Record] = {}
        self._drafts: dict[str, Draft] = {}
        self._conflicts: dict[str, Conflict] = {}
        self._conflicts_by_record: defaultdict[str, dict[str, Conflict]] = defaultdict(dict)
        self._changed_conflicts: dict[str, Conflict] = {}
        self._under: defaultdict[str, set[str]] = defaultdict(set)
        self._by_key: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for conflict in conflicts:
            self._index_conflict(conflict)
        for record in records:
            self._load(record)

    def _load(self, record: Record) -> None:
        # Where a record was before it stays noted: whoever looks there asks the record itself.
        self._loaded[record.id] = record
        self._under[record.keluarga].add(record.id)
        if record.parent is not None:
            self._under[record.parent].add(record.id)
        if record.entity in NATURAL_KEY and (key := natural_key(record)) is not None:
            self._by_key[record.entity, key].add(record.id)

    def find(self, record_id: str) -> Draft | None:
        """The record an id means now: aliases lead to the record they were merged into."""
        draft = self.exact(record_id)
        seen = {record_id}
        while draft is not None and draft.alias is not None and draft.alias not in seen:
            seen.add(draft.alias)
            draft = self.exact(draft.alias)
        return draft

    def exact(self, record_id: str) -> Draft | None:
        """The record of that very id, merged away or not."""
        draft = self._drafts.get(record_id)
        if draft is None and (loaded := self._loaded.get(record_id)) is not None:
            draft = self._drafts[record_id] = draft_of(loaded)
        return draft

    def insert(self, draft: Draft) -> None:
        """A new record. ``draft.seq`` is given here."""
        self._drafts[draft.id] = draft
        self.touch(draft)

    def touch(self, draft: Draft) -> int:
        """Give the record its number of this batch, once. Returns it."""
        if not draft.touched:
            self.head += 1
            draft.seq = self.head
            draft.touched = True
        return draft.seq

    def seq_of(self, draft: Draft) -> int:
        """The number the record has or would get if it were changed now."""
        return draft.seq if draft.touched else self.head + 1

    def beneath(self, record: Draft) -> list[Draft]:
        """The rows under a family or a person, the record itself excluded."""
        rows = [self.exact(record_id) for record_id in sorted(self._under[record.id])]
        return [
            row
            for row in rows
            if row is not None and row.id != record.id and record.id in (row.keluarga, row.parent)
        ]

    def place(self, draft: Draft, *, parent: str | None, keluarga: str) -> None:
        """Hang a record under another one."""
        draft.parent, draft.keluarga = parent, keluarga
        self._under[keluarga].add(draft.id)
        if parent is not None:
            self._under[parent].add(draft.id)

    def index_key(self, draft: Draft) -> str | None:
        """Note the record's present NIK or No KK, so that `with_key` finds it."""
        key = natural_key(draft)
        if key is not None:
            self._by_key[draft.entity, key].add(draft.id)
        return key

    def with_key(self, entity: str, key: str) -> list[Draft]:
        """Active records that bear this NIK or No KK now, the oldest first."""
        drafts = [self.exact(record_id) for record_id in self._by_key[entity, key]]
        found = [d for d in drafts if d is not None and d.is_active and natural_key(d) == key]
        return sorted(found, key=lambda draft: (draft.created.seq, draft.id))

    # Conflicts ----------------------------------------------------------------------------

    def conflict(self, conflict_id: str) -> Conflict | None:
        return self._conflicts.get(conflict_id)

    def conflicts_of(self, record_id: str) -> list[Conflict]:
        """Every conflict that names the record, whatever its state."""
        return list(self._conflicts_by_record[record_id].values())

    def open_conflict(
        self, record_id: str, group: str, kind: ConflictKind = ConflictKind.VALUE
    ) -> Conflict | None:
        for conflict in self._conflicts_by_record[record_id].values():
            if (
                conflict.group == group
                and conflict.record == record_id
                and conflict.kind is kind
                and conflict.is_open
            ):
                return conflict
        return None

    def decision_behind(self, draft: Draft, group: str) -> Conflict | None:
        """The resolved conflict whose decision made the group's current value, if one did."""
        if not draft.disputed:
            return None
        current = draft.group_stamps(group)[0]
        for conflict in self._conflicts_by_record[draft.id].values():
            decision = conflict.decision
            if (
                decision is not None
                and (conflict.record, conflict.group) == (draft.id, group)
                and conflict.state is ConflictState.RESOLVED
                and (decision.lane, decision.lane_seq) == current.dot
            ):
                return conflict
        return None

    def put(self, conflict: Conflict) -> Conflict:
        """Store a conflict; every record it names changes with it."""
        self._index_conflict(conflict)
        self._changed_conflicts[conflict.id] = conflict
        for record_id in (conflict.record, conflict.twin):
            named = self.exact(record_id) if record_id else None
            if named is not None:
                named.disputed = True
                self.touch(named)
        return conflict

    def _index_conflict(self, conflict: Conflict) -> None:
        self._conflicts[conflict.id] = conflict
        for record_id in (conflict.record, conflict.twin):
            if record_id is not None:
                self._conflicts_by_record[record_id][conflict.id] = conflict

    def open_new(
        self, topic: Topic, candidates: tuple[Claim, ...], dot: Dot, reopens: str | None = None
    ) -> Conflict:
        """Open a question. Its id follows from what opened it, so a replay names it alike."""
        draft, group, kind, twin = topic
        name = "/".join((self.desa, draft.id, group, kind, twin or "", dot[0], str(dot[1])))
        while (conflict_id := _uuid_named(name)) in self._conflicts:
            name += "+"
        return self.put(
            Conflict(
                conflict_id,
                draft.id,
                group,
                kind,
                ConflictState.OPEN,
                1,
                candidates,
                twin,
                reopens,
            )
        )

    def ask(
        self,
        topic: Topic,
        candidates: tuple[Claim, ...],
        dot: Dot,
        *,
        reopens: Conflict | None = None,
        value_changed: bool = False,
    ) -> Conflict | None:
        """Let the question have these candidates: open it, change it or withdraw it.

        ``value_changed``: what the candidates disagree with is no longer the same.
        """
        draft, group, kind, _ = topic
        question = self.open_conflict(draft.id, group, kind) if draft.disputed else None
        if question is None:
            earlier = reopens.id if reopens is not None else None
            return self.open_new(topic, candidates, dot, earlier) if candidates else None
        if candidates == question.candidates and not value_changed:
            return question
        state = ConflictState.OPEN if candidates else ConflictState.WITHDRAWN
        version = question.version + 1
        return self.put(replace(question, candidates=candidates, state=state, version=version))

    def withdraw(self, conflict: Conflict) -> None:
        """Nothing is left to ask. The candidates stay on record."""
        self.put(replace(conflict, state=ConflictState.WITHDRAWN, version=conflict.version + 1))

    # The result ---------------------------------------------------------------------------

    def changed_records(self) -> tuple[Record, ...]:
        touched = [draft for draft in self._drafts.values() if draft.touched]
        for draft in touched:
            if draft.disputed:
                draft.review = tuple(
                    sorted({c.group for c in self.conflicts_of(draft.id) if c.is_open})
                )
        return tuple(d.freeze() for d in sorted(touched, key=lambda draft: draft.seq))

    def changed_conflicts(self) -> tuple[Conflict, ...]:
        return tuple(self._changed_conflicts.values())

    def settle(self, changed: Iterable[Record]) -> None:
        """End the batch whose `changed_records` these are: the next one finds them loaded.

        As after loading everything again, a record that changes once more gets another number.
        """
        for record in changed:
            self._load(record)
        self._drafts.clear()
        self._changed_conflicts.clear()


def decision_of(conflict: Conflict | None) -> Decision | None:
    """The decision that settled a conflict, if there is a conflict."""
    return conflict.decision if conflict is not None else None


def _uuid_named(name: str) -> str:
    return str(uuid.UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=5))


def is_set_group(entity: str, group: str) -> bool:
    """Does the group hold elements that are added and removed one by one?"""
    known = GROUPS[entity].get(group)
    return known is not None and known.field_class is FieldClass.SET
