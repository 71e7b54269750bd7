"""What the list said wrongly: old and new value of identity fields, and what is still doubtful.

Layout: the list of NIK problems that villages got to correct in 2021 (`perbaikan_verivali_2021`).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from api.formats.exports.profile import FileSpec
from api.formats.exports.row import ExportVillage, Row
from api.formats.exports.sources.people import in_order
from sync.checks import Finding, findings
from sync.frozen import FrozenFamily, FrozenMember
from sync.types import Json

CORRECTION_FIELDS: Final = frozenset(
    {
        "nik",
        "nik_perbaikan",
        "no_kk",
        "no_kk_perbaikan",
        "nama_daftar",
        "indikasi_masalah",
        "keterangan",
        "diperbarui",
    }
)
_CALLED: Final[Mapping[str, str]] = {
    "nik": "NIK",
    "no_kk": "No KK",
    "nama": "nama",
    "nama_kepala_keluarga": "nama kepala keluarga",
    "tanggal_lahir": "tanggal lahir",
    "tempat_lahir": "tempat lahir",
    "jenis_kelamin": "jenis kelamin",
    "ibu_kandung": "ibu kandung",
    "hubungan_keluarga": "hubungan keluarga",
    "status_kawin": "status kawin",
    "alamat": "alamat",
}
_NUMBERS: Final = frozenset({"nik", "no_kk"})


def corrections(export: ExportVillage, _spec: FileSpec) -> Iterator[Row]:
    """One row for each person with a corrected identity or with something still doubtful.

    What is wrong with a family stands in the row of its first member.
    """
    today = date.fromisoformat(export.day)
    for family in export.village.families:
        if family.end is not None:
            continue
        doubts = _doubts(family, today)
        of_family = [*_changed(family.was, family.doc)], doubts.get(family.id, ())
        is_first = True
        for member in in_order(family):
            if member.end is not None:
                continue
            changed, doubted = [*_changed(member.was, member.doc)], doubts.get(member.id, ())
            if is_first:
                changed, doubted = [*of_family[0], *changed], (*of_family[1], *doubted)
                is_first = False
            if changed or doubted:
                yield Row(
                    export.place, family, member, baris=_told(family, member, changed, doubted)
                )


def _doubts(family: FrozenFamily, today: date) -> dict[str, tuple[Finding, ...]]:
    """Id of a record → what is doubtful about it."""
    documents = [{**one.doc, "id": one.id, "end": one.end} for one in family.members]
    found: dict[str, tuple[Finding, ...]] = {}
    for one in findings({**family.doc, "id": family.id}, documents, today=today):
        found[one.record_id] = (*found.get(one.record_id, ()), one)
    return found


def _changed(was: Mapping[str, Json], now: Mapping[str, Json]) -> Iterator[str]:
    """`nama: LAMA → BARU`; for numbers only that they changed, they have columns of their own."""
    for field, old in was.items():
        called = _CALLED.get(field, field.replace("_", " "))
        if field in _NUMBERS:
            yield f"{called} diperbaiki"
        elif old != now.get(field):
            yield f"{called}: {_shown(old)} → {_shown(now.get(field))}"


def _shown(value: Json) -> str:
    return "(kosong)" if value in (None, "") else str(value)


def _told(
    family: FrozenFamily, member: FrozenMember, changed: Sequence[str], doubts: Sequence[Finding]
) -> dict[str, Json]:
    nik, no_kk = member.was.get("nik"), family.was.get("no_kk")
    return {
        "nik": nik if "nik" in member.was else member.doc.get("nik"),
        "nik_perbaikan": member.doc.get("nik") if "nik" in member.was else None,
        "no_kk": no_kk if "no_kk" in family.was else family.doc.get("no_kk"),
        "no_kk_perbaikan": family.doc.get("no_kk") if "no_kk" in family.was else None,
        "nama_daftar": member.was.get("nama") or member.doc.get("nama"),
        "indikasi_masalah": " ".join(one.message_id for one in doubts) or "Data daftar berbeda.",
        "keterangan": "; ".join(changed),
        "diperbarui": bool(changed),
    }
