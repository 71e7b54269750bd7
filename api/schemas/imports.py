"""Imports of lists on the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Self, cast

from pydantic import BaseModel, ConfigDict, JsonValue

from models.queries.imports import StoredImport

State = Literal["uploaded", "previewed", "running", "done", "failed", "discarded"]


class ImportFileView(BaseModel):
    """One file of a list. `role` is `list`, `codes` or `map`."""

    model_config = ConfigDict(frozen=True)

    name: str
    role: str
    size_bytes: int
    sha256: str


class ImportView(BaseModel):
    """One import: where it stands, what it would do, what it did."""

    model_config = ConfigDict(frozen=True)

    id: str
    area: str
    state: State
    account: str | None
    """Who brought it; null: the command line."""
    format: str
    issued: str | None
    files: list[ImportFileView]
    source: dict[str, JsonValue] | None
    """Which list it was recognised as."""
    preview: dict[str, JsonValue] | None
    report: dict[str, JsonValue] | None
    families_done: int
    families_all: int
    problem: str | None
    """Of a failed one, why: a stable code."""
    created_at: datetime
    changed_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, stored: StoredImport) -> Self:
        return cls(
            id=stored.id,
            area=stored.area,
            state=cast("State", stored.state),
            account=stored.account_id,
            format=str(stored.options.get("format")),
            issued=cast("str | None", stored.options.get("issued")),
            files=[_file(one) for one in stored.files],
            source=_plain(stored.source),
            preview=_plain(stored.preview),
            report=_plain(stored.report),
            families_done=stored.rows_done,
            families_all=stored.rows_all,
            problem=stored.problem,
            created_at=stored.created_at,
            changed_at=stored.changed_at,
            finished_at=stored.finished_at,
        )


class ImportList(BaseModel):
    """A page of imports, the newest first."""

    model_config = ConfigDict(frozen=True)

    imports: list[ImportView]
    total: int


def _file(stored: Mapping[str, object]) -> ImportFileView:
    return ImportFileView(
        name=str(stored["name"]),
        role=str(stored["role"]),
        size_bytes=int(str(stored["bytes"])),
        sha256=str(stored["sha256"]),
    )


def _plain(told: Mapping[str, object] | None) -> dict[str, JsonValue] | None:
    return cast("dict[str, JsonValue]", dict(told)) if told is not None else None
