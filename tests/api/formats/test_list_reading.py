"""A whole list: joined, placed, refused with reasons, and its refused rows back again."""

import csv
import tempfile
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path

import openpyxl
import pytest

from api.formats.lists.headers import find_sheet
from api.formats.lists.layouts import catalogue
from api.formats.lists.office_codes import read_codes
from api.formats.lists.reading import InputFile, ListReader, read_lists
from api.formats.spreadsheets.table import open_table
from api.formats.spreadsheets.unreadable import ListUnreadable
from sync.listed import ListedFamily, RefusedRow
from tests.lists.dtsen_pair import Pair, write_pair
from tests.lists.files import (
    HEAD_NIK,
    NIK,
    NO_KK,
    OTHER_KK,
    SRIKATON,
    SRIKATON_BPS,
    a_csv,
    an_xlsx,
    everything,
    families_of,
    options,
)

FAMILY = (
    "nomor_kartu_keluarga",
    "kode_kelurahan_desa",
    "kecamatan",
    "kelurahan_desa",
    "nama_anggota_keluarga",
    "desil_nasional",
    "status_kepemilikan_rumah",
)
MEMBER = ("nomor_induk_kependudukan", "nomor_kartu_keluarga", "nama", "status_hubungan_keluarga")
SLAMET = (HEAD_NIK, NO_KK, "SLAMET", "Kepala keluarga")
SITI = (NIK, NO_KK, "SITI", "Istri/suami")


def a_house(no_kk: str = NO_KK, village: str = SRIKATON_BPS, **more: str) -> tuple[str, ...]:
    said = {"kecamatan": "ANAK TUHA", "desa": "SRIKATON", "head": "SLAMET", **more}
    return (
        no_kk, village, said["kecamatan"], said["desa"], said["head"], "1", "Milik sendiri",
    )  # fmt: skip


def a_pair(
    folder: Path, families: list[tuple[str, ...]], members: list[tuple[str, ...]]
) -> list[Path]:
    return [
        a_csv(folder / "keluarga.csv", FAMILY, *families),
        a_csv(folder / "anggota.csv", MEMBER, *members),
    ]


def reasons(reader: ListReader) -> dict[tuple[str, int], str]:
    return {(row.file, row.row): row.reason for row in reader.refused}


@pytest.fixture(scope="module")
def pair() -> Pair:
    return write_pair(Path(tempfile.mkdtemp()), families=900, seed=7)


def test_what_was_planted_into_a_pair_is_what_comes_out(pair: Pair) -> None:
    flaws = pair.flaws
    with read_lists([pair.families, pair.members], options()) as reader:
        families = [one for one in everything(reader) if isinstance(one, ListedFamily)]
        refused = Counter(row.file for row in reader.refused)
        said = Counter({w.code: w.count for w in reader.warnings if w.code != "assumed-order"})
        doubled = list(reader.doubled_niks)
    kept = pair.family_count - flaws["scientific_kk"] - flaws["unknown_village"]
    members = sum(len(family.members) for family in families)
    assert len(families) == kept
    assert members == pair.member_count - pair.members_of_refused - flaws["stray_member"]
    assert refused["dtsen_keluarga.csv"] == flaws["scientific_kk"] + flaws["unknown_village"]
    assert refused["dtsen_anggota.csv"] == pair.members_of_refused + flaws["stray_member"]
    assert all(flaws[flaw] for flaw in ("float_kk", "name_only", "malformed_nik", "doubled_nik"))
    assert all(len(str(family.fields["no_kk"])) == 16 for family in families)
    assert {family.desa[:6] for family in families} >= {"180219", "180221"}
    assert 0 < len(doubled) <= flaws["doubled_nik"]
    assert said["doubled-nik"] == len(doubled)


def test_a_list_may_be_read_twice_and_says_the_same(pair: Pair) -> None:
    with read_lists([pair.families, pair.members], options()) as reader:
        first, warned = everything(reader), reader.warnings
        assert everything(reader) == first
        assert reader.warnings == warned


