"""A small DTSEN pair of people who do not exist, in the two villages of the tests' office."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.api.office import DESA, OTHER_DESA

NAMES = {DESA: "Contoh Satu", OTHER_DESA: "Contoh Dua"}
FAMILY_COLUMNS = (
    "nomor_kartu_keluarga", "nama_anggota_keluarga", "alamat", "kode_kelurahan_desa", "kecamatan",
    "kelurahan_desa", "desil_nasional", "status_kepemilikan_rumah", "jenis_lantai_terluas",
)  # fmt: skip
MEMBER_COLUMNS = (
    "nomor_kartu_keluarga", "nomor_induk_kependudukan", "nama", "tanggal_lahir", "jenis_kelamin",
    "status_hubungan_keluarga",
)  # fmt: skip


def a_card(number: int) -> str:
    return f"180221010190{number:04d}"


def a_nik(number: int) -> str:
    return f"180221500185{number:04d}"


@dataclass(frozen=True)
class Household:
    """A family of the list; `people` are rows of the second file."""

    number: int
    desa: str = DESA
    floor: str = "Keramik"
    told: Mapping[str, str] = field(default_factory=dict)
    people: Sequence[Mapping[str, str]] = ({},)

    def family_row(self) -> dict[str, str]:
        return {
            "nomor_kartu_keluarga": a_card(self.number),
            "nama_anggota_keluarga": f"Warga {self.number}",
            "alamat": f"Dusun {self.number}",
            "kode_kelurahan_desa": self.desa,
            "kecamatan": "Anak Tuha",
            "kelurahan_desa": NAMES.get(self.desa, ""),
            "desil_nasional": "2",
            "status_kepemilikan_rumah": "Milik sendiri",
            "jenis_lantai_terluas": self.floor,
            **self.told,
        }

    def member_rows(self) -> list[dict[str, str]]:
        return [
            {
                "nomor_kartu_keluarga": a_card(self.number),
                "nomor_induk_kependudukan": a_nik(self.number * 10 + place),
                "nama": f"Warga {self.number} {place}",
                "tanggal_lahir": "1985-01-01",
                "jenis_kelamin": "Laki-laki",
                "status_hubungan_keluarga": "Kepala keluarga" if place == 0 else "Anak",
                **person,
            }
            for place, person in enumerate(self.people)
        ]


def write_pair(folder: Path, *households: Household) -> tuple[Path, Path]:
    """`keluarga.csv` and `anggota.csv` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    families, members = folder / "keluarga.csv", folder / "anggota.csv"
    _write(families, FAMILY_COLUMNS, [one.family_row() for one in households])
    _write(members, MEMBER_COLUMNS, [row for one in households for row in one.member_rows()])
    return families, members


def _write(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns)
        writer.writeheader()
        writer.writerows(rows)
