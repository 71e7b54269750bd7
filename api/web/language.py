"""Which of the two languages a page speaks, and how each writes numbers and times."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import Depends, Request


class Language(StrEnum):
    """Indonesian first."""

    ID = "id"
    EN = "en"


_MONTHS: Final[Mapping[Language, Sequence[str]]] = MappingProxyType(
    {
        Language.ID: [
            "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus",
            "September", "Oktober", "November", "Desember",
        ],
        Language.EN: [
            "January", "February", "March", "April", "May", "June", "July", "August",
            "September", "October", "November", "December",
        ],
    }
)  # fmt: skip
LANGUAGES_READ_MAX: Final = 20


def chosen(asked: str | None, accepted: str) -> Language:
    """The language of `?lang=`, else the browser's favourite of ours, else Indonesian."""
    if asked in set(Language):
        return Language(asked)
    best, best_quality = Language.ID, 0.0
    for part in accepted.split(",")[:LANGUAGES_READ_MAX]:
        tag, _, weight = part.strip().partition(";")
        name = tag.split("-")[0].strip().lower()
        quality = _quality(weight)
        # "in" is what old Android browsers call Indonesian.
        name = "id" if name == "in" else name
        if name in set(Language) and quality > best_quality:
            best, best_quality = Language(name), quality
    return best


def _quality(weight: str) -> float:
    value = weight.strip().removeprefix("q=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0


def language_of(request: Request) -> Language:
    """The language to answer a request in."""
    return chosen(request.query_params.get("lang"), request.headers.get("accept-language", ""))


async def _speaking(request: Request) -> Language:
    return language_of(request)


Speaking = Annotated[Language, Depends(_speaking)]
"""The language to answer in."""


def number(value: int, language: Language) -> str:
    """`13240` → `13.240` or `13,240`."""
    written = f"{value:,}"
    return written.replace(",", ".") if language is Language.ID else written


def day(value: date, language: Language) -> str:
    """`21 November 2026`."""
    return f"{value.day} {_MONTHS[language][value.month - 1]} {value.year}"


def short_day(value: datetime, zone: ZoneInfo, language: Language) -> str:
    """`21 Nov 2026`: the local day of a moment, for narrow columns."""
    local = value.astimezone(zone)
    return f"{local.day} {_MONTHS[language][local.month - 1][:3]} {local.year}"


def moment(value: datetime, zone: ZoneInfo, language: Language) -> str:
    """`21 November 2026, 16.40 WIB`: the time in the district's zone."""
    local = value.astimezone(zone)
    colon = "." if language is Language.ID else ":"
    return f"{day(local, language)}, {local:%H}{colon}{local:%M} {local.tzname()}"
