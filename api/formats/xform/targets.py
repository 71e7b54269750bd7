"""The column `lokus` of a survey sheet: what each question feeds.

One or more targets, separated by spaces:

| target | meaning |
| --- | --- |
| `keluarga.luas_lantai` | the field `luas_lantai` of the family |
| `keluarga.program:shown` | what the phone showed for the set `program` |
| `keluarga.lokasi` | a geopoint: latitude, longitude, accuracy |
| `kunjungan.foto:rumah` | a photograph of the kind `rumah` |
| `keluarga.id`, `anggota.id` | which record of the list |
| `anggota.new_id` | the id for a record that is not on the list |
| `anggota.end:reason`, `:date`, `:number`, … | the statement that closes the record |
| `observed` | the day that the form is about |
| `rt.id`, `rt.period`, `rt.done`, `rt.note` | in a form of kind `state-rt`: what it states |
| `anggota` | on a `begin_repeat`: each instance is a member |
"""

import re
from collections.abc import Iterator
from typing import Final

from api.formats.xform.faults import FormFault
from api.formats.xform.mapping import END_PARTS, LOCATION, RT, RT_PARTS, Feed, Role
from api.formats.xform.survey import TARGETS_COLUMN, SurveyRow
from sync.codes import SLUGS
from sync.policy import FIELDS, Field, FieldClass, ValueType
from sync.types import ENTITIES

_TARGET: Final = re.compile(r"([a-z]+)\.([a-z][a-z0-9_]*)(?::([a-z0-9_]+))?")
_PLACED: Final = frozenset({"keluarga", "kunjungan"})
"""Entities that have a place on the map."""


def targets_of(row: SurveyRow) -> Iterator[Feed | FormFault]:
    """What the row's cell says; a fault for each target that says nothing."""
    for text in row.cells.get(TARGETS_COLUMN, "").split():
        yield _target(row, text)


def field_of(feed: Feed) -> Field | None:
    """The register's field behind a feed; None for ids, places and ends."""
    if feed.role in {Role.FIELD, Role.SHOWN}:
        return FIELDS[feed.entity][feed.name]
    if feed.role is Role.PHOTO:
        return FIELDS[feed.entity]["foto"]
    return None


def _target(row: SurveyRow, text: str) -> Feed | FormFault:
    if text == "observed":
        return Feed("", Role.OBSERVED)
    found = _TARGET.fullmatch(text)
    if found is not None and found[1] == RT and found[2] in RT_PARTS and not found[3]:
        return Feed(RT, Role.STATED, found[2])
    if found is None or found[1] not in ENTITIES:
        return row.fault(
            TARGETS_COLUMN,
            f"{_plain(text)} is no target: write entity.field, with one of {', '.join(ENTITIES)}",
            f"{_plain(text)} bukan tujuan: tulis entitas.kolom, dengan salah satu dari "
            f"{', '.join(ENTITIES)}",
        )
    entity, name, part = found[1], found[2], found[3] or ""
    special = _special(entity, name, part)
    if special is not None:
        return special
    return _field(row, entity, name, part)


def _special(entity: str, name: str, part: str) -> Feed | None:
    match name, part:
        case "id", "":
            return Feed(entity, Role.ID)
        case "new_id", "":
            return Feed(entity, Role.NEW_ID)
        case "end", part if part in END_PARTS:
            return Feed(entity, Role.END, part)
        case _ if name == LOCATION and not part and entity in _PLACED:
            return Feed(entity, Role.LOCATION, LOCATION)
    return None


def _field(row: SurveyRow, entity: str, name: str, part: str) -> Feed | FormFault:
    field = FIELDS[entity].get(name)
    if field is None:
        return row.fault(
            TARGETS_COLUMN,
            f"the register has no field {_plain(name)} of {entity}: `sync/policy.py` lists them",
            f"register tidak punya kolom {_plain(name)} pada {entity}: periksa ejaannya",
        )
    if field.field_class is FieldClass.SERVER:
        return row.fault(
            TARGETS_COLUMN,
            f"{entity}.{name} belongs to lists and the office, no form may fill it: remove the "
            "target",
            f"{entity}.{name} hanya diisi dari daftar resmi dan kantor, bukan dari formulir: "
            "hapus tujuan ini",
        )
    return _part(row, field, part)


def _part(row: SurveyRow, field: Field, part: str) -> Feed | FormFault:
    if field.value_type is ValueType.PHOTOS:
        if part in SLUGS["verivali_foto"]:
            return Feed(field.entity, Role.PHOTO, part)
        kinds = ", ".join(sorted(SLUGS["verivali_foto"]))
        return row.fault(
            TARGETS_COLUMN,
            f"{field.entity}.{field.name} needs the kind of photograph behind a colon: {kinds}",
            f"{field.entity}.{field.name} memerlukan jenis foto di belakang titik dua: {kinds}",
        )
    if not part:
        return Feed(field.entity, Role.FIELD, field.name)
    if part == "shown" and field.field_class is FieldClass.SET:
        return Feed(field.entity, Role.SHOWN, field.name)
    return row.fault(
        TARGETS_COLUMN,
        f"{field.entity}.{field.name} has no part {_plain(part)}: leave it out",
        f"{field.entity}.{field.name} tidak punya bagian {_plain(part)}: hapus bagian itu",
    )


def _plain(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:80]}…"
