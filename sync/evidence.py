"""Which evidence an outcome needs: a profile is data, and this is how it is read and applied.

Installations differ: some villages photograph every house, some cannot. A profile names, for each
outcome of a family and of a person, fields that have to be filled and kinds of photographs that a
visit of this round has to bring.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from sync.outcomes import FamilyOutcome, PersonOutcome
from sync.policy import FIELDS
from sync.types import ANGGOTA, KELUARGA, Json

OF_END: Final = "end."
"""What stands in the closing statement, not in the record: `end.date`."""
END_KEYS: Final = frozenset({"date", "number", "twin", "target"})
PHOTO_KINDS: Final = frozenset(
    {"ktp", "kk", "responden", "rumah", "atap", "lantai", "dinding", "dapur", "jamban"}
)


class BadProfile(ValueError):
    """A profile of evidence that nobody can fulfil; the text says where."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one outcome needs."""

    fields: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()


NOTHING: Final = Evidence()


@dataclass(frozen=True, slots=True)
class Profile:
    """The evidence of one period."""

    name: str
    version: int
    families: Mapping[str, Evidence] = field(default_factory=lambda: MappingProxyType({}))
    people: Mapping[str, Evidence] = field(default_factory=lambda: MappingProxyType({}))
    people_asked: bool = True
    """Does every person of a family that was found need an outcome of their own?"""


def read_profile(raw: Mapping[str, object]) -> Profile:
    """A profile from its TOML tables. Raises `BadProfile`."""
    known = {"name", "version", "people_asked", "families", "people"}
    if unknown := sorted(raw.keys() - known):
        raise BadProfile(f"unknown keys: {', '.join(unknown)}")
    name, version, asked = raw.get("name"), raw.get("version"), raw.get("people_asked", True)
    if not isinstance(name, str) or not isinstance(version, int) or not isinstance(asked, bool):
        raise BadProfile("a profile has a name, a version and people_asked = true or false")
    return Profile(
        name,
        version,
        _tables(raw.get("families", {}), frozenset(FamilyOutcome), KELUARGA),
        _tables(raw.get("people", {}), frozenset(PersonOutcome), ANGGOTA),
        asked,
    )


def missing(
    evidence: Evidence,
    doc: Mapping[str, Json],
    end: Mapping[str, Json] | None,
    visits: Iterable[Mapping[str, Json]],
) -> tuple[str, ...]:
    """Names of what is not there: fields, and photos as `foto.KIND`."""
    lacking = [name for name in evidence.fields if _value(name, doc, end) in (None, "")]
    if evidence.photos:
        taken = {kind for visit in visits for kind in _kinds(visit.get("foto"))}
        lacking += [f"foto.{kind}" for kind in evidence.photos if kind not in taken]
    return tuple(lacking)


def _value(name: str, doc: Mapping[str, Json], end: Mapping[str, Json] | None) -> Json:
    if name.startswith(OF_END):
        return (end or {}).get(name.removeprefix(OF_END))
    return doc.get(name)


def _kinds(photos: Json) -> Sequence[str]:
    if not isinstance(photos, list):
        return ()
    return [str(photo.get("jenis")) for photo in photos if isinstance(photo, dict)]


def _tables(raw: object, outcomes: frozenset[str], entity: str) -> Mapping[str, Evidence]:
    if not isinstance(raw, dict):
        raise BadProfile(f"{entity}: one table for each outcome is expected")
    if unknown := sorted(raw.keys() - outcomes):
        raise BadProfile(f"{entity}: there is no outcome {', '.join(unknown)}")
    return MappingProxyType({name: _evidence(table, name, entity) for name, table in raw.items()})


def _evidence(raw: object, outcome: str, entity: str) -> Evidence:
    if not isinstance(raw, dict) or raw.keys() - {"fields", "photos"}:
        raise BadProfile(f"{entity}.{outcome}: only `fields` and `photos` are understood")
    fields, photos = (tuple(map(str, raw.get(key, ()))) for key in ("fields", "photos"))
    known = {*FIELDS[entity], *(OF_END + key for key in END_KEYS)}
    if unknown := sorted(set(fields) - known):
        raise BadProfile(f"{entity}.{outcome}: there is no field {', '.join(unknown)}")
    if unknown := sorted(set(photos) - PHOTO_KINDS):
        raise BadProfile(f"{entity}.{outcome}: there is no photo {', '.join(unknown)}")
    return Evidence(fields, photos)
