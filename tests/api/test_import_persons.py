"""Lists about single persons: measurements of children, and what Dukcapil answers."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from api.errors import AppError
from sync.listing_plan import Remark
from sync.permission import Role
from sync.types import ANGGOTA, PENGUKURAN
from tests.api.importing import bring, counts
from tests.api.office import DESA, OTHER_DESA
from tests.api.small_lists import Household, a_nik, write_pair
from tests.api.village import assert_sound
from tests.api.world import World, area, serving

CHILD = {"nama": "Anak Contoh", "tanggal_lahir": "2024-05-01"}


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """Two villages with a family each; the second of the first has a child of two years."""
    with serving(database_url, tmp_path / "data") as opened:
        pair = write_pair(
            tmp_path, Household(1, people=({}, CHILD)), Household(2, OTHER_DESA, people=({},))
        )
        bring(opened, pair)
        yield opened


def a_file(path: Path, header: str, *rows: str) -> Path:
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows(line.split(";") for line in (header, *rows))
    return path


def weighings(folder: Path, *rows: str) -> Path:
    header = (
        "NIK;Nama;JK;Tgl Lahir;Nama Ortu;Kab/Kota;Kec;Desa/Kel;Tanggal Pengukuran;Berat;Tinggi;"
        "Cara Ukur"
    )
    return a_file(folder / "eppgbm.csv", header, *rows)


def a_weighing(
    nik: str, *, name: str = "Anak Contoh", day: str = "2026-10-05", kg: str = "11,2"
) -> str:
    place = "Lampung Tengah;Anak Tuha;Contoh Satu"
    return f"{nik};{name};L;2024-05-01;Ibu Contoh;{place};{day};{kg};84,5;Berdiri"


def answers(folder: Path, *rows: str) -> Path:
    header = "NIK;NO_KK;NAMA_LGKP;TGL_LHR;JENIS_KLMIN;KEC_NAME;RESPON"
    return a_file(folder / "padan.csv", header, *rows)


def test_a_measurement_goes_under_its_child_once(world: World, tmp_path: Path) -> None:
    child = a_nik(11)
    listed = weighings(
        tmp_path, a_weighing(child), a_weighing(child), a_weighing(child, day="2026-09-05")
    )
    preview = bring(world, [listed], dry_run=True)
    report = bring(world, [listed])
    assert counts(preview, PENGUKURAN) == counts(report, PENGUKURAN) == {"new": 2, "same": 1}
    rows = world.ask("SELECT parent FROM record WHERE entity = 'pengukuran'")
    assert len(rows) == 2
    assert counts(bring(world, [listed]), PENGUKURAN) == {"same": 3}
    assert_sound(world)


def test_a_child_without_a_number_is_found_by_name_and_birth_date(
    world: World, tmp_path: Path
) -> None:
    listed = weighings(tmp_path, a_weighing(""), a_weighing("", name="Tidak Dikenal"))
    report = bring(world, [listed])
    assert counts(report, PENGUKURAN) == {"new": 1, "refused": 1}
    assert [row.row for row in report.refused] == [3]
    assert "Tidak Dikenal" not in str(report.told())


def test_a_measurement_that_was_called_a_mistake_does_not_come_back(
    world: World, tmp_path: Path
) -> None:
    listed = weighings(tmp_path, a_weighing(a_nik(11)))
    bring(world, [listed])
    ani = world.device("ani", Role.BIDAN, [area(DESA)])
    (measured,) = [row for row in ani.pull()["changes"] if row["entity"] == PENGUKURAN]
    mistake = {"end": "salah", "date": "2026-11-02"}
    ani.push([ani.op("end", PENGUKURAN, measured["id"], base=measured["seq"], **mistake)])
    assert world.ask("SELECT end_reason FROM record WHERE entity = 'pengukuran'") == [("salah",)]
    assert counts(bring(world, [listed]), PENGUKURAN) == {"same": 1}


def test_answers_of_dukcapil_are_noted_with_their_day_and_change_no_name(
    world: World, tmp_path: Path
) -> None:
    listed = answers(
        tmp_path,
        f"{a_nik(10)};;WARGA 1 0;1985-01-01;Laki-laki;ANAK TUHA;Sesuai",
        f"{a_nik(20)};;SAMA SEKALI LAIN;1985-01-01;Laki-laki;ANAK TUHA;Sesuai",
        f"{a_nik(99)};;SIAPA;1985-01-01;Laki-laki;ANAK TUHA;Sesuai",
    )
    preview = bring(world, [listed], dry_run=True)
    report = bring(world, [listed])
    expected = {"changed": 2, "refused": 1}
    assert counts(preview, ANGGOTA) == counts(report, ANGGOTA) == expected
    assert report.remarks == {Remark.NAME_DIFFERS: 1}
    assert set(report.villages) >= {DESA, OTHER_DESA}
    operations = world.count("operation")
    world.clock.advance(timedelta(days=1))
    assert counts(bring(world, [listed]), ANGGOTA) == {"same": 2, "refused": 1}
    assert world.count("operation") == operations
    assert_sound(world)


def test_answers_to_proposals_need_an_export_that_waits_for_them(
    world: World, tmp_path: Path
) -> None:
    header = "kecamatan;desa;nik;program;hasil;padan;nama;keterangan"
    row = f"Anak Tuha;Contoh Satu;{a_nik(10)};PKH;DITERIMA;PADAN;WARGA;"
    listed = a_file(tmp_path / "hasil.csv", header, row)
    before = world.count("operation")
    with pytest.raises(AppError, match="not-found"):
        bring(world, [listed])
    assert world.count("operation") == before
