"""The tables of a cluster: every table has a place, and every key can be kept there."""

import pytest
from sqlmodel import SQLModel

from migrations import distribution
from models.tables import accounts, areas, audit, forms, register, review, server_state, sync

MODULES = (accounts, areas, audit, forms, register, review, server_state, sync)
PLACES = {**distribution.VILLAGE_TABLES, **distribution.NUMBER_TABLES}


def test_every_table_of_the_register_has_its_place_in_a_cluster() -> None:
    placed = {*distribution.REFERENCE_TABLES, *PLACES}
    assert placed == set(SQLModel.metadata.tables)


@pytest.mark.parametrize(("name", "column"), PLACES.items())
def test_every_unique_key_of_a_distributed_table_contains_its_column(
    name: str, column: str
) -> None:
    table = SQLModel.metadata.tables[name]
    unique = [list(table.primary_key.columns)]
    unique += [list(index.columns) for index in table.indexes if index.unique]
    for key in unique:
        assert column in {part.name for part in key}


@pytest.mark.parametrize("name", PLACES)
def test_no_distributed_table_points_to_another_one(name: str) -> None:
    assert not SQLModel.metadata.tables[name].foreign_keys


def test_tables_of_a_village_share_their_shards_with_its_feed() -> None:
    listed = distribution.statements(set())
    assert "SELECT create_distributed_table('feed', 'desa')" in listed
    shared = [s for s in listed if "colocate_with => 'feed'" in s]
    assert len(shared) == len(distribution.VILLAGE_TABLES) - 1


def test_the_guard_comes_down_before_the_record_table_is_distributed() -> None:
    listed = distribution.statements(set())
    guard = listed.index("DROP TRIGGER IF EXISTS record_feed_guard ON record")
    record = next(i for i, s in enumerate(listed) if "('record'" in s)
    assert guard < record


def test_what_is_distributed_already_is_left_alone() -> None:
    everything = {*distribution.REFERENCE_TABLES, *PLACES}
    assert distribution.statements(everything) == []


def test_a_database_without_the_extension_is_refused_and_says_what_to_do(
    database_url: str,
) -> None:
    with pytest.raises(distribution.NotACluster, match="CREATE EXTENSION citus"):
        distribution.distribute(database_url)
