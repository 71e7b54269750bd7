"""From villages to files: rows are taken, checked, and written or left out, a village at a time.

What is written is counted three times: by the source against the snapshot, by the writers, and in
the finished bytes. Where they differ nothing leaves, because a list that silently lacks a family is
worse than none.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from api.formats.exports.checking import Problem, RowChecks
from api.formats.exports.counting import rows_in
from api.formats.exports.loading import CompiledFile, CompiledProfile
from api.formats.exports.row import ExportVillage, Place, Row
from api.formats.exports.writing import MEDIA_TYPES, XLSX_ROWS_MAX, Making, Writer, writer_of
from sync.types import Json

PROBLEMS_LISTED_MAX: Final = 2_000
"""Each is counted; so many are told row by row."""
ROWS_PER_FILE_MAX: Final = XLSX_ROWS_MAX - 1
"""One line is kept for totals."""
_STEP_BYTES: Final = 1024 * 1024
_OTHER: Final = re.compile(r"[^a-z0-9]+")


class RowsMissing(AssertionError):
    """Rows of the snapshot are not where they should be. A mistake of ours; nothing was kept."""


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """A row that the ministry will answer about: who is proposed for what."""

    n: int
    nik: str
    record: str
    keluarga: str
    rt: str
    program: str


Sink: TypeAlias = Callable[[str, Sequence[AnswerRow]], None]
"""Takes the answerable rows of one village."""


@dataclass(slots=True)
class Tally:
    """What became of one village's rows, over all files."""

    desa: str
    hash: str
    families: int
    persons: int
    candidates: int = 0
    written: int = 0
    blocked: int = 0
    filtered: int = 0
    """Walked by the source and not meant by the profile's filter."""

    def as_json(self) -> dict[str, Json]:
        return {
            "desa": self.desa,
            "snapshot": self.hash,
            "families": self.families,
            "persons": self.persons,
            "rows": self.written,
            "left_out": self.blocked,
        }


@dataclass(frozen=True, slots=True)
class ProducedFile:
    """A finished file in the folder where files are made."""

    name: str
    path: Path
    sha256: str
    size_bytes: int
    rows: int
    media_type: str


@dataclass(slots=True)
class Production:
    """The files, and the report that comes before them."""

    files: list[ProducedFile] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """Code of a problem → how often."""
    blocking: int = 0

    @property
    def rows(self) -> int:
        return sum(tally.written for tally in self.tallies)

    @property
    def left_out(self) -> int:
        return sum(tally.blocked for tally in self.tallies)

    def take(self, found: Sequence[Problem]) -> bool:
        """Note problems; does one of them keep the row out?"""
        blocks = False
        for one in found:
            self.counts[one.code] += 1
            if one.blocks:
                self.blocking += 1
                blocks = True
            if len(self.problems) < PROBLEMS_LISTED_MAX:
                self.problems.append(one)
        return blocks


def produce(
    profile: CompiledProfile,
    villages: Iterable[ExportVillage],
    making: Making,
    places: Sequence[Place],
    sink: Sink,
) -> Production:
    """Write all files of a profile. `villages` come in order of code, and each is seen once.

    `places` are all villages that will come. Raises `RowsMissing`.
    """
    production = Production()
    shelf = _Shelf(profile, making, places)
    run = _Run(_checked(profile), production, shelf)
    try:
        for export in villages:
            shelf.turn_to(export.place)
            tally, answers = _village(export, run)
            production.tallies.append(tally)
            sink(export.desa, answers)
    finally:
        shelf.close()
    production.files = shelf.finished()
    _compare(production, shelf.taken)
    return production


def examine(profile: CompiledProfile, villages: Iterable[ExportVillage]) -> Production:
    """The report alone: what `produce` would write and leave out."""
    production = Production()
    run = _Run(_checked(profile), production, None)
    for export in villages:
        tally, _ = _village(export, run)
        production.tallies.append(tally)
    return production


@dataclass(frozen=True, slots=True)
class _Run:
    """One run over villages: the files with their checks, and where rows and problems go."""

    files: Sequence[tuple[CompiledFile, RowChecks]]
    production: Production
    shelf: "_Shelf | None"
    """None where nothing is written."""


def _checked(profile: CompiledProfile) -> Sequence[tuple[CompiledFile, RowChecks]]:
    return [(file, RowChecks(file)) for file in profile.files]


def _village(export: ExportVillage, run: _Run) -> tuple[Tally, list[AnswerRow]]:
    families = export.village.families
    persons = sum(len(family.members) for family in families)
    tally = Tally(export.desa, export.hash, len(families), persons)
    answers: list[AnswerRow] = []
    for number, (file, _) in enumerate(run.files):
        walked = _file(export, number, run, tally, answers)
        _compare_source(file, tally, walked)
    return tally, answers


def _file(
    export: ExportVillage, number: int, run: _Run, tally: Tally, answers: list[AnswerRow]
) -> int:
    """Walk the rows of one file; how many the source had."""
    file, checks = run.files[number]
    columns = [column.cell for column in file.columns]
    walked = 0
    for row in file.source.rows(export, file.spec):
        walked += 1
        if not all(holds(row) for holds in file.filter):
            tally.filtered += 1
            continue
        tally.candidates += 1
        cells = [cell(row) for cell in columns]
        found = checks.problems(row, cells)
        if found and run.production.take(found):
            tally.blocked += 1
            continue
        tally.written += 1
        if run.shelf is not None:
            run.shelf.writer(number, row).add(row, cells)
            if row.program and row.member is not None:
                answers.append(_answer(row, len(answers) + 1))
    return walked


