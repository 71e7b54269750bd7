"""Lists that PostgreSQL gets as it keeps them: in their order, whole, and as they were."""

from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, StatementError

from models.arrays import Blobs, Texts
from models.database import Database
from models.engines import PREPARE_AFTER
from models.standing import Standing

MEGABYTE = 1 << 20
TEXTS = Standing(text("SELECT n, w FROM unnest(CAST(:list AS text[])) WITH ORDINALITY AS u(w, n)"))
BLOBS = Standing(
    text(
        "SELECT n, encode(w, 'hex') FROM unnest(CAST(:list AS bytea[])) WITH ORDINALITY AS u(w, n)"
    )
)
# How the rows of a set find their own.
SECOND = Standing(text("SELECT (CAST(:list AS text[]))[2], (CAST(:blobs AS bytea[]))[1] = 'b'"))


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    with closing(Database.open(postgres_url, pool_size=1)) as database:
        yield database


@pytest.mark.parametrize(
    "listed", [[], [""], ["é", "", "😀 'x' \"y\" \\ {NULL}", "NULL", "\x01", "%s %% $1 \u2028"]]
)
def test_texts_come_in_their_order_as_they_were_sent(postgres: Database, listed: list[str]) -> None:
    with postgres.reading() as session:
        assert TEXTS.rows(session, {"list": Texts(listed)}) == [*enumerate(listed, 1)]


@pytest.mark.parametrize("listed", [[], [b""], [b"\x00\xff\\x", b"", bytes(range(256))]])
def test_bytes_come_in_their_order_as_they_were_sent(
    postgres: Database, listed: list[bytes]
) -> None:
    told = [(n, one.hex()) for n, one in enumerate(listed, 1)]
    with postgres.reading() as session:
        assert BLOBS.rows(session, {"list": Blobs(listed)}) == told


def test_an_element_is_found_by_its_place(postgres: Database) -> None:
    lists = {"list": Texts(["a", "b"]), "blobs": Blobs([b"b", b"a"])}
    with postgres.reading() as session:
        assert SECOND.row(session, lists) == ("b", True)


def test_what_is_large_is_not_cut(postgres: Database) -> None:
    large = [Random(n).randbytes(MEGABYTE).hex() for n in range(4)]
    with postgres.reading() as session:
        rows = TEXTS.rows(session, {"list": Texts(large)})
    assert [row[1] for row in rows] == large


@pytest.mark.parametrize("listed", [["before\x00behind"], ["a word", "\x00"]])
def test_a_text_that_the_database_cannot_hold_is_refused_and_not_cut(
    postgres: Database, listed: list[str]
) -> None:
    with postgres.reading() as session:
        with pytest.raises(DataError):
            TEXTS.rows(session, {"list": Texts(listed)})
        session.rollback()


def test_half_of_a_character_is_refused(postgres: Database) -> None:
    with pytest.raises(StatementError, match="surrogates"), postgres.reading() as session:
        TEXTS.rows(session, {"list": Texts(["half of a \ud83d"])})
    with postgres.reading() as session:
        assert TEXTS.rows(session, {"list": Texts(["whole"])}) == [(1, "whole")]


def test_lists_of_any_length_are_one_prepared_statement(postgres: Database) -> None:
    with postgres.reading() as session:
        for length in range(2 * PREPARE_AFTER):
            TEXTS.rows(session, {"list": Texts(["a word"] * length)})
        asked = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT n, w%%'"
        assert session.connection().exec_driver_sql(asked).scalar_one() == 1
