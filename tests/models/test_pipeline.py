"""Statements sent one behind the other: in order, each for itself, and nothing is left over."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from random import Random

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import Session

from models.database import Busy, Database
from models.engines import PREPARE_AFTER, Patience
from models.pipeline import PREPARED_MAX, pipelined
from models.standing import Standing
from tests.api.recording import recorded

MEGABYTE = 1 << 20
NUMBERS = 6
LOOKS_MAX = 10_000
CUT_OFF_MS = 5000
BROKEN = (Busy, psycopg.OperationalError)
UNIQUE_VIOLATION, DIVISION_BY_ZERO = "23505", "22012"
SYNTAX_ERROR, NO_SUCH_TABLE, TOO_LATE = "42601", "42P01", "55P03"

ADD = Standing(text("INSERT INTO said VALUES (CAST(:n AS int), CAST(:word AS text)) RETURNING n"))
ADD_ALL = Standing(
    text(
        "INSERT INTO said SELECT n, (CAST(:words AS text[]))[n] "
        "FROM generate_subscripts(CAST(:words AS text[]), 1) AS n RETURNING n"
    )
)
ADD_BYTES = Standing(
    text(
        "INSERT INTO said SELECT n, encode((CAST(:bytes AS bytea[]))[n], 'hex') "
        "FROM generate_subscripts(CAST(:bytes AS bytea[]), 1) AS n RETURNING n"
    )
)
CHANGE = Standing(
    text("UPDATE said SET word = CAST(:word AS text) WHERE n = CAST(:n AS int) RETURNING n")
)
CHANGE_QUIETLY = Standing(
    text("UPDATE said SET word = CAST(:word AS text) WHERE n = CAST(:n AS int)")
)
FORGET = Standing(text("DELETE FROM said WHERE n = CAST(:n AS int) RETURNING n"))
LOOK = Standing(text("SELECT n FROM said WHERE n = CAST(:n AS int)"))
# Two rows are written before the third one fails.
STUMBLE = Standing(
    text("INSERT INTO said SELECT -n, 1 / (3 - n) FROM generate_series(1, CAST(:n AS int)) AS n")
)
NONSENSE = Standing(text("INSERT HOPEFULLY INTO said VALUES (CAST(:n AS int))"))

Sent = tuple[Standing, Mapping[str, object]]


@contextmanager
def with_words(url: str) -> Iterator[Database]:
    """Two connections, and an empty table of words."""
    database = Database.open(url, pool_size=2)
    with database.writing() as session:
        run(session, "CREATE TABLE said (n INTEGER PRIMARY KEY, word TEXT)")
    yield database
    database.close()


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    with with_words(postgres_url) as database:
        yield database


def run(session: Session, statement: str) -> None:
    session.connection().exec_driver_sql(statement)


def ask(session: Session, question: str) -> object:
    return session.connection().exec_driver_sql(question).scalar_one()


def words(database: Database) -> dict[int, str | None]:
    with database.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT n, word FROM said")
        return {row.n: row.word for row in rows}


def sent(
    session: Session, *statements: Sent, together: bool = False
) -> tuple[list[bool], list[str]]:
    """What statements found that went through one pipeline, and why some were refused."""
    with pipelined(session, together=together) as pipeline:
        for statement, values in statements:
            pipeline.send(statement, values)
        return pipeline.found(), pipeline.refused


def landed(
    database: Database, *statements: Sent, together: bool = False
) -> tuple[list[bool], list[str]]:
    with database.landing() as session:
        return sent(session, *statements, together=together)


def added(number: int, word: str | None = "a word") -> Sent:
    return ADD, {"n": number, "word": word}


def prepared(session: Session) -> int:
    """How often the connection has prepared what adds a word."""
    heads = "SELECT left(statement, 16) FROM pg_prepared_statements WHERE NOT from_sql"
    rows = session.connection().exec_driver_sql(heads).scalars()
    return list(rows).count("INSERT INTO said")


# What becomes of them -----------------------------------------------------------------------


def expected(
    statements: Sequence[Sent], kept: dict[int, object]
) -> Iterator[tuple[bool, str | None]]:
    """What each would find if they came one after the other, and what is kept in the end."""
    for statement, values in statements:
        number, word = int(str(values["n"])), values.get("word")
        is_there = number in kept
        if statement is STUMBLE:
            yield False, DIVISION_BY_ZERO
        elif statement is ADD and is_there:
            yield False, UNIQUE_VIOLATION
        else:
            if statement is ADD or (is_there and statement in (CHANGE, CHANGE_QUIETLY)):
                kept[number] = word
            elif statement is FORGET:
                kept.pop(number, None)
            yield statement is ADD or (is_there and statement is not CHANGE_QUIETLY), None


@pytest.mark.parametrize("seed", range(5))
def test_each_finds_leaves_and_is_refused_what_it_would_be_alone(
    postgres: Database, seed: int
) -> None:
    random = Random(seed)
    ordinary = (ADD, CHANGE, CHANGE_QUIETLY, FORGET, LOOK)
    statements: list[Sent] = []
    for _ in range(200):
        chosen = random.choice((*ordinary, STUMBLE))
        number = 3 if chosen is STUMBLE else random.randrange(NUMBERS)
        word = {"word": str(random.random())} if chosen in ordinary[:3] else {}
        statements.append((chosen, {"n": number, **word}))
    kept: dict[int, object] = {}
    outcomes = list(expected(statements, kept))
    found, refused = landed(postgres, *statements)
    assert found == [has_found for has_found, _ in outcomes]
    assert refused == [code for _, code in outcomes if code is not None]
    assert {UNIQUE_VIOLATION, DIVISION_BY_ZERO} == set(refused)
    assert words(postgres) == kept


def test_one_that_fails_leaves_nothing_and_those_around_it_stay(postgres: Database) -> None:
    assert landed(postgres, added(1), (STUMBLE, {"n": 5}), added(2)) == (
        [True, False, True],
        [DIVISION_BY_ZERO],
    )
    assert words(postgres).keys() == {1, 2}


def test_each_is_a_transaction_of_its_own(postgres: Database) -> None:
    landed(postgres, *(added(number) for number in range(NUMBERS)))
    with postgres.reading() as session:
        assert ask(session, "SELECT count(DISTINCT xmin::text) FROM said") == NUMBERS


def test_whoever_sends_does_not_wait_for_what_the_database_waits_for(postgres: Database) -> None:
    landed(postgres, added(1))
    with ExitStack() as elsewhere:
        run(elsewhere.enter_context(postgres.writing()), "UPDATE said SET word = 'first'")
        with postgres.landing() as session, pipelined(session) as pipeline:
            pipeline.send(CHANGE, {"n": 1, "word": "then"})
            pipeline.send(*added(2))
            elsewhere.close()
            assert pipeline.found() == [True, True]
            assert pipeline.refused == []
    assert words(postgres) == {1: "then", 2: "a word"}


def test_what_is_found_can_be_asked_for_in_between(postgres: Database) -> None:
    with postgres.landing() as session, pipelined(session) as pipeline:
        assert pipeline.found() == []
        pipeline.send(*added(1))
        assert pipeline.found() == [True]
        pipeline.send(*added(1))
        pipeline.send(LOOK, {"n": 1})
        assert pipeline.found() == [True, False, True]
        assert pipeline.found() == [True, False, True]
        assert pipeline.refused == [UNIQUE_VIOLATION]


# What travels -------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [None, "", "é — \u2028 😀 'x' \"y\" \\ %s %% $1", "\x01\n\t\x7f"])
def test_a_value_comes_as_it_was_sent(postgres: Database, word: str | None) -> None:
    assert landed(postgres, added(1, word)) == ([True], [])
    assert words(postgres) == {1: word}


@pytest.mark.parametrize("listed", [[""], ["é", "", "😀 'x' \"y\" \\ {NULL}", "NULL", "\x01"]])
def test_texts_come_in_their_order_as_they_were_sent(postgres: Database, listed: list[str]) -> None:
    assert landed(postgres, (ADD_ALL, {"words": listed})) == ([True], [])
    assert words(postgres) == dict(enumerate(listed, 1))


@pytest.mark.parametrize("listed", [[b""], [b"\x00\xff\\x", b"", bytes(range(256))]])
def test_bytes_come_in_their_order_as_they_were_sent(
    postgres: Database, listed: list[bytes]
) -> None:
    assert landed(postgres, (ADD_BYTES, {"bytes": listed})) == ([True], [])
    assert words(postgres) == {n: one.hex() for n, one in enumerate(listed, 1)}


def test_a_value_that_the_database_cannot_hold_is_not_cut(postgres: Database) -> None:
    with suppress(ValueError, psycopg.DataError):
        landed(postgres, added(1, "before\x00behind"))
    with suppress(ValueError, psycopg.DataError):
        landed(postgres, (ADD_ALL, {"words": ["a word", "before\x00behind"]}))
    assert words(postgres) == {}


@pytest.mark.parametrize("together", [False, True])
def test_what_no_socket_holds_at_once_is_neither_cut_nor_waited_for(
    postgres: Database, together: bool
) -> None:
    """Answers as large as the questions: each side would wait for the other to read first."""
    random = Random(1)
    large = {n: random.randbytes(MEGABYTE).hex() for n in range(8)}
    answer = Standing(text("SELECT repeat(CAST(:word AS text), 4)"))
    with postgres.landing() as session, pipelined(session, together=together) as pipeline:
        for number, word in large.items():
            pipeline.send(answer, {"word": word})
            pipeline.send(*added(number, word))
        assert pipeline.found() == [True] * 16
        assert pipeline.refused == []
    assert words(postgres) == large


def test_who_listens_to_statements_hears_these(postgres: Database) -> None:
    with recorded() as seen:
        landed(postgres, added(1), added(1), (LOOK, {"n": 7}))
    assert [one.summary for one in seen] == ["insert said", "insert said", "select said"]
    assert [dict(values) for one in seen for values in one.values] == [
        {"n": 1, "word": "a word"},
        {"n": 1, "word": "a word"},
        {"n": 7},
    ]


# The connection -----------------------------------------------------------------------------


def test_the_connection_is_good_for_ordinary_statements_afterwards(postgres: Database) -> None:
    with postgres.landing() as session:
        for number in range(3):
            before = ask(session, "SELECT pg_backend_pid()")
            assert sent(session, added(number), (NONSENSE, {"n": 1}))[0] == [True, False]
            assert ask(session, "SELECT count(*) FROM said") == number + 1
            assert ask(session, "SELECT pg_backend_pid()") == before
    with postgres.writing() as session:
        run(session, "DELETE FROM said")
    assert words(postgres) == {}


def test_what_was_sent_before_an_exception_is_carried_out(postgres: Database) -> None:
    with postgres.landing() as session:
        before = ask(session, "SELECT pg_backend_pid()")
        with pytest.raises(KeyError, match="ours"), pipelined(session) as pipeline:  # noqa: PT012 — something must be on its way
            pipeline.send(*added(1))
            pipeline.send(*added(1))
            pipeline.send(*added(2))
            raise KeyError("ours")
        assert ask(session, "SELECT count(*) FROM said") == 2
        assert sent(session, added(3)) == ([True], [])
        assert ask(session, "SELECT pg_backend_pid()") == before
    assert words(postgres).keys() == {1, 2, 3}


def test_a_value_that_is_no_text_stops_the_block_and_not_what_was_sent(postgres: Database) -> None:
    with pytest.raises(UnicodeEncodeError):
        landed(postgres, added(1), added(2, "half of a \ud83d"), added(3))
    assert words(postgres).keys() == {1}
    assert landed(postgres, added(4)) == ([True], [])


def until_it_waits(session: Session, backend: object) -> None:
    """Until that other connection stands before a lock."""
    for _ in range(LOOKS_MAX):
        if ask(session, f"SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = {backend}"):
            return
    pytest.fail("it does not wait for anybody")


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("sent_afterwards", [0, 1, 4])
def test_a_connection_that_is_cut_raises_and_nobody_gets_it_again(
    postgres: Database, sent_afterwards: int, together: bool
) -> None:
    landed(postgres, added(1))
    with postgres.writing() as other:
        run(other, "UPDATE said SET word = 'held'")
        with pytest.raises(BROKEN), postgres.landing() as session:  # noqa: PT012 — it is cut in the middle
            cut = ask(session, "SELECT pg_backend_pid()")
            with pipelined(session, together=together) as pipeline:
                pipeline.send(*added(2))
                pipeline.send(CHANGE, {"n": 1, "word": "never"})
                until_it_waits(other, cut)
                assert ask(other, f"SELECT pg_terminate_backend({cut}, {CUT_OFF_MS})") is True
                for number in range(sent_afterwards):
                    pipeline.send(*added(10 + number))
                pipeline.found()
    assert words(postgres) == {1: "held"} | ({} if together else {2: "a word"})
    with postgres.landing() as one, postgres.landing() as another:
        backends = {ask(session, "SELECT pg_backend_pid()") for session in (one, another)}
        assert sent(one, added(3)) == sent(another, added(4)) == ([True], [])
    assert len(backends) == 2
    assert cut not in backends


# What is prepared ---------------------------------------------------------------------------


def test_a_statement_is_prepared_once_on_each_connection(postgres: Database) -> None:
    with postgres.landing() as one, postgres.landing() as another:
        sent(one, added(1), added(2))
        assert (prepared(one), prepared(another)) == (1, 0)
        sent(another, added(3))
        sent(one, added(4))
        assert (prepared(one), prepared(another)) == (1, 1)
    with postgres.landing() as one, postgres.landing() as another:
        sent(one, added(5))
        sent(another, added(6))
        assert (prepared(one), prepared(another)) == (1, 1)
    assert words(postgres).keys() == {1, 2, 3, 4, 5, 6}


def test_texts_without_end_are_a_mistake_of_whoever_sends_them(postgres: Database) -> None:
    texts = [
        Standing(text(f"INSERT INTO said VALUES (CAST(:n AS int), '{n}')"))
        for n in range(PREPARED_MAX + 1)
    ]
    with pytest.raises(AssertionError):
        landed(postgres, *((one, {"n": number}) for number, one in enumerate(texts)))
    assert words(postgres).keys() == set(range(PREPARED_MAX))


def test_a_text_that_cannot_be_prepared_is_refused_whenever_it_comes(postgres: Database) -> None:
    nonsense: Sent = NONSENSE, {"n": 7}
    with postgres.landing() as session:
        found, refused = sent(session, added(1), nonsense, added(2), nonsense, added(3))
        assert found == [True, False, True, False, True]
        assert refused[0] == SYNTAX_ERROR
        assert len(refused) == 2
        found, refused = sent(session, nonsense, added(4))
        assert (found, len(refused)) == ([False, True], 1)
    assert words(postgres).keys() == {1, 2, 3, 4}


def test_a_text_that_could_not_be_prepared_for_a_while_is_prepared_later(
    postgres: Database,
) -> None:
    late: Sent = Standing(text("INSERT INTO late VALUES (CAST(:n AS int)) RETURNING n")), {"n": 1}
    with postgres.landing() as session:
        assert sent(session, late) == ([False], [NO_SUCH_TABLE])
        run(session, "CREATE TABLE late (n INTEGER)")
        # It may take one more refusal to find out that it has to be prepared anew.
        sent(session, late)
        assert sent(session, late) == ([True], [])


def test_a_table_that_is_locked_for_a_while_does_not_refuse_a_text_for_ever(
    postgres_url: str, postgres: Database
) -> None:
    patience = Patience(lock_seconds=0.1)
    with closing(Database.open(postgres_url, pool_size=1, patience=patience)) as impatient:
        with postgres.writing() as session:
            run(session, "LOCK TABLE said IN ACCESS EXCLUSIVE MODE")
            assert landed(impatient, added(1)) == ([False], [TOO_LATE])
        landed(impatient, added(2))
        assert landed(impatient, added(3)) == ([True], [])


def test_a_transaction_that_is_rolled_back_does_not_refuse_a_text_for_ever(
    postgres: Database,
) -> None:
    """The driver then throws away what it had prepared, and whatever else the connection had."""
    assert landed(postgres, added(1)) == ([True], [])
    with pytest.raises(KeyError), postgres.writing() as session:  # noqa: PT012 — something must be prepared
        for _ in range(PREPARE_AFTER + 1):
            ask(session, "SELECT 1")
        raise KeyError
    landed(postgres, added(2))
    assert landed(postgres, added(3)) == ([True], [])
    assert words(postgres).keys() >= {1, 3}