def test_bare_numbers_are_read_by_order_only_with_a_warning(pair: Pair) -> None:
    office = read_codes(pair.codes)
    files = [pair.families, pair.members]
    with read_lists(files, options()) as reader:
        assumed = everything(reader)
        warned = {(w.column, w.count) for w in reader.warnings if w.code == "assumed-order"}
    with read_lists(files, options(office_codes=office)) as reader:
        known = everything(reader)
        codes = {warning.code for warning in reader.warnings}
    assert any(column == "jenis_lantai_terluas" and count for column, count in warned)
    assert codes == {"doubled-nik", "scientific"}
    assert assumed == known


def test_labels_and_another_separator_give_the_same_families(tmp_path: Path) -> None:
    numbers = write_pair(tmp_path / "a", families=70, seed=3)
    words = write_pair(tmp_path / "b", families=70, seed=3, separator="|", labels=True)

    def fields(pair: Pair) -> list[tuple[object, ...]]:
        with read_lists([pair.members, pair.families], options()) as reader:
            found = [one for one in everything(reader) if isinstance(one, ListedFamily)]
        return [(one.desa, one.fields, [member.fields for member in one.members]) for one in found]

    assert fields(words) == fields(numbers)


def test_whoever_waits_hears_how_far_the_gathering_is(pair: Pair) -> None:
    heard: list[int] = []
    with read_lists([pair.families, pair.members], options(tell=heard.append)):
        pass
    assert heard == sorted(heard)
    assert heard[-1] == (pair.family_count + pair.member_count) // 1000 * 1000


def test_families_come_village_by_village_in_the_order_of_codes(pair: Pair) -> None:
    with read_lists([pair.families, pair.members], options()) as reader:
        villages = [(desa, [one.row for one in found]) for desa, found in reader.villages()]
        sizes = reader.sizes
    assert [desa for desa, _ in villages] == sorted(sizes)
    assert {desa: len(rows) for desa, rows in villages} == sizes
    assert len(sizes) == 62


def test_villages_outside_of_the_area_are_refused_with_their_people(pair: Pair) -> None:
    with read_lists([pair.families, pair.members], options(area="180221")) as reader:
        assert {desa[:6] for desa in reader.sizes} == {"180221"}
        told = list(reader.refused)
    outside = [row for row in told if row.reason.startswith("Desa di luar")]
    with_them = [row for row in told if "ditolak: Desa di luar" in row.reason]
    assert len(outside) > 600
    assert len(with_them) > 2000


