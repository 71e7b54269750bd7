"""The audit chain shows every row that was changed, removed or added beside it."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, delete, insert, select, update
from sqlmodel import Session

from models.database import Database
from models.queries import auditing
from models.queries.auditing import AuditEntry, append, heads, verify
from models.tables.audit import NO_VILLAGE, Audit, AuditChain
from models.tables.columns import table_of
from sync.canonical import canonical_json

AUDIT = table_of(Audit)
CHAIN = table_of(AuditChain)
BEGIN = datetime(2026, 11, 3, 8, 0, 0, 123456, tzinfo=UTC)
VILLAGE = "1802172001"
LENGTH = 5


def fill(database: Database, chain: str = VILLAGE, length: int = LENGTH) -> None:
    for number in range(length):
        entry = AuditEntry(
            at=BEGIN + timedelta(seconds=number),
            action="read-record",
            actor=f"account-{number}",
            device=None if number % 2 else f"device-{number}",
            detail={"ids": [f"id-{number}"], "é": None},
        )
        with database.writing() as session:
            append(session, chain, entry)


def findings(database: Database) -> list[str]:
    with database.reading() as session:
        return list(verify(session))


def tamper(database: Database, act: Callable[[Session], object]) -> None:
    with database.writing() as session:
        act(session)


def test_what_was_only_appended_verifies(database: Database) -> None:
    fill(database)
    fill(database, NO_VILLAGE, 3)
    assert findings(database) == []
    with database.reading() as session:
        assert {chain: n for chain, (n, _) in heads(session).items()} == {VILLAGE: 5, NO_VILLAGE: 3}


def test_an_empty_database_verifies(database: Database) -> None:
    assert findings(database) == []


def test_several_entries_at_once_are_several_rows(database: Database) -> None:
    entries = [AuditEntry(at=BEGIN, action=f"act-{number}") for number in range(3)]
    with database.writing() as session:
        append(session, VILLAGE, *entries)
        append(session, VILLAGE)
    assert findings(database) == []
    with database.reading() as session:
        assert heads(session)[VILLAGE][0] == 3


def test_an_append_that_was_rolled_back_leaves_nothing(database: Database) -> None:
    fill(database)

    def fail() -> None:
        with database.writing() as session:
            append(session, VILLAGE, AuditEntry(at=BEGIN, action="gone"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert findings(database) == []


def test_writers_at_the_same_time_leave_one_unbroken_chain(database: Database) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: fill(database), range(6)))
    assert findings(database) == []
    with database.reading() as session:
        assert heads(session)[VILLAGE][0] == 6 * LENGTH


CHANGES = {
    "chain": "1802172002",
    "n": 77,
    "at": BEGIN + timedelta(microseconds=1),
    "actor": "somebody-else",
    "device": "another",
    "action": "read-recorD",
    "detail": "{}",
    "previous": "f" * 64,
    "hash": "e" * 64,
}


def test_every_column_has_a_change_to_try() -> None:
    assert CHANGES.keys() == {column.name for column in AUDIT.c}


@pytest.mark.parametrize("column", CHANGES)
@pytest.mark.parametrize("n", range(1, LENGTH + 1))
def test_any_changed_column_of_any_row_is_found(
    sqlite_database: Database, column: str, n: int
) -> None:
    fill(sqlite_database)
    change = update(AUDIT).where(AUDIT.c.n == n).values({column: CHANGES[column]})
    tamper(sqlite_database, lambda session: session.connection().execute(change))
    assert findings(sqlite_database)


@pytest.mark.parametrize("column", ["at", "actor", "detail", "hash"])
def test_a_changed_row_is_named_on_both_databases(database: Database, column: str) -> None:
    fill(database)
    change = update(AUDIT).where(AUDIT.c.n == 3).values({column: CHANGES[column]})
    tamper(database, lambda session: session.connection().execute(change))
    assert any("entry 3: it was changed" in one for one in findings(database))


def test_an_instant_that_is_no_instant_is_reported_and_breaks_nothing(
    sqlite_database: Database,
) -> None:
    fill(sqlite_database)
    tamper(
        sqlite_database,
        lambda session: session.connection().exec_driver_sql(
            "UPDATE audit SET at = x'00' WHERE n = 2"
        ),
    )
    assert any("entry 2: it was changed" in one for one in findings(sqlite_database))


@pytest.mark.parametrize("n", range(1, LENGTH + 1))
def test_any_removed_row_is_found(sqlite_database: Database, n: int) -> None:
    fill(sqlite_database)
    tamper(
        sqlite_database,
        lambda session: session.connection().execute(delete(AUDIT).where(AUDIT.c.n == n)),
    )
    assert findings(sqlite_database)


def test_a_chain_that_was_emptied_is_found(database: Database) -> None:
    fill(database)
    tamper(database, lambda session: session.connection().execute(delete(AUDIT)))
    assert findings(database)


def test_a_removed_head_is_found(database: Database) -> None:
    fill(database)
    tamper(database, lambda session: session.connection().execute(delete(CHAIN)))
    assert any("is missing" in one for one in findings(database))


def test_two_rows_that_changed_places_are_found(sqlite_database: Database) -> None:
    fill(sqlite_database)

    def swap(session: Session) -> None:
        connection = session.connection()
        for old, new in ((2, 99), (3, 2), (99, 3)):
            connection.execute(update(AUDIT).where(AUDIT.c.n == old).values(n=new))

    tamper(sqlite_database, swap)
    assert findings(sqlite_database)


def test_a_row_added_behind_the_head_is_found(database: Database) -> None:
    fill(database)

    def forge(session: Session) -> None:
        connection = session.connection()
        last = connection.execute(select(AUDIT).where(AUDIT.c.n == LENGTH)).mappings().one()
        connection.execute(insert(AUDIT), [{**last, "n": LENGTH + 1, "previous": last["hash"]}])

    tamper(database, forge)
    assert findings(database)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    column=st.sampled_from(["actor", "device", "action", "detail", "previous", "hash"]),
    n=st.integers(1, LENGTH),
    value=texts,
)
def test_no_text_in_any_column_goes_unnoticed(
    sqlite_database: Database, column: str, n: int, value: str
) -> None:
    with sqlite_database.writing() as session:
        session.connection().execute(delete(AUDIT))
        session.connection().execute(delete(CHAIN))
    fill(sqlite_database)
    target: Column[str] = AUDIT.c[column]
    with sqlite_database.reading() as session:
        before = session.connection().execute(select(target).where(AUDIT.c.n == n)).scalar_one()
    change = update(AUDIT).where(AUDIT.c.n == n).values({column: value})
    tamper(sqlite_database, lambda session: session.connection().execute(change))
    assert bool(findings(sqlite_database)) == (value != before)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(action=texts, actor=st.none() | texts, detail=st.dictionaries(texts, texts, max_size=3))
def test_whatever_is_written_down_verifies(
    sqlite_database: Database, action: str, actor: str | None, detail: dict[str, str]
) -> None:
    entry = AuditEntry(at=BEGIN, action=action, actor=actor, detail={**detail})
    with sqlite_database.writing() as session:
        append(session, VILLAGE, entry)
    assert findings(sqlite_database) == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(action=texts, actor=st.none() | texts)
def test_a_row_is_hashed_over_its_canonical_json(
    sqlite_database: Database, action: str, actor: str | None
) -> None:
    entry = AuditEntry(at=BEGIN, action=action, actor=actor, detail={"a": action})
    with sqlite_database.writing() as session:
        append(session, VILLAGE, entry)
        last = select(AUDIT).order_by(AUDIT.c.n.desc()).limit(1)
        row = dict(session.connection().execute(last).mappings().one())
    stated = {**row, "at": row["at"].isoformat(timespec="microseconds")}
    digest = stated.pop("hash")
    assert hashlib.sha256(canonical_json(stated)).hexdigest() == digest


def test_appending_costs_three_statements(database: Database, statements: list[str]) -> None:
    fill(database, length=1)
    statements.clear()
    fill(database, length=1)
    assert len([one for one in statements if not one.startswith(("BEGIN", "COMMIT"))]) == 3
    assert auditing.BEGINNING == "0" * 64
