"""Statements that are said to the driver itself mean what they mean through SQLAlchemy."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from models.database import Busy, Database
from models.standing import Standing
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
        own = session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()
        with database.reading() as other:
            other.connection().execute(text("SELECT pg_terminate_backend(:own)"), {"own": own})
        FIND.rows(session, {"village": ROW["desa"]})
