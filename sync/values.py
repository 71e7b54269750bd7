"""Numbers and codes that name people and places, parsed once and valid for ever.

A NIK (16 digits) is `PPKKCC DDMMYY NNNN`: Kemendagri's code of the district of *first*
registration, the birth date with 40 added to a woman's day, a serial from 0001. It does not change
when its bearer moves, not even when the birth date is corrected. A No KK has the same shape with
the day of issue and no 40; it changes with every move, death of the head, divorce or split.

Recorded numbers are neither complete nor unique nor always well formed, so a malformed one is a
*finding* that is kept, shown and blocks the sign-off; it is never a reason to refuse what somebody
wrote down. A valid form does not mean that Dukcapil knows the number.

No text, `repr` or finding in this module contains a number of a person.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, Literal, Self

PROVINCES: Final = frozenset(
    str(code)
    for first, last in (
        (11, 19),
        (21, 21),
        (31, 36),
        (51, 53),
        (61, 65),
        (71, 76),
        (81, 82),
        (91, 96),
    )
    for code in range(first, last + 1)
)
"""Kemendagri's codes of the 38 provinces (Kepmendagri 300.2.2-2138/2025)."""

AGE_YEARS_MAX: Final = 110
"""Above this age a two-digit year means the younger century."""

_WOMAN: Final = 40
_SHAPE: Final = re.compile(r"[0-9]{16}")
_DIGITS: Final = re.compile(r"[0-9]+")
_SCIENTIFIC: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE][+]?[0-9]+")


class Severity(StrEnum):
    """An error blocks the village's sign-off; a warning asks somebody to look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class NumberFinding:
    """What is wrong with a recorded number, without the number."""

    code: str
    severity: Severity
    message_id: str
    message_en: str


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_NUMBERS: Final = {
    "nik": {"id": "NIK", "en": "NIK", "card_id": "KTP", "card_en": "identity card"},
    "kk": {"id": "Nomor KK", "en": "No KK", "card_id": "kartu keluarga", "card_en": "family card"},
}
_SHARED: Final = (
    (
        "scientific",
        _ERROR,
        "{id} rusak oleh lembar sebar",
        "A spreadsheet has rounded the {en}",
    ),
    ("digits", _ERROR, "{id} hanya boleh berisi angka", "The {en} may have digits only"),
    ("length", _ERROR, "{id} harus 16 angka", "The {en} must have 16 digits"),
    ("repeated", _ERROR, "{id} bukan satu angka yang diulang", "The {en} is one digit repeated"),
    (
        "province",
        _ERROR,
        "Dua angka pertama {id} bukan kode provinsi",
        "The first two digits of the {en} are no province",
    ),
    (
        "date",
        _ERROR,
        "Angka ke-7 sampai ke-12 {id} bukan tanggal",
        "Digits 7 to 12 of the {en} are no date",
    ),
    (
        "serial",
        _ERROR,
        "Empat angka terakhir {id} tidak mungkin 0000",
        "The last four digits of the {en} cannot be 0000",
    ),
    (
        "rounded",
        _WARNING,
        "{id} berakhir 000, mungkin dibulatkan lembar sebar",
        "The {en} ends in 000, as if a spreadsheet had rounded it",
    ),
    (
        "district-unknown",
        _WARNING,
        "Kode kecamatan pada {id} tidak dikenal, mungkin kode lama",
        "The district in the {en} is not known; it may be an old code",
    ),
)
_OF_NIK: Final = (
    (
        "birth-date",
        _WARNING,
        "Tanggal lahir berbeda dengan {id}",
        "The birth date differs from the {en}",
    ),
    ("sex", _WARNING, "Jenis kelamin berbeda dengan {id}", "The sex differs from the {en}"),
)


def _finding(
    prefix: str, code: str, severity: Severity, message_id: str, message_en: str
) -> NumberFinding:
    words = _NUMBERS[prefix]
    return NumberFinding(
        f"{prefix}-{code}",
        severity,
        f"{message_id}; periksa {{card_id}}.".format(**words),
        f"{message_en}; check the {{card_en}}.".format(**words),
    )


_FINDINGS: Final = {
    finding.code: finding
    for finding in (
        *(_finding(prefix, *row) for prefix in _NUMBERS for row in _SHARED),
        *(_finding("nik", *row) for row in _OF_NIK),
    )
}


@dataclass(frozen=True, slots=True)
class Districts:
    """The districts (kecamatan, six digits) that the table of areas holds.

    A table of one province says nothing about numbers from elsewhere, so a code is doubted only
    where the table is known to be complete: inside a kabupaten of which it holds a kecamatan,
    or everywhere once it holds kecamatan of all 38 provinces.
    """

    codes: frozenset[str] = frozenset()
    kabupaten: frozenset[str] = field(init=False)
    is_national: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kabupaten", frozenset(code[:4] for code in self.codes))
        provinces = {code[:2] for code in self.codes}
        object.__setattr__(self, "is_national", provinces >= PROVINCES)

    def doubts(self, district: str) -> bool:
        """Is this six-digit code none of ours, in a place where ours are complete?"""
        return district not in self.codes and (self.is_national or district[:4] in self.kabupaten)


NO_DISTRICTS: Final = Districts()


@dataclass(frozen=True, slots=True)
class Birth:
    """A birth date read from a NIK; `is_ambiguous` when both centuries give a possible age."""

    day: date
    is_ambiguous: bool


def masked(digits: str) -> str:
    """Stars for all but the last four characters; a short text is hidden whole."""
    shown = digits[-4:] if len(digits) > 8 else ""
    return "*" * (len(digits) - len(shown)) + shown


def _masked_repr(number: "Nik | NomorKk") -> str:
    return f"{type(number).__name__}({masked(number.digits)})"


@dataclass(frozen=True, slots=True, repr=False)
class Nik:
    """A NIK of valid form. Printing it shows the last four digits; `digits` is the number."""

    digits: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The number without surrounding blanks, or None if `nik_findings` has an error for it."""
        trimmed = text.strip()
        return None if any(_errors("nik", trimmed)) else cls(trimmed)

    # An assignment, because 3.11's library lacks the decorator that a method here would need.
    __repr__ = _masked_repr

    @property
    def district(self) -> str:
        """Six digits: where the bearer was first registered, not where they live."""
        return self.digits[:6]

    @property
    def is_woman(self) -> bool:
        return int(self.digits[6:8]) > _WOMAN

    def birth(self, today: date) -> Birth:
        """The birth date in the century that makes the bearer 0 to 110 years old today.

        Where both centuries do, the later one is returned and marked as ambiguous.
        """
        possible = [
            day
            for day in _dates(self.digits[6:12], is_birth=True)
            if day <= today and today.year - day.year <= AGE_YEARS_MAX
        ]
        # Dates of both centuries may lie outside (29 February, a clock that is far off): then
        # the earlier one is the better guess, because a birth is never in the future.
        fallback = min(_dates(self.digits[6:12], is_birth=True))
        return Birth(max(possible, default=fallback), len(possible) > 1)


