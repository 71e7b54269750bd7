"""Statements that are said to the driver itself mean what they mean through SQLAlchemy."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
from sqlalchemy import Integer, bindparam, event, insert, literal, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from models.database import Busy, Database
from models.standing import CURSORS_KEPT_MAX, ROWS_KEPT_MAX, Standing
from models.tables.columns import table_of
from models.tables.sync import LaneRow
from tests.api.recording import recorded

LANE = table_of(LaneRow)
WHEN = datetime(2026, 11, 3, 4, 5, 6, 789, tzinfo=UTC)
ROW = {
    "desa": "1802212001",
    "lane": "l1",
    "lineage": "phone",
    "account_id": None,
    "source": "device",
    "last": 7,
    "durable": 0,
    "parent": None,
    "parent_seq": None,
    "known": None,
    "extra": None,
    "created_at": WHEN,
    "synced_at": None,
    "forked_at": None,
}
ADD = Standing(insert(LANE), writes=list(ROW))
OF_VILLAGE = select(LANE).where(LANE.c.desa == bindparam("village")).order_by(LANE.c.lane)
FIND = Standing(OF_VILLAGE)
OF_PHONES = Standing(select(LANE).where(LANE.c.source.in_(("device", "odk"))).order_by(LANE.c.lane))


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Database]:
    database = Database.open(postgres_url, pool_size=1)
    yield database
    database.close()


def test_a_row_comes_back_as_it_does_through_sqlalchemy(database: Database) -> None:
    with database.writing() as session:
        ADD.run(session, ROW)
        told = FIND.row(session, {"village": ROW["desa"]})
        same = session.connection().execute(OF_VILLAGE, {"village": ROW["desa"]}).one()
    assert told is not None
    assert told._asdict() == dict(same._mapping)  # noqa: SLF001 (SQLAlchemy's public name for it)
    assert told.created_at == WHEN


def test_rows_stream_in_order_however_many_come_at_once(database: Database) -> None:
    names = [f"l{number:03}" for number in range(50)]
    with database.writing() as session:
        for name in names:
            ADD.run(session, {**ROW, "lane": name})
        rows = list(OF_PHONES.stream(session, {}, size=7))
    place = list(LANE.c.keys()).index("lane")
    assert [row[place] for row in rows] == names


def test_where_nothing_is_found_there_is_no_row(database: Database) -> None:
    with database.reading() as session:
        assert FIND.row(session, {"village": "1802212002"}) is None
        assert list(FIND.stream(session, {"village": "1802212002"}, size=5)) == []


def test_an_error_is_sqlalchemys_and_quotes_no_value(database: Database) -> None:
    told = {**ROW, "lineage": "1802215203910001"}
    with database.writing() as session:
        ADD.run(session, told)
        with pytest.raises(IntegrityError) as caught:
            ADD.run(session, told)
        session.rollback()
    assert "1802215203910001" not in str(caught.value)


def test_an_error_in_a_stream_is_sqlalchemys_as_well(database: Database) -> None:
    lost = Standing(text("SELECT nothing FROM nowhere"))
    with pytest.raises(DBAPIError), database.reading() as session:
        list(lost.stream(session, {}, size=5))


def test_who_listens_to_statements_hears_these(database: Database) -> None:
    with database.writing() as session, recorded() as seen:
        ADD.run(session, ROW)
        FIND.rows(session, {"village": ROW["desa"]})
    assert [one.summary for one in seen] == ["insert lane", "select lane"]


def asked_with(session: Session, question: Standing, values: Mapping[str, object]) -> object:
    """The driver's cursor that a question is asked with."""
    heard: list[object] = []

    def hear(_connection: object, cursor: object, *_rest: object) -> None:
        heard.append(cursor)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", hear)
    try:
        question.rows(session, values)
    finally:
        event.remove(connection, "before_cursor_execute", hear)
    (cursor,) = heard
    return cursor


def test_a_question_keeps_its_cursor_and_has_a_new_answer_each_time(database: Database) -> None:
    village = {"village": ROW["desa"]}
    with database.writing() as session:
        first = asked_with(session, FIND, village)
        ADD.run(session, ROW)
        assert [row.lane for row in FIND.rows(session, village)] == ["l1"]
        ADD.run(session, {**ROW, "lane": "l2"})
        assert [row.lane for row in FIND.rows(session, village)] == ["l1", "l2"]
        assert (asked_with(session, FIND, village) is first) == (database.dialect != "sqlite")


def test_a_question_that_found_much_keeps_nothing(database: Database) -> None:
    with database.writing() as session:
        for number in range(ROWS_KEPT_MAX + 1):
            ADD.run(session, {**ROW, "lane": f"l{number:02}"})
        first = asked_with(session, FIND, {"village": ROW["desa"]})
        assert asked_with(session, FIND, {"village": ROW["desa"]}) is not first


def test_a_connection_keeps_a_bounded_number_of_cursors(postgres_database: Database) -> None:
    questions = [Standing(OF_VILLAGE.limit(n)) for n in range(CURSORS_KEPT_MAX + 1)]
    with postgres_database.writing() as session:
        for question in questions:
            question.rows(session, {"village": ROW["desa"]})
        assert len(session.connection().info) <= CURSORS_KEPT_MAX


def test_a_question_that_failed_can_be_asked_again(postgres_database: Database) -> None:
    each = literal(12, Integer) // bindparam("among", type_=Integer)
    share = Standing(select(each.label("each")))
    with postgres_database.writing() as session:
        assert share.row(session, {"among": 3}) == (4,)
        with pytest.raises(DBAPIError):
            share.row(session, {"among": 0})
        session.rollback()
    with postgres_database.writing() as session:
        assert share.row(session, {"among": 4}) == (3,)


def test_a_connection_that_is_cut_is_busy_and_the_next_one_is_whole(postgres_url: str) -> None:
    database = Database.open(postgres_url, pool_size=2)
    with pytest.raises(Busy):
        _written_and_cut(database)
    with database.writing() as session:
        assert FIND.row(session, {"village": ROW["desa"]}) is None
        ADD.run(session, ROW)
    database.close()


def _written_and_cut(database: Database) -> None:
    with database.writing() as session:
        ADD.run(session, ROW)
        FIND.rows(session, {"village": ROW["desa"]})
        own = session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()
        with database.reading() as other:
            other.connection().execute(text("SELECT pg_terminate_backend(:own)"), {"own": own})
        FIND.rows(session, {"village": ROW["desa"]})
