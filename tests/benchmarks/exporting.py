"""Exports of a district: 100,000 families in files, within a minute and 300 MB.

Villages are read as the server reads them: each thawed from its signed bytes, written, forgotten.
The database is left out, because reading a body is one row of one table; what an export costs is
turning it into cells.
"""

import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

from api.formats.exports.loading import CompiledProfile, load_profiles
from api.formats.exports.producing import AnswerRow, produce
from api.formats.exports.row import ExportVillage, Place
from api.formats.exports.writing import Making
from sync.frozen import FrozenFamily, FrozenMember, FrozenVillage, hash_of, thaw
from sync.types import Json
from tests.benchmarks.report import Measured
from tests.benchmarks.traffic import Phase

FAMILIES: Final = 100_000
FAMILIES_PER_VILLAGE: Final = 1_000
PERSONS_PER_FAMILY: Final = 4
PROFILES: Final = ("usulan-v4", "bnba", "dtsen-pembaruan", "rekap-bupati")
PERIOD: Final = "2026-11"


@dataclass(frozen=True, slots=True)
class ExportRun:
    """One profile over all families."""

    profile: str
    rows: int
    megabytes: float
    cpu_seconds: float
    wall_seconds: float
    memory_mib: float


def _village(number: int, families: int) -> bytes:
    """A signed body: families of four, a third of them proposed for a programme of the card."""
    random = Random(number)
    desa = f"1802{21 + number // 50:02}{2001 + number % 50}"
    made = []
    for n in range(families):
        place = number * families + n
        programme: list[Json] = list(random.choice((("bpnt",), ("pkh",), ("pbi",), ())))
        made.append(
            FrozenFamily(
                f"01990000-0000-7000-8000-{place:012x}",
                f"{1 + n % 12:03}/001",
                _family_doc(place, random, programme),
                listed=True,
                members=tuple(
                    FrozenMember(
                        f"01990000-0000-7000-9000-{place * 10 + one:012x}",
                        _member_doc(place * 10 + one, one, random),
                        listed=True,
                    )
                    for one in range(PERSONS_PER_FAMILY)
                ),
            )
        )
    village = FrozenVillage(desa, PERIOD, 900, "2026-11-20T09:00:00+07:00", tuple(made))
    return village.body()


def _family_doc(place: int, random: Random, programme: list[Json]) -> dict[str, Json]:
    doc: dict[str, Json] = {
        "no_kk": f"180221010110{1 + place % 9998:04}",
        "nama_kepala_keluarga": f"KEPALA KELUARGA {place}",
        "alamat": f"DUSUN {place % 9} RT {place % 12} NOMOR {place % 97}",
        "rt": f"{1 + place % 12:03}",
        "rw": "001",
        "hasil": "ditemukan",
        "kemampuan": "tidak_mampu",
        "desil_nasional": random.randint(1, 5),
        "program_diusulkan": programme,
        "jenis_lantai_terluas": random.choice(["keramik", "tanah", "semen_bata_merah"]),
        "jenis_atap_terluas": "genteng",
        "sumber_penerangan_utama": "listrik_pln_dengan_meteran",
        "fasilitas_bab": "ada_digunakan_hanya_anggota_keluarga_sendiri",
        "luas_lantai": random.randint(20, 120),
    }
    doc |= {f"aset_bergerak_{one}": random.random() < 0.5 for one in ("ac", "sepeda", "mobil")}
    return doc


def _member_doc(number: int, one: int, random: Random) -> dict[str, Json]:
    is_woman = one % 2 == 1
    day = random.randint(1, 28) + (40 if is_woman else 0)
    year = 60 + number % 35 if one < 2 else number % 20
    return {
        "nik": f"180221{day:02}01{year:02}{1 + number % 9998:04}",
        "nama": f"NAMA ORANG {number}",
        "tempat_lahir": "METRO",
        "tanggal_lahir": f"{1900 + year if year > 26 else 2000 + year}-01-{day % 40:02}",
        "jenis_kelamin": "perempuan" if is_woman else "laki_laki",
        "ibu_kandung": "IBU CONTOH",
        "hubungan_keluarga": ("kepala_keluarga", "istri_suami", "anak", "anak")[one],
        "status_kawin": "kawin_nikah" if one < 2 else "belum_kawin",
        "pekerjaan": "petani_pekebun",
        "keberadaan": "tinggal_bersama_keluarga",
        "hamil": False if is_woman else None,
    }


@dataclass(frozen=True, slots=True)
class SignedDistrict:
    """Signed bodies on the disk, one file each."""

    folder: Path
    villages: int

    @classmethod
    def made(cls, folder: Path, families: int) -> "SignedDistrict":
        villages = max(1, families // FAMILIES_PER_VILLAGE)
        for number in range(villages):
            (folder / f"{number:04}.body").write_bytes(_village(number, families // villages))
        return cls(folder, villages)

    def places(self) -> list[Place]:
        return [_place(f"1802{21 + n // 50:02}{2001 + n % 50}") for n in range(self.villages)]

    def read(self) -> Iterator[ExportVillage]:
        for number in range(self.villages):
            body = (self.folder / f"{number:04}.body").read_bytes()
            village = thaw(body)
            yield ExportVillage(village, hash_of(body), _place(village.desa))


def _place(desa: str) -> Place:
    names: dict[str, Json] = {"provinsi": "Lampung", "kabupaten": "Lampung Tengah"}
    names |= {"kecamatan": f"Kecamatan {desa[4:6]}", "desa": f"Desa {desa}", "kode_desa": desa}
    return Place(desa, names, {"periode": PERIOD, "ditetapkan": "2026-11-20", "cap": "0" * 64})


def run(profile: CompiledProfile, district: SignedDistrict, out: Path) -> ExportRun:
    """One profile over the district; memory is the process's peak so far."""
    out.mkdir()
    making = Making(out, "Contoh", "contoh", datetime(2026, 11, 20, tzinfo=UTC))
    began, cpu = time.perf_counter(), time.process_time()
    made = produce(profile, district.read(), making, district.places(), _nobody)
    size = sum(file.size_bytes for file in made.files)
    return ExportRun(
        profile.profile.name,
        made.rows,
        size / 2**20,
        time.process_time() - cpu,
        time.perf_counter() - began,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _nobody(_desa: str, _rows: Sequence[AnswerRow]) -> None:
    """Nobody answers a benchmark."""


def exports(folder: Path, families: int) -> list[ExportRun]:
    """Every profile of `PROFILES`, one after the other in this process."""
    district = SignedDistrict.made(folder, families)
    profiles = load_profiles()
    return [run(profiles[name], district, folder / name) for name in PROFILES]


def measured(folder: Path, families: int) -> Measured:
    """The runs as the benchmarks' report tells them."""
    runs = exports(folder, families)
    notes = [
        f"{one.profile}: {families:,} families, {one.rows:,} rows, {one.megabytes:.0f} MiB in "
        f"{one.cpu_seconds:.1f} CPU-s ({one.wall_seconds:.1f} s)"
        for one in runs
    ]
    phases: list[Phase] = []
    return Measured("export", "none", phases, max(one.memory_mib for one in runs), notes)
