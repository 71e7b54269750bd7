"""A village in one line: how its families were found, and what is proposed for them."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from api.formats.exports.profile import FileSpec
from api.formats.exports.row import ExportVillage, Row
from api.formats.exports.standing import elements, is_eligible, present
from sync.frozen import FrozenFamily
from sync.types import Json

_COUNTS: Final = (
    "keluarga",
    "jiwa",
    "dari_daftar",
    "ditemukan",
    "tidak_ditemukan",
    "pindah",
    "meninggal",
    "ganda",
    "usulan_baru",
    "menolak",
    "belum_ada_hasil",
    "mampu",
    "tidak_mampu",
    "layak",
    "tidak_layak",
    "ditunda",
    "diusulkan_pkh",
    "diusulkan_bpnt",
    "diusulkan_bst",
    "diusulkan_non_bansos",
    "diusulkan_pbi",
    "diusulkan",
)
TOTAL_FIELDS: Final = frozenset(_COUNTS)
_NOBODY: Final = FrozenFamily("", "", {})


def totals(export: ExportVillage, _spec: FileSpec) -> Iterator[Row]:
    """One row: the village's counts. A family is in one outcome only, so outcomes add up."""
    counts: Counter[str] = Counter()
    for family in export.village.families:
        counts.update(_counted(family))
    baris: dict[str, Json] = {name: counts[name] for name in _COUNTS}
    yield Row(export.place, _NOBODY, baris=baris)


def _counted(family: FrozenFamily) -> Iterator[str]:
    doc = family.doc
    yield "keluarga"
    yield from ("jiwa" for _ in present(family))
    if family.listed:
        yield "dari_daftar"
    yield outcome_of(family)
    if doc.get("kemampuan") in ("mampu", "tidak_mampu"):
        yield str(doc["kemampuan"])
    decision = (family.decision or {}).get("decision")
    if decision in ("layak", "tidak_layak", "ditunda"):
        yield str(decision)
    if is_eligible(family):
        programmes = elements(doc, "program_diusulkan")
        yield from (f"diusulkan_{program}" for program in programmes)
        if programmes:
            yield "diusulkan"


def outcome_of(family: FrozenFamily) -> str:
    """The one outcome under which a family is counted."""
    if family.end is not None:
        ended = str(family.end.get("end"))
        return ended if ended in ("pindah", "meninggal", "ganda") else "tidak_ditemukan"
    outcome, reason = family.doc.get("hasil"), family.doc.get("hasil_alasan")
    if outcome == "tidak_ditemukan" and reason in ("pindah", "meninggal"):
        return str(reason)
    if outcome == "data_ganda":
        return "ganda"
    if outcome in ("ditemukan", "tidak_ditemukan", "usulan_baru"):
        return str(outcome)
    refused = any(visit.doc.get("hasil") == "menolak" for visit in family.visits)
    return "menolak" if refused else "belum_ada_hasil"