@dataclass(frozen=True, slots=True, repr=False)
class NomorKk:
    """A family card's number of valid form. Printing it shows the last four digits."""

    digits: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The number without surrounding blanks, or None if `kk_findings` has an error for it."""
        trimmed = text.strip()
        return None if any(_errors("kk", trimmed)) else cls(trimmed)

    __repr__ = _masked_repr

    @property
    def district(self) -> str:
        """Six digits: where the card was issued."""
        return self.digits[:6]


def is_absent(number: str | None) -> bool:
    """No number at all. Lists also write `0` for a person who has none."""
    return number is None or number.strip() in ("", "0")


def nik_findings(
    text: str,
    *,
    birth_date: date | None = None,
    is_woman: bool | None = None,
    districts: Districts = NO_DISTRICTS,
) -> tuple[NumberFinding, ...]:
    """What is doubtful about a recorded NIK, given what else is recorded about its bearer.

    A present address other than the NIK's district is normal and no finding.
    """
    trimmed = text.strip()
    errors = tuple(_errors("nik", trimmed))
    if errors:
        return tuple(_FINDINGS[code] for code in errors)
    nik = Nik(trimmed)
    doubts = list(_doubts("nik", trimmed, districts))
    if birth_date is not None and not _tells_birthday(nik, birth_date):
        doubts.append("nik-birth-date")
    if is_woman is not None and nik.is_woman != is_woman:
        doubts.append("nik-sex")
    return tuple(_FINDINGS[code] for code in doubts)


def kk_findings(text: str, *, districts: Districts = NO_DISTRICTS) -> tuple[NumberFinding, ...]:
    """What is doubtful about a recorded No KK."""
    trimmed = text.strip()
    codes = tuple(_errors("kk", trimmed)) or tuple(_doubts("kk", trimmed, districts))
    return tuple(_FINDINGS[code] for code in codes)


def _errors(prefix: Literal["nik", "kk"], text: str) -> Iterator[str]:
    if _SCIENTIFIC.fullmatch(text):
        yield f"{prefix}-scientific"
    elif not _DIGITS.fullmatch(text):
        yield f"{prefix}-digits"
    elif not _SHAPE.fullmatch(text):
        yield f"{prefix}-length"
    elif len(set(text)) == 1:
        yield f"{prefix}-repeated"
    else:
        if text[:2] not in PROVINCES:
            yield f"{prefix}-province"
        if not any(_dates(text[6:12], is_birth=prefix == "nik")):
            yield f"{prefix}-date"
        if text[12:] == "0000":
            yield f"{prefix}-serial"


def _doubts(prefix: Literal["nik", "kk"], text: str, districts: Districts) -> Iterator[str]:
    if text.endswith("000"):
        yield f"{prefix}-rounded"
    if districts.doubts(text[:6]):
        yield f"{prefix}-district-unknown"


def _dates(six: str, *, is_birth: bool) -> Iterator[date]:
    """The days that DDMMYY may mean, one per century; none if there is no such day."""
    day, month, year = int(six[:2]), int(six[2:4]), int(six[4:])
    if is_birth and day > _WOMAN:
        day -= _WOMAN
    for century in (1900, 2000):
        try:
            yield date(century + year, month, day)
        except ValueError:
            continue


def _tells_birthday(nik: Nik, birth_date: date) -> bool:
    return birth_date in _dates(nik.digits[6:12], is_birth=True)


class Level(StrEnum):
    """The four levels of administration. Each kabupaten has its own word for `desa`."""

    PROVINSI = "provinsi"
    KABUPATEN = "kabupaten"
    KECAMATAN = "kecamatan"
    DESA = "desa"


_LEVELS: Final = {2: Level.PROVINSI, 4: Level.KABUPATEN, 6: Level.KECAMATAN, 10: Level.DESA}
_AREA: Final = re.compile(r"[0-9]{2}(?:\.?[0-9]{2}(?:\.?[0-9]{2}(?:\.?[0-9]{4})?)?)?")


@dataclass(frozen=True, slots=True, order=True)
class KodeWilayah:
    """Kemendagri's code of an area without dots: 2, 4, 6 or 10 digits."""

    code: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Reads `1802212001` and `18.02.21.2001`; None for anything else."""
        trimmed = text.strip()
        return cls(trimmed.replace(".", "")) if _AREA.fullmatch(trimmed) else None

    @property
    def level(self) -> Level:
        return _LEVELS[len(self.code)]

    def covers(self, other: "KodeWilayah") -> bool:
        """Does `other` lie inside this area (or equal it)? True iff this code is a prefix."""
        return other.code.startswith(self.code)

    def parents(self) -> tuple["KodeWilayah", ...]:
        """The areas that this one lies in, the province first."""
        return tuple(KodeWilayah(self.code[:size]) for size in _LEVELS if size < len(self.code))


_RT: Final = re.compile(r"([0-9]{0,3})(?:/([0-9]{0,3}))?")


@dataclass(frozen=True, slots=True, order=True)
class Rt:
    """A neighbourhood of a village. Both parts have three digits or are empty.

    Written `003/001`, or `003/` in villages without RW; `/` stands for families whose RT nobody
    has recorded yet.
    """

    rt: str
    rw: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Reads `003/001`, and the `3/1`, `3/` or `3` that people type; None for anything else."""
        match = _RT.fullmatch(text.strip())
        if match is None:
            return None
        return cls(*(part and part.zfill(3) for part in match.groups(default="")))

    @property
    def text(self) -> str:
        """As scopes and digests write it."""
        return rt_text(self.rt, self.rw)


def rt_text(rt: str | None, rw: str | None) -> str:
    """The RT of a record from its two fields, as scopes and digests write it."""
    return f"{rt or ''}/{rw or ''}"


def districts_of(codes: Iterable[str]) -> Districts:
    """The kecamatan among the codes of an area table."""
    return Districts(frozenset(code for code in codes if len(code) == 6))
