import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from api.demonstration.families import SEED, Demonstration, generate
from api.demonstration.loading import (
    LIST_NAME,
    STORY_COLLECTORS,
    STORY_DESA,
    STORY_RT,
    Loading,
    load,
    operation_count,
)
from api.demonstration.places import villages
from api.demonstration.preparing import Wish, prepare
from api.demonstration.stage import Stage, stage_of
from api.errors import AppError
from api.passwords import DEMONSTRATION_PASSWORD, password_matches
from api.services.epochs import begin_epoch
from api.services.pushing import Ground
from api.services.verifying import verify
from api.settings import Settings
from models.database import Database
from models.queries import operations, pulling
from models.queries.accounts import account_by_name, scope_of
from models.queries.areas import load_areas
from models.queries.lanes import lanes_of
from models.queries.statistics import Statistics, statistics
from models.sealing import Vault
from sync.permission import Role
from sync.scope import VillageScope

START = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
PLACES = tuple(
    village for village in villages() if village.kode in {STORY_DESA, "1802142001", "1804042002"}
)


class Interrupted(Exception):
    """Somebody pressed Ctrl+C."""


@contextmanager
def opened(url: str, folder: Path) -> Iterator[tuple[Settings, Database]]:
    settings = Settings(data_dir=folder, database_url=url)
    database = Database.open(url, vault=Vault(settings.secret))
    with database.writing() as session:
        begin_epoch(session, Random(1).randbytes)
    yield settings, database
    database.close()


@pytest.fixture
def empty(database_url: str, tmp_path: Path) -> Iterator[tuple[Settings, Database]]:
    with opened(database_url, tmp_path / "data") as found:
        yield found


def a_small_district() -> Demonstration:
    return generate(7, families_per_rt=8, places=PLACES)


def loading(settings: Settings, database: Database, demonstration: Demonstration) -> Loading:
    return Loading(database, demonstration, Ground(settings.zone), START)


def fingerprint(database: Database, demonstration: Demonstration) -> str:
    """A hash of every document of the register, with its stamps and its place."""
    told = hashlib.sha256()
    with database.reading() as session:
        for village in demonstration.villages:
            for row in pulling.snapshot_rows(session, VillageScope(village.kode, None)):
                told.update(repr(row).encode())
    return told.hexdigest()


def test_two_loads_give_equal_documents_on_either_database(
    sqlite_url: str, postgres_url: str, tmp_path: Path
) -> None:
    prints = set()
    for url in (sqlite_url, postgres_url):
        generated = a_small_district()
        with opened(url, tmp_path / url[:6]) as (settings, database):
            load(loading(settings, database, generated))
            prints.add(fingerprint(database, generated))
    assert len(prints) == 1


def test_everything_on_the_list_becomes_a_record_of_its_row(
    empty: tuple[Settings, Database],
) -> None:
    settings, database = empty
    generated = a_small_district()

    load(loading(settings, database, generated))

    family = generated.families[-1]
    with database.reading() as session:
        found = statistics(session, START)
        (created,) = operations.history(session, family.desa, [family.id])
        lanes = lanes_of(session, "import")
    assert found.families == len(generated.families)
    assert found.waiting == 0
    assert sum(stored.lane.last for stored in lanes) == operation_count(generated)
    assert {stored.source for stored in lanes} == {"import"}
    source = created.body["source"]
    assert isinstance(source, dict)
    assert source["list"] == LIST_NAME
    assert source["row"] == operation_count(generated) - len(family.members)


def test_a_load_that_was_interrupted_goes_on_where_it_stopped(
    empty: tuple[Settings, Database],
) -> None:
    settings, database = empty
    generated = a_small_district()
    patience = 3

    def give_up(_: int) -> None:
        nonlocal patience
        patience -= 1
        if not patience:
            raise Interrupted

    with pytest.raises(Interrupted):
        load(loading(settings, database, generated), give_up)
    with database.reading() as session:
        assert stage_of(session) is Stage.LOADING
    told: list[int] = []
    load(loading(settings, database, generated), told.append)

    assert sum(told) == operation_count(generated)
    assert verify(database, settings.secret).is_sound


def test_every_account_signs_in_with_the_demonstrations_password(
    empty: tuple[Settings, Database],
) -> None:
    settings, database = empty
    generated = a_small_district()
    load(loading(settings, database, generated))

    with database.reading() as session:
        people = [account_by_name(session, person.account) for person in generated.people]
        hashes = {person.password_hash for person in people if person is not None}
        scopes = [
            scope_of(session, account)
            for name in STORY_COLLECTORS
            if (account := account_by_name(session, name)) is not None
        ]
    assert None not in people
    (stored,) = hashes
    assert password_matches(DEMONSTRATION_PASSWORD, stored)
    assert Counter(person.role for person in people if person is not None)[Role.PETUGAS] == 7
    # The README's story needs two people in one RT.
    assert [scope.village(STORY_DESA, START).rts for scope in scopes] == [
        frozenset({STORY_RT}),
        frozenset({STORY_RT}),
    ]


def test_a_second_start_changes_nothing(sqlite_url: str, tmp_path: Path) -> None:
    wish = Wish(families_per_rt=6)
    with opened(sqlite_url, tmp_path / "data") as (settings, database):
        assert prepare(settings, database, START, wish) is Stage.PLAYED
        found = counted(database)
        assert prepare(settings, database, START + timedelta(hours=3), wish) is Stage.PLAYED
        assert counted(database) == found
    assert len({village.done / village.families for village in found.villages}) > 5


def counted(database: Database) -> Statistics:
    with database.reading() as session:
        return statistics(session, START - timedelta(days=3))


def test_a_register_that_is_no_demonstration_is_left_alone(
    empty: tuple[Settings, Database],
) -> None:
    settings, database = empty
    area = {
        "kode": "18",
        "nama": "Lampung",
        "tingkat": "provinsi",
        "induk": None,
        "kode_bps": None,
        "nama_lain": None,
    }
    with database.writing() as session:
        load_areas(session, [area])

    with pytest.raises(AppError, match="value-refused"):
        prepare(settings, database, START, Wish())

    with database.reading() as session:
        assert stage_of(session) is None
        assert statistics(session, START).families == 0


def test_a_demonstration_of_another_seed_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    with opened(sqlite_url, tmp_path / "data") as (settings, database):
        wish = Wish(seed=SEED, families_per_rt=1, with_field_day=False)
        assert prepare(settings, database, START, wish) is Stage.LOADED

        with pytest.raises(AppError, match="value-refused"):
            prepare(settings, database, START, Wish(seed=7))

        anything = Wish(families_per_rt=1, with_field_day=False)
        assert prepare(settings, database, START, anything) is Stage.LOADED
