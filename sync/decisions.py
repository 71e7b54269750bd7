"""What a reviewer's decision will look at beyond what it names.

A decision names a question, and the question's claims name the rest: the families that somebody
was said to belong to, the numbers that a record may get and so share with others, the other record
of a possible double. A merge that is undone brings back what the first record had before.
"""

from collections.abc import Iterable, Mapping

from sync.batch import Needs
from sync.operation import Operation
from sync.types import PARENT, Claim, Conflict, Json, Record


def needs_of_decisions(
    decisions: Iterable[Operation], found: Iterable[Record], asked: Iterable[Conflict]
) -> Needs:
    """What to load once the records and conflicts that the decisions name are there."""
    listed = list(decisions)
    named = {operation.id for operation in listed}
    decided = {str(o.resolve.get("conflict", o.resolve.get("undo"))) for o in listed}
    values: list[Json] = [operation.resolve.get("value") for operation in listed]
    records: set[str] = set()
    for conflict in asked:
        if conflict.id in decided:
            values += [claim.value for claim in _claims(conflict)]
            if conflict.twin is not None:
                records.add(conflict.twin)
    for record in found:
        if record.id in named and record.merged is not None:
            values += _earlier(record.merged)
    records |= _texts(values, PARENT)
    return Needs(
        records=frozenset(records),
        kin_of=frozenset(),
        niks=frozenset(_texts(values, "nik")),
        no_kks=frozenset(_texts(values, "no_kk")),
        identity_of=frozenset(),
    )


def _claims(conflict: Conflict) -> tuple[Claim, ...]:
    decision = conflict.decision
    if decision is None:
        return conflict.candidates
    return conflict.candidates + decision.judged + decision.replaced


def _earlier(merged: Mapping[str, Json]) -> list[Json]:
    """Values of the first record's groups before a merge, proposals included."""
    before = merged.get("before")
    values: list[Json] = []
    for group in before.values() if isinstance(before, dict) else ():
        if isinstance(group, dict):
            values.append(group.get("value"))
            proposed = group.get("candidates")
            claims = proposed if isinstance(proposed, list) else []
            values += [claim.get("value") for claim in claims if isinstance(claim, dict)]
    return values


def _texts(values: Iterable[Json], field: str) -> set[str]:
    return {
        text
        for value in values
        if isinstance(value, dict) and isinstance(text := value.get(field), str)
    }
