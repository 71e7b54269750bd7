"""Records: their numbers, their places in the tree, and a statement behind each value."""

from collections.abc import Iterator, Mapping

from api.services.proofs.evidence import Damage, Evidence, LogEntry
from models.queries.verifying import StoredRecord
from sync.grouping import rt_of
from sync.operation import Kind
from sync.policy import FIELDS, GROUPS
from sync.replay import HEAD_GAP
from sync.types import (
    END,
    KELUARGA,
    PARENT,
    PARENT_ENTITY,
    GroupValue,
    Record,
    Stamp,
)
from sync.workspace import draft_of, is_set_group

PRESENCE = "keberadaan"


def feed_fits(evidence: Evidence) -> Iterator[Damage]:
    """The head is the highest number given out, and no two records have the same one."""
    village, holders = evidence.village, dict[int, str]()
    for stored in village.records.values():
        record = stored.record
        if record.seq in holders:
            said = f"it has the same number as {holders[record.seq]}"
            yield evidence.damage("feed", f"record {record.id}", said)
        holders[record.seq] = record.id
    if village.head is None:
        # Lanes are given out before anybody has pushed.
        if village.records or village.operations:
            yield evidence.damage("feed", "feed", "the village has no feed")
        return
    highest = max(holders, default=0)
    beyond = village.head - highest
    # A new epoch leaves a gap of a known width; nothing else does.
    if beyond < 0 or beyond % HEAD_GAP:
        said = f"the head is {village.head}, the highest number of a record {highest}"
        yield evidence.damage("feed", "feed", said)


def columns_repeat(evidence: Evidence) -> Iterator[Damage]:
    """What stands in columns of its own is what the document says."""
    for stored in evidence.village.records.values():
        record = stored.record
        subject = f"record {record.id}"
        if stored.created_seq != record.created.seq:
            yield evidence.damage("columns", subject, "created_seq is not its creation's number")
        if stored.natural_key != stored.natural_key_expected:
            said = "its key of NIK or No KK does not follow from the number"
            yield evidence.damage("natural-key", subject, said)
        reason = record.end.get("end") if record.end is not None else None
        if stored.end_reason != reason:
            yield evidence.damage("columns", subject, "end_reason is not what its end says")


def tree_holds(evidence: Evidence) -> Iterator[Damage]:
    """Rows hang under rows that are there, and have the RT of their family."""
    records = evidence.village.records
    for stored in records.values():
        record = stored.record
        subject = f"record {record.id}"
        family = records.get(record.keluarga)
        if family is None or family.record.entity != KELUARGA:
            yield evidence.damage("tree", subject, "its family is not there")
        elif record.rt != family.record.rt:
            yield evidence.damage("rt", subject, "its RT is not its family's")
        if record.entity == KELUARGA and record.rt != rt_of(record.fields):
            yield evidence.damage("rt", subject, "its RT is not the one of its address")
        if not _hangs_right(record, records):
            yield evidence.damage("tree", subject, "it hangs under no record of the right kind")


def _hangs_right(record: Record, records: Mapping[str, StoredRecord]) -> bool:
    wanted = PARENT_ENTITY.get(record.entity)
    if wanted is None:
        return record.parent is None and record.keluarga == record.id
    parent = records.get(record.parent or "")
    return (
        parent is not None
        and parent.record.entity == wanted
        and parent.record.keluarga == record.keluarga
    )


def aliases_lead(evidence: Evidence) -> Iterator[Damage]:
    """An alias points to a record of its kind, and never in a circle."""
    records = evidence.village.records
    for stored in records.values():
        record, seen = stored.record, {stored.record.id}
        step: Record | None = record
        while step is not None and step.alias is not None:
            following = records.get(step.alias)
            if following is None or following.record.entity != record.entity:
                said = "what it was merged into is not there"
                yield evidence.damage("alias", f"record {record.id}", said)
                break
            if following.record.id in seen:
                said = "it was merged into itself by way of others"
                yield evidence.damage("alias", f"record {record.id}", said)
                break
            seen.add(following.record.id)
            step = following.record


def stamps_are_logged(evidence: Evidence) -> Iterator[Damage]:
    """Behind every stamp stands an operation of the log, and it said that value."""
    for stored in evidence.village.records.values():
        record = stored.record
        created = evidence.log.get(record.created.dot)
        if created is None or created.operation is None or created.operation.kind != Kind.CREATE:
            said = "the operation that created it is not in the log"
            yield evidence.damage("stamp", f"record {record.id}", said)
            continue
        yield from _groups_are_logged(evidence, record, created)
        yield from _elements_are_logged(evidence, record)


def _groups_are_logged(evidence: Evidence, record: Record, created: LogEntry) -> Iterator[Damage]:
    """Groups that bear a stamp, have a value or were spoken of; about others there is nothing."""
    draft, known = draft_of(record), FIELDS[record.entity]
    held = (known[name].group if name in known else name for name in record.fields)
    for group in dict.fromkeys((*record.stamps, *held, *created.said)):
        if group not in GROUPS[record.entity] and group not in (END, PARENT):
            odd = "it holds a field or a stamp that does not exist"
            yield evidence.damage("stamp", f"record {record.id}", odd)
            continue
        value = draft.value(group)
        for stamp in draft.group_stamps(group):
            said = disagreement(evidence, record, group, value, stamp)
            if said is not None:
                yield evidence.damage("stamp", f"record {record.id}, group {group}", said)


def disagreement(
    evidence: Evidence, record: Record, group: str, value: GroupValue, stamp: Stamp
) -> str | None:
    """Why the operation behind a stamp cannot have made this value; nothing if it can."""
    one = evidence.log.get(stamp.dot)
    if one is None:
        return "the operation behind its stamp is not in the log"
    # Parents follow merged families, and an element of a set has stamps of its own.
    if group == PARENT or is_set_group(record.entity, group) or one.operation is None:
        return None
    if _spoke_indirectly(one, group):
        return None
    expected = one.said.get(group, {} if one.operation.kind is Kind.CREATE else None)
    if expected is None:
        return "the operation behind its stamp says nothing about it"
    return None if expected == value else "its value is not what the operation said"


def _spoke_indirectly(one: LogEntry, group: str) -> bool:
    """A reviewer's decision takes over what others said; a death also says who is not present."""
    kind = one.operation.kind if one.operation is not None else None
    return kind is Kind.RESOLVE or (kind is Kind.END and group == PRESENCE)


def _elements_are_logged(evidence: Evidence, record: Record) -> Iterator[Damage]:
    draft = draft_of(record)
    for group in GROUPS[record.entity]:
        if not is_set_group(record.entity, group):
            continue
        for element, stamps in draft.element_stamps(group).items():
            if not any(_added(evidence.log.get(stamp.dot), group, element) for stamp in stamps):
                said = "no operation behind its stamps added one of its elements"
                yield evidence.damage("stamp", f"record {record.id}, group {group}", said)


def _added(one: LogEntry | None, group: str, element: str) -> bool:
    if one is None:
        return False
    if one.operation is None or one.operation.kind is Kind.RESOLVE:
        return True
    return element in one.operation.add.get(group, ())
