"""What has to be done in SIKS-NG by hand: the dead, those who left, doubles, those without need.

SIKS-NG has no file for these; they are menu actions on a row of its list. This list gives whoever
types what each action asks for: date, registration number, where to, the twin, the reason.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from api.formats.exports.profile import FileSpec
from api.formats.exports.row import ExportVillage, Row
from api.formats.exports.sources.people import in_order
from sync.codes import CODELISTS
from sync.frozen import FrozenFamily, FrozenMember, FrozenVillage
from sync.types import Json

ACTION_FIELDS: Final = frozenset(
    {"tindakan", "tanggal", "nomor", "tujuan", "kembaran", "kembaran_id", "alasan", "lingkup"}
)
_PRESENCE: Final[Mapping[Json, tuple[str, str]]] = {
    "meninggal": ("meninggal", ""),
    "pindah_wilayah": ("pindah", "ke wilayah lain"),
    "pindah_luar_negeri": ("pindah", "ke luar negeri"),
}
_REASONS: Final = {code.slug: code.label_id for code in CODELISTS["dtks_tidak_layak"].codes}


def actions(export: ExportVillage, spec: FileSpec) -> Iterator[Row]:
    """One row for each action on a family, or on one person of a family that stays."""
    wanted = spec.rows.actions
    names = _names(export.village)
    for family in export.village.families:
        of_family = _family_action(family)
        if of_family is not None:
            if of_family["tindakan"] in wanted:
                yield Row(export.place, family, _head(family), baris=_named(of_family, names))
            continue
        for member in in_order(family):
            of_member = _member_action(member)
            if of_member is not None and of_member["tindakan"] in wanted:
                yield Row(export.place, family, member, baris=_named(of_member, names))


def _names(village: FrozenVillage) -> dict[str, str]:
    """Id → name of every family and person, for naming a twin."""
    names: dict[str, str] = {}
    for family in village.families:
        names[family.id] = str(family.doc.get("nama_kepala_keluarga") or "")
        names.update((one.id, str(one.doc.get("nama") or "")) for one in family.members)
    return names


def _named(action: dict[str, Json], names: Mapping[str, str]) -> dict[str, Json]:
    twin = action.get("kembaran_id")
    # A twin in another village is told by its id: its name is not in what this village signed.
    return {**action, "kembaran": names.get(str(twin), "") if twin else None}


def _head(family: FrozenFamily) -> FrozenMember | None:
    heads = [m for m in family.members if m.doc.get("hubungan_keluarga") == "kepala_keluarga"]
    return heads[0] if heads else None


def _family_action(family: FrozenFamily) -> dict[str, Json] | None:
    doc = family.doc
    if family.end is not None:
        return _of_end(family.end, "keluarga")
    if doc.get("hasil") == "data_ganda":
        return _action("ganda", "keluarga", kembaran_id=doc.get("hasil_kembaran"))
    if doc.get("hasil") == "tidak_ditemukan" and doc.get("hasil_alasan") in ("pindah", "meninggal"):
        return _action(str(doc["hasil_alasan"]), "keluarga")
    decision = family.decision or {}
    if decision.get("decision") == "tidak_layak":
        return _action("tidak_layak", "keluarga", alasan=decision.get("reason"))
    reason = doc.get("alasan_tidak_layak")
    if reason or doc.get("kemampuan") == "mampu":
        told = _REASONS.get(str(reason), str(reason)) if reason else "Sudah mampu"
        # The musyawarah may have decided otherwise, and it has the last word.
        return None if decision else _action("tidak_layak", "keluarga", alasan=told)
    return None


def _member_action(member: FrozenMember) -> dict[str, Json] | None:
    if member.end is not None:
        return _of_end(member.end, "anggota")
    presence = _PRESENCE.get(member.doc.get("keberadaan"))
    if presence is None:
        return None
    return _action(presence[0], "anggota", tujuan=presence[1] or None)


def _of_end(end: Mapping[str, Json], scope: str) -> dict[str, Json]:
    return _action(
        str(end.get("end")),
        scope,
        tanggal=end.get("date"),
        nomor=end.get("number"),
        tujuan=end.get("target"),
        kembaran_id=end.get("twin"),
        alasan=end.get("evidence"),
    )


def _action(kind: str, scope: str, **told: Json) -> dict[str, Json]:
    return {"tindakan": kind, "lingkup": scope, **told}
