"""CSV files as offices save them, and as nobody should."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.formats.lists.reading import read_lists
from api.formats.spreadsheets.limits import LIMITS, MIB, SheetLimits
from api.formats.spreadsheets.table import open_table
from api.formats.spreadsheets.text import TextForm, form_of
from api.formats.spreadsheets.unreadable import ListUnreadable
from tests.lists.bombs import zipped
from tests.lists.files import a_csv, an_xlsx, options

ROWS = [["nik", "nama"], ["1802", "JOSÉ, S.Pd"], ["", 'SITI "NUR"'], ["1803", "dua\nbaris"]]
MANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def reason_for(path: Path, limits: SheetLimits = LIMITS) -> str:
    with pytest.raises(ListUnreadable) as refused:
        list(open_table(path, limits=limits).rows())
    return refused.value.reason


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_table_is_read_in_every_form_that_offices_save(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    path = a_csv(tmp_path / "a.csv", *ROWS, encoding=encoding, separator=separator)
    table = open_table(path)
    assert list(table.rows()) == ROWS
    assert table.form == TextForm(encoding, separator)  # type: ignore[arg-type] # one of three


def test_a_table_that_begins_with_pkh_is_no_archive(tmp_path: Path) -> None:
    path = a_csv(tmp_path / "a.csv", ["PKH", "NIK"], ["1", "2"])
    assert list(open_table(path).rows()) == [["PKH", "NIK"], ["1", "2"]]


def test_the_separator_that_excel_declares_is_believed_and_is_no_row(tmp_path: Path) -> None:
    path = a_csv(tmp_path / "a.csv", ["a", "b,c,d"], separator=";", before="sep=;\r\n")
    assert list(open_table(path).rows()) == [["a", "b,c,d"]]


def test_one_letter_far_down_decides_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"nama,umur\n" + b"BUDI,1\n" * 200_000 + "RENÉ,2\n".encode("cp1252"))
    assert form_of(path, LIMITS).encoding == "cp1252"
    *_, last = open_table(path).rows()
    assert last == ["RENÉ", "2"]


def test_a_letter_cut_by_the_end_of_a_chunk_is_one_letter(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x" * (2**18 - 1) + "é,b\n", encoding="utf-8")
    assert form_of(path, replace(LIMITS, cell_characters_max=MIB)).encoding == "utf-8"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (b"nik,nama\n1,\x00\n", "nul"),
        ("nik,nama\n1,2\n".encode("utf-16"), "nul"),
        (b"nik,nama\n1,\x81\x8d\n", "encoding"),
        (b'nik,nama\n1,"' + b"x" * (10 * MIB) + b'"\n', "cell-too-long"),
        (b"x" * (10 * MIB), "cell-too-long"),
        (b'nik,nama\n1,"' + b"BUDI,1\n" * 30_000, "cell-too-long"),
        (b"a," * 500 + b"\n", "too-many-columns"),
        (b"nik,nama\n" + b"x" * 40_000 + b",1\n", "cell-too-long"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "old-xls"),
        (bytes.fromhex("0908100000060500") + bytes(600), "old-xls"),
        (b"\xef\xbb\xbf\n<html><body><table><tr><td>NIK</td></tr></table>", "html"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_a_reason(
    tmp_path: Path, body: bytes, reason: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(body)
    assert reason_for(path) == reason


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (replace(LIMITS, csv_bytes_max=20), "too-large"),
        (replace(LIMITS, rows_max=3), "too-many-rows"),
        (replace(LIMITS, columns_max=1), "too-many-columns"),
    ],
)
def test_every_limit_of_a_table_is_kept(tmp_path: Path, limits: SheetLimits, reason: str) -> None:
    assert reason_for(a_csv(tmp_path / "a.csv", *ROWS), limits) == reason


def test_a_refusal_never_repeats_what_stood_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"nik,nama\n1802210107789001," + b"x" * 40_000 + b"\n")
    with pytest.raises(ListUnreadable) as refused:
        list(open_table(path).rows())
    assert "1802210107789001" not in str(refused.value.body())


@MANY
@given(body=st.one_of(st.binary(max_size=400), st.text(max_size=400).map(str.encode)))
def test_any_bytes_are_a_table_or_refused_as_a_whole(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(body)
    with suppress(ListUnreadable), read_lists([path], options()) as reader:
        assert list(reader.villages()) == []


@settings(MANY, max_examples=30)
@given(data=st.data())
def test_any_damaged_workbook_is_read_or_refused_as_a_whole(
    tmp_path: Path, data: st.DataObject
) -> None:
    body = bytearray(zipped({}))
    for _ in range(data.draw(st.integers(1, 6))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.xlsx"
    path.write_bytes(bytes(body))
    with suppress(ListUnreadable):
        assert all(isinstance(row, list) for row in open_table(path).rows())


def test_cells_of_a_workbook_are_text_with_all_their_digits(tmp_path: Path) -> None:
    path = an_xlsx(
        tmp_path / "a.xlsx",
        (),
        ("NIK", 1802210107789001, "1802210107789001", 9103210107789001.0, 45.5, True, None),
    )
    assert list(open_table(path).rows()) == [
        ["", "", "", "", "", ""],
        ["NIK", "1802210107789001", "1802210107789001", "9.10321E+15", "45.5", "TRUE"],
    ]
