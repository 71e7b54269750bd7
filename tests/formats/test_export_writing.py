"""What is in the bytes: digits that stay, text that stays text, and the same bytes every time."""

import zipfile
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from api.formats.exports import producing
from api.formats.exports.producing import RowsMissing, examine
from api.formats.exports.row import ExportVillage
from api.formats.exports.spreadsheet_text import guarded
from api.formats.exports.text_sheet import cell_text
from api.formats.exports.writing import DRAFT_CELL, XlsxWriter
from sync.frozen import FrozenFamily, FrozenMember
from tests.builders import an_id
from tests.formats.exported import (
    PROFILES,
    a_family,
    a_member,
    a_photo_visit,
    a_profile,
    a_village,
    made,
)
from tests.formats.payloads import FORMULAS

NUMBERS = 100_000
TWO = '  { header = "NIK", value = "anggota.nik" },\n  { header = "KK", value = "keluarga.no_kk" },'
NAME = '  { header = "NAMA", value = "anggota.nama" },'


def sixteen_digits(count: int) -> list[str]:
    """Random numbers, one in ten with leading zeros, one in ten that ends in zeros."""
    random = Random(16)
    drawn = []
    for place in range(count):
        digits = f"{random.randrange(10**16):016}"
        match place % 10:
            case 0:
                digits = "00" + digits[2:]
            case 1:
                digits = digits[:13] + "000"
        drawn.append(digits)
    return drawn


def a_crowd(numbers: list[str]) -> ExportVillage:
    """Families of ten, whose members bear these numbers and whose cards every tenth of them."""
    families = tuple(
        FrozenFamily(
            an_id(place),
            "003/001",
            {"no_kk": numbers[place]},
            members=tuple(
                FrozenMember(an_id(n), {"nik": numbers[n]}) for n in range(place, place + 10)
            ),
        )
        for place in range(0, len(numbers), 10)
    )
    empty = a_village()
    return replace(empty, village=replace(empty.village, families=families))


@pytest.fixture(scope="module")
def crowd() -> tuple[list[str], ExportVillage]:
    numbers = sixteen_digits(NUMBERS)
    return numbers, a_crowd(numbers)


def test_a_hundred_thousand_numbers_keep_their_sixteen_digits_in_a_workbook(
    tmp_path: Path, crowd: tuple[list[str], ExportVillage]
) -> None:
    numbers, village = crowd
    files = made(a_profile(TWO), tmp_path, village)
    read = CalamineWorkbook.from_path(str(files.path())).get_sheet_by_index(0)
    niks, cards = zip(*list(read.iter_rows())[1:], strict=True)
    assert sorted(niks) == sorted(numbers)
    assert set(cards) == set(numbers[::10])


def test_a_hundred_thousand_numbers_keep_their_sixteen_digits_in_a_csv(
    tmp_path: Path, crowd: tuple[list[str], ExportVillage]
) -> None:
    numbers, village = crowd
    files = made(a_profile(TWO, form="csv"), tmp_path, village)
    assert sorted(row[0] for row in files.lines()[1:]) == sorted(numbers)


def test_openpyxl_reads_them_as_text_too(tmp_path: Path) -> None:
    numbers = sixteen_digits(5_000)
    files = made(a_profile(TWO), tmp_path, a_crowd(numbers))
    book = load_workbook(files.path(), read_only=True)
    read = [row[0] for row in book.worksheets[0].iter_rows(min_row=2)]
    book.close()
    assert sorted(str(cell.value) for cell in read) == sorted(numbers)
    assert {cell.data_type for cell in read} <= {"s", "inlineStr"}
    assert {cell.number_format for cell in read} == {"@"}


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_forty_formulas_are_nothing_but_names(tmp_path: Path, form: str) -> None:
    members = [a_member(n, nama=payload) for n, payload in enumerate(FORMULAS, 1)]
    files = made(a_profile(NAME, form=form), tmp_path, a_village(a_family(1, *members)))
    if form == "csv":
        # The plain flavour says what is recorded, to programs.
        assert sorted(row[0] for row in files.lines()[1:]) == sorted(FORMULAS)
        return
    cells = [row[0] for row in load_workbook(files.path()).worksheets[0].iter_rows(min_row=2)]
    assert "f" not in {cell.data_type for cell in cells}
    assert all(cell.hyperlink is None for cell in cells)
    assert sorted(str(row[0]) for row in files.calamine()[1:]) == sorted(FORMULAS)
    with zipfile.ZipFile(files.path()) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
        assert not [one for one in archive.namelist() if "externalLink" in one]


def test_the_flavour_for_excel_says_text_in_front_of_all_that_is_none(tmp_path: Path) -> None:
    members = [a_member(n, nama=payload) for n, payload in enumerate(FORMULAS, 1)]
    village = a_village(a_family(1, *members, no_kk="0802212101100003"))
    files = made(a_profile(TWO + "\n" + NAME, form="csv"), tmp_path, village, for_excel=True)
    assert files.path().read_bytes().startswith(b"\xef\xbb\xbf")
    rows = files.lines(delimiter=";")[1:]
    assert {row[1] for row in rows} == {"'0802212101100003"}
    assert sorted(row[2] for row in rows) == sorted(f"'{payload}" for payload in FORMULAS)
    assert "untuk-excel" in files.names[0]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("Siti", "Siti"),
        ("", ""),
        (12, 12),
        ("003", "'003"),
        ("0", "0"),
        ("1802216505900001", "'1802216505900001"),
        ("2026-11-20", "2026-11-20"),
        (" =1+1", "' =1+1"),
        ("\t=1", "'\t=1"),
        ("\uff1d1", "'\uff1d1"),
        ("a=1", "a=1"),
    ],
)
def test_a_cell_is_guarded_only_where_a_spreadsheet_would_change_it(
    cell: str | int, written: str | int
) -> None:
    assert guarded(cell) == written


