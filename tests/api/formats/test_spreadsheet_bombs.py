"""Workbooks made to hurt: each is refused with its code, and the server hardly notices."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from api.formats.spreadsheets.limits import LIMITS, MIB, SheetLimits
from api.formats.spreadsheets.table import open_table
from api.formats.spreadsheets.unreadable import UNREADABLE, ListUnreadable
from api.formats.spreadsheets.workbook import workbook_rows
from api.settings import Settings
from tests.lists.bombs import BOMBS, SHEET, sheet_of, zipped
from tests.lists.files import an_xlsx

GROWTH_BYTES_MAX = 50 * MIB


def resident_bytes(line: str) -> int:
    """`VmRSS` or `VmHWM` (the peak) of this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(row.split()[1]) for row in status.splitlines() if row.startswith(line)) * 1024


def forget_the_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


@pytest.mark.parametrize(
    ("make", "reason", "limits"), BOMBS, ids=[f"{make.__name__}" for make, _, _ in BOMBS]
)
def test_a_bomb_is_refused_and_costs_the_server_little(
    tmp_path: Path, make: Callable[[], bytes], reason: str, limits: SheetLimits
) -> None:
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(make())
    before = resident_bytes("VmRSS")
    forget_the_peak()
    with pytest.raises(ListUnreadable) as refused:
        for _ in open_table(path, limits=limits).rows():
            pass
    assert refused.value.reason == reason
    assert refused.value.status == 422
    assert resident_bytes("VmHWM") - before < GROWTH_BYTES_MAX


def test_a_child_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "long.xlsx"
    path.write_bytes(zipped({SHEET: sheet_of("<row><c><v>1</v></c></row>" * 2_000_000)}))
    with pytest.raises(ListUnreadable) as refused:
        for _ in workbook_rows(path, replace(LIMITS, ratio_max=10_000, child_cpu_seconds_max=1)):
            pass
    assert refused.value.reason == "child-limit"


def test_a_row_too_many_stops_the_reading(tmp_path: Path) -> None:
    path = an_xlsx(tmp_path / "rows.xlsx", *[("a",)] * 12)
    with pytest.raises(ListUnreadable) as refused:
        list(open_table(path, limits=replace(LIMITS, rows_max=10)).rows())
    assert refused.value.reason == "too-many-rows"


def test_whoever_stops_early_leaves_no_child_behind(tmp_path: Path) -> None:
    path = an_xlsx(tmp_path / "rows.xlsx", *[(f"{number:01000}",) for number in range(2000)])
    rows = workbook_rows(path, LIMITS)
    assert next(rows) == ["0" * 1000]
    rows.close()  # type: ignore[attr-defined] # a generator, told as an iterator
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_an_installation_may_set_its_own_limits() -> None:
    limits = SheetLimits.of(Settings(workbook_bytes_max=2 * MIB))
    assert limits.workbook_bytes_max == 2 * MIB
    assert SheetLimits.of(Settings()) == LIMITS


def test_every_reason_teaches_in_both_languages() -> None:
    for reason, sentences in UNREADABLE.items():
        assert sentences.indonesian.endswith("."), reason
        assert sentences.english.endswith("."), reason
    refused = ListUnreadable("ratio", "100 : 1", file="daftar.xlsx")
    assert refused.body()["reason"] == "ratio"
    assert refused.body()["file"] == "daftar.xlsx"
    assert "100 : 1" in refused.title
