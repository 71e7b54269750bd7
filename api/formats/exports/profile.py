"""What a profile may say: one file of the ministry described as data.

A profile is a TOML file: which files it makes, where their rows come from, and for each column its
header, the value it takes and how that value is written. The ministry's next template is a new
file of this kind, in `profiles/` or in `LOKUS_EXPORT_PROFILES_DIR`, and no new release.

A value is a path: `keluarga.…`, `anggota.…` and `ukur.…` are fields of the register (see
`sync.policy`), `wilayah.…` names and codes of the place, `baris.…` what the row source adds, and
`ekspor.…` facts about the export itself. `loading` checks them when the profile is read, so
a mistyped path is found before the first row.
"""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

COLUMNS_MAX: Final = 256
FILES_MAX: Final = 8
SECTIONS_MAX: Final = 20

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]
Program: TypeAlias = Literal["pkh", "bpnt", "bst", "non_bansos", "pbi"]
Severity: TypeAlias = Literal["blokir", "peringatan"]
FileFormat: TypeAlias = Literal["xlsx", "csv", "html", "geojson"]
Split: TypeAlias = Literal["program", "desa", "kecamatan"]
SourceName: TypeAlias = Literal[
    "usulan",
    "anggota",
    "keluarga",
    "perbaikan",
    "tindakan",
    "pengukuran",
    "tanpa_program",
    "rekap",
    "titik",
    "entri",
]
CheckName: TypeAlias = Literal[
    "kembar-terbuka", "nik", "no-kk", "nik-ganda", "nama", "satu-program", "tanggal-kejadian"
]
TransformName: TypeAlias = Literal[
    "upper",
    "trim",
    "day_slash",
    "label",
    "source_code",
    "yes_no",
    "one_zero",
    "first",
    "join",
    "decimal_comma",
    "sex_letter",
]
Pengurus: TypeAlias = Literal["istri", "perempuan_dewasa", "kepala_keluarga"]


class Part(BaseModel):
    """A part of a profile: nothing unknown in it, and nothing changes once it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(Part):
    """One column: its header, where its value comes from, and how it is written."""

    header: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    value: str | None = None
    """A path, or nothing for a column that stays empty or has a constant."""
    const: str | None = None
    otherwise: str | None = None
    """A second path, for rows in which the first has no value."""
    transform: tuple[TransformName, ...] = ()
    map: dict[str, str] = Field(default_factory=dict)
    """Slug → what the file calls it; a slug that is not here is written as it is."""
    when: str | None = None
    """The column is empty unless this holds, see `Rules.filter`."""
    required: Severity | None = None
    required_when: str | None = None
    """The value is required only where this holds."""
    digits: Annotated[int, Field(ge=1, le=20)] | None = None
    """Exactly so many digits, or the row is a problem of the severity of `required`."""
    type: Literal["text", "integer", "decimal"] = "text"
    width: Annotated[int, Field(ge=1, le=120)] | None = None
    fix: str | None = None
    """Where to put it right, in Indonesian; else said in general."""


class Section(Part):
    """A part of an entry sheet: its title and the fields in the order of the form."""

    title: str
    of: Literal["keluarga", "anggota", "kriteria", "foto"]
    columns: Annotated[tuple[Column, ...], Field(max_length=COLUMNS_MAX)] = ()


class Agency(Part):
    """An agency of the district and the programme whose lacking families it is told."""

    program: Program
    name: str


class Rules(Part):
    """Which rows a file has."""

    source: SourceName
    filter: tuple[str, ...] = ()
    """Conditions that all hold: `path`, `!path`, `path = value`, `path != value`."""
    programmes: tuple[Program, ...] = ()
    """In the order in which one of them is chosen where a card may have only one."""
    one_per_card: tuple[Program, ...] = ()
    """Programmes of which a family card gets one, proposed through its `pengurus` alone."""
    per_person: tuple[Program, ...] = ()
    """Programmes for each person who does not have it yet."""
    registers_with: Program | None = None
    """Under this programme are listed those who are not on the list: every member of a new
    household, and of a known one only who is missing there."""
    pengurus: tuple[Pengurus, ...] = ("kepala_keluarga",)
    agencies: tuple[Agency, ...] = ()
    desil_max: Annotated[int, Field(ge=1, le=10)] | None = None
    """Families beyond are not eligible; a family without a desil is."""
    actions: tuple[Literal["meninggal", "pindah", "ganda", "tidak_layak"], ...] = ()


class FileSpec(Part):
    """One file of the profile, or one for each programme, village or kecamatan (`split`)."""

    format: FileFormat
    rows: Rules
    stem: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    """How the file's name begins."""
    split: tuple[Split, ...] = ("kecamatan",)
    sheet: Annotated[str, StringConstraints(min_length=1, max_length=25)] = "DATA"
    delimiter: Literal[",", ";", "|"] = ","
    totals: bool = False
    """A last line with the sums of the columns that are integers."""
    blocking: tuple[CheckName, ...] = ()
    """Checks that keep a row out of the file."""
    warning: tuple[CheckName, ...] = ()
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=COLUMNS_MAX)]
    sections: Annotated[tuple[Section, ...], Field(max_length=SECTIONS_MAX)] = ()


class Profile(Part):
    """One template, in one version."""

    name: Name
    version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,19}$")]
    title: str
    """In Indonesian, for people."""
    source: str
    """Where the layout is attested."""
    answered: bool = False
    """Does the ministry answer row by row, by NIK?"""
    files: Annotated[tuple[FileSpec, ...], Field(min_length=1, max_length=FILES_MAX)]
