"""Exports, the rows that are answered about, and what the areas of a file are called."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Row, and_, func, insert, select, true, update
from sqlmodel import Session

from models.queries.rowsets import add, among, instant, keys, store
from models.queries.scoping import Sight, in_areas
from models.sealing import vault_of
from models.tables.areas import Wilayah
from models.tables.columns import table_of
from models.tables.exports import Export, ExportResult
from sync.types import Json

EXPORTS_PER_PAGE_MAX: Final = 200
VILLAGES_PER_EXPORT_MAX: Final = 1_000
ANSWERS_PER_STATEMENT: Final = 5_000
WAITING: Final = "menunggu"
DRAFT: Final = "draf"

_EXPORT = table_of(Export)
_RESULT = table_of(ExportResult)
_AREA = table_of(Wilayah)
_NOTED = [column for column in _EXPORT.c if column.name != "report"]


@dataclass(frozen=True, slots=True)
class StoredExport:
    """One village's part in an export, as it is stored but for its report."""

    desa: str
    id: str
    period: str
    profile: str
    profile_version: str
    title: str
    for_excel: bool
    draft: bool
    state: str
    snapshot: str
    villages: int
    rows: int
    left_out: int
    problems: int
    files: Sequence[Mapping[str, Json]]
    receipt: str | None
    created_at: datetime
    created_by: str | None
    changed_at: datetime
    changed_by: str | None
    note: str
    taken: Sequence[str] = ()
    """Hashes of the answer files that were taken."""


@dataclass(frozen=True, slots=True)
class AnsweredRow:
    """One exported row with what was answered about it. `answer` is word for word."""

    desa: str
    export: str
    n: int
    natural_key: str
    record: str
    keluarga: str
    rt: str
    program: str
    outcome: str
    answer: Mapping[str, Json] | None
    answer_hash: str | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class WantedExports:
    """Which exports are listed; what is empty does not restrict."""

    area: str = ""
    period: str = ""
    state: str = ""
    profile: str = ""


