"""The two doors to the database, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, InternalError, OperationalError
from sqlmodel import Session

from models.database import Busy, Database, StorageFull
from models.engines import Patience

WRITERS = 8
TURNS = 25

IMPATIENT = Patience(
    turn_seconds=0.1, pool_seconds=0.1, lock_seconds=0.1, statement_seconds=0.5, idle_seconds=30
)


def run(session: Session, statement: str) -> None:
    session.connection().exec_driver_sql(statement)


def ask(session: Session, question: str) -> object:
    return session.connection().exec_driver_sql(question).scalar_one()


def show(database: Database, setting: str) -> object:
    with database.reading() as session:
        return ask(session, f"SHOW {setting}")


def make_counter(session: Session) -> None:
    run(session, "CREATE TABLE counter (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)")
    run(session, "INSERT INTO counter VALUES (1, 0), (2, 0)")


@pytest.fixture
def counter(database: Database) -> Database:
    with database.writing() as session:
        make_counter(session)
    return database


@pytest.fixture
def impatient(database_url: str) -> Iterator[Database]:
    """A second process's view of the counter, with one connection and little patience."""
    opened = Database.open(database_url, pool_size=1, patience=IMPATIENT)
    yield opened
    opened.close()


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    opened = Database.open(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    opened = Database.open(postgres_url, patience=IMPATIENT)
    yield opened
    opened.close()


def value(database: Database, row: int = 1) -> object:
    with database.reading() as session:
        return ask(session, f"SELECT value FROM counter WHERE id = {row}")


def test_a_block_that_ends_well_is_committed(counter: Database) -> None:
    with counter.writing() as session:
        run(session, "UPDATE counter SET value = 7")
    assert value(counter) == 7


def test_a_block_that_raises_leaves_nothing_behind(counter: Database) -> None:
    with pytest.raises(KeyError), counter.writing() as session:  # noqa: PT012 — the write must precede the error
        run(session, "UPDATE counter SET value = 7")
        raise KeyError
    assert value(counter) == 0


def test_tables_that_a_failed_block_made_are_gone(database: Database) -> None:
    with pytest.raises(KeyError), database.writing() as session:  # noqa: PT012 — the write must precede the error
        run(session, "CREATE TABLE half (id INTEGER)")
        raise KeyError
    with database.writing() as session:
        run(session, "CREATE TABLE half (id INTEGER)")


def test_what_is_refused_by_a_constraint_passes_through(counter: Database) -> None:
    with pytest.raises(IntegrityError), counter.writing() as session:
        run(session, "INSERT INTO counter VALUES (1, 1)")


def test_every_one_of_many_writers_gets_its_turn(counter: Database) -> None:
    lock = "" if counter.dialect == "sqlite" else " FOR UPDATE"

    def count(_writer: int) -> None:
        for _ in range(TURNS):
            with counter.writing() as session:
                seen = ask(session, f"SELECT value FROM counter WHERE id = 1{lock}")
                assert isinstance(seen, int)
                run(session, f"UPDATE counter SET value = {seen + 1} WHERE id = 1")

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(count, range(WRITERS)))
    assert value(counter) == WRITERS * TURNS


def test_a_reader_waits_for_no_writer_and_sees_only_what_is_committed(counter: Database) -> None:
    with counter.writing() as session:
        run(session, "UPDATE counter SET value = 7")
        assert value(counter) == 0


def test_a_reader_sees_one_instant_however_long_it_looks(counter: Database) -> None:
    with counter.reading() as session:
        before = ask(session, "SELECT value FROM counter WHERE id = 1")
        with counter.writing() as writer:
            run(writer, "UPDATE counter SET value = value + 1")
        assert ask(session, "SELECT value FROM counter WHERE id = 1") == before


def test_a_reader_cannot_write(counter: Database) -> None:
    with (
        pytest.raises((OperationalError, InternalError)),
        counter.reading() as session,
    ):
        run(session, "UPDATE counter SET value = 7")


def test_a_reader_that_finds_no_free_connection_is_told_so(impatient: Database) -> None:
    with impatient.reading(), pytest.raises(Busy, match="connection pool"), impatient.reading():
        pass


def test_a_writer_that_waits_too_long_for_another_process_is_told_so(
    counter: Database, impatient: Database
) -> None:
    with counter.writing() as session:
        run(session, "UPDATE counter SET value = 1")
        with pytest.raises(Busy), impatient.writing() as late:
            run(late, "UPDATE counter SET value = 2")
    with impatient.writing() as session:
        run(session, "UPDATE counter SET value = value + 1")
    assert value(counter) == 2


def test_a_writer_whose_turn_does_not_come_is_told_so(sqlite_url: str) -> None:
    database = Database.open(sqlite_url, patience=IMPATIENT)
    entered, leave = Event(), Event()

    def hold_the_turn() -> None:
        with database.writing():
            entered.set()
            leave.wait()

    with ThreadPoolExecutor(1) as threads:
        holder = threads.submit(hold_the_turn)
        entered.wait()
        with pytest.raises(Busy, match="writer's turn"), database.writing():
            pass
        leave.set()
        holder.result()
    with database.writing() as session:
        assert ask(session, "SELECT 1") == 1
    database.close()


