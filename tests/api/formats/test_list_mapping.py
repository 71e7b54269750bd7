"""A list that no catalogue knows, described by whoever brings it."""

from pathlib import Path

import pytest

from api.formats.lists.mapping import read_map
from api.formats.lists.office_codes import read_codes
from api.formats.lists.reading import read_lists
from api.formats.spreadsheets.unreadable import ListUnreadable
from sync.listed import ListedFamily
from tests.lists.files import (
    HEAD_NIK,
    NIK,
    NO_KK,
    SRIKATON,
    a_csv,
    an_xlsx,
    everything,
    families_of,
    options,
)

PLAIN = """
name = "Pendataan pekon"
version = "2024"
key = "Nomor KK"
desa = "18.02.21.2001"
dates = "mdy"
sheet = "Isian"

[columns]
"Nomor KK" = "keluarga.no_kk"
"Nama" = "anggota.nama"
"NIK" = "anggota.nik"
"Lahir" = "anggota.tanggal_lahir"
"Lantai" = { field = "keluarga.jenis_lantai_terluas", codes = { 1 = "tanah", 2 = "keramik" } }
"PKH?" = { field = "keluarga.program", element = "pkh" }
"Punya motor" = "keluarga.aset_bergerak_sepeda_motor"
"""
HEADER = ("Nama", "NIK", "Nomor KK", "Lahir", "Lantai", "PKH?", "Punya motor", "Lain")
ROWS = (
    ("SLAMET", HEAD_NIK, NO_KK, "07/01/1978", 1, "Ya", "tidak", "x"),
    ("SITI", NIK, NO_KK, "01/10/1980", "", "", "", ""),
)


@pytest.mark.parametrize("as_workbook", [False, True])
def test_a_map_reads_a_file_of_somebodys_own(tmp_path: Path, as_workbook: bool) -> None:
    path = (
        an_xlsx(tmp_path / "a.xlsx", HEADER, *ROWS, sheet="Isian", sheets_before=("Sampul",))
        if as_workbook
        else a_csv(tmp_path / "a.csv", HEADER, *ROWS, separator="\t")
    )
    with read_lists([path], options(mapping=read_map(PLAIN.encode()))) as reader:
        (family,) = everything(reader)
        assert (reader.source.instrument, reader.source.version) == ("Pendataan pekon", "2024")
    assert isinstance(family, ListedFamily)
    assert family.desa == SRIKATON
    assert family.fields == {
        "no_kk": NO_KK,
        "jenis_lantai_terluas": "tanah",
        "program": ["pkh"],
        "aset_bergerak_sepeda_motor": False,
    }
    assert family.codes["jenis_lantai_terluas"] == "1"
    birthdays = [member.fields["tanggal_lahir"] for member in family.members]
    assert birthdays == ["1978-07-01", "1980-01-10"]


def test_a_map_may_say_where_the_village_stands(tmp_path: Path) -> None:
    mapping = read_map(
        b'area = { kecamatan = "Kec", desa = "Kampung" }\n[columns]\n"Kepala" = '
        b'"keluarga.nama_kepala_keluarga"'
    )
    path = a_csv(
        tmp_path / "a.csv", ("Kepala", "Kec", "Kampung"), ("SLAMET", "Anak Tuha", "Sri Katon")
    )
    (family,) = families_of(path, mapping=mapping)
    assert family.desa == SRIKATON


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("columns = 1", "map-unreadable"),
        ("[columns]", "columns: 1 to 400"),
        ("x = [", "TOML"),
        ("name = 'a'", "columns"),
        ("colums = 3\n[columns]\na='anggota.nik'", "unknown: colums"),
        ("[columns]\na='anggota.nikk'", "a: anggota.nikk"),
        ("[columns]\na='nik'", "keluarga.FIELD"),
        ("[columns]\na={field='keluarga.hasil', codes='tidak_ada'}", "codes tidak_ada"),
        ("[columns]\na={field='keluarga.hasil', codes={1='hijau'}}", "a: hijau"),
        ("desa='12'\n[columns]\na='anggota.nik'", "10 digits"),
        ("dates='ydm'\n[columns]\na='anggota.nik'", "dates: dmy, mdy"),
        ("kind='x'\n[columns]\na='anggota.nik'", "kind: families"),
        ("area={kota='x'}\n[columns]\na='anggota.nik'", "kota"),
    ],
)
def test_a_map_that_cannot_be_used_says_where_it_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ListUnreadable) as refused:
        read_map(text.encode())
    assert refused.value.reason == "map-unreadable"
    assert says in f"{refused.value.detail} map-unreadable"


def test_a_map_whose_columns_are_not_there_names_them(tmp_path: Path) -> None:
    path = a_csv(tmp_path / "a.csv", HEADER[:4], ROWS[0][:4])
    with pytest.raises(ListUnreadable) as refused:
        families_of(path, mapping=read_map(PLAIN.replace('sheet = "Isian"', "").encode()))
    assert refused.value.reason == "columns-missing"
    assert "Lantai, PKH?, Punya motor" in refused.value.detail


def test_a_table_of_codes_may_be_a_workbook_with_a_title(tmp_path: Path) -> None:
    path = an_xlsx(
        tmp_path / "kode.xlsx",
        ("Metadata",),
        ("No", "KOLOM", "Kode", "Keterangan"),
        (1, "jenis_lantai_terluas", 1, "Tanah"),
        (2, "Jenis Lantai Terluas", "02", "Keramik"),
    )
    assert read_codes(path) == {"jenislantaiterluas": {"1": "Tanah", "2": "Keramik"}}


def test_a_table_of_codes_without_its_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListUnreadable) as refused:
        read_codes(a_csv(tmp_path / "kode.csv", ("a", "b"), (1, 2)))
    assert refused.value.reason == "codes-unreadable"
