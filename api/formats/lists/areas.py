"""In which village is a row? By code; by name only where the code is missing, never by guess.

Two numberings are in use, and they contradict each other: Kemendagri's 1802 is BPS's 1805, and
BPS's 1802 is somewhere else. A format says which one it follows; the other is taken only where the
first knows nothing and the name in the same row agrees.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Self, TypeAlias

from api.formats.lists.cells import is_blank

VILLAGE_DIGITS: Final = 10

Numbering: TypeAlias = Literal["bps", "kemendagri", "either"]


class Area(NamedTuple):
    """One row of the table of areas (`wilayah`)."""

    kode: str
    """Kemendagri's, without dots: 2, 4, 6 or 10 digits."""
    nama: str
    kode_bps: str | None = None
    nama_lain: str | None = None
    """Other spellings, separated by `;`."""


class Names(NamedTuple):
    """What a row calls its area, each empty where the file has no such column."""

    kabupaten: str = ""
    kecamatan: str = ""
    desa: str = ""


_LEVEL_WORDS: Final = re.compile(
    r"^(?:kampung|kamp|kp|desa|ds|pekon|pkn|kelurahan|kel|tiyuh|nagari|gampong|kecamatan|kec"
    r"|kabupaten|kab|kota)\b[\s.]*"
)
_NO_LETTER: Final = re.compile(r"[^a-z0-9]")


def name_key(text: str) -> str:
    """By which names are compared: without the word for the level, blanks and punctuation."""
    plain = unicodedata.normalize("NFKD", text).casefold().strip()
    bare = _NO_LETTER.sub("", _LEVEL_WORDS.sub("", plain))
    # A village that is called "Desa" alone would otherwise match anything that is.
    return bare or _NO_LETTER.sub("", plain)


def code_key(text: str) -> str:
    """A code without dots, blanks and what a float leaves behind; "" where it is not digits."""
    bare = text.strip().strip("'\"")
    if bare.endswith(".0") and bare.count(".") == 1:
        bare = bare[:-2]
    bare = bare.replace(".", "").replace(" ", "").replace("-", "")
    return bare if bare.isascii() and bare.isdecimal() and bare.strip("0") else ""


@dataclass(frozen=True, slots=True)
class AreaBook:
    """All areas that the register knows, ready to be asked for a village."""

    codes: frozenset[str]
    """Villages, by Kemendagri's code."""
    by_bps: Mapping[str, str]
    names: Mapping[str, frozenset[str]]
    """Code of any level → its names, as `name_key` has them."""
    by_name: Mapping[str, frozenset[str]]
    """Name → the areas of all levels that bear it."""

    @classmethod
    def of(cls, areas: Iterable[Area]) -> Self:
        """A book of the rows of the table of areas."""
        names: dict[str, frozenset[str]] = {}
        by_name: defaultdict[str, set[str]] = defaultdict(set)
        by_bps: dict[str, str] = {}
        for area in areas:
            spellings = (area.nama, *(area.nama_lain or "").split(";"))
            names[area.kode] = frozenset(filter(None, map(name_key, spellings)))
            for name in names[area.kode]:
                by_name[name].add(area.kode)
            if area.kode_bps and len(area.kode) == VILLAGE_DIGITS:
                by_bps[area.kode_bps] = area.kode
        villages = frozenset(code for code in names if len(code) == VILLAGE_DIGITS)
        frozen = {name: frozenset(codes) for name, codes in by_name.items()}
        return cls(villages, by_bps, names, frozen)

    def village(self, code: str, names: Names, numbering: Numbering) -> str | None:
        """The ten digits of the village; None where it is unknown or not certain."""
        if not is_blank(code):
            return self._by_code(code_key(code), names, numbering)
        return self._by_names(names)

    def _by_code(self, code: str, names: Names, numbering: Numbering) -> str | None:
        bps = self.by_bps.get(code)
        kemendagri = code if code in self.codes else None
        first, second = (kemendagri, bps) if numbering == "kemendagri" else (bps, kemendagri)
        if first is not None and second is not None and first != second:
            if numbering != "either":
                return first
            agreeing = [found for found in (first, second) if self._is_called(found, names.desa)]
            return agreeing[0] if len(agreeing) == 1 else None
        if first is not None or numbering == "either":
            return first or second
        # Some office has translated the codes of a file: only a name in the row may say so.
        return second if second is not None and self._is_called(second, names.desa) else None

    def _is_called(self, code: str, name: str) -> bool:
        return bool(name) and name_key(name) in self.names[code]

    def _by_names(self, names: Names) -> str | None:
        districts = self._named(names.kecamatan, 6)
        if names.kabupaten:
            kabupaten = self._named(names.kabupaten, 4)
            districts = {code for code in districts if code[:4] in kabupaten}
        if len(districts) != 1 or not names.desa:
            return None
        district = districts.pop()
        villages = [
            code for code in self._named(names.desa, VILLAGE_DIGITS) if code.startswith(district)
        ]
        return villages[0] if len(villages) == 1 else None

    def _named(self, name: str, size: int) -> set[str]:
        return {code for code in self.by_name.get(name_key(name), ()) if len(code) == size}
