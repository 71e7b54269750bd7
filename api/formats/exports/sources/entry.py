"""A sheet per family in the order of SIKS-NG's web form, for whoever types it in.

One row is one line of the form: section, question, answer. What the register does not ask (the
state of the parents of a minor, a remote tribe) is a line to be filled in by hand.
"""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from api.formats.exports.columns import CompiledColumn, compiled
from api.formats.exports.profile import FileSpec, Section
from api.formats.exports.row import ExportVillage, Row
from api.formats.exports.sources.people import in_order
from api.formats.exports.standing import elements, is_eligible, is_present
from sync.codes import CODELISTS
from sync.frozen import FrozenFamily
from sync.types import Json

ENTRY_FIELDS: Final = frozenset({"lembar", "bagian", "isian", "nilai"})
_QUESTIONS: Final = CODELISTS["kriteria_262_2022"].codes
_PHOTOS: Final = {code.slug: code.label_id for code in CODELISTS["verivali_foto"].codes}


Compiled: TypeAlias = Sequence[tuple[Section, tuple[CompiledColumn, ...]]]


def compiled_sections(spec: FileSpec) -> Compiled:
    """The sections of a sheet with their fields as functions. Raises `BadPath`."""
    return [
        (section, tuple(compiled(column, frozenset()) for column in section.columns))
        for section in spec.sections
    ]


def entry_lines(export: ExportVillage, spec: FileSpec) -> Iterator[Row]:
    """The lines of every eligible family, sheet by sheet."""
    sections = compiled_sections(spec)
    sheet = 0
    for family in export.village.families:
        if is_eligible(family, spec.rows.desil_max):
            sheet += 1
            yield from _sheet(export, sections, family, sheet)


def _sheet(
    export: ExportVillage, sections: Compiled, family: FrozenFamily, sheet: int
) -> Iterator[Row]:
    for section, columns in sections:
        for part, question, answer in _lines(export, family, section, columns):
            baris: dict[str, Json] = {
                "lembar": sheet, "bagian": part, "isian": question, "nilai": answer,
            }  # fmt: skip
            yield Row(export.place, family, baris=baris)


def _lines(
    export: ExportVillage,
    family: FrozenFamily,
    section: Section,
    columns: tuple[CompiledColumn, ...],
) -> Iterator[tuple[str, str, Json]]:
    match section.of:
        case "keluarga":
            for column in columns:
                yield section.title, column.header, column.cell(Row(export.place, family))
        case "anggota":
            living = [member for member in in_order(family) if is_present(member)]
            for number, member in enumerate(living, 1):
                row = Row(export.place, family, member)
                for column in columns:
                    yield f"{section.title} {number}", column.header, column.cell(row)
        case "kriteria":
            true = elements(family.doc, "kriteria")
            # Where nobody asked, a "no" would be an answer that nobody gave.
            asked = "kriteria" in family.doc
            for question in _QUESTIONS:
                said = "YA" if question.slug in true else "TIDAK"
                yield section.title, question.label_id, said if asked else ""
        case "foto":
            yield from _photos(family, section.title)


def _photos(family: FrozenFamily, title: str) -> Iterator[tuple[str, str, Json]]:
    """The newest photo of each kind, by the name under which it is kept."""
    newest: dict[str, tuple[str, str]] = {}
    for visit in family.visits:
        found = visit.doc.get("foto")
        for photo in found if isinstance(found, list) else ():
            if isinstance(photo, dict):
                kind, taken = str(photo.get("jenis")), str(photo.get("waktu") or "")
                newest[kind] = max(newest.get(kind, ("", "")), (taken, str(photo.get("sha256"))))
    for kind, label in _PHOTOS.items():
        if kind in newest:
            yield title, label, f"{kind}-{newest[kind][1][:16]}.jpg"
        else:
            yield title, label, ""
