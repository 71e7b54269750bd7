"""Eligible families that a programme has not reached, for the agency that could change it."""

from collections.abc import Iterator
from typing import Final

from api.formats.exports.profile import FileSpec, Program
from api.formats.exports.row import ExportVillage, Row
from api.formats.exports.sources.proposals import PROGRAM_CODES
from api.formats.exports.standing import elements, is_eligible, present
from sync.frozen import FrozenFamily, FrozenMember
from sync.types import Json

LACKING_FIELDS: Final = frozenset(
    {"program", "dinas", "jumlah_anggota", "jumlah_tanpa", "nama_tanpa", "nik_kepala"}
)
_PER_PERSON: Final[frozenset[Program]] = frozenset({"pbi"})


def lacking(export: ExportVillage, spec: FileSpec) -> Iterator[Row]:
    """One row for each eligible family and each programme that it does not have."""
    for family in export.village.families:
        if not is_eligible(family, spec.rows.desil_max):
            continue
        living = list(present(family))
        for agency in spec.rows.agencies:
            without = _without(family, living, agency.program)
            if without:
                baris: dict[str, Json] = {
                    "program": PROGRAM_CODES[agency.program],
                    "dinas": agency.name,
                    "jumlah_anggota": len(living),
                    "jumlah_tanpa": len(without),
                    "nama_tanpa": "; ".join(str(one.doc.get("nama") or "") for one in without),
                    "nik_kepala": _head_number(living),
                }
                yield Row(export.place, family, program=PROGRAM_CODES[agency.program], baris=baris)


def _without(
    family: FrozenFamily, living: list[FrozenMember], program: Program
) -> list[FrozenMember]:
    """Whom the programme lacks: persons of a personal one, else all of the family or nobody."""
    if program in elements(family.doc, "program"):
        return []
    if program not in _PER_PERSON:
        has = any(program in elements(one.doc, "program") for one in living)
        return [] if has else living
    if family.doc.get("pbi_nas") is True or family.doc.get("pbi_pemda") is True:
        return []
    return [one for one in living if not _is_insured(one, program)]


def _is_insured(member: FrozenMember, program: Program) -> bool:
    told = member.doc.get("pbi_nas") is True or member.doc.get("pbi_pemda") is True
    return told or program in elements(member.doc, "program")


def _head_number(living: list[FrozenMember]) -> Json:
    for member in living:
        if member.doc.get("hubungan_keluarga") == "kepala_keluarga":
            return member.doc.get("nik")
    return None
