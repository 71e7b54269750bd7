"""Which villages an export is about, and each of them as it was signed.

A village is read in a transaction of its own and forgotten before the next one, so that a district
takes no more memory than its largest village.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlmodel import Session

from api.errors import AppError
from api.formats.exports.row import ExportVillage, Place
from api.services.freezing import live_village
from api.services.reviewers import Reviewer
from models.database import Database
from models.queries import areas
from models.queries.exports import VILLAGES_PER_EXPORT_MAX, named_areas
from models.queries.frozen import frozen_note, frozen_notes, frozen_village
from sync.frozen import FrozenVillage, hash_of
from sync.types import Json
from sync.values import KodeWilayah, Level

_LEVELS: Final = {2: "provinsi", 4: "kabupaten", 6: "kecamatan", 10: "desa"}
_BPS_DIGITS: Final = {"provinsi": 2, "kabupaten": 4, "kecamatan": 7, "desa": 10}


@dataclass(frozen=True, slots=True)
class AskedVillages:
    """Villages by code, or all of an area; in one period."""

    period: str
    desas: Sequence[str] = ()
    area: str = ""
    draft: bool = False


@dataclass(frozen=True, slots=True)
class NotedVillage:
    """A village that will be exported. A draft has no hash before it was read."""

    place: Place
    hash: str
    frozen_at: datetime

    @property
    def desa(self) -> str:
        return self.place.desa


@dataclass(frozen=True, slots=True)
class ChosenVillages:
    """The villages of an export in order of code, and those of the area that nobody signed."""

    villages: tuple[NotedVillage, ...]
    not_signed: tuple[str, ...]

    @property
    def created(self) -> datetime:
        """When the latest of them was frozen: the date that the files bear."""
        return max(one.frozen_at for one in self.villages)

    @property
    def snapshot(self) -> str:
        """One hash for all of them."""
        lines = "".join(f"{one.desa} {one.hash}\n" for one in self.villages)
        return hashlib.sha256(lines.encode()).hexdigest()


def chosen_villages(
    session: Session, reviewer: Reviewer, asked: AskedVillages, zone: ZoneInfo
) -> ChosenVillages:
    """What can be exported of what was asked for.

    Raises `AppError`: `area-unknown`, `not-found` for what lies outside of the reviewer's area,
    `not-signed` if a village that was named has not signed, or none of an area has.
    """
    desas = _desas(session, reviewer, asked)
    places = _places(session, desas, asked.period)
    if asked.draft:
        drafts = tuple(NotedVillage(places[desa], "", reviewer.now) for desa in desas)
        return ChosenVillages(drafts, ())
    noted, not_signed = [], []
    for desa in desas:
        signed = [one for one in frozen_notes(session, desa, asked.period) if one.is_current]
        if signed:
            frozen_at = signed[0].frozen_at
            place = _with_facts(places[desa], signed[0].hash, frozen_at.astimezone(zone))
            noted.append(NotedVillage(place, signed[0].hash, frozen_at))
        else:
            not_signed.append(desa)
    if not noted or (not_signed and not asked.area):
        raise AppError("not-signed", villages=[*not_signed[:20]])
    return ChosenVillages(tuple(noted), tuple(not_signed))


def opened_villages(
    database: Database, chosen: ChosenVillages, asked: AskedVillages, now: datetime
) -> Iterator[ExportVillage]:
    """The villages one after the other, each read whole and checked against its hash."""
    for noted in chosen.villages:
        with database.reading() as session:
            yield _opened(session, noted, asked, now)


def still_signed(session: Session, noted: NotedVillage) -> None:
    """Raises `AppError` `version-changed` if the village no longer stands by what was read."""
    note = frozen_note(session, noted.desa, noted.hash)
    if note is None or not note.is_current:
        raise AppError("version-changed", "The village was opened again while its files were made.")


def _opened(
    session: Session, noted: NotedVillage, asked: AskedVillages, now: datetime
) -> ExportVillage:
    if asked.draft:
        village = live_village(session, noted.desa, asked.period, now)
        digest = hash_of(village.body())
        place = _with_facts(noted.place, digest, now)
        return ExportVillage(_in_order(village), digest, place)
    signed = frozen_village(session, noted.desa, asked.period)
    if signed is None or signed.hash != noted.hash:
        raise AppError("version-changed", "The village was opened again while its files were made.")
    return ExportVillage(_in_order(signed.village), signed.hash, noted.place)


def _in_order(village: FrozenVillage) -> FrozenVillage:
    families = sorted(village.families, key=lambda one: (one.rt, one.id))
    return replace(village, families=tuple(families))


def _desas(session: Session, reviewer: Reviewer, asked: AskedVillages) -> list[str]:
    """The codes that were asked for, in order; of an area those in the reviewer's own."""
    held = reviewer.sight.whole_areas()
    if asked.area:
        area = KodeWilayah.parse(asked.area)
        if area is None:
            raise AppError("area-unknown")
        under = areas.villages_under(session, area.code, VILLAGES_PER_EXPORT_MAX + 1)
        desas = [desa for desa in under if _covers(held, desa)]
    else:
        desas = sorted({_village_code(desa) for desa in asked.desas})
        known = areas.known_codes(session, desas)
        if not all(desa in known and _covers(held, desa) for desa in desas):
            raise AppError("not-found")
    if not desas:
        raise AppError("not-found")
    if len(desas) > VILLAGES_PER_EXPORT_MAX:
        raise AppError(
            "value-refused", f"An export has at most {VILLAGES_PER_EXPORT_MAX} villages."
        )
    return desas


def _covers(held: Sequence[str], desa: str) -> bool:
    return any(desa.startswith(area) for area in held)


def _village_code(text: str) -> str:
    parsed = KodeWilayah.parse(text)
    if parsed is None or parsed.level is not Level.DESA:
        raise AppError("area-unknown", "A village's code has ten digits, with or without dots.")
    return parsed.code


def _places(session: Session, desas: Sequence[str], period: str) -> Mapping[str, Place]:
    codes = {desa[:size] for desa in desas for size in _LEVELS}
    named = named_areas(session, codes)
    return {desa: Place(desa, _names(desa, named), {"periode": period}) for desa in desas}


def _names(desa: str, named: Mapping[str, tuple[str, str | None]]) -> dict[str, Json]:
    names: dict[str, Json] = {}
    bps = named.get(desa, ("", None))[1]
    for size, level in _LEVELS.items():
        name, own = named.get(desa[:size], ("", None))
        # Under a heading of its own the word would stand twice; a city keeps its "Kota".
        names[level] = name.removeprefix("Kabupaten ")
        names[f"kode_{level}"] = desa[:size]
        # The statistics office's codes nest as well: a village's tells those of all above it.
        names[f"kode_bps_{level}"] = own or (bps[: _BPS_DIGITS[level]] if bps else None)
    return names


def _with_facts(place: Place, digest: str, frozen_at: datetime) -> Place:
    facts: dict[str, Json] = {
        **place.facts,
        "cap": digest,
        "ditetapkan": frozen_at.date().isoformat(),
    }
    return replace(place, facts=facts)
