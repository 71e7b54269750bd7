"""What a village, its head and the areas around it are called: each district has its own words.

In law all of them are "desa"; in Lampung Tengah it is a kampung with a kepala kampung, in Lampung
Barat a pekon with a peratin. The table of areas says the village's word (`tingkat`), the file
`localities.toml` says how the head is called there. `LOKUS_LOCALITIES_FILE` names a file of the
same form that adds to it or replaces rows.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.settings import Settings, SettingsError
from models.queries.rt_lists import areas_above

VILLAGE_WORD: Final = "desa"
"""Where the table of areas says no other."""
_PREFIXES: Final = ("kabupaten ", "kota ", "kecamatan ", "provinsi ")


@dataclass(frozen=True, slots=True)
class Words:
    """What a village is called, what its head, and what the meeting of its people."""

    village: str
    head: str
    meeting: str


@dataclass(frozen=True, slots=True)
class Locality:
    """A village with its words and the names around it, none with its level in front."""

    desa: str
    name: str
    words: Words
    kecamatan: str
    kabupaten: str
    kabupaten_level: str
    provinsi: str

    @property
    def title(self) -> str:
        """`Kampung Srikaton`."""
        return f"{self.words.village.title()} {self.name}"


def locality(session: Session, settings: Settings, desa: str) -> Locality:
    """The village's place. Raises `AppError` ``not-found`` for a code that no area has."""
    found = areas_above(session, desa)
    if desa not in found:
        raise AppError("not-found")
    known = words(settings.localities_file)
    level = found[desa][1].lower()
    kabupaten, kabupaten_level = found.get(desa[:4], ("", "kabupaten"))
    return Locality(
        desa,
        _bare(found[desa][0]),
        known.get(level) or known[VILLAGE_WORD],
        _bare(found.get(desa[:6], ("", ""))[0]),
        _bare(kabupaten),
        "kota" if kabupaten_level == "kota" else "kabupaten",
        _bare(found.get(desa[:2], ("", ""))[0]),
    )


@lru_cache(maxsize=8)
def words(extra: Path | None = None) -> Mapping[str, Words]:
    """Level → its words. Raises `SettingsError` for a file that cannot be read as such."""
    shipped = files("api.services").joinpath("localities.toml").read_text(encoding="utf-8")
    table = tomllib.loads(shipped)
    try:
        if extra is not None:
            table |= tomllib.loads(extra.read_text(encoding="utf-8"))
        return {
            level: Words(str(row["village"]), str(row["head"]), str(row["meeting"]))
            for level, row in table.items()
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            "LOKUS_LOCALITIES_FILE: expected tables such as [pekon] with village, head and meeting"
        ) from error


def _bare(name: str) -> str:
    lower = name.lower()
    prefix = next((one for one in _PREFIXES if lower.startswith(one)), "")
    return name[len(prefix) :]
