"""One table in a file, whichever kind of file it is."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from api.formats.spreadsheets.archive import check_archive, is_archive
from api.formats.spreadsheets.limits import LIMITS, SheetLimits
from api.formats.spreadsheets.text import TextForm, csv_rows, form_of
from api.formats.spreadsheets.unreadable import ListUnreadable
from api.formats.spreadsheets.workbook import workbook_rows, workbook_sheets

_HEAD_BYTES: Final = 8192
SHEETS_TRIED_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was looked at and may be read, as often as needed."""

    name: str
    """What the person calls the file; the path is where it happens to lie."""
    path: Path
    form: TextForm | None
    """None: a workbook."""
    limits: SheetLimits = LIMITS
    sheet: str = ""

    @property
    def is_workbook(self) -> bool:
        return self.form is None

    def other_sheets(self) -> Iterator["Table"]:
        """The same workbook at its other sheets, in their order; none of a CSV file."""
        if self.form is None and not self.sheet:
            for name in islice(workbook_sheets(self.path, self.limits), SHEETS_TRIED_MAX):
                yield replace(self, sheet=name)

    def rows(self) -> Iterator[list[str]]:
        """Every row from the first on, as text. Raises `ListUnreadable` where it cannot go on."""
        source = (
            workbook_rows(self.path, self.limits, self.sheet)
            if self.form is None
            else csv_rows(self.path, self.form, self.limits)
        )
        rows_max = self.limits.rows_max
        for number, row in enumerate(source, start=1):
            if number > rows_max:
                raise ListUnreadable("too-many-rows", str(rows_max), file=self.name)
            yield row


def open_table(
    path: Path, name: str = "", *, sheet: str = "", limits: SheetLimits = LIMITS
) -> Table:
    """Look at a file: is it a workbook or CSV, and within the limits? Raises `ListUnreadable`."""
    with path.open("rb") as handle:
        head = handle.read(_HEAD_BYTES)
    if not head:
        raise ListUnreadable("empty", file=name or path.name)
    if is_archive(head):
        check_archive(path, limits)
        return Table(name or path.name, path, None, limits, sheet)
    return Table(name or path.name, path, form_of(path, limits), limits, sheet)