@pytest.mark.parametrize(
    ("families", "members", "file", "reason"),
    [
        ([a_house("1,80221E+15")], [SLAMET], "keluarga.csv", "nomor_kartu_keluarga sudah"),
        ([a_house("")], [SLAMET], "keluarga.csv", "nomor_kartu_keluarga kosong"),
        ([a_house(village="1805999999")], [SLAMET], "keluarga.csv", "Desa tidak dikenal"),
        ([a_house(village="", desa="Srikatong")], [SLAMET], "keluarga.csv", "Desa tidak dikenal"),
        ([a_house(), a_house()], [SLAMET], "keluarga.csv", "nomor_kartu_keluarga ini sudah ada di"),
        ([a_house()], [(NIK, OTHER_KK, "SITI", "Anak")], "anggota.csv", "Tidak ada keluarga"),
        ([a_house()], [(NIK, "1.8E+15", "SITI", "")], "anggota.csv", "nomor_kartu_keluarga sudah"),
        ([a_house()], [(NIK, NO_KK)], "anggota.csv", "Jumlah kolom baris ini tidak sama"),
        ([a_house()], [(*SITI, "lebih")], "anggota.csv", "Jumlah kolom baris ini tidak sama"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_go_in_says_why_and_what_to_do(
    tmp_path: Path,
    families: list[tuple[str, ...]],
    members: list[tuple[str, ...]],
    file: str,
    reason: str,
) -> None:
    with read_lists(a_pair(tmp_path, families, members), options()) as reader:
        everything(reader)
        told = [row for row in reader.refused if row.file == file]
    assert told[-1].reason.startswith(reason)
    assert NO_KK not in told[-1].reason
    assert "impor lagi" in told[-1].reason


def test_members_are_refused_with_their_family_and_name_its_row(tmp_path: Path) -> None:
    files = a_pair(tmp_path, [a_house(village="1805999999")], [SLAMET, SITI])
    with read_lists(files, options()) as reader:
        told = reasons(reader)
    assert told["anggota.csv", 3].startswith("Keluarganya (baris 2 berkas keluarga.csv) ditolak:")
    assert len(told) == 3


def test_a_family_without_members_goes_in_with_a_warning(tmp_path: Path) -> None:
    files = a_pair(tmp_path, [a_house(), a_house(OTHER_KK)], [SLAMET])
    with read_lists(files, options()) as reader:
        first, second = (one for one in everything(reader) if isinstance(one, ListedFamily))
        codes = {warning.code: warning.rows for warning in reader.warnings}
    assert (len(first.members), len(second.members)) == (1, 0)
    assert codes["no-members"] == (3,)


def test_a_malformed_nik_is_a_finding_and_no_refusal(tmp_path: Path) -> None:
    files = a_pair(tmp_path, [a_house()], [("1,80221E+15", *SLAMET[1:]), ("123", *SITI[1:])])
    (family,) = families_of(*files)
    assert [member.fields["nik"] for member in family.members] == ["1,80221E+15", "123"]


def test_spellings_of_the_header_do_not_matter_and_strange_columns_are_named(
    tmp_path: Path,
) -> None:
    header = ("Nama", "NOMOR KARTU KELUARGA", "Catatan", "nomor induk kependudukan",
              "Status_Hubungan Keluarga")  # fmt: skip
    families = a_csv(tmp_path / "k.csv", [name.upper() for name in FAMILY], a_house())
    members = a_csv(tmp_path / "a.csv", header, ("SLAMET", NO_KK, "x", HEAD_NIK, "Anak"))
    with read_lists([members, families], options()) as reader:
        (family,) = everything(reader)
        warned = [(warning.code, warning.column) for warning in reader.warnings]
    assert isinstance(family, ListedFamily)
    assert family.members[0].fields["hubungan_keluarga"] == "anak"
    assert warned == [("extra-column", "Catatan")]


@pytest.mark.parametrize(
    ("kecamatan", "desa"),
    [("1805013", "1"), ("1805013.0", "001"), ("", SRIKATON_BPS), ("1805013", SRIKATON_BPS)],
)
def test_a_code_may_be_cut_into_seven_and_three_digits(
    tmp_path: Path, kecamatan: str, desa: str
) -> None:
    row = (kecamatan, *a_house(village=desa))
    families = a_csv(tmp_path / "k.csv", ("kode_kecamatan", *FAMILY), row)
    (family,) = families_of(families, a_csv(tmp_path / "a.csv", MEMBER, SLAMET))
    assert family.desa == SRIKATON


def test_blank_rows_are_no_rows(tmp_path: Path) -> None:
    files = a_pair(tmp_path, [a_house(), ("", " ", "", "", "", "", "")], [(), SLAMET, ()])
    (family,) = families_of(*files)
    assert (family.row, family.members[0].row) == (2, 3)


def test_refused_rows_repaired_in_their_file_go_in(tmp_path: Path) -> None:
    broken = "1,80221E+15"
    families = [a_house(broken, head="SLAMET; SITI"), a_house(OTHER_KK)]
    members = [(HEAD_NIK, broken, "SLAMET", ""), (NIK, OTHER_KK, "SITI", "")]
    files = [
        a_csv(tmp_path / "k.csv", FAMILY, *families, separator=";", encoding="cp1252"),
        an_xlsx(tmp_path / "a.xlsx", MEMBER, *members),
    ]
    (tmp_path / "out").mkdir()
    with read_lists(files, options()) as reader:
        assert len(everything(reader)) == 1
        text, workbook = reader.write_refused(tmp_path / "out")
    assert (text.name, workbook.name) == ("ditolak-k.csv", "ditolak-a.xlsx")
    raw = text.read_bytes().decode("cp1252")
    header, row = csv.reader(raw.splitlines(), delimiter=";")
    assert header == [*FAMILY, "alasan_ditolak"]
    assert row[:-1] == list(families[0])
    assert row[-1].startswith("nomor_kartu_keluarga sudah dibulatkan")
    cells = list(openpyxl.load_workbook(workbook).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert cells[0][-1] == "alasan_ditolak"
    assert cells[1][:2] == (HEAD_NIK, broken)

    text.write_text(raw.replace(broken, NO_KK), encoding="cp1252", newline="")
    book = openpyxl.load_workbook(workbook)
    book.active.cell(2, 2).value = NO_KK  # type: ignore[union-attr]
    book.save(workbook)
    (repaired,) = families_of(text, workbook)
    assert repaired.fields["no_kk"] == NO_KK
    assert [member.fields["nama"] for member in repaired.members] == ["SLAMET"]


def test_rows_that_the_register_refuses_come_back_in_the_same_file(tmp_path: Path) -> None:
    files = a_pair(tmp_path, [a_house()], [SLAMET, SITI])
    (tmp_path / "out").mkdir()
    with read_lists(files, options()) as reader:
        (written,) = reader.write_refused(
            tmp_path / "out", [RefusedRow("anggota.csv", 3, "NIK ini milik orang lain.")]
        )
    rows = list(csv.reader(written.read_text().splitlines()))
    assert rows[1] == [*SITI, "NIK ini milik orang lain."]
    assert len(rows) == 2


def test_results_by_position_come_back_and_go_in_again(tmp_path: Path) -> None:
    header = ("kec", "desa", "nik", "program", "hasil", "padan", "nama", "ket")
    row = ("ANAK TUHA", "TIDAK ADA", NIK, "PKH", "Ditolak", "Padan", "SITI", "-")
    path = a_csv(tmp_path / "hasil.csv", header, row)
    (tmp_path / "out").mkdir()
    with read_lists([path], options()) as reader:
        assert everything(reader) == []
        (back,) = reader.write_refused(tmp_path / "out")
    back.write_text(back.read_text().replace("TIDAK ADA", "SRIKATON"))
    with read_lists([back], options()) as reader:
        assert len(everything(reader)) == 1
        assert list(reader.refused) == []


def test_a_row_refused_twice_comes_back_once(tmp_path: Path) -> None:
    files = a_pair(tmp_path, [a_house(village="1805999999"), a_house(OTHER_KK)], [SLAMET])
    (tmp_path / "out").mkdir()
    more = [RefusedRow("keluarga.csv", 3, "b"), RefusedRow("keluarga.csv", 2, "a")]
    with read_lists(files, options()) as reader:
        families, _ = reader.write_refused(tmp_path / "out", more)
    rows = list(csv.reader(families.read_text().splitlines()))
    assert [row[0] for row in rows[1:]] == [NO_KK, OTHER_KK]
    assert (rows[1][-1][:10], rows[2][-1]) == ("Desa tidak", "b")


def test_no_formula_comes_back_as_one(tmp_path: Path) -> None:
    files = [
        a_csv(tmp_path / "k.csv", FAMILY, a_house()),
        an_xlsx(tmp_path / "a.xlsx", MEMBER, (NIK, OTHER_KK, '\'=HYPERLINK("x")', "")),
    ]
    (tmp_path / "out").mkdir()
    with read_lists(files, options()) as reader:
        (workbook,) = reader.write_refused(tmp_path / "out")
    cells = openpyxl.load_workbook(workbook).active
    assert cells is not None
    assert {cell.data_type for row in cells.iter_rows() for cell in row} <= {"s", "n"}


def test_two_uploads_of_one_name_are_told_apart(tmp_path: Path) -> None:
    family, member = a_pair(tmp_path, [a_house("")], [SLAMET])
    with read_lists([InputFile(family, "data.csv"), InputFile(member, "data.csv")], options()) as r:
        assert set(reasons(r)) == {("data.csv", 2), ("2-data.csv", 2)}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("apa", "saja")], "format-unknown"),
        ([FAMILY], "header-only"),
        ([MEMBER], "header-only"),
        ([(*FAMILY, FAMILY[0]), (*a_house(), "1")], "duplicate-columns"),
        ([(*FAMILY, "ALAMAT", "Alamat"), (*a_house(), "1", "2")], "duplicate-columns"),
        ([FAMILY, a_house()], "pair-incomplete"),
    ],
)
def test_a_file_that_is_no_list_is_refused_as_a_whole(
    tmp_path: Path, rows: list[tuple[str, ...]], reason: str
) -> None:
    files = [a_csv(tmp_path / "a.csv", *rows)]
    if reason == "header-only":
        other = (FAMILY, a_house()) if rows == [MEMBER] else (MEMBER, SLAMET)
        files.append(a_csv(tmp_path / "b.csv", *other))
    with pytest.raises(ListUnreadable) as refused, read_lists(files, options()):
        pass
    assert refused.value.reason == reason


