"""What of a count may be told to somebody who must not recognise a family in it."""

from dataclasses import dataclass
from typing import Final

from models.queries.statistics import VillageProgress
from sync.permission import Role

CELL_MIN: Final = 5
"""A smaller number of families is not told to those who see aggregates only."""
AGGREGATES_ONLY: Final = frozenset({Role.TKPK})


@dataclass(frozen=True, slots=True)
class ToldProgress:
    """A village's progress as it may be told; None is a number that is withheld."""

    desa: str
    nama: str | None
    families: int | None
    done: int | None
    conflicts: int | None


def told_progress(village: VillageProgress, role: Role) -> ToldProgress:
    """The village's numbers; without small cells for a role that sees aggregates only.

    What is left to do is a cell as well: it would follow from the other two by subtraction.
    A village that is done completely has no such cell.
    """
    families: int | None = village.families
    done: int | None = village.done
    conflicts: int | None = village.conflicts
    if role in AGGREGATES_ONLY:
        left = village.families - village.done
        families = village.families if village.families >= CELL_MIN else None
        may_tell_done = village.done >= CELL_MIN and not 0 < left < CELL_MIN
        done = village.done if may_tell_done else None
        conflicts = village.conflicts if village.conflicts >= CELL_MIN else None
    return ToldProgress(village.desa, village.nama, families, done, conflicts)
