"""The areas of the demonstration: Lampung, two kabupaten, 43 kecamatan, 198 villages.

The rows are facts (Kemendagri's code, BPS's code, name, other spellings) gathered from public
tables of codes; they hold all villages of five kecamatan of Lampung Tengah and all of Lampung
Barat. About twenty of the names changed their spelling between 2020 and 2025 while the codes
stayed, so areas are matched by code and `nama_lain` keeps the other spellings.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

COLUMNS: Final = ("kode", "kode_bps", "tingkat", "nama", "nama_lain")


@dataclass(frozen=True, slots=True)
class Area:
    """One row: `tingkat` is the local word for the level (kampung, pekon, kelurahan …)."""

    kode: str
    kode_bps: str
    tingkat: str
    nama: str
    nama_lain: tuple[str, ...]


@cache
def areas() -> tuple[Area, ...]:
    """The 244 areas that ship with Lokus, each behind the area that it lies in."""
    text = files("api.demonstration").joinpath("wilayah.csv").read_text(encoding="utf-8")
    return read_areas(text.splitlines())


def read_areas(lines: Iterable[str]) -> tuple[Area, ...]:
    """Areas from CSV lines with the columns of `COLUMNS`; other spellings are split at `;`."""
    return tuple(
        Area(
            kode=row["kode"],
            kode_bps=row["kode_bps"],
            tingkat=row["tingkat"],
            nama=row["nama"],
            nama_lain=tuple(name.strip() for name in row["nama_lain"].split(";") if name.strip()),
        )
        for row in csv.DictReader(lines)
    )
