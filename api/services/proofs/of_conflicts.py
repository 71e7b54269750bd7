"""Conflicts: what they say is in the log, and the records they name say the same."""

from collections import defaultdict
from collections.abc import Iterator

from api.services.proofs.evidence import Damage, Evidence
from api.services.proofs.of_records import disagreement
from sync.operation import Kind
from sync.replay import review_of
from sync.types import Conflict


def reviews_fit(evidence: Evidence) -> Iterator[Damage]:
    """A record is under review in exactly the groups of its open conflicts."""
    naming: defaultdict[str, list[Conflict]] = defaultdict(list)
    for conflict in evidence.village.conflicts.values():
        for record_id in {conflict.record, conflict.twin or conflict.record}:
            naming[record_id].append(conflict)
    for stored in evidence.village.records.values():
        record = stored.record
        named_by = naming.get(record.id, [])
        if record.review != review_of(record.id, named_by):
            said = "its groups under review are not those of its open conflicts"
            yield evidence.damage("review", f"record {record.id}", said)
        if bool(named_by) and not record.disputed:
            said = "a conflict names it, but it counts as never disputed"
            yield evidence.damage("review", f"record {record.id}", said)


def conflicts_are_logged(evidence: Evidence) -> Iterator[Damage]:
    """Records, candidates and decisions of every conflict are there."""
    for conflict in evidence.village.conflicts.values():
        subject = f"conflict {conflict.id}"
        for record_id in (conflict.record, conflict.twin):
            if record_id is not None and record_id not in evidence.village.records:
                yield evidence.damage("conflict", subject, "a record it names is not there")
        if conflict.reopens is not None and conflict.reopens not in evidence.village.conflicts:
            yield evidence.damage("conflict", subject, "what it asks again is not there")
        if conflict.is_open and not conflict.candidates:
            yield evidence.damage("conflict", subject, "it is open but proposes nothing")
        yield from _candidates_are_logged(evidence, conflict, subject)
        decision = conflict.decision
        if decision is not None:
            one = evidence.log.get((decision.lane, decision.lane_seq))
            if one is None or one.operation is None or one.operation.kind != Kind.RESOLVE:
                said = "the operation that decided it is not in the log"
                yield evidence.damage("conflict", subject, said)


def _candidates_are_logged(
    evidence: Evidence, conflict: Conflict, subject: str
) -> Iterator[Damage]:
    stored = evidence.village.records.get(conflict.record)
    if stored is None:
        return
    for claim in conflict.candidates:
        said = disagreement(evidence, stored.record, claim.group, claim.value, claim.stamp)
        if said is not None:
            yield evidence.damage("conflict", f"{subject}, a candidate", said)
