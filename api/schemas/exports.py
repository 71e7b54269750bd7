"""Exports, their reports and receipts, answers and tasks on the wire."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from api.schemas.accounts import Wire
from api.schemas.reviewing import Reason, Shown

DESAS_PER_REQUEST_MAX = 100

ProfileName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]
PeriodName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,16}$")]
AreaCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}([0-9]{2}([0-9]{2}([0-9]{4})?)?)?$")]
VillageCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]
Note = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class AskExport(Wire):
    """`POST /v1/exports`: a profile for villages, or for all signed ones of an area.

    With `check` nothing is made: the answer is the report alone.
    """

    profile: ProfileName
    period: PeriodName
    desa: Annotated[list[VillageCode], Field(max_length=DESAS_PER_REQUEST_MAX)] = Field(
        default_factory=list
    )
    area: AreaCode | None = None
    draft: bool = False
    check: bool = False
    for_excel: bool = False


class MoveExport(Wire):
    """`POST /v1/exports/{export}/state`: how far the files came upstream."""

    state: Literal["diunggah", "diterima", "ditolak"]
    note: Note = ""


class CloseTask(Wire):
    """`POST /v1/tasks/{task}/close`: what was done about it."""

    note: Reason


class ProfileView(Shown):
    """A profile of the installation."""

    name: str
    version: str
    title: str
    source: str
    answered: bool


class ProfileList(Shown):
    """Every profile of the installation."""

    profiles: list[ProfileView]


class FileView(Shown):
    """One file. `n` is its place for the download."""

    n: int
    name: str
    sha256: str
    bytes: int
    rows: int
    media_type: str


class PartView(Shown):
    """One village's part in an export."""

    desa: str
    snapshot: str
    rows: int
    left_out: int
    problems: int


class ExportView(Shown):
    """One export. `receipt` is null for a draft."""

    id: str
    profile: str
    profile_version: str
    title: str
    period: str
    state: str
    draft: bool
    for_excel: bool
    receipt: str | None
    created_at: datetime
    created_by: str | None
    changed_at: datetime
    changed_by: str | None
    note: str
    rows: int
    left_out: int
    villages: list[PartView]
    files: list[FileView]
    outcomes: dict[str, int]
    """Rows by what the ministry answered; empty for a profile that is not answered."""


class ExportLine(Shown):
    """One village's part in an export, as a line of a list."""

    id: str
    desa: str
    profile: str
    profile_version: str
    title: str
    period: str
    state: str
    draft: bool
    rows: int
    left_out: int
    created_at: datetime


class ExportList(Shown):
    """A page of exports."""

    exports: list[ExportLine]
    total: int


class ProblemView(Shown):
    """What is wrong with a row: which field, what, and where to put it right, in Indonesian."""

    code: str
    blocks: bool
    desa: str
    rt: str
    keluarga: str
    record: str
    nama: str
    field: str
    message: str
    fix: str


class TallyView(Shown):
    """A village's rows against what was signed."""

    desa: str
    snapshot: str
    families: int
    persons: int
    rows: int
    left_out: int


class ReportView(Shown):
    """The report that comes before the files. `problems` may be cut, `counts` is whole."""

    rows: int
    left_out: int
    counts: dict[str, int]
    villages: list[TallyView]
    not_signed: list[str]
    problems: list[ProblemView]


class ExportedView(Shown):
    """Answer to `POST /v1/exports`; `export` is null where only the report was asked for."""

    export: ExportView | None
    report: ReportView


class ReceiptView(Shown):
    """What can be shown to anybody: which files, of which signed villages, who and when."""

    receipt: str
    export: str
    profile: str
    profile_version: str
    period: str
    state: str
    created_at: datetime
    created_by: str | None
    rows: int
    left_out: int
    villages: list[dict[str, JsonValue]]
    files: list[dict[str, JsonValue]]


class TakenView(Shown):
    """What an answer of the ministry changed. `unmatched` are lines of the file."""

    file: str
    rows: int
    matched: int
    changed: int
    same: int
    outcomes: dict[str, int]
    unclear: dict[str, int]
    tasks_opened: int
    tasks_closed: int
    unmatched: list[int]


class TaskView(Shown):
    """Something to look at again. `words` are the ministry's."""

    id: str
    desa: str
    rt: str
    kind: str
    keluarga: str
    record: str
    export: str
    program: str
    words: dict[str, JsonValue]
    state: str
    created_at: datetime
    closed_at: datetime | None
    note: str


class TaskList(Shown):
    """A page of tasks."""

    tasks: list[TaskView]
    total: int