def _answer(row: Row, n: int) -> AnswerRow:
    nik = str(row.anggota.get("nik") or "")
    return AnswerRow(n, nik, row.record, row.family.id, row.family.rt, row.program)


def _compare_source(file: CompiledFile, tally: Tally, walked: int) -> None:
    """Did the source pass over everybody whom it is about?"""
    expected = {"anggota": tally.persons, "keluarga": tally.families, "rekap": 1}
    if walked != expected.get(file.spec.rows.source, walked):
        raise RowsMissing(f"{file.spec.stem}: {walked} rows for a village of {tally}")


def _compare(production: Production, taken: int) -> None:
    written = sum(tally.written for tally in production.tallies)
    accounted = written + sum(tally.blocked for tally in production.tallies)
    if accounted != sum(tally.candidates for tally in production.tallies):
        raise RowsMissing("rows were neither written nor named")
    if not written == taken == sum(file.rows for file in production.files):
        raise RowsMissing("the files do not hold the rows that were written")


@dataclass(slots=True)
class _Open:
    writer: Writer
    path: Path
    name: str
    file: CompiledFile
    area: str


class _Shelf:
    """The files that are being written, by what they are split by."""

    def __init__(self, profile: CompiledProfile, making: Making, places: Sequence[Place]) -> None:
        self.taken = 0
        self._profile = profile
        self._making = making
        self._in_kecamatan = Counter(place.kecamatan for place in places)
        self._whole = places
        self._place: Place | None = None
        self._open: dict[tuple[int, str, str], _Open] = {}
        self._parts: Counter[str] = Counter()
        self._done: list[_Open] = []

    def turn_to(self, place: Place) -> None:
        """The next village begins: close what belongs to areas that were left."""
        self._place = place
        for key, one in list(self._open.items()):
            if one.area != self._area(one.file):
                self._finish(key)
        for number, file in enumerate(self._profile.files):
            if "program" not in file.spec.split:
                self._writer(number, "")

    def writer(self, number: int, row: Row) -> Writer:
        """Where a row of the file belongs."""
        splits = self._profile.files[number].spec.split
        found = self._writer(number, row.program if "program" in splits else "")
        self.taken += 1
        return found

    def _writer(self, number: int, program: str) -> Writer:
        file = self._profile.files[number]
        key = (number, self._area(file), program)
        held = self._open.get(key)
        if held is not None and held.writer.rows >= ROWS_PER_FILE_MAX:
            self._finish(key)
            held = None
        if held is None:
            held = self._begin(file, key)
        return held.writer

    def _begin(self, file: CompiledFile, key: tuple[int, str, str]) -> _Open:
        name = self._name(file, key[2])
        self._parts[name] += 1
        stem, dot, ending = name.rpartition(".")
        if self._parts[name] > 1:
            name = f"{stem}-{self._parts[name]}{dot}{ending}"
        path = self._making.folder / f"{len(self._done) + len(self._open)}.{file.spec.format}"
        title = f"{self._profile.profile.title} {key[2]}".strip()
        held = _Open(writer_of(file, path, self._making, title), path, name, file, key[1])
        self._open[key] = held
        return held

    def _area(self, file: CompiledFile) -> str:
        place = self._place
        assert place is not None, "a village was turned to"
        if "desa" in file.spec.split:
            return place.desa
        return place.kecamatan if "kecamatan" in file.spec.split else ""

    def _name(self, file: CompiledFile, program: str) -> str:
        place = self._place
        assert place is not None, "a village was turned to"
        area = self._area(file)
        is_alone = len(self._whole) == 1 or self._in_kecamatan[place.kecamatan] == 1
        if len(area) == len(place.desa) or (is_alone and (area or len(self._whole) == 1)):
            area = f"{place.desa}-{slug(place.name('desa'))}"
        elif area:
            area = f"{area}-{slug(place.name('kecamatan'))}"
        else:
            area = f"{place.desa[:4]}-{slug(place.name('kabupaten'))}"
        parts = [
            "DRAF" if self._making.is_draft else "",
            file.spec.stem,
            slug(program),
            area.rstrip("-"),
            str(place.facts.get("periode") or ""),
            "untuk-excel" if self._making.for_excel and file.spec.format == "csv" else "",
        ]
        return "-".join(part for part in parts if part) + f".{file.spec.format}"

    def _finish(self, key: tuple[int, str, str]) -> None:
        one = self._open.pop(key)
        one.writer.close()
        self._done.append(one)

    def close(self) -> None:
        for key in list(self._open):
            self._finish(key)

    def finished(self) -> list[ProducedFile]:
        """All files, counted and hashed, in the order of their names."""
        return sorted(
            (_produced(one, self._making) for one in self._done), key=lambda one: one.name
        )


def _produced(one: _Open, making: Making) -> ProducedFile:
    spec = one.file.spec
    rows = rows_in(one.path, spec, making.delimiter(spec))
    if rows != one.writer.rows:
        raise RowsMissing(f"{one.name}: {rows} rows in the file, {one.writer.rows} written")
    digest = hashlib.sha256()
    with one.path.open("rb") as content:
        while step := content.read(_STEP_BYTES):
            digest.update(step)
    size = one.path.stat().st_size
    media = MEDIA_TYPES[spec.format]
    return ProducedFile(one.name, one.path, digest.hexdigest(), size, rows, media)


def slug(text: str) -> str:
    """A name as a part of a file's name: lower case, ASCII, hyphens."""
    plain = text.lower().encode("ascii", "ignore").decode()
    return _OTHER.sub("-", plain).strip("-")
