"""What is wrong with a form, told to whoever made it: sheet, row, column, and what to do.

Forms are made in a spreadsheet by somebody in the district, so every fault names its cell and is
said in Indonesian as well as in English.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sync.types import Json


@dataclass(frozen=True, slots=True)
class FormFault:
    """One thing that has to be changed before the form can be published.

    `row` counts as the spreadsheet does, the header being 1; 0 stands for the whole sheet.
    """

    sheet: str
    row: int
    column: str
    english: str
    indonesian: str

    def as_json(self) -> dict[str, Json]:
        return {
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "en": self.english,
            "id": self.indonesian,
        }

    @property
    def place(self) -> str:
        return f"{self.sheet}, row {self.row}, {self.column}" if self.row else self.sheet


class FormRefused(Exception):
    """The form cannot be published. `faults` are in the order of the workbook."""

    def __init__(self, faults: Iterable[FormFault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda one: (one.sheet, one.row, one.column)))
        super().__init__("; ".join(f"{one.place}: {one.english}" for one in self.faults))


def whole_form(english: str, indonesian: str) -> FormRefused:
    """A fault that no cell is to blame for."""
    return FormRefused([FormFault("workbook", 0, "", english, indonesian)])
