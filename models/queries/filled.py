"""Filled forms as ODK Central counts them: a form and its edits are one, known by the first's id.

Nothing of this is stored beside the forms. Edits are found by what they name as their original, so
whatever order a phone sends them in, a form and what became of it are one row from the moment on
that both are here. An edit whose original is not here is a row of its own until it is.
"""

from collections.abc import Iterable, Sequence
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

from models.queries.filled_filters import Columns, Filter, Property, condition, properties_in
from models.queries.lines import Key, is_first, last_edits, line_of, newest_edits
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
VERSIONS_MAX: Final = 500
EDITED: Final = "edited"

_SUBMISSION = table_of(SubmissionRow)
_FILE = table_of(SubmissionFile)
_REVIEW = table_of(SubmissionReview)
_RECORD = table_of(RecordRow)
_ACCOUNT = table_of(Account)
_FEED = table_of(Feed)
_CHANGING: Final = frozenset({Property.UPDATED_AT, Property.REVIEW_STATE})
"""What an edit or a mark changes; all else is in the first version's own row."""
_OWN: Final[Columns] = {
    Property.ID: _SUBMISSION.c.instance,
    Property.SUBMISSION_DATE: _SUBMISSION.c.received_at,
    Property.SUBMITTER_ID: _SUBMISSION.c.account_id,
    Property.DELETED_AT: type_coerce(null(), UtcDateTime()),
}


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


def filled_forms(session: Session, asked: Asked, cut: Cut) -> list[FilledForm]:
    """Filled forms in sight, at most `ROWS_PER_STEP_MAX`."""
    plan = _plan(session, asked, cut)
    chosen = plan.chosen
    if cut.after is not None:
        chosen = chosen.where(_behind(cut.after, including=cut.including))
    limit = min(cut.limit, ROWS_PER_STEP_MAX)
    page = chosen.order_by(*_order(plan.columns, cut)).limit(limit).offset(cut.skip)
    return _told_of(session, page, cut)


def count_filled(session: Session, asked: Asked) -> int:
    """How many filled forms in sight the filter lets through."""
    every = _plan(session, asked, Cut(0)).chosen.subquery("every")
    found = session.connection().execute(select(func.count()).select_from(every))
    return int(found.scalar_one())


def filled_form(session: Session, asked: Asked, instance: str) -> FilledForm | None:
    """One filled form by the id of its first version, if it lies in sight."""
    # The feeds list the villages that there are, so that each of them is asked by its key.
    villages = select(_FEED.c.desa).union_all(select(literal(""))).subquery("villages")
    page = (
        _plan(session, asked, Cut(1))
        .chosen.join(villages, villages.c.desa == _SUBMISSION.c.desa)
        .where(_SUBMISSION.c.instance == instance)
        .order_by(_SUBMISSION.c.received_at, _SUBMISSION.c.id)
        .limit(1)
    )
    return next(iter(_told_of(session, page, Cut(1))), None)


def _told_of(session: Session, page: Select[*tuple[Any, ...]], cut: Cut) -> list[FilledForm]:
    """Everything about the rows of a page.

    Two statements: which rows they are is cheap to find, and SQLite would find it anew for each
    edit if it were a part of the second one.
    """
    keys = [Key(*row) for row in session.connection().execute(page)]
    rows = session.connection().execute(_told(keys, cut)) if keys else ()
    return [_filled(session, row) for row in rows]


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


