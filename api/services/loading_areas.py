"""Load the table of areas from CSV, matched by code: names change their spelling, codes stay."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.acts import Act
from models.queries import areas, auditing
from models.tables.audit import NO_VILLAGE
from sync.values import KodeWilayah, Level

AREAS_MAX: Final = 200_000
"""The country has about 92,000 areas of all four levels."""
ERRORS_SHOWN_MAX: Final = 10

# Tables of codes name the same column differently; the first that a file has is taken.
_CODE_COLUMNS: Final = ("kode", "kode_tanpa_titik", "kode_kemendagri", "kode_wilayah")


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One area of a file."""

    kode: KodeWilayah
    nama: str
    tingkat: str
    kode_bps: str | None
    nama_lain: str | None


def read_area_rows(lines: Iterable[str]) -> list[AreaRow]:
    """Rows of a CSV file with a header: a code column and `nama`; more columns are welcome.

    `tingkat` (the local word for the level), `kode_bps` and `nama_lain` are kept where they are.
    Raises `AppError` `value-refused`, which names the first lines that cannot be read.
    """
    reader = csv.DictReader(lines)
    columns = {name.strip().lower(): name for name in reader.fieldnames or ()}
    code_column = next((columns[name] for name in _CODE_COLUMNS if name in columns), None)
    if code_column is None or "nama" not in columns:
        raise AppError(
            "value-refused",
            f"The first line has to name the columns: one of {', '.join(_CODE_COLUMNS)}, and nama.",
        )
    rows: list[AreaRow] = []
    unread: list[int] = []
    for raw in reader:
        row = _row(raw, columns, code_column)
        if row is None:
            unread.append(reader.line_num)
        else:
            rows.append(row)
    if unread or not 1 <= len(rows) <= AREAS_MAX:
        shown = ", ".join(map(str, unread[:ERRORS_SHOWN_MAX])) or "none was found"
        raise AppError(
            "value-refused",
            f"{len(unread)} line(s) hold no area (line {shown}): a code has 2, 4, 6 or 10 digits, "
            "and every area has a name.",
        )
    return rows


def load_areas(session: Session, rows: Iterable[AreaRow], act: Act) -> int:
    """Add or replace areas; the number loaded. Areas that a file does not name stay.

    Raises `AppError` `value-refused` for an area whose parent is neither there nor in the file.
    """
    loaded = {row.kode.code: row for row in rows}
    parents = {code[:-4] if len(code) == 10 else code[:-2] for code in loaded if len(code) > 2}
    wanted = parents - loaded.keys()
    if missing := sorted(wanted - areas.known_codes(session, wanted)):
        raise AppError(
            "value-refused",
            f"{len(missing)} areas lack their parent, {missing[0]} for one: load the larger areas "
            "first, or in the same file.",
        )
    areas.load_areas(session, [_stored(loaded[code]) for code in sorted(loaded)])
    auditing.append(session, NO_VILLAGE, act.entry("areas-loaded", count=len(loaded)))
    return len(loaded)


def _row(
    raw: Mapping[str, str | None], columns: Mapping[str, str], code_column: str
) -> AreaRow | None:
    def said(name: str) -> str:
        return (raw.get(columns.get(name, "")) or "").strip()

    kode = KodeWilayah.parse(raw.get(code_column) or "")
    if kode is None or not said("nama"):
        return None
    return AreaRow(
        kode=kode,
        nama=said("nama"),
        tingkat=said("tingkat") or kode.level.value,
        kode_bps=said("kode_bps") or None,
        nama_lain=said("nama_lain") or None,
    )


def _stored(row: AreaRow) -> dict[str, str | None]:
    code = row.kode.code
    size = 4 if row.kode.level is Level.DESA else 2
    return {
        "kode": code,
        "nama": row.nama,
        "tingkat": row.tingkat,
        "induk": code[:-size] or None,
        "kode_bps": row.kode_bps,
        "nama_lain": row.nama_lain,
    }
