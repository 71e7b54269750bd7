"""A list that no catalogue knows: whoever imports it says in a TOML file what its columns are.

```toml
name = "Pendataan pekon 2024"
instrument = "Pekon"            # optional; and version, kind ("families", "proposals", "growth")
key = "Nomor KK"                # rows of one family share it; without it each row is a family
desa = "1804092006"             # all rows are in one village; or:
# area = { code = "Kode Desa", numbering = "kemendagri", kecamatan = "Kecamatan", desa = "Pekon" }
dates = "dmy"                   # or "mdy"
sheet = "Data"                  # of a workbook

[columns]
"Nomor KK" = "keluarga.no_kk"
"NIK" = "anggota.nik"
"Lantai" = { field = "keluarga.jenis_lantai_terluas", codes = { 1 = "tanah", 2 = "keramik" } }
"Terima PKH" = { field = "keluarga.program", element = "pkh" }
```
"""

import tomllib
from collections.abc import Mapping
from typing import Any, Final

from api.formats.lists.areas import VILLAGE_DIGITS
from api.formats.lists.columns import UnknownTarget, ready_column
from api.formats.lists.layouts import Column, Layout, ListFormat, format_of
from api.formats.spreadsheets.unreadable import ListUnreadable
from sync.codes import SLUGS
from sync.policy import FIELDS

MAP_BYTES_MAX: Final = 256 * 1024
COLUMNS_MAX: Final = 400
_KINDS: Final = ("families", "proposals", "growth", "match", "result")
_KEYS: Final = frozenset(
    {"name", "instrument", "version", "kind", "key", "desa", "area", "dates", "sheet", "columns"}
)


def read_map(text: bytes) -> ListFormat:
    """The format that a map describes. Raises `ListUnreadable` `map-unreadable`, saying where."""
    if len(text) > MAP_BYTES_MAX:
        raise ListUnreadable("map-unreadable", f"{MAP_BYTES_MAX >> 10} KiB")
    try:
        raw = tomllib.loads(text.decode("utf-8"))
        form = format_of(_as_format(raw))
        _check(form)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ListUnreadable("map-unreadable", "TOML") from error
    except KeyError as error:
        raise ListUnreadable("map-unreadable", f"{error.args[0]}") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise ListUnreadable("map-unreadable", f"{error}"[:200]) from error
    return form


def _as_format(raw: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(raw.keys() - _KEYS):
        raise ValueError(f"unknown: {', '.join(unknown)}")
    columns = raw["columns"]
    if not 1 <= len(columns) <= COLUMNS_MAX:
        raise ValueError(f"columns: 1 to {COLUMNS_MAX}")
    area = dict(raw.get("area", {}))
    if "desa" in raw:
        area["fixed"] = str(raw["desa"]).replace(".", "")
    key = raw.get("key", "")
    file = {
        "role": "baris",
        "columns": columns,
        "recognised_by": list(columns),
        "area": area,
        "key": key,
        "key_is": "no_kk" if _target(columns.get(key, "")) == "keluarga.no_kk" else "id",
        "without_key": "own",
        "days": raw.get("dates", "dmy"),
        "sheet": raw.get("sheet", ""),
    }
    return {
        "name": raw.get("name", "map"),
        "instrument": raw.get("instrument", raw.get("name", "map")),
        "version": str(raw.get("version", "")),
        "kind": raw.get("kind", "families"),
        "file": [file],
    }


def _target(said: str | Mapping[str, Any]) -> str:
    return said if isinstance(said, str) else str(said.get("field", ""))


def _check(form: ListFormat) -> None:
    layout = form.layouts[0]
    if form.kind not in _KINDS:
        raise ValueError(f"kind: {', '.join(_KINDS)}")
    if layout.days not in ("dmy", "mdy"):
        raise ValueError("dates: dmy, mdy")
    fixed = layout.area.fixed if layout.area else ""
    if fixed and not (fixed.isdecimal() and len(fixed) == VILLAGE_DIGITS):
        raise ValueError(f"desa: {VILLAGE_DIGITS} digits")
    for column in layout.columns:
        ready_column(column, 0, layout)
        _check_codes(column, layout)


def _check_codes(column: Column, layout: Layout) -> None:
    if not column.own_codes:
        return
    entity = "anggota" if column.owner in layout.persons else column.owner
    field = FIELDS.get(entity, {}).get(column.field)
    listed = field.codelist if field else None
    allowed = SLUGS[listed] if listed else {"true", "false"}
    for slug in column.own_codes.values():
        if str(slug).lower() not in allowed:
            raise UnknownTarget(f"{column.header}: {slug}")
