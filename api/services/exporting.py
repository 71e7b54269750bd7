"""Files out: made of what villages signed, kept under their hash, noted, and followed upstream.

The story of an export: choose the villages, make the files (or only the report), keep them, note
each village's part with its receipt, and tell its round. Nothing here looks at the live register
unless a draft is asked for, and a draft has neither receipt nor consequences.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import orjson
from sqlmodel import Session

from api.errors import AppError
from api.formats.exports.loading import (
    BadProfile,
    CompiledProfile,
    load_profile,
    load_profiles,
)
from api.formats.exports.producing import AnswerRow, Production, examine, produce
from api.formats.exports.writing import Making
from api.randomness import new_id
from api.services.exporting_files import keep_file, workshop
from api.services.exporting_villages import (
    AskedVillages,
    ChosenVillages,
    chosen_villages,
    opened_villages,
    still_signed,
)
from api.services.reviewers import Reviewer
from api.services.rounds import Asked as AskedStep
from api.services.rounds import step
from api.settings import Settings
from models.database import Database
from models.queries import exports, feeds
from models.queries.auditing import append
from models.queries.exports import DRAFT, Moved, StoredExport
from models.queries.frozen import frozen_note
from sync.canonical import canonical_json
from sync.signoff import Event, State
from sync.types import Json

RECEIPT_CHARACTERS: Final = 16
"""Base32: 80 bits, to be read over a telephone."""
NOTE_CHARACTERS_MAX: Final = 500
STATES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "diunduh": frozenset({"diunggah"}),
        "diunggah": frozenset({"diterima", "ditolak"}),
        "diterima": frozenset(),
        "ditolak": frozenset(),
        DRAFT: frozenset(),
    }
)
"""State → where it may go. A refused file is corrected and exported anew."""
FIRST: Final = "diunduh"


@dataclass(frozen=True, slots=True)
class AskedExport:
    """What somebody asks for."""

    profile: CompiledProfile
    villages: AskedVillages
    for_excel: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where an export is made: the database, the settings, and in whose name."""

    database: Database
    settings: Settings
    reviewer: Reviewer


@dataclass(frozen=True, slots=True)
class Examined:
    """The report that comes before the files."""

    asked: AskedExport
    chosen: ChosenVillages
    production: Production

    @property
    def desas(self) -> list[str]:
        return [one.desa for one in self.chosen.villages]


@dataclass(frozen=True, slots=True)
class Made(Examined):
    """Files that are made and kept; not yet noted."""

    id: str
    at: datetime
    folder: Path
    receipt: str | None
    is_draft: bool
    files: Sequence[Mapping[str, Json]] = field(default_factory=tuple)

    def answers(self, desa: str) -> list[dict[str, object]]:
        """The village's rows that will be answered about."""
        path = self.folder / f"{desa}.rows"
        return [orjson.loads(line) for line in path.read_bytes().splitlines()]


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, CompiledProfile]:
    return MappingProxyType(load_profiles())


def profiles(settings: Settings) -> Mapping[str, CompiledProfile]:
    """Every profile of the installation, by name. Raises `AppError` `profile-refused`."""
    if settings.export_profiles_dir is None:
        return _shipped()
    try:
        return load_profiles(settings.export_profiles_dir)
    except BadProfile as error:
        raise AppError("profile-refused", str(error)) from None


def profile_named(settings: Settings, name: str, file: Path | None = None) -> CompiledProfile:
    """A profile of the installation, or one in a file. Raises `AppError` `profile-refused`."""
    if file is not None:
        try:
            return load_profile(file)
        except BadProfile as error:
            raise AppError("profile-refused", str(error)) from None
    known = profiles(settings)
    if name not in known:
        raise AppError("profile-refused", f"No such profile; there are {', '.join(known)}.")
    return known[name]


def examined(place: Place, asked: AskedExport) -> Examined:
    """What the files would hold, what would be left out, and why. Writes nothing."""
    chosen = _chosen(place, asked)
    now = place.reviewer.now.astimezone(place.settings.zone)
    villages = opened_villages(place.database, chosen, asked.villages, now)
    return Examined(asked, chosen, examine(asked.profile, villages))


