"""Numbers and days in Indonesian words, as a berita acara writes them out."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from api.web.language import Language, day

_ONES: Final = (
    "nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan",
    "sepuluh", "sebelas",
)  # fmt: skip
_DAYS: Final = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_MONTHS: Final = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September",
    "Oktober", "November", "Desember",
)  # fmt: skip
SPELT_MAX: Final = 999_999


def spelt(number: int) -> str:
    """`2026` → `dua ribu dua puluh enam`. From 0 to `SPELT_MAX`, otherwise the digits."""
    if not 0 <= number <= SPELT_MAX:
        return str(number)
    return " ".join(_words(number)) or _ONES[0]


def _words(number: int) -> list[str]:
    for size, name in ((1000, "ribu"), (100, "ratus")):
        if number >= size:
            count, rest = divmod(number, size)
            head = [f"se{name}"] if count == 1 else [*_words(count), name]
            return [*head, *_words(rest)]
    if number < len(_ONES):
        return [_ONES[number]] if number else []
    if number < 20:
        return [_ONES[number - 10], "belas"]
    return [_ONES[number // 10], "puluh", *_words(number % 10)]


def weekday(value: date) -> str:
    """`Sabtu`."""
    return _DAYS[value.weekday()]


def month(value: date) -> str:
    """`November`."""
    return _MONTHS[value.month - 1]


def spelt_day(value: date) -> str:
    """`Sabtu, tanggal dua puluh delapan, bulan November, tahun dua ribu dua puluh enam`."""
    return (
        f"{weekday(value)}, tanggal {spelt(value.day)}, bulan {month(value)}, "
        f"tahun {spelt(value.year)}"
    )


def period_name(period: str) -> str:
    """`2026-11` → `November 2026`; any other name of a period as it is."""
    year, _, number = period.partition("-")
    if len(year) == 4 and year.isdecimal() and number.isdecimal() and 1 <= int(number) <= 12:
        return f"{_MONTHS[int(number) - 1]} {year}"
    return period


def short_date(value: object) -> str:
    """A stored day (`2026-11-03`) as people write it: `03-11-2026`; empty for none."""
    try:
        return f"{date.fromisoformat(str(value)):%d-%m-%Y}"
    except ValueError:
        return "" if value is None else str(value)


def local_moment(value: datetime, zone: ZoneInfo) -> str:
    """`28 November 2026 pukul 16.40 WIB`."""
    local = value.astimezone(zone)
    return f"{day(local, Language.ID)} pukul {local:%H.%M} {local.tzname()}"
