"""Frozen villages to export, and files read back the way a ministry's program would."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from api.formats.exports.loading import CompiledProfile, load_profiles, parse_profile
from api.formats.exports.producing import AnswerRow, Production, produce
from api.formats.exports.row import ExportVillage, Place
from api.formats.exports.writing import Making
from sync.frozen import FrozenChild, FrozenFamily, FrozenMember, FrozenVillage, hash_of
from sync.types import Json
from tests.builders import DESA, an_id

PERIOD = "2026-11"
FROZEN_AT = "2026-11-20T09:00:00+07:00"
CREATED = datetime(2026, 11, 20, 2, tzinfo=UTC)
NIK = "1802216505900001"
NO_KK = "1802212101100003"
NAMES: dict[str, Json] = {
    "provinsi": "Lampung",
    "kabupaten": "Lampung Tengah",
    "kecamatan": "Anak Tuha",
    "desa": "Contoh Satu",
    "kode_provinsi": "18",
    "kode_kabupaten": "1802",
    "kode_kecamatan": "180221",
    "kode_desa": DESA,
    "kode_bps_provinsi": "18",
    "kode_bps_kabupaten": "1805",
    "kode_bps_kecamatan": "1805013",
    "kode_bps_desa": "1805013001",
}
PROFILES = load_profiles()


def nik_of(number: int) -> str:
    """A NIK of valid form; another number, another NIK."""
    return f"180221{1 + number % 28:02}01{60 + number % 39:02}{1 + number % 9998:04}"


def a_member(number: int = 1, **fields: Any) -> FrozenMember:  # noqa: ANN401 (any part of it)
    """A person with everything a proposal needs; parts of `FrozenMember` by their names."""
    parts = {"end", "listed", "was", "twin_open", "measurements"}
    doc: dict[str, Json] = {
        "nik": nik_of(number),
        "nama": f"Orang {number}",
        "tempat_lahir": "Metro",
        "tanggal_lahir": "1990-05-25",
        "jenis_kelamin": "laki_laki",
        "ibu_kandung": "Ibu Contoh",
        "hubungan_keluarga": "kepala_keluarga",
        "status_kawin": "kawin_nikah",
        "pekerjaan": "petani_pekebun",
        "keberadaan": "tinggal_bersama_keluarga",
        **{name: value for name, value in fields.items() if name not in parts},
    }
    told = {name: value for name, value in fields.items() if name in parts}
    known = {name: value for name, value in doc.items() if value is not None}
    return FrozenMember(an_id(10_000 + number), known, **told)


def a_wife(number: int = 2, **fields: Any) -> FrozenMember:  # noqa: ANN401 (as `a_member`)
    """A married woman of the household."""
    known = {"jenis_kelamin": "perempuan", "hubungan_keluarga": "istri_suami"}
    return a_member(number, **{**known, **fields})


def a_family(
    number: int = 1,
    *members: FrozenMember,
    **fields: Any,  # noqa: ANN401 (as `a_member`)
) -> FrozenFamily:
    """A family that was found and has no means; its head alone unless members are given."""
    parts = {"end", "listed", "was", "decision", "visits", "rt_rw"}
    doc: dict[str, Json] = {
        "no_kk": f"180221010110{1 + number % 9998:04}",
        "nama_kepala_keluarga": f"Kepala {number}",
        "alamat": f"Dusun {number}",
        "rt": "003",
        "rw": "001",
        "hasil": "ditemukan",
        "kemampuan": "tidak_mampu",
        **{name: value for name, value in fields.items() if name not in parts},
    }
    told = {name: value for name, value in fields.items() if name in parts - {"rt_rw"}}
    known = {name: value for name, value in doc.items() if value is not None}
    return FrozenFamily(
        an_id(number),
        fields.get("rt_rw", "003/001"),
        known,
        members=members or (a_member(number),),
        **told,
    )


def a_photo_visit(number: int = 1, *kinds: str) -> FrozenChild:
    """A visit with photos of those kinds."""
    photos: list[Json] = [
        {"jenis": kind, "sha256": f"{number:064x}", "size": 1, "waktu": FROZEN_AT} for kind in kinds
    ]
    return FrozenChild(an_id(20_000 + number), {"hasil": "selesai", "foto": photos})


def a_village(
    *families: FrozenFamily, desa: str = DESA, name: str = "Contoh Satu"
) -> ExportVillage:
    """A signed village, ready to be exported."""
    in_order = tuple(sorted(families, key=lambda one: (one.rt, one.id)))
    village = FrozenVillage(desa, PERIOD, 812, FROZEN_AT, in_order)
    digest = hash_of(village.body())
    facts: dict[str, Json] = {"periode": PERIOD, "cap": digest, "ditetapkan": FROZEN_AT[:10]}
    names = {**NAMES, "desa": name, "kode_desa": desa}
    return ExportVillage(village, digest, Place(desa, names, facts))


def making(folder: Path, **chosen: Any) -> Making:  # noqa: ANN401 (parts of `Making`)
    """What all files of a test's export share."""
    folder.mkdir(exist_ok=True, parents=True)
    return replace(Making(folder, "Contoh", "contoh 1; cap", CREATED), **chosen)


class Made:
    """Produced files by name, with readers."""

    def __init__(self, production: Production, answers: dict[str, Sequence[AnswerRow]]) -> None:
        self.production = production
        self.answers = answers

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.production.files]

    def path(self, part: str = "") -> Path:
        """The one file whose name has this part."""
        (found,) = [one.path for one in self.production.files if part in one.name]
        return found

    def sheet(self, part: str = "") -> list[list[Any]]:
        """Rows of a workbook as openpyxl reads them, the header first."""
        book = load_workbook(self.path(part), read_only=False)
        return [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]

    def column(self, header: str, part: str = "") -> list[Any]:
        """What stands under a header."""
        head, *rows = self.sheet(part)
        return [row[head.index(header)] for row in rows]

    def calamine(self, part: str = "") -> list[list[Any]]:
        """The same rows as calamine reads them."""
        book = CalamineWorkbook.from_path(str(self.path(part)))
        return book.get_sheet_by_index(0).to_python()

    def lines(self, part: str = "", delimiter: str = ",") -> list[list[str]]:
        """Rows of a CSV file."""
        text = self.path(part).read_text(encoding="utf-8-sig")
        return list(csv.reader(StringIO(text, newline=""), delimiter=delimiter))

    def codes(self) -> list[str]:
        """Codes of all problems."""
        return [one.code for one in self.production.problems]


def made(
    profile: str | CompiledProfile,
    folder: Path,
    *villages: ExportVillage,
    **chosen: Any,  # noqa: ANN401 (parts of `Making`)
) -> Made:
    """Produce a profile's files from villages."""
    compiled = PROFILES[profile] if isinstance(profile, str) else profile
    answers: dict[str, Sequence[AnswerRow]] = {}

    def note(desa: str, rows: Sequence[AnswerRow]) -> None:
        answers[desa] = rows

    places = [one.place for one in villages]
    production = produce(compiled, villages, making(folder, **chosen), places, note)
    return Made(production, answers)


def a_profile(
    columns: str, *, form: str = "xlsx", source: str = "anggota", more: str = ""
) -> CompiledProfile:
    """A profile of one file with these columns."""
    return parse_profile(
        f"""
name = "contoh"
version = "1"
title = "Contoh"
source = "a test"

[[files]]
format = "{form}"
stem = "contoh"
{more}
columns = [
{columns}
]

[files.rows]
source = "{source}"
""",
        "contoh.toml",
    )
