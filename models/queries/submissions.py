"""Filled forms: found by their instance or by the record they speak of, stored, held, let in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, bindparam, insert, select, update
from sqlmodel import Session

from models.queries.inserting import insert_missing
from models.queries.rowsets import add, among, instant, is_sqlite, keys
from models.sealing import Vault, vault_of
from models.standing import Row as StandingRow
from models.standing import Standing
from models.tables.columns import table_of
from models.tables.submissions import SubmissionFile, SubmissionRow

MERGED, HELD, QUARANTINED, REJECTED = "merged", "held", "quarantined", "rejected"
WAITING, RELEASED = "waiting", "released"

_SUBMISSION = table_of(SubmissionRow)
_FILE = table_of(SubmissionFile)
TOLD = [c for c in _SUBMISSION.c if c.name not in ("xml", "agent")]


class StoredSubmission(NamedTuple):
    """One filled form without its bytes."""

    desa: str
    id: str
    instance: str
    replaces: str | None
    form_id: str
    form_version: str
    device_id: str | None
    account_id: str | None
    sha256: str
    size: int
    state: str
    problem: str | None
    record: str | None
    branch: str | None
    base_version: int | None
    trunk_version: int | None
    lane: str | None
    first_seq: int | None
    last_seq: int | None
    complete: bool
    visit: str | None
    received_at: datetime


_IN_ORDER: Final = attrgetter(*StoredSubmission._fields)
_SAME_INSTANCE = select(*TOLD).where(
    _SUBMISSION.c.desa == bindparam("village"), _SUBMISSION.c.instance == bindparam("instance")
)
_SAME_CHAIN = select(*TOLD).where(
    _SUBMISSION.c.desa == bindparam("village"),
    _SUBMISSION.c.record == bindparam("about"),
    _SUBMISSION.c.lane.is_not(None),
)
_ONE = select(*TOLD).where(
    _SUBMISSION.c.desa == bindparam("village"), _SUBMISSION.c.id == bindparam("wanted")
)
_ADD: Final = Standing(insert(_SUBMISSION), writes=[c.name for c in _SUBMISSION.c])


def same_instance(session: Session, desa: str, instance: str) -> list[StoredSubmission]:
    """What came under this instance's id before, the first one first."""
    rows = session.connection().execute(_SAME_INSTANCE, {"village": desa, "instance": instance})
    return sorted((stored_from(row) for row in rows), key=lambda one: (one.received_at, one.id))


def same_instance_elsewhere(
    session: Session, desas: Sequence[str], instance: str
) -> StoredSubmission | None:
    """The same in other villages: where a form speaks of no place, its phone's areas may change."""
    statement = select(*TOLD).where(
        among(session, _SUBMISSION.c.desa, "villages"),
        _SUBMISSION.c.instance == bindparam("instance"),
    )
    rows = session.connection().execute(
        statement, {"villages": keys(session, desas), "instance": instance}
    )
    found = sorted((stored_from(row) for row in rows), key=lambda one: (one.received_at, one.id))
    return found[0] if found else None


def about_record(session: Session, desa: str, record: str) -> list[StoredSubmission]:
    """Submissions about a record that are in the register, in the order of their coming."""
    rows = session.connection().execute(_SAME_CHAIN, {"village": desa, "about": record})
    return sorted((stored_from(row) for row in rows), key=lambda one: (one.received_at, one.id))


def edits_of(session: Session, desa: str, instance: str) -> list[StoredSubmission]:
    """Submissions that are edits of an instance, in the order of their coming."""
    statement = select(*TOLD).where(
        _SUBMISSION.c.desa == bindparam("village"), _SUBMISSION.c.replaces == bindparam("edited")
    )
    rows = session.connection().execute(statement, {"village": desa, "edited": instance})
    return sorted((stored_from(row) for row in rows), key=lambda one: (one.received_at, one.id))


def submission(session: Session, desa: str, submission_id: str) -> StoredSubmission | None:
    """One submission of a village."""
    row = session.connection().execute(_ONE, {"village": desa, "wanted": submission_id})
    found = row.one_or_none()
    return stored_from(found) if found is not None else None


