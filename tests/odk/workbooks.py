"""Small XLSForms in memory: one that can be published, and what is changed about it."""

import io
from collections.abc import Mapping, Sequence
from typing import Final

from openpyxl import Workbook

from api.formats.xform.checking import CheckedForm, check
from api.formats.xform.faults import FormFault, FormRefused
from api.formats.xform.workbooks import Converted

Cells = dict[str, str]
Sheets = dict[str, list[Cells]]

XML: Final = (
    b'<h:html xmlns:h="http://www.w3.org/1999/xhtml" xmlns="http://www.w3.org/2002/xforms" '
    b'xmlns:entities="http://www.opendatakit.org/xforms/entities"><h:head>'
    b'<model entities:entities-version="2024.1.0"/></h:head></h:html>'
)
"""What the check looks at in the form itself: which entities it needs."""
LABELS: Final = ("label::Indonesia (id)", "label::English (en)")


def question(kind: str, name: str, **cells: str) -> Cells:
    """A row of the survey sheet with labels."""
    labels = dict.fromkeys(LABELS, name) if kind != "calculate" else {}
    return {"type": kind, "name": name, **labels, **cells}


def calculation(name: str, says: str, **cells: str) -> Cells:
    return question("calculate", name, calculation=says, **cells)


def an_update(*rows: Cells, version: str = "1", form_id: str = "coba") -> Sheets:
    """A form that visits a family of the list and asks for the floor, and for these."""
    return {
        "survey": [
            question("select_one_from_file keluarga.csv", "keluarga", lokus="keluarga.id"),
            question("integer", "luas", lokus="keluarga.luas_lantai", save_to="luas_lantai"),
            *rows,
        ],
        "choices": [
            *choices("lantai", "tanah", "keramik"),
            *choices("ya_tidak", "ya", "tidak"),
            *choices("program", "pkh", "bst", "tidak_ada"),
        ],
        "entities": [{"list_name": "keluarga", "entity_id": "${keluarga}"}],
        "settings": [
            {"form_title": "Coba", "form_id": form_id, "version": version, "lokus": "update"}
            | {"default_language": "Indonesia (id)"}
        ],
    }


def choices(listed: str, *names: str) -> list[Cells]:
    return [{"list_name": listed, "name": name, **dict.fromkeys(LABELS, name)} for name in names]


def a_block(kind: str, name: str, *rows: Cells, **cells: str) -> list[Cells]:
    """Rows within a group or repeat."""
    return [question(f"begin_{kind}", name, **cells), *rows, {"type": f"end_{kind}"}]


def checked(sheets: Mapping[str, Sequence[Cells]], xml: bytes = XML) -> CheckedForm:
    """Check without converting: fast, and all that most rules need."""
    return check(Converted(xml, (), sheets))


def faults(sheets: Mapping[str, Sequence[Cells]]) -> list[FormFault]:
    """What is wrong; nothing for a form that may be published."""
    try:
        checked(sheets)
    except FormRefused as refused:
        return [*refused.faults]
    return []


def xlsx(sheets: Mapping[str, Sequence[Cells]]) -> bytes:
    """The same as a file."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        sheet.append(columns)
        for row in rows:
            sheet.append([row.get(column, "") for column in columns])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