def test_sqlite_keeps_what_was_committed_when_the_power_fails(sqlite: Database) -> None:
    full = 2
    with sqlite.writing() as session:
        assert ask(session, "PRAGMA journal_mode") == "wal"
        assert ask(session, "PRAGMA synchronous") == full
        assert ask(session, "PRAGMA foreign_keys") == 1
    with sqlite.reading() as session:
        assert ask(session, "PRAGMA synchronous") == full


def test_sqlite_that_runs_out_of_space_says_so_and_keeps_nothing(sqlite: Database) -> None:
    with sqlite.writing() as session:
        run(session, "CREATE TABLE photo (bytes BLOB)")
        pages = ask(session, "PRAGMA page_count")
    with pytest.raises(StorageFull), sqlite.writing() as session:  # noqa: PT012 — the limit and what breaks it
        run(session, f"PRAGMA max_page_count = {pages}")
        run(session, "INSERT INTO photo VALUES (zeroblob(1000000))")
    with sqlite.reading() as session:
        assert ask(session, "SELECT count(*) FROM photo") == 0


def test_postgresql_waits_no_longer_than_it_was_told(postgres: Database) -> None:
    assert show(postgres, "lock_timeout") == "100ms"
    assert show(postgres, "statement_timeout") == "500ms"
    assert show(postgres, "idle_in_transaction_session_timeout") == "30s"
    assert show(postgres, "TimeZone") == "UTC"


def test_postgresql_begins_each_door_s_transactions_as_that_door_needs(postgres: Database) -> None:
    assert show(postgres, "transaction_isolation") == "repeatable read"
    assert show(postgres, "transaction_read_only") == "on"
    with postgres.writing() as session:
        assert ask(session, "SHOW transaction_isolation") == "read committed"
        assert ask(session, "SHOW transaction_read_only") == "off"
        assert ask(session, "SHOW synchronous_commit") == "on"


def test_postgresql_prepares_what_it_runs_often(postgres: Database) -> None:
    with postgres.writing() as session:
        for _ in range(10):
            ask(session, "SELECT 1 + 1")
        assert ask(session, "SELECT count(*) FROM pg_prepared_statements") == 1


def test_postgresql_that_commits_before_the_disk_has_it_is_refused(postgres_url: str) -> None:
    careless = Database.open(f"{postgres_url}&options=-csynchronous_commit%3Doff")
    with pytest.raises(RuntimeError, match="synchronous_commit is 'off'"), careless.reading():
        pass
    careless.close()


def test_a_statement_without_end_is_stopped(postgres: Database) -> None:
    with pytest.raises(Busy, match="statement timeout"), postgres.reading() as session:
        ask(session, "SELECT count(*) FROM generate_series(1, 1000000000)")


def test_of_two_that_wait_for_each_other_one_is_told_to_repeat(postgres_url: str) -> None:
    # SQLite's writers cannot wait in a circle: they take turns.
    database = Database.open(postgres_url)
    with database.writing() as session:
        make_counter(session)
    both_hold_a_row = Barrier(2)

    def lock(rows: tuple[int, int]) -> str:
        first, second = rows
        try:
            with database.writing() as session:
                run(session, f"UPDATE counter SET value = value + 1 WHERE id = {first}")
                both_hold_a_row.wait()
                run(session, f"UPDATE counter SET value = value + 1 WHERE id = {second}")
        except Busy as busy:
            return busy.reason
        return "committed"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(lock, [(1, 2), (2, 1)])) == ["committed", "deadlock"]
    assert (value(database, 1), value(database, 2)) == (1, 1)
    database.close()


@pytest.mark.parametrize(
    ("state", "expected"),
    [("53100", StorageFull), ("40001", Busy), ("57P01", Busy), ("08006", Busy)],
)
def test_what_postgresql_refuses_is_named_for_the_caller(
    postgres: Database, state: str, expected: type[Exception]
) -> None:
    refusal = f"DO $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(expected), postgres.writing() as session:
        run(session, refusal)


def test_a_connection_that_is_cut_makes_one_caller_busy_and_no_more(postgres: Database) -> None:
    with pytest.raises(Busy, match="connection lost"), postgres.writing() as session:
        run(session, "SELECT pg_terminate_backend(pg_backend_pid())")
    with postgres.writing() as session:
        assert ask(session, "SELECT 1") == 1


def test_a_server_that_is_not_there_is_busy(tmp_path: Path) -> None:
    nowhere = Database.open(f"postgresql://nobody@/none?host={tmp_path}")
    with pytest.raises(Busy, match="connection lost"), nowhere.reading():
        pass


def test_errors_quote_no_values(database: Database) -> None:
    with database.writing() as session:
        run(session, "CREATE TABLE person (nik TEXT PRIMARY KEY)")
        run(session, "INSERT INTO person VALUES ('1802000000000001')")
    again = text("INSERT INTO person VALUES (:nik)").bindparams(nik="1802000000000001")
    with pytest.raises(IntegrityError) as refused, database.writing() as session:
        session.connection().execute(again)
    assert "1802000000000001" not in f"{refused.value!s}{refused.value.orig!s}"
    assert "person" in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://u:secret@h/x", "no"])
def test_a_database_that_lokus_cannot_use_is_named_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///PATH") as refused:
        Database.open(url)
    assert "secret" not in str(refused.value)
