"""What a reviewer sent back, in the reviewer's words: the column `perlu_perbaikan`.

Collect has no inbox. Whatever its user has to know stands in the list of families, and the forms
show it. Words stay until the record has changed after they were said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlmodel import Session

from models.queries import corrections
from models.queries.entity_lists import ShownRecord
from models.queries.scoping import Sight

CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True)
class Words:
    """What was sent back about one family; ``count`` of it all, also what is settled since."""

    text: str = ""
    count: int = 0


_NONE: Final = Words()


@dataclass(frozen=True, slots=True)
class Corrections:
    """What was sent back in the villages of a list, by record."""

    rejected: Mapping[str, list[tuple[str, datetime]]] = field(default_factory=dict)
    changed: Mapping[str, datetime] = field(default_factory=dict)
    """Record → when something about it was last merged."""

    def about(self, family: Sequence[ShownRecord]) -> Words:
        """The words about a family and its people, the oldest first."""
        if not self.rejected and not any(one.review for one in family):
            return _NONE
        told: list[str] = []
        count = 0
        for record in family:
            for words, when in self.rejected.get(record.id, ()):
                count += 1
                changed = self.changed.get(record.id)
                if changed is None or changed <= when:
                    told.append(" ".join(words.split()))
            if record.review:
                told.append(f"Sedang diperiksa: {', '.join(record.review)}")
        unique = list(dict.fromkeys(one for one in told if one))
        return Words("; ".join(unique)[:CHARACTERS_MAX], count)


def corrections_of(session: Session, sight: Sight, desas: Sequence[str]) -> Corrections:
    """Everything that was sent back about records in sight."""
    rejected: dict[str, list[tuple[str, datetime]]] = {}
    for desa in desas:
        for record, words, when in corrections.rejected_words(session, desa, sight):
            rejected.setdefault(record, []).append((words, when))
    changed = corrections.last_changes(session, desas, list(rejected)) if rejected else {}
    return Corrections(rejected, changed)