def test_two_formats_that_fit_equally_well_are_asked_about(tmp_path: Path) -> None:
    desil = catalogue()["dtsen_desil_xlsx"]
    table = open_table(a_csv(tmp_path / "d.csv", ("No KK", "NIK", "Desil"), (NO_KK, NIK, 1)))
    with pytest.raises(ListUnreadable) as refused:
        find_sheet(table, [desil, replace(desil, name="another")])
    assert refused.value.reason == "format-ambiguous"
    assert "another, dtsen_desil_xlsx" in refused.value.detail


def test_a_control_character_in_a_cell_moves_no_other_cell(tmp_path: Path) -> None:
    files = a_pair(
        tmp_path, [a_house(head="SLA\x1fMET")], [(HEAD_NIK, NO_KK, "SLA\x1fMET", "Anak")]
    )
    (family,) = families_of(*files)
    assert family.fields["nama_kepala_keluarga"] == "SLA MET"
    assert family.members[0].fields["hubungan_keluarga"] == "anak"


def test_files_of_two_lists_are_not_mixed(tmp_path: Path) -> None:
    desil = a_csv(tmp_path / "d.csv", ("No KK", "NIK", "Desil"), (NO_KK, NIK, 1))
    with pytest.raises(ListUnreadable, match="list-unreadable") as refused:
        families_of(*a_pair(tmp_path, [a_house()], [SLAMET]), desil, area=SRIKATON)
    assert refused.value.reason == "format-mixed"


def test_a_list_without_places_asks_for_its_village(tmp_path: Path) -> None:
    desil = a_csv(tmp_path / "d.csv", ("No KK", "NIK", "Desil"), (NO_KK, NIK, 1))
    for area in ("", "1802"):
        with pytest.raises(ListUnreadable) as refused:
            families_of(desil, area=area)
        assert refused.value.reason == "area-needed"


def test_a_format_that_is_named_says_which_columns_it_misses(tmp_path: Path) -> None:
    desil = a_csv(tmp_path / "d.csv", ("No KK", "Nomor"), (NO_KK, NIK))
    with pytest.raises(ListUnreadable) as refused:
        families_of(desil, format="dtsen_desil_xlsx", area=SRIKATON)
    assert refused.value.reason == "columns-missing"
    assert "NIK, Desil" in refused.value.detail
    with pytest.raises(ListUnreadable) as unknown:
        families_of(desil, format="dtsen_2031")
    assert unknown.value.reason == "format-unknown"


def test_the_first_families_need_not_wait_for_the_last(pair: Pair) -> None:
    with read_lists([pair.families, pair.members], options()) as reader:
        _, found = next(iter(reader.villages()))
        assert len(list(islice(found, 3))) == 3
