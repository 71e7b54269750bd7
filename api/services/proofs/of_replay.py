"""The register follows from its log: worked through again, it comes out the same."""

from collections.abc import Iterator
from dataclasses import fields

from api.services.proofs.evidence import Damage, Evidence
from sync.replay import replay
from sync.types import Conflict, Record


def register_follows_from_log(evidence: Evidence) -> Iterator[Damage]:
    """Replay the village's operations and compare records and conflicts, stamp by stamp."""
    log = [one.logged() for one in evidence.log.values()]
    again = replay(evidence.desa, evidence.lanes.values(), log)
    for place, found in again.strange:
        yield evidence.damage("replay", f"operation {place}", found)
    stored = {key: one.record for key, one in evidence.village.records.items()}
    for key in sorted(stored.keys() | again.records.keys()):
        said = _differs(stored.get(key), again.records.get(key))
        if said is not None:
            yield evidence.damage("replay", f"record {key}", said)
    conflicts = evidence.village.conflicts
    for key in sorted(conflicts.keys() | again.conflicts.keys()):
        said = _differs(conflicts.get(key), again.conflicts.get(key))
        if said is not None:
            yield evidence.damage("replay", f"conflict {key}", said)


def _differs(stored: Record | Conflict | None, again: Record | Conflict | None) -> str | None:
    """Names of what differs, never the values."""
    if stored is None:
        return "it follows from the log, but is not there"
    if again is None:
        return "it is there, but does not follow from the log"
    listed = stored._fields if isinstance(stored, Record) else [f.name for f in fields(stored)]
    names = [name for name in listed if getattr(stored, name) != getattr(again, name)]
    if not names:
        return None
    if isinstance(stored, Record) and isinstance(again, Record) and "fields" in names:
        held, follows = stored.fields, again.fields
        odd = [n for n in sorted(held.keys() | follows.keys()) if held.get(n) != follows.get(n)]
        names[names.index("fields")] = f"fields ({', '.join(odd)})"
    return f"differs from what follows from the log in {', '.join(names)}"
