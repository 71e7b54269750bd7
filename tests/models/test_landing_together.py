"""Villages that land at the same moment: what they share, and what becomes of the others."""

from contextlib import closing
from dataclasses import replace

import pytest

from models.database import Database
from models.queries import feeds, submissions
from models.queries.landing import share_a_commit
from tests.api.recording import recorded
from tests.models.test_landing import (
    NO_NUMBER,
    UNIQUE_VIOLATION,
    an_evening,
    asked,
    begin,
    damage,
    happens,
    landed,
    left_in,
    seen,
)


def test_a_village_that_cannot_land_keeps_no_other(postgres_url: str) -> None:
    desas = [f"180221200{number}" for number in range(6)]
    missed, doubled, unnumbered = desas[1], desas[2], desas[4]
    with closing(Database.open(postgres_url)) as database:
        begin(database, *desas)
        evenings = {desa: an_evening(seen(database, desa)) for desa in desas}
        happens(database, lambda session: feeds.take_turn(session, missed))
        known = evenings[doubled].kept[1:]
        happens(database, lambda one: submissions.add_submissions(one, doubled, known))
        beyond = [one._replace(seq=one.seq + 1) for one in evenings[unnumbered].records]
        evenings[unnumbered] = replace(evenings[unnumbered], records=beyond)
        before = {desa: left_in(database, desa) for desa in desas}
        found, refused = landed(database, *evenings.values())
        assert found == [desa not in (missed, doubled, unnumbered) for desa in desas]
        assert refused == [UNIQUE_VIOLATION, NO_NUMBER]
        for desa, has_landed in zip(desas, found, strict=True):
            left = left_in(database, desa)
            assert len(left["record"]) == (3 if has_landed else 0)
            assert has_landed or left == before[desa]
        assert damage(database) == []


def test_villages_that_share_a_commit_land_but_for_those_that_were_not_as_seen(
    postgres_url: str,
) -> None:
    desas = [f"180221200{number}" for number in range(6)]
    missed = desas[1], desas[4]
    with closing(Database.open(postgres_url)) as database:
        begin(database, *desas)
        evenings = [an_evening(seen(database, desa)) for desa in desas]
        for desa in missed:
            with database.writing() as session:
                feeds.take_turn(session, desa)
        before = {desa: left_in(database, desa) for desa in missed}
        found = [desa not in missed for desa in desas]
        assert landed(database, *evenings, together=True) == (found, [])
        for desa in missed:
            assert left_in(database, desa) == before[desa]
        assert len(set(asked(database, "SELECT xmin::text FROM record"))) == 1
        assert asked(database, "SELECT count(*) FROM record") == [3 * 4]
        assert damage(database) == []


def test_one_that_cannot_land_takes_those_along_that_share_its_commit(postgres_url: str) -> None:
    desas = [f"180221200{number}" for number in range(4)]
    with closing(Database.open(postgres_url)) as database:
        begin(database, *desas)
        evenings = {desa: an_evening(seen(database, desa)) for desa in desas}
        doubled = evenings[desas[2]].kept[1:]
        happens(database, lambda one: submissions.add_submissions(one, desas[2], doubled))
        before = {desa: left_in(database, desa) for desa in desas}
        refused = [False] * 4, [UNIQUE_VIOLATION]
        assert landed(database, *evenings.values(), together=True) == refused
        assert {desa: left_in(database, desa) for desa in desas} == before
        del evenings[desas[2]]
        assert landed(database, *evenings.values(), together=True) == ([True] * 3, [])
        assert damage(database) == []


@pytest.mark.parametrize("is_cluster", [False, True])
def test_villages_of_a_cluster_share_no_commit(postgres_url: str, is_cluster: bool) -> None:
    with closing(Database.open(postgres_url)) as database:
        if is_cluster:
            # Its catalog is all that is looked for.
            with database.writing() as session:
                session.connection().exec_driver_sql("CREATE TABLE pg_dist_partition (n INTEGER)")
        with database.landing() as session, recorded() as statements:
            assert share_a_commit(session) == (not is_cluster)
            assert statements == []
