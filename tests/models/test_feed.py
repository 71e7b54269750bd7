"""The feed: numbers without gaps, one writer at a time, and no row of the register without one."""

import ast
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlmodel import Session

from models.database import Database
from models.queries import feeds
from models.queries.records import store_records
from sync.types import Record, Stamp

DESA = "1802212001"
OTHER_DESA = "1802212002"
ROOT = Path(__file__).parents[2]
WRITERS = {
    "models/queries/records.py": "what a plan decided, with numbers from the feed",
    "models/queries/whole_villages.py": "the judge of a simulation takes rows away to see whether "
    "answers change, and puts them back by rolling back",
}


def a_record(number: int, seq: int, desa: str = DESA, name: str = "Contoh") -> Record:
    record = f"01990000-0000-7000-8000-{number:012x}"
    stamp = Stamp(seq, "l", seq, "2026-11-03")
    fields = {"nama_kepala_keluarga": name}
    return Record(desa, record, "keluarga", None, record, "003/001", seq, stamp, fields)


def write(session: Session, *records: Record) -> None:
    """As every push does: turn, numbers, rows."""
    (desa,) = {record.desa for record in records}
    feeds.take_turn(session, desa)
    feeds.raise_head(session, desa, max(record.seq for record in records))
    store_records(session, desa, records)
    feeds.use_up_numbers(session, desa)


@pytest.fixture
def register(database: Database) -> Database:
    """Two villages with two and one family."""
    with database.writing() as session:
        write(session, a_record(1, 1), a_record(2, 2))
    with database.writing() as session:
        write(session, a_record(3, 1, OTHER_DESA))
    return database


def run(session: Session, statement: str) -> None:
    session.connection().exec_driver_sql(statement)


def names(database: Database) -> list[tuple[object, ...]]:
    with database.reading() as session:
        rows = session.connection().exec_driver_sql(
            "SELECT desa, seq, doc FROM record ORDER BY desa, seq"
        )
        return [tuple(row) for row in rows]


def copied(seq: str, number: int = 9, desa: str = DESA) -> str:
    """SQL that adds a family like the first one under that number."""
    return (
        "INSERT INTO record (desa, id, entity, keluarga, rt, seq, created_seq, rt_since, doc, "
        f"stamps, disputed) SELECT '{desa}', '01990000-0000-7000-8000-{number:012x}', entity, "
        f"keluarga, rt, {seq}, 1, 1, doc, stamps, disputed FROM record "
        f"WHERE desa = '{DESA}' AND seq = 1"
    )


def raised_by_someone_else(session: Session) -> None:
    """A head that another transaction raised, and whose numbers it did not use up."""
    run(session, f"UPDATE feed SET previous = head, head = head + 5 WHERE desa = '{OTHER_DESA}'")
    feeds.use_up_numbers(session, OTHER_DESA)


@pytest.mark.parametrize(
    "statement",
    [
        copied("3"),
        copied("2 + 1"),
        copied("0"),
        copied("2", desa=OTHER_DESA),
        f"UPDATE record SET doc = '{{}}' WHERE desa = '{DESA}'",
        f"UPDATE record SET doc = '{{}}', seq = seq + 2 WHERE desa = '{DESA}'",
        f"UPDATE record SET seq = 0 WHERE desa = '{DESA}' AND seq = 1",
        f"UPDATE record SET seq = 1000 WHERE desa = '{DESA}' AND seq = 2",
        f"UPDATE record SET desa = '{OTHER_DESA}' WHERE desa = '{DESA}' AND seq = 2",
    ],
)
def test_a_write_without_a_number_from_the_feed_is_refused(
    register: Database, statement: str
) -> None:
    before = names(register)
    with pytest.raises((IntegrityError, ProgrammingError)), register.writing() as session:
        run(session, statement)
    assert names(register) == before


@pytest.mark.parametrize("seq", [1, 2])
def test_a_used_number_cannot_be_put_on_a_row_again(register: Database, seq: int) -> None:
    before = names(register)
    with pytest.raises((IntegrityError, ProgrammingError)), register.writing() as session:
        store_records(session, DESA, [a_record(seq, seq, name="Diam-diam")])
    assert names(register) == before