def xml_of(session: Session, desa: str, submission_id: str) -> bytes:
    """The bytes of a submission as they came."""
    statement = select(_SUBMISSION.c.xml).where(
        _SUBMISSION.c.desa == desa, _SUBMISSION.c.id == submission_id
    )
    stored: bytes = session.connection().execute(statement).scalar_one()
    return vault_of(session).open_bytes(stored)


@dataclass(frozen=True, slots=True)
class Kept:
    """A form as it is kept: what is known of it, its bytes, and the application that sent it."""

    stored: StoredSubmission
    xml: bytes
    agent: str


def add_submissions(session: Session, desa: str, kept: Sequence[Kept]) -> None:
    """Keep forms of one village for ever."""
    if not is_sqlite(session):
        add(session, _SUBMISSION, desa, kept_rows(vault_of(session), kept))
        return
    seal = vault_of(session).seal_bytes
    for one in kept:
        _ADD.run(session, {**_told(one), "xml": seal(one.xml)})


def kept_rows(vault: Vault, kept: Sequence[Kept]) -> list[dict[str, object]]:
    """Forms as rows that travel together (`models.queries.rowsets.bound_rows`)."""
    rows = [_told(one) for one in kept]
    for row, one in zip(rows, kept, strict=True):
        del row["desa"]
        row["received_at"] = instant(one.stored.received_at)
        row["xml"] = vault.seal_bytes(one.xml)
    return rows


def _told(kept: Kept) -> dict[str, object]:
    return {**kept.stored._asdict(), "agent": kept.agent}


@dataclass(frozen=True, slots=True)
class Settling:
    """What became of a submission: its state, and its operations where it was merged."""

    state: str
    problem: str | None = None
    lane: str | None = None
    first_seq: int | None = None
    last_seq: int | None = None
    visit: str | None = None


_SETTLE = (
    update(_SUBMISSION)
    .where(_SUBMISSION.c.desa == bindparam("village"), _SUBMISSION.c.id == bindparam("wanted"))
    .values(
        state=bindparam("new_state"),
        problem=bindparam("new_problem"),
        lane=bindparam("new_lane"),
        first_seq=bindparam("new_first"),
        last_seq=bindparam("new_last"),
        visit=bindparam("new_visit"),
    )
)


def settle(session: Session, desa: str, submission_id: str, settling: Settling) -> None:
    """Note what became of a submission."""
    session.connection().execute(
        _SETTLE,
        {
            "village": desa,
            "wanted": submission_id,
            "new_state": settling.state,
            "new_problem": settling.problem,
            "new_lane": settling.lane,
            "new_first": settling.first_seq,
            "new_last": settling.last_seq,
            "new_visit": settling.visit,
        },
    )


def complete(session: Session, desa: str, submission_id: str, visit: str | None) -> None:
    """The last part has come; ``visit`` is where its photographs are named."""
    session.connection().execute(
        update(_SUBMISSION)
        .where(_SUBMISSION.c.desa == desa, _SUBMISSION.c.id == submission_id)
        .values(complete=True, visit=visit)
    )


# Files ---------------------------------------------------------------------------------------


_FILES: Final = Standing(
    select(_FILE)
    .where(_FILE.c.desa == bindparam("village"), _FILE.c.submission == bindparam("of"))
    .order_by(_FILE.c.name, _FILE.c.received_at, _FILE.c.sha256)
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that came with a submission."""

    name: str
    sha256: str
    size: int
    media_type: str
    named: bool
    received_at: datetime


def files_of(session: Session, desa: str, submission_id: str) -> list[StoredFile]:
    """Every file of a submission by name, what came first first."""
    return [
        StoredFile(row.name, row.sha256, row.size, row.media_type, bool(row.named), row.received_at)
        for row in _FILES.rows(session, {"village": desa, "of": submission_id})
    ]


def add_files(session: Session, desa: str, submission_id: str, files: Iterable[StoredFile]) -> None:
    """Note files; one of the same name and content is there already."""
    insert_missing(
        session,
        _FILE,
        [
            {
                "desa": desa,
                "submission": submission_id,
                "name": one.name,
                "sha256": one.sha256,
                "size": one.size,
                "media_type": one.media_type,
                "named": one.named,
                "received_at": one.received_at,
            }
            for one in files
        ],
    )


def stored_from(row: Row[*tuple[Any, ...]] | StandingRow) -> StoredSubmission:
    """A submission from a row that has its columns."""
    return StoredSubmission._make(_IN_ORDER(row))
