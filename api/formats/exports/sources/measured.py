"""The midwife's measurements as e-PPGBM takes them.

Its z-scores and classes are its own: the columns stay empty, because e-PPGBM computes them anew
from weight, length and the way of measuring, and two different values would only confuse.
"""

import calendar
from collections.abc import Iterator
from datetime import date
from typing import Final

from api.formats.exports.profile import FileSpec
from api.formats.exports.row import ExportVillage, Row
from api.formats.exports.sources.people import in_order
from sync.frozen import FrozenFamily, FrozenMember
from sync.types import Json

MEASURED_FIELDS: Final = frozenset({"usia", "orang_tua", "usia_bulan"})


def measured(export: ExportVillage, _spec: FileSpec) -> Iterator[Row]:
    """One row for each measurement, of each child the oldest first."""
    for family in export.village.families:
        for member in in_order(family):
            if member.end is not None:
                continue
            for one in sorted(member.measurements, key=lambda m: (str(m.doc.get("tanggal")), m.id)):
                baris: dict[str, Json] = {
                    **_age(member.doc.get("tanggal_lahir"), one.doc.get("tanggal")),
                    "orang_tua": _parent(family, member),
                }
                yield Row(export.place, family, member, ukur=one.doc, baris=baris)


def _parent(family: FrozenFamily, child: FrozenMember) -> Json:
    return child.doc.get("ibu_kandung") or family.doc.get("nama_kepala_keluarga")


def _age(born: Json, measured_on: Json) -> dict[str, Json]:
    """Age as e-PPGBM writes it: `2 Tahun - 3 Bulan - 4 Hari`; nothing where a day is missing."""
    try:
        first, then = date.fromisoformat(str(born)), date.fromisoformat(str(measured_on)[:10])
    except ValueError:
        return {"usia": None, "usia_bulan": None}
    months = (then.year - first.year) * 12 + then.month - first.month - (then.day < first.day)
    if months < 0:
        return {"usia": None, "usia_bulan": None}
    days = (then - _after(first, months)).days
    return {
        "usia": f"{months // 12} Tahun - {months % 12} Bulan - {days} Hari",
        "usia_bulan": months,
    }


def _after(first: date, months: int) -> date:
    """The day on which so many months are complete, the last of a shorter month."""
    month = first.month - 1 + months
    year, month = first.year + month // 12, month % 12 + 1
    return date(year, month, min(first.day, calendar.monthrange(year, month)[1]))