def note_check(session: Session, reviewer: Reviewer, found: Examined, desa: str) -> None:
    """A report names people of the village, so that somebody read it is on record."""
    profile = found.asked.profile.profile
    period = found.asked.villages.period
    entry = reviewer.entry("export-checked", profile=profile.name, period=period)
    append(session, desa, entry)


@contextmanager
def made(place: Place, asked: AskedExport) -> Iterator[Made]:
    """Make the files and keep them. Inside the block each village's part is to be noted.

    Raises `AppError` as `chosen_villages`, and `version-changed` if a village was opened again.
    """
    chosen = _chosen(place, asked)
    reviewer, is_draft = place.reviewer, asked.villages.draft
    with workshop(place.settings.data_dir) as folder:
        making = _making(asked, chosen, folder)
        now = reviewer.now.astimezone(place.settings.zone)
        villages = opened_villages(place.database, chosen, asked.villages, now)
        places = [one.place for one in chosen.villages]
        production = produce(asked.profile, villages, making, places, _spool(folder))
        files: list[dict[str, Json]] = [
            {
                "name": one.name,
                "sha256": one.sha256,
                "bytes": one.size_bytes,
                "rows": one.rows,
                "media_type": one.media_type,
            }
            for one in production.files
        ]
        for one in production.files:
            keep_file(place.settings.data_dir, one)
        number = new_id(reviewer.now, reviewer.randomness)
        receipt = None if is_draft else _receipt(place, asked, chosen, number, files)
        yield Made(
            asked, chosen, production, number, reviewer.now, folder, receipt, is_draft, files
        )


def note_village(session: Session, reviewer: Reviewer, made: Made, desa: str) -> StoredExport:
    """Write down one village's part, and tell its round if this is the first final file of it.

    Raises `AppError` `version-changed` if it no longer stands by what was exported.
    """
    (noted,) = [one for one in made.chosen.villages if one.desa == desa]
    if not made.is_draft:
        _tell_round(session, reviewer, made, desa)
        still_signed(session, noted)
    (tally,) = [one for one in made.production.tallies if one.desa == desa]
    profile = made.asked.profile.profile
    report = [one.as_json() for one in made.production.problems if one.desa == desa]
    export = StoredExport(
        desa=desa,
        id=made.id,
        period=made.asked.villages.period,
        profile=profile.name,
        profile_version=profile.version,
        title=profile.title,
        for_excel=made.asked.for_excel,
        draft=made.is_draft,
        state=DRAFT if made.is_draft else FIRST,
        snapshot=tally.hash,
        villages=len(made.chosen.villages),
        rows=tally.written,
        left_out=tally.blocked,
        problems=len(report),
        files=made.files,
        receipt=made.receipt,
        created_at=made.at,
        created_by=reviewer.account_id,
        changed_at=made.at,
        changed_by=reviewer.account_id,
        note="",
    )
    exports.add_export(session, export, report)
    if profile.answered and not made.is_draft:
        exports.add_waiting(session, desa, made.id, made.answers(desa))
    hashes: list[Json] = [file["sha256"] for file in made.files]
    append(
        session,
        desa,
        reviewer.entry(
            "export",
            export=made.id,
            profile=profile.name,
            version=profile.version,
            period=export.period,
            draft=made.is_draft,
            snapshot=tally.hash,
            rows=tally.written,
            left_out=tally.blocked,
            files=hashes,
        ),
    )
    return export


def move(
    session: Session, reviewer: Reviewer, export: str, state: str, note: str
) -> list[StoredExport]:
    """Say how far an export came upstream: uploaded, taken, refused.

    Raises `AppError`: `not-found`, `value-refused` for a state that does not follow,
    `version-changed` if somebody else said something meanwhile.
    """
    parts = found_export(session, reviewer, export)
    before = parts[0].state
    if state not in STATES[before]:
        allowed = ", ".join(sorted(STATES[before])) or "nothing: export anew"
        raise AppError("value-refused", f"From {before} an export goes on to {allowed}.")
    moved = Moved(before, state, reviewer.now, reviewer.account_id, note[:NOTE_CHARACTERS_MAX])
    desas = [one.desa for one in parts]
    if exports.move_export(session, desas, export, moved) != len(parts):
        raise AppError("version-changed")
    for desa in desas:
        entry = reviewer.entry("export-state", export=export, before=before, state=state)
        append(session, desa, entry)
    return found_export(session, reviewer, export)