def named_areas(session: Session, codes: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """Code → name and BPS code, for those that the table knows."""
    wanted = sorted(set(codes))
    statement = select(_AREA.c.kode, _AREA.c.nama, _AREA.c.kode_bps).where(
        among(session, _AREA.c.kode, "codes")
    )
    rows = session.connection().execute(statement, {"codes": keys(session, wanted)})
    return {row.kode: (row.nama, row.kode_bps) for row in rows}


def add_export(session: Session, export: StoredExport, report: Sequence[Json]) -> None:
    """Keep one village's part in an export."""
    values = {name: getattr(export, name) for name in StoredExport.__slots__}
    values["files"] = orjson.dumps([dict(file) for file in export.files]).decode()
    values["taken"] = orjson.dumps(list(export.taken)).decode()
    values["report"] = orjson.dumps(list(report)).decode()
    session.connection().execute(insert(_EXPORT).values(**values))


def export_villages(session: Session, sight: Sight, export: str) -> list[StoredExport]:
    """Every village's part in an export, if all of them lie in sight; else none."""
    statement = select(*_NOTED).where(_EXPORT.c.id == export, _in_sight(sight))
    found = [_export(row) for row in session.connection().execute(statement.order_by("desa"))]
    # Files of several villages are told to those only who see each of them.
    return found if found and len(found) == found[0].villages else []


def listed_exports(
    session: Session, sight: Sight, wanted: WantedExports, *, limit: int, offset: int = 0
) -> tuple[list[StoredExport], int]:
    """A page of parts of exports in sight, the latest first, and how many there are."""
    where = [_in_sight(sight), *_restrictions(wanted)]
    total = select(func.count()).select_from(_EXPORT).where(*where)
    statement = (
        select(*_NOTED)
        .where(*where)
        .order_by(_EXPORT.c.created_at.desc(), _EXPORT.c.id.desc(), _EXPORT.c.desa)
        .limit(limit)
        .offset(offset)
    )
    connection = session.connection()
    found = [_export(row) for row in connection.execute(statement)]
    return found, connection.execute(total).scalar_one()


def report_of(session: Session, sight: Sight, export: str) -> list[dict[str, Json]]:
    """The problems of an export, village by village."""
    statement = (
        select(_EXPORT.c.report)
        .where(_EXPORT.c.id == export, _in_sight(sight))
        .order_by(_EXPORT.c.desa)
    )
    rows = session.connection().execute(statement).scalars()
    return [problem for row in rows for problem in orjson.loads(row)]


@dataclass(frozen=True, slots=True)
class Moved:
    """A change of an export's state, as it is stored."""

    before: str
    state: str
    at: datetime
    by: str | None
    note: str


def move_export(session: Session, desas: Sequence[str], export: str, moved: Moved) -> int:
    """Change the state where it still is what it was; how many villages' parts changed."""
    statement = (
        update(_EXPORT)
        .where(
            _EXPORT.c.desa.in_(list(desas)),
            _EXPORT.c.id == export,
            _EXPORT.c.state == moved.before,
        )
        .values(state=moved.state, changed_at=moved.at, changed_by=moved.by, note=moved.note)
    )
    return session.connection().execute(statement).rowcount


def note_taken(session: Session, desa: str, export: str, hashes: Sequence[str]) -> None:
    """Remember which answer files a village's part has taken."""
    session.connection().execute(
        update(_EXPORT)
        .where(_EXPORT.c.desa == desa, _EXPORT.c.id == export)
        .values(taken=orjson.dumps(list(hashes)).decode())
    )


# Answers -------------------------------------------------------------------------------------


def add_waiting(
    session: Session, desa: str, export: str, rows: Sequence[Mapping[str, object]]
) -> None:
    """Rows that the ministry will answer about: `n`, `nik`, `record`, `keluarga`, `rt`, `program`.

    The number is kept as a keyed hash alone.
    """
    key = vault_of(session).natural_key
    for start in range(0, len(rows), ANSWERS_PER_STATEMENT):
        part = rows[start : start + ANSWERS_PER_STATEMENT]
        add(
            session,
            _RESULT,
            desa,
            [
                {
                    "export": export,
                    "n": row["n"],
                    "natural_key": key(str(row["nik"])),
                    "record": row["record"],
                    "keluarga": row["keluarga"],
                    "rt": row["rt"],
                    "program": row["program"],
                    "outcome": WAITING,
                    "body": None,
                    "answer_hash": None,
                    "answered_at": None,
                }
                for row in part
            ],
        )


def natural_key(session: Session, number: str) -> str:
    """The keyed hash under which a number is found."""
    return vault_of(session).natural_key(number)


def rows_with_numbers(
    session: Session, desa: str, export: str, natural_keys: Iterable[str]
) -> list[AnsweredRow]:
    """Rows of one village in an export that were sent under one of these numbers."""
    statement = select(_RESULT).where(
        _RESULT.c.desa == desa,
        _RESULT.c.export == export,
        among(session, _RESULT.c.natural_key, "numbers"),
    )
    parameters = {"numbers": keys(session, natural_keys)}
    rows = session.connection().execute(statement.order_by(_RESULT.c.n), parameters)
    return [_answered(session, row) for row in rows]


def answered_rows(
    session: Session, desa: str, export: str, *, limit: int, offset: int = 0
) -> list[AnsweredRow]:
    """Rows of one village in an export, in the order of its files."""
    statement = (
        select(_RESULT)
        .where(_RESULT.c.desa == desa, _RESULT.c.export == export)
        .order_by(_RESULT.c.n)
        .limit(limit)
        .offset(offset)
    )
    return [_answered(session, row) for row in session.connection().execute(statement)]


def outcomes_of(session: Session, desas: Sequence[str], export: str) -> dict[str, int]:
    """Outcome → how many rows of the export have it."""
    statement = (
        select(_RESULT.c.outcome, func.count().label("total"))
        .where(_RESULT.c.desa.in_(list(desas)), _RESULT.c.export == export)
        .group_by(_RESULT.c.outcome)
    )
    return {row.outcome: row.total for row in session.connection().execute(statement)}


def store_answers(session: Session, desa: str, rows: Sequence[AnsweredRow]) -> None:
    """Write what was answered. Each row is one that `rows_with_numbers` gave."""
    vault = vault_of(session)
    for start in range(0, len(rows), ANSWERS_PER_STATEMENT):
        store(
            session,
            _RESULT,
            desa,
            [
                {
                    "export": row.export,
                    "n": row.n,
                    "natural_key": row.natural_key,
                    "record": row.record,
                    "keluarga": row.keluarga,
                    "rt": row.rt,
                    "program": row.program,
                    "outcome": row.outcome,
                    "body": vault.seal(orjson.dumps(dict(row.answer or {})).decode()),
                    "answer_hash": row.answer_hash,
                    "answered_at": None if row.answered_at is None else instant(row.answered_at),
                }
                for row in rows[start : start + ANSWERS_PER_STATEMENT]
            ],
        )


def final_exports(session: Session, sight: Sight, area: str, period: str) -> list[StoredExport]:
    """Final exports of an area's villages in a period (empty: in any), the latest first."""
    statement = (
        select(*_NOTED)
        .where(
            _in_sight(sight),
            in_areas(_EXPORT.c.desa, [area]),
            _EXPORT.c.period == period if period else true(),
            _EXPORT.c.state != DRAFT,
        )
        .order_by(_EXPORT.c.created_at.desc(), _EXPORT.c.id.desc())
        .limit(VILLAGES_PER_EXPORT_MAX)
    )
    return [_export(row) for row in session.connection().execute(statement)]


def _in_sight(sight: Sight) -> ColumnElement[bool]:
    """A file holds a whole village, so nobody sees it whose area is a part of one."""
    return in_areas(_EXPORT.c.desa, sight.whole_areas())


def _restrictions(wanted: WantedExports) -> list[ColumnElement[bool]]:
    asked = {
        _EXPORT.c.period: wanted.period,
        _EXPORT.c.state: wanted.state,
        _EXPORT.c.profile: wanted.profile,
    }
    return [
        in_areas(_EXPORT.c.desa, [wanted.area]) if wanted.area else true(),
        and_(true(), *(column == value for column, value in asked.items() if value)),
    ]


def _export(row: Row[tuple[Any, ...]]) -> StoredExport:
    told = dict(row._mapping)  # noqa: SLF001 (SQLAlchemy's public name for it)
    told |= {"files": orjson.loads(row.files), "taken": orjson.loads(row.taken)}
    return StoredExport(**told)


def _answered(session: Session, row: Row[tuple[Any, ...]]) -> AnsweredRow:
    body = None if row.body is None else orjson.loads(vault_of(session).open(row.body))
    return AnsweredRow(
        row.desa,
        row.export,
        row.n,
        row.natural_key,
        row.record,
        row.keluarga,
        row.rt,
        row.program,
        row.outcome,
        body,
        row.answer_hash,
        row.answered_at,
    )
