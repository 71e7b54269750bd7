"""Small list files of people who do not exist, and the areas that they are read with."""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import openpyxl

from api.demonstration.wilayah import areas
from api.formats.lists.areas import Area, AreaBook
from api.formats.lists.reading import ListOptions, ListReader, read_lists
from sync.fieldvalues import ValueProblem, parse_value
from sync.listed import Listed, ListedFamily, ListedMember
from sync.policy import FIELDS

SRIKATON = "1802212001"
SRIKATON_BPS = "1805013001"
JAYA_SAKTI = "1802212002"
NO_KK = "1802210101209001"
OTHER_KK = "1802210202209001"
NIK = "1802215001809001"
HEAD_NIK = "1802210107789001"
CHILD_NIK = "1802210306159001"

Row = Sequence[object]


def words(text: str) -> list[str]:
    """The names of columns that have no blanks."""
    return text.split()


@cache
def a_book() -> AreaBook:
    """The areas of the demonstration."""
    return AreaBook.of(
        Area(one.kode, one.nama, one.kode_bps, ";".join(one.nama_lain)) for one in areas()
    )


def a_csv(
    path: Path, *rows: Row, separator: str = ",", encoding: str = "utf-8", before: str = ""
) -> Path:
    """A CSV file of these rows, the header first."""
    with path.open("w", encoding=encoding, newline="") as handle:
        handle.write(before)
        csv.writer(handle, delimiter=separator).writerows(rows)
    return path


def an_xlsx(
    path: Path, *rows: Row, sheet: str = "Sheet1", sheets_before: Sequence[str] = ()
) -> Path:
    """A workbook whose sheet has these rows."""
    workbook = openpyxl.Workbook()
    first = workbook.active
    assert first is not None
    first.title = sheets_before[0] if sheets_before else sheet
    for name in (*sheets_before[1:], *([sheet] if sheets_before else [])):
        workbook.create_sheet(name)
    for row in rows:
        workbook[sheet].append(list(row))
    workbook.save(path)
    return path


def options(**more: object) -> ListOptions:
    """Options with the areas of the demonstration."""
    return ListOptions(areas=a_book(), **more)  # type: ignore[arg-type] # of the test's choosing


def everything(reader: ListReader) -> list[Listed]:
    """All that a list gives, each value of which the register has to accept."""
    listed = [one for _, found in reader.villages() for one in found]
    for one in listed:
        assert_acceptable(one)
    return listed


def families_of(*files: Path, **more: object) -> list[ListedFamily]:
    """The families of a list that refuses nobody."""
    with read_lists(files, options(**more)) as reader:
        found = [one for one in everything(reader) if isinstance(one, ListedFamily)]
        assert list(reader.refused) == []
        return found


def assert_acceptable(listed: Listed) -> None:
    """Would `parse_value` take every field as it is?"""
    if isinstance(listed, ListedFamily):
        _assert_fields("keluarga", listed)
        for member in listed.members:
            _assert_fields("anggota", member)


def _assert_fields(entity: str, said: ListedFamily | ListedMember) -> None:
    for name, value in said.fields.items():
        kept = parse_value(FIELDS[entity][name], value)
        assert not isinstance(kept, ValueProblem), f"{entity}.{name}: {kept}"
        assert kept == value, f"{entity}.{name}"
