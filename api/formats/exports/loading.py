"""Read a profile, and say in which line and column it is wrong.

Profiles are written by people of a district office when the ministry changes its template, so an
error names the place in the file and what could have been meant.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from api.formats.exports.columns import CompiledColumn, compiled
from api.formats.exports.paths import BadPath, Condition, condition
from api.formats.exports.places import PlaceInFile, position
from api.formats.exports.profile import FileSpec, Profile
from api.formats.exports.sources import SOURCES, Source
from api.formats.exports.sources.entry import compiled_sections
from sync.policy import FIELDS

PROFILE_BYTES_MAX: Final = 256 * 1024
_SYNTAX: Final = re.compile(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)
_LOCATED: Final = frozenset({"lintang", "bujur"})


class BadProfile(ValueError):
    """A profile that cannot be used; the text names file, line, column and reason."""


@dataclass(frozen=True, slots=True)
class CompiledFile:
    """One file of a profile, ready to be asked row by row."""

    spec: FileSpec
    source: Source
    columns: tuple[CompiledColumn, ...]
    filter: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class CompiledProfile:
    """A profile, ready to be used."""

    profile: Profile
    files: tuple[CompiledFile, ...]


def parse_profile(text: str, name: str = "profile") -> CompiledProfile:
    """Read a profile; `name` stands before each error. Raises `BadProfile`."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadProfile(_syntax(str(error), name)) from None
    try:
        profile = Profile.model_validate(raw)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise BadProfile(
            "\n".join(_told(name, text, one["loc"], one["msg"]) for one in problems)
        ) from None
    return CompiledProfile(
        profile, tuple(_file(spec, n, text, name) for n, spec in enumerate(profile.files))
    )


def load_profiles(folder: Path | None = None) -> dict[str, CompiledProfile]:
    """Name → profile: those that come with Lokus, replaced or joined by those of a folder."""
    found = {}
    for shipped in sorted(_shipped(), key=lambda one: one.name):
        parsed = parse_profile(shipped.read_text(encoding="utf-8"), shipped.name)
        found[parsed.profile.name] = parsed
    for path in sorted(folder.glob("*.toml")) if folder is not None else ():
        parsed = load_profile(path)
        found[parsed.profile.name] = parsed
    return dict(sorted(found.items()))


def load_profile(path: Path) -> CompiledProfile:
    """The profile in a file. Raises `BadProfile`."""
    try:
        if path.stat().st_size > PROFILE_BYTES_MAX:
            raise BadProfile(f"{path.name}: a profile has at most {PROFILE_BYTES_MAX} bytes")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadProfile(f"{path.name}: cannot be read as UTF-8 text: {error}") from None
    return parse_profile(text, path.name)


def _shipped() -> Iterable[Path]:
    folder = files("api.formats.exports").joinpath("profiles")
    return [Path(str(one)) for one in folder.iterdir() if one.name.endswith(".toml")]


def _syntax(message: str, name: str) -> str:
    match = _SYNTAX.fullmatch(message)
    if match is None:
        return f"{name}: {message}"
    return f"{name}, line {match[2]}, column {match[3]}: {match[1]}"


def _told(name: str, text: str, loc: tuple[int | str, ...], message: str) -> str:
    place = position(text, loc)
    dotted = ".".join(str(part) for part in loc)
    said = message.removeprefix("Value error, ")
    return f"{name}, line {place.line}, column {place.column}: {dotted}: {said}"


def _file(spec: FileSpec, number: int, text: str, name: str) -> CompiledFile:
    source = SOURCES[spec.rows.source]
    here: tuple[int | str, ...] = ("files", number)
    columns = []
    for n, column in enumerate(spec.columns):
        try:
            columns.append(compiled(column, source.fields))
        except BadPath as error:
            raise _bad(name, text, (*here, "columns", n, *_key(column.value)), error) from None
    conditions = []
    for n, one in enumerate(spec.rows.filter):
        try:
            conditions.append(condition(one, source.fields))
        except BadPath as error:
            raise _bad(name, text, (*here, "rows", "filter", n), error) from None
    try:
        compiled_sections(spec)
        _check_form(spec, columns)
    except BadPath as error:
        raise _bad(name, text, here, error) from None
    return CompiledFile(spec, source, tuple(columns), tuple(conditions))


def _key(value: str | None) -> tuple[str, ...]:
    return () if value is None else ("value",)


def _check_form(spec: FileSpec, columns: Iterable[CompiledColumn]) -> None:
    """What a form of file does not take."""
    if spec.format == "geojson":
        private = [one.header for one in columns if _is_private(one)]
        if private:
            raise BadPath(f"a map tells nobody's name or number: leave out {', '.join(private)}")
    if spec.sections and spec.rows.source != "entri":
        raise BadPath("sections belong to rows.source = 'entri'")


def _is_private(column: CompiledColumn) -> bool:
    fields: Mapping[str, object] = {**FIELDS["anggota"], **FIELDS["keluarga"]}
    if column.field is None or column.field in _LOCATED:
        return False
    sensitive = [
        FIELDS[entity][column.field].sensitive
        for entity in ("keluarga", "anggota")
        if column.field in FIELDS[entity]
    ]
    return column.field in fields and any(sensitive)


def _bad(name: str, text: str, loc: tuple[int | str, ...], error: BadPath) -> BadProfile:
    return BadProfile(_told(name, text, loc, str(error)))


__all__ = [
    "BadProfile",
    "CompiledFile",
    "CompiledProfile",
    "PlaceInFile",
    "load_profile",
    "load_profiles",
    "parse_profile",
]