def found_export(session: Session, reviewer: Reviewer, export: str) -> list[StoredExport]:
    """Every village's part in an export. Raises `AppError` `not-found`."""
    parts = exports.export_villages(session, reviewer.sight, export)
    if not parts:
        raise AppError("not-found")
    return parts


def receipt_of(parts: Sequence[StoredExport]) -> dict[str, Json]:
    """What can be shown to anybody: which files, of which signed villages, who and when.

    Raises `AppError` `not-found` for a draft, which has none.
    """
    first = parts[0]
    if first.receipt is None:
        raise AppError("not-found", "A draft has no receipt.")
    return {
        "receipt": first.receipt,
        "export": first.id,
        "profile": first.profile,
        "profile_version": first.profile_version,
        "period": first.period,
        "state": first.state,
        "created_at": first.created_at.isoformat(),
        "created_by": first.created_by,
        "rows": sum(one.rows for one in parts),
        "left_out": sum(one.left_out for one in parts),
        "villages": [
            {"desa": one.desa, "snapshot": one.snapshot, "rows": one.rows} for one in parts
        ],
        "files": [dict(file) for file in first.files],
    }


def _chosen(place: Place, asked: AskedExport) -> ChosenVillages:
    with place.database.reading() as session:
        return chosen_villages(session, place.reviewer, asked.villages, place.settings.zone)


def _making(asked: AskedExport, chosen: ChosenVillages, folder: Path) -> Making:
    profile = asked.profile.profile
    snapshot = "draf" if asked.villages.draft else chosen.snapshot
    return Making(
        folder=folder,
        title=f"{profile.title}, {asked.villages.period}",
        subject=f"{profile.name} {profile.version}; {snapshot}",
        created=chosen.created,
        is_draft=asked.villages.draft,
        for_excel=asked.for_excel,
    )


class _Spooled:
    """Answerable rows wait on the disk, so that a kecamatan's do not wait in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, desa: str, rows: Sequence[AnswerRow]) -> None:
        lines = b"".join(orjson.dumps(row) + b"\n" for row in rows)
        (self._folder / f"{desa}.rows").write_bytes(lines)


def _spool(folder: Path) -> _Spooled:
    return _Spooled(folder)


def _receipt(
    place: Place,
    asked: AskedExport,
    chosen: ChosenVillages,
    number: str,
    files: Sequence[Mapping[str, Json]],
) -> str:
    """A code that only this installation can make, over everything the receipt says."""
    profile = asked.profile.profile
    body = canonical_json(
        {
            "export": number,
            "profile": profile.name,
            "version": profile.version,
            "period": asked.villages.period,
            "snapshot": chosen.snapshot,
            "by": place.reviewer.account_id,
            "at": place.reviewer.now.isoformat(),
            "files": [dict(one) for one in files],
        }
    )
    mac = hmac.new(place.settings.secret, b"lokus export receipt" + body, hashlib.sha256).digest()
    return base64.b32encode(mac).decode()[:RECEIPT_CHARACTERS]


def _tell_round(session: Session, reviewer: Reviewer, made: Made, desa: str) -> None:
    """The first final file of a signed village takes its round a step on."""
    (noted,) = [one for one in made.chosen.villages if one.desa == desa]
    # In the village's turn, so that of two first exports one takes the step and the other sees it.
    feeds.take_turn(session, desa)
    note = frozen_note(session, desa, noted.hash)
    if note is not None and note.state == State.DISAHKAN:
        asked = AskedStep(Event.DIEKSPOR, detail={"export": made.id})
        step(session, reviewer, desa, made.asked.villages.period, asked)
