"""Villages that land at the same moment: each for itself, in one statement."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from random import Random
from threading import Barrier

import pytest
from sqlalchemy.exc import DBAPIError

from models.database import Busy, Database
from models.engines import Patience
from models.queries import feeds, submissions
from models.queries.landing import Landing, are_on_one_node, land
from tests.api.recording import recorded
from tests.builders import a_family, an_id
from tests.models.test_landing import (
    EVENINGS,
    an_evening,
    asked,
    begin,
    damage,
    decided,
    happens,
    landed,
    left_in,
    seen,
    write,
)
from tests.village import Village

DESAS = [f"180221200{number}" for number in range(6)]
THREADS = 4
ROUNDS = 10
UNIQUE_VIOLATION, NO_NUMBER = "23505", "P0001"
NOT_BY_KEY = ("Seq Scan", "Hash Join", "Merge Join")


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    with closing(Database.open(postgres_url, patience=Patience(lock_seconds=1))) as database:
        begin(database, *DESAS)
        yield database


def evenings(database: Database) -> dict[str, Landing]:
    return {desa: an_evening(seen(database, desa)) for desa in DESAS}


def everything(database: Database) -> dict[str, dict[str, list[dict[str, object]]]]:
    return {desa: left_in(database, desa) for desa in DESAS}


# What lands ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_each_village_has_what_the_holder_of_its_turn_would_have_written(
    postgres: Database, seed: int
) -> None:
    """Villages with one batch and with several, and with batches that change no record."""
    random = Random(seed)
    twins = dict(zip(DESAS[:3], DESAS[3:], strict=True))
    kept = {desa: Village() for desa in DESAS}
    coming = {desa: list(EVENINGS) for desa in twins}
    while any(coming.values()):
        chosen = [desa for desa, said in coming.items() if said and random.random() < 0.6]
        if not chosen:
            continue
        told = {desa: coming[desa].pop(0) for desa in chosen}
        ahead = [decided(kept[desa], seen(postgres, desa), said) for desa, said in told.items()]
        assert landed(postgres, *ahead) == [True] * len(chosen)
        for desa, said in told.items():
            twin = twins[desa]
            ordinary = decided(kept[twin], seen(postgres, twin), said)
            with postgres.writing() as session:
                feeds.take_turn(session, twin)
                write(session, ordinary)
    for desa, twin in twins.items():
        assert left_in(postgres, desa, nameless=True) == left_in(postgres, twin, nameless=True)
    assert asked(postgres, "SELECT count(*) FROM record") == [6 * 5]
    assert damage(postgres) == []


def test_villages_in_which_no_record_changes_land_beside_others_and_alone(
    postgres: Database,
) -> None:
    known, alone = DESAS[0], DESAS[1]
    kept = {desa: Village() for desa in (known, alone)}
    for said in EVENINGS[:2]:
        ahead = [decided(village, seen(postgres, desa), said) for desa, village in kept.items()]
        assert landed(postgres, *ahead) == [True, True]
    told = {desa: decided(kept[desa], seen(postgres, desa), EVENINGS[2]) for desa in kept}
    assert [one.records for one in told.values()] == [[], []]
    before = left_in(postgres, alone)["record"]
    assert landed(postgres, told[known], an_evening(seen(postgres, DESAS[2]))) == [True, True]
    assert landed(postgres, told[alone]) == [True]
    assert left_in(postgres, alone)["record"] == before
    assert [len(left_in(postgres, desa)["submission"]) for desa in DESAS[:3]] == [6, 6, 2]
    assert damage(postgres) == []


def test_all_that_land_at_one_moment_are_one_statement_and_one_transaction(
    postgres: Database,
) -> None:
    ahead = evenings(postgres).values()
    with recorded() as statements:
        assert landed(postgres, *ahead) == [True] * len(DESAS)
    assert len(statements) == 1
    assert len(set(asked(postgres, "SELECT xmin::text FROM record"))) == 1


def test_none_is_written_where_none_is_as_it_was_seen(postgres: Database) -> None:
    ahead = evenings(postgres)
    for desa in DESAS:
        happens(postgres, partial(feeds.take_turn, desa=desa))
    before = everything(postgres)
    assert landed(postgres, *ahead.values()) == [False] * len(DESAS)
    assert everything(postgres) == before


# Who stands in nobody's way -----------------------------------------------------------------


def test_those_land_that_are_as_they_were_seen_and_the_others_are_left_alone(
    postgres: Database,
) -> None:
    ahead, missed = evenings(postgres), (DESAS[1], DESAS[4])
    for desa in missed:
        happens(postgres, partial(feeds.take_turn, desa=desa))
    before = everything(postgres)
    assert landed(postgres, *ahead.values()) == [desa not in missed for desa in DESAS]
    for desa in missed:
        assert left_in(postgres, desa) == before[desa]
    assert asked(postgres, "SELECT count(*) FROM record") == [3 * 4]
    assert damage(postgres) == []


def test_whoever_has_the_turn_of_one_is_not_waited_for_by_the_others(postgres: Database) -> None:
    ahead = evenings(postgres)
    with postgres.writing() as session:
        feeds.take_turn(session, DESAS[3])
        found = landed(postgres, *ahead.values())
    assert found == [desa != DESAS[3] for desa in DESAS]
    assert damage(postgres) == []


def test_many_that_land_the_same_villages_in_any_order_never_wait_for_each_other(
    postgres: Database,
) -> None:
    together = Barrier(THREADS)
    landings = 0

    def come(ahead: Sequence[Landing]) -> int:
        together.wait()
        return sum(landed(postgres, *ahead))

    with ThreadPoolExecutor(THREADS) as threads:
        for number in range(ROUNDS):
            said = {"A": [a_family(an_id(number))]}
            ahead = [an_evening(seen(postgres, desa), said, number) for desa in DESAS]
            orders = [Random(seed).sample(ahead, len(ahead)) for seed in range(THREADS)]
            landings += sum(threads.map(come, orders))
            for one in ahead:
                # Where each found another at the turn, somebody has to come again.
                sight = seen(postgres, one.desa)
                if sight.head == one.sight.head:
                    landings += sum(landed(postgres, an_evening(sight, said, number)))
    assert landings == ROUNDS * len(DESAS)
    assert asked(postgres, "SELECT count(*) FROM record") == [ROUNDS * len(DESAS)]
    assert damage(postgres) == []


# What cannot be carried out -----------------------------------------------------------------


def doubled(database: Database, ahead: dict[str, Landing]) -> str:
    """One of its forms is here already."""
    known = ahead[DESAS[2]].kept[1:]
    happens(database, lambda one: submissions.add_submissions(one, DESAS[2], known))
    return UNIQUE_VIOLATION


def unnumbered(_database: Database, ahead: dict[str, Landing]) -> str:
    """Its records have numbers that were not taken."""
    beyond = [one._replace(seq=one.seq + 1) for one in ahead[DESAS[2]].records]
    ahead[DESAS[2]] = replace(ahead[DESAS[2]], records=beyond)
    return NO_NUMBER


@pytest.mark.parametrize("broken", [doubled, unnumbered])
def test_one_that_cannot_land_takes_the_others_along_and_none_leaves_a_trace(
    postgres: Database, broken: Callable[[Database, dict[str, Landing]], str]
) -> None:
    ahead = evenings(postgres)
    code = broken(postgres, ahead)
    before = everything(postgres)
    with pytest.raises(DBAPIError, match=code):
        landed(postgres, *ahead.values())
    assert everything(postgres) == before
    del ahead[DESAS[2]]
    assert landed(postgres, *ahead.values()) == [True] * 5
    assert damage(postgres) == []


def test_a_connection_that_is_cut_is_busy_and_the_next_one_lands(postgres: Database) -> None:
    ahead = evenings(postgres)
    with pytest.raises(Busy), postgres.landing() as session:  # noqa: PT012 — it is cut in the middle
        cut = session.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with postgres.reading() as other:
            other.connection().exec_driver_sql(f"SELECT pg_terminate_backend({cut}, 5000)")
        land(session, list(ahead.values()))
    assert asked(postgres, "SELECT count(*) FROM record") == [0]
    assert landed(postgres, *ahead.values()) == [True] * len(DESAS)


# Where, and how -----------------------------------------------------------------------------


def test_rows_are_found_by_their_keys_however_few_there_are(postgres: Database) -> None:
    """What is prepared in an empty village keeps its plan when the village is full."""
    ahead = evenings(postgres)
    with recorded() as statements:
        landed(postgres, *ahead.values())
    (statement,) = statements
    with postgres.landing() as session:
        explained = session.connection().exec_driver_sql(
            f"EXPLAIN {statement.text}", dict(statement.values[0])
        )
        plan = "\n".join(explained.scalars())
    assert [way for way in NOT_BY_KEY if way in plan] == []
    assert "Index" in plan


@pytest.mark.parametrize("is_cluster", [False, True])
def test_a_cluster_is_known_without_a_question(postgres_url: str, is_cluster: bool) -> None:
    with closing(Database.open(postgres_url)) as database:
        if is_cluster:
            # Its catalog is all that is looked for.
            with database.writing() as session:
                session.connection().exec_driver_sql("CREATE TABLE pg_dist_partition (n INTEGER)")
        with database.landing() as session, recorded() as statements:
            assert are_on_one_node(session) == (not is_cluster)
            assert statements == []
