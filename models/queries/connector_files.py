"""Files beside forms of other servers: which are kept here, and which are still to be fetched."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, bindparam, case, delete, func, not_, select, update
from sqlmodel import Session

from models.queries.connector_changes import EARLIER
from models.queries.inserting import insert_missing
from models.queries.rowsets import among, keys
from models.tables.columns import table_of
from models.tables.connectors import ConnectorFileRow, ConnectorItemRow, ConnectorSightRow

ABSENT: Final = "absent"
TOO_LARGE: Final = "too-large"
INTERRUPTED: Final = "interrupted"
KEPT: Final = "kept"
WAITING: Final = "waiting"

_FILE = table_of(ConnectorFileRow)
_ITEM = table_of(ConnectorItemRow)
_SIGHT = table_of(ConnectorSightRow)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that a form names; `place` is how it is asked for over there."""

    name: str
    place: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one try: the hash of what is kept now, or why nothing is."""

    name: str
    sha256: str | None = None
    size: int | None = None
    problem: str | None = None


def want_files(session: Session, connector_id: str, item: str, wanted: Sequence[Wanted]) -> None:
    """Note the files of a form's version: one that changed its place there is asked for again.

    A file that the form no longer names is asked for no more; what was kept of it stays where the
    submission is.
    """
    mine = and_(_FILE.c.connector == connector_id, _FILE.c.item == item)
    connection = session.connection()
    names = {"names": keys(session, [one.name for one in wanted])}
    connection.execute(
        delete(_FILE).where(mine, not_(among(session, _FILE.c.name, "names"))), names
    )
    if wanted:
        connection.execute(
            update(_FILE)
            .where(mine, _FILE.c.name == bindparam("of_name"))
            .values(place=bindparam("new_place"), sha256=None, size=None, problem=None),
            [{"of_name": one.name, "new_place": one.place} for one in wanted],
        )
    insert_missing(
        session,
        _FILE,
        [
            {
                "connector": connector_id,
                "item": item,
                "name": one.name,
                "place": one.place,
                "sha256": None,
                "size": None,
                "tries": 0,
                "problem": None,
            }
            for one in wanted
        ],
    )


def note_fetched(
    session: Session, connector_id: str, item: str, fetched: Iterable[Fetched]
) -> None:
    """Note what became of a try for each."""
    rows = [
        {
            "of_name": one.name,
            "new_sha256": one.sha256,
            "new_size": one.size,
            "new_problem": one.problem,
        }
        for one in fetched
    ]
    if rows:
        session.connection().execute(
            update(_FILE)
            .where(
                _FILE.c.connector == connector_id,
                _FILE.c.item == item,
                _FILE.c.name == bindparam("of_name"),
            )
            .values(
                sha256=bindparam("new_sha256"),
                size=bindparam("new_size"),
                problem=bindparam("new_problem"),
                tries=_FILE.c.tries + 1,
            ),
            rows,
        )


def items_lacking(session: Session, connector_id: str, limit: int) -> list[str]:
    """Forms that were taken in and lack files, those asked for least often first."""
    statement = (
        select(_FILE.c.item)
        .join(_ITEM, and_(_ITEM.c.connector == _FILE.c.connector, _ITEM.c.item == _FILE.c.item))
        .outerjoin(
            _SIGHT, and_(_SIGHT.c.connector == _FILE.c.connector, _SIGHT.c.item == _FILE.c.item)
        )
        .where(
            _FILE.c.connector == connector_id,
            _FILE.c.sha256.is_(None),
            _ITEM.c.submission.is_not(None),
            ~_ITEM.c.due,
            ~_ITEM.c.item.contains(EARLIER),
            _SIGHT.c.gone_at.is_(None),
        )
        .group_by(_FILE.c.item)
        .order_by(func.min(_FILE.c.tries), _FILE.c.item)
        .limit(limit)
    )
    return list(session.connection().execute(statement).scalars())


def files_lacking(session: Session, connector_id: str, item: str) -> list[Wanted]:
    """Files of a form that are not kept here."""
    statement = (
        select(_FILE.c.name, _FILE.c.place)
        .where(_FILE.c.connector == connector_id, _FILE.c.item == item, _FILE.c.sha256.is_(None))
        .order_by(_FILE.c.name)
    )
    return [Wanted(row.name, row.place) for row in session.connection().execute(statement)]


def file_counts(session: Session, connector_id: str) -> dict[str, int]:
    """`kept`, or why not → files. `waiting` are those that were not asked for yet."""
    state = case((_FILE.c.sha256.is_not(None), KEPT), else_=func.coalesce(_FILE.c.problem, WAITING))
    statement = select(state, func.count()).where(_FILE.c.connector == connector_id).group_by(state)
    rows = session.connection().execute(statement)
    return {str(name): int(number) for name, number in rows}
