"""What a list of the government says, as plain values: parsed once, before anybody compares.

A list is stated by its families (or by single persons, where a file is about persons). `fields`
are fields of `sync.policy` with values that the register accepts; what a file said in an
instrument's own numbers stands beside them in `codes`, as it was written, so that the operation
made from it can keep where a value came from. Nothing here knows the register: whether a family is
new, changed or elsewhere is `sync.listing`'s question.

Rows are counted as a spreadsheet shows them: the header is row 1 where nothing stands above it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

from sync.types import Json

ListKind: TypeAlias = Literal["families", "proposals", "growth", "match", "result"]
"""What the rows of a list are: families (`proposals`: put forward by the village, not yet listed),
measurements of children, answers of Dukcapil, or the ministry's answers to proposals."""


@dataclass(frozen=True, slots=True)
class ListSource:
    """Which list: `name` is the format's (`"dtsen_2026"`), the instrument gives its code lists."""

    name: str
    instrument: str
    version: str
    issued: date | None = None
    """The day the list speaks of, where the file or whoever imports it says so."""
    only_known: bool = False
    """The rows add to families that the register has; they are too thin to begin one."""


@dataclass(frozen=True, slots=True)
class ListedMember:
    """One person of a listed family."""

    row: int
    fields: Mapping[str, Json]
    codes: Mapping[str, str] = field(default_factory=dict)
    """Field → what stood in the file, for coded answers; also where no field came of it."""
    file: str = ""
    """Of the row; the family's own row may stand in another file of a pair."""
    end: Mapping[str, Json] | None = None
    """`{"end": "meninggal" | "pindah", "date": …, "number": …}` where the list closes a person;
    date and number are absent where it does not say them. `codes["end"]` is the list's word."""


@dataclass(frozen=True, slots=True)
class ListedFamily:
    """One family, with the row of its own (or of its first person)."""

    file: str
    row: int
    desa: str
    """Kemendagri's code of the village, ten digits."""
    fields: Mapping[str, Json]
    codes: Mapping[str, str]
    members: tuple[ListedMember, ...]
    list_id: str = ""
    """The id under which the list knows the family (IDBDT, ID Keluarga P3KE), if it has one."""


@dataclass(frozen=True, slots=True)
class ListedGrowth:
    """One measurement of a child.

    `person` says who was measured, each where the file does: `nik`, `nama`, `tanggal_lahir`,
    `jenis_kelamin`, `nama_orang_tua`; `fields` are those of a `pengukuran`.
    """

    file: str
    row: int
    desa: str
    person: Mapping[str, Json]
    fields: Mapping[str, Json]
    codes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ListedMatch:
    """Dukcapil's answer about one NIK. `fields` is what Dukcapil has recorded of the bearer."""

    file: str
    row: int
    desa: str
    """Empty: the address is Dukcapil's and does not say in which village a family is listed."""
    nik: str
    padan: str
    """`"padan"`, or Dukcapil's words where it is not."""
    fields: Mapping[str, Json]
    codes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ListedResult:
    """The ministry's answer to one proposal; `hasil`, `padan` and `keterangan` are its words."""

    file: str
    row: int
    desa: str
    nik: str
    program: str
    """A slug of `usulan_program`, or empty."""
    nama: str
    hasil: str
    padan: str
    keterangan: str
    codes: Mapping[str, str]


Listed: TypeAlias = ListedFamily | ListedGrowth | ListedMatch | ListedResult


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that cannot go in.

    `reason` is an Indonesian sentence that says what to do; it names columns, never what stood in
    them.
    """

    file: str
    row: int
    reason: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListWarning:
    """Something about a list that did not keep a row out, told once with its count."""

    code: str
    text: str
    """Indonesian."""
    column: str = ""
    file: str = ""
    count: int = 1
    rows: tuple[int, ...] = ()
    """The first of them."""
