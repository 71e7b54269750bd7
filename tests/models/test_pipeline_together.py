"""Statements that share a commit: all of them are there, or none."""

from collections.abc import Iterator
from random import Random

import pytest
from sqlalchemy import text

from models.database import Database
from models.pipeline import pipelined
from models.standing import Standing
from tests.models.test_pipeline import (
    ADD,
    CHANGE,
    CHANGE_QUIETLY,
    FORGET,
    LOOK,
    NONSENSE,
    NUMBERS,
    SYNTAX_ERROR,
    UNIQUE_VIOLATION,
    Sent,
    added,
    ask,
    expected,
    landed,
    run,
    sent,
    with_words,
    words,
)

NO_SUCH_STATEMENT = "26000"


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    with with_words(postgres_url) as database:
        yield database


@pytest.mark.parametrize("seed", range(20))
def test_all_that_share_a_commit_are_there_or_none_of_them(postgres: Database, seed: int) -> None:
    random = Random(seed)
    kept: dict[int, object] = {}
    for _ in range(10):
        statements: list[Sent] = []
        for _ in range(random.randint(1, 5)):
            chosen = random.choices((CHANGE, CHANGE_QUIETLY, FORGET, LOOK, ADD), (2, 2, 2, 2, 1))[0]
            word = {"word": str(random.random())} if chosen not in (FORGET, LOOK) else {}
            statements.append((chosen, {"n": random.randrange(NUMBERS), **word}))
        afterwards = dict(kept)
        outcomes = list(expected(statements, afterwards))
        refused = [code for _, code in outcomes if code is not None]
        found = [not refused and has_found for has_found, _ in outcomes]
        # Whatever would come behind the first that fails is not even tried.
        assert landed(postgres, *statements, together=True) == (found, refused[:1])
        kept = kept if refused else afterwards
        assert words(postgres) == kept


def test_those_that_share_a_commit_are_one_transaction(postgres: Database) -> None:
    landed(postgres, *(added(number) for number in range(NUMBERS)), together=True)
    with postgres.reading() as session:
        assert ask(session, "SELECT count(DISTINCT xmin::text) FROM said") == 1


def test_what_is_found_is_committed_and_the_next_ones_share_another(postgres: Database) -> None:
    with postgres.landing() as session, pipelined(session, together=True) as pipeline:
        pipeline.send(*added(1))
        pipeline.send(*added(2))
        assert words(postgres) == {}
        assert pipeline.found() == [True, True]
        assert words(postgres).keys() == {1, 2}
        pipeline.send(*added(3))
        pipeline.send(*added(1))
        pipeline.send(*added(4))
        assert pipeline.found() == [True, True, False, False, False]
        pipeline.send(*added(4))
        assert pipeline.found()[-1]
        assert pipeline.refused == [UNIQUE_VIOLATION]
    assert words(postgres).keys() == {1, 2, 4}


def test_what_cannot_be_committed_was_not_there(postgres: Database) -> None:
    with postgres.writing() as session:
        run(session, "CREATE TABLE late (n INTEGER UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    late: Sent = Standing(text("INSERT INTO late VALUES (CAST(:n AS int)) RETURNING n")), {"n": 1}
    for together in (True, False):
        with postgres.landing() as session:
            found, refused = sent(session, late, added(1), late, added(2), together=together)
            assert refused == [UNIQUE_VIOLATION]
            assert found == ([False] * 4 if together else [True, True, False, True])
            assert ask(session, "SELECT count(*) FROM late") == (0 if together else 1)
            assert sent(session, added(9), (FORGET, {"n": 9})) == ([True, True], [])
    assert words(postgres).keys() == {1, 2}


def test_what_nobody_could_prepare_for_another_s_failure_is_prepared_later(
    postgres: Database,
) -> None:
    with postgres.landing() as session:
        for _ in range(2):
            found, refused = sent(session, (NONSENSE, {"n": 7}), added(1), together=True)
            assert (found, refused) == ([False, False], [SYNTAX_ERROR])
        assert sent(session, added(1), together=True) == ([True], [])
        assert sent(session, added(2), (LOOK, {"n": 2}), together=True) == ([True, True], [])
    assert words(postgres).keys() == {1, 2}


def test_what_the_connection_has_let_go_of_costs_one_refusal(postgres: Database) -> None:
    with postgres.landing() as session:
        changes: list[Sent] = [(CHANGE, {"n": 1, "word": "then"}), (LOOK, {"n": 1}), added(2)]
        assert sent(session, added(1), *changes, together=True) == ([True] * 4, [])
        run(session, "DEALLOCATE ALL")
        run(session, "DELETE FROM said WHERE n = 2")
        assert sent(session, *changes, together=True) == ([False] * 3, [NO_SUCH_STATEMENT])
        assert sent(session, *changes, together=True) == ([True] * 3, [])


def test_what_was_sent_together_before_an_exception_is_carried_out(postgres: Database) -> None:
    with postgres.landing() as session:
        with pytest.raises(KeyError, match="ours"), pipelined(session, together=True) as pipeline:  # noqa: PT012 — something must be on its way
            pipeline.send(*added(1))
            raise KeyError("ours")
        assert sent(session, added(2)) == ([True], [])
    assert words(postgres).keys() == {1, 2}
