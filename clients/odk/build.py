"""Build the XLSForms under `clients/odk` from their readable source; `make forms` runs this.

The workbooks are in the repository, because who publishes a form should not need to build it. The
same source gives the same bytes on every machine: no time of building, no compression (zlib's
output differs between machines), no properties.
"""

import io
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import xlsxwriter

from clients.odk.sheets import ENGLISH, INDONESIAN, Form, read_form

PLACE: Final = Path(__file__).parent
FORMS: Final[Mapping[str, tuple[str, bool]]] = {
    "verifikasi_keluarga": ("verifikasi_keluarga", False),
    "verifikasi_keluarga_2025": ("verifikasi_keluarga", True),
    "usulan_keluarga_baru": ("usulan_keluarga_baru", False),
    "pengukuran_balita": ("pengukuran_balita", False),
    "rt_selesai": ("rt_selesai", False),
}
"""Workbook → its source, and whether members are entities of their own (2025.1)."""
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
_WIDTHS: Final = {"type": 34, "name": 30, "lokus": 32}


def main(arguments: Sequence[str]) -> int:
    """Write every workbook into `clients/odk`, or into the folder named."""
    place = Path(arguments[0]) if arguments else PLACE
    for name in FORMS:
        (place / f"{name}.xlsx").write_bytes(workbook(name))
    return 0


def workbook(name: str) -> bytes:
    """The bytes of one workbook of `FORMS`."""
    source, members_kept = FORMS[name]
    form = read_form(source, members_kept=members_kept)
    form_id = name if members_kept else str(form.settings["form_id"])
    return _xlsx(dict(_sheets(form, form_id)))


def _sheets(form: Form, form_id: str) -> Iterator[tuple[str, list[Mapping[str, str]]]]:
    settings = form.settings
    yield "survey", [*form.survey]
    yield (
        "choices",
        [
            {
                "list_name": listed,
                "name": name,
                f"label::{INDONESIAN}": label_id,
                f"label::{ENGLISH}": label_en,
            }
            for listed, name, label_id, label_en in form.choices.values()
        ],
    )
    if form.kind in {"update", "create"}:
        yield "entities", [*_entities(form)]
    title = f"{settings['id']} (2025)" if form.members_kept else str(settings["id"])
    yield (
        "settings",
        [
            {
                "form_title": title,
                "form_id": form_id,
                "version": str(settings["version"]),
                "default_language": INDONESIAN,
                "instance_name": str(settings.get("label", "${nama_anak}")),
                "client_editable": "yes",
                "lokus": form.kind,
            }
        ],
    )


def _entities(form: Form) -> Iterator[Mapping[str, str]]:
    family = {"list_name": "keluarga", "label": str(form.settings["label"])}
    if form.kind == "update":
        family["entity_id"] = str(form.settings["entity_id"])
    yield family
    if form.members_kept:
        yield {
            "list_name": "anggota",
            "label": "coalesce(${nama}, ${nama_tercatat})",
            "entity_id": "coalesce(${id_anggota}, ${id_baru})",
            "create_if": "${id_anggota} = ''",
            "update_if": "${id_anggota} != ''",
        }


def _xlsx(sheets: Mapping[str, Sequence[Mapping[str, str]]]) -> bytes:
    out = io.BytesIO()
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, {**plain, "strings_to_numbers": False})
    book.set_properties({"created": _EPOCH.replace(tzinfo=None)})
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"valign": "top"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 2)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        for number, column in enumerate(columns):
            sheet.set_column(number, number, _WIDTHS.get(column, 26))
            sheet.write_string(0, number, column, bold)
        for line, row in enumerate(rows, 1):
            for column, text in row.items():
                sheet.write_string(line, columns.index(column), text, wrapped)
    book.close()
    return _stored(out.getvalue())


def _stored(content: bytes) -> bytes:
    """The same archive without compression and without times."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as packed,
        zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as stored,
    ):
        for name in sorted(packed.namelist(), key=lambda one: (one != "[Content_Types].xml", one)):
            entry = zipfile.ZipInfo(name, _EPOCH.timetuple()[:6])
            entry.create_system = 3
            stored.writestr(entry, packed.read(name))
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
