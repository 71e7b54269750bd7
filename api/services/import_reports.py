"""What an import has done, or would do: counts, villages, and the rows that were refused.

No report holds a name or a number of a person; rows are named by file and line.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sync.listed import ListSource, ListWarning, RefusedRow
from sync.listing_plan import ListingPlan, Remark, Remarked, Verdict
from sync.types import ANGGOTA, KELUARGA, PENGUKURAN, Json

REFUSED_TOLD_MAX: Final = 200
REMARKS_TOLD_MAX: Final = 200
VILLAGES_TOLD_MAX: Final = 1000

REMARK_TEXTS: Final[dict[Remark, str]] = {
    Remark.KK_TWICE: "No KK ini berdiri lebih dari sekali di daftar; dibaca sebagai satu keluarga.",
    Remark.NIK_TWICE: "NIK ini berdiri lebih dari sekali di desa yang sama.",
    Remark.NIK_IN_OTHER_FAMILY: "NIK sudah ada di keluarga lain; periksa apakah orangnya sama.",
    Remark.NIK_IN_OTHER_VILLAGE: "NIK sudah ada di desa lain.",
    Remark.MOVED: "Pindah ke kartu keluarga lain menurut daftar.",
    Remark.CLOSED: "Sudah ditutup di desa (pindah, meninggal, ganda); tidak dibuka lagi.",
    Remark.DEAD: "Tercatat meninggal di desa; tidak dimasukkan lagi.",
    Remark.ENDED_IN_LIST: "Daftar menyebut meninggal atau pindah; desa yang memutuskan.",
    Remark.NAME_DIFFERS: "Nama di daftar dan di desa jauh berbeda.",
}


@dataclass(slots=True)
class VillageReport:
    """One village's part."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(entity, verdict) → rows"""
    absent: int = 0
    """Open families of the village that the list does not name; nothing was done to them."""
    problem: str | None = None
    """Why the rest of the village did not go in."""


@dataclass(slots=True)
class ImportReport:
    """All of it. Lists are bounded, counts are not."""

    source: ListSource
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    villages: dict[str, VillageReport] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)
    refused_later: list[RefusedRow] = field(default_factory=list)
    """Of these, all that were refused when they met the register."""
    remarks: Counter[Remark] = field(default_factory=Counter)
    remarked: list[Remarked] = field(default_factory=list)
    warnings: tuple[ListWarning, ...] = ()
    set_aside: int = 0
    """Operations that the engine put into quarantine: a list should have none."""
    refused_files: tuple[str, ...] = ()
    results: list[Json] | None = None

    def take(self, desa: str, plan: ListingPlan) -> None:
        """Add a chunk that is in."""
        village = self.villages.setdefault(desa, VillageReport())
        for one in plan.judged:
            village.counts[one.entity, one.verdict] += 1
            self.counts[one.entity, one.verdict] += 1
        self.refused_later += plan.refused
        self._tell_refused(plan.refused)
        for remarked in plan.remarks:
            self.remarks[remarked.remark] += 1
        room = REMARKS_TOLD_MAX - len(self.remarked)
        self.remarked += plan.remarks[: max(room, 0)]

    def refuse(self, rows: Iterable[RefusedRow], roles: dict[str, str]) -> None:
        """Add rows that no village has seen. ``roles``: file → what its rows are."""
        for row in rows:
            self.counts[roles.get(row.file, ANGGOTA), Verdict.REFUSED] += 1
            self._tell_refused([row])

    def _tell_refused(self, rows: list[RefusedRow]) -> None:
        room = REFUSED_TOLD_MAX - len(self.refused)
        self.refused += rows[: max(room, 0)]

    @property
    def is_complete(self) -> bool:
        return all(village.problem is None for village in self.villages.values())

    @property
    def refused_count(self) -> int:
        return sum(n for (_, verdict), n in self.counts.items() if verdict == Verdict.REFUSED)

    def told(self) -> dict[str, Json]:
        """As JSON, as `--json` and the wire have it."""
        told: dict[str, Json] = {
            "list": self.source.name,
            "instrument": self.source.instrument,
            "version": self.source.version,
            KELUARGA: _counted(self.counts, KELUARGA),
            ANGGOTA: _counted(self.counts, ANGGOTA),
        }
        if any(entity == PENGUKURAN for entity, _ in self.counts):
            told[PENGUKURAN] = _counted(self.counts, PENGUKURAN)
        told |= {
            "refused": [{"file": r.file, "row": r.row, "reason": r.reason} for r in self.refused],
            "refused_count": self.refused_count,
            "refused_files": list(self.refused_files),
            "refused_file": self.refused_files[0] if self.refused_files else None,
            "remarks": {str(remark): count for remark, count in sorted(self.remarks.items())},
            "remarked": [
                {
                    "file": r.file,
                    "row": r.row,
                    "remark": str(r.remark),
                    "text": REMARK_TEXTS[r.remark],
                }
                for r in self.remarked
            ],
            "warnings": [_warning(warning) for warning in self.warnings],
            "villages": {
                desa: self._village(village)
                for desa, village in sorted(self.villages.items())[:VILLAGES_TOLD_MAX]
            },
            "absent": sum(village.absent for village in self.villages.values()),
            "set_aside": self.set_aside,
            "complete": self.is_complete,
        }
        if self.results is not None:
            told["results"] = self.results
        return told

    def _village(self, village: VillageReport) -> dict[str, Json]:
        told: dict[str, Json] = {
            entity: _counted(village.counts, entity)
            for entity in (KELUARGA, ANGGOTA, PENGUKURAN)
            if entity != PENGUKURAN or any(e == PENGUKURAN for e, _ in village.counts)
        }
        told["absent"] = village.absent
        if village.problem is not None:
            told["problem"] = village.problem
        return told


def _counted(counts: Counter[tuple[str, str]], entity: str) -> dict[str, Json]:
    return {str(verdict): counts[entity, verdict] for verdict in Verdict}


def _warning(warning: ListWarning) -> dict[str, Json]:
    return {
        "code": warning.code,
        "text": warning.text,
        "column": warning.column,
        "file": warning.file,
        "count": warning.count,
        "rows": list[Json](warning.rows),
    }