def versions_of(session: Session, one: FilledForm) -> list[Version]:
    """Every version of a filled form, the newest first."""
    edits = select(line_of([Key(one.desa, one.id, one.instance)]).c.edit)
    statement = (
        select(*(_SUBMISSION.c[name] for name in Version.__dataclass_fields__))
        .where(
            _SUBMISSION.c.desa == one.desa,
            or_(_SUBMISSION.c.id == one.id, _SUBMISSION.c.id.in_(edits)),
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


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which rows are meant, and by which columns they can be ordered."""

    chosen: Select[*tuple[Any, ...]]
    columns: Columns


def _plan(session: Session, asked: Asked, cut: Cut) -> _Plan:
    areas, whole = asked.sight.scope.areas(asked.sight.now), asked.sight.whole_areas()
    source: FromClause = _SUBMISSION
    columns = _OWN
    named = {name for name, _ in cut.order} | (properties_in(asked.where) if asked.where else set())
    if named & _CHANGING:
        # All edits of the form have to be known, not only those of the rows that are told.
        edits = last_edits(asked.form_id, in_areas(_SUBMISSION.c.desa, areas))
        source, columns = _with_changes(source, edits), _columns(edits)
    seen = in_areas(_SUBMISSION.c.desa, whole)
    if len(areas) > len(whole):
        # Only a record says in which RT a form lies; one that speaks of none lies in whole areas.
        about = and_(_RECORD.c.desa == _SUBMISSION.c.desa, _RECORD.c.id == _SUBMISSION.c.record)
        source = source.outerjoin(_RECORD, about)
        seen = or_(seen, in_sight(_SUBMISSION.c.desa, _RECORD.c.rt, asked.sight))
    where = [_SUBMISSION.c.form_id == asked.form_id, seen, is_first(_SUBMISSION)]
    if asked.where is not None:
        where.append(condition(session, asked.where, columns))
    chosen = (
        select(*(_SUBMISSION.c[name] for name in Key._fields)).select_from(source).where(*where)
    )
    return _Plan(chosen, columns)


def _with_changes(source: FromClause, edits: CTE) -> FromClause:
    own = and_(edits.c.desa == _SUBMISSION.c.desa, edits.c.root == _SUBMISSION.c.id)
    mark = and_(_REVIEW.c.desa == _SUBMISSION.c.desa, _REVIEW.c.submission == _SUBMISSION.c.id)
    return source.outerjoin(edits, own).outerjoin(_REVIEW, mark)


def _columns(edits: CTE) -> Columns:
    edited_later = and_(
        edits.c.at.is_not(None), or_(_REVIEW.c.at.is_(None), edits.c.at > _REVIEW.c.at)
    )
    updated = case((edited_later, edits.c.at), else_=_REVIEW.c.at)
    state = case((edited_later, EDITED), else_=_REVIEW.c.state)
    return {
        **_OWN,
        Property.UPDATED_AT: type_coerce(updated, UtcDateTime()),
        Property.REVIEW_STATE: state,
    }


def _told(keys: Sequence[Key], cut: Cut) -> Select[*tuple[Any, ...]]:
    edits = newest_edits(keys)
    columns = _columns(edits)
    current = _SUBMISSION.alias("present_version")
    present = and_(
        current.c.desa == _SUBMISSION.c.desa,
        current.c.id == func.coalesce(edits.c.edit, _SUBMISSION.c.id),
    )
    source = (
        _with_changes(_SUBMISSION, edits)
        .join(current, present)
        .outerjoin(_ACCOUNT, _ACCOUNT.c.id == _SUBMISSION.c.account_id)
    )
    names = ("received_at", "device_id", "account_id", "agent")
    return (
        select(
            *(_SUBMISSION.c[name] for name in (*Key._fields, *names)),
            _ACCOUNT.c.display_name.label("account_name"),
            current.c.id.label("current_id"),
            current.c.instance.label("current_instance"),
            current.c.form_version.label("current_version"),
            func.coalesce(edits.c.edits, 0).label("edits"),
            columns[Property.UPDATED_AT].label("updated_at"),
            columns[Property.REVIEW_STATE].label("review_state"),
            (current.c.xml if cut.with_xml else null()).label("xml"),
        )
        .select_from(source)
        .where(
            tuple_(_SUBMISSION.c.desa, _SUBMISSION.c.id).in_([(one.desa, one.id) for one in keys])
        )
        .order_by(*_order(columns, cut))
    )


def _behind(place: Place, *, including: bool) -> ColumnElement[bool]:
    later = _SUBMISSION.c.received_at < place.at
    same = _SUBMISSION.c.received_at == place.at
    follows = _SUBMISSION.c.id <= place.id if including else _SUBMISSION.c.id < place.id
    return or_(later, and_(same, follows))


def _order(columns: Columns, cut: Cut) -> list[ColumnElement[Any]]:
    """The newest first; where something else was asked for, ids decide between equals."""
    if not cut.order:
        return [_SUBMISSION.c.received_at.desc(), _SUBMISSION.c.id.desc()]
    ordered = [
        column.desc().nulls_last() if descends else column.asc().nulls_first()
        for column, descends in ((columns[name], down) for name, down in cut.order)
    ]
    descends = cut.order[0][1]
    return [*ordered, _SUBMISSION.c.id.desc() if descends else _SUBMISSION.c.id.asc()]


def _filled(session: Session, row: Row[*tuple[Any, ...]]) -> FilledForm:
    named = dict(row._mapping)  # noqa: SLF001 (SQLAlchemy's public name for it)
    raw = named["xml"]
    named["xml"] = vault_of(session).open_bytes(bytes(raw)) if raw is not None else b""
    return FilledForm(**named)
