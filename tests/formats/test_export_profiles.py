"""Profiles as data: what ships has the ministry's columns, and a mistake is named by its place."""

from pathlib import Path

import pytest

from api.formats.exports.loading import BadProfile, load_profile, load_profiles, parse_profile
from api.formats.exports.places import position
from tests.formats.exported import PROFILES, a_family, a_profile, a_village, made

V4 = [
    "NIK", "PROGRAM BANSOS", "NOKK", "NAMA", "TEMPAT LAHIR", "TANGGAL LAHIR\n(31/01/2000)",
    "IBU KANDUNG", "JENIS KELAMIN", "JENIS PEKERJAAN", "STATUS KAWIN", "ALAMAT", "RT", "RW",
    "PROVINSI", "KABUPATEN", "KECAMATAN", "KELURAHAN", "STATUS DISABILITAS",
    "KODE JENIS DISABILITAS", "STATUS HAMIL", "TGL MULAI HAMIL\n(31/12/2021)",
]  # fmt: skip
SIZES = {
    "bnba": [26],
    "dtsen-pembaruan": [52, 48],
    "entri": [6, 6],
    "eppgbm": [34],
    "geojson": [6],
    "opd": [15],
    "perbaikan": [20],
    "rekap-bupati": [27],
    "tindakan": [15],
    "usulan-2021": [17],
    "usulan-v4": [21],
}


def test_every_file_out_has_its_profile_with_as_many_columns_as_its_template() -> None:
    sizes = {name: [len(file.columns) for file in one.files] for name, one in PROFILES.items()}
    assert sizes == SIZES


def test_the_v4_headers_are_those_of_the_template_with_real_line_breaks() -> None:
    (file,) = PROFILES["usulan-v4"].files
    assert [column.header for column in file.columns] == V4
    assert file.spec.sheet == "DATA"


def test_the_template_of_2021_is_the_first_seventeen_with_one_header_in_one_line() -> None:
    (file,) = PROFILES["usulan-2021"].files
    headers = [column.header for column in file.columns]
    assert headers == [one.replace("\n", " ") for one in V4[:17]]


def test_the_pair_of_dtsen_is_joined_by_the_number_of_the_card() -> None:
    family, member = PROFILES["dtsen-pembaruan"].files
    assert "nomor_kartu_keluarga" in [column.header for column in family.columns]
    assert [column.header for column in member.columns][:3] == [
        "nomor_induk_kependudukan", "nomor_kartu_keluarga", "nama",
    ]  # fmt: skip


def test_a_profile_in_the_installations_folder_replaces_and_joins_those_that_ship(
    tmp_path: Path,
) -> None:
    text = (
        'name = "usulan-v4"\nversion = "2027.1"\ntitle = "Templat V.5"\nsource = "a letter"\n'
        '[[files]]\nformat = "xlsx"\nstem = "usulan-v5"\ncolumns = [\n'
        '  { header = "NIK KTP", value = "anggota.nik" },\n]\n[files.rows]\nsource = "anggota"\n'
    )
    (tmp_path / "v5.toml").write_text(text)
    loaded = load_profiles(tmp_path)
    assert loaded["usulan-v4"].profile.version == "2027.1"
    assert len(loaded) == len(PROFILES)
    files = made(loaded["usulan-v4"], tmp_path / "out", a_village(a_family()))
    assert files.sheet()[0] == ["NIK KTP"]


@pytest.mark.parametrize(
    ("columns", "place", "hint"),
    [
        ('  { header = "A", value = "anggota.nikk" },', "line 12, column 19", "anggota.nik"),
        ('  { header = "A", value = "orang.nik" },', "line 12, column 19", "begins with none"),
        (
            '  { header = "A" },\n  { header = "B", value = "anggota.hamil" },',
            "line 13, column 19",
            "yes or no",
        ),
        ('  { header = "A", value = "baris.ada" },', "line 12, column 19", "names nothing"),
        ('  { header = "A", valu = "anggota.nik" },', "line 12, column 19", "not permitted"),
        ('  { header = "A", transform = ["uper"] },', "line 12, column 19", "upper"),
        ('  { header = "A", value = "anggota.nama", transform = ["label"] },', "line 12", "code"),
        ('  { header = "A", value = "anggota.nik", when = "anggota.hamil is ya" },', "12", "no co"),
        (
            '  { header = "A", value = "anggota.nik", when = "anggota.jenis_kelamin = wanita" },',
            "line 12",
            "no answer of jenis_kelamin",
        ),
        ('  { header = "A", const = "x", value = "anggota.nik" },', "line 12", "either"),
    ],
)
def test_a_mistake_in_a_column_is_named_by_line_and_column_with_what_was_meant(
    columns: str, place: str, hint: str
) -> None:
    with pytest.raises(BadProfile) as refused:
        a_profile(columns)
    assert "contoh.toml, line" in str(refused.value)
    assert place in str(refused.value)
    assert hint in str(refused.value)


def test_what_is_no_toml_is_named_by_line_and_column() -> None:
    with pytest.raises(BadProfile, match=r"x\.toml, line 2, column 11: "):
        parse_profile('name = "a"\nversion = \n', "x.toml")


def test_a_condition_of_the_rows_is_checked_when_the_profile_is_read() -> None:
    text = 'columns = [\n  { header = "A" },\n]\n'
    with pytest.raises(BadProfile, match="hadirr"):
        parse_profile(
            'name = "aa"\nversion = "1"\ntitle = "t"\nsource = "s"\n[[files]]\nformat = "csv"\n'
            f'stem = "s"\n{text}[files.rows]\nsource = "anggota"\nfilter = ["baris.hadirr"]\n'
        )


def test_a_map_of_houses_takes_nobodys_name_or_number() -> None:
    for path in ("keluarga.nama_kepala_keluarga", "keluarga.no_kk", "keluarga.alamat"):
        with pytest.raises(BadProfile, match="nobody's name or number"):
            a_profile(f'  {{ header = "A", value = "{path}" }},', form="geojson", source="titik")


def test_a_file_that_is_too_large_or_no_text_is_refused(tmp_path: Path) -> None:
    large, binary = tmp_path / "large.toml", tmp_path / "binary.toml"
    large.write_bytes(b"#" * 300_000)
    binary.write_bytes(b"\xff\xfe")
    for path in (large, binary, tmp_path / "absent.toml"):
        with pytest.raises(BadProfile, match=path.name):
            load_profile(path)


def test_places_are_found_in_tables_arrays_and_keys() -> None:
    text = 'name = "x"\n[[files]]\nstem = "a"\n[[files]]\nstem = "b"\n[files.rows]\nsource = "z"\n'
    assert position(text, ("name",)).line == 1
    assert position(text, ("files", 1, "stem")).line == 5
    assert position(text, ("files", 1, "rows", "source")).line == 7
    assert position(text, ("files", 1, "rows", "absent")).line == 6
    assert position(text, ("absent",)).line == 1