@pytest.mark.parametrize(
    "text",
    ["a & b", "<b>tebal</b>", " spasi ", "dua\nbaris", "_x0041_", "satu\x01dua", "Ñ 漢 🏠", "a\tb"],
)
def test_any_text_is_read_back_as_it_was(tmp_path: Path, text: str) -> None:
    files = made(a_profile(NAME), tmp_path, a_village(a_family(1, a_member(1, nama=text))))
    assert files.calamine()[1] == [text]


def test_a_text_that_no_cell_holds_stops_the_export() -> None:
    with pytest.raises(ValueError, match="32767"):
        cell_text("x" * 32_768)


def test_headers_have_real_line_breaks_in_the_file(tmp_path: Path) -> None:
    village = a_village(a_family(1, program_diusulkan=["pkh"]))
    head = made("usulan-v4", tmp_path, village).sheet("-pkh-")[0]
    assert head[5] == "TANGGAL LAHIR\n(31/01/2000)"
    assert head[20] == "TGL MULAI HAMIL\n(31/12/2021)"


def a_rich_village() -> ExportVillage:
    """Something for every profile."""
    return a_village(
        a_family(
            1, a_member(1, was={"nama": "Lain"}), a_member(2, hubungan_keluarga="anak"),
            program_diusulkan=["pkh", "pbi"], lintang=-5.0, bujur=105.0,
            visits=(a_photo_visit(1, "ktp"),),
        ),
        a_family(2, end={"end": "pindah", "date": "2026-11-01"}),
    )  # fmt: skip


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_the_same_snapshot_gives_the_same_bytes(tmp_path: Path, profile: str) -> None:
    first = made(profile, tmp_path / "a", a_rich_village())
    again = made(profile, tmp_path / "b", a_rich_village())
    hashes = [(one.name, one.sha256) for one in first.production.files]
    assert hashes == [(one.name, one.sha256) for one in again.production.files]
    for one in first.production.files:
        if one.name.endswith("xlsx"):
            with zipfile.ZipFile(one.path) as archive:
                assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_a_draft_says_so_in_its_name_and_in_its_content(tmp_path: Path, profile: str) -> None:
    files = made(profile, tmp_path, a_rich_village(), is_draft=True)
    for one in files.production.files:
        assert one.name.startswith("DRAF-")
        if one.name.endswith("xlsx"):
            book = load_workbook(one.path)
            assert book.sheetnames[0].startswith("DRAF")
            rows = list(book.worksheets[0].iter_rows(values_only=True))
            assert {row[-1] for row in rows[1:]} <= {DRAFT_CELL}
            assert rows[0][-1] == "DRAF"
        else:
            assert "DRAF" in one.path.read_text()


def test_a_report_can_be_had_before_anything_is_written(tmp_path: Path) -> None:
    village = a_village(a_family(1, a_member(1, nik="12"), program_diusulkan=["pbi"]))
    report = examine(PROFILES["usulan-v4"], [village])
    written = made("usulan-v4", tmp_path, village).production
    assert [one.as_json() for one in report.problems] == [one.as_json() for one in written.problems]
    assert report.files == []


def test_a_full_file_goes_on_in_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(producing, "ROWS_PER_FILE_MAX", 2)
    village = a_village(*(a_family(n) for n in range(1, 6)))
    files = made("bnba", tmp_path, village)
    assert sorted(one.rows for one in files.production.files) == [1, 2, 2]
    assert [name[-6:] for name in files.names] == ["2.xlsx", "3.xlsx", "1.xlsx"]


def test_a_row_that_got_lost_on_its_way_to_the_disk_stops_the_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(self: XlsxWriter, *_: object) -> None:
        self.rows += 1

    monkeypatch.setattr(XlsxWriter, "add", forget)
    with pytest.raises(RowsMissing, match="0 rows in the file, 1 written"):
        made("bnba", tmp_path, a_village(a_family(1)))


def test_a_source_that_passes_over_somebody_stops_the_export(tmp_path: Path) -> None:
    profile = PROFILES["bnba"]
    short = replace(
        profile.files[0], source=replace(profile.files[0].source, rows=lambda *_: iter(()))
    )
    with pytest.raises(RowsMissing, match="0 rows for a village"):
        made(replace(profile, files=(short,)), tmp_path, a_village(a_family(1)))


def test_nothing_of_somebody_is_lost_between_families_of_one_name(tmp_path: Path) -> None:
    village = a_village(*(a_family(n, nama_kepala_keluarga="Sama") for n in range(1, 4)))
    page = made("entri", tmp_path, village).path("html").read_text()
    assert page.count("<section>") == 3
    assert an_id(1) not in page
