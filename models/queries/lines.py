"""Lines of filled forms: which edit goes back to which first version, as parts of statements."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Select,
    and_,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from models.tables.columns import UtcDateTime, table_of
from models.tables.submissions import SubmissionRow

EDITS_IN_A_ROW_MAX: Final = 100
DIFFERENT: Final = "different"
"""The problem of a form that came under the id of another one; it is no version of anything."""

_SUBMISSION = table_of(SubmissionRow)


class Key(NamedTuple):
    """A first version."""

    desa: str
    id: str
    instance: str


def is_first(one: FromClause) -> ColumnElement[bool]:
    """Is that a first version: no edit, or one whose original is not here?"""
    original = _SUBMISSION.alias("original")
    known = (
        select(literal(1))
        .where(
            original.c.desa == one.c.desa,
            original.c.instance == one.c.replaces,
            is_version(original),
        )
        .correlate(one)
        .exists()
    )
    return and_(is_version(one), or_(one.c.replaces.is_(None), ~known))


def is_version(one: FromClause) -> ColumnElement[bool]:
    """Does it belong to a line at all?"""
    return or_(one.c.problem.is_(None), one.c.problem != DIFFERENT)


def line_of(keys: Sequence[Key]) -> CTE:
    """Every edit of some first versions, with the one that it goes back to."""
    edit, first = _SUBMISSION.alias("edit"), _SUBMISSION.alias("first_version")
    originals = [(one.desa, one.instance) for one in keys]
    begun = (
        select(*_linked(edit, first.c.id, literal(1)))
        .join(first, _follows(edit, first))
        .where(
            tuple_(edit.c.desa, edit.c.replaces).in_(originals),
            first.c.id.in_([one.id for one in keys]),
            is_version(edit),
        )
    )
    return _on_from(begun, "line")


def line_of_form(form_id: str, inside: ColumnElement[bool]) -> CTE:
    """Every edit of a form, the same way."""
    first = _SUBMISSION.alias("first_version")
    begun = (
        select(*_linked(_SUBMISSION, first.c.id, literal(1)))
        .join(first, _follows(_SUBMISSION, first))
        .where(
            _SUBMISSION.c.form_id == form_id,
            _SUBMISSION.c.replaces.is_not(None),
            inside,
            is_version(_SUBMISSION),
            is_first(first),
        )
    )
    return _on_from(begun, "all_lines")


def _follows(edit: FromClause, original: FromClause) -> ColumnElement[bool]:
    return and_(original.c.desa == edit.c.desa, original.c.instance == edit.c.replaces)


def _on_from(begun: Select[*tuple[Any, ...]], name: str) -> CTE:
    """Edits of edits, as far as they go."""
    line = begun.cte(name, recursive=True)
    later = _SUBMISSION.alias("later_version")
    follows = and_(later.c.desa == line.c.desa, later.c.replaces == line.c.instance)
    more = select(*_linked(later, line.c.root, line.c.depth + 1)).join(line, follows)
    return line.union(more.where(line.c.depth < EDITS_IN_A_ROW_MAX, is_version(later)))


def _linked(
    one: FromClause, root: ColumnElement[str], depth: ColumnElement[int]
) -> list[ColumnElement[Any]]:
    return [
        one.c.desa,
        root.label("root"),
        one.c.id.label("edit"),
        one.c.instance,
        one.c.received_at.label("at"),
        depth.label("depth"),
    ]


def last_edits(form_id: str, inside: ColumnElement[bool]) -> CTE:
    """Of each edited form: when its newest edit came.

    Grouped and not windowed: PostgreSQL takes a window's first place for a single row, joins it
    to every filled form by looping, and needs half a minute for what is done in half a second.
    """
    line = line_of_form(form_id, inside)
    own = [line.c.desa, line.c.root]
    return (
        select(*own, func.max(line.c.at, type_=UtcDateTime()).label("at"))
        .group_by(*own)
        .cte("last_edits")
    )


def newest_edits(keys: Sequence[Key]) -> CTE:
    """Of each edited one of some: its newest edit, when that came, and how many there are."""
    line = line_of(keys)
    own = [line.c.desa, line.c.root]
    newest = func.row_number().over(
        partition_by=own, order_by=[line.c.at.desc(), line.c.edit.desc()]
    )
    edits = func.count().over(partition_by=own)
    counted = select(
        *own, line.c.edit, line.c.at, newest.label("place"), edits.label("edits")
    ).subquery("counted")
    told = (counted.c[one] for one in ("desa", "root", "edit", "at", "edits"))
    return select(*told).where(counted.c.place == 1).cte("edits")
