"""Filled forms as ODK Central counts them: a form and its edits are one, known by the first's id.

Nothing of this is stored beside the forms. Edits are found by what they name as their original, so
whatever order a phone sends them in, a form and what became of it are one row from the moment on
that both are here. An edit whose original is not here is a row of its own until it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Row,
    Select,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlmodel import Session

from models.queries.filled_filters import Columns, Filter, Property, condition
from models.queries.scoping import Sight, in_areas, in_sight
from models.queries.submissions import StoredFile
from models.sealing import vault_of
from models.tables.accounts import Account
from models.tables.central import SubmissionReview
from models.tables.columns import UtcDateTime, table_of
from models.tables.register import Feed, RecordRow
from models.tables.submissions import SubmissionFile, SubmissionRow

ROWS_PER_STEP_MAX: Final = 500
"""So many rows are in memory at a time, however many are asked for."""
EDITS_IN_A_ROW_MAX: Final = 100
VERSIONS_MAX: Final = 500
DIFFERENT: Final = "different"
"""The problem of a form that came under the id of another one; it is no version of anything."""
EDITED: Final = "edited"

_SUBMISSION = table_of(SubmissionRow)
_FILE = table_of(SubmissionFile)
_REVIEW = table_of(SubmissionReview)
_RECORD = table_of(RecordRow)
_ACCOUNT = table_of(Account)
_FEED = table_of(Feed)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a filled form stands in the order of coming."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class FilledForm:
    """One filled form: its first version, and which version it has now."""

    desa: str
    id: str
    instance: str
    received_at: datetime
    device_id: str | None
    account_id: str | None
    account_name: str | None
    agent: str
    current_id: str
    current_instance: str
    current_version: str
    edits: int
    updated_at: datetime | None
    review_state: str | None
    xml: bytes
    """Of the present version; empty where it was not asked for."""

    @property
    def place(self) -> Place:
        return Place(self.received_at, self.id)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which filled forms are meant: of one form, in sight, and what else has to hold."""

    form_id: str
    sight: Sight
    where: Filter | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """Which of them in one answer, the newest first unless `order` says otherwise."""

    limit: int
    skip: int = 0
    after: Place | None = None
    """Only what comes behind that place."""
    including: bool = False
    """And that one itself."""
    order: tuple[tuple[Property, bool], ...] = ()
    """Properties, each with whether it descends."""
    with_xml: bool = True


@dataclass(frozen=True, slots=True)
class _Plan:
    """The parts of a statement about filled forms."""

    source: FromClause
    edits: CTE
    columns: Columns
    where: tuple[ColumnElement[bool], ...]


def filled_forms(session: Session, asked: Asked, cut: Cut) -> list[FilledForm]:
    """Filled forms in sight, at most `ROWS_PER_STEP_MAX`."""
    plan = _plan(session, asked)
    statement = _told(plan, with_xml=cut.with_xml).where(*plan.where)
    if cut.after is not None:
        statement = statement.where(_behind(cut.after, including=cut.including))
    statement = statement.order_by(*_order(plan, cut))
    limited = statement.limit(min(cut.limit, ROWS_PER_STEP_MAX)).offset(cut.skip)
    return [_filled(session, row) for row in session.connection().execute(limited)]


def count_filled(session: Session, asked: Asked) -> int:
    """How many filled forms in sight the filter lets through."""
    plan = _plan(session, asked)
    statement = select(func.count()).select_from(plan.source).where(*plan.where)
    return int(session.connection().execute(statement).scalar_one())


