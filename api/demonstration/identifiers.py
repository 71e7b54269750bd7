"""Ids and numbers of people who do not exist: valid in form, visibly fictional.

A real serial in a NIK or a No KK counts the people of one kecamatan who were born (the cards that
were issued) on one day; it starts at 0001 and stays far below a hundred. Here every serial starts
at 9001. Whoever sees such a number knows that it names nobody, and no real number can look like
one of these.
"""

from datetime import UTC, date, datetime
from random import Random
from typing import Final

from api.randomness import new_id

SERIAL_FIRST: Final = 9001
SERIAL_LAST: Final = 9999
_WOMAN_DAYS: Final = 40


class Registrar:
    """Gives out numbers, each once. Two registrars asked the same give the same."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def nik(self, district: str, born: date, *, is_woman: bool) -> str:
        """A new NIK of a person first registered in `district` (kecamatan, six digits)."""
        day = born.day + (_WOMAN_DAYS if is_woman else 0)
        return self._next("nik", f"{district}{day:02}{born.month:02}{born.year % 100:02}")

    def no_kk(self, district: str, issued: date) -> str:
        """A new No KK of a card issued in `district`."""
        return self._next("kk", f"{district}{issued:%d%m%y}")

    def _next(self, kind: str, prefix: str) -> str:
        serial = self._last.get(kind + prefix, SERIAL_FIRST - 1) + 1
        assert serial <= SERIAL_LAST, "more than 999 numbers of one kecamatan and one day"
        self._last[kind + prefix] = serial
        return f"{prefix}{serial}"


def record_id(random: Random, day: date) -> str:
    """An id as a phone makes it (UUIDv7), from a seeded source and the midnight of `day`, UTC."""
    return new_id(datetime(day.year, day.month, day.day, tzinfo=UTC), random.randbytes)
