"""A format as data: read from `catalogue/*.toml`, or from the map that somebody wrote.

```toml
name = "dtsen_2026"            # --format
instrument = "DTSEN"           # whose code lists
version = "v3/2026"
kind = "families"              # families, proposals, growth, match, result
needs_all_files = true         # a pair that is nothing by halves

[[file]]
role = "keluarga"
recognised_by = ["nomor_kartu_keluarga", "desil_nasional"]
key = "nomor_kartu_keluarga"   # joins the files, or gathers the rows of a family
key_is = "no_kk"               # no_kk | id; rows without one: without_key = "refuse" | "own"
area = { code = "kode_kelurahan_desa", numbering = "bps", desa = "…", kecamatan = "…" }
persons.pasangan = { hubungan_keluarga = "istri_suami" }   # further people of one row

[file.columns]
alamat = "keluarga.alamat"
jenis_kelamin = { field = "anggota.jenis_kelamin", codes = "bdt_jenis_kelamin", also = ["jk"] }
ada_pkh = { field = "keluarga.program", element = "pkh" }  # yes: a member of the set

[file.unused]
provinsi = "the village's code says it"
```

A target is `keluarga.FIELD`, `anggota.FIELD`, `PERSON.FIELD`, or one of the few things that are no
field of the register: `daftar.id` (the list's own id of the family), `daftar.bagian` (which family
of a household), `akhir.end/date/number` (the list closes the person), `pengukuran.FIELD`,
`padan.padan`, `hasil.FIELD`.
"""

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from api.formats.lists.areas import Numbering
from api.formats.lists.cells import DayOrder
from sync.listed import ListKind

CATALOGUE: Final = Path(__file__).with_name("catalogue")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a layout and what it feeds."""

    header: str
    owner: str
    """`keluarga`, `anggota`, a further person, `daftar`, `akhir`, `pengukuran`, …"""
    field: str
    codes: str = ""
    """A list of `codes`; empty: the list of the field."""
    own_codes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Code → slug, written into a map by hand."""
    element: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AreaColumns:
    """Where a layout says in which village a row is; `fixed` is a village for all of them."""

    code: str = ""
    parts: tuple[tuple[str, int], ...] = ()
    """Columns that make up the code, each with how many digits it has."""
    numbering: Numbering = "either"
    kabupaten: str = ""
    kecamatan: str = ""
    desa: str = ""
    fixed: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of file of a format."""

    role: str
    columns: tuple[Column, ...]
    recognised_by: tuple[str, ...]
    area: AreaColumns | None = None
    key: str = ""
    key_is: str = "id"
    without_key: str = "refuse"
    persons: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    unused: Mapping[str, str] = dataclasses.field(default_factory=dict)
    by_position: bool = False
    """The header's words are not known: columns are counted."""
    days: DayOrder = "dmy"
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class ListFormat:
    """A list as one or two kinds of files."""

    name: str
    title: str
    instrument: str
    version: str
    kind: ListKind
    layouts: tuple[Layout, ...]
    needs_all_files: bool = False
    only_known: bool = False

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(layout.role for layout in self.layouts)


@cache
def catalogue() -> Mapping[str, ListFormat]:
    """Name → format, of everything that ships."""
    formats = (
        format_of(tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted(CATALOGUE.glob("*.toml"))
    )
    return {form.name: form for form in formats}


def format_of(raw: Mapping[str, Any]) -> ListFormat:
    """A format from parsed TOML. Raises `KeyError`, `TypeError` or `ValueError` for what is none.

    That fields and code lists exist is a test's business for the catalogue, `mapping`'s for maps.
    """
    return ListFormat(
        name=raw["name"],
        title=raw.get("title", raw["name"]),
        instrument=raw["instrument"],
        version=raw.get("version", ""),
        kind=raw.get("kind", "families"),
        layouts=tuple(_layout(file) for file in raw["file"]),
        needs_all_files=raw.get("needs_all_files", False),
        only_known=raw.get("only_known", False),
    )


def _layout(raw: Mapping[str, Any]) -> Layout:
    area = raw.get("area")
    return Layout(
        role=raw["role"],
        columns=tuple(_column(header, said) for header, said in raw["columns"].items()),
        recognised_by=tuple(raw.get("recognised_by", ())),
        area=_area(area) if area is not None else None,
        persons=raw.get("persons", {}),
        unused=raw.get("unused", {}),
        **{
            name: raw[name]
            for name in ("key", "key_is", "without_key", "by_position", "days", "sheet")
            if name in raw
        },
    )


def _column(header: str, said: str | Mapping[str, Any]) -> Column:
    if isinstance(said, str):
        said = {"field": said}
    owner, _, name = said["field"].partition(".")
    if not name:
        raise ValueError(f"{header}: a target is keluarga.FIELD or anggota.FIELD")
    codes = said.get("codes", "")
    return Column(
        header=header,
        owner=owner,
        field=name,
        codes=codes if isinstance(codes, str) else "",
        own_codes={} if isinstance(codes, str) else dict(codes),
        element=said.get("element", ""),
        also=tuple(said.get("also", ())),
    )


def _area(raw: Mapping[str, Any]) -> AreaColumns:
    parts = tuple((name, int(size)) for name, size in raw.get("parts", ()))
    return AreaColumns(parts=parts, **{name: raw[name] for name in raw if name != "parts"})