def filled_form(session: Session, asked: Asked, instance: str) -> FilledForm | None:
    """One filled form by the id of its first version, if it lies in sight."""
    plan = _plan(session, asked)
    # The feeds list the villages that there are, so that each of them is asked by its key.
    villages = select(_FEED.c.desa).union_all(select(literal(""))).subquery("villages")
    statement = (
        _told(plan, with_xml=True)
        .join(villages, villages.c.desa == _SUBMISSION.c.desa)
        .where(_SUBMISSION.c.instance == instance, *plan.where)
        .order_by(_SUBMISSION.c.received_at, _SUBMISSION.c.id)
        .limit(1)
    )
    row = session.connection().execute(statement).one_or_none()
    return _filled(session, row) if row is not None else None


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a filled form."""

    id: str
    instance: str
    form_version: str
    device_id: str | None
    account_id: str | None
    agent: str
    received_at: datetime


def versions_of(session: Session, one: FilledForm, form_id: str) -> list[Version]:
    """Every version of a filled form, the newest first."""
    line = _line(form_id, _SUBMISSION.c.desa == one.desa)
    mine = select(line.c.edit).where(line.c.root == one.id, line.c.desa == one.desa)
    statement = (
        select(*(_SUBMISSION.c[name] for name in Version.__dataclass_fields__))
        .where(
            _SUBMISSION.c.desa == one.desa,
            or_(_SUBMISSION.c.id == one.id, _SUBMISSION.c.id.in_(mine)),
        )
        .order_by(_SUBMISSION.c.received_at.desc(), _SUBMISSION.c.id.desc())
        .limit(VERSIONS_MAX)
    )
    return [Version(*row) for row in session.connection().execute(statement)]


def files_of_many(
    session: Session, places: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], list[StoredFile]]:
    """The files of several submissions, each by village and id; what came first first."""
    wanted = list(places)
    found: dict[tuple[str, str], list[StoredFile]] = {}
    if not wanted:
        return found
    statement = (
        select(_FILE)
        .where(tuple_(_FILE.c.desa, _FILE.c.submission).in_(wanted))
        .order_by(_FILE.c.name, _FILE.c.received_at, _FILE.c.sha256)
    )
    for row in session.connection().execute(statement):
        held = StoredFile(
            row.name, row.sha256, row.size, row.media_type, bool(row.named), row.received_at
        )
        found.setdefault((row.desa, row.submission), []).append(held)
    return found


# The statement's parts ------------------------------------------------------------------------


def _plan(session: Session, asked: Asked) -> _Plan:
    areas = _areas(asked.sight)
    line = _line(asked.form_id, in_areas(_SUBMISSION.c.desa, areas))
    edits = _edits(line)
    source = _SUBMISSION.outerjoin(
        edits, and_(edits.c.desa == _SUBMISSION.c.desa, edits.c.root == _SUBMISSION.c.id)
    ).outerjoin(
        _REVIEW,
        and_(_REVIEW.c.desa == _SUBMISSION.c.desa, _REVIEW.c.submission == _SUBMISSION.c.id),
    )
    seen = in_areas(_SUBMISSION.c.desa, asked.sight.whole_areas())
    if len(areas) > len(asked.sight.whole_areas()):
        # Only a record says in which RT a form lies; one that speaks of none lies in whole areas.
        about = and_(_RECORD.c.desa == _SUBMISSION.c.desa, _RECORD.c.id == _SUBMISSION.c.record)
        source = source.outerjoin(_RECORD, about)
        seen = or_(seen, in_sight(_SUBMISSION.c.desa, _RECORD.c.rt, asked.sight))
    columns = _columns(edits)
    where = [_SUBMISSION.c.form_id == asked.form_id, seen, _is_first(_SUBMISSION)]
    if asked.where is not None:
        where.append(condition(session, asked.where, columns))
    return _Plan(source, edits, columns, tuple(where))


def _areas(sight: Sight) -> tuple[str, ...]:
    """Areas that are seen at least in part."""
    return sight.scope.areas(sight.now)


def _columns(edits: CTE) -> Columns:
    edited_later = and_(
        edits.c.at.is_not(None), or_(_REVIEW.c.at.is_(None), edits.c.at > _REVIEW.c.at)
    )
    updated = case((edited_later, edits.c.at), else_=_REVIEW.c.at)
    return {
        Property.ID: _SUBMISSION.c.instance,
        Property.SUBMISSION_DATE: _SUBMISSION.c.received_at,
        Property.UPDATED_AT: type_coerce(updated, UtcDateTime()),
        Property.SUBMITTER_ID: _SUBMISSION.c.account_id,
        Property.REVIEW_STATE: case((edited_later, EDITED), else_=_REVIEW.c.state),
        Property.DELETED_AT: type_coerce(null(), UtcDateTime()),
    }


def _is_first(one: FromClause) -> ColumnElement[bool]:
    """Is that a first version: no edit, or one whose original is not here?"""
    original = _SUBMISSION.alias("original")
    known = (
        select(literal(1))
        .where(
            original.c.desa == one.c.desa,
            original.c.instance == one.c.replaces,
            _is_version(original),
        )
        .correlate(one)
        .exists()
    )
    return and_(_is_version(one), or_(one.c.replaces.is_(None), ~known))


def _is_version(one: FromClause) -> ColumnElement[bool]:
    return or_(one.c.problem.is_(None), one.c.problem != DIFFERENT)


def _line(form_id: str, inside: ColumnElement[bool]) -> CTE:
    """Every edit of a form with the first version that it goes back to."""
    first = _SUBMISSION.alias("first_version")
    begun = (
        select(
            _SUBMISSION.c.desa,
            first.c.id.label("root"),
            _SUBMISSION.c.id.label("edit"),
            _SUBMISSION.c.instance,
            _SUBMISSION.c.received_at.label("at"),
            literal(1).label("depth"),
        )
        .join(
            first,
            and_(
                first.c.desa == _SUBMISSION.c.desa,
                first.c.instance == _SUBMISSION.c.replaces,
            ),
        )
        .where(
            _SUBMISSION.c.form_id == form_id,
            _SUBMISSION.c.replaces.is_not(None),
            inside,
            _is_version(_SUBMISSION),
            _is_first(first),
        )
        .cte("line", recursive=True)
    )
    later = _SUBMISSION.alias("later_version")
    return begun.union(
        select(
            later.c.desa,
            begun.c.root,
            later.c.id,
            later.c.instance,
            later.c.received_at,
            begun.c.depth + 1,
        )
        .join(begun, and_(later.c.desa == begun.c.desa, later.c.replaces == begun.c.instance))
        .where(begun.c.depth < EDITS_IN_A_ROW_MAX, _is_version(later))
    )


def _edits(line: CTE) -> CTE:
    """Of each edited form: its newest edit, when that came, and how many there are."""
    own = [line.c.desa, line.c.root]
    newest = func.row_number().over(
        partition_by=own, order_by=[line.c.at.desc(), line.c.edit.desc()]
    )
    counted = select(
        *own,
        line.c.edit,
        line.c.at,
        newest.label("place"),
        func.count().over(partition_by=own).label("edits"),
    ).subquery("counted")
    return (
        select(counted.c.desa, counted.c.root, counted.c.edit, counted.c.at, counted.c.edits)
        .where(counted.c.place == 1)
        .cte("edits")
    )


def _told(plan: _Plan, *, with_xml: bool) -> Select[*tuple[Any, ...]]:
    current = _SUBMISSION.alias("present_version")
    source = plan.source.join(
        current,
        and_(
            current.c.desa == _SUBMISSION.c.desa,
            current.c.id == func.coalesce(plan.edits.c.edit, _SUBMISSION.c.id),
        ),
    ).outerjoin(_ACCOUNT, _ACCOUNT.c.id == _SUBMISSION.c.account_id)
    return select(
        _SUBMISSION.c.desa,
        _SUBMISSION.c.id,
        _SUBMISSION.c.instance,
        _SUBMISSION.c.received_at,
        _SUBMISSION.c.device_id,
        _SUBMISSION.c.account_id,
        _ACCOUNT.c.display_name.label("account_name"),
        _SUBMISSION.c.agent,
        current.c.id.label("current_id"),
        current.c.instance.label("current_instance"),
        current.c.form_version.label("current_version"),
        func.coalesce(plan.edits.c.edits, 0).label("edits"),
        plan.columns[Property.UPDATED_AT].label("updated_at"),
        plan.columns[Property.REVIEW_STATE].label("review_state"),
        (current.c.xml if with_xml else null()).label("xml"),
    ).select_from(source)


def _behind(place: Place, *, including: bool) -> ColumnElement[bool]:
    later = _SUBMISSION.c.received_at < place.at
    same = _SUBMISSION.c.received_at == place.at
    follows = _SUBMISSION.c.id <= place.id if including else _SUBMISSION.c.id < place.id
    return or_(later, and_(same, follows))


def _order(plan: _Plan, cut: Cut) -> list[ColumnElement[Any]]:
    """The newest first; where something else was asked for, ids decide between equals."""
    if not cut.order:
        return [_SUBMISSION.c.received_at.desc(), _SUBMISSION.c.id.desc()]
    ordered = [
        column.desc().nulls_last() if descends else column.asc().nulls_first()
        for column, descends in ((plan.columns[name], down) for name, down in cut.order)
    ]
    descends = cut.order[0][1]
    return [*ordered, _SUBMISSION.c.id.desc() if descends else _SUBMISSION.c.id.asc()]


def _filled(session: Session, row: Row[*tuple[Any, ...]]) -> FilledForm:
    named = dict(row._mapping)  # noqa: SLF001 (SQLAlchemy's public name for it)
    raw = named["xml"]
    named["xml"] = vault_of(session).open_bytes(bytes(raw)) if raw is not None else b""
    return FilledForm(**named)