def test_sqlite_lets_no_row_be_replaced_in_silence(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    with database.writing() as session:
        write(session, a_record(1, 1), a_record(2, 2))
    before = names(database)
    with pytest.raises(IntegrityError), database.writing() as session:
        run(session, copied("2").replace("INSERT INTO", "INSERT OR REPLACE INTO"))
    assert names(database) == before
    database.close()


def test_numbers_that_another_transaction_took_are_not_for_everybody(register: Database) -> None:
    with register.writing() as session:
        raised_by_someone_else(session)
    with pytest.raises((IntegrityError, ProgrammingError)), register.writing() as session:
        run(session, copied("3", desa=OTHER_DESA))


def test_the_gap_behind_a_restore_belongs_to_nobody(register: Database) -> None:
    with register.writing() as session:
        assert feeds.raise_heads(session, 1000) == 2
    for seq in ("3", "1002"):
        with pytest.raises((IntegrityError, ProgrammingError)), register.writing() as session:
            run(session, copied(seq))
    with register.writing() as session:
        assert feeds.take_turn(session, DESA) == 1002
        write(session, a_record(4, 1003))


def test_a_village_that_the_backup_did_not_know_begins_behind_the_gap(register: Database) -> None:
    """Its numbers were given out as well, before the backup was put back."""
    with register.writing() as session:
        feeds.raise_heads(session, 1000, beyond=5000)
    with register.writing() as session:
        assert feeds.take_turn(session, "9999999999") == 5000


def test_a_number_taken_in_the_same_transaction_is_accepted(register: Database) -> None:
    with register.writing() as session:
        write(session, a_record(1, 3, name="Baru"), a_record(4, 4))
    assert [seq for _, seq, _ in names(register)] == [2, 3, 4, 1]


def test_heads_begin_at_nothing_and_are_the_village_s_own(register: Database) -> None:
    with register.reading() as session:
        assert feeds.head_of(session, DESA) == 2
        assert feeds.head_of(session, OTHER_DESA) == 1
        assert feeds.head_of(session, "9999999999") == 0


def test_writers_of_one_village_take_turns(register: Database) -> None:
    def add(number: int) -> None:
        with register.writing() as session:
            head = feeds.take_turn(session, DESA)
            feeds.raise_head(session, DESA, head + 1)
            store_records(session, DESA, [a_record(number, head + 1)])
            feeds.use_up_numbers(session, DESA)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(100, 140)))
    seqs = [seq for desa, seq, _ in names(register) if desa == DESA]
    assert seqs == list(range(1, 43))


def test_a_village_that_was_never_written_gets_its_turn_once(database: Database) -> None:
    def begin(_: int) -> int:
        with database.writing() as session:
            return feeds.take_turn(session, DESA)

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(begin, range(8))) == {0}


# Who writes the table -----------------------------------------------------------------------

WRITING = {"insert", "update", "delete", "store", "add", "insert_missing", "insert_or_replace"}
SQL = re.compile(
    r'(INSERT INTO|UPDATE|DELETE FROM|REPLACE INTO|MERGE INTO)\s+"?record\b', re.IGNORECASE
)


def sources() -> Iterator[Path]:
    for package in ("api", "models", "sync", "migrations"):
        yield from sorted((ROOT / package).rglob("*.py"))


def writes_of(source: str) -> list[int]:
    """Lines of a module that could write the record table."""
    tree = ast.parse(source)
    tables = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and "table_of(RecordRow)" in ast.unparse(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: list[int] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and SQL.search(str(node.value)):
            found.append(node.lineno)
        if isinstance(node, ast.Call):
            name = (
                node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
            )
            inside = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
            if name == "RecordRow" or (name in WRITING and tables & inside):
                found.append(node.lineno)
    return found


def test_one_module_writes_the_record_table_and_no_other() -> None:
    writers = {str(path.relative_to(ROOT)) for path in sources() if writes_of(path.read_text())}
    assert writers <= WRITERS.keys()


@pytest.mark.parametrize(
    "line",
    [
        "update(_RECORD).values(doc='')",
        "connection.execute(insert(_RECORD), rows)",
        "_RECORD.delete()",
        "store(session, _RECORD, desa, rows)",
        "session.add(RecordRow(desa=desa))",
        "connection.execute(text('DELETE FROM record'))",
    ],
)
def test_the_search_for_writers_finds_one(line: str) -> None:
    innocent = (ROOT / "models" / "queries" / "pulling.py").read_text()
    assert writes_of(innocent) == []
    assert writes_of(f"{innocent}\n{line}\n")
