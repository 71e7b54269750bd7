"""Everybody of a village, one row each: the by-name-by-address lists."""

from collections.abc import Iterator, Mapping
from typing import Final

from api.formats.exports.profile import FileSpec
from api.formats.exports.row import ExportVillage, Row
from api.formats.exports.standing import elements, present
from sync.codes import CODELISTS
from sync.frozen import FrozenFamily, FrozenMember
from sync.types import Json

ACTIVE: Final = "AKTIF"
FAMILY_FIELDS: Final = frozenset({"status", "jumlah_anggota"})
MEMBER_FIELDS: Final = frozenset(
    {
        "status",
        "tanggal_kejadian",
        "nomor_kejadian",
        "hadir",
        "kunci",
        "urut",
        "pkh",
        "bpnt",
        "bst",
        "pbi",
    }
)

_RELATIONS: Final = {
    code.slug: place
    for place, code in enumerate(CODELISTS["dtsen2026_status_hubungan_keluarga"].codes)
}
_BY_PRESENCE: Final[Mapping[Json, str]] = {
    "meninggal": "MENINGGAL",
    "pindah_wilayah": "PINDAH",
    "pindah_luar_negeri": "PINDAH",
    "tidak_ditemukan": "TIDAK DITEMUKAN",
}
_BY_OUTCOME: Final[Mapping[Json, str]] = {
    "tidak_ditemukan": "TIDAK DITEMUKAN",
    "data_ganda": "GANDA",
}


def in_order(family: FrozenFamily) -> list[FrozenMember]:
    """The members as a family card lists them: by relation, the elder first."""
    return sorted(family.members, key=_place)


def _place(member: FrozenMember) -> tuple[int, str, str]:
    relation = _RELATIONS.get(str(member.doc.get("hubungan_keluarga")), len(_RELATIONS))
    return relation, str(member.doc.get("tanggal_lahir") or "9999"), member.id


def status_of(family: FrozenFamily, member: FrozenMember | None = None) -> str:
    """One word for what became of a person, or of a family without one."""
    for end in (None if member is None else member.end, family.end):
        if end is not None:
            return str(end.get("end", "")).upper()
    if member is not None:
        gone = _BY_PRESENCE.get(member.doc.get("keberadaan"))
        if gone is not None:
            return gone
    return _BY_OUTCOME.get(family.doc.get("hasil"), ACTIVE)


def members(export: ExportVillage, _spec: FileSpec) -> Iterator[Row]:
    """One row for each person, the dead and those who left included."""
    for family in export.village.families:
        for number, member in enumerate(in_order(family), 1):
            status = status_of(family, member)
            end = member.end or family.end or {}
            baris: dict[str, Json] = {
                "status": status,
                "tanggal_kejadian": end.get("date"),
                "nomor_kejadian": end.get("number"),
                "hadir": status == ACTIVE,
                "kunci": status != ACTIVE,
                "urut": number,
                **_received(family, member),
            }
            yield Row(export.place, family, member, baris=baris)


def _received(family: FrozenFamily, member: FrozenMember) -> dict[str, Json]:
    """Which programmes reach the person: of the card or of their own."""
    has = {*elements(family.doc, "program"), *elements(member.doc, "program")}
    is_insured = member.doc.get("pbi_nas") is True or member.doc.get("pbi_pemda") is True
    return {
        "pkh": "pkh" in has,
        "bpnt": "bpnt" in has,
        "bst": "bst" in has,
        "pbi": is_insured or "pbi" in has,
    }


def families(export: ExportVillage, _spec: FileSpec) -> Iterator[Row]:
    """One row for each family, closed ones included."""
    for family in export.village.families:
        living = sum(1 for _ in present(family))
        yield Row(
            export.place, family, baris={"status": status_of(family), "jumlah_anggota": living}
        )


def points(export: ExportVillage, spec: FileSpec) -> Iterator[Row]:
    """One row for each family whose house was located."""
    for row in families(export, spec):
        if _is_degree(row.keluarga.get("lintang")) and _is_degree(row.keluarga.get("bujur")):
            yield row


def _is_degree(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
